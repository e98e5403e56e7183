"""Do chains tell the same? Their halves are compared, in mean and in variance."""

import numpy as np
from scipy import special

from rgrbm._core import checks

__all__ = ["r_hat"]

FALSE_ALARM = 1e-5  # the probability that a test on this page refuses sound chains
N_BLOCKS = 5  # in half a chain: their scatter is the error of its mean


def r_hat(series):
    r"""Split R-hat of ranks: how much chains, or the halves of one, differ.

    Parameters
    ----------
    series : array_like, shape (n_steps,) or (n_chains, n_steps)
        Values in the order in which they were measured, at least 4 steps.

    Returns
    -------
    ratio : float
        1 if all halves of all chains tell the same, up to about tau / n_steps. Chains that have not
        met give more: :cite:t:`vehtari2021` ask for at most 1.01. Infinite if every half is
        constant, and they differ.

    Raises
    ------
    ValueError, TypeError
        If the series is constant, not finite, not numeric, or of another shape.

    Notes
    -----
    Each chain is cut into halves of n steps. The ranks of all values are mapped to a normal law, so
    that heavy tails do no harm. With B the variance of the means of the halves, and W the mean of
    their variances, :math:`\hat R^2 = (n - 1) / n + B / W`. The same is done for the distances to
    the median, which see a difference in spread; the larger number counts.

    Examples
    --------
    >>> chains = np.random.default_rng(0).normal(size=(4, 1000))
    >>> f"{r_hat(chains):.2f}"
    '1.00'
    >>> f"{r_hat(chains + [[0.0], [0.0], [0.0], [1.5]]):.2f}"
    '1.22'
    """
    series = np.atleast_2d(series_of_chains(series, 4))
    half = series.shape[1] // 2
    halves = np.concatenate([series[:, :half], series[:, -half:]])
    if (halves == halves.flat[0]).all():
        raise ValueError("series must not be constant: there is nothing to compare")
    return max(_ratio(halves), _ratio(np.abs(halves - np.median(halves))))


def _ratio(halves):
    n_steps = halves.shape[1]
    _, rank, counts = np.unique(halves, return_inverse=True, return_counts=True)
    if len(counts) == 1:
        return 1.0
    if (halves == halves[:, :1]).all():
        return np.inf
    middle = np.cumsum(counts) - (counts - 1) / 2  # equal values share the mean of their ranks
    normal = special.ndtri((middle - 3 / 8) / (halves.size + 1 / 4))[rank].reshape(halves.shape)
    between, within = normal.mean(axis=1).var(ddof=1), normal.var(axis=1, ddof=1).mean()
    return float(np.sqrt((n_steps - 1) / n_steps + between / within))


def disagreeing_chains(series):
    """Return the indices of the chains that cannot have the law of the others.

    A half of such a chain has a mean or a variance too far from the median of the other halves for
    its error, or it does not move though the others leave its value.
    """
    n_chains, n_steps = series.shape
    length = n_steps // (2 * N_BLOCKS)
    if length == 0:
        return ()
    blocks = series[:, : 2 * N_BLOCKS * length].reshape(2 * n_chains, N_BLOCKS, length)
    off = _are_stuck(blocks.reshape(2 * n_chains, -1))
    if not off.any():
        off = _are_far(blocks.mean(axis=2)) | _are_far((blocks**2).mean(axis=2))
    return tuple(np.flatnonzero(off.reshape(n_chains, 2).any(axis=1)).tolist())


def _are_far(blocks):
    """Compare the mean of each row with the median of the others."""
    n_rows = len(blocks)
    means = blocks.mean(axis=1)
    error = blocks.std(axis=1, ddof=1) / np.sqrt(N_BLOCKS)
    # A row with few or no rare events has too small an error; one with many has its own.
    error = np.maximum(error, np.sqrt(np.mean(error**2)) + 1e-12 * np.abs(blocks).max())
    lower, upper = np.sort(means)[n_rows // 2 - 1 : n_rows // 2 + 1]
    others = np.where(means <= lower, upper, lower)
    degrees = n_rows * (N_BLOCKS - 1)
    limit = -special.stdtrit(degrees, FALSE_ALARM / (4 * n_rows))
    return np.abs(means - others) > limit * np.sqrt(n_rows / (n_rows - 1)) * error


def _are_stuck(rows):
    """Find the constant rows whose value the other rows leave so often that none should stay."""
    constant = (rows == rows[:, :1]).all(axis=1)
    moving = rows[~constant]
    stuck = np.zeros(len(rows), dtype=bool)
    for value in np.unique(rows[constant, 0]) if len(moving) else ():
        left = moving[:, 1:][moving[:, :-1] == value] != value
        rate = left.mean() if len(left) else 1.0
        if rate * rows.shape[1] > np.log(len(rows) / FALSE_ALARM):
            stuck |= constant & (rows[:, 0] == value)
    return stuck


def series_of_chains(series, n_least):
    """Return a checked series, of the shape (n_steps,) or (n_chains, n_steps)."""
    n_axes = max(1, checks.numeric("series", series).ndim)
    array = checks.array("series", series, (None,) * n_axes)
    if array.ndim > 2 or array.shape[-1] < n_least:
        raise ValueError(
            "series must have the shape (n_steps,) or (n_chains, n_steps), "
            f"n_steps >= {n_least}, got {array.shape}"
        )
    return array
