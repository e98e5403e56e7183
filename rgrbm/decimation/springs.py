r"""Springs: nodes that are integrated out, one or many, and the springs that are left.

The energy of displacements u is :math:`u^\mathsf{T} \mathsf{K} u / 2`, with the stiffness matrix
:math:`\mathsf{K}`. Let the nodes i that are not kept go where the force on them vanishes. The
energy is again a quadratic form, in the nodes b that are kept, with the Schur complement

.. math:: \mathsf{K}' = \mathsf{K}_{bb} - \mathsf{K}_{bi} \mathsf{K}_{ii}^{-1} \mathsf{K}_{ib} .

Mechanics calls it static condensation. At a temperature T the law of u is
:math:`e^{-u^\mathsf{T} \mathsf{K} u / 2T}`, and its marginal for the kept nodes has the same
:math:`\mathsf{K}'`: minima and integrals of quadratic forms agree, up to a constant. Integrating
over every second node of a chain is decimation, and hidden units with Gaussian laws are such nodes
(`rgrbm.rbm.GaussianGaussianRBM`).

With one displacement per node (antiplane shear, or electric conduction) a spring k between nodes i
and j adds :math:`k (u_i - u_j)^2 / 2`, and a network of springs stays one.
"""

import numpy as np
from scipy.linalg.lapack import dposv

from rgrbm._core import checks
from rgrbm._core.blas import single_threaded_blas
from rgrbm._core.numerics import finite

__all__ = [
    "bridge_stiffness",
    "chain_density_of_states",
    "chain_stiffness",
    "condense",
    "decimate_springs",
    "dual_network",
    "network_stiffness",
]

LARGEST_CONTRAST = 1e12  # of springs in a network: beyond, no digit would be left


def chain_stiffness(n_sites, stiffness, pinning=0.0):
    r"""Stiffness matrix of a ring of equal springs whose nodes are also tied to the ground.

    Parameters
    ----------
    n_sites : int
        At least 2; two nodes are joined by two springs.
    stiffness : float
        Of the springs between neighbours.
    pinning : float, optional
        Stiffness of the spring from each node to the ground.

    Returns
    -------
    matrix : ndarray, shape (n_sites, n_sites)
        The energy is u @ matrix @ u / 2.

    Raises
    ------
    ValueError, TypeError
        If `n_sites` is no integer from 2 on, or a number is not finite or exceeds 1e100.

    Examples
    --------
    >>> chain_stiffness(4, 1.0, 0.5)
    array([[ 2.5, -1. ,  0. , -1. ],
           [-1. ,  2.5, -1. ,  0. ],
           [ 0. , -1. ,  2.5, -1. ],
           [-1. ,  0. , -1. ,  2.5]])
    """
    n_sites = checks.integer("n_sites", n_sites, 2)
    checks.size("n_sites", n_sites, n_sites)
    stiffness, pinning = checks.number("stiffness", stiffness), checks.number("pinning", pinning)
    here = np.eye(n_sites)
    neighbours = np.roll(here, 1, axis=0) + np.roll(here, -1, axis=0)
    return (2 * stiffness + pinning) * here - stiffness * neighbours


