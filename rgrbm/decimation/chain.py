r"""Exact renormalization of the Ising ring: sum over every second spin.

Every second spin, between neighbours l and r, can be summed by itself:

.. math:: \sum_{s = \pm 1} e^{K s (l + r) + h s + h (l + r)/2} = e^{g + K' l r + h' (l + r)/2} .

So the rest is again an Ising ring, of half the size, with the coupling K' and the field h', and
:math:`\ln Z_N(K, h) = \tfrac{N}{2} g + \ln Z_{N/2}(K', h')`. Run backwards, the same conditional
law draws the missing spins.
"""

import numpy as np
from scipy.special import expit

from rgrbm._core import checks

__all__ = [
    "coupling_flow",
    "decimate_coupling",
    "decimate_spins",
    "log_partition",
    "undecimate_spins",
]

LOG2 = np.log(2.0)


def decimate_coupling(coupling, field=0.0):
    r"""Integrate out every second spin of a periodic Ising chain.

    Exact for :math:`-E = K\sum_i s_i s_{i+1} + h\sum_i s_i`, :math:`s_i = \pm 1`.

    Parameters
    ----------
    coupling, field : float or ndarray, shape (...)
        Reduced K = J/T and h = B/T, dimensionless; they broadcast.

    Returns
    -------
    coupling_new, field_new, log_factor : float or ndarray, shape (...)
        K', h' and g with ln Z_N(K, h) = (N/2) g + ln Z_{N/2}(K', h'), N even.

    Raises
    ------
    ValueError, TypeError
        If an input is not finite, not numeric, or the shapes do not broadcast.

    Notes
    -----
    At h = 0, tanh K' = tanh(K)**2, so the sign of K is lost: antiferromagnetic order is
    invisible after one step. Evaluated with logarithms, without overflow or cancellation.

    :cite:t:`qiu2022`, Eq. 4, with a field. Its constant A is exp(g).

    Examples
    --------
    >>> coupling_new, field_new, log_factor = decimate_coupling(1.0)
    >>> round(float(coupling_new), 6)
    0.662501
    >>> bool(np.isclose(np.tanh(coupling_new), np.tanh(1.0) ** 2))
    True
    """
    return _decimate(*checks.coupling_and_field(coupling, field))


def coupling_flow(coupling, field, n_steps):
    """Follow coupling and field through repeated decimation.

    Parameters
    ----------
    coupling, field : float or ndarray, shape (...)
        Where the flow starts: reduced K = J/T and h = B/T, dimensionless; they broadcast.
    n_steps : int
        At least 0.

    Returns
    -------
    couplings, fields : ndarray, shape (n_steps + 1, ...)
        Entry 0 is the start, entry k what is left after k decimations.

    Raises
    ------
    ValueError, TypeError
        As in `decimate_coupling`, or if `n_steps` is not an integer of at least 0.
    MemoryError
        If the flow is too long for the memory.

    Examples
    --------
    >>> couplings, fields = coupling_flow(1.0, 0.0, 2)
    >>> couplings.round(4)
    array([1.    , 0.6625, 0.3501])
    """
    coupling, field = checks.coupling_and_field(coupling, field)
    n_steps = checks.integer("n_steps", n_steps, 0)
    flow = np.empty((2, n_steps + 1, *coupling.shape))
    flow[:, 0] = coupling, field
    for step in range(n_steps):
        flow[:, step + 1] = _decimate(*flow[:, step])[:2]
    couplings, fields = flow
    return couplings, fields


def log_partition(n_sites, coupling, field=0.0):
    """Logarithm of the partition function by decimation, until one spin is left.

    Parameters
    ----------
    n_sites : int
        A power of two.
    coupling, field : float or ndarray, shape (...)
        Reduced K = J/T and h = B/T, dimensionless; they broadcast.

    Returns
    -------
    log_partition : float or ndarray, shape (...)

    Raises
    ------
    ValueError, TypeError
        If `n_sites` is not a power of two, or a number is not finite or exceeds 1e100.

    Examples
    --------
    >>> from rgrbm import transfer_matrix
    >>> bool(np.isclose(log_partition(64, 1.0, 0.2), transfer_matrix.log_partition(64, 1.0, 0.2)))
    True
    """
    n_sites = checks.integer("n_sites", n_sites, 1)
    if n_sites & (n_sites - 1):
        raise ValueError(f"n_sites must be a power of two to be halved to one, got {n_sites}")
    coupling, field = checks.coupling_and_field(coupling, field)
    total = np.zeros_like(coupling)
    while n_sites > 1:
        coupling, field, log_factor = _decimate(coupling, field)
        n_sites //= 2
        total = total + n_sites * log_factor
    # One spin is its own neighbour: E = -K - h s.
    return (total + coupling + LOG2 + _log_cosh(field))[()]


