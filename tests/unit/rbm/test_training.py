"""Training: what one update does on average, exactly; what bad input does: nothing."""

from itertools import product

import numpy as np
import pytest

from rgrbm.rbm import BernoulliRBM, History, train

DATA = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 1], [1, 0, 1]])


def make_rbm():
    rng = np.random.default_rng(5)
    return BernoulliRBM.from_parameters(
        rng.normal(0, 1, (3, 2)), rng.normal(0, 0.5, 3), rng.normal(0, 0.5, 2)
    )


def parameters(rbm):
    return np.concatenate([rbm.weights.ravel(), rbm.visible_bias, rbm.hidden_bias])


def fit(rbm, data=DATA, **changes):
    arguments = {"n_epochs": 1, "learning_rate": 0.1, "rng": np.random.default_rng(0), **changes}
    return train(rbm, data, **arguments)


def exact_cd_update(rbm, data, n_gibbs):
    """Mean CD-k gradient and mean first reconstruction error, by the transition matrix."""
    visible, hidden = (np.array(list(product([0, 1], repeat=n))) for n in (3, 2))

    def law(probabilities, states):  # p(state | row) for independent bits
        p = probabilities[:, None]
        return np.prod(np.where(states, p, 1 - p), axis=-1)

    step = law(rbm.hidden_probabilities(visible), hidden) @ law(
        rbm.visible_probabilities(hidden), visible
    )
    start = np.zeros(8)
    for row in data:
        start[int("".join(map(str, row)), 2)] += 1 / len(data)
    end = start @ np.linalg.matrix_power(step, n_gibbs)

    def moments(law):
        hidden_means = rbm.hidden_probabilities(visible)
        pairs = np.einsum("s,si,sj->ij", law, visible, hidden_means)
        return np.concatenate([pairs.ravel(), law @ visible, law @ hidden_means])

    wrong = (visible[:, None] != visible).mean(axis=-1)
    return moments(start) - moments(end), start @ (step * wrong).sum(axis=1)


@pytest.mark.parametrize("n_gibbs", [1, 3])
def test_the_mean_update_is_the_exact_expectation(n_gibbs):
    start = make_rbm()
    rng = np.random.default_rng(11)
    repetitions = 4000
    # The gradient averages over the batch: 25 copies of the data make one update less noisy.
    data = np.tile(DATA, (25, 1))
    updates, errors = [], []
    for _ in range(repetitions):
        rbm = BernoulliRBM.from_parameters(start.weights, start.visible_bias, start.hidden_bias)
        history = fit(rbm, data, learning_rate=0.5, n_gibbs=n_gibbs, rng=rng)
        updates.append((parameters(rbm) - parameters(start)) / 0.5)
        errors.append(history.reconstruction_error[0])
    expected, expected_error = exact_cd_update(start, DATA, n_gibbs)
    standard_error = np.std(updates, axis=0) / np.sqrt(repetitions)
    # 5 standard errors: 13 Gaussian comparisons raise a false alarm with probability 1e-5.
    assert np.all(np.abs(np.mean(updates, axis=0) - expected) < 5 * standard_error)
    assert abs(np.mean(errors) - expected_error) < 5 * np.std(errors) / np.sqrt(repetitions)
    # The comparison is sharp: the signal is far above the noise.
    assert np.abs(expected).max() > 50 * standard_error.max()


def test_the_l1_step_shrinks_every_weight_and_stops_at_zero():
    plain, sparse = make_rbm(), make_rbm()
    fit(plain)
    fit(sparse, l1=3.0)
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


def test_training_learns_a_law():
    """CD brings the machine's law close to that of the data, in KL divergence."""
    rng = np.random.default_rng(2)
    states = np.array(list(product([0, 1], repeat=3)))
    counts = np.array([4, 1, 1, 2, 1, 2, 8, 1])
    target = counts / counts.sum()
    rbm = BernoulliRBM(3, 4, rng=rng)

    def divergence():
        log_weight = -rbm.free_energy(states)
        log_law = log_weight - np.log(np.exp(log_weight).sum())
        return target @ (np.log(target) - log_law)

    assert divergence() > 0.3
    data = np.repeat(states, 20 * counts, axis=0)
    train(rbm, data, n_epochs=6000, learning_rate=1.0, rng=rng)
    assert divergence() < 0.005


