"""How well curves fall onto one."""

from typing import NamedTuple

import numpy as np

from rgrbm._core import checks

__all__ = ["Collapse", "collapse_score"]


class Collapse(NamedTuple):
    """How well curves fall onto one, and on how many of their points that was asked."""

    score: float
    """Root mean square of quantity minus guess, over the standard deviation of the quantity: 0 if
    all curves are one; 1 if no point has neighbours on both sides, so that nothing is known."""
    overlap: float
    """Share of the points that lie between points of other curves."""


def collapse_score(quantity, variable, curve):
    r"""Guess each point from its neighbours on the other curves.

    The guess is on the straight line between the next point to the left and the next to the right
    that belong to *other* curves. A point that lacks one of them is left out, and the overlap says
    how many are left. Without it a score says little: curves that lie side by side have a low one,
    from the few points where they touch.

    Parameters
    ----------
    quantity, variable : array_like of float, shape (n_points,)
        Coordinates of the points, after rescaling; usually logarithms.
    curve : array_like of int, shape (n_points,)
        The curve to which each point belongs, from 0.

    Returns
    -------
    found : Collapse
        The score and the overlap.

    Raises
    ------
    ValueError, TypeError
        If the arrays do not have one common length or do not hold finite numbers, or the quantity
        is constant.

    Notes
    -----
    The measure is that of :cite:t:`bhattacharjee2001` in substance, with squares. A point costs the
    error of a straight line between its neighbours too, which falls with the square of their
    distance.

    Examples
    --------
    >>> collapse_score([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 3.0], [0, 1, 0, 1])
    Collapse(score=0.0, overlap=0.5)
    """
    quantity = checks.array("quantity", quantity, shape=(None,))
    variable = checks.array("variable", variable, shape=quantity.shape)
    curve = checks.integers("curve", curve, 0, checks.MOST)
    if curve.shape != quantity.shape:
        raise ValueError(f"curve must have the shape {quantity.shape}, got {curve.shape}")
    if np.ptp(quantity) == 0:
        raise ValueError(f"quantity must not be constant, got {quantity[0]} everywhere")
    gap = variable - variable[:, None]
    other = curve != curve[:, None]
    to_left = np.where(other & (gap <= 0), gap, -np.inf)
    to_right = np.where(other & (gap >= 0), gap, np.inf)
    between = np.isfinite(to_left.max(axis=1)) & np.isfinite(to_right.min(axis=1))
    if not between.any():
        return Collapse(1.0, 0.0)
    left, right = to_left.argmax(axis=1)[between], to_right.argmin(axis=1)[between]
    width = variable[right] - variable[left]
    part = np.full(len(width), 0.5)  # where both neighbours lie at the point itself
    np.divide(variable[between] - variable[left], width, out=part, where=width > 0)
    guess = quantity[left] + part * (quantity[right] - quantity[left])
    error = np.sqrt(np.mean((quantity[between] - guess) ** 2))
    return Collapse(float(error / quantity.std()), float(between.mean()))
