r"""Linear rules that spread a field on a ring, and how long a coarse one has to wait for them.

A rule :math:`f` replaces a field by its running mean with a *kernel*, one weight for each offset.
Seen in blocks of S sites it is self-similar if the same kernel, used on the means of the blocks,
does in one step what the sites do in T steps: :math:`P f^T = f P`, where P takes the means.
"""

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize_scalar

from rgrbm._core import checks

__all__ = ["fit_kernel", "time_scale"]


def fit_kernel(before, after, radius):
    r"""Fit the kernel that leads from fields on a ring to the next ones, by least squares.

    It minimises the squares of :math:`y_i - \sum_d f_d \, x_{i-d}`, over :math:`|d| \le` `radius`.

    Parameters
    ----------
    before, after : array_like, shape (..., n_sites)
        Fields x on rings, such as densities or counts, and those one step later, y.
    radius : int
        At least 0; the kernel must fit on the ring, 2 * `radius` < n_sites.

    Returns
    -------
    kernel : ndarray, shape (2 * radius + 1,)
        ``kernel[radius + d]`` is what a site gives to the site d to its right.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or if the fields do not tell all the weights apart: if
        there are too few of them, or if they are too smooth.

    Notes
    -----
    Without noise the kernel comes out as it is, if it is no wider than asked for. Counts of walkers
    fluctuate on both sides. Still there is no bias: given the counts before, whatever they are, the
    mean of those after is exactly what the kernel makes of them.

    Examples
    --------
    >>> x = np.random.default_rng(0).random((3, 20))
    >>> y = 0.75 * np.roll(x, 1, axis=-1) + 0.25 * x
    >>> print(fit_kernel(x, y, 1).round(6) + 0)
    [0.   0.25 0.75]
    """
    before = checks.array("before", before, (..., None))
    after = checks.array("after", after, before.shape)
    n_sites = before.shape[-1]
    radius = checks.integer("radius", radius, 0, (n_sites - 1) // 2)
    checks.size("before and radius", before.size, 2 * radius + 1)
    shifted = [np.roll(before, d, axis=-1).ravel() for d in range(-radius, radius + 1)]
    kernel, _, rank, _ = np.linalg.lstsq(np.transpose(shifted), after.ravel())
    if rank < len(kernel):
        raise ValueError(
            f"before must tell {len(kernel)} weights apart, got fields that tell {rank}: "
            "take more of them, rougher ones, or a smaller radius"
        )
    return kernel


def time_scale(kernel, block, fields):
    r"""Find after how many steps the means of blocks are where one step of the kernel takes them.

    It minimises :math:`| P x(T) - f P x(0) |` over the time T, which need not be whole: cubic
    splines lead from one time to the next.

    Parameters
    ----------
    kernel : array_like, shape (2 * radius + 1,)
        As from `fit_kernel`: the rule f of one step, here used on the coarse ring. A kernel that is
        longer than that ring winds around it.
    block : int
        Sites S of a block, at least 1. It divides n_sites.
    fields : array_like, shape (n_times, ..., n_sites)
        Fields on rings at the times 0, 1, 2, ..., in steps of the fine rule; at least two.

    Returns
    -------
    time : float
        T*, in steps.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or if the last of the fields is the nearest: they have
        to be followed for longer.

    Notes
    -----
    A wave of number k survives P but for a factor, so that the two sides agree if
    :math:`\hat f(k)^T = \hat f(S k)`. For :math:`\hat f = e^{-c |k|^\alpha}` that is so at
    :math:`T = S^\alpha`: T* measures the dynamical exponent. It holds for waves longer than two
    blocks. So the field at time 0 must be smooth on the scale of a block; rough ones fold over.

    Examples
    --------
    >>> k, times = 2 * np.pi * np.fft.rfftfreq(120), np.arange(12)[:, None]
    >>> fields = np.fft.irfft(np.exp(-20 * k**2 - times * k**2 / 2), 120)
    >>> x = np.arange(-6, 7)
    >>> kernel = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    >>> print([round(time_scale(kernel, block, fields), 3) for block in (1, 2, 3)])
    [1.0, 4.0, 9.0]
    """
    kernel = checks.array("kernel", kernel, (None,))
    if len(kernel) % 2 == 0:
        raise ValueError(f"kernel must have an odd length, got {len(kernel)}")
    fields = _checked_fields(fields)
    n_sites = fields.shape[-1]
    block = checks.integer("block", block, 1, n_sites)
    if n_sites % block:
        raise ValueError(f"block must divide the {n_sites} sites of fields, got {block}")
    fields /= max(np.abs(fields).max(), 1e-300)
    coarse = fields.reshape(*fields.shape[:-1], -1, block).mean(axis=-1)
    radius = len(kernel) // 2
    goal = sum(
        weight * np.roll(coarse[0], d, axis=-1)
        for weight, d in zip(kernel, range(-radius, radius + 1), strict=True)
    )
    distances = [np.linalg.norm(then - goal) for then in coarse]
    nearest, last = int(np.argmin(distances)), len(fields) - 1
    if nearest == last:
        raise ValueError(f"fields must hold more times than {len(fields)}: the last is the nearest")
    at = CubicSpline(np.arange(last + 1), coarse)
    found = minimize_scalar(
        lambda time: np.linalg.norm(at(time) - goal),
        bounds=(max(nearest - 1, 0), nearest + 1),
        method="bounded",
        options={"xatol": 1e-8},
    )
    return float(found.x)


def _checked_fields(fields):
    fields = checks.array("fields", fields)
    if fields.ndim < 2 or len(fields) < 2 or not fields.size:
        raise ValueError(
            f"fields must have the shape (n_times >= 2, ..., n_sites), got {fields.shape}"
        )
    return fields
