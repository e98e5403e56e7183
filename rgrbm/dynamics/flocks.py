"""Flocks: birds that fly as their neighbours do, nearly."""

import math

import numpy as np

from rgrbm._core import checks
from rgrbm._core.loading import load

__all__ = ["flock"]


def flock(n_birds, size, noise, *, speed, n_steps, rng, observe=None, every=1):
    r"""Let a flock of the model of Vicsek and others fly, from random places and headings.

    In a step each bird turns to the mean direction of all birds within the distance 1, itself among
    them, and misses it by an angle between :math:`-\eta/2` and :math:`\eta/2`; then all fly ahead:

    .. math::

        \theta_i \to \arg \sum_{|x_j - x_i| \le 1} e^{i \theta_j} + \eta \, u_i , \qquad
        x_i \to x_i + v \, (\cos \theta_i, \sin \theta_i) .

    Parameters
    ----------
    n_birds : int
        At least 1.
    size : float
        Side of the torus, in units of the distance at which birds see each other; at least 1.
    noise : float
        :math:`\eta`, in radians, from 0 to :math:`2 \pi`; each :math:`u_i` is drawn anew, uniformly
        between -1/2 and 1/2.
    speed : float
        v, the way of one step, from 0 to `size`.
    n_steps : int
        At least 0.
    rng : numpy.random.Generator
    observe : callable, optional
        Called as ``observe(positions, angles)`` after every `every`-th step; what it returns is
        kept. It must not change them.
    every : int, optional
        Steps between two looks, at least 1.

    Returns
    -------
    positions : ndarray, shape (n_birds, 2)
        From 0 to `size`.
    angles : ndarray, shape (n_birds,)
        Headings, in radians, from :math:`-\pi` to :math:`\pi` and up to half the noise beyond.
    series : ndarray, shape (n_steps // every, ...)
        Only with `observe`: what it returned, look by look.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    Two limits are exact, for the order :math:`\varphi = |\sum_i e^{i\theta_i}| / N`. With
    :math:`\eta = 2\pi` all headings are independent, and :math:`N \langle \varphi^2 \rangle = 1`.
    On a torus of side :math:`\sqrt 2` or less all birds see each other, and after each step
    :math:`\langle \varphi^2 \rangle = s^2 + (1 - s^2)/N` with :math:`s = \sin(\eta/2)/(\eta/2)`.

    :cite:t:`vicsek1995`. There birds fly ahead with the heading from before they turn; and some
    authors write the noise as an angle between :math:`-\eta\pi` and :math:`\eta\pi`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> _, angles = flock(100, 5.0, 0.1, speed=0.5, n_steps=200, rng=rng)
    >>> bool(abs(np.exp(1j * angles).mean()) > 0.99)
    True
    """
    n_birds = checks.integer("n_birds", n_birds, 1)
    size = checks.real("size", size, 1.0, 1e6)
    noise = checks.real("noise", noise, 0.0, 2 * math.pi)
    speed = checks.real("speed", speed, 0.0, size)
    n_steps = checks.integer("n_steps", n_steps, 0)
    checks.generator(rng)
    if observe is not None:
        checks.function("observe", observe)
    every = checks.integer("every", every, 1)
    sum_headings = load("rgrbm.dynamics._flock_kernels").sum_headings
    positions = rng.uniform(0, size, (n_birds, 2))
    angles = rng.uniform(-np.pi, np.pi, n_birds)
    series = []
    for step in range(1, n_steps + 1):
        sums = sum_headings(positions, np.exp(1j * angles), size)
        angles = np.angle(sums) + noise * rng.uniform(-0.5, 0.5, n_birds)
        ahead = np.column_stack([np.cos(angles), np.sin(angles)])
        positions = (positions + speed * ahead) % size
        if observe is not None and step % every == 0:
            series.append(observe(positions, angles))
    if observe is None:
        return positions, angles
    return positions, angles, np.array(series)
