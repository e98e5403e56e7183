r"""The Ising ring solved exactly with its transfer matrix.

The sum over all states of a ring is the trace of a power of a matrix of two rows,

.. math::

    Z_N = \operatorname{tr} T^N = \lambda_+^N + \lambda_-^N, \qquad
    T = \begin{pmatrix} e^{K + h} & e^{-K} \\ e^{-K} & e^{K - h} \end{pmatrix}, \qquad
    \lambda_\pm = e^K \cosh h \pm \sqrt{e^{2K} \sinh^2 h + e^{-2K}} .

Everything else follows from the ratio of the eigenvalues :math:`r = \lambda_- / \lambda_+`, which
has the sign of K, and from the angle of the eigenvectors. The functions work with
:math:`\ln \lambda_+` and with :math:`\delta = -\ln |r|`. So nothing overflows, and nothing cancels,
even for an antiferromagnetic ring of odd length, where :math:`\lambda_+^N` and
:math:`\lambda_-^N` almost annihilate each other. One exception is left: where h is within about 1
of :math:`2 |K|`, and K is beyond 1e8 in size, correlations are good to some five digits only.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import exprel

from rgrbm._core import checks

__all__ = [
    "correlation",
    "correlation_length",
    "free_energy_density",
    "log_partition",
    "magnetization",
    "spectrum",
]

LOG2 = np.log(2.0)


class _Solution(NamedTuple):
    """What the eigenvalues and eigenvectors say."""

    log_largest: np.ndarray  # ln lambda_+
    gap: np.ndarray  # delta = ln |lambda_+ / lambda_-|
    log_gap: np.ndarray  # its logarithm, right even where delta underflows
    log_cosine: np.ndarray  # ln |<+| s |+>|; the square of the cosine and the sine below add to 1
    log_sine: np.ndarray  # ln |<+| s |->|


def log_partition(n_sites, coupling, field=0.0):
    """Logarithm of the partition function of the ring, ln Z_N.

    Parameters
    ----------
    n_sites : int
        At least 1.
    coupling, field : float or ndarray, shape (...)
        Reduced K = J/T and h = B/T, dimensionless; they broadcast.

    Returns
    -------
    log_partition : float or ndarray, shape (...)

    Raises
    ------
    ValueError, TypeError
        If `n_sites` is not a positive integer, or a number is not finite or exceeds 1e100.

    Examples
    --------
    >>> round(float(log_partition(64, 1.0)), 6)
    72.123393
    """
    n_sites = checks.integer("n_sites", n_sites, 1)
    coupling, field = checks.coupling_and_field(coupling, field)
    solution = _solve(coupling, field)
    frustrated = (coupling < 0) & (n_sites % 2 == 1)  # then lambda_-**N is negative
    decay = np.exp(-n_sites * solution.gap)
    log_rest = np.where(
        frustrated, _log_one_minus_exp(np.log(n_sites) + solution.log_gap), np.log1p(decay)
    )
    return (n_sites * solution.log_largest + log_rest)[()]


def free_energy_density(coupling, field=0.0):
    """Reduced free energy per site of the infinite chain, -ln lambda_+.

    Parameters
    ----------
    coupling, field : float or ndarray, shape (...)
        Reduced K = J/T and h = B/T, dimensionless; they broadcast.

    Returns
    -------
    free_energy_density : float or ndarray, shape (...)
        F/(N T), the limit of -ln Z_N / N.

    Raises
    ------
    ValueError, TypeError
        If a number is not finite or exceeds 1e100.

    Examples
    --------
    >>> bool(np.isclose(free_energy_density(0.0), -np.log(2)))
    True
    """
    return -_solve(*checks.coupling_and_field(coupling, field)).log_largest[()]


def correlation(n_sites, distance, coupling, field=0.0):
    r"""Mean product of two spins, <s_0 s_x>, on the ring or the infinite chain.

    Without a field it is :math:`(t^x + t^{N - x}) / (1 + t^N)` with :math:`t = \tanh K`, and
    :math:`t^x` in the limit.

    Parameters
    ----------
    n_sites : int or inf
        At least 1; ``math.inf`` gives the limit.
    distance : int or ndarray of int, shape (...)
        The x above, from 0 to n_sites.
    coupling, field : float or ndarray, shape (...)
        Reduced K = J/T and h = B/T, dimensionless; all broadcast.

    Returns
    -------
    correlation : float or ndarray, shape (...)
        Not the connected one: with a field it tends to the square of the magnetization.

    Raises
    ------
    ValueError, TypeError
        If a size or distance is not as above, or a number is not finite or exceeds 1e100.

    Examples
    --------
    >>> bool(np.isclose(correlation(np.inf, 2, 1.0), np.tanh(1) ** 2))
    True
    >>> correlation(4, [0, 1, 2, 3, 4], -100.0)
    array([ 1., -1.,  1., -1.,  1.])
    """
    n_sites, infinite = _ring(n_sites)
    distance = checks.integers("distance", distance, 0, n_sites)
    coupling, field = checks.coupling_and_field(coupling, field)
    try:
        np.broadcast_shapes(distance.shape, coupling.shape)
    except ValueError:
        raise ValueError(
            "distance must have a shape that broadcasts with those of coupling and field, "
            f"got {distance.shape} and {coupling.shape}"
        ) from None
    solution = _solve(coupling, field)
    sign = np.where((coupling < 0) & (distance % 2 == 1), -1.0, 1.0)
    gap = np.minimum(solution.gap, 1e4)  # not inf: a spin is its own neighbour, even at K = 0
    forth = np.exp(-distance * gap)
    if infinite:
        decay = sign * forth
    else:
        back = np.exp(-(n_sites - distance) * gap)
        around = np.exp(-n_sites * gap)
        decay = sign * (forth + back) / (1 + around)
        if n_sites % 2:
            frustrated = _frustrated_decay(n_sites, distance, gap)
            decay = np.where(coupling < 0, frustrated, decay)
    squared_cosine, squared_sine = np.exp(2 * solution.log_cosine), np.exp(2 * solution.log_sine)
    return (squared_cosine + squared_sine * decay)[()]


def magnetization(n_sites, coupling, field=0.0):
    """Mean spin, <s_i>, of the ring or the infinite chain.

    Parameters
    ----------
    n_sites : int or inf
        At least 1; ``math.inf`` gives the limit.
    coupling, field : float or ndarray, shape (...)
        Reduced K = J/T and h = B/T, dimensionless; they broadcast.

    Returns
    -------
    magnetization : float or ndarray, shape (...)

    Raises
    ------
    ValueError, TypeError
        If `n_sites` is neither a positive integer nor inf, or a number is not finite or exceeds
        1e100.

    Examples
    --------
    >>> float(magnetization(10, 1.0))
    0.0
    >>> bool(np.isclose(magnetization(1, 1.0, 0.3), np.tanh(0.3)))
    True
    """
    n_sites, infinite = _ring(n_sites)
    coupling, field = checks.coupling_and_field(coupling, field)
    solution = _solve(coupling, field)
    log_size = solution.log_cosine
    if not infinite:
        # (1 - r**N) / (1 + r**N) is tanh(N delta / 2), or its inverse where r**N is negative.
        log_half = np.log(n_sites) + solution.log_gap - LOG2
        # tanh(x) <= x: the minimum is right where x underflows, too.
        log_tanh = np.minimum(np.log(np.tanh(_bounded_exp(log_half))), log_half)
        frustrated = (coupling < 0) & (n_sites % 2 == 1)
        log_size = log_size + np.where(frustrated, -log_tanh, log_tanh)
        # Then nothing of exp(4K) is left but its square root, which drops out: tanh(h)/N.
        with np.errstate(divide="ignore"):
            limit = np.log(np.tanh(np.abs(field))) - np.log(n_sites)
        log_size = np.where(frustrated & (log_half < -20), limit, log_size)
    return (np.sign(field) * np.exp(log_size))[()]


def correlation_length(coupling, field=0.0):
    r"""Distance over which the connected correlation falls by a factor e.

    It is :math:`1 / \ln |\lambda_+ / \lambda_-|`.

    Parameters
    ----------
    coupling, field : float or ndarray, shape (...)
        Reduced K = J/T and h = B/T, dimensionless; they broadcast.

    Returns
    -------
    correlation_length : float or ndarray, shape (...)
        In lattice sites. It is 0 at K = 0, and inf where it exceeds the largest float (K
        beyond 355 in size, without a field).

    Raises
    ------
    ValueError, TypeError
        If a number is not finite or exceeds 1e100.

    Examples
    --------
    >>> round(float(correlation_length(1.0)), 4)
    3.6719
    """
    log_gap = _solve(*checks.coupling_and_field(coupling, field)).log_gap
    with np.errstate(over="ignore"):
        return np.exp(-log_gap)[()]


def spectrum(coupling, field=0.0):
    r"""Both eigenvalues of the transfer matrix, as logarithms and signs.

    Parameters
    ----------
    coupling, field : float or ndarray, shape (...)
        Reduced K = J/T and h = B/T, dimensionless; they broadcast.

    Returns
    -------
    log_sizes : ndarray, shape (..., 2)
        :math:`\ln |\lambda|`, the larger first. At K = 0 the second eigenvalue is 0 and its entry
        -inf.
    signs : ndarray, shape (..., 2)
        +1, 0 or -1; the second has the sign of K.

    Raises
    ------
    ValueError, TypeError
        If a number is not finite or exceeds 1e100.

    Examples
    --------
    >>> log_sizes, signs = spectrum(1.0)
    >>> bool(np.allclose(np.exp(log_sizes), [2 * np.cosh(1), 2 * np.sinh(1)]))
    True
    """
    coupling, field = checks.coupling_and_field(coupling, field)
    solution = _solve(coupling, field)
    log_sizes = np.stack([solution.log_largest, solution.log_largest - solution.gap], axis=-1)
    return log_sizes, np.stack([np.ones_like(coupling), np.sign(coupling)], axis=-1)


def _ring(n_sites):
    if isinstance(n_sites, (float, np.floating)) and n_sites == np.inf:
        return np.inf, True
    return checks.integer("n_sites", n_sites, 1), False


def _solve(coupling, field):
    """Diagonalise T in logarithms.

    With q**2 = tanh(h)**2 + exp(-4K) / cosh(h)**2, tanh(delta/2) is q for K > 0, 1/q for K < 0.
    """
    size = np.abs(coupling)
    with np.errstate(divide="ignore"):
        log_sinh = np.abs(field) + np.log(-np.expm1(-2 * np.abs(field))) - LOG2
        # ln(sinh(h)**2 exp(4K)), with what may cancel first.
        balance = 4 * coupling + 2 * np.abs(field)
        balance = balance + 2 * (np.log(-np.expm1(-2 * np.abs(field))) - LOG2)
        log_one_minus = np.log(-np.expm1(-4 * size))  # ln(1 - exp(-4|K|)), -inf at K = 0
    log_cosh = np.abs(field) + np.log1p(np.exp(-2 * np.abs(field))) - LOG2

    # ln(sinh(h)**2 + exp(-4K)) / 2: the root in the eigenvalues, without its factor exp(K).
    log_root = np.logaddexp(2 * log_sinh, -4 * coupling) / 2
    ferro = coupling >= 0
    log_ratio = np.where(ferro, log_root - log_cosh, log_cosh - log_root)  # ln tanh(delta/2)
    log_ratio = np.minimum(log_ratio, 0.0)
    ratio = np.exp(log_ratio)
    # ln(1 - ratio**2), exactly rather than from the rounded ratio.
    log_rest = log_one_minus + np.where(ferro, -2 * log_cosh, 4 * size - 2 * log_root)

    small = ratio < 0.5
    tiny = ratio < 1e-6
    with np.errstate(divide="ignore"):
        gap = np.where(small, 2 * np.arctanh(ratio), 2 * np.log1p(ratio) - log_rest)
        log_gap = np.where(tiny, LOG2 + log_ratio, np.log(gap))
    return _Solution(
        log_largest=coupling + np.maximum(log_cosh, log_root) + np.log1p(ratio),
        gap=gap,
        log_gap=log_gap,
        log_cosine=-np.logaddexp(0.0, -balance) / 2,
        log_sine=-np.logaddexp(0.0, balance) / 2,
    )


def _bounded_exp(x):
    """Return exp(x), kept from becoming 0 or inf."""
    return np.exp(np.clip(x, -700.0, 700.0))


def _log_one_minus_exp(log_x):
    """Return ln(1 - exp(-x)) from ln x; 1 - exp(-x) <= x is right where x underflows, too."""
    return np.minimum(np.log(-np.expm1(-_bounded_exp(log_x))), log_x)


def _frustrated_decay(n_sites, distance, gap):
    """Return (r**x + r**(N-x)) / (1 + r**N) for r < 0 and odd N.

    One of x and N - x is even. With that one called e and the other o, it is
    (exp(-e delta) - exp(-o delta)) / (1 - exp(-N delta)), and (o - e)/N for a vanishing delta.
    """
    even = np.where(distance % 2 == 0, distance, n_sites - distance)
    odd = n_sites - even
    # Pull out the slower decay; exprel(-x) = (1 - exp(-x)) / x.
    slower, difference = np.minimum(even, odd), np.abs(odd - even)
    decay = np.exp(-slower * gap) * exprel(-difference * gap) / exprel(-n_sites * gap)
    return decay * (odd - even) / n_sites
