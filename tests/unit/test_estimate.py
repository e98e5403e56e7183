"""Values with errors: means, and how they are printed."""

import copy
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from rgrbm.estimate import Estimate


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.99512, 0.0061, "0.995(6)"),
        (-0.99512, 0.0061, "−0.995(6)"),
        (0.66123, 0.00241, "0.661(2)"),
        (8.7812, 0.131, "8.78(13)"),
        (10.61, 1.58, "10.6(16)"),
        (0.12, 0.0096, "0.120(10)"),
        (0.12, 0.00999, "0.120(10)"),
        (0.12, 0.0196, "0.12(2)"),
        (0.12, 0.0194, "0.120(19)"),
        (123.4, 35.0, "123(35)"),
        (-0.0001, 0.2, "0.0(2)"),
        (1.0, 0.0, "1.000000(0)"),
        (float("nan"), 0.1, "nan(0.1)"),
    ],
)
def test_the_error_stands_in_brackets(value, error, text):
    assert str(Estimate(value, error)) == f"{Estimate(value, error)}" == text


@pytest.mark.parametrize(
    ("spec", "text"), [(".2", "1.00(1)"), (".0", "1(0)"), (".4", "0.9951(61)")]
)
def test_a_format_asks_for_decimals(spec, text):
    assert format(Estimate(0.99512, 0.0061), spec) == text


def test_what_is_read_back_is_what_was_printed():
    rng = np.random.default_rng(0)
    for value, exponent in zip(rng.normal(size=300), rng.uniform(-6, -0.5, size=300), strict=True):
        error = 10.0**exponent
        text = str(Estimate(value, error)).replace("−", "-")
        number, digits = text.rstrip(")").split("(")
        unit = 10.0 ** -len(number.partition(".")[2])
        assert abs(float(number) - value) <= 0.5001 * unit
        assert abs(int(digits) * unit - error) <= 0.5001 * unit
        assert 2 <= int(digits) <= 20


def test_the_mean_and_its_error():
    values = np.random.default_rng(1).normal(size=(5, 3))
    mean = Estimate.mean(values)
    np.testing.assert_allclose(mean.value, values.sum(axis=0) / 5, rtol=1e-14)
    spread = ((values - mean.value) ** 2).sum(axis=0) / 4
    np.testing.assert_allclose(mean.error, np.sqrt(spread / 5), rtol=1e-14)
    other = Estimate.mean(values.T, axis=-1)
    np.testing.assert_allclose(other.value, mean.value, rtol=1e-14)
    assert type(Estimate.mean([1, 2]).value) is np.float64


def test_an_estimate_unpacks_picks_and_scales():
    estimate = Estimate(np.array([1.0, 2.0]), np.array([0.1, 0.2]))
    value, error = estimate
    assert value is estimate.value
    assert error is estimate.error
    assert tuple(estimate[1]) == (2.0, 0.2)
    assert tuple(-2 * estimate[1]) == tuple(estimate[1] * -2) == (-4.0, 0.4)


def test_lists_and_numbers_of_any_kind():
    assert str(Estimate([0.5, 0.25], [0.125, 0.01])) == "[0.50(12) 0.250(10)]"
    assert f"{Estimate(np.ones((1, 2)), np.ones((1, 2))):.0}" == "[[1(1) 1(1)]]"
    assert str(Estimate(np.float32(0.5), np.int8(2))) == "0(2)"
    assert tuple(np.float64(2) * Estimate(1.0, 0.1)) == (2.0, 0.2)
    scaled = np.array([1, -2]) * Estimate(1.0, 0.5)
    np.testing.assert_array_equal(scaled.value, [1, -2])
    np.testing.assert_array_equal(scaled.error, [0.5, 1])


