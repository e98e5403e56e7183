r"""The quantum Ising ring in a transverse field, exactly: free fermions, and Lanczos.

In units of the coupling of neighbours,

.. math:: \mathcal H = - \sum_i \sigma^z_i \sigma^z_{i+1} - h \sum_i \sigma^x_i .

It is a problem of free fermions :cite:p:`pfeuty1970`. The ground state has an even number of them,
so their wave numbers are the antiperiodic ones, :math:`k = (2n + 1) \pi / N`.
"""

import numpy as np
from scipy.linalg import toeplitz
from scipy.sparse import csr_array
from scipy.sparse.linalg import eigsh

from rgrbm._core import checks
from rgrbm._core.numerics import finite
from rgrbm.ising.chain import enumerate_spins

__all__ = [
    "ising_chain_correlations",
    "ising_chain_ground_energy",
    "ising_chain_ground_state",
    "ising_chain_hamiltonian",
]

LONGEST = 2**20  # sites of a ring of fermions
LONGEST_CORRELATED = 400  # determinants of such a size
MOST_SITES = 14  # whose 2**n_sites amplitudes are listed


def ising_chain_ground_energy(n_sites, field):
    r"""Lowest energy of the Ising ring in a transverse field.

    Parameters
    ----------
    n_sites : int
        From 3 to 2**20.
    field : float
        Transverse field h in units of the coupling, of either sign.

    Returns
    -------
    energy : float
        In units of the coupling, of the whole ring.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    .. math:: E_0 = -\sum_k \sqrt{1 + h^2 - 2 h \cos k} , \qquad k = (2n + 1) \pi / N .

    At h = 1 the sum is :math:`2 / \sin(\pi / 2N)`.

    Examples
    --------
    >>> round(ising_chain_ground_energy(20, 1.0), 8)
    -25.49098969
    """
    n_sites = checks.integer("n_sites", n_sites, 3, LONGEST)
    field = abs(checks.number("field", field))
    return float(-np.abs(_modes(n_sites, field)).sum())


def _modes(n_sites, field):
    """Return 1 - h exp(ik) for all wave numbers; twice its modulus is the energy of a fermion."""
    wave_number = (2 * np.arange(n_sites) + 1) * np.pi / n_sites
    return 1 - field * np.exp(1j * wave_number)


def ising_chain_correlations(n_sites, field):
    r"""Correlations of the spins along the coupling in the ground state of the ring.

    Parameters
    ----------
    n_sites : int
        From 3 to 400.
    field : float
        Transverse field h in units of the coupling, of either sign.

    Returns
    -------
    correlations : ndarray of float64, shape (n_sites // 2 + 1,)
        :math:`\langle \sigma^z_i \sigma^z_{i+r} \rangle` at the distances 0, 1, 2, ...

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    At the distance r a determinant of Toeplitz's form :cite:p:`pfeuty1970`, with the elements

    .. math::

        G_{ij} = \frac{1}{N} \sum_k e^{ik(j - i)} \frac{1 - h e^{ik}}{|1 - h e^{ik}|} ,
        \qquad i, j = 1 \ldots r .

    Examples
    --------
    At h = 1 those of neighbours are half the energy of a site:

    >>> float(round(ising_chain_correlations(20, 1.0)[1], 6))
    0.637275
    >>> round(-ising_chain_ground_energy(20, 1.0) / 40, 6)
    0.637275
    """
    n_sites = checks.integer("n_sites", n_sites, 3, LONGEST_CORRELATED)
    field = abs(checks.number("field", field))
    modes = _modes(n_sites, field)
    phases = modes / np.abs(modes)
    wave_number = (2 * np.arange(n_sites) + 1) * np.pi / n_sites
    farthest = n_sites // 2
    shift = np.arange(farthest)
    ahead = (np.exp(1j * np.outer(shift, wave_number)) @ phases).real / n_sites
    behind = (np.exp(-1j * np.outer(shift, wave_number)) @ phases).real / n_sites
    table = toeplitz(behind, ahead)
    return np.array([1.0, *(np.linalg.det(table[:r, :r]) for r in range(1, farthest + 1))])


def ising_chain_hamiltonian(n_sites, field):
    """Hamiltonian of the Ising ring in a transverse field, as a sparse matrix.

    Parameters
    ----------
    n_sites : int
        From 3 to 14.
    field : float
        Transverse field h in units of the coupling.

    Returns
    -------
    hamiltonian : scipy.sparse.csr_array of float64, shape (2**n_sites, 2**n_sites)
        States in the order of `rgrbm.ising.enumerate_spins`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> hamiltonian = ising_chain_hamiltonian(3, 0.5)
    >>> print(hamiltonian.diagonal()[:3], hamiltonian.sum(axis=0)[:2])
    [-3.  1.  1.] [-4.5 -0.5]
    """
    n_sites = checks.integer("n_sites", n_sites, 3, MOST_SITES)
    field = checks.number("field", field)
    spins = enumerate_spins(n_sites)
    bonds = np.sum(spins * np.roll(spins, 1, axis=1), axis=1, dtype=np.int64)
    state = np.arange(2**n_sites)
    rows = np.tile(state, n_sites + 1)
    flipped = [state ^ (1 << site) for site in range(n_sites)]
    columns = np.concatenate([state, *flipped])
    entries = np.concatenate([-bonds, np.full(n_sites * 2**n_sites, -field)])
    return csr_array((entries, (rows, columns)))


def ising_chain_ground_state(n_sites, field):
    """Ground state of the Ising ring in a transverse field, by Lanczos's method.

    Parameters
    ----------
    n_sites : int
        From 3 to 14.
    field : float
        Transverse field h in units of the coupling, above 0.

    Returns
    -------
    energy : float
        In units of the coupling, of the whole ring.
    amplitudes : ndarray of float64, shape (2**n_sites,)
        All positive, with squares that sum to 1, in the order of `rgrbm.ising.enumerate_spins`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> energy, amplitudes = ising_chain_ground_state(12, 1.0)
    >>> abs(energy - ising_chain_ground_energy(12, 1.0)) < 1e-11
    True
    """
    field = checks.real("field", field, 0.0, checks.LARGEST, above=True)
    hamiltonian = ising_chain_hamiltonian(n_sites, field)
    # The state is the same with all spins turned, which reverses the order of the states. In a
    # weak field the lowest one that changes its sign has nearly the same energy: leave it out.
    half = hamiltonian.shape[0] // 2
    even = hamiltonian[:half, :half] + hamiltonian[:half, half:][:, ::-1]
    energies, vectors = eigsh(even, k=1, which="SA", v0=np.ones(half), tol=1e-14)
    amplitudes = np.abs(vectors[:, 0]) / np.sqrt(2)
    return float(finite("the energy", energies[0])), np.r_[amplitudes, amplitudes[::-1]]
