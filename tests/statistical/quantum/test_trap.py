"""The chains of two electrons: a law that is known, kept and reached.

Without weights and cusp the positions are normal, with the variance sigma^2 / 2. Means are compared
by 5 standard errors; the seeds are fixed.
"""

import numpy as np
import pytest

from rgrbm.quantum import GaussianTrap

N_SAMPLES = 40_000


@pytest.fixture
def trap():
    trap = GaussianTrap(0, rng=np.random.default_rng(0))
    trap.visible_bias[:] = [0.5, 0.0, -0.5, 1.0]
    trap.log_variance[...] = 0.4
    return trap


def agrees(places, trap):
    variance = np.exp(trap.log_variance) / 2
    away = places - trap.visible_bias
    for found, exact in [(away, 0), (away**2, variance), (away**4, 3 * variance**2)]:
        error = found.std(axis=0) / np.sqrt(len(found))
        if (np.abs(found.mean(axis=0) - exact) > 5 * error).any():
            return False
    return True


def test_a_sweep_keeps_the_law(trap):
    rng = np.random.default_rng(1)
    scale = np.sqrt(np.exp(0.4) / 2)
    start = trap.visible_bias + scale * rng.normal(size=(N_SAMPLES, 4))
    assert agrees(start, trap)
    places = trap.sample(N_SAMPLES, n_sweeps=1, rng=rng, start=start)
    assert agrees(places, trap)
    assert (places != start).any(axis=1).mean() > 0.8


@pytest.mark.slow
def test_chains_arrive(trap):
    rng = np.random.default_rng(2)
    assert not agrees(trap.sample(N_SAMPLES, n_sweeps=0, rng=rng), trap)
    assert agrees(trap.sample(N_SAMPLES, n_sweeps=25, rng=rng), trap)
    far = np.full((N_SAMPLES, 4), 3.0)
    assert agrees(trap.sample(N_SAMPLES, n_sweeps=40, rng=rng, start=far), trap)


def test_a_hidden_unit_pulls_by_its_weight():
    """One unit splits a coordinate into two normal laws; their weights are known."""
    trap = GaussianTrap(1, rng=np.random.default_rng(0))
    trap.weights[:, 0] = [1.0, 0.0, 0.0, 0.0]
    trap.hidden_bias[:] = -0.5
    x = np.linspace(-8, 8, 4001)
    squares = np.exp(-(x**2)) * (1 + np.exp(-0.5 + x)) ** 2
    mean, second = ((squares * x**k).sum() / squares.sum() for k in (1, 2))
    places = trap.sample(N_SAMPLES, n_sweeps=30, rng=np.random.default_rng(3))[:, 0]
    for found, exact in [(places, mean), (places**2, second)]:
        assert abs(found.mean() - exact) < 5 * found.std() / np.sqrt(N_SAMPLES)
