r"""The square Ising lattice on an endless cylinder, exactly: a row of L sites, and its gap.

The transfer matrix of a row of L sites on a ring is one of free fermions :cite:p:`schultz1964`.
A fermion of wave number k has the energy :math:`\gamma_k`, with

.. math::

    \sinh^2 \frac{\gamma_k}{2} = \sinh^2(K - K^*) + \sin^2 \frac k2 , \qquad
    \sinh 2K \, \sinh 2K^* = 1 .

The largest eigenvalue belongs to the wave numbers of fermions that change their sign around the
ring, :math:`k = \pi (2n + 1) / L`, the next one to :math:`k = 2 \pi n / L`, where
:math:`\gamma_0 = 2 (K - K^*)` has a sign.
"""

import numpy as np

from rgrbm._core import checks

__all__ = ["cylinder_correlation_length", "cylinder_row_correlation"]

LARGEST_ROW = 2**14
WIDEST_CORRELATED = 512  # the determinants of a row cost the fourth power of its length
STRONGEST = 50.0
FEWEST_DIGITS = 1e-13


def cylinder_correlation_length(size, coupling):
    r"""Correlation length along an endless cylinder of the square lattice.

    Parameters
    ----------
    size : int
        Sites around the cylinder, from 2 to 16384. In a row of two, each bond counts twice.
    coupling : float or ndarray, shape (...)
        Reduced K = J/T, dimensionless, positive and at most 50.

    Returns
    -------
    correlation_length : float or ndarray, shape (...)
        In sites: the correlation of two rows decays as the exponential of minus their distance over
        this length.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the length exceeds ``1e13 / size``: then rounding
        leaves it less than three digits.

    Notes
    -----
    With the energies of the module's text :cite:p:`schultz1964`,

    .. math::

        \frac1\xi = \frac12 \Big( \sum_{k = \pi (2n+1)/L} \gamma_k
                    - \sum_{k = 2 \pi n/L} \gamma_k \Big) .

    At the critical coupling it goes to :math:`4 L / \pi` :cite:p:`cardy1984`.

    Examples
    --------
    >>> critical = np.log(1 + np.sqrt(2)) / 2
    >>> round(float(cylinder_correlation_length(64, critical) / 64), 4), round(4 / np.pi, 4)
    (1.2731, 1.2732)
    """
    size = checks.integer("size", size, 2, LARGEST_ROW)
    coupling, distance = _coupling(coupling)
    gap = np.zeros(coupling.shape)
    for n in range(size):
        gap += _energy(distance, np.pi * (2 * n + 1) / size)
        gap -= _energy(distance, 2 * np.pi * n / size) if n else 2 * distance
    if (gap < 2 * size * FEWEST_DIGITS).any():
        raise ValueError(
            f"coupling must be smaller for {size} sites around: with {coupling.max()} rounding "
            "spoils the correlation length"
        )
    return (2 / gap)[()]


def cylinder_row_correlation(size, coupling):
    r"""Correlations of the spins in one row of an endless cylinder of the square lattice.

    Parameters
    ----------
    size : int
        Sites around the cylinder, from 2 to 512. In a row of two, each bond counts twice.
    coupling : float or ndarray, shape (...)
        Reduced K = J/T, dimensionless, positive and at most 50.

    Returns
    -------
    correlation : ndarray, shape (..., size)
        Mean product of two spins that are 0, 1, ..., size - 1 sites apart. Its mean over the last
        axis is that of the squared magnetization of the row.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    A determinant of r rows for the distance r :cite:p:`schultz1964`, with the sum over the wave
    numbers of the ring in the place of the integral:

    .. math::

        \langle s_0 s_r \rangle = \det \big[ a_{i - j} \big] , \quad
        a_n = \frac1L \sum_k e^{i k n} \, \frac{w_k}{|w_k|} , \quad
        w_k = \big( \tanh K \, e^{2K} - e^{-ik} \big) \big( e^{2K} - \tanh K \, e^{ik} \big) .

    Examples
    --------
    >>> cylinder_row_correlation(4, 0.4).round(6)
    array([1.      , 0.636557, 0.554995, 0.636557])
    """
    size = checks.integer("size", size, 2, WIDEST_CORRELATED)
    coupling, _ = _coupling(coupling)
    t, growth = np.tanh(coupling)[..., None], np.exp(2 * coupling)[..., None]
    k = np.pi * (2 * np.arange(size) + 1) / size
    turn = np.exp(1j * k)
    w = (t * growth - turn.conj()) * (growth - t * turn)
    entries = np.arange(size)[:, None] - np.arange(size)
    a = ((w / np.abs(w)) @ np.exp(1j * np.outer(k, np.arange(1 - size, size)))).real / size
    matrix = a[..., entries + size - 1]
    half = [np.linalg.det(matrix[..., :r, :r]) for r in range(size // 2 + 1)]
    return np.stack([half[min(r, size - r)] for r in range(size)], axis=-1)


def _coupling(coupling):
    """Return the checked coupling, and its distance K - K* from the dual one."""
    coupling = checks.array("coupling", coupling)
    if (coupling <= 0).any() or (coupling > STRONGEST).any():
        raise ValueError(
            f"coupling must be positive and at most {STRONGEST:g}, got "
            f"{coupling.min()} to {coupling.max()}"
        )
    return coupling, coupling + np.log(np.tanh(coupling)) / 2


def _energy(distance, wave):
    return 2 * np.arcsinh(np.hypot(np.sinh(distance), np.sin(wave / 2)))
