r"""How many independent values a correlated series is worth.

A mean over n correlated values has the error of a mean over n / tau independent ones. The
integrated autocorrelation time is :math:`\tau = 1 + 2 \sum_{t \ge 1} \rho(t)`, with the
autocorrelation :math:`\rho(t)` at lag t: 1 for independent values.
"""

import numpy as np
from scipy import special

from rgrbm._core.numerics import widening
from rgrbm.diagnostics.convergence import FALSE_ALARM, disagreeing_chains, series_of_chains
from rgrbm.estimate import Estimate

__all__ = [
    "ChainsDisagreeError",
    "SeriesTooShortError",
    "autocorrelation_time",
    "effective_sample_size",
]

WINDOW = 5.0  # the sum stops at the first lag of at least WINDOW * tau, and of at least 2 * WINDOW
SHORTEST = 50  # a series must be this many times tau long
SUSPICION = 0.1  # the probability of an alarm, once there was one


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


class ChainsDisagreeError(SeriesTooShortError):
    """Chains, or the halves of one, are farther apart than their errors allow.

    They have not met, or one is stuck: their mean has an error that no autocorrelation time tells.

    Attributes
    ----------
    estimate : float
        The time that the scatter of the chains would have; most likely too small.
    chains : tuple of int
        Rows of the series that disagree with the others, or (0,) if the halves of the only one do.
    """

    def __init__(self, length, estimate, chains):
        super().__init__(length, estimate)
        named = ", ".join(map(str, chains[:10])) + ", ..." * (len(chains) > 10)
        self.args = (
            f"series must hold chains that agree: in mean or variance a half of chain {named} "
            "is farther from the others than its error allows (see r_hat)",
        )
        self.chains = chains

    def __reduce__(self):
        return type(self), (self.length, self.estimate, self.chains)


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
    ChainsDisagreeError
        If a half of a chain has another mean or variance than the others, or is stuck; the
        exception names the chains.
    SeriesTooShortError
        If the series is shorter than 50 times the estimate, which the exception carries.
    ValueError, TypeError
        If the series is constant, not finite, not numeric, or of another shape.

    Notes
    -----
    The autocorrelation is summed up to the first lag that is five times the sum so far, at least
    ten, and five times the same sum of its squares, in which oscillations do not cancel
    :cite:p:`sokal1997`. If successive values repel each other, the same is done for the means of
    two successive ones, in which an alternation cancels.

    A slow part under fast noise adds little to each term, and the sum may stop too soon. So the
    means of 2, 4, ..., 64 blocks of each chain are compared with the time. If they scatter more
    than it allows, the least lag is doubled until they do not. This sees a slow part if it makes
    the time some 10 times longer, in one chain of 10 times the slow memory; 2 times, with 64
    blocks; and ever smaller parts with more chains. A part slower than the series is not seen.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=10_000)
    >>> abs(autocorrelation_time(noise) - 1) < 0.2
    True
    """
    series = np.atleast_2d(series_of_chains(series, 2))
    if (series == series.flat[0]).all():
        raise ValueError("series must not be constant: it has no autocorrelation time")
    n_steps = series.shape[1]
    series -= series.mean()
    series /= np.abs(series).max()
    time, is_sure = _windowed_time(series)
    if chains := disagreeing_chains(series):
        apart = n_steps * np.mean(series.mean(axis=1) ** 2) / np.mean(series**2)
        raise ChainsDisagreeError(n_steps, float(max(time, apart)), chains)
    if not is_sure:
        raise SeriesTooShortError(n_steps, time)
    return time


def _windowed_time(series):
    """Return the time of a centred series, and whether it can be trusted."""
    n_steps = series.shape[1]
    # Zeros as many as there are values, so that the ends do not meet in the Fourier transform.
    transform = np.fft.rfft(series, n=2 * n_steps)
    covariance = np.fft.irfft(np.abs(transform) ** 2)[:, :n_steps].mean(axis=0)
    rho = covariance / covariance[0]
    if rho[1] < 0 and n_steps > 2:
        pairs = (series[:, 1:] + series[:, :-1]) / 2  # of the same mean
        left = np.mean(pairs**2) / np.mean(series**2)
        if left > 1e-12:
            time, is_sure = _windowed_time(pairs)
            return float(left * time), is_sure
    time = 2 * np.cumsum(rho) - 1
    memory = 4 * np.cumsum(rho**2) - 2  # like `time`, but signs cannot cancel in it
    reach = WINDOW * np.maximum(time, memory)
    least = 2 * WINDOW
    alarm, longest = FALSE_ALARM, 0.0
    while least == 2 * WINDOW or WINDOW * n_steps >= SHORTEST * least:
        outside = np.arange(n_steps) >= np.maximum(reach, least)
        last = np.argmax(outside) if outside.any() else n_steps - 1
        longest = max(longest, time[: last + 1].max())
        is_long = n_steps >= SHORTEST * max(time[last], memory[last]) and outside.any()
        if is_long and time[last] > 0 and _blocks_agree(series, time[last], last, alarm):
            return float(time[last]), True
        least *= 2
        alarm = SUSPICION
    return float(longest), False


def _blocks_agree(series, time, last, alarm):
    """Whether the means of blocks, longer than the window, scatter as the time tells."""
    n_steps = series.shape[1]
    variance = np.mean(series**2)
    for n_blocks in 2 ** np.arange(1, 7):
        length = n_steps // n_blocks
        if length < 2 * last:
            break
        means = series[:, : n_blocks * length].reshape(-1, length).mean(axis=1)
        degrees = means.size - 1
        ratio = length * means.var(ddof=1) / (time * variance)
        if ratio > max(1.1, special.chdtri(degrees, alarm) / degrees):
            return False
    return True


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
    ChainsDisagreeError, SeriesTooShortError, ValueError, TypeError
        As in `autocorrelation_time`.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=10_000)
    >>> 9_000 < effective_sample_size(noise) < 11_000
    True
    """
    series = series_of_chains(series, 2)
    return series.size / autocorrelation_time(series)


def blocked_mean(values, n_blocks):
    """Mean over the first axis, with the error from the scatter of blocks."""
    n_blocks = min(n_blocks, len(values))
    if n_blocks == len(values):  # each value is a block
        weights, means = np.full(n_blocks, 1 / n_blocks), values
    else:
        blocks = np.array_split(values, n_blocks)
        weights = np.array([len(block) for block in blocks]) / len(values)
        means = np.array([block.mean(axis=0) for block in blocks])
    mean = values.mean(axis=0)
    variance = np.tensordot(weights**2, (means - mean) ** 2, axes=1) / (1 - np.sum(weights**2))
    return Estimate(mean, widening(n_blocks) * np.sqrt(variance))
