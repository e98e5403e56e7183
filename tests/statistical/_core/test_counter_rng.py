"""Hashed random numbers: uniform, and independent along every way in which they are used."""

import numpy as np
import pytest
from scipy import stats

from rgrbm._core.counter_rng import keys, uniforms

N_SAMPLES, N_UNITS, N_LAYERS = 100, 64, 150


@pytest.fixture(scope="module")
def numbers():
    """Draw successive layers of a training, (n_layers, n_samples, n_units)."""
    return np.array(
        [
            uniforms(key, N_SAMPLES, N_UNITS)
            for key in keys(seed=12, first_layer=0, n_layers=N_LAYERS)
        ]
    )


def accept(p_value):
    assert 1e-5 < p_value < 1 - 1e-5  # by chance outside in 2 of 100,000 seeds


def test_they_lie_strictly_between_0_and_1_and_fill_the_interval(numbers):
    assert 0 < numbers.min() < 1e-5
    assert 1 - 1e-5 < numbers.max() < 1
    counts = np.bincount((numbers.ravel() * 1000).astype(int), minlength=1000)
    accept(stats.chisquare(counts).pvalue)


def test_every_digit_is_fair(numbers):
    digits = (numbers.ravel() * 2**23).astype(np.int64)
    for k in range(23):
        ones = np.count_nonzero(digits >> k & 1)
        accept(stats.norm.cdf((ones - digits.size / 2) / np.sqrt(digits.size / 4)))


@pytest.mark.parametrize("axis", [0, 1, 2], ids=["layers", "samples", "units"])
@pytest.mark.parametrize("lag", [1, 2, 32])
def test_successive_numbers_are_independent(numbers, axis, lag):
    n = numbers.shape[axis]
    first = np.take(numbers, np.arange(n - lag), axis=axis).ravel()
    second = np.take(numbers, np.arange(lag, n), axis=axis).ravel()
    pairs = np.bincount((first * 16).astype(int) * 16 + (second * 16).astype(int), minlength=256)
    accept(stats.chisquare(pairs).pvalue)


def test_sums_over_samples_scatter_as_they_should(numbers):
    """What a gradient averages: too regular would be as wrong as too irregular."""
    for axis in (0, 1, 2):
        sums = numbers.sum(axis=axis).ravel()
        n = numbers.shape[axis]
        accept(stats.chi2.cdf(np.sum((sums - n / 2) ** 2) * 12 / n, df=sums.size))


def test_other_seeds_and_layers_have_other_keys():
    made = [keys(seed, first, 1000) for seed in (0, 1, 2**63 - 1) for first in (0, 1000, 10**12)]
    joined = np.concatenate(made).astype(np.uint64)
    assert len(np.unique(joined[:, 0] << np.uint64(32) | joined[:, 1])) == 9000
    np.testing.assert_array_equal(keys(7, 3, 5)[2:], keys(7, 5, 3))
