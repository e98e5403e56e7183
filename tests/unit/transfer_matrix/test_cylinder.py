"""The endless cylinder against the full transfer matrix of its rows, enumeration, and the limit."""

import math

import numpy as np
import pytest

from rgrbm.ising import enumerate_spins
from rgrbm.transfer_matrix import (
    correlation_length,
    cylinder_correlation_length,
    cylinder_row_correlation,
    torus_log_partition,
)

CRITICAL = math.asinh(1) / 2
COUPLINGS = [0.02, 0.1, 0.3, 0.44, CRITICAL, 0.5, 0.6]


def transfer(size, coupling):
    """All 2^size states of a row: eigenvalues, the law of a row, and its states."""
    spins = enumerate_spins(size).astype(float)
    half = np.exp(coupling / 2 * (spins * np.roll(spins, 1, axis=1)).sum(axis=1))
    values, vectors = np.linalg.eigh(half[:, None] * np.exp(coupling * spins @ spins.T) * half)
    return values, vectors[:, -1] ** 2, spins


@pytest.mark.parametrize("size", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_the_cylinder_equals_the_full_transfer_matrix(size, coupling):
    values, law, spins = transfer(size, coupling)
    expected = 1 / np.log(values[-1] / values[-2])
    np.testing.assert_allclose(cylinder_correlation_length(size, coupling), expected, rtol=1e-12)
    expected = law @ (spins[:, :1] * spins)
    np.testing.assert_allclose(cylinder_row_correlation(size, coupling), expected, atol=1e-13)


def test_the_gap_is_in_the_torus():
    """Of a long torus, Z is the sum of the powers of two eigenvalues, but for smaller ones."""
    size, n_rows, coupling = 6, 40, 0.45
    values, *_ = transfer(size, coupling)
    excess = torus_log_partition(size, coupling, n_rows=n_rows) - n_rows * np.log(values[-1])
    expected = n_rows / cylinder_correlation_length(size, coupling)
    others = np.sum((values[:-2] / values[-1]) ** n_rows)
    assert others < 1e-3
    assert abs(np.expm1(excess) - np.exp(-expected) - others) < 1e-12


def test_the_row_correlation_is_that_of_a_long_torus_by_enumeration():
    """Rows of three, six of them around: the cylinder up to powers of the ratio of eigenvalues."""
    size, coupling = 3, 0.1
    spins = enumerate_spins(18).reshape(-1, 6, size)
    bonds = (spins * np.roll(spins, 1, axis=2)).sum(axis=(1, 2), dtype=int)
    bonds = bonds + (spins * np.roll(spins, 1, axis=1)).sum(axis=(1, 2), dtype=int)
    weights = np.exp(coupling * bonds)
    expected = weights @ (spins[:, 0, 0] * spins[:, 0, 1]) / weights.sum()
    ratio = math.exp(-6 / cylinder_correlation_length(size, coupling))
    assert 1e-7 < ratio < 1e-5
    assert abs(cylinder_row_correlation(size, coupling)[1] - expected) < 5 * ratio


def test_the_law_of_the_critical_point():
    """The length is 4 L / pi, with a correction of the order 1 / L^2."""
    sizes = np.array([64, 128, 256, 1024])
    off = [cylinder_correlation_length(size, CRITICAL) * math.pi / (4 * size) - 1 for size in sizes]
    np.testing.assert_allclose(np.abs(off) * sizes**2, abs(off[0]) * 64**2, rtol=0.02)
    assert abs(off[-1]) < 1e-6
    moments = [cylinder_row_correlation(size, CRITICAL).mean() for size in (16, 32, 64, 128)]
    slopes = np.log2(np.divide(moments[1:], moments[:-1])) + 0.25
    assert np.all(slopes[1:] < 0.63 * slopes[:-1])  # it goes to -1/4, like a power of 2 / 3
    assert 0 < slopes[-1] < 3e-3


def test_wide_cylinders_are_the_plane():
    """Above the transition 1 / xi goes to 2 (K* - K); a thin row of the hot lattice is a chain."""
    coupling = np.array([0.1, 0.3, 0.4])
    distance = -np.log(np.tanh(coupling)) / 2 - coupling
    found = cylinder_correlation_length(512, coupling)
    np.testing.assert_allclose(1 / found, 2 * distance, rtol=1e-10)
    assert cylinder_correlation_length(512, 1e-6) == pytest.approx(
        correlation_length(1e-6), rel=1e-6
    )


def test_shapes_and_symmetry():
    coupling = np.array([[0.2, 0.4, 0.44], [0.1, 0.3, 0.5]])
    found = cylinder_row_correlation(7, coupling)
    assert found.shape == (2, 3, 7)
    np.testing.assert_array_equal(found[1, 2], cylinder_row_correlation(7, 0.5))
    np.testing.assert_array_equal(found[..., 1:], found[..., :0:-1])
    assert cylinder_correlation_length(7, coupling).shape == (2, 3)
    assert isinstance(float(cylinder_correlation_length(7, 0.4)), float)


def test_what_rounding_would_spoil_is_refused():
    assert cylinder_correlation_length(32, 0.6) > 1e8
    with pytest.raises(ValueError, match=r"coupling must be smaller for 32 .* 1\.0 rounding"):
        cylinder_correlation_length(32, [0.1, 1.0])
    for wrong in (0.0, -0.3, 51.0):
        with pytest.raises(ValueError, match="coupling must be positive and at most 50"):
            cylinder_row_correlation(8, [0.3, wrong])
