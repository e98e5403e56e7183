"""Each kernel keeps the exact law of small tori, arrives at it, and takes the right first step.

Counts are compared with their exact law, cell by cell, by their tail probability, and means with
theirs, by 5 standard errors. Some 50,000 cells and 300 means give a false alarm with a probability
of 1e-3 over all seeds; the seeds are fixed, so a test that passes once passes always.
"""

import math
from functools import cache
from itertools import product

import numpy as np
import pytest
from scipy import stats

from rgrbm import ising, sampler, transfer_matrix
from rgrbm.sampler import _lattice_kernels as kernels

CRITICAL = math.asinh(1) / 2
LAWS = [(CRITICAL, 0.0), (-0.4, 0.0), (0.2, 0.0), (0.3, 0.2), (-0.5, -0.6), (0.0, 0.4)]
N_SAMPLES = 64 * 200
SIGMAS = 5
RAREST = 1e-8  # tail probability of a count

# Steps after which a chain has forgotten its start, at the critical coupling.
ENOUGH = {
    "metropolis": {4: 150, 8: 1000, 16: 5000},
    "wolff": {4: 80, 8: 60, 16: 200},
    "swendsen_wang": {4: 40, 8: 35, 16: 60},
}


def metropolis(n_samples, size, coupling, *, n_steps, **rest):
    return sampler.metropolis_lattice(n_samples, size, coupling, n_sweeps=n_steps, **rest)


def wolff(n_samples, size, coupling, *, n_steps, **rest):
    return sampler.wolff_lattice(n_samples, size, coupling, n_clusters=n_steps, **rest)


def swendsen_wang(n_samples, size, coupling, *, n_steps, **rest):
    return sampler.swendsen_wang_lattice(n_samples, size, coupling, n_sweeps=n_steps, **rest)


def plain_metropolis(n_samples, size, coupling, *, field, n_steps, rng, start):
    """Each lattice group has its own random sites, as each word has."""
    spins = np.array(start, dtype=np.int8)
    for k in range(0, n_samples, 64):
        kernels.plain_metropolis(spins[k : k + 64], coupling, field, n_steps, rng)
    return spins


def all_at_once(kernel):
    def sample(n_samples, size, coupling, *, field, n_steps, rng, start):
        spins = np.array(start, dtype=np.int8)
        kernel(spins, coupling, field, n_steps, rng)
        return spins

    return sample


OURS = {"metropolis": metropolis, "wolff": wolff, "swendsen_wang": swendsen_wang}
PLAIN = {
    "metropolis": plain_metropolis,
    "wolff": all_at_once(kernels.plain_wolff),
    "swendsen_wang": all_at_once(kernels.plain_swendsen_wang),
}
EITHER = [(name, kinds) for name in OURS for kinds in (OURS, PLAIN)]
either = pytest.mark.parametrize(
    ("name", "kinds"), EITHER, ids=[f"{n} {'plain' if k is PLAIN else ''}" for n, k in EITHER]
)


def number_of(kinds):
    return N_SAMPLES if kinds is OURS else 64 * 12


def check_counts(counts, law, shared=1.0):
    """Compare counts of samples with their law; so many share their fate, in the mean."""
    n_samples, counts = counts.sum() / shared, counts / shared
    below = stats.binom.cdf(np.ceil(counts), np.floor(n_samples), np.minimum(law, 1.0))
    above = stats.binom.sf(np.floor(counts) - 1, np.ceil(n_samples), np.minimum(law, 1.0))
    assert np.minimum(below, above).min() > RAREST
    assert not counts[law < 1e-14].any(), "impossible"


def check_mean(values, exact):
    """Compare the mean of independent values with the exact one."""
    error = values.std(ddof=1) / math.sqrt(len(values))
    assert abs(values.mean() - exact) < SIGMAS * error, (values.mean(), exact, error)


all_states = cache(ising.enumerate_lattice)


@cache
def law_of(size, coupling, field):
    energy = ising.lattice_energy(all_states(size), coupling, field)
    weights = np.exp(energy.min() - energy)
    return weights / weights.sum()


def cells(spins):
    """Tell states apart by their energy and their total spin."""
    bonds = -ising.lattice_energy(spins, 1.0).astype(int)
    return bonds * 1000 + spins.sum(axis=(1, 2), dtype=int)


