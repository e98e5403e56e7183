r"""Overlaps of spin glasses, from coarse to fine: a step of the renormalization group backwards.

A block of 2 x 2 x 2 overlaps :math:`q_i = \pm 1` became one, by majority. The way back is a law of
the fine ones given the coarse ones, and this one is local. First the sites of one colour of the
checkerboard are drawn, each with the mean

.. math:: \langle q_i \rangle = \tanh \Big( \sum_{k=1}^{10} w_k X_k(i) \Big) ,

where :math:`X_k` are sums of the 27 coarse overlaps around the block of i that are alike under the
symmetries of the cube which keep i: what counts is on how many axes one lies ahead, on the side of
the block on which i is, and on how many behind. Then the sites of the other colour are drawn, with
weights of their own, and two more: for the three neighbours within the block and the three outside.
There is no constant, so a turn of all overlaps changes nothing.
"""

from itertools import product

import numpy as np

from rgrbm._core import checks
from rgrbm._core.likelihood import most_likely_couplings

__all__ = ["fit_upsampler", "upsample"]

# How many axes lie ahead, and behind, of the 27 coarse overlaps; their classes.
PLACES = list(product((0, 1, -1), repeat=3))
CLASSES = sorted({(place.count(1), place.count(-1)) for place in PLACES})
N_COARSE = len(CLASSES)
N_WEIGHTS = 2 * N_COARSE + 2


