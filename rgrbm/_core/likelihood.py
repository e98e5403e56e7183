"""Couplings under which spins are most likely, given what each of them feels."""

import numpy as np
from scipy.special import expit

MOST_STEPS = 100  # of Newton's method


def most_likely_couplings(inputs, counts, start, complaint):
    r"""Maximise the sum of counts * ln sigma(2 K . inputs), by Newton's method.

    A spin that feels the field K . x is up with the probability sigma(2 K . x). Each row of the
    inputs is x times the spin, and its count says how often it was seen. The function is concave;
    where it has no maximum, that is a ValueError with the complaint.
    """
    couplings = start
    for _ in range(MOST_STEPS):
        wrong = expit(-2 * inputs @ couplings)
        slope = 2 * inputs.T @ (counts * wrong)
        curvature = 4 * (inputs.T * (counts * wrong * (1 - wrong))) @ inputs
        if np.linalg.cond(curvature) > 1e12:
            break
        step = np.linalg.solve(curvature, slope)
        couplings = couplings + step / max(1.0, np.abs(step).max())
        if np.abs(step).max() < 1e-12:
            return couplings
    raise ValueError(complaint)
