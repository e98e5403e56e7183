"""Annealed importance sampling: its mean weight is exact, and its error is honest."""

from unittest import mock

import numpy as np
import pytest
from scipy import stats

from rgrbm.rbm import (
    BernoulliRBM,
    GaussianBernoulliRBM,
    ais_log_partition,
    exact_log_partition,
    partition,
    train,
)

N_RUNS = 100


def random_machine(scale):
    rng = np.random.default_rng(int(10 * scale))
    draw = [rng.normal(0, scale, size) for size in ((10, 8), 10, 8)]
    return BernoulliRBM.from_parameters(*draw)


def gaussian_machine():
    rng = np.random.default_rng(4)
    draw = [rng.normal(0, scale, size) for scale, size in ((0.6, (8, 9)), (1, 8), (1, 9))]
    return GaussianBernoulliRBM.from_parameters(*draw, rng.uniform(0.5, 1.5, 8))


def chain_machine():
    """A ring in which visible and hidden spins take turns: two ordered states, up and down."""
    weights = np.eye(8) + np.roll(np.eye(8), 1, axis=1)
    return BernoulliRBM.from_spin_parameters(weights, np.zeros(8), np.zeros(8))


def ferromagnet():
    """All spins couple to all of the other layer: far below its critical temperature."""
    return BernoulliRBM.from_spin_parameters(np.full((10, 8), 0.5), np.zeros(10), np.zeros(8))


def bars_machine():
    """Trained by CD-1 on images of 3 * 3 pixels whose rows, or whose columns, are alike."""
    lines = (np.arange(8)[:, None] >> np.arange(3)) & 1
    images = np.concatenate([np.repeat(lines, 3, axis=1), np.tile(lines, 3)])
    rng = np.random.default_rng(0)
    rbm = BernoulliRBM(9, 8, rng=rng)
    train(rbm, images, n_epochs=2000, learning_rate=0.2, rng=rng)
    return rbm


MACHINES = {
    "random 0.5": lambda: random_machine(0.5),
    "random 1": lambda: random_machine(1.0),
    "random 2": lambda: random_machine(2.0),
    "gaussian": gaussian_machine,
    "chain": chain_machine,
    "ferromagnet": ferromagnet,
    "bars": bars_machine,
}


def pulls_of_runs(rbm, n_runs, n_chains, n_temperatures, rng):
    """Deviations of runs from the exact value, in units of their own errors.

    Chains know nothing of each other, so those of all runs are drawn at once; each run then finds
    its own.
    """
    drawn, log_partition = partition._annealed(rbm, n_runs * n_chains, n_temperatures, rng)
    runs = [(log_weights, log_partition) for log_weights in drawn.reshape(n_runs, n_chains)]
    with mock.patch.object(partition, "_annealed", side_effect=runs):
        found = [
            ais_log_partition(rbm, n_chains=n_chains, n_temperatures=n_temperatures, rng=rng)
            for _ in runs
        ]
    exact = exact_log_partition(rbm)
    return np.array([(value - exact) / error for value, error in found])


@pytest.fixture(scope="module")
def pulls():
    """Those of a hundred runs of each machine."""
    return {
        name: pulls_of_runs(make(), N_RUNS, 100, 100, np.random.default_rng(7))
        for name, make in MACHINES.items()
    }


@pytest.mark.slow
def test_nine_runs_of_ten_lie_within_two_of_their_errors(pulls):
    # A normal deviation does in 95.4 % of all cases. Of 700 runs, 32 should lie outside; 70 are
    # more than six standard errors above. Of the 100 runs of a machine, 4.6 should; the Poisson
    # law gives 18 or more a probability of 2e-6.
    inside = {name: np.mean(np.abs(pull) < 2) for name, pull in pulls.items()}
    assert np.mean(list(inside.values())) >= 0.90, inside
    assert min(inside.values()) > 0.82, inside


@pytest.mark.slow
def test_errors_are_not_too_large_either(pulls):
    # The variance of 700 normal numbers is 1 with a standard error of 0.05.
    variance = np.mean([np.mean(pull**2) for pull in pulls.values()])
    assert 0.75 < variance < 1.35


@pytest.mark.parametrize("name", ["random 1", "gaussian"])
@pytest.mark.parametrize("n_temperatures", [1, 2, 5])
def test_the_mean_weight_is_the_partition_function_at_any_speed(name, n_temperatures):
    rbm = MACHINES[name]()
    rbm.weights = rbm.weights / 2  # else few steps would leave the mean to rare chains
    estimate = ais_log_partition(
        rbm, n_chains=100_000, n_temperatures=n_temperatures, rng=np.random.default_rng(8)
    )
    assert estimate.error < 0.02
    # 4.5 standard errors: a false alarm has a probability of 1e-5.
    assert abs(estimate.value - exact_log_partition(rbm)) < 4.5 * estimate.error


def test_slower_is_more_precise():
    rbm = MACHINES["random 1"]()
    errors = [
        ais_log_partition(rbm, n_chains=400, n_temperatures=n, rng=np.random.default_rng(9)).error
        for n in (10, 100, 1000)
    ]
    # The variance of the logarithm of a weight falls as 1 / n_temperatures.
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


@pytest.mark.slow
@pytest.mark.parametrize("n_chains", [2, 3, 5, 10, 100])
def test_the_error_covers_two_thirds_with_few_chains_too(n_chains):
    """Where the logarithms of the weights scatter little, they are nearly normal."""
    n_runs = 2000
    rng = np.random.default_rng([11, n_chains])
    pulls = np.abs(pulls_of_runs(random_machine(0.5), n_runs, n_chains, 20, rng))
    law = stats.t(n_chains - 1)
    one = stats.norm.cdf(1) - stats.norm.cdf(-1)
    two = 1 - 2 * law.sf(2 * law.ppf(stats.norm.cdf(1)))  # from 83 % with two chains to 95 %
    # 4 standard errors of a binomial law, 0.042: without Student's factor, two chains cover 50 %.
    for reach, share in ((1, one), (2, two)):
        tolerance = 4 * np.sqrt(share * (1 - share) / n_runs)
        assert np.mean(pulls < reach) == pytest.approx(share, abs=tolerance)
