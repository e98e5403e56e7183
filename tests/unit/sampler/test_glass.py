"""What the sampler of spin glasses promises without statistics: shapes, seeds, looks, counts."""

import numpy as np
import pytest

from rgrbm.ising import glass_energy
from rgrbm.sampler import EdwardsAnderson


def make(size, n_samples=64, temperatures=(1.0, 1.5, 2.5), seed=0):
    return EdwardsAnderson(size, temperatures, n_samples=n_samples, rng=np.random.default_rng(seed))


@pytest.mark.parametrize(("size", "n_samples"), [(2, 64), (3, 1), (4, 65), (5, 130)])
def test_counts_are_those_of_the_spins(size, n_samples):
    glass = make(size, n_samples)
    for n_sweeps in (0, 7):
        glass.run(n_sweeps)
        spins, overlaps = glass.spins(), glass.overlaps()
        assert spins.shape == (3, 2, n_samples, size, size, size)
        assert spins.dtype == overlaps.dtype == np.int8
        np.testing.assert_array_equal(glass.energies(), glass_energy(spins, glass.bonds))
        np.testing.assert_array_equal(overlaps, spins[:, 0] * spins[:, 1])
        planes = glass.plane_overlaps()
        for axis, others in enumerate([(3, 4), (2, 4), (2, 3)]):
            np.testing.assert_array_equal(planes[:, :, axis], overlaps.sum(axis=others))


def test_the_seed_fixes_everything_and_looks_nothing():
    plain, watched = make(3, 70), make(3, 70)
    plain.run(30)
    series = watched.run(30, observe=EdwardsAnderson.energies, every=10)
    assert series.shape == (3, 3, 2, 70)
    np.testing.assert_array_equal(plain.bonds, watched.bonds)
    np.testing.assert_array_equal(plain.spins(), watched.spins())
    np.testing.assert_array_equal(series[-1], watched.energies())
    np.testing.assert_array_equal(plain.swap_rates(), watched.swap_rates())


def test_bonds_and_starts_are_coins():
    glass = make(8, 640)
    for coins in (glass.bonds, glass.spins()):
        flat = coins.reshape(-1).astype(float)
        assert abs(flat.mean()) < 5 / np.sqrt(flat.size)
    replicas = glass.spins().astype(float)
    between = np.mean(replicas[:, 0] * replicas[:, 1])
    assert abs(between) < 5 / np.sqrt(replicas[:, 0].size)


def test_swaps_are_counted_where_they_were_tried():
    glass = make(2)
    assert np.isnan(glass.swap_rates()).all()
    glass.run(1)
    first, second = glass.swap_rates()
    assert 0 < first < 1
    assert np.isnan(second)
    glass.run(1)
    assert 0 < glass.swap_rates()[1] < 1
    assert make(2, temperatures=[1.0]).swap_rates().shape == (0,)


def test_equal_enough_temperatures_always_swap():
    glass = make(4, temperatures=[1.0, 1.0 + 1e-9])
    glass.run(20)
    assert glass.swap_rates()[0] > 0.9999


def test_a_single_temperature_does_without_exchanges():
    glass = make(3, temperatures=[0.5])
    before = glass.energies().mean()
    glass.run(50)
    assert glass.energies().mean() < before - 20


@pytest.mark.parametrize("temperatures", [[2.0, 1.0], [1.0, 1.0], [0.0, 1.0], [-1.0], [1e-200]])
def test_temperatures_that_do_not_increase_are_refused(temperatures):
    with pytest.raises(ValueError, match=r"temperatures must be at least 1e-100 and increase"):
        make(2, temperatures=temperatures)
