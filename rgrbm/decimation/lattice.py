r"""Renormalization of the square lattice by blocks, and its exponents from samples.

A block of 2 x 2 spins becomes one coarse spin. How the couplings change is read off correlations of
sums :math:`S_a` over the lattice (`lattice_operators`), the fine ones and the coarse ones,
:math:`S'_a`:

.. math::

    T_{ab} = \frac{\partial K'_a}{\partial K_b} , \qquad
    \sum_a \langle S'_c S'_a \rangle_c \, T_{ab} = \langle S'_c S_b \rangle_c .

At the fixed point its largest eigenvalue is :math:`2^y`, with the exponent y of the temperature if
the sums are even under a turn of all spins, and that of the field if they are odd.
"""

import numpy as np

from rgrbm._core import checks
from rgrbm._core.numerics import finite, jackknife
from rgrbm.estimate import Estimate

__all__ = ["block_spins", "lattice_operators", "monte_carlo_rg", "stability_matrix"]

RULES = ("majority", "corner", "decimation")
# Displacements from one spin to the others, all turned and mirrored ways that differ.
EVEN = (
    [[(0, 1)], [(1, 0)]],  # neighbours
    [[(1, 1)], [(1, -1)]],  # along diagonals
    [[(0, 1), (1, 0), (1, 1)]],  # plaquettes
    [[(0, 2)], [(2, 0)]],  # two sites apart
    [[(1, 2)], [(2, 1)], [(1, -2)], [(2, -1)]],  # a knight's move
)
ODD = (
    [[]],  # single spins
    [[(0, 1), (1, 0)], [(0, 1), (-1, 0)], [(0, -1), (1, 0)], [(0, -1), (-1, 0)]],  # corners
    [[(0, 1), (0, 2)], [(1, 0), (2, 0)]],  # three in a line
)


def block_spins(spins, rule="majority", rng=None):
    """Replace each block of 2 x 2 spins by one.

    Parameters
    ----------
    spins : array_like, shape (..., size, size)
        Entries -1 and +1; `size` even.
    rule : {"majority", "corner", "decimation"}, optional
        The sign of the sum of the block; a tie is decided by a coin, or with "corner" by the upper
        left spin. "decimation" takes that spin always.
    rng : numpy.random.Generator, optional
        Needed for the coins of "majority".

    Returns
    -------
    coarse : ndarray of int8, shape (..., size // 2, size // 2)

    Raises
    ------
    ValueError
        If an entry is neither -1 nor +1, the last two axes are not of one even length, or the rule
        is none of the above.
    TypeError
        If `spins` is not numeric, or `rng` is no Generator where it is needed.

    Examples
    --------
    >>> block_spins([[1, 1, -1, 1], [-1, 1, 1, -1], [1, -1, -1, -1], [-1, -1, -1, 1]], "corner")
    array([[ 1, -1],
           [-1, -1]], dtype=int8)
    """
    spins = checks.lattice_states("spins", spins)
    if spins.shape[-1] % 2:
        raise ValueError(f"spins must have an even size to be blocked, got {spins.shape}")
    rule = checks.choice("rule", rule, RULES)
    corner = spins[..., ::2, ::2]
    if rule == "decimation":
        return corner.copy()
    total = corner + spins[..., 1::2, ::2] + spins[..., ::2, 1::2] + spins[..., 1::2, 1::2]
    if rule == "majority":
        corner = 2 * checks.generator(rng).integers(2, size=total.shape, dtype=np.int8) - 1
    return np.where(total == 0, corner, np.sign(total))


def lattice_operators(spins, parity="even"):
    """Sums of products of near spins over the square torus, the operators of the Monte Carlo RG.

    Parameters
    ----------
    spins : array_like, shape (..., size, size)
        Entries -1 and +1.
    parity : {"even", "odd"}, optional

    Returns
    -------
    operators : ndarray of float64, shape (..., 5) or (..., 3)
        Even: products of neighbours; of two along a diagonal; of the four of a plaquette; of two
        that are two sites apart; a knight's move apart. Odd: the spins; products of the three round
        a corner; of three in a line. Each is a sum over all places and directions.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> lattice_operators([[1, 1, 1], [1, -1, 1], [1, 1, 1]], "odd")
    array([ 7., 12.,  6.])
    """
    spins = checks.lattice_states("spins", spins)
    listed = EVEN if checks.choice("parity", parity, ("even", "odd")) == "even" else ODD
    found = np.zeros((*spins.shape[:-2], len(listed)))
    for operator, shapes in enumerate(listed):
        for shape in shapes:
            product = spins.copy()
            for down, right in shape:
                product *= np.roll(spins, (-down, -right), axis=(-2, -1))
            found[..., operator] += product.sum(axis=(-2, -1), dtype=np.int64)
    return found


