"""Widths of Gaussian units that are learnt."""

import numpy as np
import pytest

from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM, exact_log_partition, log_likelihood, train


def make(n_visible=3, n_hidden=2):
    rng = np.random.default_rng([n_visible, n_hidden])
    return GaussianBernoulliRBM.from_parameters(
        rng.normal(size=(n_visible, n_hidden)),
        rng.normal(size=n_visible),
        rng.normal(size=n_hidden),
        rng.uniform(0.5, 2.0, n_visible),
    )


def fit(rbm, data, **changes):
    arguments = {"n_epochs": 1, "learning_rate": 0.01, "rng": np.random.default_rng(0), **changes}
    return train(rbm, data, **arguments)


@pytest.mark.parametrize("sizes", [(3, 2), (1, 1), (2, 4)])
def test_the_exact_gradient_by_the_width_is_that_of_the_log_likelihood(sizes):
    rbm, data = make(*sizes), np.random.default_rng(8).normal(size=(6, sizes[0]))
    moved, fixed = rbm.copy(), rbm.copy()
    fit(moved, data, method="exact", learn_sigma=True)
    fit(fixed, data, method="exact")
    np.testing.assert_array_equal(moved.to_vector(), fixed.to_vector())
    slopes = 2 * np.log(moved.sigma / rbm.sigma) / 0.01
    width = 1e-4
    for i in range(sizes[0]):
        values = []
        for sign in (1, -1):
            other = rbm.copy()
            other.sigma[i] *= np.exp(sign * width / 2)  # a change of ln sigma**2 by the width
            values.append(log_likelihood(other, data, exact_log_partition(other)))
        slope = (values[0] - values[1]) / (2 * width)
        # Rounding 1e-16 / 1e-4, and the third derivative times 1e-8.
        assert slopes[i] == pytest.approx(slope, rel=0, abs=1e-6)


def test_the_mean_update_of_contrastive_divergence_vanishes_at_the_law_of_the_machine():
    """Data from the machine itself: chains keep its law, so the two phases agree on average."""
    rbm, rng = make(), np.random.default_rng(3)
    data = rbm.gibbs(np.zeros((4000, 3)), 100, rng)
    updates = []
    for _ in range(30):
        moved = rbm.copy()
        fit(moved, data, learn_sigma=True, n_gibbs=3, learning_rate=1e-3, rng=rng)
        updates.append(2 * np.log(moved.sigma / rbm.sigma) / 1e-3)
    # The data are one draw: their own error is that of 4000 values of a variable of spread ~1.
    assert np.all(np.abs(np.mean(updates, axis=0)) < 5 * 2 / np.sqrt(4000))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["exact", "cd", "pcd"])
def test_the_widths_of_known_data_are_found(method):
    """Two clumps in each of two units, with the widths 0.4 and 0.8."""
    rng = np.random.default_rng(5)
    clumps = np.where(rng.random((1000, 1)) < 0.4, -1.0, 1.0)
    data = clumps + np.array([0.4, 0.8]) * rng.normal(size=(1000, 2))
    rbm = GaussianBernoulliRBM(2, 1, sigma=1.5, rng=rng)
    rbm.weights = [[1.0], [1.0]]
    fit(rbm, data, method=method, n_epochs=2500, learn_sigma=True, n_gibbs=3, rng=rng)
    # 1000 values give a width to 2.2 %, a mean to 0.03 and 0.06; clumps that overlap, to less.
    np.testing.assert_allclose(rbm.sigma, [0.4, 0.8], rtol=0.09)
    np.testing.assert_allclose(rbm.weights.ravel(), [2, 2], rtol=0, atol=0.25)


def test_momentum_of_a_width_is_a_running_sum_of_gradients():
    rbm, data = make(), np.random.default_rng(8).normal(size=(6, 3))
    steps, machines = [], [rbm.copy()]
    for _ in range(2):
        machines.append(machines[-1].copy())
        fit(machines[-1], data, method="exact", learn_sigma=True)
        steps.append(np.log(machines[-1].sigma / machines[-2].sigma))
    both = rbm.copy()
    fit(both, data, method="exact", learn_sigma=True, n_epochs=2, momentum=0.6)
    expected = 0.6 * steps[0] + steps[0] + steps[1]
    np.testing.assert_allclose(np.log(both.sigma / rbm.sigma), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("method", ["exact", "cd", "pcd"])
def test_a_run_that_learns_widths_goes_on_from_its_checkpoint(tmp_path, method):
    data = np.random.default_rng(8).normal(size=(12, 3))
    changes = {"learn_sigma": True, "momentum": 0.5, "method": method, "batch_size": 5}
    whole, halves = make(), make()
    fit(whole, data, n_epochs=9, **changes)
    fit(halves, data, n_epochs=4, checkpoint=tmp_path / "run", **changes)
    halves = make()
    fit(halves, data, n_epochs=9, checkpoint=tmp_path / "run", **changes)
    np.testing.assert_array_equal(halves.to_vector(), whole.to_vector())
    np.testing.assert_array_equal(halves.sigma, whole.sigma)
    assert np.all(whole.sigma != make().sigma)
    with pytest.raises(ValueError, match="run"):
        fit(make(), data, n_epochs=9, checkpoint=tmp_path / "run", **{**changes, "momentum": 0.4})


def test_widths_stay_where_they_are_unless_said_otherwise():
    rbm, data = make(), np.random.default_rng(8).normal(size=(6, 3))
    fit(rbm, data, n_epochs=3)
    np.testing.assert_array_equal(rbm.sigma, make().sigma)


def test_a_width_that_runs_away_is_a_divergence():
    rbm, data = make(), 100 * np.random.default_rng(8).normal(size=(6, 3))
    with pytest.raises(FloatingPointError, match="take a smaller one"):
        fit(rbm, data, learn_sigma=True, learning_rate=1.0, n_epochs=50)
    assert np.isfinite(rbm.sigma).all()


def test_widths_are_learnt_only_where_there_are_such():
    bits = BernoulliRBM(3, 2, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="learn_sigma must be False for a BernoulliRBM"):
        fit(bits, np.eye(3), learn_sigma=True)
    with pytest.raises(TypeError, match="learn_sigma must be True or False, got 1"):
        fit(make(), np.eye(3), learn_sigma=1)
    with pytest.raises(ValueError, match=r"data must vary in every unit .* got 7.0 .* in unit 1"):
        fit(make(), np.array([[1, 7, 2], [2, 7, 3]]), learn_sigma=True)