@cache
def all_cells(size):
    """List the cells, and to which of them each state belongs."""
    return np.unique(cells(all_states(size)), return_inverse=True)


def check_cells(spins, coupling, field):
    size = spins.shape[1]
    found, where = all_cells(size)
    law = np.bincount(where, weights=law_of(size, coupling, field))
    counts = np.bincount(np.searchsorted(found, cells(spins)), minlength=len(found))
    check_counts(counts, law)


def draw(n_samples, size, coupling, field, rng):
    law = law_of(size, coupling, field)
    return all_states(size)[rng.choice(len(law), size=n_samples, p=law)]


@either
@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize(("coupling", "field"), LAWS)
def test_chains_that_start_in_the_law_stay_in_it(name, kinds, size, coupling, field):
    rng = np.random.default_rng([1, size, *name.encode()])
    n_samples = number_of(kinds)
    start = draw(n_samples, size, coupling, field, rng)
    spins = kinds[name](n_samples, size, coupling, field=field, n_steps=2, rng=rng, start=start)
    assert (spins != start).any()
    check_cells(spins, coupling, field)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize(("coupling", "field"), LAWS)
@pytest.mark.parametrize("from_all_up", [True, False])
def test_chains_that_start_elsewhere_arrive(name, size, coupling, field, from_all_up):
    rng = np.random.default_rng([2, size, *name.encode()])
    start = np.ones((N_SAMPLES, size, size)) if from_all_up else None
    n_steps = ENOUGH[name][4]
    spins = OURS[name](
        N_SAMPLES, size, coupling, field=field, n_steps=n_steps, rng=rng, start=start
    )
    check_cells(spins, coupling, field)


def sites_of(size):
    """All sites, those of one colour of the checkerboard first."""
    sites = list(product(range(size), repeat=2))
    return sorted(sites, key=lambda site: sum(site) % 2)


@cache
def metropolis_step(size, coupling, field, site):
    """Exact matrix of an update of one site, from the definition."""
    states = all_states(size)
    energy = ising.lattice_energy(states, coupling, field)
    step = np.zeros((len(states), len(states)))
    flipped = states.copy()
    flipped[:, *site] *= -1
    n = np.arange(len(states))
    other = ising.state_index(flipped.reshape(len(states), -1))
    step[n, other] = np.exp(np.minimum(energy[n] - energy[other], 0))
    step[n, n] = 1 - step[n, other]
    return step


@cache
def metropolis_laws(size, number, coupling, field):
    """Exact laws after a sweep, one for each site that is updated last."""
    law = np.zeros(2 ** (size**2))
    law[number] = 1.0
    for site in sites_of(size):
        law = law @ metropolis_step(size, coupling, field, site)
    return np.array([law @ metropolis_step(size, coupling, field, s) for s in sites_of(size)])


def bond_sets(state, coupling):
    """All sets of satisfied bonds: their probabilities, and the cluster of each site in them."""
    size = len(state)
    site = np.arange(size**2).reshape(size, size)
    pairs = [(site, np.roll(site, -1, axis=0)), (site, np.roll(site, -1, axis=1))]
    first, second = (np.concatenate([pair[k].ravel() for pair in pairs]) for k in (0, 1))
    spins = state.ravel()
    bonds = [
        (a, b)
        for a, b in zip(first, second, strict=True)
        if coupling * int(spins[a]) * int(spins[b]) > 0
    ]
    is_set = np.array(list(product([False, True], repeat=len(bonds))), dtype=bool)
    p = 1 - math.exp(-2 * abs(coupling))
    probability = np.where(is_set, p, 1 - p).prod(axis=1)
    label = np.tile(np.arange(size**2), (len(is_set), 1))
    for _ in range(size**2):
        for k, (a, b) in enumerate(bonds):
            least = np.minimum(label[:, a], label[:, b])
            label[is_set[:, k], a] = label[is_set[:, k], b] = least[is_set[:, k]]
    return probability, label


