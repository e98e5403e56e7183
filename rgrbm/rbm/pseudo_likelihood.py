r"""The pseudo-likelihood: how well each visible unit is told by all the others.

It replaces :math:`\ln p(v)`, which needs Z, by a sum in which Z drops out:

.. math::

    \sum_i \ln p(v_i \mid v_{-i}) = \sum_i \big[v_i x_i - \ln(1 + e^{x_i})\big], \qquad
    x_i = F(v_i = 0) - F(v_i = 1).

Here :math:`v_{-i}` are all visible units but the i-th, :math:`x_i` is the logarithm of the odds
that unit i is 1 given these, and both free energies have the other units as they are.
"""

import numpy as np

from rgrbm._core.blas import single_threaded_blas
from rgrbm._core.numerics import widening
from rgrbm.estimate import Estimate
from rgrbm.rbm._blocks import by_blocks, checked_samples
from rgrbm.rbm.machines import checked_bernoulli

__all__ = ["pseudo_log_likelihood"]


def pseudo_log_likelihood(rbm, data):
    r"""Mean over samples of the pseudo-log-likelihood, with the error from their scatter.

    Parameters
    ----------
    rbm : BernoulliRBM
    data : array_like, shape (n_samples, n_visible)
        Bits, at least two samples.

    Returns
    -------
    estimate : Estimate
        Mean of :math:`\sum_i \ln p(v_i | v_{-i})` in nats, at most 0, and its standard error.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.
    FloatingPointError
        If a parameter was made NaN in place.

    Notes
    -----
    All units are summed; nothing is drawn. The value of a sample is exact. The error is that of a
    mean of independent samples, times the factor of Student's law for so many. The time grows as
    n_samples * n_visible * n_hidden.

    It is as easy to compute for large machines as for small ones, and largest on average for the
    machine that has the law of the data. But it sees only how units hang on their surroundings: if
    data fall into groups far apart, it does not tell how likely the machine finds each group.

    Examples
    --------
    >>> from rgrbm.rbm import BernoulliRBM
    >>> rbm = BernoulliRBM.from_parameters(np.zeros((2, 1)), [0.0, np.log(3)], [0.0])
    >>> round(float(np.exp(pseudo_log_likelihood(rbm, [[0, 1], [1, 1]]).value)), 12)
    0.375
    """
    rows = checked_samples(checked_bernoulli(rbm).visible, data)
    if len(rows) < 2:
        raise ValueError("data must hold at least 2 samples, whose scatter gives the error, got 1")
    values = sample_values(rbm, rows)
    error = widening(len(values)) * values.std(ddof=1) / np.sqrt(len(values))
    return Estimate(float(values.mean()), float(error))


def sample_values(rbm, rows):
    """Pseudo-log-likelihood of each sample; numbers between 0 and 1 stand for the bits' means."""

    def block_values(visible):
        push, value = visible @ rbm.weights, np.zeros(len(visible))
        for unit, bias, weights in zip(visible.T, rbm.visible_bias, rbm.weights, strict=True):
            off = push - unit[:, None] * weights
            log_odds = bias + rbm.hidden.log_sum(off + weights) - rbm.hidden.log_sum(off)
            value += unit * log_odds - np.logaddexp(0, log_odds)
        return value

    with single_threaded_blas():
        return by_blocks(block_values, rows, max(rbm.weights.shape))
