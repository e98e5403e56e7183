r"""The scalar field on a ring with a quartic term: its law, solved exactly, and samples of it.

A real number sits on each of N sites. Its law is exp(-S)/Z with the action

.. math::

    S(\varphi) = \sum_x \Big[ \tfrac12 (\varphi_{x+1} - \varphi_x)^2
        + \tfrac12 m^2 \varphi_x^2 + \lambda \varphi_x^4 \Big] .

The weight is a product over the bonds, so Z is the trace of a power of a kernel. On the nodes of a
quadrature the kernel is a matrix, and the error falls exponentially with their number: a law of
many real variables that is no Gaussian, and is known exactly. It measures what a network learns.
"""

import numpy as np

from rgrbm._core import checks

__all__ = ["phi4_action", "phi4_ring_correlations", "phi4_ring_log_partition", "phi4_samples"]

LARGEST_PARAMETER = 1e3
LARGEST_FIELD = 1e20
TAIL = 45.0  # the weights that are cut off are below exp(-45)
ROUGHEST = 1e-7  # of ln Z per site: more than this by fewer nodes, and there are too few


def phi4_action(fields, mass_squared, quartic):
    r"""Action of fields on a ring, -ln of their weight.

    Parameters
    ----------
    fields : array_like, shape (..., n_sites)
        At least two sites; with two, the bond between them counts twice. At most 1e20 in size.
    mass_squared : float
        From -1000 to 1000; below zero the potential has two wells.
    quartic : float
        From 0 to 1000, and above 0 unless `mass_squared` is.

    Returns
    -------
    action : ndarray of float64, shape (...)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> phi4_action([1.0, 0.0, 0.0], 2.0, 0.5)
    np.float64(2.5)
    """
    fields = checks.array("fields", fields, (..., None))
    if fields.shape[-1] < 2:
        raise ValueError(f"fields must have at least two sites, got the shape {fields.shape}")
    if np.abs(fields).max(initial=0) > LARGEST_FIELD:
        raise ValueError(f"fields must be at most {LARGEST_FIELD:g} in size, got larger ones")
    mass_squared, quartic = _parameters(mass_squared, quartic)
    bonds = 0.5 * (np.roll(fields, -1, axis=-1) - fields) ** 2
    return (bonds + _potential(fields, mass_squared, quartic)).sum(axis=-1)


def phi4_ring_log_partition(n_sites, mass_squared, quartic, *, n_points=200):
    r"""Logarithm of the partition function of the ring, ln of the integral of exp(-S).

    Parameters
    ----------
    n_sites : int
        At least 2.
    mass_squared, quartic : float
        As in `phi4_action`.
    n_points : int, optional
        Nodes of the Gauss-Legendre quadrature, from 16 to 2000.

    Returns
    -------
    log_partition : float

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the nodes are too few: three quarters of them must
        give the same to 1e-7 per site.

    Examples
    --------
    A free field is a Gaussian integral over its modes.

    >>> modes = 1.0 + 4 * np.sin(np.pi * np.arange(16) / 16) ** 2
    >>> free = 0.5 * np.log(2 * np.pi / modes).sum()
    >>> bool(abs(phi4_ring_log_partition(16, 1.0, 0.0) - free) < 1e-9)
    True
    """
    n_sites, mass_squared, quartic, n_points = _ring(n_sites, mass_squared, quartic, n_points)
    return _solved(n_sites, mass_squared, quartic, n_points)[0]


def phi4_ring_correlations(n_sites, mass_squared, quartic, *, n_points=200):
    r"""Correlations of the ring, the means of the products of two fields.

    Parameters
    ----------
    n_sites : int
        At least 2.
    mass_squared, quartic : float
        As in `phi4_action`.
    n_points : int, optional
        As in `phi4_ring_log_partition`.

    Returns
    -------
    correlations : ndarray of float64, shape (n_sites,)
        By the distance 0, 1, ..., n_sites - 1 around the ring.

    Raises
    ------
    ValueError, TypeError
        As in `phi4_ring_log_partition`.

    Notes
    -----
    The mean of the action needs nothing else. If all fields are scaled by a factor, the integral
    over them is the same; its derivative says that :math:`\langle S_2 \rangle + 2 \langle S_4
    \rangle = N/2` for the quadratic and the quartic part.

    Examples
    --------
    >>> phi4_ring_correlations(4, 1.0, 0.0).round(9)  # 1/5 = 0.2 is the mode of the fastest wave
    array([0.46666667, 0.2       , 0.13333333, 0.2       ])
    """
    n_sites, mass_squared, quartic, n_points = _ring(n_sites, mass_squared, quartic, n_points)
    return _solved(n_sites, mass_squared, quartic, n_points)[1]


