"""Numbers that others have published, or that follow from the paper's in one line."""

import numpy as np
import pytest

from rgrbm import decimation, transfer_matrix


def test_the_papers_decimated_coupling():
    """Qiu (2022), section 5.2: J' = artanh(tanh(1)**2), about 0.6625, for J = 1."""
    coupling = decimation.decimate_coupling(1.0)[0]
    assert coupling == pytest.approx(0.6625, abs=5e-5)
    assert coupling == pytest.approx(np.arctanh(np.tanh(1.0) ** 2), rel=1e-14)


def test_the_papers_equation_4():
    """Qiu (2022), Eq. 4: A = 2 sqrt(cosh 2J), J' = ln(cosh 2J) / 2."""
    for coupling in (0.3, 1.0, 2.5):
        new, _, log_factor = decimation.decimate_coupling(coupling)
        assert new == pytest.approx(np.log(np.cosh(2 * coupling)) / 2, rel=1e-13, abs=0)
        assert np.exp(log_factor) == pytest.approx(2 * np.sqrt(np.cosh(2 * coupling)), rel=1e-13)


def test_the_papers_correlation_in_the_limit():
    """Qiu (2022), section 5.2: <v_0 v_x> tends to tanh(J)**x."""
    distance = np.arange(7)
    found = transfer_matrix.correlation(np.inf, distance, 0.662501)
    np.testing.assert_allclose(
        found, [1, 0.5800, 0.3364, 0.1951, 0.1132, 0.0657, 0.0381], atol=5e-5
    )


def test_the_free_energy_of_the_free_field():
    """Ising (1925): at h = 0, Z_N = (2 cosh K)**N + (2 sinh K)**N."""
    exact = np.log((2 * np.cosh(1.0)) ** 64 + (2 * np.sinh(1.0)) ** 64)
    assert transfer_matrix.log_partition(64, 1.0) == pytest.approx(exact, rel=1e-14, abs=0)


def test_the_magnetization_of_the_infinite_chain():
    """Ising (1925): m = sinh h / sqrt(sinh(h)**2 + exp(-4K))."""
    exact = np.sinh(0.2) / np.sqrt(np.sinh(0.2) ** 2 + np.exp(-4 * 0.7))
    assert transfer_matrix.magnetization(np.inf, 0.7, 0.2) == pytest.approx(exact, rel=1e-13, abs=0)
