"""The multilevel sampler draws from its own law, and its weights correct it to that of the model.

Seeds are fixed; the tolerances give a false alarm below 1e-4.
"""

import numpy as np
import pytest
from scipy import stats

from rgrbm.diagnostics import importance
from rgrbm.ising import enumerate_lattice, lattice_energy
from rgrbm.sampler import MultilevelSampler
from rgrbm.transfer_matrix import torus_thermodynamics

COUPLING = 0.44


def test_states_occur_as_often_as_their_probability_says():
    rng = np.random.default_rng(0)
    sampler = MultilevelSampler(4, COUPLING, rng=rng)
    for layer in sampler.layers[:4]:
        for part in (layer.weights, layer.amplitudes, layer.units):
            if not layer.exact:
                part[...] = rng.normal(0, 0.3, part.shape)
    states = enumerate_lattice(4)
    spins, _ = sampler.sample(200_000, rng)
    bits = 1 << np.arange(16)
    names = (states.reshape(-1, 16) > 0) @ bits
    counts = np.bincount((spins.reshape(-1, 16) > 0) @ bits, minlength=2**16)[names]
    expected = 200_000 * np.exp(sampler.log_prob(states))
    often = expected > 10
    assert often.sum() > 1000
    rest = [counts[~often].sum()], [expected[~often].sum()]
    observed, wanted = (np.r_[a[often], b] for a, b in zip((counts, expected), rest, strict=True))
    assert stats.chisquare(observed, wanted * observed.sum() / wanted.sum()).pvalue > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("coupling", [COUPLING, -0.3])
def test_weights_correct_the_partition_function_and_the_energy(coupling):
    rng = np.random.default_rng(1)
    sampler = MultilevelSampler(8, coupling, rng=rng)
    sampler.refit_by_weights(10_000, 3, n_steps=200, rng=rng)
    spins, log_q = sampler.sample(50_000, rng)
    energy = lattice_energy(spins, coupling)
    log_z, ess = importance(-energy - log_q)
    log_partition, exact_energy, _ = torus_thermodynamics(8, coupling)
    assert ess > 0.8
    assert abs(log_z.value - 64 * log_partition) < 4 * log_z.error
    weights = np.exp(-energy - log_q - log_z.value)
    deviation = weights * (energy / 64 - coupling * exact_energy)
    assert abs(deviation.mean()) < 4 * deviation.std() / np.sqrt(len(deviation))


@pytest.mark.slow
def test_an_enlarged_sampler_is_a_good_start():
    rng = np.random.default_rng(2)
    sampler = MultilevelSampler(8, COUPLING, rng=rng)
    sampler.refit_by_weights(10_000, 3, n_steps=200, rng=rng)
    ess = sampler.enlarge(rng=rng).refit_by_weights(5000, 2, n_steps=200, rng=rng)
    guess = MultilevelSampler(16, COUPLING, rng=rng).refit_by_weights(5000, 1, n_steps=0, rng=rng)
    assert ess[0] > 2 * guess[0]
    assert ess[1] > 0.4
