"""Numbers of states and the law of the total spin, against enumeration and Kaufman."""

import math

import numpy as np
import pytest

from rgrbm import ising
from rgrbm.transfer_matrix import density_of_states, torus_log_partition, total_spin_law

CRITICAL = math.asinh(1) / 2
pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("size", [2, 3, 4])
def test_states_are_counted_as_by_enumeration(size):
    energy = ising.lattice_energy(ising.enumerate_lattice(size), 1.0)
    expected = np.bincount(((energy + 2 * size**2) // 4).astype(int), minlength=size**2 + 1)
    assert density_of_states(size).tolist() == expected.tolist()


@pytest.mark.parametrize("size", [5, 6, 8, 11, 16])
def test_all_states_are_counted_and_make_the_partition_function(size):
    counts = density_of_states(size)
    assert all(type(count) is int and count >= 0 for count in counts)
    assert sum(counts) == 2 ** (size**2)
    assert counts[:3].tolist() == [2, 0, 2 * size**2]
    if size % 2 == 0:
        assert counts.tolist() == counts[::-1].tolist()
    for coupling in (0.1, CRITICAL, 0.9):
        excited = math.fsum(
            count / 2 ** (size**2) * math.exp(-4 * coupling * k) for k, count in enumerate(counts)
        )
        log_partition = math.log(excited) + size**2 * (math.log(2) + 2 * coupling)
        assert log_partition == pytest.approx(torus_log_partition(size, coupling), rel=1e-13)


def test_the_numbers_of_the_largest_lattice_are_exact_integers():
    counts = density_of_states(16)
    # Turned over: two spins side by side; two apart, three in a row or round a corner, a square.
    n = 256
    assert counts[3] == 2 * 2 * n
    assert counts[4] == 2 * (n * (n - 5) // 2 + 6 * n + n)
    assert max(counts) > 2**250


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("coupling", [0.0, 0.3, CRITICAL, 1.5, -0.5])
def test_total_spins_have_the_law_of_enumeration(size, coupling):
    if coupling < 0 and size % 2:
        with pytest.raises(ValueError, match="coupling must not be negative"):
            total_spin_law(size, coupling)
        return
    spins = ising.enumerate_lattice(size)
    weights = np.exp(-ising.lattice_energy(spins, coupling))
    n_up = (spins == 1).sum(axis=(1, 2))
    expected = np.bincount(n_up, weights) / weights.sum()
    np.testing.assert_allclose(total_spin_law(size, coupling), expected, rtol=1e-12)


@pytest.mark.parametrize("size", [5, 6, 8])
def test_rare_totals_are_right_too(size):
    law = total_spin_law(size, CRITICAL)
    np.testing.assert_array_equal(law, law[::-1])
    ground = math.exp(2 * CRITICAL * size**2 - torus_log_partition(size, CRITICAL))
    assert law[-1] == pytest.approx(ground, rel=1e-12)
    assert law[-2] == pytest.approx(ground * size**2 * math.exp(-8 * CRITICAL), rel=1e-12)
    free = total_spin_law(size, 0.0)
    binomial = [math.comb(size**2, k) / 2 ** (size**2) for k in range(size**2 + 1)]
    np.testing.assert_allclose(free, binomial, rtol=1e-12)


@pytest.mark.slow
def test_the_largest_lattice():
    law = total_spin_law(10, CRITICAL)
    ground = math.exp(200 * CRITICAL - torus_log_partition(10, CRITICAL))
    assert law[0] == pytest.approx(ground, rel=1e-12)


def test_extreme_couplings_give_a_law():
    for coupling in (1e100, -1e100, 400.0, 1e-300):
        law = total_spin_law(4, coupling)
        assert law.sum() == pytest.approx(1, rel=1e-12)
    np.testing.assert_array_equal(total_spin_law(4, 1e100)[[0, -1]], [0.5, 0.5])
    assert total_spin_law(4, -1e100)[8] == 1


def test_sizes_have_limits():
    for function, most in ((density_of_states, 16), (lambda n: total_spin_law(n, 0.3), 10)):
        for size, bound in ((1, "at least 2"), (most + 1, f"at most {most}")):
            with pytest.raises(ValueError, match=f"size must be {bound}"):
                function(size)