def condense(matrix, kept):
    r"""Integrate out all nodes but some: static condensation, the Schur complement.

    Parameters
    ----------
    matrix : array_like, shape (n_nodes, n_nodes)
        Stiffness matrix K, or the inverse covariance of a normal law.
    kept : array_like of int, shape (n_kept,)
        Nodes b to keep, each once; the others are i.

    Returns
    -------
    condensed : ndarray, shape (n_kept, n_kept)
        :math:`K_{bb} - K_{bi} K_{ii}^{-1} K_{ib}`, in the order of `kept`.

    Raises
    ------
    ValueError, TypeError
        If `matrix` is not square, `kept` has other entries, or the nodes that go can move without a
        force (:math:`K_{ii}` is singular).
    FloatingPointError
        If an entry is too large for a float.

    Notes
    -----
    Nodes can go all at once, or one by one in any order, with the same result. A single node with
    springs :math:`k_1, \dots, k_n` leaves springs :math:`k_a k_b / \sum_c k_c` between its
    neighbours: the star becomes a mesh.

    Examples
    --------
    Two springs in series:

    >>> condense([[1.0, -1.0, 0.0], [-1.0, 3.0, -2.0], [0.0, -2.0, 2.0]], [0, 2]).round(4)
    array([[ 0.6667, -0.6667],
           [-0.6667,  0.6667]])
    """
    matrix = checks.array("matrix", matrix, (None, None))
    n_nodes = len(matrix)
    if matrix.shape[1] != n_nodes:
        raise ValueError(f"matrix must be square, got the shape {matrix.shape}")
    kept = checks.integers("kept", kept, 0, n_nodes - 1)
    if kept.ndim != 1 or not kept.size or len(set(kept.tolist())) < len(kept):
        raise ValueError(f"kept must list nodes, each once, got {checks.shown(kept)}")
    gone = np.setdiff1d(np.arange(n_nodes), kept)
    here, across, back, inside = (
        matrix[np.ix_(*nodes)] for nodes in [(kept, kept), (kept, gone), (gone, kept), (gone, gone)]
    )
    try:
        response = np.linalg.solve(inside, back)  # how the others follow, up to the sign
    except np.linalg.LinAlgError:
        raise ValueError(
            "matrix must tie the nodes that go, but they can move without a force"
        ) from None
    with np.errstate(over="ignore", invalid="ignore"):
        return finite("the condensed matrix", here - across @ response)


def decimate_springs(stiffness, pinning):
    r"""Integrate out every second node of a chain of springs.

    Parameters
    ----------
    stiffness, pinning : float or ndarray, shape (...)
        Spring k between neighbours, and from each node to the ground; they broadcast. A mass m that
        oscillates with the frequency :math:`\omega` adds :math:`-m \omega^2` to the second.

    Returns
    -------
    stiffness_new, pinning_new : float or ndarray, shape (...)

    Raises
    ------
    ValueError, TypeError
        If a number is not finite, not numeric, or the shapes do not broadcast.
    FloatingPointError
        If a node can move without a force, 2 k + pinning = 0, or a result is too large for a float.

    Notes
    -----
    With the pinning :math:`\zeta`

    .. math:: k' = \frac{k^2}{2k + \zeta} , \qquad \zeta' = \frac{\zeta (4k + \zeta)}{2k + \zeta} ,

    so :math:`a = (2k + \zeta) / k` becomes :math:`a' = a^2 - 2`: with :math:`a = 2 \cosh q`, q is
    doubled.

    Examples
    --------
    >>> stiffness, pinning = decimate_springs(1.0, [0.0, 0.5])
    >>> stiffness
    array([0.5, 0.4])
    >>> (2 * stiffness + pinning) / stiffness  # a**2 - 2
    array([2.  , 4.25])
    """
    stiffness, pinning = checks.array("stiffness", stiffness), checks.array("pinning", pinning)
    try:
        stiffness, pinning = np.broadcast_arrays(stiffness, pinning)
    except ValueError:
        raise ValueError(
            "stiffness and pinning must have shapes that broadcast, "
            f"got {stiffness.shape} and {pinning.shape}"
        ) from None
    with np.errstate(all="ignore"):
        stiffness, pinning = _decimate(stiffness, pinning)
    return finite("the new stiffness", stiffness)[()], finite("the new pinning", pinning)[()]


def _decimate(stiffness, pinning):
    total = 2 * stiffness + pinning
    return stiffness * (stiffness / total), pinning * ((4 * stiffness + pinning) / total)


