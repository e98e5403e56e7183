"""Sums, logarithms and factors against SciPy."""

import numpy as np
import pytest
from scipy import stats

from rgrbm._core.numerics import finite, widening


@pytest.mark.parametrize("n_values", [2, 3, 10, 100, 10**6])
def test_student_s_factor_covers_what_a_standard_deviation_does(n_values):
    share = stats.norm.cdf(1) - stats.norm.cdf(-1)
    law = stats.t(n_values - 1)
    factor = widening(n_values)
    assert law.cdf(factor) - law.cdf(-factor) == pytest.approx(share, rel=1e-10)
    assert type(factor) is float


def test_finite_values_pass_and_others_are_named():
    values = np.array([1.0, -1e308])
    assert finite("the energy", values) is values
    assert finite("the energy", np.empty(0)).size == 0
    for wrong in (np.nan, np.inf, -np.inf):
        with pytest.raises(FloatingPointError, match="the energy is not finite"):
            finite("the energy", np.array([1.0, wrong]))
