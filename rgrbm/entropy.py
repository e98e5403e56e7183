r"""Maximum entropy on several scales at once, solved by a renormalization group.

A state :math:`x_1` has coarser and coarser descriptions :math:`x_2 = R_1(x_1)`, ...,
:math:`x_d = R_{d-1}(x_{d-1})`. Of all laws we want the one with the largest

.. math:: \Phi(p) = \sum_k \sigma_k S(p_k) - \langle U(x_1) \rangle_p ,

where :math:`p_k` is the law of :math:`x_k`. One sum over the states of each block and level finds
it, :math:`U_{k+1}(y) = -T_k \ln \sum_{x : R_k(x) = y} e^{-U_k(x)/T_k}`. The temperature of a level
is the sum of the weights up to it, :math:`T_k = \sigma_1 + \dots + \sigma_k`.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import entr

from rgrbm import transfer_matrix
from rgrbm._core import checks
from rgrbm.decimation import decimate_coupling

__all__ = ["Hierarchy", "gaussian", "hierarchical", "lomax_flow", "objective", "ring_flow"]

COLDEST = 1e-100  # temperature: a loss divided by it must be a float


class Hierarchy(NamedTuple):
    """The law of the largest entropy on several scales.

    Attributes
    ----------
    value : float
        The largest value of `objective`, in nats.
    laws : list of ndarray
        The law of the states of each level, from the finest to the coarsest.
    losses : list of ndarray
        The loss of each level, renormalized; the first is the loss that was given.
    """

    value: float
    laws: list
    losses: list


def hierarchical(loss, maps, weights):
    r"""Find the law with the largest weighted entropies, minus the mean loss.

    Parameters
    ----------
    loss : array_like, shape (n_states,)
        The loss U of each state of the finest level.
    maps : sequence of array_like of int
        Entry k says into which state of the next level each state of level k goes. The states
        of a level are 0, 1, ... without a gap. Empty for a single level.
    weights : array_like, shape (len(maps) + 1,)
        The weight of the entropy of each level, the finest first. A weight may be negative, but
        the sums of the first k of them, which are temperatures, must be positive.

    Returns
    -------
    Hierarchy

    Raises
    ------
    ValueError, TypeError
        If lengths do not fit, a map has a gap, or a sum of weights is below 1e-100.

    Notes
    -----
    The entropy of a level is that of the next one, and what the coarse state leaves open. So
    the objective is concave where all sums of weights are positive, and its maximum is unique.
    With the weights 1, 0, 0, ... it is Boltzmann's law.

    The principle, and its solution by a renormalization group, are those of :cite:t:`asadi2025`.

    Examples
    --------
    >>> loss, maps, weights = [0.0, 1.0, 1.0, 2.0], [[0, 0, 1, 1]], [1.0, 1.0]
    >>> found = hierarchical(loss, maps, weights)
    >>> [law.round(3).tolist() for law in found.laws]
    [[0.455, 0.167, 0.276, 0.102], [0.622, 0.378]]
    >>> bool(np.isclose(objective(found.laws[0], loss, maps, weights), found.value))
    True
    """
    loss, maps, weights = _checked(loss, maps, weights)
    maps = [*maps, np.zeros(maps[-1].max() + 1 if maps else len(loss), dtype=int)]  # onto one state
    losses, conditionals = [loss], []
    for onto, temperature in zip(maps, np.cumsum(weights), strict=True):
        exponent = -losses[-1] / temperature
        log_sum = _log_sum_exp(exponent, onto)
        conditionals.append(np.exp(exponent - log_sum[onto]))
        losses.append(-temperature * log_sum)
    laws = [np.ones(1)]
    for onto, conditional in zip(maps[::-1], conditionals[::-1], strict=True):
        laws.append(laws[-1][onto] * conditional)
    return Hierarchy(float(-losses[-1][0]), laws[:0:-1], losses[:-1])


def objective(law, loss, maps, weights):
    r"""Weighted entropies of all levels, minus the mean loss: what `hierarchical` makes largest.

    Parameters
    ----------
    law : array_like, shape (n_states,)
        Probabilities of the states of the finest level.
    loss, maps, weights
        As in `hierarchical`.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    ValueError, TypeError
        As in `hierarchical`, or if `law` is not a law of as many states.

    Notes
    -----
    It falls short of the largest value by the sum of :math:`\sigma_k \mathrm{KL}(p_k \Vert p_k^*)`
    over the levels, exactly.

    Examples
    --------
    >>> round(objective([0.25, 0.25, 0.25, 0.25], [0, 1, 1, 2], [[0, 0, 1, 1]], [1, 1]), 6)
    1.079442
    """
    loss, maps, weights = _checked(loss, maps, weights)
    law = checks.array("law", law, (len(loss),))
    if law.min() < 0 or not abs(law.sum() - 1) < 1e-9:
        raise ValueError(f"law must hold probabilities that sum to 1, got {checks.shown(law)}")
    total = -law @ loss
    for onto, weight in zip([*maps, None], weights, strict=True):
        total += weight * entr(law).sum()
        law = None if onto is None else np.bincount(onto, law)
    return float(total)


def ring_flow(coupling, weights, n_sites):
    r"""Ising ring, every second spin kept: the couplings of all levels, and the largest value.

    The loss is :math:`U = -J \sum_i s_i s_{i+1}`, and stays of this form:
    :math:`J_{k+1} = \tfrac12 T_k \ln\cosh(2 J_k/T_k)`, with T_k the sum of the first k weights.

    Parameters
    ----------
    coupling : float
        J of the finest level.
    weights : array_like, shape (n_levels,)
        As in `hierarchical`.
    n_sites : int
        A multiple of 2**(n_levels - 1).

    Returns
    -------
    couplings : ndarray, shape (n_levels,)
        J of each level; divided by T_k it is the reduced coupling K of a ring.
    value : float
        The largest value of the objective, in nats.

    Raises
    ------
    ValueError, TypeError
        If a number is not finite, a sum of weights below 1e-100, or the ring cannot be halved.

    Examples
    --------
    >>> couplings, value = ring_flow(1.0, [1.0, 0.7, 0.4], 8)
    >>> couplings.round(6), round(value, 6)
    (array([1.      , 0.662501, 0.235622]), 11.214194)
    """
    couplings = [checks.number("coupling", coupling)]
    temperatures = np.cumsum(_checked_weights(weights))
    n_sites = checks.integer("n_sites", n_sites, 1)
    if n_sites % 2 ** (len(temperatures) - 1):
        raise ValueError(
            f"n_sites must be a multiple of 2**{len(temperatures) - 1} for the levels of weights, "
            f"got {n_sites}"
        )
    value = 0.0
    for temperature in temperatures[:-1]:
        reduced, _, log_factor = decimate_coupling(couplings[-1] / temperature)
        couplings.append(temperature * reduced)
        n_sites //= 2
        value += temperature * n_sites * log_factor
    temperature = temperatures[-1]
    top = transfer_matrix.log_partition(n_sites, couplings[-1] / temperature)
    return np.array(couplings), float(value + temperature * top)


def gaussian(precision, kept, weights):
    r"""Quadratic loss, some variables kept at each level: the law with the largest objective.

    The loss is :math:`U = \tfrac12 x^\top A x`. What is left after a level is quadratic again, with
    the Schur complement of A, at any temperature; the entropies are those of densities.

    Parameters
    ----------
    precision : array_like, shape (n, n)
        A, symmetric and positive definite.
    kept : sequence of array_like of int
        For each level but the finest, the variables of it; each level has fewer than the one
        before, and all are from it. Empty for a single level.
    weights : array_like, shape (len(kept) + 1,)
        As in `hierarchical`.

    Returns
    -------
    precisions : list of ndarray
        A of each level, in the order of `kept`.
    covariance : ndarray, shape (n, n)
        Of the law, which is normal with the mean 0.
    value : float
        The largest value of the objective, in nats.

    Raises
    ------
    ValueError, TypeError
        If `precision` is not symmetric and positive definite, or `kept` not nested.

    Notes
    -----
    Given what is kept, the variables that are not have the covariance :math:`T_k A_{ii}^{-1}`.

    Examples
    --------
    >>> precisions, covariance, value = gaussian([[2.0, -1.0], [-1.0, 2.0]], [[1]], [1.0, 1.0])
    >>> precisions[1], covariance.round(4).tolist()
    (array([[1.5]]), [[0.8333, 0.6667], [0.6667, 1.3333]])
    """
    precision = checks.array("precision", precision, (None, None))
    uneven = np.abs(precision - precision.T).max() if len(set(precision.shape)) == 1 else np.inf
    if uneven > 1e-12 * np.abs(precision).max():
        raise ValueError(f"precision must be a symmetric matrix, got {checks.shown(precision)}")
    levels = _checked_kept(kept, len(precision))
    temperatures = np.cumsum(_checked_weights(weights, len(levels) - 1))

    precisions, steps, value = [], [], 0.0
    for fine, coarse, temperature in zip(levels, levels[1:], temperatures, strict=False):
        precisions.append(precision[np.ix_(fine, fine)])
        out = np.setdiff1d(fine, coarse)
        inner, mixed = precision[np.ix_(out, out)], precision[np.ix_(out, coarse)]
        try:
            roots = np.diag(np.linalg.cholesky(inner))
        except np.linalg.LinAlgError:
            raise ValueError("precision must be positive definite") from None
        value += temperature * np.sum(np.log(2 * np.pi * temperature) / 2 - np.log(roots))
        pull = -np.linalg.solve(inner, mixed)
        precision[np.ix_(coarse, coarse)] += mixed.T @ pull
        steps.append((out, coarse, pull, temperature * np.linalg.inv(inner)))

    covariance = np.zeros_like(precision)
    for out, coarse, pull, left_open in steps[::-1]:
        cross = pull @ covariance[np.ix_(coarse, coarse)]
        covariance[np.ix_(out, coarse)], covariance[np.ix_(coarse, out)] = cross, cross.T
        covariance[np.ix_(out, out)] = left_open + cross @ pull.T
    return precisions, covariance, float(value)


def lomax_flow(alpha, weights, counts):
    r"""Logarithmic loss, some variables left out at each level: its strengths, and the value.

    The loss is :math:`U = \alpha \ln(1 + \sum_i x_i)` of non-negative numbers, and stays of this
    form: :math:`\alpha_{k+1} = \alpha_k - T_k m_k`, where m_k variables are integrated out and T_k
    is the sum of the first k weights.

    Parameters
    ----------
    alpha : float
        Strength of the loss at the finest level.
    weights : array_like, shape (n_levels,)
        As in `hierarchical`.
    counts : array_like of int, shape (n_levels,)
        m_k, at least 1; the last is the number of variables at the coarsest level.

    Returns
    -------
    alphas : ndarray, shape (n_levels,)
        The strength at each level.
    value : float
        The largest value of the objective, in nats; the entropies are those of densities.

    Raises
    ------
    ValueError, TypeError
        If an integral diverges: alpha_k must be above T_k m_k at each level.

    Notes
    -----
    A variable alone has the law of Lomax, with a tail that falls as a power.

    Examples
    --------
    >>> alphas, value = lomax_flow(9.0, [1.0, 0.5], [2, 2])
    >>> alphas, round(value, 6)
    (array([9., 7.]), -7.44552)
    """
    alpha = checks.real("alpha", alpha, 0.0, checks.LARGEST, above=True)
    temperatures = np.cumsum(_checked_weights(weights))
    counts = checks.integers("counts", counts, 1, 10**6)
    if counts.shape != temperatures.shape:
        raise ValueError(
            f"counts must have an entry for each of the {len(temperatures)} levels of weights, "
            f"got the shape {counts.shape}"
        )
    alphas, value = [], 0.0
    for temperature, count in zip(temperatures, counts, strict=True):
        exponents = alpha / temperature - np.arange(1, count + 1)
        if exponents[-1] <= 0:
            raise ValueError(
                f"alpha must be above the sum of weights times counts at each level, "
                f"got {alpha} left for {count} variables at the temperature {temperature}"
            )
        alphas.append(alpha)
        value -= temperature * np.log(exponents).sum()
        alpha -= temperature * count
    return np.array(alphas), float(value)


def _log_sum_exp(exponent, onto):
    """Logarithm of the sum of exp(exponent) over the states that go into the same one."""
    largest = np.full(onto.max() + 1, -np.inf)
    np.maximum.at(largest, onto, exponent)
    return largest + np.log(np.bincount(onto, np.exp(exponent - largest[onto])))


def _checked_weights(weights, n_levels=None):
    weights = checks.array("weights", weights, (n_levels,))
    smallest = np.cumsum(weights).min()
    if not smallest >= COLDEST:
        raise ValueError(
            f"weights must have sums from the first on of at least {COLDEST:g}, got {smallest:g}"
        )
    return weights


def _sequence(name, value):
    try:
        return list(value)
    except Exception:  # of a class of others
        raise TypeError(f"{name} must be a sequence, got {checks.shown(value)}") from None


def _checked(loss, maps, weights):
    loss = checks.array("loss", loss, (None,))
    n_states, checked = len(loss), []
    for onto in _sequence("maps", maps):
        onto = checks.integers("maps", onto, 0, n_states - 1)
        if onto.shape != (n_states,) or len(np.unique(onto)) != onto.max() + 1:
            raise ValueError(
                f"maps must send each of {n_states} states to one of 0, 1, ... without a gap, "
                f"got {checks.shown(onto)}"
            )
        checked.append(onto)
        n_states = onto.max() + 1
    return loss, checked, _checked_weights(weights, len(checked) + 1)


def _checked_kept(kept, n_variables):
    levels = [np.arange(n_variables)]
    for coarse in _sequence("kept", kept):
        coarse = checks.integers("kept", coarse, 0, n_variables - 1)
        inside = coarse.ndim == 1 and 0 < len(np.unique(coarse)) == len(coarse) < len(levels[-1])
        if not inside or not np.isin(coarse, levels[-1]).all():
            raise ValueError(
                f"kept must hold fewer and fewer of the variables of the level before, "
                f"got {checks.shown(coarse)}"
            )
        levels.append(coarse)
    return [*levels, np.empty(0, dtype=int)]