def decimate_spins(spins):
    """Keep every second spin of a ring, beginning with the first.

    Parameters
    ----------
    spins : array_like, shape (..., n_sites)
        Entries -1 and +1; `n_sites` even.

    Returns
    -------
    coarse : ndarray of int8, shape (..., n_sites // 2)
        If `spins` follow the law of (K, h), these follow that of `decimate_coupling` (K, h).

    Raises
    ------
    ValueError
        If an entry is neither -1 nor +1, or the number of sites is odd.
    TypeError
        If `spins` is not numeric.

    Examples
    --------
    >>> decimate_spins([1, -1, -1, 1])
    array([ 1, -1], dtype=int8)
    """
    spins = checks.spin_states("spins", spins)
    if spins.shape[-1] % 2:
        raise ValueError(
            f"spins must have an even number of sites to decimate, got {spins.shape[-1]}"
        )
    return spins[..., ::2].copy()


def undecimate_spins(spins, coupling, field, rng):
    """Draw back the spins that decimation left out.

    A missing spin between neighbours l and r is +1 with probability
    1 / (1 + exp(-2 (K (l + r) + h))), independently of all others.

    Parameters
    ----------
    spins : array_like, shape (..., n_sites)
        Entries -1 and +1: the spins that were kept.
    coupling, field : float
        Reduced K and h of the *fine* ring, before decimation.
    rng : numpy.random.Generator

    Returns
    -------
    fine : ndarray of int8, shape (..., 2 * n_sites)
        The given spins at the even places, new ones between them. If `spins` follow the decimated
        law, these follow the law of (K, h).

    Raises
    ------
    ValueError, TypeError
        If an entry is neither -1 nor +1, a number is not finite, or `rng` is not a Generator.

    Examples
    --------
    >>> undecimate_spins([1, 1], 100.0, 0.0, np.random.default_rng(0))
    array([1, 1, 1, 1], dtype=int8)
    """
    spins = checks.spin_states("spins", spins)
    coupling = checks.number("coupling", coupling)
    field = checks.number("field", field)
    neighbours = spins + np.roll(spins, -1, axis=-1)
    up = checks.generator(rng).random(spins.shape) < expit(2 * (coupling * neighbours + field))
    fine = np.stack([spins, np.where(up, 1, -1)], axis=-1).astype(np.int8)
    return fine.reshape(*spins.shape[:-1], 2 * spins.shape[-1])


def _decimate(coupling, field):
    with np.errstate(divide="ignore"):
        log_sinh = 2 * np.abs(coupling) + np.log(-np.expm1(-4 * np.abs(coupling))) - LOG2
    # cosh(a + b) cosh(a - b) = cosh(b)**2 + sinh(a)**2
    coupling_new = np.logaddexp(0.0, 2 * (log_sinh - _log_cosh(field))) / 4
    like, unlike = _log_cosh(2 * coupling + field), _log_cosh(2 * coupling - field)
    # |2K + h| - |2K - h| is 2 min(|2K|, |h|) with the sign of Kh; what may cancel goes first.
    field_new = field + np.sign(coupling) * np.copysign(
        np.minimum(2 * np.abs(coupling), np.abs(field)), field
    )
    field_new = (
        field_new
        + (
            np.log1p(np.exp(-2 * np.abs(2 * coupling + field)))
            - np.log1p(np.exp(-2 * np.abs(2 * coupling - field)))
        )
        / 2
    )
    # Where h' is small, as between antiferromagnetic neighbours, its tangent is exact instead:
    # tanh h' = tanh(h) / (1 - T / [(1 + T) cosh(h)**2]) with T = tanh 2K.
    log_bracket = LOG2 - np.logaddexp(0.0, -4 * coupling) + 2 * _log_cosh(field)
    ratio = np.tanh(2 * coupling) * np.exp(np.minimum(-log_bracket, 700.0))
    tangent = np.tanh(field) / (1 - ratio)
    small = np.abs(tangent) < 0.5
    field_new = np.where(small, np.arctanh(np.where(small, tangent, 0.0)), field_new)
    log_factor = LOG2 + (like + unlike + 2 * _log_cosh(field)) / 4
    return coupling_new[()], field_new[()], log_factor[()]


def _log_cosh(x):
    return np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - LOG2
