"""Each kernel keeps the exact law, and arrives at it; each takes exactly the right first step.

Counts of states are compared with their exact law. A tolerance of 5 standard errors, at most 64
states and some 60 tests, gives a false alarm with a probability of a few 1e-3 over all seeds; the
seeds are fixed, so a test that passes once passes always.
"""

import numpy as np
import pytest

from rgrbm import decimation, ising, sampler, transfer_matrix
from rgrbm.sampler import _chain_kernels as kernels

LAWS = [(0.6, 0.0), (-0.6, 0.0), (0.5, 0.3), (-0.4, -0.5), (0.2, 1.0), (0.0, 0.4)]
N_SAMPLES = 64 * 400 + 37
SIGMAS = 5


def plain_metropolis(n_samples, n_sites, coupling, *, field, n_sweeps, rng, start):
    spins = np.array(start, dtype=np.int8)
    kernels.plain_metropolis(spins, coupling, field, n_sweeps * n_sites, rng)
    return spins


def plain_heat_bath(n_samples, n_sites, coupling, *, field, n_sweeps, rng, start):
    spins = np.array(start, dtype=np.int8)
    kernels.plain_heat_bath(spins, coupling, field, n_sweeps, rng)
    return spins


KERNELS = [sampler.metropolis_chain, sampler.heat_bath_chain, plain_metropolis, plain_heat_bath]


def indicators(spins):
    """Return for each sample a row that marks its state."""
    n_sites = spins.shape[1]
    return np.eye(2**n_sites)[ising.state_index(spins)]


def check_law(spins, law, group=1):
    """Compare counts with the law; samples of a group of 64 may share their sites."""
    marks = indicators(spins)
    n_groups = len(marks) // group
    means = marks[: n_groups * group].reshape(n_groups, group, -1).mean(axis=1)
    if group == 1:
        error = np.sqrt(law * (1 - law) / n_groups)
    else:
        error = np.maximum(means.std(axis=0, ddof=1), 1 / group / n_groups) / np.sqrt(n_groups)
    deviation = np.abs(means.mean(axis=0) - law)
    # A state that is expected less than once may occur once.
    assert np.all(deviation <= SIGMAS * error + 2 / len(marks)), (deviation / error).max()


def draw(law, n_sites, n_samples, rng):
    states = ising.enumerate_spins(n_sites)
    return states[rng.choice(len(states), size=n_samples, p=law)]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("coupling", "field"), LAWS)
def test_chains_that_start_in_the_law_stay_in_it(kernel, coupling, field):
    rng = np.random.default_rng([1, KERNELS.index(kernel)])
    law = ising.boltzmann_probabilities(5, coupling, field)
    start = draw(law, 5, N_SAMPLES, rng)
    spins = kernel(N_SAMPLES, 5, coupling, field=field, n_sweeps=3, rng=rng, start=start)
    check_law(spins, law)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("coupling", "field"), LAWS)
def test_chains_that_start_elsewhere_arrive(kernel, coupling, field):
    rng = np.random.default_rng([2, KERNELS.index(kernel)])
    law = ising.boltzmann_probabilities(5, coupling, field)
    start = np.tile(ising.enumerate_spins(5)[np.argmin(law)], (N_SAMPLES, 1))
    spins = kernel(N_SAMPLES, 5, coupling, field=field, n_sweeps=60, rng=rng, start=start)
    check_law(spins, law)


def transition_matrix(kernel, n_sites, coupling, field):
    """Exact law of one sweep, row by row, from the definition of the algorithm."""
    states = ising.enumerate_spins(n_sites)
    energy = ising.chain_energy(states, coupling, field)
    sites = []
    for site in range(n_sites):
        step = np.zeros((len(states), len(states)))
        for a in range(len(states)):
            b = a ^ (1 << (n_sites - 1 - site))  # the state with this spin flipped
            if "metropolis" in kernel.__name__:
                step[a, b] = min(1, np.exp(energy[a] - energy[b]))
            else:
                step[a, b] = 1 / (1 + np.exp(energy[b] - energy[a]))
            step[a, a] = 1 - step[a, b]
        sites.append(step)
    if "metropolis" in kernel.__name__:  # n_sites updates at random sites
        return np.linalg.matrix_power(np.mean(sites, axis=0), n_sites)
    return np.linalg.multi_dot(sites)  # the sites in order


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("n_sites", [2, 3, 5])
@pytest.mark.parametrize(("coupling", "field"), LAWS)
def test_one_sweep_does_exactly_what_the_algorithm_says(kernel, n_sites, coupling, field):
    rng = np.random.default_rng([3, n_sites, KERNELS.index(kernel)])
    number = 2**n_sites // 3
    start = np.tile(ising.enumerate_spins(n_sites)[number], (N_SAMPLES, 1))
    spins = kernel(N_SAMPLES, n_sites, coupling, field=field, n_sweeps=1, rng=rng, start=start)
    law = transition_matrix(kernel, n_sites, coupling, field)[number]
    check_law(spins, law, group=64)