def phi4_samples(n_samples, n_sites, mass_squared, quartic, *, n_sweeps=200, rng):
    r"""Sample the ring with the Metropolis algorithm, one chain per sample.

    Parameters
    ----------
    n_samples : int
        At least 1.
    n_sites : int
        At least 2.
    mass_squared, quartic : float
        As in `phi4_action`.
    n_sweeps : int, optional
        Each updates all sites once, at least 0; the chains start from random fields of both signs.
    rng : numpy.random.Generator

    Returns
    -------
    fields : ndarray of float64, shape (n_samples, n_sites)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    200 sweeps are enough where two wells are shallow. In deep ones (the barrier is
    :math:`m^4 / 16 \lambda`) the chains do not forget their start.

    Examples
    --------
    >>> fields = phi4_samples(2000, 8, -3.0, 1.0, rng=np.random.default_rng(0))
    >>> bool(abs(np.mean(fields**2) - phi4_ring_correlations(8, -3.0, 1.0)[0]) < 0.02)
    True
    """
    n_samples = checks.integer("n_samples", n_samples, 1)
    n_sites = checks.integer("n_sites", n_sites, 2)
    checks.size("n_samples and n_sites", n_samples, n_sites)
    mass_squared, quartic = _parameters(mass_squared, quartic)
    n_sweeps = checks.integer("n_sweeps", n_sweeps, 0)
    checks.generator(rng)
    # A site's own part of the action rises by 1 at this field.
    reach = _reach(1.0, mass_squared + 2, quartic)
    fields = rng.uniform(-reach, reach, size=(n_samples, n_sites))
    # Sites of one group are no neighbours; on an odd ring the last one is a group of its own.
    groups = [slice(0, n_sites - n_sites % 2, 2), slice(1, n_sites, 2)]
    groups += [slice(n_sites - 1, n_sites)] * (n_sites % 2)
    for _ in range(n_sweeps):
        for group in groups:
            beside = (np.roll(fields, 1, axis=1) + np.roll(fields, -1, axis=1))[:, group]
            old = fields[:, group]
            new = old + rng.uniform(-1.5 * reach, 1.5 * reach, size=old.shape)
            rise = _potential(new, mass_squared + 2, quartic) - beside * new
            rise -= _potential(old, mass_squared + 2, quartic) - beside * old
            accepted = rng.random(old.shape) < np.exp(-np.maximum(rise, 0))
            fields[:, group] = np.where(accepted, new, old)
    return fields


def _parameters(mass_squared, quartic):
    mass_squared = checks.real("mass_squared", mass_squared, -LARGEST_PARAMETER, LARGEST_PARAMETER)
    quartic = checks.real("quartic", quartic, 0, LARGEST_PARAMETER)
    if quartic == 0 and mass_squared <= 0:
        raise ValueError(f"mass_squared must be above 0 if quartic is 0, got {mass_squared}")
    return mass_squared, quartic


def _ring(n_sites, mass_squared, quartic, n_points):
    n_sites = checks.integer("n_sites", n_sites, 2)
    n_points = checks.integer("n_points", n_points, 16, 2000)
    return n_sites, *_parameters(mass_squared, quartic), n_points


def _potential(fields, mass_squared, quartic):
    return fields**2 * (mass_squared / 2 + quartic * fields**2)


def _reach(rise, mass_squared, quartic):
    """Return the field at which the potential is higher by `rise` than at its least."""
    half = mass_squared / 2
    if half < 0:
        rise += half**2 / (4 * quartic)
    return np.sqrt(2 * rise / (half + np.hypot(half, 2 * np.sqrt(quartic * rise))))


def _solved(n_sites, mass_squared, quartic, n_points):
    """Return ln Z and the correlations, unless they depend on the number of nodes."""
    found = [_on_nodes(n_sites, mass_squared, quartic, n) for n in (n_points, 3 * n_points // 4)]
    change = abs(found[0][0] - found[1][0]) / n_sites
    if not change < ROUGHEST:  # nor if it is NaN
        raise ValueError(
            f"n_points must be larger: with three quarters of {n_points} ln Z per site differs "
            f"by {change:.1g}"
        )
    return found[0]


def _on_nodes(n_sites, mass_squared, quartic, n_points):
    with np.errstate(all="ignore"):  # what is not finite is refused
        reach = _reach(TAIL, mass_squared, quartic)
        nodes, weights = np.polynomial.legendre.leggauss(n_points)
        nodes, weights = reach * nodes, reach * weights
        half = np.log(weights) / 2 - _potential(nodes, mass_squared, quartic) / 2
        exponent = half[:, None] + half - (nodes[:, None] - nodes) ** 2 / 2
        highest = exponent.max()
        kernel = np.exp(exponent - highest)
        if not np.isfinite(kernel).all():
            return np.nan, None
    values, vectors = np.linalg.eigh(kernel)
    largest, values = values[-1], np.maximum(values, 0)  # below zero is rounding
    powers = (values / largest) ** np.arange(n_sites + 1)[:, None]
    log_partition = n_sites * (np.log(largest) + highest) + np.log(powers[n_sites].sum())
    squares = (vectors.T * nodes @ vectors) ** 2
    products = powers[:n_sites] @ squares  # [distance, b]
    correlations = (products * powers[n_sites:0:-1]).sum(axis=1) / powers[n_sites].sum()
    return float(log_partition), correlations
