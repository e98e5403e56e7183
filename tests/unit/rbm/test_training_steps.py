"""What the parameters follow: against finite differences, integrals, and steps done by hand."""

import numpy as np
import pytest
from oracles import bits, machine_step
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from rgrbm.rbm import (
    BernoulliRBM,
    GaussianBernoulliRBM,
    exact_log_partition,
    exact_moments,
    log_likelihood,
    train,
)
from rgrbm.rbm import _training_steps as steps

NAMES = ("weights", "visible_bias", "hidden_bias")


def make(kind, n_visible=4, n_hidden=3):
    rng = np.random.default_rng([n_visible, n_hidden])
    parameters = rng.normal(size=(n_visible, n_hidden)), rng.normal(size=n_visible)
    if kind == "gaussian":
        sigma = rng.uniform(0.5, 2.0, n_visible)
        return GaussianBernoulliRBM.from_parameters(*parameters, rng.normal(size=n_hidden), sigma)
    return BernoulliRBM.from_parameters(*parameters, rng.normal(size=n_hidden))


def make_data(kind, n_samples=6, n_visible=4):
    rng = np.random.default_rng(8)
    shape = (n_samples, n_visible)
    return rng.normal(size=shape) if kind == "gaussian" else rng.integers(0, 2, shape)


def fit(rbm, data, **changes):
    arguments = {"n_epochs": 1, "learning_rate": 1.0, "rng": np.random.default_rng(0), **changes}
    return train(rbm, data, **arguments)


def exact_step(rbm, data, rate=1.0):
    """Change of the parameters in one step along the exact gradient."""
    moved = rbm.copy()
    fit(moved, data, method="exact", learning_rate=rate)
    return {name: getattr(moved, name) - getattr(rbm, name) for name in NAMES}


@pytest.mark.parametrize(
    ("kind", "n_visible", "n_hidden"),
    [("bits", 4, 3), ("bits", 3, 6), ("bits", 1, 1), ("gaussian", 4, 3), ("gaussian", 2, 5)],
)
def test_the_exact_gradient_is_that_of_the_log_likelihood(kind, n_visible, n_hidden):
    rbm, data = make(kind, n_visible, n_hidden), make_data(kind, n_visible=n_visible)
    step = exact_step(rbm, data, rate=0.01)
    width = 1e-4
    for name in NAMES:
        for index in np.ndindex(getattr(rbm, name).shape):
            values = []
            for sign in (1, -1):
                other = rbm.copy()
                getattr(other, name)[index] += sign * width
                values.append(log_likelihood(other, data, exact_log_partition(other)))
            slope = (values[0] - values[1]) / (2 * width)
            # Rounding 1e-16 / 1e-4, and the third derivative times 1e-8.
            assert step[name][index] / 0.01 == pytest.approx(slope, rel=0, abs=1e-6), (name, index)


@pytest.mark.parametrize("kind", ["bits", "gaussian"])
def test_the_history_of_exact_training_is_the_log_likelihood(kind):
    rbm, data = make(kind), make_data(kind)
    before = log_likelihood(rbm, data, exact_log_partition(rbm))
    history = fit(rbm, data, method="exact", n_epochs=50, learning_rate=0.05)
    assert history.log_likelihood[0] == pytest.approx(before, rel=1e-13, abs=0)
    assert np.all(np.diff(history.log_likelihood) > 0), "a small step always climbs"
    assert history.reconstruction_error is None
    after = log_likelihood(rbm, data, exact_log_partition(rbm))
    assert 0 < after - history.log_likelihood[-1] < 0.05


def test_momentum_is_a_running_sum_of_gradients():
    rbm, data, rate, momentum = make("bits"), make_data("bits"), 0.3, 0.6
    first = exact_step(rbm, data)
    middle = BernoulliRBM.from_parameters(
        *(getattr(rbm, name) + rate * first[name] for name in NAMES)
    )
    second = exact_step(middle, data)
    fit(rbm, data, method="exact", n_epochs=2, learning_rate=rate, momentum=momentum)
    for name in NAMES:
        expected = getattr(middle, name) + rate * (momentum * first[name] + second[name])
        np.testing.assert_allclose(getattr(rbm, name), expected, rtol=0, atol=1e-14)


