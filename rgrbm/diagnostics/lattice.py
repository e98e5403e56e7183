"""What samples of the square lattice say, with an error: Binder's cumulant, and couplings."""

import numpy as np

from rgrbm._core import checks
from rgrbm._core.likelihood import most_likely_couplings
from rgrbm._core.numerics import jackknife, widening
from rgrbm.estimate import Estimate

__all__ = ["binder", "pseudo_likelihood_couplings"]

LARGEST_STEP = 2**31
NO_MAXIMUM = "spins must be disordered, and shells different: the pseudo-likelihood has no maximum"


def binder(magnetization, *, n_blocks=50):
    r"""Binder's cumulant, :math:`1 - \langle m^4 \rangle / (3 \langle m^2 \rangle^2)`.

    Parameters
    ----------
    magnetization : array_like, shape (n_samples,)
        Of each sample, in the order in which they were drawn; at least two that are not 0. Its unit
        does not matter.
    n_blocks : int, optional
        Blocks of samples for the error, at least 2, and no more than there are samples are taken. A
        block should be much longer than the autocorrelation time.

    Returns
    -------
    estimate : Estimate
        2/3 if only two opposite values occur, 0 if they are normal.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    :cite:t:`binder1981`. The error is that of a jackknife, widened by Student's factor.

    Examples
    --------
    >>> print(binder([1.0, -1.0, 1.0, 1.0]).value.round(12))
    0.666666666667
    """
    magnetization = checks.array("magnetization", magnetization, (None,))
    n_blocks = checks.integer("n_blocks", n_blocks, 2)
    n_blocks = min(n_blocks, len(magnetization))
    if np.count_nonzero(magnetization) < 2:
        raise ValueError(
            "magnetization must have at least two values that are not 0, "
            f"got {np.count_nonzero(magnetization)}"
        )
    return Estimate(*jackknife(_cumulant, (magnetization,), n_blocks))


def pseudo_likelihood_couplings(spins, shells, *, n_blocks=50):
    """Couplings of a square torus without a field, from samples, by maximum pseudo-likelihood.

    Each spin is predicted from all others. The probability of what it is, by the product over all
    spins and samples, is made as large as it can be.

    Parameters
    ----------
    spins : array_like, shape (n_samples, size, size)
        Entries -1 and +1, in the order in which they were drawn; at least two samples.
    shells : sequence of sequences of pairs of int
        One coupling for each; the pairs are displacements (down, right), one of each two opposite
        ones. Neighbours and diagonals: ``[[(0, 1), (1, 0)], [(1, 1), (1, -1)]]``.
    n_blocks : int, optional
        Blocks of samples for the error, at least 2, and no more than there are samples are taken. A
        block should be much longer than the autocorrelation time.

    Returns
    -------
    couplings : Estimate
        Value and error, each an ndarray of shape (n_shells,).

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described; or if the pseudo-likelihood has no maximum, as for
        samples that are perfectly ordered, or shells that cannot be told apart.

    Notes
    -----
    :cite:t:`besag1975`. Without other interactions the estimate tends to the couplings. With other
    ones, it is what predicts single spins best, and need not be what describes averages best.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spins = rng.choice([-1, 1], size=(50, 8, 8))
    >>> found = pseudo_likelihood_couplings(spins, [[(0, 1), (1, 0)]])
    >>> bool(abs(found.value[0]) < 4 * found.error[0])
    True
    """
    spins = checks.lattice_states("spins", spins)
    if spins.ndim != 3 or len(spins) < 2:
        raise ValueError(
            "spins must have the shape (n_samples, size, size) with n_samples >= 2, "
            f"got {spins.shape}"
        )
    shells = _checked_shells(shells)
    n_blocks = min(checks.integer("n_blocks", n_blocks, 2), len(spins))
    states, kind = _kinds([_input(spins, shell).ravel() for shell in shells])
    block_of_sample = np.repeat(
        np.arange(n_blocks), [len(part) for part in np.array_split(spins, n_blocks)]
    )
    block = np.repeat(block_of_sample, spins[0].size)
    counts = np.bincount(block * len(states) + kind, minlength=n_blocks * len(states))
    counts = counts.reshape(n_blocks, len(states)).astype(np.float64)
    total = counts.sum(axis=0)
    found = most_likely_couplings(states, total, np.zeros(len(shells)), NO_MAXIMUM)
    without = [most_likely_couplings(states, total - part, found, NO_MAXIMUM) for part in counts]
    variance = (n_blocks - 1) * np.var(without, axis=0)
    return Estimate(found, widening(n_blocks) * np.sqrt(variance))


def _cumulant(magnetization):
    largest = np.abs(magnetization).max()
    if largest == 0:
        raise ValueError("magnetization must not be 0 but in one block")
    squares = (magnetization / largest) ** 2
    return 1 - np.mean(squares**2) / (3 * np.mean(squares) ** 2)


def _checked_shells(shells):
    try:
        listed = [[tuple(pair) for pair in shell] for shell in shells]
        pairs = [
            checks.integers("shells", pair, -LARGEST_STEP, LARGEST_STEP)
            for shell in listed
            for pair in shell
        ]
    except TypeError:
        raise TypeError(
            f"shells must be sequences of pairs of integers, got {checks.shown(shells)}"
        ) from None
    if not listed or not all(listed) or any(pair.shape != (2,) for pair in pairs):
        raise ValueError(
            "shells must be sequences of pairs (down, right), at least one each, "
            f"got {checks.shown(shells)}"
        )
    return listed


def _input(spins, shell):
    """What each spin feels of a shell, times the spin."""
    felt = np.zeros(spins.shape, dtype=np.int64)
    for down, right in shell:
        felt += np.roll(spins, (down, right), axis=(1, 2))
        felt += np.roll(spins, (-down, -right), axis=(1, 2))
    return spins * felt


def _kinds(columns):
    """The different rows of a table of integers, in order, and which of them each row is.

    As by `np.unique`, which would sort: here integers of few values are counted.
    """
    states, kind = np.empty((1, 0), dtype=np.int64), 0
    for column in columns:
        least = column.min()
        width = column.max() - least + 1
        code = kind * width + column - least
        present = np.flatnonzero(np.bincount(code))
        states = np.column_stack([states[present // width], present % width + least])
        number = np.zeros(present[-1] + 1, dtype=np.int64)
        number[present] = np.arange(len(present))
        kind = number[code]
    return states, kind
