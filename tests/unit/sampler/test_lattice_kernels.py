"""The parts of the kernels of tori, one by one, with Python's integers and plain loops."""

from itertools import product

import numpy as np
import pytest

from rgrbm import sampler
from rgrbm.sampler import _lattice_kernels as kernels
from rgrbm.sampler._runs import binary_digits, fraction_of_word

GOLDEN = 0x9E3779B97F4A7C15
ALL_ONES = 2**64 - 1


def mixed(counter):
    """64 random bits of a counter, as in SplitMix64."""
    z = (counter ^ counter >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


def generator(seed=0):
    return np.array([seed, GOLDEN], dtype=np.uint64)


@pytest.mark.parametrize("size", [2, 3, 7])
def test_neighbours_are_one_step_away_on_the_torus(size):
    for row in range(size):
        for column in range(size):
            found = kernels._beside(*map(np.uint64, (size, row, column)))
            expected = ((row - 1) % size, (row + 1) % size, (column - 1) % size)
            assert found == (*expected, (column + 1) % size)


def test_lanes_are_counted():
    four = np.random.default_rng(0).integers(2**64, size=4, dtype=np.uint64)
    classes = kernels._counted(*four)
    for lane in range(64):
        number = sum(int(word) >> lane & 1 for word in four)
        assert [int(found) >> lane & 1 for found in classes] == [n == number for n in range(5)]


@pytest.mark.parametrize("size", [2, 3, 1000])
def test_a_site_is_a_fraction_of_the_torus(size):
    for counter in range(300):
        random = mixed(counter)
        expected = (random >> 32) * size >> 32, random % 2**32 * size >> 32
        assert kernels._site(size, np.uint64(counter)) == expected


def test_a_uniform_number_is_a_fraction_of_a_word():
    for counter in range(100):
        assert kernels._uniform(np.uint64(counter)) == (mixed(counter) >> 11) / 2**53


def blocks(size):
    """Sites that are updated at a time: of a row, those of one colour that are not neighbours."""
    for colour in (0, 1):
        for row in range(size):
            sites = [(row, column) for column in range(size) if (row + column) % 2 == colour]
            if len(sites) > 1 and sites[0][1] == 0 and sites[-1][1] == size - 1:
                yield from (sites[:-1], sites[-1:])
            else:
                yield sites
    yield None  # one at random


def replay(spins, coupling, field, n_sweeps, counter):
    """Update 64 tori, lane by lane, with the random bits that the kernel takes."""
    size = spins.shape[1]
    for sites in list(blocks(size)) * n_sweeps:
        if sites is None:
            counter += GOLDEN
            random = mixed(counter % 2**64)
            sites = [((random >> 32) * size >> 32, random % 2**32 * size >> 32)]
        costs = []
        for i, j in sites:
            beside = spins[:, i - 1, j] + spins[:, (i + 1) % size, j]
            beside = beside + spins[:, i, j - 1] + spins[:, i, (j + 1) % size]
            costs.append(2 * spins[:, i, j] * (coupling * beside + field))
        accepted, counter = drawn(np.array(costs), counter)
        for (i, j), flip in zip(sites, accepted, strict=True):
            spins[flip, i, j] *= -1
    return counter % 2**64


def drawn(costs, counter):
    """Compare random numbers, digit by digit, with exp(-cost), four digits at a time."""
    undecided, found, k = costs > 0, costs <= 0, 0
    while undecided.any() and k < 64:
        for _ in range(4):
            for m, lanes in enumerate(undecided):
                random = mixed((counter + (m + 1) * GOLDEN) % 2**64)
                for lane in np.flatnonzero(lanes).tolist():
                    threshold = fraction_of_word(np.exp(-costs[m, lane]))
                    digit, bit = threshold >> 63 - k & 1, random >> lane & 1
                    found[m, lane] |= digit > bit
                    lanes[lane] = digit == bit
            counter += len(costs) * GOLDEN
            k += 1
    return found, counter


@pytest.mark.parametrize("size", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("coupling", "field"),
    # In a field the sign of the cost changes between all numbers of neighbours that are up.
    [(0.4, 0), (-0.3, 0), (0.3, 1), (0.2, 0.3), (-0.3, 0.4), (-0.3, 1), (0, 0.4), (0.1, 2)],
)
def test_64_lattices_of_a_word_go_where_each_would_go_alone(size, coupling, field):
    rng = np.random.default_rng([size, 1])
    spins = rng.choice(np.array([-1, 1], dtype=np.int8), size=(64, size, size))
    expected = spins.copy()
    seen = []
    kernel = kernels.metropolis

    def record(word, lows, digits, room, first, n_rows, its_rng):
        seen.append(int(its_rng[0]))
        its_rng[1] = GOLDEN
        kernel(word, lows, digits, room, first, n_rows, its_rng)
        seen.append(int(its_rng[0]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "metropolis", record)
        found = sampler.metropolis_lattice(
            64, size, coupling, field=field, n_sweeps=3, rng=rng, start=spins
        )
    last = replay(expected, coupling, field, 3, seen[0])
    np.testing.assert_array_equal(found, expected)
    assert seen[1:] == [last]


def cluster_of(spins, seed, sign):
    """All sites that satisfied bonds link to one, in plain loops."""
    size = len(spins)
    found, new = {seed}, [seed]
    while new:
        i, j = new.pop()
        for site in [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)]:
            site = tuple(k % size for k in site)
            if spins[site] == sign * spins[i, j] and site not in found:
                found.add(site)
                new.append(site)
    return found


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("size", [2, 3, 6])
def test_a_cluster_of_certain_bonds_is_a_domain(size, sign):
    rng = np.random.default_rng(size)
    for seed in range(40):
        spins = rng.choice(np.array([-1, 1], dtype=np.int8), size=(size, size))
        before = spins.copy()
        members = np.zeros((size**2 + 1, 2), dtype=np.uint64)
        state = generator(seed)
        kernels.wolff(spins, np.int8(sign), np.uint64(ALL_ONES), 0.0, members, 1, state)
        site = kernels._site(size, np.uint64((seed + GOLDEN) % 2**64))
        cluster = cluster_of(before, site, sign)
        assert {site for site in np.ndindex(size, size) if spins[site] != before[site]} == cluster
        assert {tuple(member) for member in members[: len(cluster)].tolist()} == cluster
        # A number for the site, one for each bond that leaves a member, and one for the turn.
        assert int(state[0]) == (seed + (2 + 4 * len(cluster)) * GOLDEN) % 2**64


def test_without_bonds_clusters_are_single_sites():
    spins = np.ones((5, 5), dtype=np.int8)
    members = np.empty((26, 2), dtype=np.uint64)
    kernels.wolff(spins, np.int8(1), np.uint64(0), 0.0, members, 1, generator())
    assert spins.sum() == 23
    state = generator()
    kernels.swendsen_wang(spins, np.int8(1), np.uint64(0), 0.0, members, 1, state)
    assert int(state[0]) == 25 * 5 * GOLDEN % 2**64


def test_a_bond_is_set_if_a_random_word_is_below_the_threshold():
    """Two sites of one spin in a sea of the other, and one bond between them from the first."""
    for seed in range(200):
        spins = -np.ones((4, 4), dtype=np.int8)
        i, j = kernels._site(4, np.uint64((seed + GOLDEN) % 2**64))
        other = (i, (j + 1) % 4)
        spins[i, j] = spins[other] = 1
        threshold = 3 << 62
        members = np.empty((17, 2), dtype=np.uint64)
        kernels.wolff(spins, np.int8(1), np.uint64(threshold), 0.0, members, 1, generator(seed))
        joins = mixed((seed + 5 * GOLDEN) % 2**64) < threshold  # the fourth neighbour is the right
        assert spins[i, j] == -1
        assert spins[other] == (-1 if joins else 1)


@pytest.mark.parametrize("sign", [1, -1])
def test_all_domains_of_certain_bonds_turn_or_stay(sign):
    rng = np.random.default_rng(0)
    members = np.empty((37, 2), dtype=np.uint64)
    turned = []
    for seed in range(40):
        spins = rng.choice(np.array([-1, 1], dtype=np.int8), size=(6, 6))
        before, state = spins.copy(), generator(seed)
        kernels.swendsen_wang(spins, np.int8(sign), np.uint64(ALL_ONES), 0.0, members, 1, state)
        left = set(np.ndindex(6, 6))
        while left:
            domain = cluster_of(before, next(iter(left)), sign)
            factors = {int(spins[site]) * int(before[site]) for site in domain}
            assert len(factors) == 1
            turned += factors
            left -= domain
    assert set(turned) == {-1, 1}
    assert abs(sum(turned)) < 4 * len(turned) ** 0.5


def test_kernels_write_into_their_room_only():
    n_sites = 16
    spins = np.ones((4, 4), dtype=np.int8)
    guarded = np.full((9, 4), 7, dtype=np.uint64)
    digits = binary_digits([0.5, 0.25])
    word = np.arange(n_sites, dtype=np.uint64).reshape(4, 4)
    kernels.metropolis(word, np.zeros(1, dtype=np.uint64), digits, guarded[1:8], 0, 16, generator())
    assert (guarded[[0, 8]] == 7).all()
    guarded = np.full((n_sites + 3, 2), 7, dtype=np.uint64)
    for kernel in (kernels.wolff, kernels.swendsen_wang):
        kernel(spins, np.int8(1), np.uint64(ALL_ONES), 0.0, guarded[1:-1], 5, generator())
        assert (guarded[[0, -1]] == 7).all()


def test_the_cost_of_a_cluster_is_that_of_its_spins_in_the_field():
    spins = np.array([[2, -1, 2], [-1, -2, 1], [2, 1, -1]], dtype=np.int8)  # marked: twice the spin
    members = np.array([[0, 0], [0, 2], [1, 1], [2, 0]], dtype=np.uint64)
    assert kernels._cost(spins, 0.25, members, 4) == 2 * 0.25 * (3 - 1)
    assert kernels._cost(spins, 0.0, members, 4) == 0


@pytest.mark.parametrize("field", [40.0, -40.0])
def test_in_a_strong_field_only_what_it_favours_is_left(field):
    start = np.random.default_rng(0).choice(np.array([-1, 1], dtype=np.int8), size=(5, 5))
    aligned = np.full((5, 5), np.sign(field), dtype=np.int8)
    members = np.empty((26, 2), dtype=np.uint64)
    for kernel, plain, n_steps in (
        (kernels.wolff, kernels.plain_wolff, 400),  # single sites; each of 25 comes up
        (kernels.swendsen_wang, kernels.plain_swendsen_wang, 1),
    ):
        spins = start.copy()
        kernel(spins, np.int8(1), np.uint64(0), field, members, n_steps, generator())
        np.testing.assert_array_equal(spins, aligned)
        spins = start[None].copy()
        plain(spins, 0.0, field, n_steps, np.random.default_rng(1))
        np.testing.assert_array_equal(spins[0], aligned)


@pytest.mark.parametrize(("coupling", "field"), [(30.0, 20.0), (-30.0, 20.0), (30.0, -20.0)])
def test_the_plain_update_goes_downhill_where_it_is_cold(coupling, field):
    size, seed = 4, 3
    spins = np.random.default_rng(0).choice(np.array([-1, 1], dtype=np.int8), size=(200, 4, 4))
    expected = spins.astype(int)
    row, column = divmod(int(np.random.default_rng(seed).integers(size**2)), size)
    sites = [site for block in blocks(size) for site in block or [(row, column)]]
    for i, j in sites:
        beside = expected[:, i - 1, j] + expected[:, (i + 1) % size, j]
        beside = beside + expected[:, i, j - 1] + expected[:, i, (j + 1) % size]
        expected[:, i, j] = np.sign(coupling * beside + field)  # never 0
    kernels.plain_metropolis(spins, coupling, field, 1, np.random.default_rng(seed))
    np.testing.assert_array_equal(spins, expected)


def test_plain_clusters_of_certain_bonds_are_domains():
    rng = np.random.default_rng(0)
    for sign, size in product((1, -1), (2, 3, 6)):
        spins = rng.choice(np.array([-1, 1], dtype=np.int8), size=(2, size, size))
        label = kernels.plain_clusters(spins, sign * 30.0, rng)
        for number, *site in np.ndindex(label.shape):
            found = set(zip(*np.nonzero(label == label[number, *site]), strict=True))
            cluster = cluster_of(spins[number], tuple(site), sign)
            assert found == {(number, *place) for place in cluster}


def test_probabilities_are_fractions_of_a_word():
    assert [fraction_of_word(p) for p in (0.0, 0.5, 1.0)] == [0, 2**63, ALL_ONES]
    assert binary_digits([0.5])[:2].tolist() == [[ALL_ONES], [0]]