@cache
def wolff_law(size, number, coupling, field):
    states = all_states(size)
    spins = states[number].ravel().astype(int)
    probability, label = bond_sets(states[number], coupling)
    law = np.zeros(len(states))
    for seed in range(size**2):
        cluster = label == label[:, [seed]]
        accepted = np.minimum(1, np.exp(-2 * field * (cluster * spins).sum(axis=1)))
        turned = ising.state_index(np.where(cluster, -spins, spins))
        np.add.at(law, turned, probability * accepted / size**2)
        law[number] += (probability * (1 - accepted)).sum() / size**2
    return law


@cache
def swendsen_wang_law(size, number, coupling, field):
    states = all_states(size)
    spins = states[number].ravel().astype(int)
    probability, label = bond_sets(states[number], coupling)
    # Cluster by cluster, named after its first site, each set of bonds goes on in two ways.
    turned = np.tile(spins, (len(label), 1))
    for name in range(size**2):
        cluster = label == name
        p = 1 / (1 + np.exp(2 * field * (cluster * spins).sum(axis=1)))
        p = np.where(cluster.any(axis=1), p, 0.0)
        ways = np.concatenate([probability * (1 - p), probability * p])
        turned = np.concatenate([turned, np.where(cluster, -turned, turned)])
        kept = ways > 0
        probability, turned, label = ways[kept], turned[kept], np.tile(label, (2, 1))[kept]
    return np.bincount(ising.state_index(turned), probability, minlength=len(states))


FIRST_STEPS = {
    "metropolis": lambda *arguments: metropolis_laws(*arguments).mean(axis=0),
    "wolff": wolff_law,
    "swendsen_wang": swendsen_wang_law,
}


@pytest.mark.parametrize("name", FIRST_STEPS)
@pytest.mark.parametrize(("coupling", "field"), LAWS)
def test_the_first_steps_keep_the_law_exactly(name, coupling, field):
    """A test of the test, without samples: the law of the next one below is right."""
    law = law_of(2, coupling, field)
    after = [FIRST_STEPS[name](2, number, coupling, field) for number in range(16)]
    np.testing.assert_allclose(law @ after, law, rtol=1e-12)


@either
@pytest.mark.parametrize(("size", "number"), [(2, 0), (2, 5), (2, 9), (2, 3), (3, 85), (3, 19)])
@pytest.mark.parametrize(("coupling", "field"), LAWS)
def test_one_step_does_exactly_what_the_algorithm_says(name, kinds, size, number, coupling, field):
    rng = np.random.default_rng([3, size, number, *name.encode()])
    n_samples = number_of(kinds)
    start = np.tile(all_states(size)[number], (n_samples, 1, 1))
    spins = kinds[name](n_samples, size, coupling, field=field, n_steps=1, rng=rng, start=start)
    law = FIRST_STEPS[name](size, number, coupling, field)
    counts = np.bincount(ising.state_index(spins.reshape(n_samples, -1)), minlength=len(law))
    if name == "metropolis":  # the 64 lattices of a word share the site of the last update
        laws = metropolis_laws(size, number, coupling, field)
        shared = 1 + 63 * laws.var(axis=0) / np.maximum(law * (1 - law), 1e-14)
        check_counts(counts, law, shared)
    else:
        check_counts(counts, law)


def test_a_metropolis_sweep_keeps_one_law_and_the_checkerboard_alone_keeps_others():
    board = np.linalg.multi_dot([metropolis_step(2, 0.5, 0.0, s) for s in sites_of(2)])
    site = np.mean([metropolis_step(2, 0.5, 0.0, s) for s in sites_of(2)], axis=0)
    for matrix, n_laws in [(board, 3), (board @ site, 1)]:
        assert (abs(np.linalg.eigvals(matrix) - 1) < 1e-9).sum() == n_laws


@pytest.mark.parametrize(("size", "n_chains"), [(2, 6400), (8, 640)])
def test_stripes_that_the_checkerboard_only_moves_decay(size, n_chains):
    rows, columns = np.indices((size, size))
    stripes = np.where((rows + columns) % 4 < 2, 1, -1) if size > 2 else [[1, 1], [-1, -1]]
    start = np.tile(stripes, (n_chains, 1, 1))
    rng = np.random.default_rng(4)
    spins = sampler.metropolis_lattice(n_chains, size, 0.3, n_sweeps=200, rng=rng, start=start)
    exact = transfer_matrix.torus_thermodynamics(size, 0.3)[1]
    check_mean(ising.lattice_energy(spins, 1.0) / size**2, exact)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("size", [4, 8])
