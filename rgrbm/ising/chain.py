r"""The Ising chain, exactly, by enumeration; spins and bits.

A ring of N spins :math:`s_i = \pm 1` with coupling K and field h has the reduced energy

.. math:: E(s) = -K \sum_{i=1}^{N} s_i s_{i+1} - h \sum_{i=1}^{N} s_i, \qquad s_{N+1} = s_1,

and the probability :math:`e^{-E(s)} / Z`. "Reduced" means that the temperature is divided out:
K = J/T and h = B/T are pure numbers. On a ring of two the bond counts twice, and on a ring of one
the spin is its own neighbour.

Physics writes a spin as :math:`s = \pm 1`, a Boltzmann machine writes a bit as :math:`v = 0, 1`.
They are the same variable, :math:`v = (1 + s)/2`, and only two functions of this module convert.
"""

import numpy as np
from scipy.special import logsumexp, softmax

from rgrbm._core import checks

__all__ = [
    "bits_to_spins",
    "boltzmann_probabilities",
    "chain_energy",
    "enumerate_spins",
    "exact_log_partition",
    "spins_to_bits",
    "state_index",
]

LARGEST_RING = 20  # 2**20 states are listed: 20 MB


def chain_energy(spins, coupling, field=0.0):
    """Reduced energy of states of the ring.

    Parameters
    ----------
    spins : array_like, shape (..., n_sites)
        Entries -1 and +1.
    coupling, field : float
        Reduced K = J/T and h = B/T, dimensionless.

    Returns
    -------
    energy : ndarray of float64, shape (...)
        In units of the temperature.

    Raises
    ------
    ValueError
        If an entry is neither -1 nor +1, the ring is empty, or a number is not finite or exceeds
        1e100.
    TypeError
        If an argument is not numeric.

    Notes
    -----
    The Hamiltonian of :cite:t:`qiu2022`, section 2, with a field.

    Examples
    --------
    >>> chain_energy([[1, 1, 1], [1, -1, 1]], coupling=1.0)
    array([-3.,  1.])
    """
    spins = checks.spin_states("spins", spins)
    coupling = checks.number("coupling", coupling)
    field = checks.number("field", field)
    bonds = np.sum(spins * np.roll(spins, -1, axis=-1), axis=-1, dtype=np.int64)
    return -coupling * bonds - field * np.sum(spins, axis=-1, dtype=np.int64)


def enumerate_spins(n_sites):
    """List all states of `n_sites` spins.

    Parameters
    ----------
    n_sites : int
        From 1 to 20.

    Returns
    -------
    spins : ndarray of int8, shape (2**n_sites, n_sites)
        Row by row, counting in binary with -1 for 0; the last site changes fastest.

    Raises
    ------
    ValueError, TypeError
        If `n_sites` is not an integer from 1 to 20.

    Examples
    --------
    >>> enumerate_spins(2)
    array([[-1, -1],
           [-1,  1],
           [ 1, -1],
           [ 1,  1]], dtype=int8)
    """
    n_sites = checks.integer("n_sites", n_sites, 1, LARGEST_RING)
    bits = np.arange(2**n_sites)[:, None] >> np.arange(n_sites)[::-1] & 1
    return (2 * bits - 1).astype(np.int8)


def state_index(states):
    """Find states in the list of `enumerate_spins`.

    Parameters
    ----------
    states : array_like, shape (..., n_sites)
        Spins -1 and +1, or bits 0 and 1, at most 62 sites; bit 0 stands for -1.

    Returns
    -------
    index : ndarray of int64, shape (...)
        The row of each state: the number that its bits spell, the first site counting most.

    Raises
    ------
    ValueError, TypeError
        If the entries are neither spins nor bits, or there are no sites or too many.

    Examples
    --------
    >>> state_index([[-1, 1, 1], [1, -1, -1]])
    array([3, 4])
    >>> int(state_index([0, 1, 1]))
    3
    """
    array = checks.numeric("states", states)
    low = -1 if array.dtype.kind != "b" and (array == -1).any() else 0
    array = checks.two_valued("states", array, low, 1, (..., None))
    if array.shape[-1] > 62:
        raise ValueError(f"states must have at most 62 sites, got {array.shape[-1]}")
    return (array == 1) @ (1 << np.arange(array.shape[-1], dtype=np.int64)[::-1])


def exact_log_partition(n_sites, coupling, field=0.0):
    """Sum exp(-E) over all states of the ring, and take the logarithm.

    Parameters
    ----------
    n_sites : int
        From 1 to 20.
    coupling, field : float
        Reduced K = J/T and h = B/T, dimensionless.

    Returns
    -------
    log_partition : float
        ln Z. Compare `rgrbm.transfer_matrix.log_partition` for larger rings.

    Raises
    ------
    ValueError, TypeError
        As in `enumerate_spins` and `chain_energy`.

    Examples
    --------
    >>> round(float(np.exp(exact_log_partition(3, 0.0))), 12)
    8.0
    """
    return float(logsumexp(-chain_energy(enumerate_spins(n_sites), coupling, field)))


def boltzmann_probabilities(n_sites, coupling, field=0.0):
    """Probabilities of all states of the ring, exp(-E) / Z.

    Parameters
    ----------
    n_sites : int
        From 1 to 20.
    coupling, field : float
        Reduced K = J/T and h = B/T, dimensionless.

    Returns
    -------
    probabilities : ndarray of float64, shape (2**n_sites,)
        In the order of `enumerate_spins`.

    Raises
    ------
    ValueError, TypeError
        As in `enumerate_spins` and `chain_energy`.

    Examples
    --------
    >>> boltzmann_probabilities(2, 0.0)
    array([0.25, 0.25, 0.25, 0.25])
    """
    energy = chain_energy(enumerate_spins(n_sites), coupling, field)
    return softmax(energy.min() - energy)


def spins_to_bits(spins):
    """Turn spins into bits: -1 becomes 0, +1 becomes 1.

    Parameters
    ----------
    spins : array_like, any shape
        Entries -1 and +1.

    Returns
    -------
    bits : ndarray of uint8, same shape

    Raises
    ------
    ValueError
        If an entry is neither -1 nor +1.
    TypeError
        If `spins` is not numeric.

    See Also
    --------
    bits_to_spins : the inverse.

    Examples
    --------
    >>> spins_to_bits([-1, 1, 1])
    array([0, 1, 1], dtype=uint8)
    """
    return (checks.two_valued("spins", spins, -1, 1) == 1).astype(np.uint8)


def bits_to_spins(bits):
    """Turn bits into spins: 0 becomes -1, 1 becomes +1.

    Parameters
    ----------
    bits : array_like, any shape
        Entries 0 and 1.

    Returns
    -------
    spins : ndarray of int8, same shape

    Raises
    ------
    ValueError
        If an entry is neither 0 nor 1.
    TypeError
        If `bits` is not numeric.

    See Also
    --------
    spins_to_bits : the inverse.

    Examples
    --------
    >>> bits_to_spins([0, 1, 1])
    array([-1,  1,  1], dtype=int8)
    """
    return (2 * checks.two_valued("bits", bits, 0, 1).astype(np.int8) - 1).astype(np.int8)
