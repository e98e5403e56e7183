"""Rules that grow lattices: against plain loops, enumeration, and what can be said by hand."""

import itertools
import math

import numpy as np
import pytest

from rgrbm import ising, transfer_matrix
from rgrbm.decimation import block_spins
from rgrbm.inverse import corner_features, fit_rule, grow, match_rule

pytestmark = pytest.mark.filterwarnings("error")

RULE = [0.8, 0.3, -0.2, 0.1, 0.15, -0.1]
CRITICAL = math.asinh(1) / 2


def states(*shape):
    return np.random.default_rng(1).choice(np.array([-1, 1], dtype=np.int8), size=shape)


def seen(coarse, row, column):
    """What the fine spin of a row and a column sees: its own coarse spin, u, v and d."""
    size = len(coarse)
    down, right = (1 if place % 2 else -1 for place in (row, column))
    i, j = row // 2, column // 2
    beyond = (i + down) % size, (j + right) % size
    return [int(coarse[at]) for at in ((i, j), (beyond[0], j), (i, beyond[1]), beyond)]


def log_odds(coarse, row, column, weights):
    mu, u, v, d = seen(coarse, row, column)
    features = [mu, u + v, d, mu * u * v, u * v * d, mu * (u + v) * d]
    return sum(weight * feature for weight, feature in zip(weights, features, strict=False))


def step_law(coarse, weights):
    """Probabilities of all fine states, in the order of `ising.enumerate_spins`."""
    size = 2 * len(coarse)
    up = np.array(
        [
            1 / (1 + math.exp(-2 * log_odds(coarse, row, column, weights)))
            for row, column in itertools.product(range(size), repeat=2)
        ]
    )
    fine = ising.enumerate_spins(size**2)
    return np.where(fine > 0, up, 1 - up).prod(axis=1)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_each_corner_sees_its_own_neighbours(size):
    coarse = states(2, 3, size, size)
    features = corner_features(coarse, 6)
    assert features.shape == (2, 3, 2 * size, 2 * size, 6)
    assert features.dtype == np.int8
    for index in np.ndindex(features.shape[:-1]):
        mu, u, v, d = seen(coarse[index[:2]], *index[2:])
        expected = [mu, u + v, d, mu * u * v, u * v * d, mu * (u + v) * d]
        assert features[index].tolist() == expected
    np.testing.assert_array_equal(corner_features(coarse), features[..., :3])
    np.testing.assert_array_equal(corner_features(-coarse, 6), -features)


@pytest.mark.parametrize("weights", [RULE[:3], RULE])
def test_one_step_has_its_law(weights):
    coarse = np.array([[1, 1], [1, -1]])
    law = step_law(coarse, weights)
    assert law.sum() == pytest.approx(1)
    n_samples = 200_000
    grown = grow(np.tile(coarse, (n_samples, 1, 1)), weights, np.random.default_rng(2))
    fine = ising.enumerate_spins(16)
    flat = grown.reshape(n_samples, 16).astype(float)
    # All means and products of pairs; 136 of them, within 5 standard errors.
    products = np.einsum("s,si,sj->ij", law, fine, fine)
    for found, expected in ((flat.mean(axis=0), law @ fine), (flat.T @ flat / len(flat), products)):
        error = np.sqrt((1 - expected**2).clip(0) / n_samples)
        assert np.all(np.abs(found - expected) <= 5 * error + 1e-12)


@pytest.mark.parametrize("weights", [RULE[:3], RULE])
def test_a_planted_rule_is_found_in_its_own_law(weights):
    coarse = ising.enumerate_spins(4).reshape(-1, 2, 2)
    fine = ising.enumerate_spins(16).reshape(-1, 4, 4)
    of_coarse = np.arange(1, 17) / 136
    pairs_of = [(np.tile(one, (len(fine), 1, 1)), step_law(one, weights)) for one in coarse]
    found = fit_rule(
        np.tile(fine, (len(coarse), 1, 1)),
        np.concatenate([one for one, _ in pairs_of]),
        len(weights),
        probabilities=np.concatenate(
            [p * law for p, (_, law) in zip(of_coarse, pairs_of, strict=True)]
        ),
    )
    np.testing.assert_allclose(found, weights, atol=1e-9)


def test_six_weights_are_the_frequencies_of_the_six_surroundings():
    fine = ising.enumerate_spins(16).reshape(-1, 4, 4)[::97]
    energy = ising.lattice_energy(fine, CRITICAL)
    law = np.exp(energy.min() - energy)
    coarse = block_spins(fine, "corner")
    counts = {}
    for row, column in itertools.product(range(4), repeat=2):
        for state, one, weight in zip(fine, coarse, law, strict=True):
            mu, u, v, d = seen(one, row, column)
            kind = counts.setdefault((*sorted([mu * u, mu * v]), mu * d), [0.0, 0.0])
            kind[int(state[row, column] == mu)] += weight
    assert len(counts) == 6
    weights = fit_rule(fine, coarse, 6, probabilities=law)
    for (u, v, d), (unlike, alike) in counts.items():
        odds = weights @ [1, u + v, d, u * v, u * v * d, (u + v) * d]
        assert math.exp(2 * odds) == pytest.approx(alike / unlike, rel=1e-9)


