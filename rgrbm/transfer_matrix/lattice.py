r"""The square Ising lattice on a torus, exactly: Kaufman's products, and Onsager's limit.

A torus of L columns and M rows, N = L M sites, without a field, has the partition function

.. math::

    Z = \tfrac12 \big( Z_{\cosh}^{\text{odd}} + Z_{\sinh}^{\text{odd}}
        + Z_{\cosh}^{\text{even}} + Z_{\sinh}^{\text{even}} \big) , \qquad
    Z_{\cosh} = (2 \sinh 2K)^{N/2} \prod_k 2 \cosh \frac{M \gamma_k}{2} ,

and likewise with sinh; the products run over L wave numbers :math:`k = \pi l / L` with l odd or
even, and :math:`\cosh \gamma_k = \cosh 2K \coth 2K - \cos k`. All :math:`\gamma_k` are positive but
for :math:`\gamma_0 = 2K + \ln \tanh K`, which changes its sign at the critical coupling.

The code works with :math:`x_k = e^{\gamma_k} \sinh 2K` and :math:`u_k = e^{-\gamma_k}`, because
then each factor is :math:`(2 x_k)^{M/2} (1 \pm u_k^M)`: nothing overflows, and K = 0 is no special
case. The factor of :math:`\gamma_0` in the last product vanishes at the critical coupling, but its
slope does not; so near it that factor and its slopes are carried along beside the logarithms.
"""

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

from rgrbm._core import checks

__all__ = [
    "onsager_free_energy",
    "spontaneous_magnetization",
    "temperature_of_energy",
    "torus_log_partition",
    "torus_thermodynamics",
]

LARGEST_TORUS = 2**14  # sites a side: more would take gigabytes for an array of couplings
LOG2 = np.log(2.0)
CRITICAL = np.arcsinh(1.0) / 2
COLDEST = 5.0  # there the energy is -2 but for 3e-17
HOT = 1e-8


def torus_log_partition(size, coupling, n_rows=None):
    """Logarithm of the partition function of the Ising model on a torus, ln Z.

    Parameters
    ----------
    size : int
        Sites in a row, from 2 to 16384. In a row of two, each bond counts twice.
    coupling : float or ndarray, shape (...)
        Reduced K = J/T, dimensionless. Below zero, both sides must be even.
    n_rows : int, optional
        From 2 to 16384; as many as `size` if it is left out.

    Returns
    -------
    log_partition : float or ndarray, shape (...)

    Raises
    ------
    ValueError, TypeError
        If a side is not as above, the coupling is negative on a torus with an odd side, or a number
        is not finite or exceeds 1e100.

    Notes
    -----
    :cite:t:`kaufman1949`. On a torus whose sides are even, Z(-K) = Z(K): turn every second spin.
    With an odd side it is not, and the four products cancel each other.

    Examples
    --------
    >>> round(float(torus_log_partition(16, 0.44)), 6)
    238.387247
    """
    size, n_rows, coupling = _checked(size, n_rows, coupling)
    return _solve(size, n_rows, np.abs(coupling))[0][()]


def torus_thermodynamics(size, coupling):
    """Logarithm of Z, energy and specific heat of a square torus, per site.

    Parameters
    ----------
    size : int
        Sites a side, from 2 to 16384.
    coupling : float or ndarray, shape (...)
        Reduced K = J/T, dimensionless. Below zero, `size` must be even.

    Returns
    -------
    log_partition, energy, specific_heat : float or ndarray, shape (...)
        ln Z / N; the energy in units of J, that is, minus the sum of the products over the bonds,
        on average and divided by N; K**2 times the variance of that sum, divided by N.

    Raises
    ------
    ValueError, TypeError
        As in `torus_log_partition`.

    Notes
    -----
    All are right to 1e-12, or to 1e-13 in absolute terms where they are small. Only the specific
    heat at the critical coupling is not, beyond 2048 sites a side: it is right to 3e-12 with 4096,
    and its error grows about with the square of the side. These are the first two derivatives of
    Kaufman's sum :cite:p:`kaufman1949` with respect to K, as in :cite:t:`ferdinand1969`.

    Examples
    --------
    >>> critical = np.log(1 + np.sqrt(2)) / 2
    >>> [round(float(value), 6) for value in torus_thermodynamics(8, critical)[1:]]
    [-1.491589, 1.145559]
    """
    size, _, coupling = _checked(size, None, coupling)
    log_partition, slope, curvature = _solve(size, size, np.abs(coupling))
    n_sites = size**2
    energy = 0.0 - np.sign(coupling) * slope / n_sites
    specific_heat = np.maximum(coupling**2 * curvature / n_sites, 0.0)  # but for rounding
    return log_partition[()] / n_sites, energy[()], specific_heat[()]