def stability_matrix(fine, coarse, weights=None):
    """Derivatives of the coarse couplings with respect to the fine ones, from samples.

    Parameters
    ----------
    fine, coarse : array_like, shape (n_samples, n_operators)
        Sums over the lattice, such as `lattice_operators` of samples and of their blocks; at least
        two samples.
    weights : array_like, shape (n_samples,), optional
        Probabilities of the samples, not negative, up to a factor; equal ones if left out.

    Returns
    -------
    matrix : ndarray of float64, shape (n_operators, n_operators)
        Entry (a, b) is dK'_a / dK_b.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the coarse operators are not independent.

    Notes
    -----
    :cite:t:`swendsen1979`.

    Examples
    --------
    The chain, decimated, with its neighbours as the one operator, by enumeration:

    >>> from rgrbm.ising import boltzmann_probabilities, chain_energy, enumerate_spins
    >>> spins = enumerate_spins(8)
    >>> fine, coarse = (-chain_energy(some, 1.0)[:, None] for some in (spins, spins[:, ::2]))
    >>> matrix = stability_matrix(fine, coarse, boltzmann_probabilities(8, 0.7))
    >>> bool(np.isclose(matrix[0, 0], np.tanh(2 * 0.7)))
    True
    """
    fine, coarse = _operators(fine, coarse)
    if weights is None:
        return _stability(fine, coarse, np.ones(len(fine)))
    weights = checks.array("weights", weights, (len(fine),))
    if (weights < 0).any() or not weights.any():
        raise ValueError(f"weights must not be negative, nor all zero, got {weights.min()} in it")
    return _stability(fine, coarse, weights)


def monte_carlo_rg(fine, coarse, n_operators=None, *, n_blocks=50):
    """Eigenvalues of a step of the renormalization group, from samples.

    Parameters
    ----------
    fine, coarse : array_like, shape (n_samples, n_operators)
        As in `stability_matrix`, in the order in which they were sampled.
    n_operators : int, optional
        How many of them are used, the first ones; all if left out.
    n_blocks : int, optional
        Blocks of samples for the error, at least 2 and at most half of the samples. A block should
        be much longer than the autocorrelation time.

    Returns
    -------
    eigenvalues : Estimate
        Value and error, each an ndarray of shape (n_operators,), the largest first; real parts,
        if noise makes a pair complex. The exponents are their logarithms to the base of the scale,
        which is 2 for `block_spins`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the coarse operators are not independent.

    Notes
    -----
    :cite:t:`swendsen1979`. The errors are those of a jackknife, widened by Student's factor. What
    the finite lattice and the operators that are left out do to the eigenvalues is not in them.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> coarse = rng.normal(size=(1000, 1))
    >>> found = monte_carlo_rg(2 * coarse + rng.normal(size=(1000, 1)), coarse)
    >>> abs(found.value[0] - 2) < 4 * found.error[0]
    np.True_
    """
    fine, coarse = _operators(fine, coarse)
    most = fine.shape[1]
    used = most if n_operators is None else checks.integer("n_operators", n_operators, 1, most)
    n_blocks = checks.integer("n_blocks", n_blocks, 2, len(fine) // 2)

    def eigenvalues(fine, coarse):
        matrix = _stability(fine, coarse, np.ones(len(fine)))
        return np.sort(np.linalg.eigvals(matrix).real)[::-1]

    return Estimate(*jackknife(eigenvalues, (fine[:, :used], coarse[:, :used]), n_blocks))


def _operators(fine, coarse):
    fine = np.ascontiguousarray(checks.array("fine", fine, (None, None)))
    coarse = np.ascontiguousarray(checks.array("coarse", coarse, (None, None)))
    if fine.shape != coarse.shape or len(fine) < 2:
        raise ValueError(
            "fine and coarse must have one shape (n_samples, n_operators) with n_samples >= 2, "
            f"got {fine.shape} and {coarse.shape}"
        )
    return fine, coarse


def _stability(fine, coarse, weights):
    weights = weights / weights.sum()
    fine, fine_unit = _centred(fine, weights)
    coarse, coarse_unit = _centred(coarse, weights)
    weighted = coarse.T * weights
    own = weighted @ coarse
    if not coarse_unit.all() or np.linalg.cond(own) > 1e12:
        raise ValueError("coarse must hold operators that vary, none a mixture of the others")
    with np.errstate(over="ignore", under="ignore"):
        matrix = np.linalg.solve(own, weighted @ fine) * fine_unit / coarse_unit[:, None]
    return finite("the matrix", matrix)


def _centred(operators, weights):
    """Return operators less their means, in units of their standard deviations, and these."""
    size = np.abs(operators).max(axis=0)
    operators = operators / np.where(size > 0, size, 1.0)
    operators = operators - weights @ operators
    deviation = np.sqrt(weights @ operators**2)
    deviation[deviation < 1e-14] = 0  # constant but for rounding
    return operators / np.where(deviation > 0, deviation, 1.0), deviation * size