def test_momentum_does_not_weaken_the_penalty():
    """With the exact gradient the end is the maximum of one function, whatever the way."""
    data, ends = make_data("bits", n_samples=40), []
    for momentum in (0.0, 0.8):
        rbm = make("bits")
        fit(rbm, data, method="exact", n_epochs=4000, learning_rate=0.1, momentum=momentum, l1=0.02)
        ends.append(rbm.weights)
    assert np.any(ends[0] == 0)
    np.testing.assert_allclose(ends[1], ends[0], rtol=0, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("momentum", [0.0, 0.8])
@pytest.mark.parametrize("kind", ["bits", "gaussian"])
def test_weight_decay_ends_where_it_balances_the_gradient(kind, momentum):
    """At rest the exact gradient of the log-likelihood is l2 times the weights."""
    rbm, l2 = make(kind, n_hidden=1), 0.05
    data, rate = np.array([[1, 1, 0, 0], [0, 0, 1, 1]]), 0.5 * (1 - momentum)
    if kind == "gaussian":
        data, rate, l2 = 2 * data, 0.02 * (1 - momentum), 0.2
    fit(rbm, data, method="exact", n_epochs=6000, learning_rate=rate, momentum=momentum, l2=l2)
    slope = exact_step(rbm, data, rate=1e-3)
    assert np.abs(rbm.weights).max() > 0.1
    np.testing.assert_allclose(slope["weights"] / 1e-3, l2 * rbm.weights, rtol=0, atol=1e-4)


@pytest.mark.parametrize("fewest", [0, np.inf], ids=["kernels", "numpy"])
def test_a_step_of_weight_decay_divides_the_weights_after_the_l1_step(monkeypatch, fewest):
    monkeypatch.setattr(steps, "PRODUCTS_FOR_KERNELS", fewest)
    plain, both = small_rbm(), small_rbm()
    fit(plain, ROWS, learning_rate=0.1, momentum=0.5)
    fit(both, ROWS, learning_rate=0.1, momentum=0.5, l1=1.5, l2=2.0)
    shrunk = np.sign(plain.weights) * np.maximum(np.abs(plain.weights) - 0.1 * 3.0, 0)
    np.testing.assert_allclose(both.weights, shrunk / (1 + 0.1 * 4.0), rtol=0, atol=1e-7)
    np.testing.assert_array_equal(both.visible_bias, plain.visible_bias)
    np.testing.assert_array_equal(both.hidden_bias, plain.hidden_bias)


def test_the_learning_rate_may_be_a_function_of_the_epoch():
    data, asked = make_data("bits"), []

    def rate(epoch):
        asked.append(epoch)
        return 0.5 / epoch

    scheduled, by_hand = make("bits"), make("bits")
    fit(scheduled, data, method="exact", n_epochs=3, learning_rate=rate, l1=0.4)
    for epoch in (1, 2, 3):
        fit(by_hand, data, method="exact", learning_rate=0.5 / epoch, l1=0.4)
    assert asked == [1, 2, 3]
    for name in NAMES:
        np.testing.assert_allclose(
            getattr(scheduled, name), getattr(by_hand, name), rtol=0, atol=1e-14
        )


@pytest.mark.slow
@pytest.mark.parametrize("fewest", [0, np.inf], ids=["kernels", "numpy"])
def test_masked_weights_are_zero_and_stay_zero(monkeypatch, fewest):
    monkeypatch.setattr(steps, "PRODUCTS_FOR_KERNELS", fewest)
    mask = np.array([[True, False, True], [False, True, True], [True, True, False], [False] * 3])
    mine = mask.copy()

    def spoil(epoch, rbm):
        mine[:] = True  # the mask was copied

    rbm, data = make("bits"), make_data("bits")
    fit(rbm, data, mask=mine, n_epochs=20, momentum=0.5, callback=spoil)
    assert np.array_equal(rbm.weights != 0, mask)


def test_persistent_chains_find_the_law_of_the_machine():
    """At a tiny rate, the mean of many updates of PCD is the exact gradient; that of CD is not."""
    rate, n_epochs, n_warm = 1e-9, 400, 50
    data = np.repeat([[1, 1, 0, 0]], 500, axis=0)
    machine = make("bits")
    moments = exact_moments(machine)
    exact = data[0][:, None] * machine.hidden_probabilities(data[0]) - moments.products

    def mean_update(method):
        rbm, weights = machine.copy(), [machine.weights]
        fit(
            rbm, data, method=method, n_epochs=n_epochs, learning_rate=rate,
            callback=lambda epoch, rbm: weights.append(rbm.weights),
        )  # fmt: skip
        updates = np.diff(weights, axis=0)[n_warm:] / rate
        blocks = updates.reshape(10, -1, *exact.shape).mean(axis=1)
        return blocks.mean(axis=0), blocks.std(axis=0, ddof=1) / np.sqrt(10)

    mean, error = mean_update("pcd")
    # Student's t with 9 degrees of freedom: beyond 9 in 12 comparisons with probability 1e-4.
    assert np.all(np.abs(mean - exact) < 9 * error + 1e-6)  # and rounding, 1e-16 / rate
    mean, error = mean_update("cd")
    assert np.any(np.abs(mean - exact) > 20 * error)


def test_the_mean_update_with_gaussian_units_is_an_integral():
    weight, bias, hidden_bias, sigma, start = 1.3, 0.4, -0.6, 0.8, 1.1

    def rbm():
        return GaussianBernoulliRBM.from_parameters([[weight]], [bias], [hidden_bias], sigma)

    def on(v):
        return expit(hidden_bias + weight * v / sigma**2)

    def after_one_step(function):
        """Mean of a function of v after a Gibbs step from `start`."""
        p = on(start)
        parts = [
            share * quad(lambda v: function(v) * norm.pdf(v, mean, sigma), -20, 20, epsabs=1e-11)[0]  # noqa: B023
            for share, mean in ((1 - p, bias), (p, bias + weight))
        ]
        return sum(parts)

    expected = {
        "weights": (start * on(start) - after_one_step(lambda v: v * on(v))) / sigma**2,
        "visible_bias": (start - after_one_step(lambda v: v)) / sigma**2,
        "hidden_bias": on(start) - after_one_step(on),
    }
    expected_error = after_one_step(lambda v: (v - start) ** 2)
    rng, data, updates, errors = np.random.default_rng(1), np.full((500, 1), start), [], []
    for _ in range(200):
        machine = rbm()
        errors.append(fit(machine, data, rng=rng).reconstruction_error[0])
        updates.append([machine.weights[0, 0] - weight, machine.visible_bias[0] - bias,
                        machine.hidden_bias[0] - hidden_bias])  # fmt: skip
    error = np.std(updates, axis=0, ddof=1) / np.sqrt(len(updates))
    # 5 standard errors: false alarm 6e-7 in each of four comparisons.
    assert np.all(np.abs(np.mean(updates, axis=0) - list(expected.values())) < 5 * error)
    assert np.all(np.abs(list(expected.values())) > 10 * error)
    scatter = np.std(errors, ddof=1) / np.sqrt(len(errors))
    assert abs(np.mean(errors) - expected_error) < 5 * scatter


@pytest.mark.slow
def test_gaussian_units_learn_a_mixture():
    """Two clumps: a machine with one hidden unit and the right width must find both."""
    rng = np.random.default_rng(5)
    data = np.where(rng.random((2000, 1)) < 0.3, -1.0, 1.0) + 0.5 * rng.normal(size=(2000, 1))
    for method in ("exact", "cd", "pcd"):
        rbm = GaussianBernoulliRBM(1, 1, sigma=0.5, rng=rng)
        rbm.weights = [[1.0]]
        fit(rbm, data, method=method, n_epochs=4000, learning_rate=0.02, n_gibbs=5, rng=rng)
        centres = np.sort([rbm.visible_bias[0], rbm.visible_bias[0] + rbm.weights[0, 0]])
        # 600 and 1400 values of width 0.5: errors 0.02 and 0.013, more where the clumps overlap.
        np.testing.assert_allclose(centres, [-1, 1], rtol=0, atol=0.1)


def test_layers_too_large_for_the_exact_gradient_are_refused():
    rbm = BernoulliRBM(26, 26, rng=np.random.default_rng(0))
    before = rbm.weights.copy()
    with pytest.raises(ValueError, match="at most 25 units"):
        fit(rbm, np.zeros((1, 26)), method="exact")
    np.testing.assert_array_equal(rbm.weights, before)


def test_a_rate_too_large_for_gaussian_units_is_found_out():
    rbm, data = make("gaussian"), 100 * make_data("gaussian")
    with pytest.raises(FloatingPointError, match=r"diverged in epoch 3 .* of epoch 2"):
        fit(rbm, data, n_epochs=1000, learning_rate=50.0)
    assert np.isfinite(rbm.weights).all()


ROWS = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 1], [1, 0, 1]])