@pytest.mark.parametrize("coupling", [0.3, CRITICAL])
def test_total_spins_have_their_law(name, size, coupling):
    rng = np.random.default_rng([5, size, *name.encode()])
    spins = OURS[name](N_SAMPLES, size, coupling, n_steps=ENOUGH[name][size], rng=rng)
    n_up = (spins == 1).sum(axis=(1, 2))
    law = transfer_matrix.total_spin_law(size, coupling)
    check_counts(np.bincount(n_up, minlength=size**2 + 1), law)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("coupling", [0.2, CRITICAL, 0.6])
def test_energies_have_the_law_of_the_numbers_of_states(name, coupling):
    rng = np.random.default_rng([6, *name.encode()])
    spins = OURS[name](N_SAMPLES, 4, coupling, n_steps=ENOUGH[name][4], rng=rng)
    number = ((ising.lattice_energy(spins, 1.0) + 32) / 4).astype(int)
    law = transfer_matrix.density_of_states(4).astype(float) * np.exp(-4 * coupling * np.arange(17))
    check_counts(np.bincount(number, minlength=17), law / law.sum())


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("size", [4, 16])
@pytest.mark.parametrize("from_all_up", [True, False])
@pytest.mark.parametrize("coupling", [CRITICAL, -0.4])
def test_energy_and_specific_heat_are_those_of_kaufman(name, size, from_all_up, coupling):
    n_chains, n_sites = 64 * 16, size**2
    rng = np.random.default_rng([7, size, *name.encode()])
    start = np.ones((n_chains, size, size)) if from_all_up else None
    spins = OURS[name](n_chains, size, coupling, n_steps=ENOUGH[name][size], rng=rng, start=start)
    energy = ising.lattice_energy(spins, 1.0 if coupling > 0 else -1.0) / n_sites
    _, exact, specific_heat = transfer_matrix.torus_thermodynamics(size, abs(coupling))
    check_mean(energy, exact)
    check_mean(coupling**2 * n_sites * (energy - exact) ** 2, specific_heat)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("coupling", [-0.5, -0.2, 0.0, 0.2, 0.5])
@pytest.mark.parametrize("field", [-0.8, -0.1, 0.1, 0.8])
def test_magnetization_in_a_field(name, coupling, field):
    rng = np.random.default_rng([8, *name.encode()])
    n_steps = ENOUGH[name][4]
    spins = OURS[name](64 * 64, 4, coupling, field=field, n_steps=n_steps, rng=rng)
    exact = law_of(4, coupling, field) @ all_states(4).mean(axis=(1, 2))
    check_mean(spins.mean(axis=(1, 2)), exact)


def test_wolff_clusters_have_their_mean_size():
    """Without a field it is the mean of the squared total spin, per site."""
    law = transfer_matrix.total_spin_law(8, 0.35)
    exact = law @ np.arange(-64, 65, 2) ** 2 / 64
    rng = np.random.default_rng(9)
    _, seen = sampler.wolff_lattice(
        4000, 8, 0.35, n_clusters=80, rng=rng, observe=np.copy, every=79
    )
    spins, _ = sampler.wolff_lattice(
        4000, 8, 0.35, n_clusters=1, rng=rng, start=seen[0], observe=np.copy
    )
    check_mean((spins != seen[0]).sum(axis=(1, 2)), exact)


@pytest.mark.parametrize("name", OURS)
def test_chains_are_independent(name):
    """The magnetizations of 64 chains add up like independent ones."""
    rng = np.random.default_rng([10, *name.encode()])
    spins = OURS[name](64 * 500, 4, 0.3, n_steps=60, rng=rng)
    chains = spins.sum(axis=(1, 2)).reshape(500, 64)
    # The variance of 500 nearly Gaussian sums scatters by sqrt(2 / 500) of itself.
    ratio = chains.sum(axis=1).var() / (64 * chains.var())
    assert abs(ratio - 1) < SIGMAS * math.sqrt(2 / 500)
