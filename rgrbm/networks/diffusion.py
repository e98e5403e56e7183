r"""Diffusion with a noise schedule for each component, run back as a flow without noise.

Each component of a state is mixed with noise of unit variance at its own rate,

.. math::

    w_i(t) = \alpha_i w_i + \sigma_i \varepsilon_i , \quad \alpha_i^2 + \sigma_i^2 = 1 , \quad
    \gamma_i = \ln (\sigma_i^2 / \alpha_i^2) ,

which is the process :math:`dw_i = -\tfrac12 \beta_i w_i \, dt + \sqrt{\beta_i} \, dB_i` with
:math:`\beta_i = \sigma_i^2 \, d\gamma_i/dt`. The score is the gradient of the log of the law at
time t. The flow :math:`\dot w_i = -\tfrac12 \beta_i (w_i + \text{score}_i)` has the same laws.

A *score* is an object that is called as ``score(states, time)``, with an array (n, d) and a number
from 0 to 1, and gives an array (n, d). Its method ``with_diagonal(states, time)`` gives the same
and the diagonal of the matrix of derivatives, (n, d) as well. `mixture_score`, `gaussian_score` and
`train_score` make such.
"""

from typing import NamedTuple

import numpy as np

from rgrbm._core import checks
from rgrbm.estimate import Estimate
from rgrbm.networks.basis import positive_matrix
from rgrbm.networks.schedule import checked_schedule

__all__ = [
    "Losses",
    "denoising_losses",
    "few_step_divergence",
    "generate",
    "probability_flow",
]

LARGEST_STATE = 1e20


class Losses(NamedTuple):
    """What `denoising_losses` finds, per component."""

    loss: Estimate
    gaussian: float
    gain: Estimate


def probability_flow(score, schedule, states, *, n_steps=50):
    r"""Carry states to noise along the flow, and with them the logarithm of their law.

    Along :math:`\dot w_i = -\tfrac12 \beta_i (w_i + \text{score}_i)` the log of the density falls
    by the divergence. It ends at noise of unit variance, whose density is known:

    .. math::

        \ln p(w) = \ln N(w(1)) + \int_0^1 \sum_i \partial_i \dot w_i \, dt
            + \sum_i \ln \alpha_i(0) .

    The trace is exact, and the integral is by the method of Runge and Kutta of fourth order.

    Parameters
    ----------
    score : object
        With ``with_diagonal(states, time)``; as of `gaussian_score`.
    schedule : Schedule
    states : array_like, shape (n, d)
        At most 1e20 in size.
    n_steps : int, optional
        At least 1; four calls of `score` each.

    Returns
    -------
    latent : ndarray of float64, shape (n, d)
        Where they end, at time 1.
    log_prob : ndarray of float64, shape (n,)
        Of the states. Add `Basis.log_det` for that of the fields.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or `score` gives something else.

    Notes
    -----
    :cite:t:`song2021sde`. At time 0 there is noise already, of the width :math:`\sigma_i(0)`; with
    a `gamma_min` of -10 it is 0.7 % of the unit, and the law is smeared by it.

    Examples
    --------
    >>> from rgrbm.networks import Schedule, gaussian_score
    >>> schedule = Schedule.soft([0, 0], gamma_min=-14, gamma_max=8)
    >>> score = gaussian_score([0.0, 0.0], [[2.0, 1.0], [1.0, 2.0]], schedule)
    >>> _, log_prob = probability_flow(score, schedule, [[0.0, 0.0]])
    >>> bool(abs(log_prob[0] + np.log(2 * np.pi * np.sqrt(3))) < 1e-3)
    True
    """
    if not callable(getattr(score, "with_diagonal", None)):
        raise TypeError(f"score must have a method with_diagonal, got {checks.shown(score)}")
    schedule, states = _arguments(schedule, states)
    n_steps = checks.integer("n_steps", n_steps, 1)

    def flow(states, time):
        values, diagonal = (_of_score(part, states) for part in score.with_diagonal(states, time))
        half = schedule.beta(time) / 2
        return -half * (states + values), -(half * (1 + diagonal)).sum(axis=1)

    log_prob = -0.5 * np.logaddexp(0, schedule.start).sum()  # ln alpha at time 0
    states, step = schedule.alpha(0.0) * states, 1 / n_steps
    for k in range(n_steps):
        time, middle, end = k * step, (k + 0.5) * step, (k + 1) * step
        first, d_first = flow(states, time)
        second, d_second = flow(states + step / 2 * first, middle)
        third, d_third = flow(states + step / 2 * second, middle)
        fourth, d_fourth = flow(states + step * third, min(end, 1.0))
        states = states + step / 6 * (first + 2 * second + 2 * third + fourth)
        log_prob = log_prob + step / 6 * (d_first + 2 * d_second + 2 * d_third + d_fourth)
    normal = -0.5 * (states**2 + np.log(2 * np.pi)).sum(axis=1)
    return states, log_prob + normal


