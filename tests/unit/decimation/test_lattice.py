"""Blocks of the square lattice, sums over it in plain loops, and exact stability matrices."""

import math

import numpy as np
import pytest

from rgrbm import ising
from rgrbm.decimation import block_spins, lattice_operators, monte_carlo_rg, stability_matrix

pytestmark = pytest.mark.filterwarnings("error")


def states(*shape):
    return np.random.default_rng(1).choice(np.array([-1, 1], dtype=np.int8), size=shape)


@pytest.mark.parametrize("rule", ["majority", "corner", "decimation"])
def test_each_block_follows_its_rule(rule):
    spins = states(50, 3, 6, 6)
    coarse = block_spins(spins, rule, np.random.default_rng(0))
    assert coarse.shape == (50, 3, 3, 3)
    assert coarse.dtype == np.int8
    assert np.unique(coarse).tolist() == [-1, 1]
    ties = []
    for index in np.ndindex(coarse.shape):
        row, column = 2 * index[2], 2 * index[3]
        block = spins[index[0], index[1], row : row + 2, column : column + 2]
        total = block.sum(dtype=int)
        if rule == "decimation" or (rule == "corner" and total == 0):
            assert coarse[index] == block[0, 0]
        elif total != 0:
            assert coarse[index] == np.sign(total)
        else:
            ties.append(coarse[index] * block[0, 0])
    if rule == "majority":
        assert len(ties) > 300
        assert abs(np.mean(ties)) < 4 / math.sqrt(len(ties)), "a coin, whatever the block is"


def test_what_cannot_be_blocked_is_refused():
    with pytest.raises(ValueError, match="even size"):
        block_spins(np.ones((3, 3)), "corner")
    with pytest.raises(TypeError, match="rng"):
        block_spins(np.ones((2, 2)))
    with pytest.raises(ValueError, match="rule must be"):
        block_spins(np.ones((2, 2)), "minority")


EVEN = [[(0, 1)], [(1, 1)], [(0, 1), (1, 0), (1, 1)], [(0, 2)], [(1, 2)]]
ODD = [[], [(0, 1), (1, 0)], [(0, 1), (0, 2)]]


@pytest.mark.parametrize(("parity", "shapes"), [("even", EVEN), ("odd", ODD)])
def test_operators_are_sums_over_all_places_and_turns(parity, shapes):
    spins = states(7, 7)
    found = lattice_operators(spins, parity)
    for value, shape in zip(found, shapes, strict=True):
        # All eight turns and mirror images, as sets of sites: each set counts once.
        sets = set()
        for row, column in np.ndindex(7, 7):
            for turn in range(8):
                sites = [(0, 0), *shape]
                for _ in range(turn % 4):
                    sites = [(x, -y) for y, x in sites]
                if turn >= 4:
                    sites = [(y, -x) for y, x in sites]
                sets.add(frozenset(((row + y) % 7, (column + x) % 7) for y, x in sites))
        assert value == sum(math.prod(int(spins[site]) for site in one) for one in sets)


def test_each_lattice_of_a_stack_has_its_own_sums():
    spins = states(2, 3, 5, 5)
    for parity in ("even", "odd"):
        found = lattice_operators(spins, parity)
        for index in np.ndindex(2, 3):
            assert found[index].tolist() == lattice_operators(spins[index], parity).tolist()


def test_large_lattices_do_not_overflow():
    up = np.ones((200, 200))
    assert lattice_operators(up).tolist() == [x * 200**2 for x in (2, 2, 1, 2, 4)]
    assert lattice_operators(up, "odd").tolist() == [x * 200**2 for x in (1, 4, 2)]


def ring_sums(spins):
    return -ising.chain_energy(spins, 1.0)[:, None]


@pytest.mark.parametrize("coupling", [0.2, 0.7, 1.5])
def test_the_decimated_ring_has_its_exact_derivative(coupling):
    spins = ising.enumerate_spins(12)
    law = ising.boltzmann_probabilities(12, coupling)
    found = stability_matrix(ring_sums(spins), ring_sums(spins[:, ::2]), law)
    assert found[0, 0] == pytest.approx(math.tanh(2 * coupling), rel=1e-12)
    # dh'/dh of the decimated chain without a field is 1 + tanh 2K.
    field = spins.sum(axis=1, keepdims=True), spins[:, ::2].sum(axis=1, keepdims=True)
    assert stability_matrix(*field, law)[0, 0] == pytest.approx(1 + math.tanh(2 * coupling))


