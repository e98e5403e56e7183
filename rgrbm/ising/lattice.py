r"""The square Ising lattice on a torus, by enumeration.

The reduced energy of spins :math:`s = \pm 1` on L x L sites with coupling K and field h is

.. math:: E(s) = -K \sum_{\langle i j \rangle} s_i s_j - h \sum_i s_i .

The first sum runs over the 2 L**2 bonds, from each site to its neighbours below and to the right;
the last row is beside the first, and the last column too. With L = 2 each bond counts twice.
"""

import numpy as np

from rgrbm._core import checks
from rgrbm.ising.chain import enumerate_spins

__all__ = ["enumerate_lattice", "lattice_energy"]

LARGEST_LISTED = 4  # sites a side: 65,536 states


def lattice_energy(spins, coupling, field=0.0):
    """Reduced energy of states of the square torus.

    Parameters
    ----------
    spins : array_like, shape (..., size, size)
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
        If an entry is neither -1 nor +1, the last two axes are not of one length of 2 or more, or a
        number is not finite or exceeds 1e100.
    TypeError
        If an argument is not numeric.

    Examples
    --------
    >>> lattice_energy([[1, 1, 1], [1, -1, 1], [1, 1, 1]], coupling=1.0)
    np.float64(-10.0)
    """
    spins = checks.lattice_states("spins", spins)
    coupling = checks.number("coupling", coupling)
    field = checks.number("field", field)
    # As by np.roll, in half the time: samplers are watched by this function.
    right = np.concatenate([spins[..., 1:], spins[..., :1]], axis=-1)
    below = np.concatenate([spins[..., 1:, :], spins[..., :1, :]], axis=-2)
    bonds = np.sum(spins * (right + below), axis=(-2, -1), dtype=np.int64)
    return -coupling * bonds - field * np.sum(spins, axis=(-2, -1), dtype=np.int64)


def enumerate_lattice(size):
    """List all states of the square lattice.

    Parameters
    ----------
    size : int
        Sites a side, from 2 to 4.

    Returns
    -------
    spins : ndarray of int8, shape (2**(size**2), size, size)
        Counting in binary with -1 for 0; the last site changes fastest.

    Raises
    ------
    ValueError, TypeError
        If `size` is not an integer from 2 to 4.

    Examples
    --------
    >>> enumerate_lattice(2)[1]
    array([[-1, -1],
           [-1,  1]], dtype=int8)
    """
    size = checks.integer("size", size, 2, LARGEST_LISTED)
    return enumerate_spins(size**2).reshape(-1, size, size)