def generate(score, schedule, latent, *, n_steps=50):
    r"""Carry noise to states, in steps without noise (DDIM).

    Each step estimates the clean state and the noise from the score, and mixes them anew for the
    next, lower level:

    .. math::

        \hat\varepsilon_i = -\sigma_i \, \text{score}_i , \qquad
        w_i \to \alpha_i' \, (w_i - \sigma_i \hat\varepsilon_i)/\alpha_i + \sigma_i'
        \hat\varepsilon_i .

    Parameters
    ----------
    score : callable
    schedule : Schedule
    latent : array_like, shape (n, d)
        Noise of unit variance, or where `probability_flow` has ended.
    n_steps : int, optional
        At least 1, with one call of `score` each.

    Returns
    -------
    states : ndarray of float64, shape (n, d)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or `score` gives something else.

    Notes
    -----
    :cite:t:`song2021ddim`. With many steps it is `probability_flow` back.

    Examples
    --------
    >>> from rgrbm.networks import Schedule, gaussian_score
    >>> schedule = Schedule.soft([0], gamma_max=12)
    >>> states = generate(
    ...     gaussian_score([3.0], [[4.0]], schedule), schedule, [[0.0], [1.0]], n_steps=200
    ... )
    >>> bool(np.allclose(states, [[3.0], [5.0]], atol=0.1))
    True
    """
    checks.function("score", score)
    schedule, states = _arguments(schedule, latent, "latent")
    n_steps = checks.integer("n_steps", n_steps, 1)
    for k in range(n_steps, 0, -1):
        time, after = k / n_steps, (k - 1) / n_steps
        keep, mix = _step(schedule, time, after)
        states = keep * states + mix * _of_score(score(states, time), states)
    return states / schedule.alpha(0.0)


def few_step_divergence(variances, schedule, n_steps):
    r"""KL divergence per component of `generate` from a Gaussian law, in closed form.

    The score of independent components with variances V is linear. Each step multiplies the
    component by a number, so what comes out is Gaussian, and only its variances are wrong:

    .. math::

        w_i \to \frac{\alpha_i' \alpha_i V_i + \sigma_i' \sigma_i}{\alpha_i^2 V_i + \sigma_i^2} \,
        w_i .

    Parameters
    ----------
    variances : array_like, shape (d,)
        From 1e-20 to 1e20.
    schedule : Schedule
    n_steps : int
        At least 1.

    Returns
    -------
    divergence : float
        KL of the law at time 0 to that of the sampler, in nats, over d.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> from rgrbm.networks import Schedule
    >>> schedule = Schedule.soft(np.zeros(2))
    >>> ten, twenty = (few_step_divergence([1.0, 1.0], schedule, n) for n in (50, 100))
    >>> bool(3.5 < ten / twenty < 4.5)  # as the inverse square of the number of steps
    True
    """
    variances = checks.array("variances", variances, (None,))
    if not (variances.min() >= 1e-20 and variances.max() <= 1e20):
        raise ValueError("variances must be from 1e-20 to 1e20, got some outside")
    schedule = checked_schedule(schedule, "variances", len(variances))
    n_steps = checks.integer("n_steps", n_steps, 1)
    log_size = np.zeros(len(variances))  # ln of the standard deviation of what comes out
    for k in range(n_steps, 0, -1):
        time, after = k / n_steps, (k - 1) / n_steps
        (a, s), (b, r) = ((schedule.alpha(t), schedule.sigma(t)) for t in (time, after))
        log_size += np.log((a * b * variances + s * r) / (a**2 * variances + s**2))
    wanted = schedule.alpha(0.0) ** 2 * variances + schedule.sigma(0.0) ** 2
    log_ratio = np.log(wanted) - 2 * log_size
    with np.errstate(over="ignore"):
        return float(np.mean(np.expm1(log_ratio) - log_ratio) / 2)


