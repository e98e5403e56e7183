"""Importance sampling: a partition function from weighted samples, and what these are worth."""

import numpy as np

from rgrbm._core import checks
from rgrbm.estimate import Estimate

__all__ = ["TooFewEffectiveSamplesError", "importance"]

FEWEST = 100  # effective samples


class TooFewEffectiveSamplesError(ValueError):
    """A few weights are so large that the others do not count, and larger ones may be to come.

    Attributes
    ----------
    estimate : Estimate
        What was found for the logarithm all the same; most likely too low, with too small an error.
    ess : float
        Effective sample size as a fraction; most likely too large.
    """

    def __init__(self, n_samples, estimate, ess):
        super().__init__(
            f"log_weights must be worth at least {FEWEST} samples: these {n_samples} are worth "
            f"{n_samples * ess:.1f}, and {estimate} is likely too low, and its error too small"
        )
        self.n_samples, self.estimate, self.ess = n_samples, estimate, ess

    def __reduce__(self):  # so that it crosses the border of a process
        return type(self), (self.n_samples, self.estimate, self.ess)


def importance(log_weights):
    r"""Logarithm of a partition function from samples of another law.

    Samples of a law q, weighted with :math:`w = e^{-E} / q`, have the mean weight Z.

    Parameters
    ----------
    log_weights : array_like, shape (n_samples,)
        Values of :math:`-E - \ln q`, for independent samples of q; at least two.

    Returns
    -------
    log_z : Estimate
        Logarithm of the mean weight.
    ess : float
        Effective sample size, :math:`(\sum w)^2 / (n \sum w^2)`, a fraction: 1 if all weights are
        equal, which they are if q is the law with the energy E, and 1/n if one outweighs all.

    Raises
    ------
    TooFewEffectiveSamplesError
        If n times the ESS is below 100. Then a few large weights decide, and the error of the mean
        is itself unknown. The exception carries the estimate.
    ValueError, TypeError
        If `log_weights` is not as described.

    Notes
    -----
    :cite:t:`kong1994`. The error is :math:`\sqrt{(1/\text{ESS} - 1) / (n - 1)}`, the relative error
    of the mean weight. It cannot know of states that q hardly ever draws.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(0, 1.5, 10_000)  # for a normal law of width 1, whose Z is sqrt(2 pi)
    >>> log_q = -((x / 1.5) ** 2) / 2 - np.log(1.5 * np.sqrt(2 * np.pi))
    >>> log_z, ess = importance(-(x**2) / 2 - log_q)
    >>> bool(abs(log_z.value - np.log(2 * np.pi) / 2) < 3 * log_z.error), round(ess, 1)
    (True, 0.8)
    """
    log_weights = checks.array("log_weights", log_weights, (None,))
    n_samples = len(log_weights)
    if n_samples < 2:
        raise ValueError(f"log_weights must be at least 2, got {n_samples}")
    largest = log_weights.max()
    weights = np.exp(log_weights - largest)
    ess = float(weights.sum() ** 2 / (weights**2).sum() / n_samples)
    error = np.sqrt(max(1 / ess - 1, 0.0) / (n_samples - 1))
    log_z = Estimate(float(largest + np.log(weights.mean())), float(error))
    if n_samples * ess < FEWEST:
        raise TooFewEffectiveSamplesError(n_samples, log_z, ess)
    return log_z, ess
