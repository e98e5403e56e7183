"""What one variable tells about another."""

import numpy as np
from scipy.special import xlogy

from rgrbm._core import checks

__all__ = ["mutual_information"]


def mutual_information(joint):
    r"""Mutual information of two variables, from their joint law.

    Parameters
    ----------
    joint : array_like, shape (n, m)
        Probabilities, not negative, with the sum 1 to within 1e-9.

    Returns
    -------
    information : float
        :math:`\sum_{xy} p(x, y) \ln [p(x, y) / p(x) p(y)]`, in nats; not negative.

    Raises
    ------
    ValueError, TypeError
        If `joint` is not as described.

    Examples
    --------
    >>> round(mutual_information([[0.5, 0.0], [0.0, 0.5]]), 6)  # ln 2
    0.693147
    """
    joint = checks.array("joint", joint, (None, None))
    if joint.min() < 0 or abs(joint.sum() - 1) > 1e-9:
        raise ValueError(
            "joint must hold probabilities that add up to 1, "
            f"got a smallest one of {joint.min()} and a sum of {joint.sum()}"
        )
    apart = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    ratio = np.divide(joint, apart, out=np.ones_like(joint), where=joint > 0)
    return max(float(xlogy(joint, ratio).sum()), 0.0)
