"""Sums and logarithms that need some care with floating-point numbers."""

import numpy as np
from scipy.special import ndtr, stdtrit

FACTORS_PER_LOGARITHM = 1000  # each from 1 to 2: 2**1024 would overflow


def sum_softplus(x):
    """Sum of ln(1 + exp(x)) over the last axis, without overflow.

    It is the sum of max(x, 0) and of the logarithms of 1 + exp(-|x|). Many of these can be
    multiplied first, and one logarithm serves for all.
    """
    factors = np.abs(x)
    np.exp(np.negative(factors, out=factors), out=factors)
    factors += 1
    logs = [
        np.log(factors[..., start : start + FACTORS_PER_LOGARITHM].prod(axis=-1))
        for start in range(0, x.shape[-1], FACTORS_PER_LOGARITHM)
    ]
    return np.maximum(x, 0).sum(axis=-1) + sum(logs)


def log_two_cosh(x):
    """Logarithm of 2 cosh(x), without overflow."""
    return np.logaddexp(x, -x)


def finite(name, values):
    """Return values if all are finite; what is not has overflowed, or came from NaN."""
    if not np.isfinite(values).all():
        raise FloatingPointError(
            f"{name} is not finite: parameters or states are NaN, or too large for a float"
        )
    return values


def widening(n_values):
    """Factor by which a standard error from a few values must grow to cover what it should.

    A normal value lies within its standard error in 68.3 % of all cases. If the error comes from
    the scatter of n values, it is itself uncertain, and Student's law with n - 1 degrees of freedom
    says how far to go: 1.84 for two values, 1.005 for a hundred.
    """
    return float(stdtrit(n_values - 1, ndtr(1.0)))


def jackknife(function, samples, n_blocks):
    """Return a function of samples, and its error from leaving out one block at a time.

    `samples` is a tuple of arrays with one first axis; blocks are parts of it in order.
    """
    found = function(*samples)
    blocks = np.array_split(np.arange(len(samples[0])), n_blocks)
    without = [function(*(np.delete(part, block, axis=0) for part in samples)) for block in blocks]
    unit = max(np.abs(without).max(), 1e-300)  # squares of large numbers overflow
    deviation = unit * np.std(np.array(without) / unit, axis=0)
    return found, widening(n_blocks) * np.sqrt(n_blocks - 1) * deviation