def test_rules_that_are_known_by_hand():
    rng = np.random.default_rng(3)
    copied = grow(states(50, 4, 4), [20.0, 0.0, 0.0], rng, 3)
    np.testing.assert_array_equal(copied, states(50, 4, 4).repeat(8, axis=1).repeat(8, axis=2))
    noise = grow(np.ones((400, 8, 8)), [0.0, 0.0, 0.0], rng)
    energy = ising.lattice_energy(noise, 1.0) / 256
    assert abs(energy.mean()) < 5 * math.sqrt(2 / 256 / 400)
    against = grow(np.ones((1, 4, 4)), [-20.0, 0.0, 0.0], rng)
    assert (against == -1).all()
    assert grow([[1]], RULE, rng, 0).tolist() == [[1]]
    assert grow(np.ones((2, 0, 2, 2)), RULE, rng, 2).shape == (2, 0, 8, 8)


def test_no_sign_is_preferred():
    grown, turned = (
        grow(sign * states(30, 8, 8), RULE, np.random.default_rng(4), 2) for sign in (1, -1)
    )
    np.testing.assert_array_equal(grown, -turned)


def test_lattices_are_grown_one_after_the_other_or_at_once():
    coarse = states(300, 8, 8)  # more than one part
    whole = grow(coarse, RULE, np.random.default_rng(5), 2)
    assert whole.shape == (300, 32, 32)
    np.testing.assert_array_equal(
        grow(coarse.reshape(3, 100, 8, 8), RULE, np.random.default_rng(5), 2),
        whole.reshape(3, 100, 32, 32),
    )


def test_a_likelihood_without_a_maximum_is_refused():
    coarse = states(20, 4, 4)
    with pytest.raises(ValueError, match="fine must differ from coarse"):
        fit_rule(coarse.repeat(2, axis=1).repeat(2, axis=2), coarse)
    with pytest.raises(ValueError, match="six surroundings"):
        fit_rule(states(20, 8, 8), np.ones((20, 4, 4)))
    with pytest.raises(ValueError, match="n_weights must be 3 or 6"):
        fit_rule(states(20, 8, 8), coarse, 4)
    with pytest.raises(ValueError, match="sizes must be powers of 2, rising"):
        match_rule([[-1, 2, 0.5]], sizes=[6], n_samples=10, rng=np.random.default_rng(0))


def exact_averages(size):
    energy = transfer_matrix.torus_thermodynamics(size, CRITICAL)[1]
    total = np.arange(-(size**2), size**2 + 1, 2)
    law = transfer_matrix.total_spin_law(size, CRITICAL)
    square = law @ total**2
    return energy, square / size**2, 1 - law @ (total / size) ** 4 / (3 * (square / size**2) ** 2)


def test_a_matched_rule_has_the_averages():
    targets = [exact_averages(size) for size in (2, 4)]
    rule = match_rule(targets, sizes=[2, 4], n_samples=8000, rng=np.random.default_rng(6))
    spins = np.ones((40_000, 1, 1))
    rng = np.random.default_rng(7)
    for size, (energy, susceptibility, cumulant) in zip((2, 4), targets, strict=True):
        spins = grow(spins, rule, rng)
        squares = spins.sum(axis=(1, 2), dtype=float) ** 2
        found = ising.lattice_energy(spins, 1.0).mean() / size**2
        # 3 weights for 6 numbers, and the noise of 8000 lattices, 1 % in the susceptibility.
        assert found == pytest.approx(energy, rel=0.02)
        assert squares.mean() / size**2 == pytest.approx(susceptibility, rel=0.04)
        ratio = 1 - np.mean(squares**2) / (3 * squares.mean() ** 2)
        assert ratio == pytest.approx(cumulant, rel=0.02)


def test_matching_takes_one_number_from_its_generator():
    rng, other = np.random.default_rng(8), np.random.default_rng(8)
    first = match_rule([[-1.5, 12, 0.6]], sizes=[4], n_samples=50, rng=rng)
    other.integers(2**63)
    assert rng.bit_generator.state == other.bit_generator.state
    again = match_rule(
        [[-1.5, 12, 0.6]], sizes=[4], n_samples=50, rng=np.random.default_rng(8), n_weights=6
    )
    assert first.shape == (3,)
    assert again.shape == (6,)
