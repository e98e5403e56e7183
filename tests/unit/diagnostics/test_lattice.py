"""Binder's cumulant and pseudo-likelihood couplings, against exact laws."""

import math

import numpy as np
import pytest

from rgrbm import ising
from rgrbm.diagnostics import binder, pseudo_likelihood_couplings

pytestmark = pytest.mark.filterwarnings("error")
NEIGHBOURS, DIAGONALS = [(0, 1), (1, 0)], [(1, 1), (1, -1)]


def test_binders_cumulant_is_a_ratio_of_moments():
    values = np.array([3.0, -1.0, 2.0, 5.0, -4.0])
    expected = 1 - np.mean(values**4) / (3 * np.mean(values**2) ** 2)
    assert binder(values).value == pytest.approx(expected, rel=1e-14)
    assert binder(1e-90 * values).value == pytest.approx(expected, rel=1e-12)
    assert binder(1e90 * values).value == pytest.approx(expected, rel=1e-12)


def test_binders_cumulant_of_normal_and_of_two_valued_samples():
    rng = np.random.default_rng(0)
    found = binder(rng.normal(size=100_000))
    assert abs(found.value) < 4 * found.error < 0.1
    found = binder(rng.choice([-0.8, 0.8], size=1000))
    assert found.value == pytest.approx(2 / 3)


def test_the_error_of_binders_cumulant_covers_the_truth():
    inside = []
    for seed in range(400):
        values = np.random.default_rng(seed).uniform(-1, 1, size=500)
        found = binder(values)
        inside.append(abs(found.value - (1 - (1 / 5) / (3 / 9))) < found.error)
    assert abs(np.mean(inside) - 0.683) < 4 * math.sqrt(0.683 * 0.317 / 400)


def samples(size, coupling, n_samples, diagonal=0.0, seed=0):
    """Exact samples of a small torus with diagonal couplings, by enumeration."""
    spins = ising.enumerate_lattice(size)
    crossed = spins * (np.roll(spins, (1, 1), axis=(1, 2)) + np.roll(spins, (1, -1), axis=(1, 2)))
    weights = np.exp(
        -ising.lattice_energy(spins, coupling) + diagonal * crossed.sum(axis=(1, 2), dtype=int)
    )
    drawn = np.random.default_rng(seed).choice(
        len(spins), size=n_samples, p=weights / weights.sum()
    )
    return spins[drawn]


@pytest.mark.parametrize(("coupling", "diagonal"), [(0.2, 0.0), (0.4, 0.0), (0.2, -0.1)])
def test_couplings_of_exact_samples_are_found(coupling, diagonal):
    spins = samples(4, coupling, 4000, diagonal)
    found = pseudo_likelihood_couplings(spins, [NEIGHBOURS, DIAGONALS])
    assert (found.error < 0.02).all()
    np.testing.assert_array_less(np.abs(found.value - [coupling, diagonal]), 4 * found.error)


def test_the_pseudo_likelihood_has_its_maximum_there():
    spins = samples(4, 0.3, 300)
    shells = [NEIGHBOURS, DIAGONALS]

    def log_likelihood(couplings):
        total = 0.0
        for state in spins.astype(int):
            for row, column in np.ndindex(4, 4):
                felt = 0.0
                for value, shell in zip(couplings, shells, strict=True):
                    for down, right in shell:
                        felt += value * state[(row + down) % 4, (column + right) % 4]
                        felt += value * state[(row - down) % 4, (column - right) % 4]
                total -= math.log1p(math.exp(-2 * state[row, column] * felt))
        return total

    best = pseudo_likelihood_couplings(spins, shells).value
    for step in ([1e-4, 0], [0, 1e-4]):
        slope = log_likelihood(best + step) - log_likelihood(best - np.array(step))
        assert abs(slope) < 1e-6
        assert log_likelihood(best + 100 * np.array(step)) < log_likelihood(best)