def temperature_of_energy(size, energy):
    """Temperature at which the square torus has a given energy: an exact thermometer.

    Parameters
    ----------
    size : int
        Sites a side, from 2 to 16384.
    energy : float or ndarray, shape (...)
        Per site, in units of J: from -2 to 0.

    Returns
    -------
    temperature : float or ndarray, shape (...)
        T / J = 1 / K, to eight digits; 0 for an energy that is -2 to rounding, and infinite for 0.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> _, energy, _ = torus_thermodynamics(16, 0.4)
    >>> round(float(temperature_of_energy(16, energy)), 9)
    2.5
    """
    size = checks.integer("size", size, 2, LARGEST_TORUS)
    energy = checks.array("energy", energy)
    if (energy < -2).any() or (energy > 0).any():
        wrong = energy[(energy < -2) | (energy > 0)].flat[0]
        raise ValueError(f"energy must be from -2 to 0, got {wrong}")
    coldest = torus_thermodynamics(size, COLDEST)[1]

    bonds = 4 if size == 2 else 2  # at a site, each counted once

    def temperature(energy):
        if energy <= coldest:
            return 0.0
        if energy > -HOT:  # there it is -bonds * K, and its digits are fewer than that is good to
            return bonds / -energy if energy else np.inf
        return 1 / brentq(
            lambda K: torus_thermodynamics(size, K)[1] - energy, 0.0, COLDEST, xtol=1e-16
        )

    return np.vectorize(temperature, otypes=[np.float64])(energy)[()]


def onsager_free_energy(coupling):
    r"""Reduced free energy per site of the infinite square lattice, the limit of -ln Z / N.

    Parameters
    ----------
    coupling : float or ndarray, shape (...)
        Reduced K = J/T, dimensionless, of either sign.

    Returns
    -------
    free_energy : float or ndarray, shape (...)

    Raises
    ------
    ValueError, TypeError
        If a number is not finite or exceeds 1e100.

    Notes
    -----
    :cite:t:`onsager1944`:

    .. math::

        -f = \ln(2 \cosh 2K) + \frac1\pi \int_0^{\pi/2}
             \ln \frac{1 + \sqrt{1 - \kappa^2 \sin^2 \omega}}{2} \, \mathrm d\omega , \qquad
        \kappa = \frac{2 \sinh 2K}{\cosh^2 2K} .

    Examples
    --------
    >>> critical = np.log(1 + np.sqrt(2)) / 2
    >>> round(float(onsager_free_energy(critical)), 9)
    -0.929695398
    """
    coupling = checks.array("coupling", coupling)
    return np.vectorize(_onsager, otypes=[np.float64])(np.abs(coupling))[()]


def spontaneous_magnetization(coupling):
    r"""Magnetization of the infinite square lattice as its field goes to zero from above.

    Parameters
    ----------
    coupling : float or ndarray, shape (...)
        Reduced K = J/T, dimensionless.

    Returns
    -------
    magnetization : float or ndarray, shape (...)
        :math:`(1 - \sinh^{-4} 2K)^{1/8}` above the critical coupling, and 0 below it.

    Raises
    ------
    ValueError, TypeError
        If a number is not finite or exceeds 1e100.

    Notes
    -----
    Derived by :cite:t:`yang1952`.

    Examples
    --------
    >>> spontaneous_magnetization([0.3, 0.5]).round(6)
    array([0.      , 0.911319])
    """
    coupling = np.maximum(checks.array("coupling", coupling), 0.0)
    with np.errstate(divide="ignore"):  # no coupling: the logarithm is minus infinity
        log_sinh = 2 * coupling + np.log(-np.expm1(-4 * coupling)) - LOG2
    return (-np.expm1(-4 * np.maximum(log_sinh, 0.0))) ** 0.125


def _checked(size, n_rows, coupling):
    size = checks.integer("size", size, 2, LARGEST_TORUS)
    n_rows = size if n_rows is None else checks.integer("n_rows", n_rows, 2, LARGEST_TORUS)
    coupling = checks.array("coupling", coupling)
    if (size % 2 or n_rows % 2) and (coupling < 0).any():
        raise ValueError(
            "coupling must not be negative on a torus with an odd side, "
            f"got {coupling.min()} on {size} x {n_rows}"
        )
    return size, n_rows, coupling


def _solve(size, n_rows, coupling):
    """Return ln Z and its first two derivatives with respect to K, for K >= 0."""
    odd, odd_power = _factors(n_rows, coupling, np.pi * np.arange(1, 2 * size, 2) / size)
    even, even_power = _factors(n_rows, coupling, np.pi * np.arange(2, 2 * size, 2) / size)
    zero, zero_power = _factor_at_zero(n_rows, coupling)
    # Only what the products differ by is summed: of the large common part, digits would be lost.
    common = odd.mean(axis=-1, keepdims=True)
    odd, even, zero = (n_rows / 2 * (log - common) for log in (odd, even, zero))
    log, first, second = np.stack(
        [
            (odd + _logs(odd_power, 1)).sum(axis=-1),
            (odd + _logs(odd_power, -1)).sum(axis=-1),
            (even + _logs(even_power, 1)).sum(axis=-1) + (zero + _logs(zero_power, 1))[..., 0],
            (even + _logs(even_power, -1)).sum(axis=-1) + zero[..., 0],
        ],
        axis=1,
    )
    # 2 sinh(M gamma_0 / 2), with its slopes, is kept apart: it has a zero, its slope has not.
    one = np.zeros_like(common[..., 0])
    one[0] = 1
    last = np.where(coupling > CRITICAL, 1, -1) * (one - zero_power[..., 0])
    value, slope, curvature = np.stack([one, one, one, last], axis=1)
    scale = log.max(axis=0)
    weight = np.exp(log - scale)
    total = (weight * value).sum(axis=0)
    curvature = curvature + 2 * slope * first + value * (second + first**2)
    slope = (weight * (slope + value * first)).sum(axis=0) / total
    curvature = (weight * curvature).sum(axis=0) / total - slope**2
    found = np.stack([scale + np.log(total / 2), slope, curvature])
    return found + n_rows / 2 * size * common[..., 0]


