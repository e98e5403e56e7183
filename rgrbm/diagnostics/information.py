"""What one variable tells about another."""

import numpy as np
from scipy.special import xlogy

from rgrbm._core import checks

__all__ = ["mutual_information"]


def mutual_information(joint):
    r"""Mutual information of two variables, from their joint law.

    Parameters
    ----------
    joint : array_like, shape (..., n, m)
        Probabilities, not negative, with the sum 1 to within 1e-9; one law, or many.

    Returns
    -------
    information : float or ndarray, shape (...)
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
    joint = checks.array("joint", joint, (..., None, None))
    total = joint.sum(axis=(-2, -1))
    if joint.min(initial=0.0) < 0 or (np.abs(total - 1) > 1e-9).any():
        raise ValueError(
            "joint must hold probabilities that add up to 1, "
            f"got a smallest one of {joint.min()} and sums from {total.min()} to {total.max()}"
        )
    apart = joint.sum(axis=-1, keepdims=True) * joint.sum(axis=-2, keepdims=True)
    ratio = np.divide(joint, apart, out=np.ones_like(joint), where=joint > 0)
    information = np.maximum(xlogy(joint, ratio).sum(axis=(-2, -1)), 0.0)
    return information if information.ndim else float(information)
