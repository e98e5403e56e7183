r"""Barenblatt's equation: a diffusion whose late law has an exponent that no dimension gives.

Heat spreads in a porous, elastic medium that takes it up and gives it back unequally:

.. math::

    \partial_t u = D \, \partial_x^2 u , \qquad
    D = \tfrac12 (1 + \epsilon) \text{ where } u \text{ falls}, \quad
    D = \tfrac12 \text{ where it rises} .

Late, :math:`u = t^{-(1/2 + \alpha)} f(x / \sqrt t)`. The profile is even, falls within
:math:`|x| < \xi_0 \sqrt t`, and solves a linear equation on each side of that.
"""

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.special import hyp1f1, rgamma

from rgrbm._core import checks

__all__ = ["anomalous_exponent", "rg_map"]

LARGEST_EXPONENT = 4.0
LARGEST_RATIO = 1e12
MOST_STEPS = 20_000


def anomalous_exponent(epsilon):
    r"""Exponent with which the heat of Barenblatt's equation disappears, exactly.

    Parameters
    ----------
    epsilon : float
        Between -0.999 and 80: the relative excess of the diffusivity where the temperature falls.

    Returns
    -------
    alpha : float
        The total heat decays as :math:`t^{-\alpha}`, the temperature as
        :math:`t^{-(1/2 + \alpha)}`.

    Raises
    ------
    ValueError, TypeError
        If `epsilon` is not as described.

    Notes
    -----
    The profile is a Kummer function of :math:`s = \xi^2 / 2 (1 + \epsilon)` inside, and outside the
    combination of two that decays, in :math:`\xi`. Both have their bend at :math:`\xi_0`, since
    there :math:`\partial_t u = 0`, so that

    .. math::

        M(-1 - \alpha, \tfrac12, s_0) = 0 , \quad H_{2 \alpha + 2}(\xi_0) = 0 , \quad
        \epsilon = \frac{\xi_0^2}{2 s_0} - 1 ,

    with the smallest zero of the Kummer function M, and the largest of Hermite's function H. So
    :math:`\epsilon` is an explicit function of :math:`\alpha`, which is inverted here. The equation
    is that of :cite:t:`goldenfeld1990`.

    Examples
    --------
    >>> round(anomalous_exponent(1.0), 6)
    0.198537
    """
    epsilon = checks.real("epsilon", epsilon, -0.999, 80.0)
    return brentq(lambda alpha: _epsilon(alpha) - epsilon, -0.499, LARGEST_EXPONENT, xtol=1e-14)


def rg_map(profile, x, epsilon, *, scale=2.0):
    r"""One step of the renormalization group for Barenblatt's equation: evolve, and rescale.

    Parameters
    ----------
    profile : ndarray, shape (n,)
        Temperature at time 1, which is an even function of x; positive at the origin.
    x : ndarray, shape (n,)
        Places from 0, in equal steps; at the last one the temperature is held at 0.
    epsilon : float
        Above -1: the relative excess of the diffusivity where the temperature falls.
    scale : float, optional
        The factor b by which the time grows, above 1.

    Returns
    -------
    profile : ndarray, shape (n,)
        :math:`u(\sqrt b \, x, b) / u(0, b)`.
    exponent : float
        Exponent :math:`\alpha` for which the step from :math:`u(0, 1)` to :math:`u(0, b)` is the
        factor :math:`b^{-(1/2 + \alpha)}`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or nothing is left at the origin.

    Notes
    -----
    As in :cite:t:`goldenfeld1990`, the evolution removes what is short-lived, and the change of
    units restores the scale. The fixed points are the profiles of the late law. The equation is
    solved by explicit steps in time of a third of the square of the step in space.

    Examples
    --------
    >>> x = np.linspace(0, 8, 161)
    >>> profile = np.exp(-(x**2))
    >>> for _ in range(10):
    ...     profile, exponent = rg_map(profile, x, 1.0)
    >>> round(exponent, 3)
    0.199
    """
    x = checks.array("x", x, (None,))
    step = x[-1] / max(1, len(x) - 1)
    if len(x) < 4 or step <= 0 or np.abs(np.diff(x) / step - 1).max() > 1e-6 or x[0] != 0:
        raise ValueError("x must be at least 4 places that rise in equal steps from 0")
    profile = checks.array("profile", profile, x.shape)
    epsilon = checks.real("epsilon", epsilon, -1.0, 1e3, above=True)
    scale = checks.real("scale", scale, 1.0, 1e3, above=True)
    if not (profile[0] > 0 and np.abs(profile).max() <= LARGEST_RATIO * profile[0]):
        raise ValueError(f"profile must be positive at the origin, and not small: {profile[0]}")
    inside, outside = (1 + epsilon) / 2, 0.5
    n_steps = 1 + (scale - 1) * max(inside, outside) / (step**2 / 3)
    if n_steps > MOST_STEPS:
        raise ValueError(f"x, epsilon and scale must not ask for {n_steps:.0f} steps in time")
    time_step = (scale - 1) / int(n_steps)
    u = profile / profile[0]
    bend = np.zeros_like(u)
    for _ in range(int(n_steps)):
        bend[1:-1] = u[2:] - 2 * u[1:-1] + u[:-2]
        bend[0] = 2 * (u[1] - u[0])
        u += time_step / step**2 * np.where(bend < 0, inside, outside) * bend
    u[-1] = 0
    wide = np.sqrt(scale) * x
    new = np.where(wide < x[-1], CubicSpline(x, u)(np.minimum(wide, x[-1])), 0.0)
    if not u[0] > 1 / LARGEST_RATIO:
        raise ValueError("profile must leave a temperature of the same sign at the origin")
    exponent = -np.log(u[0]) / np.log(scale) - 0.5
    return new / u[0], float(exponent)


def _hermite(nu, x):
    """Return Hermite's function of the order nu, of the kind that decays, but for a factor."""
    even = rgamma((1 - nu) / 2) * hyp1f1(-nu / 2, 0.5, x**2 / 2)
    odd = rgamma(-nu / 2) * hyp1f1((1 - nu) / 2, 1.5, x**2 / 2)
    return even - np.sqrt(2) * x * odd


def _epsilon(alpha):
    """Return the epsilon for which alpha is the exponent."""
    bends = np.linspace(4 * np.sqrt(alpha + 1.25), 0, 400)  # beyond the largest zero, downwards
    outer = _first_zero(lambda x: _hermite(2 * alpha + 2, x), bends)
    inner = _first_zero(lambda s: hyp1f1(-1 - alpha, 0.5, s), np.linspace(0, 3, 400))
    return outer**2 / (2 * inner) - 1


def _first_zero(function, grid):
    """Return the zero of a function that comes first on a grid."""
    values = function(grid)
    first = np.flatnonzero(values[1:] * values[:-1] <= 0)[0]
    return brentq(function, *sorted(grid[first : first + 2]), xtol=1e-15)