def denoising_losses(score, schedule, states, *, rng):
    r"""Squared error of the noise that a score predicts, beside that of the best Gaussian.

    Noise is added to each state, at times spread evenly from 0 to 1, and predicted:
    :math:`\hat\varepsilon_i = -\sigma_i \, \text{score}_i`. The best prediction that is linear in
    the state is the exact one for a Gaussian law with the states' mean and covariance; its error is
    known in closed form. What a network has learned beyond a Gaussian is the gain over it.

    Parameters
    ----------
    score : callable
    schedule : Schedule
    states : array_like, shape (n, d)
        More than d of them.
    rng : numpy.random.Generator

    Returns
    -------
    losses : Losses
        `loss`, an `rgrbm.estimate.Estimate`, the mean square per component; `gaussian`, that of the
        best Gaussian in closed form; `gain`, an Estimate of the second less the first, with the
        same noise for both, so its error is smaller.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or `score` gives something else.

    Notes
    -----
    For the exact score of a law, and :math:`\gamma_i` from -infinity to infinity at one rate, the
    gain is :math:`2/(\text{rate} \cdot d)` times the KL divergence of the best Gaussian from the
    law: the integral of the error over :math:`\gamma` is an entropy :cite:p:`guo2005`.

    Examples
    --------
    >>> from rgrbm.networks import Schedule, gaussian_score
    >>> rng = np.random.default_rng(0)
    >>> schedule = Schedule.soft([0, 0])
    >>> score = gaussian_score([0.0, 0.0], np.eye(2), schedule)
    >>> losses = denoising_losses(score, schedule, rng.normal(size=(4000, 2)), rng=rng)
    >>> bool(abs(losses.gain.value) < 1e-3)
    True
    """
    checks.function("score", score)
    schedule, states = _arguments(schedule, states)
    checks.generator(rng)
    n_samples, size = states.shape
    if n_samples <= size:
        raise ValueError(f"states must be more than their {size} components, got {n_samples}")
    mean = states.mean(axis=0)
    centred = states - mean
    covariance = positive_matrix("states", centred.T @ centred / n_samples, size)
    n_times = min(200, n_samples)
    noise = rng.standard_normal(states.shape)
    errors, linear, exact = [], [], []
    for k in range(n_times):
        time = (k + 0.5) / n_times
        alpha, sigma = schedule.alpha(time), schedule.sigma(time)
        some, added = states[k::n_times], noise[k::n_times]
        noisy = alpha * some + sigma * added
        predicted = -sigma * _of_score(score(noisy, time), noisy)
        precision = np.linalg.inv(alpha[:, None] * covariance * alpha + np.diag(sigma**2))
        by_gaussian = sigma * ((noisy - alpha * mean) @ precision)
        errors += [*((predicted - added) ** 2).mean(axis=1)]
        linear += [*((by_gaussian - added) ** 2).mean(axis=1)]
        exact.append(np.mean(1 - sigma**2 * np.diag(precision)))
    gain = np.subtract(linear, errors)
    return Losses(Estimate.mean(errors), float(np.mean(exact)), Estimate.mean(gain))


def _step(schedule, time, after):
    """Return the factors of the state and of the score in a step of `generate`."""
    sigma = schedule.sigma(time)
    logs = [np.logaddexp(0, schedule.gamma(t)) / 2 for t in (time, after)]  # -ln alpha
    ratio = np.exp(logs[0] - logs[1])
    return ratio, ratio * sigma**2 - schedule.sigma(after) * sigma


def _arguments(schedule, states, name="states"):
    states = checks.array(name, states, (None, None))
    if np.abs(states).max() > LARGEST_STATE:
        raise ValueError(f"{name} must be at most {LARGEST_STATE:g} in size, got larger ones")
    return checked_schedule(schedule, name, states.shape[1]), states


def _of_score(values, states):
    """Return what a score has given, if it can be one."""
    values = np.asarray(values, dtype=np.float64)
    if values.shape != states.shape or not np.isfinite(values).all():
        raise ValueError(f"score must give finite numbers of the shape {states.shape}")
    return values
