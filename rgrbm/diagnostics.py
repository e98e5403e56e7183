r"""What samples say, with an error: correlations, the coupling, and how many samples are worth one.

A mean over n correlated values has the error of a mean over n / tau independent ones. The
integrated autocorrelation time is :math:`\tau = 1 + 2 \sum_{t \ge 1} \rho(t)`, with the
autocorrelation :math:`\rho(t)` at lag t: 1 for independent values.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from rgrbm import _checks, transfer_matrix

__all__ = [
    "Estimate",
    "SeriesTooShortError",
    "autocorrelation_time",
    "correlation",
    "effective_sample_size",
    "estimate_coupling",
]

WINDOW = 5.0  # the sum stops at the first lag of at least WINDOW * tau, and of at least 2 * WINDOW
SHORTEST = 50  # a series must be this many times tau long


class Estimate(NamedTuple):
    """A measured value and its standard error, of the same shape."""

    value: float | np.ndarray
    error: float | np.ndarray


class SeriesTooShortError(ValueError):
    """The series is too short for its autocorrelation time.

    Attributes
    ----------
    estimate : float
        What was found all the same; most likely too small.
    """

    def __init__(self, length, estimate):
        super().__init__(
            f"series must be at least {SHORTEST} times its autocorrelation time long: "
            f"its length is {length}, and the estimated time {estimate:.1f} is likely too small"
        )
        self.length = length
        self.estimate = estimate

    def __reduce__(self):  # so that it crosses the border of a process
        return type(self), (self.length, self.estimate)


def autocorrelation_time(series):
    """Integrated autocorrelation time of a series, in units of its steps.

    Parameters
    ----------
    series : array_like, shape (n_steps,) or (n_chains, n_steps)
        Values in the order in which they were measured; chains are averaged. At least 2 steps.

    Returns
    -------
    time : float
        About 1 for independent values; below 1 if successive values repel each other.

    Raises
    ------
    SeriesTooShortError
        If the series is shorter than 50 times the estimate, which the exception carries.
    ValueError, TypeError
        If the series is constant, not finite, not numeric, or of another shape.

    Notes
    -----
    The autocorrelation is summed up to the first lag that is five times the sum so far, at least
    ten, and five times the same sum of its squares, in which oscillations do not cancel
    (A. D. Sokal, "Monte Carlo methods in statistical mechanics", 1997).

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=10_000)
    >>> abs(autocorrelation_time(noise) - 1) < 0.2
    True
    """
    series = np.atleast_2d(_series(series))
    n_steps = series.shape[-1]
    centred = series - series.mean()
    if (series == series.flat[0]).all():
        raise ValueError("series must not be constant: it has no autocorrelation time")
    centred /= np.abs(centred).max()
    # Zeros as many as there are values, so that the ends do not meet in the Fourier transform.
    transform = np.fft.rfft(centred, n=2 * n_steps)
    covariance = np.fft.irfft(np.abs(transform) ** 2)[:, :n_steps].mean(axis=0)
    rho = covariance / covariance[0]
    time = 2 * np.cumsum(rho) - 1
    memory = 4 * np.cumsum(rho**2) - 2  # like `time`, but signs cannot cancel in it
    outside = np.arange(n_steps) >= WINDOW * np.maximum(np.maximum(time, memory), 2.0)
    last = np.argmax(outside) if outside.any() else n_steps - 1
    estimate = float(time[last])
    if n_steps < SHORTEST * max(estimate, memory[last]) or estimate <= 0 or not outside.any():
        raise SeriesTooShortError(n_steps, float(time[: last + 1].max()))
    return estimate


def effective_sample_size(series):
    """Number of independent values that the mean of a series is worth.

    Parameters
    ----------
    series : array_like, shape (n_steps,) or (n_chains, n_steps)
        As in `autocorrelation_time`.

    Returns
    -------
    size : float
        Number of values divided by the autocorrelation time.

    Raises
    ------
    SeriesTooShortError, ValueError, TypeError
        As in `autocorrelation_time`.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=10_000)
    >>> 9_000 < effective_sample_size(noise) < 11_000
    True
    """
    return np.size(series) / autocorrelation_time(series)


def correlation(spins, max_distance, *, n_blocks=50):
    """Measure <s_0 s_x> on samples of a ring, averaged over translations.

    Parameters
    ----------
    spins : array_like, shape (n_samples, n_sites)
        Entries -1 and +1; at least two samples.
    max_distance : int
        Largest x, from 0 to n_sites.
    n_blocks : int, optional
        Blocks of successive samples; the error comes from the scatter of their means. So samples
        may be correlated, as long as a block is much longer than their autocorrelation time. At
        least 2; with fewer samples than blocks, each sample is a block.

    Returns
    -------
    estimate : Estimate
        Value and error, each an ndarray of shape (max_distance + 1,), for x = 0, 1, ... An error of
        0 means that the blocks did not differ, not that the value is exact.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> correlation([[1, 1, -1, -1], [1, -1, 1, -1]], 2).value
    array([ 1. , -0.5,  0. ])
    """
    spins = _samples(spins)
    n_sites = spins.shape[1]
    max_distance = _checks.integer("max_distance", max_distance, 0)
    if max_distance > n_sites:
        raise ValueError(f"max_distance must be at most n_sites = {n_sites}, got {max_distance}")
    products = np.stack(
        [
            (spins * np.roll(spins, -distance, axis=1)).mean(axis=1)
            for distance in range(max_distance + 1)
        ],
        axis=1,
    )
    return _blocked_mean(products, n_blocks)


def estimate_coupling(spins, *, n_blocks=50):
    """Estimate the coupling of a ring without a field from samples, by maximum likelihood.

    The likelihood is largest where the exact mean product of neighbours equals the measured one.

    Parameters
    ----------
    spins : array_like, shape (n_samples, n_sites)
        Entries -1 and +1; at least two samples, and at least two sites.
    n_blocks : int, optional
        As in `correlation`.

    Returns
    -------
    estimate : Estimate
        The reduced coupling K and its standard error, floats.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described; or if the samples are as ordered as they can be, because
        their likelihood grows without limit with |K|.

    Examples
    --------
    >>> from rgrbm.sampler import exact_chain
    >>> spins = exact_chain(1000, 64, 1.0, rng=np.random.default_rng(0))
    >>> coupling = estimate_coupling(spins)
    >>> abs(coupling.value - 1.0) < 4 * coupling.error
    True
    """
    spins = _samples(spins)
    n_sites = spins.shape[1]
    if n_sites < 2:
        raise ValueError("spins must have at least 2 sites: a single spin has no bond")
    neighbours = _blocked_mean((spins * np.roll(spins, -1, axis=1)).mean(axis=1), n_blocks)
    lowest = -1.0 if n_sites % 2 == 0 else -1.0 + 2.0 / n_sites  # one bond is frustrated
    if np.isclose(neighbours.value, 1.0, atol=1e-12, rtol=0) or np.isclose(
        neighbours.value, lowest, atol=1e-12, rtol=0
    ):
        raise ValueError(
            "spins must not be perfectly ordered: their likelihood has no maximum, "
            f"the mean product of neighbours is {neighbours.value:g}"
        )

    def excess(coupling):
        return transfer_matrix.correlation(n_sites, 1, coupling) - neighbours.value

    largest = 1.0
    while excess(largest) < 0 or excess(-largest) > 0:
        largest *= 2
    coupling = brentq(excess, -largest, largest, xtol=1e-13)
    slope = _slope(n_sites, coupling)
    # Few samples may scatter by chance less than any can: the Fisher information sets a bound.
    error = max(neighbours.error / slope, 1 / np.sqrt(spins.size * slope))
    return Estimate(coupling, float(error))


def _slope(n_sites, coupling):
    """Differentiate the exact (t + t**(N-1)) / (1 + t**N), t = tanh(K), by K."""
    t = np.tanh(coupling)
    around = 1 + t**n_sites
    numerator = (1 + (n_sites - 1) * t ** (n_sites - 2)) * around
    numerator -= (t + t ** (n_sites - 1)) * n_sites * t ** (n_sites - 1)
    return numerator / around**2 / np.cosh(coupling) ** 2


def _series(series):
    n_axes = max(1, _checks.numeric("series", series).ndim)
    array = _checks.finite_array("series", series, (None,) * n_axes)
    if array.ndim > 2 or array.shape[-1] < 2:
        raise ValueError(
            "series must have the shape (n_steps,) or (n_chains, n_steps), n_steps >= 2, "
            f"got {array.shape}"
        )
    return array


def _samples(spins):
    spins = _checks.spin_states("spins", spins)
    if spins.ndim != 2 or len(spins) < 2:
        raise ValueError(
            f"spins must have the shape (n_samples, n_sites) with n_samples >= 2, got {spins.shape}"
        )
    return spins


def _blocked_mean(values, n_blocks):
    """Mean over the first axis, with the error from the scatter of blocks."""
    n_blocks = min(_checks.integer("n_blocks", n_blocks, 2), len(values))
    blocks = np.array_split(values, n_blocks)
    weights = np.array([len(block) for block in blocks]) / len(values)
    means = np.array([block.mean(axis=0) for block in blocks])
    mean = values.mean(axis=0)
    variance = np.tensordot(weights**2, (means - mean) ** 2, axes=1) / (1 - np.sum(weights**2))
    return Estimate(mean, np.sqrt(variance))
