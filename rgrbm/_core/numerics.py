"""Sums and draws that need some care with floating-point numbers."""

import numpy as np


def sum_softplus(x):
    """Sum of ln(1 + exp(x)) over the last axis, without overflow.

    It is the sum of max(x, 0) and of the logarithms of 1 + exp(-|x|), numbers from 1 to 2. So a
    thousand of them can be multiplied first, and one logarithm serves for all.
    """
    factors = np.abs(x)
    np.exp(np.negative(factors, out=factors), out=factors)
    factors += 1
    starts = range(0, x.shape[-1], 1000)
    logs = [np.log(factors[..., start : start + 1000].prod(axis=-1)) for start in starts]
    return np.maximum(x, 0).sum(axis=-1) + sum(logs)


def log_two_cosh(x):
    """Logarithm of 2 cosh(x), without overflow."""
    return np.logaddexp(x, -x)


def draw_bits(probabilities, rng):
    """Draw bits that are 1 with the given probabilities, uint8; NaN is a FloatingPointError."""
    if np.isnan(probabilities).any():  # a comparison with NaN would draw zeros
        raise FloatingPointError("a parameter of the machine has become NaN")
    return (rng.random(probabilities.shape) < probabilities).astype(np.uint8)
