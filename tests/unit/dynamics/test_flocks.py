"""Flocks: neighbours against all pairs, one step by hand, and two limits that are exact."""

import math

import numpy as np
import pytest

from rgrbm.dynamics import flock
from rgrbm.dynamics._flock_kernels import plain_sum_headings, sum_headings
from rgrbm.estimate import Estimate


@pytest.mark.parametrize("n_birds", [1, 2, 40, 400])
@pytest.mark.parametrize("size", [1.0, 1.4, 2.0, 2.9, 3.0, 3.7, 10.0, 1000.0])
def test_the_kernel_agrees_with_all_pairs(n_birds, size):
    rng = np.random.default_rng(n_birds)
    positions = rng.uniform(0, size, (n_birds, 2))
    positions[0] = size  # a modulo can round up to it
    headings = np.exp(1j * rng.uniform(-np.pi, np.pi, n_birds))
    plain = plain_sum_headings(positions, headings, size)
    assert np.allclose(sum_headings(positions, headings, size), plain, atol=1e-12)


def test_birds_see_each_other_up_to_a_distance_of_one_and_across_the_edges():
    places = [[0.25, 0.25], [1.25, 0.25], [5.5, 5.5], [0.25, 5.25], [1.0, 1.0]]
    headings = np.array([1, 10, 100, 1000, 10_000], dtype=complex)
    sums = sum_headings(np.array(places), headings, 6.0)
    assert sums.real.tolist() == [1011, 10_011, 1100, 1101, 10_010]
    assert np.all(sums.imag == 0)


@pytest.mark.parametrize("size", [4.0, 1.3])
def test_the_steps_are_those_of_the_definition(size):
    n_birds, noise, speed = 30, 0.5, 0.25
    rng = np.random.default_rng(3)
    positions = rng.uniform(0, size, (n_birds, 2))
    angles = rng.uniform(-np.pi, np.pi, n_birds)
    for _ in range(3):
        sums = plain_sum_headings(positions, np.exp(1j * angles), size)
        angles = np.arctan2(sums.imag, sums.real) + noise * rng.uniform(-0.5, 0.5, n_birds)
        positions = positions + speed * np.transpose([np.cos(angles), np.sin(angles)])
        positions %= size
    rng = np.random.default_rng(3)
    found = flock(n_birds, size, noise, speed=speed, n_steps=3, rng=rng)
    assert np.allclose(found[0], positions, atol=1e-12)
    assert np.allclose(found[1], angles, atol=1e-12)


def test_looks_are_kept():
    def see(positions, angles):
        return [*positions.mean(axis=0), angles.mean()]

    run = {"speed": 0.5, "n_steps": 7}
    *end, series = flock(20, 3.0, 0.25, **run, rng=np.random.default_rng(0), observe=see, every=3)
    assert series.shape == (2, 3)
    run["n_steps"] = 6
    at_six = flock(20, 3.0, 0.25, **run, rng=np.random.default_rng(0))
    assert np.array_equal(series[1], see(*at_six))
    unobserved = flock(20, 3.0, 0.25, speed=0.5, n_steps=7, rng=np.random.default_rng(0))
    assert all(map(np.array_equal, end, unobserved))


def squared_order(n_birds, size, noise, n_steps=2000):
    def see(positions, angles):
        return abs(np.exp(1j * angles).mean()) ** 2

    rng = np.random.default_rng(5)
    *_, series = flock(n_birds, size, noise, speed=0.5, n_steps=n_steps, rng=rng, observe=see)
    return series


def test_full_noise_leaves_independent_headings():
    found = Estimate.mean(60 * squared_order(60, 4.0, 2 * math.pi))
    assert found.error < 0.03
    assert abs(found.value - 1) < 4 * found.error


@pytest.mark.parametrize("noise", [0.5, 2.0, 4.5])
def test_where_all_see_all_the_order_is_that_of_the_noise_alone(noise):
    # Given the common direction the misses are independent, step by step.
    found = Estimate.mean(squared_order(60, 1.4, noise))
    s = math.sin(noise / 2) / (noise / 2)
    assert found.error < 0.01
    assert abs(found.value - s**2 - (1 - s**2) / 60) < 4 * found.error


def test_without_noise_a_flock_that_sees_all_flies_straight_on():
    def see(positions, angles):
        return angles

    rng = np.random.default_rng(6)
    positions, _, series = flock(10, 1.2, 0.0, speed=0.25, n_steps=5, rng=rng, observe=see)
    assert np.allclose(series, series[0, 0])
    assert np.all((positions >= 0) & (positions <= 1.2))