def test_the_same_seed_gives_the_same_machine():
    machines = [make_rbm(), make_rbm(), make_rbm()]
    for rbm, seed in zip(machines, [0, 0, 1], strict=True):
        fit(rbm, n_epochs=5, batch_size=2, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(machines[0].weights, machines[1].weights)
    assert (machines[0].weights != machines[2].weights).any()


def test_global_random_state_is_untouched():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    fit(make_rbm())
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_the_callback_sees_every_epoch():
    seen = []
    rbm = make_rbm()
    fit(rbm, n_epochs=3, callback=lambda epoch, machine: seen.append((epoch, machine)))
    assert seen == [(1, rbm), (2, rbm), (3, rbm)]


def test_training_goes_on_from_what_the_callback_leaves():
    def clear(epoch, machine):
        machine.weights = np.zeros((3, 2))

    rbm, once = make_rbm(), make_rbm()
    fit(rbm, n_epochs=2, callback=clear)
    np.testing.assert_array_equal(rbm.weights, 0)
    weights = []
    fit(once, n_epochs=3, callback=lambda epoch, machine: weights.append(machine.weights))
    assert (weights[0] != weights[2]).any(), "each epoch leaves arrays of its own"


def test_a_failing_callback_leaves_the_machine_of_its_epoch():
    def fail(epoch, machine):
        raise RuntimeError("enough")

    rbm, reference = make_rbm(), make_rbm()
    with pytest.raises(RuntimeError, match="enough"):
        fit(rbm, n_epochs=5, callback=fail)
    fit(reference)
    np.testing.assert_array_equal(parameters(rbm), parameters(reference))


def test_progress_is_shown_on_demand(capsys):
    fit(make_rbm())
    assert capsys.readouterr().err == ""
    fit(make_rbm(), n_epochs=3, progress=True)
    assert "3/3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"data": [[0, 1, 2]]}, ValueError, "data must hold only 0 and 1, got 2"),
        ({"data": [[0, 1, np.nan]]}, ValueError, "data must hold only 0 and 1, got nan"),
        ({"data": [[-1, 1, 1]]}, ValueError, "data must hold only 0 and 1, got -1"),
        ({"data": [[0, 1]]}, ValueError, r"data must have the shape \(\.\.\., 3\), got \(1, 2\)"),
        ({"data": [0, 1, 1]}, ValueError, r"data must have the shape \(n_samples, 3\)"),
        ({"data": np.empty((0, 3))}, ValueError, r"data must have the shape \(n_samples, 3\)"),
        ({"data": [["a", "b", "c"]]}, TypeError, "data must be an array of real numbers"),
        ({"n_epochs": 0}, ValueError, "n_epochs must be at least 1, got 0"),
        ({"n_epochs": 1.0}, TypeError, "n_epochs must be an integer, got 1.0"),
        ({"n_gibbs": 0}, ValueError, "n_gibbs must be at least 1, got 0"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"batch_size": -3}, ValueError, "batch_size must be at least 1, got -3"),
        ({"batch_size": 5}, ValueError, "batch_size must be at most 4, got 5"),
        ({"learning_rate": 0}, ValueError, "learning_rate must be finite and greater than 0"),
        ({"learning_rate": -0.1}, ValueError, "learning_rate must be finite and greater than 0"),
        ({"learning_rate": np.nan}, ValueError, "learning_rate must be finite"),
        ({"learning_rate": "0.1"}, TypeError, "learning_rate must be a real number"),
        ({"l1": -1.0}, ValueError, "l1 must be finite and at least 0"),
        ({"rng": 0}, TypeError, r"rng must be a numpy\.random\.Generator"),
        ({"callback": 3}, TypeError, "callback must be callable"),
    ],
)
def test_bad_input_is_refused_before_anything_changes(changes, error, message):
    rbm = make_rbm()
    with pytest.raises(error, match=message):
        fit(rbm, **changes)
    np.testing.assert_array_equal(parameters(rbm), parameters(make_rbm()))


def test_what_is_no_machine_is_refused():
    with pytest.raises(TypeError, match="rbm must be a BernoulliRBM"):
        fit("machine")


def test_a_diverged_run_says_so_and_keeps_the_last_good_machine():
    # The hidden unit is on and holds the visible one off; so the visible bias grows by the rate.
    rbm = BernoulliRBM.from_parameters([[-0.95e100]], [0.90e100], [1.00e100])
    before = parameters(rbm)
    with pytest.raises(FloatingPointError, match=r"diverged with learning_rate = 1e\+100"):
        fit(rbm, [[1]], learning_rate=1e100)
    np.testing.assert_array_equal(parameters(rbm), before)


def test_the_history_can_be_plotted():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    history = History(np.array([0.5, 0.25]))
    given = pyplot.figure().gca()
    assert history.plot(given, label="run") is given
    np.testing.assert_array_equal(given.lines[0].get_xydata(), [[1, 0.5], [2, 0.25]])
    assert given.lines[0].get_label() == "run"
    assert history.plot() is not given
    pyplot.close("all")