@pytest.mark.parametrize(("coupling", "field"), [*LAWS, (2.0, 0.1), (-2.0, 0.0)])
@pytest.mark.parametrize("n_sites", [1, 2, 3, 6])
def test_exact_samples_follow_the_exact_law(n_sites, coupling, field):
    rng = np.random.default_rng([4, n_sites])
    spins = sampler.exact_chain(N_SAMPLES, n_sites, coupling, field=field, rng=rng)
    check_law(spins, ising.boltzmann_probabilities(n_sites, coupling, field))


@pytest.mark.parametrize("kernel", [sampler.metropolis_chain, sampler.heat_bath_chain])
def test_a_single_spin_sees_only_the_field(kernel):
    rng = np.random.default_rng(5)
    spins = kernel(N_SAMPLES, 1, 3.0, field=0.4, n_sweeps=50, rng=rng)
    check_law(spins, ising.boltzmann_probabilities(1, 3.0, 0.4))


SAMPLERS = {
    "metropolis": sampler.metropolis_chain,
    "heat bath": sampler.heat_bath_chain,
    "exact": lambda *a, n_sweeps, **k: sampler.exact_chain(*a, **k),
}


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize(("coupling", "field"), [(1.0, 0.0), (-0.8, 0.0), (0.6, 0.2)])
def test_long_rings_have_the_exact_correlations(name, coupling, field):
    n_samples, n_sites = 3000, 70
    rng = np.random.default_rng([6, *name.encode()])
    spins = SAMPLERS[name](n_samples, n_sites, coupling, field=field, n_sweeps=1500, rng=rng)
    for distance in range(1, 8):
        products = (spins * np.roll(spins, distance, axis=1)).mean(axis=1)
        exact = transfer_matrix.correlation(n_sites, distance, coupling, field)
        error = products.std() / np.sqrt(n_samples)
        assert abs(products.mean() - exact) < SIGMAS * error
    magnetization = spins.mean(axis=1)
    exact = transfer_matrix.magnetization(n_sites, coupling, field)
    error = magnetization.std() / np.sqrt(n_samples)
    assert abs(magnetization.mean() - exact) < SIGMAS * error


@pytest.mark.parametrize("kernel", [sampler.metropolis_chain, sampler.heat_bath_chain])
def test_the_chains_of_a_word_are_independent(kernel):
    """The lanes' magnetizations add up like independent ones, although they share the sites."""
    rng = np.random.default_rng(7)
    spins = kernel(64 * 500, 6, 0.3, n_sweeps=40, rng=rng)
    lanes = spins.sum(axis=1).reshape(500, 64)
    expected = lanes.var() * 64
    variance = lanes.sum(axis=1).var()
    # The variance of 500 nearly Gaussian sums scatters by sqrt(2 / 500) of itself.
    assert abs(variance / expected - 1) < SIGMAS * np.sqrt(2 / 500)


@pytest.mark.parametrize(("coupling", "field"), [(1.0, 0.0), (0.5, 0.3), (-0.7, 0.0)])
def test_drawing_the_missing_spins_restores_the_law(coupling, field):
    rng = np.random.default_rng(8)
    new = decimation.decimate_coupling(coupling, field)[:2]
    coarse = sampler.exact_chain(N_SAMPLES, 3, new[0], field=new[1], rng=rng)
    fine = decimation.undecimate_spins(coarse, coupling, field, rng)
    check_law(fine, ising.boltzmann_probabilities(6, coupling, field))


@pytest.mark.parametrize(("coupling", "field"), [(1.0, 0.0), (0.5, 0.3)])
def test_thinned_long_rings_follow_the_flowed_law(coupling, field):
    n_samples, rng = 3000, np.random.default_rng(9)
    spins = sampler.exact_chain(n_samples, 130, coupling, field=field, rng=rng)
    coarse = decimation.decimate_spins(spins)
    new = decimation.decimate_coupling(coupling, field)[:2]
    back = decimation.undecimate_spins(coarse, coupling, field, rng)
    for states, law in [(coarse, new), (back, (coupling, field))]:
        for distance in range(1, 6):
            products = (states * np.roll(states, distance, axis=1)).mean(axis=1)
            exact = transfer_matrix.correlation(states.shape[1], distance, *law)
            error = products.std() / np.sqrt(n_samples)
            assert abs(products.mean() - exact) < SIGMAS * error
