"""The error of sampled couplings, from the samples one by one."""

import itertools
import math

import numpy as np
import pytest

from rgrbm._core import numerics
from rgrbm.rbm import BernoulliRBM, effective_couplings, mapping

WIDENING = getattr(numerics, "widening", lambda n_values: 1.0)  # of Student's law


def coupling(field, row, spins, units):
    """Sum over the states of some units, the others as sampled: by definition."""
    total = 0.0
    for state in itertools.product((-1, 1), repeat=len(units)):
        moved = spins.copy()
        moved[list(units)] = state
        total += math.prod(state) * math.log(2 * math.cosh(field + row @ moved))
    return total / 2 ** len(units)


@pytest.mark.parametrize("n_samples", [10, 17, 70])
@pytest.mark.parametrize("order", [1, 2])
def test_the_error_is_that_of_a_mean_of_independent_samples(monkeypatch, order, n_samples):
    monkeypatch.setattr(mapping, "MOST_UNITS_LISTED", 2)
    row = np.array([0.5, -1.0, 0.3, 0.8])
    rbm = BernoulliRBM.from_spin_parameters(row[None], [0.4], np.zeros(4))
    value, error = effective_couplings(
        rbm, order=order, n_samples=n_samples, rng=np.random.default_rng(5)
    )
    drawn = np.random.default_rng(5).choice([-1.0, 1.0], size=(n_samples, 4))
    for units in itertools.combinations(range(4), order):
        terms = [coupling(0.4, row, spins, units) for spins in drawn]
        assert value[units] == pytest.approx(np.mean(terms), rel=1e-12, abs=1e-14)
        expected = WIDENING(n_samples) * np.std(terms, ddof=1) / np.sqrt(n_samples)
        assert error[units] == pytest.approx(expected, rel=1e-9)
