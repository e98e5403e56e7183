"""Values with errors: means, and how they are printed."""

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


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Estimate.mean([1.0]), ValueError, "values must be at least 2 along axis 0, got 1"),
        (lambda: Estimate.mean(3.0), ValueError, "axis must be at most -1, got 0"),
        (lambda: Estimate.mean([1, 2], axis=1), ValueError, "axis must be at most 0, got 1"),
        (lambda: Estimate.mean([1, 2], axis=-2), ValueError, "axis must be at least -1, got -2"),
        (lambda: Estimate.mean([1, np.nan]), ValueError, "values must be finite"),
        (lambda: Estimate.mean(["a", "b"]), TypeError, "values must be an array of real numbers"),
        (lambda: format(Estimate(1.0, 0.1), "x"), ValueError, "format must be"),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
