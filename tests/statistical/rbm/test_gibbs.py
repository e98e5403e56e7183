"""Gibbs sampling of an RBM: it keeps its law, and it arrives there."""

import numpy as np
import pytest
from oracles import bits
from scipy.special import ndtr

from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM

N_CHAINS = 100_000
STATES = bits(4)


@pytest.fixture
def rbm():
    rng = np.random.default_rng(8)
    return BernoulliRBM.from_parameters(
        rng.normal(0, 1, (4, 3)), rng.normal(0, 1, 4), rng.normal(0, 1, 3)
    )


def exact_law(rbm):
    weight = np.exp(-rbm.free_energy(STATES))
    return weight / weight.sum()


def check_law(visible, law):
    counts = np.bincount(visible @ [8, 4, 2, 1], minlength=16)
    error = np.sqrt(N_CHAINS * law * (1 - law))
    # 5 standard errors of a binomial count, 16 counts: a false alarm has probability 1e-5.
    assert np.all(np.abs(counts - N_CHAINS * law) < 5 * error)


@pytest.mark.parametrize("n_steps", [1, 4])
def test_chains_that_start_in_the_law_stay_in_it(rbm, n_steps):
    rng = np.random.default_rng(n_steps)
    law = exact_law(rbm)
    start = STATES[rng.choice(16, size=N_CHAINS, p=law)]
    check_law(rbm.gibbs(start, n_steps, rng), law)


def test_chains_that_start_elsewhere_arrive(rbm):
    rng = np.random.default_rng(3)
    start = np.tile(STATES[np.argmin(exact_law(rbm))], (N_CHAINS, 1))
    check_law(rbm.gibbs(start, 60, rng), exact_law(rbm))


def test_samples_follow_the_conditionals(rbm):
    rng = np.random.default_rng(4)
    visible = np.tile([1, 0, 1, 1], (N_CHAINS, 1))
    p = rbm.hidden_probabilities(visible[0])
    error = np.sqrt(p * (1 - p) / N_CHAINS)
    assert np.all(np.abs(rbm.sample_hidden(visible, rng).mean(axis=0) - p) < 5 * error)
    hidden = np.tile([1, 0, 1], (N_CHAINS, 1))
    p = rbm.visible_probabilities(hidden[0])
    error = np.sqrt(p * (1 - p) / N_CHAINS)
    assert np.all(np.abs(rbm.sample_visible(hidden, rng).mean(axis=0) - p) < 5 * error)


HIDDEN_STATES = bits(3)


@pytest.fixture
def gaussian():
    rng = np.random.default_rng(9)
    return GaussianBernoulliRBM.from_parameters(
        rng.normal(0, 1, (2, 3)), rng.normal(0, 1, 2), rng.normal(0, 1, 3), [0.6, 1.5]
    )


def mixture(rbm):
    """Weights and means of the normal laws of which p(v) is made, by completing the square."""
    means = rbm.visible_bias + HIDDEN_STATES @ rbm.weights.T
    squares = np.sum((means**2 - rbm.visible_bias**2) / (2 * rbm.sigma**2), axis=1)
    weights = np.exp(HIDDEN_STATES @ rbm.hidden_bias + squares)
    return weights / weights.sum(), means


def draw_visible(rbm, rng):
    weights, means = mixture(rbm)
    component = rng.choice(len(weights), size=N_CHAINS, p=weights)
    return means[component] + rbm.sigma * rng.normal(size=(N_CHAINS, rbm.n_visible))


def check_bins(projection, weights, means, width):
    """Compare counts in 20 bins with a mixture of normal laws."""
    edges = np.linspace(projection.mean() - 3 * projection.std(), projection.max() + 1, 20)
    edges = np.concatenate([[-np.inf], edges])
    below = ndtr((edges[:, None] - means) / width) @ weights
    expected = np.diff(below)
    counts = np.histogram(projection, edges)[0]
    error = np.sqrt(N_CHAINS * expected * (1 - expected))
    # 5.5 standard errors of a binomial count, and one for counts that are small: 4e-8 for a bin.
    assert np.all(np.abs(counts - N_CHAINS * expected) < 5.5 * error + 5)


def check_density(visible, rbm):
    weights, means = mixture(rbm)
    for direction in np.array([[1, 0], [0, 1], [1, 1], [1, -1]]):  # their sum sees the correlation
        width = np.sqrt(np.sum((direction * rbm.sigma) ** 2))
        check_bins(visible @ direction, weights, means @ direction, width)


@pytest.mark.parametrize("n_steps", [1, 4])
def test_real_chains_that_start_in_the_law_stay_in_it(gaussian, n_steps):
    rng = np.random.default_rng(n_steps)
    start = draw_visible(gaussian, rng)
    check_density(start, gaussian)
    check_density(gaussian.gibbs(start, n_steps, rng), gaussian)


def test_real_chains_that_start_elsewhere_arrive(gaussian):
    rng = np.random.default_rng(5)
    start = np.tile([8.0, -8.0], (N_CHAINS, 1))
    check_density(gaussian.gibbs(start, 60, rng), gaussian)


def test_real_samples_follow_the_conditionals(gaussian):
    rng = np.random.default_rng(6)
    visible = np.tile([0.4, -1.0], (N_CHAINS, 1))
    p = gaussian.hidden_probabilities(visible[0])
    error = np.sqrt(p * (1 - p) / N_CHAINS)
    assert np.all(np.abs(gaussian.sample_hidden(visible, rng).mean(axis=0) - p) < 5 * error)
    hidden = np.tile([1, 0, 1], (N_CHAINS, 1))
    sample = gaussian.sample_visible(hidden, rng)
    for i in range(2):
        check_bins(sample[:, i], [1.0], gaussian.visible_mean(hidden[0])[[i]], gaussian.sigma[i])
    correlation = np.corrcoef(sample.T)[0, 1]
    assert abs(correlation) < 5 / np.sqrt(N_CHAINS)