def small_rbm():
    rng = np.random.default_rng(5)
    return BernoulliRBM.from_parameters(
        rng.normal(0, 1, (3, 2)), rng.normal(0, 0.5, 3), rng.normal(0, 0.5, 2)
    )


def exact_cd_update(rbm, data, n_gibbs):
    """Mean CD-k gradient and mean first reconstruction error, by the transition matrix."""
    visible, step = bits(3), machine_step(rbm)
    start = np.zeros(8)
    for row in data:
        start[int("".join(map(str, row)), 2)] += 1 / len(data)
    end = np.linalg.matrix_power(step, n_gibbs) @ start

    def moments(law):
        hidden_means = rbm.hidden_probabilities(visible)
        pairs = np.einsum("s,si,sj->ij", law, visible, hidden_means)
        return np.concatenate([pairs.ravel(), law @ visible, law @ hidden_means])

    wrong = (visible[:, None] != visible).mean(axis=-1)
    return moments(start) - moments(end), (step * wrong).sum(axis=0) @ start


@pytest.mark.slow
@pytest.mark.parametrize("n_gibbs", [1, 3])
def test_the_mean_update_is_the_exact_expectation(n_gibbs):
    start = small_rbm()
    rng = np.random.default_rng(11)
    repetitions = 4000
    # The gradient averages over the batch: 25 copies of the data make one update less noisy.
    data = np.tile(ROWS, (25, 1))
    updates, errors = [], []
    for _ in range(repetitions):
        rbm = start.copy()
        history = fit(rbm, data, learning_rate=0.5, n_gibbs=n_gibbs, rng=rng)
        updates.append((rbm.to_vector() - start.to_vector()) / 0.5)
        errors.append(history.reconstruction_error[0])
    expected, expected_error = exact_cd_update(start, ROWS, n_gibbs)
    standard_error = np.std(updates, axis=0) / np.sqrt(repetitions)
    # 5 standard errors: 13 Gaussian comparisons raise a false alarm with probability 1e-5.
    assert np.all(np.abs(np.mean(updates, axis=0) - expected) < 5 * standard_error)
    assert abs(np.mean(errors) - expected_error) < 5 * np.std(errors) / np.sqrt(repetitions)
    # The comparison is sharp: the signal is far above the noise.
    assert np.abs(expected).max() > 50 * standard_error.max()


