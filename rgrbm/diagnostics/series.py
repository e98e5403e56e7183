r"""How many independent values a correlated series is worth.

A mean over n correlated values has the error of a mean over n / tau independent ones. The
integrated autocorrelation time is :math:`\tau = 1 + 2 \sum_{t \ge 1} \rho(t)`, with the
autocorrelation :math:`\rho(t)` at lag t: 1 for independent values.
"""

import numpy as np

from rgrbm._core import checks
from rgrbm.estimate import Estimate

__all__ = ["SeriesTooShortError", "autocorrelation_time", "effective_sample_size"]

WINDOW = 5.0  # the sum stops at the first lag of at least WINDOW * tau, and of at least 2 * WINDOW
SHORTEST = 50  # a series must be this many times tau long


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


def blocked_mean(values, n_blocks):
    """Mean over the first axis, with the error from the scatter of blocks."""
    n_blocks = min(checks.integer("n_blocks", n_blocks, 2), len(values))
    blocks = np.array_split(values, n_blocks)
    weights = np.array([len(block) for block in blocks]) / len(values)
    means = np.array([block.mean(axis=0) for block in blocks])
    mean = values.mean(axis=0)
    variance = np.tensordot(weights**2, (means - mean) ** 2, axes=1) / (1 - np.sum(weights**2))
    return Estimate(mean, np.sqrt(variance))


def _series(series):
    n_axes = max(1, checks.numeric("series", series).ndim)
    array = checks.array("series", series, (None,) * n_axes)
    if array.ndim > 2 or array.shape[-1] < 2:
        raise ValueError(
            "series must have the shape (n_steps,) or (n_chains, n_steps), n_steps >= 2, "
            f"got {array.shape}"
        )
    return array
