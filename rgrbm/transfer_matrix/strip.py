"""The joint law of a block of spins and of rows at a distance, on an endless strip."""

import numpy as np
from scipy.linalg import eigh

from rgrbm._core import checks
from rgrbm.ising.chain import enumerate_spins

__all__ = ["strip_law"]

WIDEST = 6  # a joint law of 16 x 4096 states


def strip_law(width, coupling, distance):
    """Joint law of a block of 2 x 2 spins and of the two rows at a distance from it.

    The strip of the square lattice is endless, and its rows are rings of `width` sites.

    Parameters
    ----------
    width : int
        From 2 to 6.
    coupling : float
        Reduced K = J/T, dimensionless, from -20 to 20.
    distance : int
        Bonds between the block and the row above it, and as many to the row below; at least 1.

    Returns
    -------
    joint : ndarray of float64, shape (16, 4**width)
        The states of the block (upper row, lower row), and of the two rows (above, below), each
        in the order of `rgrbm.ising.enumerate_spins`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> joint = strip_law(2, 0.0, 1)
    >>> joint.shape, bool(np.allclose(joint, 1 / 256))
    ((16, 16), True)
    """
    width = checks.integer("width", width, 2, WIDEST)
    coupling = checks.real("coupling", coupling, -20, 20)
    distance = checks.integer("distance", distance, 1)
    rows = enumerate_spins(width).astype(float)
    along = coupling * (rows * np.roll(rows, 1, axis=1)).sum(axis=1)
    exponent = coupling * rows @ rows.T + (along[:, None] + along) / 2
    step = np.exp(exponent - exponent.max())
    values, vectors = eigh(step)
    far = (vectors * (values / values[-1]) ** distance) @ vectors.T  # [row, row]
    # What all rows beyond add up to is the largest eigenvector. It is the same when all spins are
    # turned; the second one is not, and would mix in where the two eigenvalues are nearly equal.
    end = np.abs(eigh(step + step[::-1])[1][:, -1])
    # A: the row above, u and l: the two rows of the block, B: the row below.
    whole = np.einsum("A,Au,ul,lB,B->ulAB", end, far, step / values[-1], far, end, optimize=True)
    rest = 2 ** (width - 2)  # states of the spins beside the block
    whole = np.maximum(whole, 0).reshape(4, rest, 4, rest, 4**width)
    joint = whole.sum(axis=(1, 3)).reshape(16, 4**width)
    return joint / joint.sum()
