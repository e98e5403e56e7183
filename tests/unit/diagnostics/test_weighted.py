"""Importance sampling: exact where the weights are known, and refused where it would deceive."""

import copy

import numpy as np
import pytest

from rgrbm.diagnostics import TooFewEffectiveSamplesError, importance


def test_equal_weights_are_worth_all_samples():
    log_z, ess = importance(np.full(100, 3.5))
    assert (log_z.value, log_z.error, ess) == (3.5, 0.0, 1.0)


def test_two_kinds_of_weights_by_hand():
    log_z, ess = importance(np.log([1.0] * 300 + [3.0] * 100))
    assert abs(log_z.value - np.log(1.5)) < 1e-12
    assert abs(ess - 1.5**2 / 3) < 1e-12  # the mean of the squares is 3
    assert abs(log_z.error - np.sqrt((1 / ess - 1) / 399)) < 1e-12
    scatter = np.std([1.0] * 300 + [3.0] * 100, ddof=1) / np.sqrt(400)
    assert abs(log_z.error - scatter / 1.5) < 1e-12  # the relative error of the mean


def test_a_factor_of_all_weights_is_a_factor_of_z():
    log_weights = np.random.default_rng(0).normal(0, 0.5, 1000)
    (first, ess), (second, same) = importance(log_weights), importance(log_weights - 1e4)
    assert abs(first.value - second.value - 1e4) < 1e-8
    assert ess == pytest.approx(same, rel=1e-9)


def test_the_error_is_that_of_many_repetitions():
    rng = np.random.default_rng(1)
    found = [importance(rng.normal(0, 0.8, 500))[0] for _ in range(2000)]
    values, errors = np.array([(one.value, one.error) for one in found]).T
    assert abs(values.mean() - 0.8**2 / 2) < 0.005
    assert abs(values.std() / errors.mean() - 1) < 0.1  # 5 standard errors, and a bias of 2 %


def test_too_few_effective_samples_are_refused_with_the_estimate():
    log_weights = np.zeros(10_000)
    log_weights[0] = 20.0
    with pytest.raises(TooFewEffectiveSamplesError, match=r"log_weights .* 100 samples") as caught:
        importance(log_weights)
    error = caught.value
    assert abs(error.estimate.value - (20 - np.log(1e4))) < 1e-4
    assert abs(error.ess - 1e-4) < 1e-6
    twin = copy.copy(error)
    assert (twin.ess, str(twin)) == (error.ess, str(error))


@pytest.mark.parametrize(("n_equal", "refused"), [(99, True), (100, False)])
def test_the_border_is_at_a_hundred(n_equal, refused):
    log_weights = np.full(1000, -1000.0)  # they do not count
    log_weights[:n_equal] = 0.0
    if refused:
        with pytest.raises(TooFewEffectiveSamplesError):
            importance(log_weights)
    else:
        assert importance(log_weights)[1] == 0.1
