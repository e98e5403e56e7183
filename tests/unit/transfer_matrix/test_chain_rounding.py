"""Where rounding would be felt: weak couplings."""

import math

import numpy as np
import pytest

from rgrbm import transfer_matrix


@pytest.mark.parametrize("coupling", [1e-12, -1e-9, 1e-3, -0.5, 0.6])
def test_weak_couplings_have_relative_precision(coupling):
    """Neighbours agree by tanh K, and the correlation length is 1 / ln(1 / |tanh K|)."""
    tangent = np.tanh(coupling)
    for n_sites, back in [(math.inf, 0), (5, tangent**4), (6, tangent**5)]:
        found = transfer_matrix.correlation(n_sites, 1, coupling)
        around = tangent**n_sites if n_sites < 9 else 0
        assert found == pytest.approx((tangent + back) / (1 + around), rel=1e-13, abs=0)
    found = transfer_matrix.correlation_length(coupling)
    assert found == pytest.approx(-1 / np.log(abs(tangent)), rel=1e-13)


def test_rounding_does_not_take_the_ratio_of_the_eigenvalues_below_0():
    """ln |r| is -2 artanh(tanh(delta/2)), with a tangent that rounding takes beyond 1."""
    rng = np.random.default_rng(0)
    coupling = rng.choice([-1, 1], 1000) * 10 ** rng.uniform(-20, -15, 1000)
    field = rng.uniform(-3, 3, 1000)
    assert (transfer_matrix.correlation_length(coupling, field) < 0.04).all()
    found = transfer_matrix.correlation(math.inf, 1, coupling, field)
    np.testing.assert_allclose(found, np.tanh(field) ** 2, rtol=0, atol=1e-14)  # cos**2 is up to 1
