r"""Tensor renormalization of the square Ising lattice.

The weight of a bond is a sum over two values of an index on it,

.. math::

    e^{K s s'} = \sum_{a = 0, 1} A_{s a} A_{s' a} , \qquad
    A_{s a} = \big( \sqrt{\cosh K}, \; s \sqrt{\sinh K} \, \big)_a .

With it the spins can be summed, each by itself. What is left is one tensor per site, with a leg to
each neighbour. All legs are in the order up, left, down, right: T[u, l, d, r].

A step takes the tensors of a few sites to one tensor, whose legs could have more values than
before. It keeps at most `bond` of them, those with the largest singular values. That is the only
approximation. A tensor that stands for N sites gives the torus of N sites, when its opposite legs
are joined: Z = sum over u and l of T[u, l, u, l].

Couplings below zero are left out: on a torus with even sides Z(-K) = Z(K).
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh, svd

from rgrbm._core import checks
from rgrbm._core.blas import single_threaded_blas

__all__ = ["CoarseTensor", "hotrg", "scaling_dimensions", "square_tensor", "trg"]

LARGEST_COUPLING = 300.0  # exp(2 K) must be a number
LARGEST_BOND = 64
MOST_STEPS = 60
SMALLEST = 1e-14  # of the largest singular value: below it is rounding


class CoarseTensor(NamedTuple):
    """What a tensor renormalization has found."""

    log_partition: np.ndarray  # ln Z / N on tori of 1, 2, 4, ... sites a side
    tensor: np.ndarray  # of the last size, legs up, left, down, right; its largest entry is 1


def square_tensor(coupling):
    """Tensor of a site of the square Ising lattice.

    Parameters
    ----------
    coupling : float
        Reduced K = J/T, dimensionless, from 0 to 300.

    Returns
    -------
    tensor : ndarray of float64, shape (2, 2, 2, 2)
        Legs up, left, down, right. The product of the tensors of all sites, summed over the bonds,
        is the partition function.

    Raises
    ------
    ValueError, TypeError
        If the coupling is not a number in that range.

    Examples
    --------
    >>> tensor = square_tensor(0.5)
    >>> bool(np.isclose(np.einsum("abab", tensor), 2 * np.exp(2 * 0.5)))  # one site
    True
    """
    coupling = checks.real("coupling", coupling, 0, LARGEST_COUPLING)
    even, odd = np.sqrt([np.cosh(coupling), np.sinh(coupling)])
    A = np.array([[even, -odd], [even, odd]])  # [s, a]
    # s: the spin of the site; u, l, d, r: its legs.
    return np.einsum("su,sl,sd,sr->uldr", A, A, A, A)


def trg(coupling, bond, n_steps):
    """Tensor renormalization of the square lattice, by cutting tensors in two.

    Parameters
    ----------
    coupling : float
        Reduced K = J/T, dimensionless, from 0 to 300.
    bond : int
        Values that a leg may have, from 1 to 64. Time grows with its sixth power.
    n_steps : int
        How often the side of the lattice is doubled, from 0 to 60.

    Returns
    -------
    CoarseTensor
        `log_partition`, shape (n_steps + 1,), ln Z / N on tori of 2**0, ..., 2**n_steps sites a
        side; and `tensor`, that of the largest.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as above.

    Notes
    -----
    :cite:t:`levin2007`. Tensors of one sublattice are cut into (up left)(down right), those of
    the other into (left down)(right up); the four halves round a plaquette make a new tensor, on a
    lattice that is turned by 45 degrees and has half as many sites. Two such steps double the side.

    Examples
    --------
    >>> from rgrbm.transfer_matrix import torus_log_partition
    >>> found = trg(0.4, 8, 3).log_partition[3]
    >>> bool(abs(found - torus_log_partition(8, 0.4) / 64) < 1e-4)
    True
    """
    return _coarse_grained(coupling, bond, n_steps, _cut_and_join)


def hotrg(coupling, bond, n_steps):
    """Tensor renormalization of the square lattice, by joining tensors in pairs.

    Parameters
    ----------
    coupling : float
        Reduced K = J/T, dimensionless, from 0 to 300.
    bond : int
        Values that a leg may have, from 1 to 64. Time grows with its seventh power.
    n_steps : int
        How often the side of the lattice is doubled, from 0 to 60.

    Returns
    -------
    CoarseTensor
        As for `trg`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as above.

    Notes
    -----
    :cite:t:`xie2012`. Two tensors, one below the other, make one with double legs to the left and
    right. These are projected on the values that matter most to the pair, by its higher-order
    singular values. Then the same is done sideways.

    Examples
    --------
    >>> from rgrbm.transfer_matrix import torus_log_partition
    >>> found = hotrg(0.4, 8, 3).log_partition[3]
    >>> bool(abs(found - torus_log_partition(8, 0.4) / 64) < 1e-4)
    True
    """
    return _coarse_grained(coupling, bond, n_steps, _join_and_turn)


def scaling_dimensions(tensor, n_dimensions):
    r"""Scaling dimensions of a critical model, from its coarse tensor.

    Parameters
    ----------
    tensor : array_like, shape (n, m, n, m)
        Legs up, left, down, right, of a square of sites.
    n_dimensions : int
        How many, from 1 to n.

    Returns
    -------
    dimensions : ndarray of float64, shape (n_dimensions,)
        The smallest ones in rising order; the first is 0, that of the identity.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as above, or the tensor has too few positive eigenvalues.

    Notes
    -----
    A square with its left and right joined is a transfer matrix, with the eigenvalues
    :math:`e^{-2\pi x_i}` relative to the largest, where :math:`x_i` are the scaling dimensions
    :cite:p:`gu2009`. Those of the Ising model are 0, 1/8 (spin), 1 (energy), and then 9/8 twice.

    Examples
    --------
    >>> critical = np.log(1 + np.sqrt(2)) / 2
    >>> scaling_dimensions(trg(critical, 16, 5).tensor, 2).round(2)
    array([0.  , 0.12])
    """
    tensor = checks.array("tensor", tensor, (None, None, None, None))
    if tensor.shape[:2] != tensor.shape[2:]:
        raise ValueError(
            f"tensor must have opposite legs of one length, (n, m, n, m), got {tensor.shape}"
        )
    n_dimensions = checks.integer("n_dimensions", n_dimensions, 1, len(tensor))
    joined = np.einsum("uldl->ud", tensor)
    eigenvalues = np.sort(np.linalg.eigvals(joined).real)[::-1][:n_dimensions]
    if not (eigenvalues > 0).all():
        n_positive = (eigenvalues > 0).sum()
        raise ValueError(
            f"n_dimensions must be at most {n_positive} for this tensor, got {n_dimensions}"
        )
    return np.log(eigenvalues[0] / eigenvalues) / (2 * np.pi)


def _coarse_grained(coupling, bond, n_steps, half_step):
    """Double the number of sites, by a function of tensor and bond, 2 `n_steps` times."""
    bond = checks.integer("bond", bond, 1, LARGEST_BOND)
    n_steps = checks.integer("n_steps", n_steps, 0, MOST_STEPS)
    tensor = square_tensor(coupling)
    log_per_site, found = 0.0, []
    with single_threaded_blas():
        for half in range(2 * n_steps + 1):
            if half > 0:
                tensor = half_step(tensor, bond)
            largest = np.abs(tensor).max()
            tensor = tensor / largest
            log_per_site += np.log(largest) / 2.0**half
            if half % 2 == 0:
                closed = np.log(np.einsum("abab", tensor))
                found.append(log_per_site + closed / 2.0**half)
    return CoarseTensor(np.array(found), tensor)


def _cut_and_join(tensor, bond):
    """Cut the tensors of both sublattices, and join the halves that stand round a plaquette."""
    up_left, down_right = _cut(tensor, bond)
    left_down, right_up = _cut(tensor.transpose(1, 2, 3, 0), bond)
    # Inner bonds: w left, x above, y right, z below. The new legs a, b, c, e go to the corners,
    # clockwise from the one above left.
    above = np.einsum("wxa,xyb->waby", down_right, left_down, optimize=True)
    below = np.einsum("yzc,zwe->ycwe", up_left, right_up, optimize=True)
    # Turned by 45 degrees: a is up, e left, c down, b right.
    return np.einsum("waby,ycwe->aecb", above, below, optimize=True)


def _cut(tensor, bond):
    """Write T[p, q, s, t] as a sum over a of left[p, q, a] right[s, t, a]."""
    p, q, s, t = tensor.shape
    left, values, right = svd(tensor.reshape(p * q, s * t), full_matrices=False)
    n_kept = min(bond, np.count_nonzero(values > SMALLEST * values[0]))
    roots = np.sqrt(values[:n_kept])
    left, right = left[:, :n_kept] * roots, right[:n_kept].T * roots
    return left.reshape(p, q, n_kept), right.reshape(s, t, n_kept)


def _join_and_turn(tensor, bond):
    """Join two tensors, one below the other; then exchange the axes of the lattice."""
    # Left, down, right of the upper one: l, i, r. Up, left, right of the lower one: i, m, n.
    projections = []
    for side in ("left", "right"):
        turned = tensor if side == "left" else tensor.transpose(0, 3, 2, 1)
        above = np.einsum("ulir,uLIr->lLiI", turned, turned, optimize=True)
        below = np.einsum("imdn,IMdn->iImM", turned, turned, optimize=True)
        weights = np.einsum("lLiI,iImM->lmLM", above, below, optimize=True)
        n_legs = turned.shape[1]
        values, vectors = eigh(weights.reshape(n_legs**2, n_legs**2))
        n_kept = min(bond, n_legs**2)
        lost = values[:-n_kept].sum()
        projections.append((lost, vectors[:, ::-1][:, :n_kept].reshape(n_legs, n_legs, n_kept)))
    projection = min(projections, key=lambda pair: pair[0])[1]  # [l, m, a]
    half = np.einsum("lma,ulir->umair", projection, tensor, optimize=True)
    whole = np.einsum("umair,imdn->uadrn", half, tensor, optimize=True)
    joined = np.einsum("uadrn,rnb->uadb", whole, projection, optimize=True)
    return joined.transpose(1, 0, 3, 2)
