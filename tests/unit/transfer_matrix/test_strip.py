"""The endless strip against a long torus, by enumeration of its rows."""

import math

import numpy as np
import pytest

from rgrbm import ising
from rgrbm.diagnostics import mutual_information
from rgrbm.transfer_matrix import strip_law

CRITICAL = math.asinh(1) / 2


@pytest.mark.parametrize(("distance", "coupling"), [(1, 0.2), (2, 0.2), (1, -0.15), (2, -0.15)])
def test_the_strip_is_a_long_torus(distance, coupling):
    width, n_rows = 2, 9
    spins = ising.enumerate_spins(width * n_rows).reshape(-1, n_rows, width)
    bonds = spins * (np.roll(spins, 1, axis=1) + np.roll(spins, 1, axis=2))
    weights = np.exp(coupling * bonds.sum(axis=(1, 2), dtype=int))
    block = ising.state_index(spins[:, 4:6].reshape(-1, 4))
    ends = ising.state_index(
        np.concatenate([spins[:, 4 - distance], spins[:, 5 + distance]], axis=1)
    )
    joint = np.zeros((16, 4**width))
    np.add.at(joint, (block, ends), weights / weights.sum())
    # The torus closes after nine rows: that changes the law by the eighth power of a ratio.
    np.testing.assert_allclose(strip_law(width, coupling, distance), joint, rtol=0.02)


def test_the_block_is_two_by_two_and_in_order():
    joint = strip_law(4, 0.4, 1)
    law = joint.sum(axis=1)
    spins = ising.enumerate_spins(4).astype(float)
    products = {(i, j): law @ (spins[:, i] * spins[:, j]) for i in range(4) for j in range(i)}
    along, down = products[1, 0], products[2, 0]
    assert products[3, 2] == pytest.approx(along)
    assert products[3, 1] == pytest.approx(down)
    assert products[3, 0] == pytest.approx(products[2, 1])
    assert products[3, 0] < min(along, down)
    # The row above is nearer to the upper spins of the block than to the lower ones.
    above = ising.enumerate_spins(8).astype(float)[:, 0]
    assert spins[:, 0] @ joint @ above > spins[:, 2] @ joint @ above


def test_information_falls_with_the_distance():
    told = [mutual_information(strip_law(3, CRITICAL, distance)) for distance in (1, 2, 3, 50)]
    assert told == sorted(told, reverse=True)
    assert told[-1] < 1e-6


def test_strong_couplings_keep_both_phases():
    for coupling in (20.0, -20.0):
        joint = strip_law(4, coupling, 3)
        assert joint.sum() == pytest.approx(1)
        assert joint.min() >= 0, "but for the rounding of an eigenvector"
        assert np.sort(joint.ravel())[-2:] == pytest.approx([0.5, 0.5])


def test_any_distance_is_far_enough_from_overflow():
    joint = strip_law(2, 0.1, 10**6)
    np.testing.assert_allclose(joint, np.outer(joint.sum(axis=1), joint.sum(axis=0)), rtol=1e-9)


def test_the_limits_of_a_strip():
    assert strip_law(6, 0.4, 1).shape == (16, 4**6)
    for width, coupling, distance in ((1, 0, 1), (7, 0, 1), (2, 20.5, 1), (2, -20.5, 1), (2, 0, 0)):
        with pytest.raises(ValueError, match="must be"):
            strip_law(width, coupling, distance)
