"""Most likely couplings, against a general optimiser and where there is none."""

import numpy as np
import pytest
from scipy.optimize import minimize

from rgrbm._core.likelihood import most_likely_couplings


def test_the_maximum_is_that_of_a_general_optimiser():
    rng = np.random.default_rng(0)
    inputs, counts = rng.integers(-4, 5, size=(30, 3)), rng.uniform(1, 9, size=30)

    def loss(couplings):
        return counts @ np.logaddexp(0, -2 * inputs @ couplings)

    expected = minimize(loss, np.zeros(3), tol=1e-12).x
    assert abs(expected).max() > 0.05
    found = most_likely_couplings(inputs, counts, np.zeros(3), "none")
    np.testing.assert_allclose(found, expected, atol=1e-5)
    again = most_likely_couplings(inputs, counts, np.array([0.5, -0.5, 1.0]), "none")
    np.testing.assert_allclose(again, found, atol=1e-10)


def test_one_coupling_has_a_closed_form():
    # Seen a times along the field and b times against it: exp(2 K) = (a / b)**(1 / x).
    inputs, counts = np.array([[3.0], [-3.0]]), np.array([7.0, 2.0])
    found = most_likely_couplings(inputs, counts, np.zeros(1), "none")
    assert abs(found[0] - np.log(7 / 2) / 6) < 1e-12


@pytest.mark.parametrize(
    "inputs", [[[1.0], [2.0]], [[100.0], [200.0]], [[0.0], [0.0]], [[1.0, 1.0], [-1.0, -1.0]]]
)
def test_where_there_is_no_maximum_it_complains(inputs):
    inputs = np.array(inputs)
    with pytest.raises(ValueError, match="no best one"):
        most_likely_couplings(inputs, np.ones(2), np.zeros(inputs.shape[1]), "no best one")
