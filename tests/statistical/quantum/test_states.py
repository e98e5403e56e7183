"""The chains of a trial function have the law psi^2: they keep it, and arrive at it.

Counts of states are compared with exact probabilities by chi-square; a false alarm has the
probability 1e-5, and the seeds are fixed.
"""

import numpy as np
import pytest
from oracles import spins as all_spins
from scipy.stats import chi2

from rgrbm.ising import state_index
from rgrbm.quantum import RBMState

N_SAMPLES = 100_000


@pytest.fixture(params=[(10, 1), (6, 3)], ids=str)
def state(request):
    n_sites, density = request.param
    rng = np.random.default_rng(n_sites)
    state = RBMState(n_sites, 1.0, density=density, rng=rng)
    state.weights[:] = rng.normal(size=state.weights.shape) / np.sqrt(3 * n_sites)
    return state


def law(state):
    squares = np.exp(2 * state.log_psi(all_spins(state.n_sites)))
    return squares / squares.sum()


def agrees(spins, exact):
    counts = np.bincount(state_index(spins), minlength=len(exact))
    expected = len(spins) * exact
    rare = expected < 10  # all of these together are one
    parts = [(counts[~rare] - expected[~rare]) ** 2 / expected[~rare]]
    if rare.any() and expected[rare].sum() > 1:
        parts.append([(counts[rare].sum() - expected[rare].sum()) ** 2 / expected[rare].sum()])
    parts = np.concatenate(parts)
    return parts.sum() < chi2.isf(1e-5, len(parts) - 1)


def test_the_law_is_far_from_flat(state):
    exact = law(state)
    assert exact.max() > 3 * exact.min()


def test_a_sweep_keeps_the_law(state):
    exact, rng = law(state), np.random.default_rng(0)
    start = all_spins(state.n_sites)[rng.choice(len(exact), size=N_SAMPLES, p=exact)]
    assert agrees(start, exact)
    spins = state.sample(N_SAMPLES, n_sweeps=1, rng=rng, start=start)
    assert agrees(spins, exact)
    assert (spins != start).any(axis=1).mean() > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("start", [None, "up"])
def test_chains_arrive(state, start):
    if start:
        start = np.ones((N_SAMPLES, state.n_sites), dtype=int)
    spins = state.sample(N_SAMPLES, n_sweeps=40, rng=np.random.default_rng(1), start=start)
    assert agrees(spins, law(state))


def test_without_weights_a_sweep_forgets():
    """Metropolis's rule would turn all spins over, in every sweep."""
    state = RBMState(6, 1.0, density=1, rng=np.random.default_rng(0))
    state.weights[:] = 0
    up = np.ones((N_SAMPLES, 6), dtype=int)
    assert agrees(
        state.sample(N_SAMPLES, n_sweeps=1, rng=np.random.default_rng(2), start=up), law(state)
    )
