r"""Spin glasses on a cubic lattice, by enumeration.

The energy of spins :math:`s = \pm 1` with bonds :math:`J_{ij}` between neighbours is

.. math:: E(s) = - \sum_{\langle i j \rangle} J_{ij} s_i s_j .

The sum runs over the 3 L**3 bonds, from each site to the next along each of the three axes; the
lattice is periodic. With L = 2 there are two bonds between neighbours. Replicas are states s and t
that are drawn independently with the same bonds; their overlap is :math:`q = \sum_i s_i t_i / N`.
Bonds that are divided by the temperature give the reduced energy, E / T.
"""

import numpy as np

from rgrbm._core import checks
from rgrbm.ising.chain import enumerate_spins

__all__ = ["glass_energy", "glass_moments"]


def glass_energy(spins, bonds):
    """Energy of states of a spin glass on the periodic cubic lattice.

    Parameters
    ----------
    spins : array_like, shape (..., size, size, size)
        Entries -1 and +1, size >= 2.
    bonds : array_like, shape (..., 3, size, size, size)
        The bond of each site to the next along each axis. Leading axes broadcast with those of
        `spins`.

    Returns
    -------
    energy : ndarray of float64, shape (...)
        In the units of the bonds.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> glass_energy(np.ones((3, 3, 3)), np.ones((3, 3, 3, 3)))
    np.float64(-81.0)
    """
    spins = checks.cubic_states("spins", spins)
    bonds = checks.array("bonds", bonds, (..., 3, *spins.shape[-3:]))
    try:
        np.broadcast_shapes(spins.shape[:-3], bonds.shape[:-4])
    except ValueError:
        raise ValueError(
            "spins and bonds must have leading axes that broadcast, "
            f"got the shapes {spins.shape} and {bonds.shape}"
        ) from None
    energy = 0.0
    for axis in range(3):
        pairs = spins * np.roll(spins, -1, axis=axis - 3)
        energy = energy - np.einsum("...xyz,...xyz->...", bonds[..., axis, :, :, :], pairs)
    return energy[()]


def glass_moments(bonds):
    """Mean energy and moments of the overlap of a glass of 2 x 2 x 2 spins, by enumeration.

    Parameters
    ----------
    bonds : array_like, shape (3, 2, 2, 2)
        As in `glass_energy`, reduced: divided by the temperature.

    Returns
    -------
    energy, second, fourth : float
        Means of the reduced energy and, for two replicas, of q**2 and q**4.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    Without bonds q is the mean of eight coins:

    >>> _, second, fourth = glass_moments(np.zeros((3, 2, 2, 2)))
    >>> second, fourth
    (0.125, 0.04296875)
    """
    bonds = checks.array("bonds", bonds, (3, 2, 2, 2))
    states = enumerate_spins(8)
    energy = glass_energy(states.reshape(-1, 2, 2, 2), bonds)
    with np.errstate(under="ignore"):
        law = np.exp(energy.min() - energy)
    law /= law.sum()
    overlap = states.astype(float) @ states.T / 8
    return float(law @ energy), float(law @ overlap**2 @ law), float(law @ overlap**4 @ law)
