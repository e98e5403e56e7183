"""Energies and moments of spin glasses in plain loops."""

import math
from itertools import product

import numpy as np
import pytest

from rgrbm.ising import enumerate_spins, glass_energy, glass_moments


def loop_energy(state, bonds):
    size = len(state)
    energy = 0.0
    for x, y, z in product(range(size), repeat=3):
        ahead = [((x + 1) % size, y, z), (x, (y + 1) % size, z), (x, y, (z + 1) % size)]
        for axis in range(3):
            energy -= bonds[axis, x, y, z] * state[x, y, z] * state[ahead[axis]]
    return energy


@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_energy_is_a_sum_over_bonds(size):
    rng = np.random.default_rng(size)
    spins = rng.choice(np.array([-1, 1], dtype=np.int8), size=(4, 2, size, size, size))
    bonds = rng.normal(size=(2, 3, size, size, size))
    found = glass_energy(spins, bonds)
    assert found.shape == (4, 2)
    for index in np.ndindex(4, 2):
        assert found[index] == pytest.approx(loop_energy(spins[index], bonds[index[1]]))


def test_leading_axes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="spins and bonds must have leading axes"):
        glass_energy(np.ones((2, 2, 2, 2)), np.ones((3, 3, 2, 2, 2)))


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_moments_are_sums_over_pairs_of_states(scale):
    bonds = scale * np.random.default_rng(1).normal(size=(3, 2, 2, 2))
    states = enumerate_spins(8)
    energies = [loop_energy(state.reshape(2, 2, 2), bonds) for state in states]
    weights = [math.exp(-energy) for energy in energies]
    total = math.fsum(weights)
    energy = math.fsum(w * e for w, e in zip(weights, energies, strict=True)) / total
    second = fourth = 0.0
    for w, s in zip(weights, states, strict=True):
        for v, t in zip(weights, states, strict=True):
            q = sum(int(a) * int(b) for a, b in zip(s, t, strict=True)) / 8
            second, fourth = second + w * v * q**2, fourth + w * v * q**4
    expected = energy, second / total**2, fourth / total**2
    np.testing.assert_allclose(glass_moments(bonds), expected, rtol=1e-12)
