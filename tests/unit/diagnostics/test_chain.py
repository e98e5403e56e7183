"""Diagnostics against series and rings whose answers are known."""

import pickle

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from rgrbm import diagnostics, sampler, transfer_matrix
from rgrbm.diagnostics import SeriesTooShortError, autocorrelation_time


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
    assert diagnostics.effective_sample_size(series) == pytest.approx(series.size / found)


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


def test_few_samples_are_never_certain():
    found = diagnostics.estimate_coupling([[1, 1, -1, -1], [1, -1, -1, 1]])
    assert found.error == pytest.approx(1 / np.sqrt(8))


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


def test_correlations_by_plain_loops():
    rng = np.random.default_rng(1)
    spins = rng.choice([-1, 1], size=(12, 5))
    found = diagnostics.correlation(spins, 5, n_blocks=4)
    for distance in range(6):
        products = [np.mean([row[i] * row[(i + distance) % 5] for i in range(5)]) for row in spins]
        assert found.value[distance] == pytest.approx(np.mean(products), abs=1e-15)
        blocks = np.mean(np.reshape(products, (4, 3)), axis=1)
        error = np.std(blocks, ddof=1) / 2
        assert found.error[distance] == pytest.approx(error, abs=1e-15)


def test_blocks_of_unequal_size_are_weighted():
    spins = np.array([[1, 1], [1, 1], [1, -1]])
    assert diagnostics.correlation(spins, 1, n_blocks=2).value[1] == pytest.approx(1 / 3)


@pytest.mark.parametrize("repeat", [1, 20])
def test_the_error_of_a_correlation_is_its_scatter(repeat):
    """Also where each sample is repeated: then the blocks see that the samples are correlated."""
    rng = np.random.default_rng(2)
    exact = transfer_matrix.correlation(16, 3, 0.7)
    pulls = []
    for _ in range(300):
        spins = sampler.exact_chain(100, 16, 0.7, rng=rng)
        found = diagnostics.correlation(np.repeat(spins, repeat, axis=0), 3, n_blocks=50)
        pulls.append((found.value[3] - exact) / found.error[3])
    # The scatter of 300 pulls is known to 4 %, and that of each error to 10 %: Student's t.
    assert np.std(pulls) == pytest.approx(1.0, abs=0.2)
    assert abs(np.mean(pulls)) < 5 / np.sqrt(300)


@pytest.mark.parametrize("n_sites", [2, 3, 7, 32])
@pytest.mark.parametrize("coupling", [-0.8, 0.0, 0.3, 1.2])
def test_the_estimate_maximises_the_exact_likelihood(n_sites, coupling):
    spins = sampler.exact_chain(200, n_sites, coupling, rng=np.random.default_rng(3))
    bonds = (spins * np.roll(spins, 1, axis=1)).sum(axis=1).mean()

    def minus_likelihood(coupling):
        return transfer_matrix.log_partition(n_sites, coupling) - coupling * bonds

    best = minimize_scalar(minus_likelihood, bracket=(-1, 1), tol=1e-10).x
    found = diagnostics.estimate_coupling(spins)
    assert found.value == pytest.approx(best, abs=1e-5)
    step = 1e-5
    slope = transfer_matrix.correlation(n_sites, 1, found.value + step)
    slope = (slope - transfer_matrix.correlation(n_sites, 1, found.value - step)) / (2 * step)
    nearest = diagnostics.correlation(spins, 1)
    bound = 1 / np.sqrt(spins.size * slope)
    assert found.error == pytest.approx(max(nearest.error[1] / slope, bound), rel=1e-6)


def test_the_error_of_a_coupling_is_its_scatter():
    rng = np.random.default_rng(4)
    pulls = []
    for _ in range(300):
        found = diagnostics.estimate_coupling(sampler.exact_chain(100, 32, 1.0, rng=rng))
        pulls.append((found.value - 1.0) / found.error)
    assert np.std(pulls) == pytest.approx(1.0, abs=0.2)
    assert abs(np.mean(pulls)) < 5 / np.sqrt(300)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda d: d.correlation(np.ones(4), 1), ValueError, "n_samples >= 2"),
        (lambda d: d.correlation(np.ones((1, 4)), 1), ValueError, "n_samples >= 2"),
        (lambda d: d.correlation(np.zeros((3, 4)), 1), ValueError, "spins must hold only -1 and 1"),
        (lambda d: d.correlation(np.ones((3, 4)), 5), ValueError, "max_distance must be at most"),
        (lambda d: d.correlation(np.ones((3, 4)), -1), ValueError, "max_distance must be at least"),
        (lambda d: d.correlation(np.ones((3, 4)), 1, n_blocks=1), ValueError, "n_blocks must be"),
        (lambda d: d.estimate_coupling(np.ones((3, 4))), ValueError, "perfectly ordered"),
        (lambda d: d.estimate_coupling(np.ones((3, 1))), ValueError, "at least 2 sites"),
        (lambda d: d.estimate_coupling([[1, -1], [-1, 1]]), ValueError, "perfectly ordered"),
        (lambda d: d.estimate_coupling([[1, -1, 1], [-1, 1, 1]]), ValueError, "perfectly ordered"),
    ],
)
def test_bad_samples_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(diagnostics)
