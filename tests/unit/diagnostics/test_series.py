"""Series whose autocorrelation time is known."""

import pickle

import numpy as np
import pytest

from rgrbm.diagnostics import (
    SeriesTooShortError,
    autocorrelation_time,
    effective_sample_size,
)


def autoregression(memory, shape, seed=0):
    """Return x(t) = memory * x(t - 1) + noise: its time is (1 + memory) / (1 - memory)."""
    rng = np.random.default_rng(seed)
    series = np.empty(shape)
    series[..., 0] = rng.normal(size=shape[:-1]) / np.sqrt(1 - memory**2)
    for t in range(1, shape[-1]):
        series[..., t] = memory * series[..., t - 1] + rng.normal(size=shape[:-1])
    return series


@pytest.mark.parametrize("memory", [-0.9, -0.5, 0.0, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(200_000,), (100, 2_000)])
def test_the_time_of_an_autoregression(memory, shape):
    series = autoregression(memory, shape) + 17.0
    exact = (1 + memory) / (1 - memory)
    # Sokal: the relative error is about sqrt(2 (2 W + 1) / n), W the window of some 5 times.
    tolerance = 5 * np.sqrt(2 * (2 * 5 * max(exact, 1) + 1) / series.size)
    found = autocorrelation_time(series)
    # Near -1 the terms of the sum are of order 1 and cancel: the error is relative to them.
    scale = exact if memory >= -0.5 else 1.0
    assert abs(found - exact) < (tolerance + 0.02) * scale
    assert effective_sample_size(series) == pytest.approx(series.size / found)


def test_the_time_predicts_the_error_of_a_mean():
    series = autoregression(0.8, (4000, 500))
    found = series.mean(axis=1).var() * 500 / series.var()
    assert found == pytest.approx(autocorrelation_time(series), rel=0.12)


@pytest.mark.parametrize("period", [3, 16, 1000])
def test_an_oscillation_that_never_ends_is_refused(period):
    """Its autocorrelation does not decay: no sum over lags means anything."""
    with pytest.raises(SeriesTooShortError):
        autocorrelation_time(np.sin(2 * np.pi * np.arange(10_000) / period + 0.3))


def test_scale_and_offset_do_not_matter():
    series = autoregression(0.5, (20_000,))
    expected = autocorrelation_time(series)
    assert autocorrelation_time(1e-170 * series) == pytest.approx(expected)
    assert autocorrelation_time(series + 1e9) == pytest.approx(expected, rel=1e-4)
    with pytest.raises(ValueError, match="series must not be constant"):
        autocorrelation_time(np.full(1000, 0.1))


def test_the_exception_crosses_a_process_border():
    error = pickle.loads(pickle.dumps(SeriesTooShortError(10, 3.0)))
    assert error.estimate == 3.0


def test_a_short_series_is_refused_and_says_what_it_found():
    series = autoregression(0.95, (300,), seed=3)
    with pytest.raises(SeriesTooShortError, match="at least 50 times") as caught:
        autocorrelation_time(series)
    assert 2 < caught.value.estimate < 39
    with pytest.raises(SeriesTooShortError):
        autocorrelation_time([1.0, 2.0])


@pytest.mark.parametrize(
    ("series", "error", "message"),
    [
        (np.ones(100), ValueError, "series must not be constant"),
        ([1.0], ValueError, r"series must have the shape \(n_steps,\)"),
        (np.ones((2, 2, 2)), ValueError, r"series must have the shape \(n_steps,\)"),
        ([], ValueError, "series must have the shape"),
        (3.0, ValueError, "series must have the shape"),
        ([1.0, np.nan, 2.0], ValueError, "series must be finite"),
        (["a", "b"], TypeError, "series must be an array of real numbers"),
    ],
)
def test_bad_series_are_refused(series, error, message):
    with pytest.raises(error, match=message):
        autocorrelation_time(series)


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8])
def test_another_package_finds_as_many_independent_values(memory):
    """ArviZ sums pairs of autocorrelations until they are negative (Geyer): another window."""
    array_stats = pytest.importorskip("arviz_stats.base").array_stats
    series = autoregression(memory, (4, 20_000), seed=5)
    theirs = array_stats.ess(series, method="mean", chain_axis=0, draw_axis=1)
    # Both scatter by some 3 % about the truth, on the same numbers.
    assert effective_sample_size(series) == pytest.approx(theirs, rel=0.1)