def _factors(n_rows, coupling, wave):
    """Return ln 2x and u**M, each with its first two derivatives, for some wave numbers.

    With A = cosh(2K)**2 - sinh(2K) cos k and B = sinh 2K, x = A + S and u = B / x, where
    S = sqrt(A**2 - B**2). All are divided by exp(4K) / 4, so that they stay finite.
    """
    coupling = coupling[..., None]
    q, one_minus_q2 = np.exp(-2 * coupling), -np.expm1(-4 * coupling)
    B, B1, B2 = 2 * q * one_minus_q2, 4 * q * (1 + q**2), 8 * q * one_minus_q2
    A_minus_B = (2 * q - one_minus_q2) ** 2 + 2 * B * np.sin(wave / 2) ** 2
    A, A1 = A_minus_B + B, 4 * (1 + q**2) * (one_minus_q2 - q * np.cos(wave))
    A2 = 16 * (1 + q**4) - B2 * np.cos(wave)
    S = np.sqrt(A_minus_B * (A + B))
    x = A + S
    u = B / x
    x1 = (A1 - B1 * u) / S  # slope of ln x
    u1 = B1 * (2 * q - one_minus_q2) * (2 * q + one_minus_q2) / (S * x)  # (B1 - B x1) / x
    x2 = (A2 - B2 * u - B1 * u1 - x1 * (A * A1 - B * B1) / S) / S
    u2 = (B2 - B1 * x1 - B * x2) / x - u1 * x1
    return np.stack([4 * coupling + np.log(x / 2), x1, x2]), _power(u, u1, u2, n_rows)


def _factor_at_zero(n_rows, coupling):
    """Return what `_factors` does for k = 0, and for the size of gamma_0.

    There S vanishes at the critical coupling; but exp(gamma_0) = exp(2K) tanh K is simple.
    """
    coupling = coupling[..., None]
    K = np.minimum(coupling, CRITICAL)
    tanh, sech2, growth = np.tanh(K), 1 / np.cosh(K) ** 2, np.exp(2 * K)
    log = [2 * np.log(2 * np.cosh(K)) - 2 * K, 2 * tanh - 2, 2 * sech2]
    u = [
        growth * tanh,
        growth * (2 * tanh + sech2),
        growth * (4 * tanh + 4 * sech2 - 2 * tanh * sech2),
    ]
    below = np.stack([np.stack(log), _power(*u, n_rows)])
    K = np.maximum(coupling, CRITICAL)
    coth, csch2 = 1 / np.tanh(K), 1 / np.sinh(np.minimum(K, 300.0)) ** 2
    shrinking = np.exp(-2 * K)
    log = [4 * K + 2 * np.log(-np.expm1(-2 * K)), 2 * coth + 2, -2 * csch2]
    u = [
        shrinking * coth,
        -shrinking * (2 * coth + csch2),
        shrinking * (4 * coth + 4 * csch2 + 2 * coth * csch2),
    ]
    above = np.stack([np.stack(log), _power(*u, n_rows)])
    return np.where(coupling > CRITICAL, above, below)


def _power(u, u1, u2, n_rows):
    """Return u**M and its first two derivatives."""
    slope = n_rows * u ** (n_rows - 1)
    curvature = n_rows * (n_rows - 1) * u ** (n_rows - 2)
    return np.stack([u**n_rows, slope * u1, curvature * u1**2 + slope * u2])


def _logs(power, sign):
    """Return the logarithm of 1 + sign u**M, and its first two derivatives."""
    value, slope, curvature = power
    factor = 1 + sign * value
    ratio = sign * slope / factor
    return np.stack([np.log(factor), ratio, sign * curvature / factor - ratio**2])


def _onsager(coupling):
    q = np.exp(-2 * coupling)
    k = 4 * q * -np.expm1(-4 * coupling) / (1 + q**2) ** 2
    rest = (1 - k) * (1 + k)

    def integrand(angle):  # 1 - k**2 sin(angle)**2, without cancellation
        return np.log1p(np.sqrt(rest + (k * np.cos(angle)) ** 2)) - LOG2

    integral = quad(integrand, 0, np.pi / 2, epsabs=1e-14, epsrel=1e-14, limit=200)[0]
    return -(2 * coupling + np.log1p(q**2) + integral / np.pi)