def test_the_errors_of_couplings_cover_the_truth():
    inside = []
    for seed in range(150):
        found = pseudo_likelihood_couplings(samples(3, 0.25, 100, seed=seed), [NEIGHBOURS])
        inside.append(abs(found.value[0] - 0.25) < found.error[0])
    assert abs(np.mean(inside) - 0.683) < 4 * math.sqrt(0.683 * 0.317 / 150)


def test_samples_without_a_maximum_are_refused():
    up = np.ones((10, 4, 4))
    with pytest.raises(ValueError, match="no maximum"):
        pseudo_likelihood_couplings(up, [NEIGHBOURS])
    disordered = np.random.default_rng(0).choice([-1, 1], size=(50, 4, 4))
    with pytest.raises(ValueError, match="no maximum"):
        pseudo_likelihood_couplings(disordered, [NEIGHBOURS, [(0, -1), (-1, 0)]])
    for shells in ([], [[]], [[(0, 1, 2)]], [(0, 1)], 3, [[(0.5, 1)]], "no"):
        with pytest.raises((ValueError, TypeError), match="shells"):
            pseudo_likelihood_couplings(disordered, shells)


def test_errors_are_those_of_a_jackknife():
    spins, shells = samples(3, 0.25, 9), [NEIGHBOURS]
    magnetization = spins.mean(axis=(1, 2))
    blocks = np.array_split(np.arange(9), 2)
    for found, estimate in (
        (binder(magnetization, n_blocks=2), lambda kept: binder(magnetization[kept])),
        (
            pseudo_likelihood_couplings(spins, shells, n_blocks=2),
            lambda kept: pseudo_likelihood_couplings(spins[kept], shells),
        ),
    ):
        without = [np.ravel(estimate(np.setdiff1d(np.arange(9), block)).value) for block in blocks]
        # Half of what two blocks differ by, and Student's factor for two values.
        expected = np.abs(without[0] - without[1]) / 2 * math.tan(0.5 * math.pi * 0.682689492137)
        np.testing.assert_allclose(np.ravel(found.error), expected, rtol=1e-9)


def test_few_samples_are_enough_and_fewer_are_refused():
    assert binder([0.0, 2.0, 2.0]).value == pytest.approx(1 - 3 / (3 * 2))
    for wrong, told in (([0.0, 2.0, 0.0], "got 1"), ([0.0, 0.0], "got 0")):
        with pytest.raises(ValueError, match=f"at least two values that are not 0, {told}"):
            binder(wrong)
    with pytest.raises(ValueError, match="but in one block"):
        binder([0.0, 0.0, 1.0, -1.0], n_blocks=2)
    spins = np.random.default_rng(0).choice([-1, 1], size=(2, 8, 8))
    assert np.isfinite(pseudo_likelihood_couplings(spins, [NEIGHBOURS]).value).all()
    with pytest.raises(ValueError, match="n_samples >= 2"):
        pseudo_likelihood_couplings(spins[:1], [NEIGHBOURS])
    with pytest.raises(ValueError, match="n_samples, size, size"):
        pseudo_likelihood_couplings(spins[0], [NEIGHBOURS])
    for call in (
        lambda: binder([1.0, 2.0], n_blocks=1),
        lambda: pseudo_likelihood_couplings(spins, [NEIGHBOURS], n_blocks=1),
    ):
        with pytest.raises(ValueError, match="n_blocks must be at least 2"):
            call()


def test_steps_may_go_round_the_torus_but_have_a_limit():
    spins = samples(4, 0.2, 100)
    near, far = (pseudo_likelihood_couplings(spins, [[(0, n)]]).value for n in (1, 1 - 2**31))
    np.testing.assert_allclose(near, far, rtol=1e-12)
    for n in (2**31 + 1, -(2**31) - 1):
        with pytest.raises(ValueError, match="shells must be"):
            pseudo_likelihood_couplings(spins, [[(0, n)]])