def test_two_couplings_and_their_order():
    # Fine sums that are known mixtures of the coarse ones: S = S' M has T = M.
    coarse = np.random.default_rng(2).normal(size=(5000, 2))
    mixture = np.array([[2.0, 0.5], [-1.0, 1.5]])
    np.testing.assert_allclose(stability_matrix(coarse @ mixture, coarse), mixture, rtol=1e-12)
    found = monte_carlo_rg(coarse @ np.diag([0.5, 3.0]), coarse)
    np.testing.assert_allclose(found.value, [3.0, 0.5], rtol=1e-12)
    assert (found.error < 1e-12).all()
    assert monte_carlo_rg(coarse @ np.diag([0.5, 3.0]), coarse, 1).value == pytest.approx([0.5])


def test_weights_are_repeated_samples():
    rng = np.random.default_rng(3)
    fine, coarse = rng.normal(size=(2, 30, 2))
    counts = rng.integers(0, 4, size=30)
    repeated = np.repeat(fine, counts, axis=0), np.repeat(coarse, counts, axis=0)
    found = stability_matrix(fine, coarse, counts)
    np.testing.assert_allclose(found, stability_matrix(*repeated), rtol=1e-10)


def test_the_error_covers_the_truth():
    inside = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        coarse = rng.normal(size=(200, 1))
        found = monte_carlo_rg(1.5 * coarse + rng.normal(size=(200, 1)), coarse)
        inside.append(abs(found.value[0] - 1.5) < found.error[0])
    # 68 % within four binomial errors.
    assert abs(np.mean(inside) - 0.683) < 4 * math.sqrt(0.683 * 0.317 / 400)


def test_operators_that_cannot_be_told_apart_are_refused():
    coarse = np.random.default_rng(4).normal(size=(50, 1))
    for bad in (np.hstack([coarse, 2 * coarse]), np.ones((50, 2))):
        with pytest.raises(ValueError, match="coarse must hold operators that vary"):
            stability_matrix(np.ones((50, 2)), bad)
    with pytest.raises(ValueError, match="one shape"):
        monte_carlo_rg(coarse, coarse[1:])
    assert stability_matrix([[1.0], [4.0]], [[0.0], [2.0]]) == pytest.approx(1.5)
    with pytest.raises(ValueError, match="n_samples >= 2"):
        stability_matrix(coarse[:1], coarse[:1])


def test_an_operator_that_is_always_zero_does_not_respond():
    coarse = np.random.default_rng(4).normal(size=(50, 1))
    assert stability_matrix(np.zeros((50, 1)), coarse) == 0
    with pytest.raises(ValueError, match="coarse must hold operators that vary"):
        stability_matrix(coarse, np.zeros((50, 1)))


def test_numbers_of_operators_and_of_blocks_have_limits():
    fine, coarse = np.random.default_rng(5).normal(size=(2, 20, 2))
    for n_blocks in (2, 10):
        assert np.isfinite(monte_carlo_rg(fine, coarse, n_blocks=n_blocks).error).all()
    for n_operators, n_blocks, name in (
        (0, 5, "n_operators"),
        (3, 5, "n_operators"),
        (2, 1, "n_blocks"),
        (2, 11, "n_blocks"),
    ):
        with pytest.raises(ValueError, match=f"{name} must be at"):
            monte_carlo_rg(fine, coarse, n_operators, n_blocks=n_blocks)
    for weights in (np.zeros(20), np.linspace(-1e-3, 1, 20)):
        with pytest.raises(ValueError, match="weights must not be negative"):
            stability_matrix(fine, coarse, weights)


def test_operators_may_have_any_unit():
    fine, coarse = np.random.default_rng(6).normal(size=(2, 30, 2))
    expected = stability_matrix(fine, coarse)
    found = stability_matrix(1e-80 * fine, 1e-80 * coarse + [1e-80, 0])
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    found = stability_matrix(fine * [1e50, 1], coarse * [1, 1e50])
    np.testing.assert_allclose(found, expected * [[1e50, 1], [1, 1e-50]], rtol=1e-9)
