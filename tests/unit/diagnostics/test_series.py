"""Series whose autocorrelation time is known."""

import pickle

import numpy as np
import pytest

from rgrbm.diagnostics import (
    ChainsDisagreeError,
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


@pytest.mark.parametrize("memory", [-0.5, -0.9, -0.95, -0.99])
@pytest.mark.parametrize("shape", [(1, 1000), (1, 10_000), (4, 2000)])
def test_an_alternating_series_is_worth_more_than_its_length(memory, shape):
    """Twenty seeds each: none is refused, and their times scatter about the exact one."""
    exact = (1 + memory) / (1 - memory)
    series = [autoregression(memory, shape, seed) for seed in range(20)]
    found = np.array([autocorrelation_time(chains) for chains in series])
    scatter = 3 * exact / np.sqrt(shape[0] * shape[1] / 50)  # measured: 0.25 exact for 1000 steps
    assert np.mean(found) == pytest.approx(exact, abs=scatter)
    assert np.all(np.abs(found - exact) < 4 * scatter)


def slow_under_noise(share, memory, shape, seed):
    noise = np.random.default_rng(seed + 1000).normal(size=shape)
    slow = np.sqrt(1 - memory**2) * autoregression(memory, shape, seed)
    return np.sqrt(share) * slow + np.sqrt(1 - share) * noise


@pytest.mark.parametrize("shape", [(1, 100_000), (4, 20_000)])
def test_a_slow_part_under_fast_noise(shape):
    """5 % of the variance have the time 999: 51 in all, where the plain window stops at 2."""
    exact = 0.95 + 0.05 * 999
    times, refused = [], []
    for seed in range(10):
        try:
            times.append(autocorrelation_time(slow_under_noise(0.05, 0.998, shape, seed)))
        except SeriesTooShortError as error:
            refused.append(error.estimate)
    assert len(times) >= 5
    assert min(times + refused) > exact / 4
    assert np.mean(times) == pytest.approx(exact, rel=0.35)


def test_a_slow_part_of_a_short_series_is_refused():
    """Of fifty chains of 20 memories; the exception carries an estimate of the right size."""
    with pytest.raises(SeriesTooShortError) as caught:
        autocorrelation_time(slow_under_noise(0.05, 0.999, (50, 10_000), 1))
    assert not isinstance(caught.value, ChainsDisagreeError)
    assert 20 < caught.value.estimate < 200


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
    error = pickle.loads(pickle.dumps(ChainsDisagreeError(10, 3.0, (1, 2))))
    assert (error.length, error.estimate, error.chains) == (10, 3.0, (1, 2))
    assert "chain 1, 2" in str(error)


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
        ([[1.0, 2.0], [1.0]], ValueError, "series must be a rectangular array"),
        (np.ma.masked_equal([1, 2, 3], 2), TypeError, "series must not be a masked array"),
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