def chain_density_of_states(frequencies, stiffness, pinning=0.0, *, damping, n_steps=40):
    r"""Density of vibrations of the infinite chain, by decimations.

    Parameters
    ----------
    frequencies : array_like, shape (...)
        Where it is wanted, in units in which the masses are 1.
    stiffness : float
        Spring k between neighbours, positive.
    pinning : float, optional
        Spring from each node to the ground, at least 0.
    damping : float
        Imaginary part :math:`\eta` of the frequency, positive: lines are that wide.
    n_steps : int, optional
        Decimations: nodes at a distance of 2**n_steps no longer matter. From 1 to 100.

    Returns
    -------
    density : ndarray, shape (...)
        Per site and unit of frequency; its integral over the positive frequencies is 1.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.
    FloatingPointError
        If a number on the way is too large for a float.

    Notes
    -----
    A site answers a force of the frequency :math:`z = \omega + i \eta` with the displacement
    :math:`\mathcal G = [(\mathsf{K} - z^2)^{-1}]_{00}`. Subtract :math:`z^2` from the pinning and
    decimate: a kept site keeps its response, its springs to the others fade, and in the end
    :math:`\mathcal G = 1 / (2k + \zeta)` of what is left. The density is
    :math:`(2 \omega / \pi) \, \mathrm{Im} \, \mathcal G`, without pinning and for k = 1 in the
    limit :math:`2 / (\pi \sqrt{4 - \omega^2})`.

    Examples
    --------
    >>> density = chain_density_of_states([1.0, 3.0], 1.0, damping=1e-6)
    >>> density.round(4)  # 2 / (pi sqrt(3)) in the band, nothing above it
    array([0.3676, 0.    ])
    """
    frequencies = checks.array("frequencies", frequencies)
    stiffness = checks.real("stiffness", stiffness, 0.0, checks.LARGEST, above=True)
    pinning = checks.real("pinning", pinning, 0.0, checks.LARGEST)
    damping = checks.real("damping", damping, 0.0, checks.LARGEST, above=True)
    n_steps = checks.integer("n_steps", n_steps, 1, 100)
    with np.errstate(all="ignore"):
        springs, ground = stiffness, pinning - (frequencies + 1j * damping) ** 2
        for _ in range(n_steps):
            springs, ground = _decimate(springs, ground)
        density = 2 * frequencies / np.pi * np.imag(1 / (2 * springs + ground))
    return finite("the density", density)[()]


def network_stiffness(horizontal, vertical):
    """Stiffness of a square network of springs between two rigid plates, left and right.

    Parameters
    ----------
    horizontal : array_like, shape (n_rows, n_columns)
        Springs along the rows, positive: the first touches the left plate, the last the right one.
        At least two rows and two columns.
    vertical : array_like, shape (n_rows - 1, n_columns - 1)
        Springs between neighbouring rows, from each of the n_columns - 1 free nodes of a row to the
        one below. Top and bottom are free.

    Returns
    -------
    stiffness : float
        Force on a plate over the distance of the two.

    Raises
    ------
    ValueError, TypeError
        If the shapes do not fit, a spring is not positive, or the largest is more than 1e12 times
        the smallest.
    FloatingPointError
        If rounding takes the weak springs of a large network away.

    Notes
    -----
    The network is condensed column by column: what is to the left of a column of nodes is known to
    the rest by a stiffness matrix A of these nodes alone. Springs H to the next column and the
    elimination of this one give :math:`A (A + H)^{-1} H`, the matrix form of two springs in series,
    and the vertical springs of the next column are added. The time grows as
    n_columns * n_rows**3.

    Equal springs k give k * n_rows / n_columns. For any springs the result lies between those for
    uniform forces and uniform strains.

    Examples
    --------
    >>> round(network_stiffness([[1.0, 1.0], [2.0, 2.0]], [[5.0]]), 12)
    1.5
    """
    horizontal, vertical = _checked_network(horizontal, vertical)
    n_rows, n_columns = horizontal.shape
    upper, lower = np.arange(n_rows - 1), np.arange(1, n_rows)  # ends of the vertical springs
    columns = np.zeros((n_columns - 1, n_rows, n_rows))
    columns[:, upper, upper] = vertical.T
    columns[:, lower, lower] += vertical.T
    columns[:, upper, lower] = columns[:, lower, upper] = -vertical.T
    left = np.diag(horizontal[:, 0])
    with single_threaded_blas():
        for column, right in zip(columns, horizontal.T[1:], strict=True):
            left += column
            _, response, failed = dposv(left + np.diag(right), left)  # (A + H)^-1 A, by Cholesky
            if failed:
                raise FloatingPointError("the springs are too unequal for so large a network")
            left = response.T * right
    return float(left.sum())


