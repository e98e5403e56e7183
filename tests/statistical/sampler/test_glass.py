"""Tempering has the exact law of small spin glasses, keeps it, and arrives at it.

Means over glasses are compared with their exact values by 5 standard errors, which are those of
differences between independent glasses; the seeds are fixed.
"""

from functools import cache

import numpy as np
import pytest

from rgrbm.ising import enumerate_spins, glass_energy, glass_moments
from rgrbm.sampler import EdwardsAnderson
from rgrbm.sampler._glass_kernels import plain_temper
from rgrbm.transfer_matrix import glass_log_partition

TEMPERATURES = [0.7, 1.1, 2.0, 4.0]
SIGMAS = 5


def agree(found, exact):
    """Whether differences of glasses, on the last axis, have a mean of zero."""
    difference = found - exact
    error = difference.std(axis=-1, ddof=1) / np.sqrt(difference.shape[-1])
    assert (np.abs(difference.mean(axis=-1)) < SIGMAS * error).all()


@cache
def two_a_side():
    """Glasses of two sites a side, and their exact moments, (3, n_temperatures, n_samples)."""
    glass = EdwardsAnderson(2, TEMPERATURES, n_samples=256, rng=np.random.default_rng(1))
    exact = [[glass_moments(bonds / t) for bonds in glass.bonds] for t in TEMPERATURES]
    exact = np.moveaxis(exact, 2, 0)
    exact[0] *= np.array(TEMPERATURES)[:, None]
    return glass, exact


def moments(glass):
    q = glass.plane_overlaps()[:, :, 0].sum(axis=-1) / glass.size**3
    return np.stack([glass.energies().mean(axis=1), q**2, q**4])


@pytest.mark.slow
def test_two_sites_a_side_by_enumeration():
    glass, exact = two_a_side()
    glass.run(100)
    found = glass.run(6000, observe=moments, every=2).mean(axis=0)
    agree(found, exact)
    # Each glass on its own: 3000 looks, and none of the glasses is stuck.
    assert np.abs(found - exact)[1:].max() < 0.05
    assert np.abs(found - exact)[0].max() < 0.3


def exact_energies(bonds, temperatures, step=1e-3):
    """Energies from slopes of ln Z, in units of J."""
    return np.array(
        [
            [
                -(glass_log_partition(b * (1 / t + step)) - glass_log_partition(b * (1 / t - step)))
                / (2 * step)
                for b in bonds
            ]
            for t in temperatures
        ]
    )


@pytest.mark.slow
def test_three_sites_a_side_by_the_transfer_matrix():
    temperatures = [1.1, 1.5, 2.0]
    glass = EdwardsAnderson(3, temperatures, n_samples=64, rng=np.random.default_rng(2))
    glass.run(300)
    found = glass.run(4000, observe=EdwardsAnderson.energies, every=2).mean(axis=(0, 2))
    exact = exact_energies(glass.bonds[:24], temperatures)
    agree(found[:, :24], exact)
    assert np.abs(found[:, :24] / exact - 1).max() < 0.015


def test_the_law_stays():
    """Start in the exact law of two sites a side: one sweep with its exchanges keeps it."""
    rng = np.random.default_rng(3)
    glass = EdwardsAnderson(2, TEMPERATURES, n_samples=64 * 100, rng=rng)
    states = enumerate_spins(8)
    energy = glass_energy(states.reshape(-1, 1, 2, 2, 2), glass.bonds)
    words = np.zeros_like(glass._words)
    lane = np.arange(64, dtype=np.uint64)
    for k, t in enumerate(TEMPERATURES):
        law = np.cumsum(np.exp((energy.min(axis=0) - energy) / t), axis=0)
        for replica in range(2):
            drawn = (law < law[-1] * rng.random(law.shape[1])).sum(axis=0)
            up = (states[drawn] > 0).reshape(100, 64, 8).astype(np.uint64)
            words[:, :, 2 * k + replica] = (up << lane[:, None]).sum(axis=1, dtype=np.uint64)
    glass._words[:] = words
    before = moments(glass)
    exact = np.array([glass_moments(b / t)[1:] for b in glass.bonds[:160] for t in TEMPERATURES])
    exact = np.moveaxis(exact.reshape(160, -1, 2), 2, 0).swapaxes(1, 2)
    agree(before[1:, :, :160], exact)
    for _ in range(3):
        glass.run(1)
        agree(moments(glass), before)


def test_each_glass_and_chain_has_numbers_of_its_own():
    """With equal bonds and the same start, chains of all lanes and replicas go apart."""
    glass = EdwardsAnderson(4, [50.0, 60.0], n_samples=128, rng=np.random.default_rng(4))
    glass._bonds[:] = 0
    glass._words[:] = 0
    glass.run(3)
    spins = glass.spins().reshape(-1, 64).astype(float)
    products = spins @ spins.T / 64
    off = products[~np.eye(len(spins), dtype=bool)]
    assert abs(off.mean()) < 0.02
    assert off.std() == pytest.approx(1 / 8, rel=0.1)
    assert np.abs(off).max() < 0.85


def test_hot_glasses_are_gaussian():
    glass = EdwardsAnderson(6, [20.0, 40.0], n_samples=640, rng=np.random.default_rng(5))
    glass.run(5)
    found = glass.run(100, observe=moments, every=5)
    second, fourth = found[:, 1].mean(axis=(0, 2)), found[:, 2].mean(axis=(0, 2))
    assert np.abs(fourth / second**2 - 3).max() < 0.15


@pytest.mark.slow
def test_the_plain_version_says_the_same():
    glass, exact = two_a_side()
    rng = np.random.default_rng(6)
    spins = rng.choice(np.array([-1, 1], dtype=np.int8), size=(4, 2, 256, 2, 2, 2))
    plain_temper(spins, glass.bonds, TEMPERATURES, 100, rng)
    found = []
    for _ in range(400):
        plain_temper(spins, glass.bonds, TEMPERATURES, 2, rng)
        q = spins.prod(axis=1).mean(axis=(2, 3, 4))
        found.append(np.stack([glass_energy(spins, glass.bonds).mean(axis=1), q**2, q**4]))
    agree(np.mean(found, axis=0), exact)


@pytest.mark.slow
def test_a_larger_glass_as_by_the_plain_version():
    """Where a carry of the counters, or a neighbour across an edge, could go wrong."""
    temperatures = [1.2, 1.6, 2.2]
    glass = EdwardsAnderson(4, temperatures, n_samples=128, rng=np.random.default_rng(7))
    glass.run(400)
    found = glass.run(2000, observe=moments, every=5).mean(axis=0)
    rng = np.random.default_rng(8)
    spins = rng.choice(np.array([-1, 1], dtype=np.int8), size=(3, 2, 128, 4, 4, 4))
    plain_temper(spins, glass.bonds, temperatures, 150, rng)
    plain = []
    for _ in range(60):
        plain_temper(spins, glass.bonds, temperatures, 5, rng)
        q = spins.prod(axis=1).mean(axis=(2, 3, 4))
        plain.append(np.stack([glass_energy(spins, glass.bonds).mean(axis=1), q**2, q**4]))
    agree(found, np.mean(plain, axis=0))
