r"""Exact scores: of a Gaussian law, and of a mixture of Gaussian laws.

A component with noise is Gaussian still: the mean is multiplied by alpha, and the covariance is
alpha C alpha + sigma^2. So the law at any time is a mixture of the same kind.
"""

import numpy as np
from scipy.special import logsumexp

from rgrbm._core import checks
from rgrbm.networks.basis import positive_matrix
from rgrbm.networks.schedule import checked_schedule

__all__ = ["gaussian_score", "mixture_score"]


def gaussian_score(mean, covariance, schedule):
    r"""Score of a Gaussian law.

    .. math::

        -(\alpha C \alpha + \sigma^2)^{-1} (w - \alpha \, \text{mean})

    Parameters
    ----------
    mean : array_like, shape (d,)
    covariance : array_like, shape (d, d)
        C, symmetric and positive, of the components without noise.
    schedule : Schedule

    Returns
    -------
    score : MixtureScore
        As of `mixture_score`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> from rgrbm.networks import Schedule
    >>> schedule = Schedule([-40.0], [40.0])
    >>> gaussian_score([1.0], [[4.0]], schedule)([[3.0]], 0.0)
    array([[-0.5]])
    """
    mean = checks.array("mean", mean, (None,))
    covariance = checks.array("covariance", covariance, (None, None))
    size = len(mean)
    if covariance.shape != (size, size):
        raise ValueError(
            "mean and covariance must have the shapes (d,) and (d, d), "
            f"got {mean.shape} and {covariance.shape}"
        )
    covariance = positive_matrix("covariance", covariance, size)
    schedule = checked_schedule(schedule, "mean", size)
    return MixtureScore(np.ones(1), mean[None], covariance[None], schedule)


def mixture_score(weights, means, covariances, schedule):
    r"""Score of a mixture of Gaussian laws.

    Parameters
    ----------
    weights : array_like, shape (k,)
        Above 0; they sum to 1.
    means : array_like, shape (k, d)
    covariances : array_like, shape (k, d, d)
        Each symmetric and positive, of the components without noise.
    schedule : Schedule

    Returns
    -------
    score : MixtureScore
        Called as ``score(states, time)``; ``score.with_diagonal(states, time)`` gives the diagonal
        of its derivatives too, and ``score.log_prob(states, time)`` the log of the law at a time.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> from rgrbm.networks import Schedule
    >>> schedule = Schedule([-40.0], [40.0])
    >>> score = mixture_score([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]], schedule)
    >>> score([[0.0], [1.0]], 0.0).round(6) + 0.0  # -w + tanh w
    array([[ 0.      ],
           [-0.238406]])
    """
    weights = checks.array("weights", weights, (None,))
    if not (weights.min() > 0 and abs(weights.sum() - 1) < 1e-9):
        raise ValueError("weights must be above 0 and sum to 1")
    means = checks.array("means", means, (len(weights), None))
    covariances = checks.array("covariances", covariances, (len(weights), None, None))
    size = means.shape[1]
    if covariances.shape[1:] != (size, size):
        raise ValueError(
            "means and covariances must have the shapes (k, d) and (k, d, d), "
            f"got {means.shape} and {covariances.shape}"
        )
    covariances = np.stack([positive_matrix("covariances", one, size) for one in covariances])
    return MixtureScore(weights, means, covariances, checked_schedule(schedule, "means", size))


class MixtureScore:
    """The score of a mixture of Gaussian laws; `mixture_score` makes one."""

    def __init__(self, weights, means, covariances, schedule):
        self.log_weights, self.means, self.covariances = np.log(weights), means, covariances
        self.schedule = schedule

    def __call__(self, states, time):
        return self._parts(states, time)[0]

    def with_diagonal(self, states, time):
        return self._parts(states, time)[:2]

    def log_prob(self, states, time):
        return self._parts(states, time)[2]

    def _parts(self, states, time):
        states = checks.array("states", states, (None, self.means.shape[1]))
        time = checks.real("time", time, 0, 1)
        alpha, sigma = self.schedule.alpha(time), self.schedule.sigma(time)
        covariances = alpha[:, None] * self.covariances * alpha + np.diag(sigma**2)
        precisions = np.linalg.inv(covariances)
        away = states - alpha * self.means[:, None]  # [law, sample, component]
        pulls = -away @ precisions
        exponents = 0.5 * (away * pulls).sum(axis=2)
        normal = np.linalg.slogdet(2 * np.pi * covariances)[1] / 2
        logs = (self.log_weights - normal)[:, None] + exponents
        log_prob = logsumexp(logs, axis=0)
        shares = np.exp(logs - log_prob)[:, :, None]
        score = (shares * pulls).sum(axis=0)
        curved = np.diagonal(precisions, axis1=1, axis2=2)[:, None]
        diagonal = (shares * (pulls**2 - curved)).sum(axis=0) - score**2
        return score, diagonal, log_prob