def fit_upsampler(fine, coarse):
    """Learn the law of fine overlaps given coarse ones, by maximum likelihood.

    Parameters
    ----------
    fine : array_like, shape (n_samples, size, size, size)
        Entries -1 and +1; `size` even, and at least 6: of fewer, blocks ahead and behind are one.
    coarse : array_like, shape (n_samples, size // 2, size // 2, size // 2)
        What blocks of the fine ones became, by whatever rule.

    Returns
    -------
    weights : ndarray of float64, shape (22,)
        Ten for the sites that are drawn first; ten for the others, and those of their neighbours
        inside and outside the block.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the samples do not determine the weights.

    Notes
    -----
    The likelihood of a spin given others, as of pseudo-likelihoods: that of the second colour is
    learned with the true spins of the first.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> coarse = rng.choice([-1, 1], size=(50, 4, 4, 4))
    >>> fine = coarse.repeat(2, 1).repeat(2, 2).repeat(2, 3)
    >>> fine = np.where(rng.random(fine.shape) < 0.9, fine, -fine)
    >>> weights = fit_upsampler(fine, coarse)
    >>> bool(abs(np.tanh(weights[0]) - 0.8) < 0.02)
    True
    """
    fine, coarse = checks.cubic_states("fine", fine), checks.cubic_states("coarse", coarse)
    size = fine.shape[-1]
    if fine.ndim != 4 or coarse.shape != (len(fine), size // 2, size // 2, size // 2) or size % 2:
        raise ValueError(
            "fine and coarse must have the shapes (n_samples, size, size, size) and (n_samples, "
            f"size // 2, ...), got {fine.shape} and {coarse.shape}"
        )
    checks.size("fine", len(fine), size**3)
    first = _colour(size)
    far = _coarse_sums(coarse)
    near = np.concatenate([far, _fine_sums(fine)])
    at_first = _regression(far[..., first], fine[:, first])
    return np.concatenate([at_first, _regression(near[..., ~first], fine[:, ~first])])


def upsample(coarse, weights, rng):
    """Draw fine overlaps given coarse ones.

    Parameters
    ----------
    coarse : array_like, shape (n_samples, size, size, size)
        Entries -1 and +1.
    weights : array_like, shape (22,)
        As `fit_upsampler` returns them.
    rng : numpy.random.Generator

    Returns
    -------
    fine : ndarray of int8, shape (n_samples, 2 * size, 2 * size, 2 * size)
        The majority of each block is the coarse overlap, unless there is none.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    Blocks with the wrong majority are drawn again, first one colour and then the other, until none
    is left; and those with a tie, with the probability of one half, because that is how often a tie
    becomes the other coarse overlap. So blocks that hardly ever have the right majority under these
    weights take long: after a thousand times they are an error.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> upsample(np.ones((1, 2, 2, 2)), np.full(22, 0.1), rng).sum(axis=(1, 2, 3)) >= 0
    array([ True])
    """
    coarse = checks.cubic_states("coarse", coarse)
    if coarse.ndim != 4:
        raise ValueError(
            f"coarse must have the shape (n_samples, size, size, size), got {coarse.shape}"
        )
    size = 2 * coarse.shape[-1]
    checks.size("coarse", len(coarse), size**3, N_COARSE)
    weights = checks.array("weights", weights, (N_WEIGHTS,))
    rng = checks.generator(rng)
    first = _colour(size)
    by_colour = weights[: 2 * N_COARSE].reshape(2, -1)
    field = np.zeros((len(coarse), size, size, size))
    for sums, (early, late) in zip(_coarse_sums(coarse), by_colour.T, strict=True):
        field += np.where(first, early, late) * sums
    inside, outside = weights[2 * N_COARSE :]
    fine = np.zeros(field.shape, dtype=np.int8)
    wrong = np.ones(field.shape, dtype=bool)
    for _ in range(1000):
        early, late = wrong & first, wrong & ~first
        fine[early] = _drawn(field[early], rng.random(field.shape)[early])
        within, beyond = (sums[late] for sums in _fine_sums(fine))
        given = field[late] + inside * within + outside * beyond
        fine[late] = _drawn(given, rng.random(field.shape)[late])
        total = _block_sums(fine) * coarse
        coin = rng.random(total.shape) < 0.5
        wrong = _repeated((total < 0) | ((total == 0) & coin & wrong[:, ::2, ::2, ::2]))
        if not wrong.any():
            return fine
    left = wrong.sum() // 8
    raise ValueError(f"weights must be such that blocks can have their majority, got {left} left")


def _drawn(field, uniform):
    """Make spins with the means tanh(field) of uniform random numbers."""
    with np.errstate(over="ignore"):
        up = 1 / (1 + np.exp(-2 * field))
    return 2 * (uniform < up).view(np.int8) - 1


def _regression(features, spins):
    """Weights that make spins with the means tanh(features @ weights) most likely."""
    inputs = (features * spins).reshape(len(features), -1).T.astype(np.float64)
    complaint = "fine and coarse must be samples enough for the weights, or these grow without end"
    return most_likely_couplings(inputs, np.ones(len(inputs)), np.zeros(len(features)), complaint)


def _colour(size):
    """Sites that are drawn first: those whose coordinates have an even sum."""
    return np.indices(3 * [size]).sum(axis=0) % 2 == 0


def _repeated(coarse):
    return coarse.repeat(2, axis=1).repeat(2, axis=2).repeat(2, axis=3)


def _block_sums(fine):
    half = fine.shape[-1] // 2
    return fine.reshape(-1, half, 2, half, 2, half, 2).sum(axis=(2, 4, 6), dtype=np.int8)


def _coarse_sums(coarse):
    """Sums of the coarse overlaps around, as each fine site sees them, int8 (10, n, ...)."""
    size = 2 * coarse.shape[-1]
    site = np.arange(size)
    side = 2 * (site % 2) - 1  # of its block on which a site is
    sums = np.zeros((N_COARSE, len(coarse), size, size, size), dtype=np.int8)
    for place in PLACES:
        x, y, z = ((site // 2 + step * side) % (size // 2) for step in place)
        seen = coarse[:, x[:, None, None], y[:, None], z]
        sums[CLASSES.index((place.count(1), place.count(-1)))] += seen
    return sums


def _fine_sums(fine):
    """Sums of the three neighbours within the block, and of the three outside, (2, n, ...)."""
    size = fine.shape[-1]
    site = np.arange(size)
    side = 2 * (site % 2) - 1
    inside, outside = (
        sum(fine.take((site + step * side) % size, axis=axis) for axis in (1, 2, 3))
        for step in (-1, 1)
    )
    return np.stack([inside, outside])