def dual_network(horizontal, vertical, product):
    r"""Springs of the dual network, turned by a quarter.

    Parameters
    ----------
    horizontal, vertical : array_like
        As in `network_stiffness`.
    product : float
        The product of a spring and of the one that crosses it in the dual, positive.

    Returns
    -------
    horizontal, vertical : ndarray, shapes (n_columns, n_rows) and (n_columns - 1, n_rows - 1)

    Raises
    ------
    ValueError, TypeError
        As in `network_stiffness`, or if `product` is not positive.
    FloatingPointError
        If a spring of the dual is too large for a float.

    Notes
    -----
    Nodes of the dual sit in the meshes; each spring is crossed by one of the dual. The stiffnesses
    of a network and of its dual have the given product, for any springs: forces of the one are
    displacements of the other. The theorem for continua goes back to :cite:t:`keller1964`.

    Examples
    --------
    >>> network = [[1.0, 10.0], [1.0, 1.0], [10.0, 1.0]], [[10.0], [1.0]]
    >>> dual = dual_network(*network, 10.0)
    >>> round(network_stiffness(*network) * network_stiffness(*dual), 12)
    10.0
    """
    horizontal, vertical = _checked_network(horizontal, vertical)
    product = checks.real("product", product, 0.0, checks.LARGEST, above=True)
    with np.errstate(over="ignore"):
        return tuple(finite("a spring", product / springs.T) for springs in (horizontal, vertical))


def bridge_stiffness(bonds):
    r"""Stiffness of Wheatstone bridges of five springs, each as one spring.

    Parameters
    ----------
    bonds : array_like, shape (..., 5)
        Springs, positive: from the left to the upper node and on to the right, from the left to the
        lower node and on to the right, and between the two nodes.

    Returns
    -------
    stiffness : float or ndarray, shape (...)

    Raises
    ------
    ValueError, TypeError
        If `bonds` has another shape, or a spring is not between 1e-100 and 1e100.

    Notes
    -----
    The upper node is a star with three springs. Eliminated, it leaves the triangle of which one
    side is in parallel to each spring of the lower node, and one to both.

    Examples
    --------
    >>> bridge_stiffness([[1.0, 1.0, 1.0, 1.0, 7.0], [2.0, 2.0, 1.0, 1.0, 7.0]])
    array([1. , 1.5])
    """
    bonds = checks.array("bonds", bonds, (..., 5))
    _check_positive("bonds", bonds)
    upper_left, upper_right, lower_left, lower_right, between = np.moveaxis(bonds, -1, 0)
    star = upper_left + upper_right + between
    left = lower_left + upper_left * (between / star)
    right = lower_right + upper_right * (between / star)
    return (upper_left * (upper_right / star) + left * (right / (left + right)))[()]


def _check_positive(name, springs):
    if springs.size and springs.min() < 1 / checks.LARGEST:
        raise ValueError(
            f"{name} must be positive, at least {1 / checks.LARGEST:g}, got {springs.min()} in it"
        )


def _checked_network(horizontal, vertical):
    """Return both as arrays if they are the springs of a network."""
    horizontal = checks.array("horizontal", horizontal, (None, None))
    n_rows, n_columns = horizontal.shape
    if min(n_rows, n_columns) < 2:
        raise ValueError(
            f"horizontal must have two rows and columns or more, got the shape {horizontal.shape}"
        )
    vertical = checks.array("vertical", vertical, (n_rows - 1, n_columns - 1))
    _check_positive("horizontal", horizontal)
    _check_positive("vertical", vertical)
    springs = np.append(horizontal, vertical)
    if springs.max() > LARGEST_CONTRAST * springs.min():
        raise ValueError(
            f"horizontal and vertical must have springs within a factor of {LARGEST_CONTRAST:g}, "
            f"got {springs.min():g} to {springs.max():g}"
        )
    return horizontal, vertical