@pytest.mark.parametrize("value", [1.7e308, -1e300, 1e22, 0.0, -5e-324, 1e-300])
@pytest.mark.parametrize("error", [1.7e308, 1e300, 30.0, 1e-3, 5e-324, 0.0])
@pytest.mark.parametrize("spec", ["", ".0", ".2", ".350"])
def test_huge_and_tiny_numbers_keep_all_their_digits(value, error, spec):
    text = format(Estimate(value, error), spec).replace("−", "-")
    number, digits = text.rstrip(")").split("(")
    unit = Fraction(1, 10 ** len(number.partition(".")[2]))
    assert abs(Fraction(number) - Fraction(value)) <= unit / 2
    assert abs(Fraction(digits) * unit - Fraction(error)) <= unit / 2


def test_what_is_not_finite_has_a_text():
    assert str(Estimate(-math.inf, math.nan)) == "−inf(nan)"
    assert str(Estimate([math.nan, 1.0], [math.nan, 0.2])) == "[nan(nan) 1.0(2)]"


def test_copies_and_keys():
    estimate = Estimate(np.array([1.0]), np.array([0.1]))
    for twin in (pickle.loads(pickle.dumps(estimate)), copy.deepcopy(estimate)):
        assert str(twin) == str(estimate)
        assert twin != estimate
    assert {estimate: 1}[estimate] == 1


@pytest.mark.slow
@pytest.mark.parametrize(("n_values", "share"), [(2, 0.50), (3, 0.58), (5, 0.63), (10, 0.66)])
def test_few_values_hold_the_mean_as_often_as_documented(n_values, share):
    values = np.random.default_rng(2).normal(size=(n_values, 40_000))
    value, error = Estimate.mean(values)
    assert np.mean(np.abs(value) < error) == pytest.approx(share, abs=0.015)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Estimate.mean([1.0]), ValueError, "values must be at least 2 along axis 0, got 1"),
        (lambda: Estimate.mean(3.0), ValueError, "values must be at least 2"),
        (lambda: Estimate.mean([1, 2], axis=1), ValueError, "axis must be at most 0, got 1"),
        (lambda: Estimate.mean([1, 2], axis=-2), ValueError, "axis must be at least -1, got -2"),
        (lambda: Estimate.mean([1, np.nan]), ValueError, "values must be finite"),
        (lambda: Estimate.mean(["a", "b"]), TypeError, "values must be an array of real numbers"),
        (lambda: format(Estimate(1.0, 0.1), "x"), ValueError, "format must be"),
        (lambda: format(Estimate(math.nan, 0.1), "x"), ValueError, "format must be"),
        (lambda: format(Estimate(1.0, 0.1), ".\u0663"), ValueError, "format must be"),
        (lambda: format(Estimate(1.0, 0.1), ".99999999"), ValueError, "format must be"),
        (lambda: Estimate(1.0, -0.1), ValueError, "error must not be negative, got -0.1"),
        (lambda: Estimate([1.0, 2.0], [0.1, -0.1]), ValueError, "error must not be negative"),
        (lambda: Estimate([1.0, 2.0], 0.1), ValueError, r"one shape, got \(2,\) and \(\)"),
        (lambda: Estimate(1j, 0.1), TypeError, "value must be an array of real numbers"),
        (lambda: Estimate(1.0, "0.1"), TypeError, "error must be an array of real numbers"),
        (lambda: Estimate(1.0, True), TypeError, "error must be real, got truth values"),
        (lambda: Estimate(Decimal(1), 0.1), TypeError, "value must be an array of real numbers"),
        (lambda: Estimate(1.0, None), TypeError, "error must be an array of real numbers"),
        (lambda: Estimate(1.0, 0.1) * "2", TypeError, "factor must be an array of real numbers"),
        (lambda: Estimate(1.0, 0.1) * math.nan, ValueError, "factor must be finite"),
        (lambda: Estimate(1.0, 0.1) * Estimate(1.0, 0.1), TypeError, "unsupported operand"),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_multiple_that_is_too_large_is_infinite():
    assert str(2 * Estimate(0, np.float64(1e308))) == "0.0(inf)"
    assert str(np.float64(2.0) * Estimate(-np.float64(1e308), 1.0)) == "−inf(2.0)"
