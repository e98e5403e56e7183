"""The heat bath that keeps majorities: its exact law on tori of 4 x 4, by enumeration."""

import itertools
import math

import numpy as np
import pytest

from rgrbm import ising
from rgrbm.decimation import block_spins, lattice_operators
from rgrbm.inverse import compatible_heat_bath

pytestmark = pytest.mark.filterwarnings("error")

CRITICAL = math.asinh(1) / 2
COARSE = np.array([[1, 1], [1, -1]])
FINE = ising.enumerate_spins(16).reshape(-1, 4, 4)
COUPLINGS = [CRITICAL, -0.3, (0.3, 0.1, 0.0), (0.2, -0.1, 0.15)]


def block_sums(fine):
    blocks = fine.reshape(*fine.shape[:-2], fine.shape[-2] // 2, 2, -1, 2)
    return blocks.sum(axis=(-3, -1), dtype=int)


def conditional_law(coarse, coupling):
    """Probabilities of all fine states of 4 x 4, given the coarse one."""
    couplings = np.array([coupling, 0, 0] if np.ndim(coupling) == 0 else coupling)
    weights = np.exp(lattice_operators(FINE)[:, :3] @ couplings)
    agreement = block_sums(FINE) * coarse
    weights *= np.where(agreement > 0, 1.0, np.where(agreement == 0, 0.5, 0.0)).prod(axis=(1, 2))
    return weights / weights.sum()


def number(fine):
    return ising.state_index(fine.reshape(-1, 16))


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_the_law_is_kept_and_reached(coupling):
    law = conditional_law(COARSE, coupling)
    assert (law > 0).sum() == 11**4
    rng = np.random.default_rng(1)
    n_samples = 200_000
    exact = FINE[rng.choice(len(FINE), size=n_samples, p=law)]
    coarse = np.tile(COARSE, (n_samples, 1, 1))
    kept = compatible_heat_bath(coarse, coupling, n_sweeps=1, rng=rng, start=exact)
    reached = compatible_heat_bath(coarse, coupling, n_sweeps=20, rng=rng)
    for fine in (kept, reached):
        counts = np.bincount(number(fine), minlength=len(FINE))
        assert not counts[law == 0].any()
        often = n_samples * law > 10
        expected = n_samples * law[often]
        chi_square = np.sum((counts[often] - expected) ** 2 / expected)
        n_cells = often.sum()
        assert n_cells > 1000
        assert abs(chi_square - n_cells) < 5 * math.sqrt(2 * n_cells)


def plain_heat_bath(coarse, couplings, n_sweeps, rng):
    """One spin after the other, with the random numbers of the library."""
    fine = coarse.repeat(2, axis=1).repeat(2, axis=2).astype(int)
    size = fine.shape[1]
    for _ in range(n_sweeps):
        for row, column in itertools.product((0, 1), repeat=2):
            numbers = rng.random(coarse.shape, dtype=np.float32)
            for (k, i, j), sigma in np.ndenumerate(coarse):
                y, x = 2 * i + row, 2 * j + column

                def spin(down, right, lattice=fine[k], y=y, x=x):
                    return lattice[(y + down) % size, (x + right) % size]

                ways = list(itertools.product((-1, 1), repeat=2))
                field = couplings[0] * (spin(-1, 0) + spin(1, 0) + spin(0, -1) + spin(0, 1))
                field += couplings[1] * sum(spin(a, b) for a, b in ways)
                field += couplings[2] * sum(spin(a, 0) * spin(0, b) * spin(a, b) for a, b in ways)
                alike = sum(fine[k, 2 * i + a, 2 * j + b] == sigma for a in (0, 1) for b in (0, 1))
                alike -= fine[k, y, x] == sigma
                like, unlike = {1: (0.5, 0.0), 2: (1.0, 0.5), 3: (1.0, 1.0)}[alike]
                like *= math.exp(sigma * field)
                p = like / (like + unlike * math.exp(-sigma * field))
                fine[k, y, x] = sigma if numbers[k, i, j] < np.float32(p) else -sigma
    return fine


@pytest.mark.parametrize("couplings", [(0.4, 0.0, 0.0), (0.3, 0.1, -0.2), (-0.2, 0.3, 0.15)])
def test_each_spin_feels_its_own_surroundings(couplings):
    coarse = np.random.default_rng(9).choice([-1, 1], size=(20, 3, 3))
    expected = plain_heat_bath(coarse, couplings, 3, np.random.default_rng(10))
    coupling = couplings if any(couplings[1:]) else couplings[0]
    found = compatible_heat_bath(coarse, coupling, n_sweeps=3, rng=np.random.default_rng(10))
    np.testing.assert_array_equal(found, expected)


def test_a_tie_counts_one_half():
    # One block on a torus of its own: every bond counts twice, so all is known by hand.
    rng = np.random.default_rng(2)
    fine = compatible_heat_bath(np.ones((200_000, 1, 1)), 0.1, n_sweeps=20, rng=rng)
    total = fine.sum(axis=(1, 2), dtype=int)
    weights = {4: 0.0, 2: 0.0, 0: 0.0}
    for state in itertools.product([-1, 1], repeat=4):
        a, b, c, d = state
        if sum(state) >= 0:
            boltzmann = math.exp(0.1 * 2 * (a * b + c * d + a * c + b * d))
            weights[sum(state)] += boltzmann * (0.5 if sum(state) == 0 else 1.0)
    for value, weight in weights.items():
        p = weight / sum(weights.values())
        assert abs(np.mean(total == value) - p) < 5 * math.sqrt(p * (1 - p) / len(total))


def test_majorities_are_kept_on_any_lattice():
    rng = np.random.default_rng(3)
    coarse = rng.choice([-1, 1], size=(3, 40, 9, 9))
    for coupling in (0.6, (0.3, 0.2, 0.1)):
        fine = compatible_heat_bath(coarse, coupling, n_sweeps=3, rng=rng)
        assert fine.shape == (3, 40, 18, 18)
        assert (block_sums(fine) * coarse >= 0).all()
        assert (block_sums(fine) == 0).any()


def test_no_sweep_changes_nothing():
    rng = np.random.default_rng(4)
    start = rng.choice([-1, 1], size=(5, 6, 6))
    coarse = block_spins(start, rng=rng)
    kept = compatible_heat_bath(coarse, 0.4, n_sweeps=0, rng=rng, start=start)
    np.testing.assert_array_equal(kept, start)
    copied = compatible_heat_bath(coarse, 0.4, n_sweeps=0, rng=rng)
    np.testing.assert_array_equal(copied, coarse.repeat(2, axis=1).repeat(2, axis=2))
    before = start.copy()
    compatible_heat_bath(coarse, 0.4, n_sweeps=2, rng=rng, start=start)
    np.testing.assert_array_equal(start, before)


def test_one_coupling_is_three_of_which_two_vanish():
    coarse = np.random.default_rng(5).choice([-1, 1], size=(10, 8, 8))
    one, three = (
        compatible_heat_bath(coarse, coupling, n_sweeps=3, rng=np.random.default_rng(6))
        for coupling in (0.4, [0.4, 0.0, 0.0])
    )
    np.testing.assert_array_equal(one, three)


def test_what_is_not_compatible_is_refused():
    rng = np.random.default_rng(7)
    with pytest.raises(ValueError, match="start must have no block"):
        compatible_heat_bath([[1]], 0.4, n_sweeps=1, rng=rng, start=-np.ones((2, 2)))
    with pytest.raises(ValueError, match="start must have the shape"):
        compatible_heat_bath([[1]], 0.4, n_sweeps=1, rng=rng, start=np.ones((4, 4)))
    with pytest.raises(ValueError, match="coupling must be a number or three"):
        compatible_heat_bath([[1]], [0.4, 0.1], n_sweeps=1, rng=rng)


def test_an_endless_coupling_is_no_trouble():
    rng = np.random.default_rng(8)
    for coupling in (1e100, -1e100, [1e100, -1e100, 1e100]):
        fine = compatible_heat_bath(np.ones((2, 4, 4)), coupling, n_sweeps=2, rng=rng)
        assert (block_sums(fine) >= 0).all()
