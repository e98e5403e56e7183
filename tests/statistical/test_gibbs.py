"""Gibbs sampling of an RBM: it keeps its law, and it arrives there."""

from itertools import product

import numpy as np
import pytest

from rgrbm.rbm import BernoulliRBM

N_CHAINS = 100_000
STATES = np.array(list(product([0, 1], repeat=4)))


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
