"""The transfer matrix of spin glasses against enumeration, rings, layers and symmetries."""

import numpy as np
import pytest
from scipy.special import logsumexp

from rgrbm.ising import enumerate_spins, glass_energy, glass_moments
from rgrbm.transfer_matrix import glass_log_partition


def random_bonds(seed, size, scale=1.0):
    return scale * np.random.default_rng(seed).normal(size=(3, size, size, size))


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_two_sites_a_side_by_enumeration(scale):
    bonds = random_bonds(1, 2, scale)
    states = enumerate_spins(8).reshape(-1, 2, 2, 2)
    expected = logsumexp(-glass_energy(states, bonds))
    assert glass_log_partition(bonds) == pytest.approx(expected, rel=1e-13)


def test_three_layers_without_bonds_between_them():
    bonds = random_bonds(2, 3)
    bonds[0] = 0
    layers = enumerate_spins(9).reshape(-1, 3, 3)
    expected = 0.0
    for layer in range(3):
        within = bonds[1:, layer]
        pairs = [layers * np.roll(layers, -1, axis=axis) for axis in (1, 2)]
        energy = -sum((pairs[d] * within[d]).sum(axis=(1, 2)) for d in range(2))
        expected += logsumexp(-energy)
    assert glass_log_partition(bonds) == pytest.approx(expected, rel=1e-13)


def test_nine_rings_of_three():
    bonds = random_bonds(3, 3)
    bonds[1:] = 0
    ring = bonds[0].reshape(3, 9)
    parts = np.prod(2 * np.cosh(ring), axis=0) + np.prod(2 * np.sinh(ring), axis=0)
    assert glass_log_partition(bonds) == pytest.approx(np.log(parts).sum(), rel=1e-13)


@pytest.mark.parametrize("axes", [(1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_the_axes_are_alike(axes):
    bonds = random_bonds(4, 3)
    turned = np.stack([bonds[axis].transpose(axes) for axis in axes])
    assert glass_log_partition(turned) == pytest.approx(glass_log_partition(bonds), rel=1e-13)


def test_a_change_of_signs_of_spins_changes_nothing():
    bonds = random_bonds(5, 3)
    signs = np.random.default_rng(6).choice([-1, 1], size=(3, 3, 3))
    turned = np.stack([bonds[d] * signs * np.roll(signs, -1, axis=d) for d in range(3)])
    assert glass_log_partition(turned) == pytest.approx(glass_log_partition(bonds), rel=1e-13)


def test_the_slope_is_the_energy():
    bonds, step = random_bonds(7, 2), 1e-4
    slope = (glass_log_partition((1 + step) * bonds) - glass_log_partition((1 - step) * bonds)) / (
        2 * step
    )
    assert -slope == pytest.approx(glass_moments(bonds)[0], abs=1e-6)


@pytest.mark.parametrize("shape", [(3, 4, 4, 4), (3, 2, 2, 3), (2, 2, 2, 2), (3, 1, 1, 1)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="bonds must have the shape"):
        glass_log_partition(np.ones(shape))


def test_bonds_that_leave_nothing_to_add_are_told():
    with pytest.raises(FloatingPointError, match="ln Z"):
        glass_log_partition(1e99 * random_bonds(8, 3))
