"""How well curves fall onto one."""

from typing import NamedTuple

import numpy as np

from rgrbm._core import checks

__all__ = ["Collapse", "collapse_score"]


class Collapse(NamedTuple):
    """How well curves fall onto one, and on how many of their points that was asked."""

    score: float
    """Root mean square of quantity minus guess, over the standard deviation of the quantity: 0 if
    all curves are one; 1 if no curve reaches over a point of another, so that nothing is known."""
    overlap: float
    """Share of the points over which another curve reaches."""


def collapse_score(quantity, variable, curve):
    r"""Guess the points of each curve from the other curves.

    Each point is guessed from every other curve that reaches over it, by a straight line between
    its neighbours there. A point over which none reaches is left out, and the overlap says how many
    are not. Without it a score says little: curves that lie side by side have a low one, from the
    few points where they touch.

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
    The measure of :cite:t:`bhattacharjee2001` with squares, and in units of the spread. The
    straight line has an error of its own, which falls with the square of the distance of points.

    Examples
    --------
    >>> collapse_score([0.0, 2.0, 1.0, 3.0], [0.0, 2.0, 1.0, 3.0], [0, 0, 1, 1])
    Collapse(score=0.0, overlap=0.5)
    """
    quantity = checks.array("quantity", quantity, shape=(None,))
    variable = checks.array("variable", variable, shape=quantity.shape)
    curve = checks.integers("curve", curve, 0, checks.MOST)
    if curve.shape != quantity.shape:
        raise ValueError(f"curve must have the shape {quantity.shape}, got {curve.shape}")
    if np.ptp(quantity) == 0:
        raise ValueError(f"quantity must not be constant, got {quantity[0]} everywhere")
    order = np.argsort(variable, kind="stable")
    quantity, variable, curve = quantity[order], variable[order], curve[order]
    errors, reached = [], np.zeros(len(curve), dtype=bool)
    for one in np.unique(curve):
        x, y = variable[curve == one], quantity[curve == one]
        inside = (curve != one) & (variable >= x[0]) & (variable <= x[-1])
        errors.extend(quantity[inside] - np.interp(variable[inside], x, y))
        reached |= inside
    if not errors:
        return Collapse(1.0, 0.0)
    error = np.sqrt(np.mean(np.square(errors)))
    return Collapse(float(error / quantity.std()), float(reached.mean()))