def test_the_l1_step_shrinks_every_weight_and_stops_at_zero():
    plain, sparse = small_rbm(), small_rbm()
    fit(plain, ROWS, learning_rate=0.1)
    fit(sparse, ROWS, learning_rate=0.1, l1=3.0)
    expected = np.sign(plain.weights) * np.maximum(np.abs(plain.weights) - 0.1 * 3.0, 0)
    np.testing.assert_allclose(sparse.weights, expected, rtol=0, atol=1e-15)
    assert (sparse.weights == 0).any()
    assert (sparse.weights != 0).any()
    np.testing.assert_array_equal(sparse.visible_bias, plain.visible_bias)
    np.testing.assert_array_equal(sparse.hidden_bias, plain.hidden_bias)


def test_every_sample_is_seen_once_an_epoch_even_in_a_short_last_batch():
    """With the positive phase alone, the updates add up to the data; so count the samples."""
    rbm = BernoulliRBM.from_parameters(np.zeros((3, 2)), [-800.0] * 3, [0, 0])
    data = np.array([[1, 0, 0]] * 2 + [[0, 1, 0]] * 3 + [[0, 0, 1]] * 5)
    # The bias keeps all reconstructions at zero: an update adds rate * mean of the batch.
    history = fit(rbm, data, learning_rate=1.0, batch_size=4)
    total = rbm.visible_bias + 800
    # Batches of 4, 4 and 2: each row of ones weighs 1/4, 1/4 or 1/2.
    assert total.sum() == pytest.approx(3.0, abs=1e-9)
    assert history.reconstruction_error[0] == pytest.approx(1 / 3, abs=1e-15)
