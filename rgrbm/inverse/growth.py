r"""Fine spins grown out of coarse ones, by a rule of a few numbers.

Each coarse spin :math:`\sigma` of a square torus becomes a block of 2 x 2 fine spins s. The block's
corners look outwards: to the two neighbours of :math:`\sigma` on their side, x to the left or right
and y above or below, and to the spin z between these, along the diagonal. Given the coarse spins,
the fine ones are independent,

.. math::

    P(s = +1) = \frac{1}{1 + e^{-2 w \cdot f}} , \qquad
    f = (\sigma,\ x + y,\ z,\ \sigma x y,\ x y z,\ \sigma (x + y) z) .

These are all functions that are odd in the spins, so that no sign is preferred, and alike in x and
y. A rule has the weights w of the first three, or of all six; with six it can give any odds.

Two ways to choose them: what is most likely for one step from known coarse spins to known fine ones
(`fit_rule`), and what makes the grown lattices themselves have given averages (`match_rule`).
"""

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit

from rgrbm._core import checks
from rgrbm._core.likelihood import most_likely_couplings

__all__ = ["corner_features", "fit_rule", "grow", "match_rule"]

# What a corner sees, as (sigma, x, y, z) times sigma: of x and y none, one or both are like sigma.
SEEN = np.array([(1, 2 * (n > 0) - 1, 2 * (n > 1) - 1, z) for n in range(3) for z in (-1, 1)])
SPINS_AT_ONCE = 2**16  # few enough for the caches of a processor


def corner_features(coarse, n_features=3):
    r"""What each fine spin is told of the coarse ones.

    Parameters
    ----------
    coarse : array_like, shape (..., size, size)
        Entries -1 and +1; a single spin, ``size`` 1, is its own neighbour.
    n_features : int, optional
        From 1 to 6.

    Returns
    -------
    features : ndarray of int8, shape (..., 2 * size, 2 * size, n_features)
        The first of :math:`\sigma`, x + y, z, :math:`\sigma x y`, x y z, :math:`\sigma (x + y) z`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    The four corners of the block in the middle: only the lower right one sees the spin down.

    >>> corner_features([[1, 1, 1], [1, 1, 1], [1, 1, -1]])[2:4, 2:4, 2]
    array([[ 1,  1],
           [ 1, -1]], dtype=int8)
    """
    coarse = _coarse_spins(coarse)
    n_features = checks.integer("n_features", n_features, 1, 6)
    features = np.empty((*_doubled(coarse), n_features), dtype=np.int8)
    for corner, x, y, z in _corners(coarse):
        features[*corner, :] = np.stack(_odd_functions(coarse, x, y, z)[:n_features], axis=-1)
    return features


def fit_rule(fine, coarse, n_weights=3, *, probabilities=None):
    r"""Weights that make fine spins most likely, given the coarse ones.

    Parameters
    ----------
    fine : array_like, shape (n_samples, 2 * size, 2 * size)
        Entries -1 and +1.
    coarse : array_like, shape (n_samples, size, size)
        What became of them, such as by `rgrbm.decimation.block_spins`.
    n_weights : {3, 6}, optional
    probabilities : array_like, shape (n_samples,), optional
        Of the samples, not negative, up to a factor; equal ones if left out.

    Returns
    -------
    weights : ndarray of float64, shape (n_weights,)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described; or if the likelihood has no maximum, as where all fine
        spins are like their coarse one, or where samples lack one of the six surroundings.

    Notes
    -----
    The likelihood needs six counts only, of fine spins that are like their coarse one, by what
    their corner sees. Newton's method finds its maximum.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> coarse = rng.choice([-1, 1], size=(1000, 8, 8))
    >>> fine = grow(coarse, [0.8, 0.3, 0.1], rng)
    >>> fit_rule(fine, coarse).round(1)
    array([0.8, 0.3, 0.1])
    """
    fine, coarse = checks.lattice_states("fine", fine), _coarse_spins(coarse)
    if coarse.ndim != 3 or not len(coarse) or fine.shape != _doubled(coarse):
        raise ValueError(
            "fine and coarse must have the shapes (n_samples, 2 * size, 2 * size) and "
            f"(n_samples, size, size) with n_samples >= 1, got {fine.shape} and {coarse.shape}"
        )
    n_weights = checks.integer("n_weights", n_weights, 3, 6)
    if n_weights not in (3, 6):
        raise ValueError(f"n_weights must be 3 or 6, got {n_weights}")
    if probabilities is None:
        probabilities = np.ones(len(fine))
    probabilities = checks.array("probabilities", probabilities, (len(fine),))
    if (probabilities < 0).any() or not probabilities.any():
        raise ValueError("probabilities must not be negative, nor all zero")
    probabilities = probabilities / probabilities.max()
    counts = np.zeros(12 * len(fine), dtype=np.int64)  # of each sample: unlike, and alike
    sample = np.arange(len(fine))[:, None, None]
    for corner, x, y, z in _corners(coarse):
        kind = _seen(coarse, x, y, z) + 6 * (fine[corner] == coarse) + 12 * sample
        counts += np.bincount(kind.ravel(), minlength=len(counts))
    unlike, alike = (probabilities @ counts.reshape(-1, 12)).reshape(2, 6)
    inputs = _inputs(n_weights)
    complaint = (
        "fine must differ from coarse now and then, and coarse must have all six surroundings: "
        "the likelihood has no maximum"
    )
    return most_likely_couplings(
        np.concatenate([inputs, -inputs]),
        np.concatenate([alike, unlike]),
        np.zeros(n_weights),
        complaint,
    )


def grow(coarse, weights, rng, n_steps=1):
    """Replace each coarse spin by a block of 2 x 2, once or several times.

    Parameters
    ----------
    coarse : array_like, shape (..., size, size)
        Entries -1 and +1; `size` may be 1.
    weights : array_like, shape (3,) or (6,)
        The rule, at most 1e100 in size.
    rng : numpy.random.Generator
    n_steps : int, optional
        At least 0.

    Returns
    -------
    fine : ndarray of int8, shape (..., 2**n_steps * size, 2**n_steps * size)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    With three weights, the rule is a layer of a network: a kernel of 3 x 3 on the lattice in which
    each coarse spin is written four times, with one weight for its middle, one for its edges and
    one for its corners.

    Examples
    --------
    Spins that copy their coarse one, with no look at others:

    >>> grow([[1, -1], [-1, -1]], [20.0, 0.0, 0.0], np.random.default_rng(0))
    array([[ 1,  1, -1, -1],
           [ 1,  1, -1, -1],
           [-1, -1, -1, -1],
           [-1, -1, -1, -1]], dtype=int8)
    """
    coarse, weights = _coarse_spins(coarse), _rule(weights)
    n_steps = checks.integer("n_steps", n_steps, 0, 60)
    checks.generator(rng)
    checks.size("coarse and n_steps", coarse.size, 4**n_steps)
    copied = _copied(weights)
    for _ in range(n_steps):
        coarse = _grown(coarse, copied, rng)
    return coarse


def match_rule(targets, *, sizes, n_samples, rng, n_weights=3):
    r"""Weights whose grown lattices have given averages.

    Lattices are grown from single spins to all the sizes. Their energy per site,
    :math:`-\langle \sum s_i s_j \rangle / N`, susceptibility :math:`\langle M^2 \rangle / N`, and
    Binder's cumulant :math:`1 - \langle M^4 \rangle / 3 \langle M^2 \rangle^2`, with M for the sum
    of the N spins, are compared with the targets. The sum of the squares of their relative
    deviations is made as small as it can be.

    Parameters
    ----------
    targets : array_like, shape (n_sizes, 3)
        Energy, susceptibility and cumulant for each size, none of them 0.
    sizes : sequence of int
        Powers of 2, from 2 to 1024, rising.
    n_samples : int
        Lattices that are grown for each try of the weights, at least 2.
    rng : numpy.random.Generator
        One number is taken from it, a seed: all tries grow their lattices with the same random
        numbers.
    n_weights : {3, 6}, optional

    Returns
    -------
    weights : ndarray of float64, shape (n_weights,)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    The method of Levenberg and Marquardt, with derivatives from differences of 0.05, started where
    each fine spin is like its coarse one in nine of ten cases. Weights are between -4 and 4. Single
    weights can be poorly determined, where they can be traded for each other.

    Examples
    --------
    >>> targets = [[-1.5, 12.0, 0.62], [-1.45, 40.0, 0.61]]
    >>> rng = np.random.default_rng(0)
    >>> match_rule(targets, sizes=[4, 8], n_samples=200, rng=rng).shape
    (3,)
    """
    sizes = checks.integers("sizes", sizes, 2, 1024)
    steps = np.log2(sizes.astype(float))
    if sizes.ndim != 1 or not sizes.size or (steps % 1).any() or (np.diff(sizes) <= 0).any():
        raise ValueError(f"sizes must be powers of 2, rising, got {checks.shown(sizes)}")
    targets = checks.array("targets", targets, (len(sizes), 3))
    if (np.abs(targets) < 1e-100).any():
        raise ValueError("targets must not be 0")
    n_samples = checks.integer("n_samples", n_samples, 2)
    checks.size("n_samples and sizes", n_samples, int(sizes[-1]) ** 2)
    n_weights = checks.integer("n_weights", n_weights, 3, 6)
    if n_weights not in (3, 6):
        raise ValueError(f"n_weights must be 3 or 6, got {n_weights}")
    seed = checks.generator(rng).integers(2**63)

    def deviations(weights):
        spins = np.ones((n_samples, 1, 1), dtype=np.int8)
        its_rng, copied, found = np.random.default_rng(seed), _copied(weights), []
        while spins.shape[-1] < sizes[-1]:
            spins = _grown(spins, copied, its_rng)
            if spins.shape[-1] in sizes:
                found.append(_averages(spins))
        return (np.array(found) / targets - 1).ravel()

    def slopes(weights):
        steps = 0.05 * np.eye(n_weights)
        ways = [deviations(weights + step) - deviations(weights - step) for step in steps]
        return np.transpose(ways) / 0.1

    start = 1.1 * np.eye(n_weights)[0]
    close_enough = {"bounds": (-4, 4), "ftol": 0.02, "xtol": 0.02, "max_nfev": 20}
    return least_squares(deviations, start, slopes, **close_enough).x


def _coarse_spins(coarse):
    found = checks.two_valued("coarse", coarse, -1, 1, (..., None, None)).astype(np.int8)
    if found.shape[-2] != found.shape[-1]:
        raise ValueError(f"coarse must have the shape (..., size, size), got {found.shape}")
    return found


def _rule(weights):
    weights = checks.array("weights", weights, (None,))
    if len(weights) not in (3, 6):
        raise ValueError(f"weights must have the shape (3,) or (6,), got {weights.shape}")
    return weights


def _doubled(coarse):
    return (*coarse.shape[:-2], 2 * coarse.shape[-2], 2 * coarse.shape[-1])


def _corners(coarse):
    """Yield where the four fine spins of the blocks are, and what neighbours x, y, z they see."""
    for down in (0, 1):
        y = np.roll(coarse, 1 - 2 * down, axis=-2)
        for right in (0, 1):
            x, z = (np.roll(one, 1 - 2 * right, axis=-1) for one in (coarse, y))
            yield (..., slice(down, None, 2), slice(right, None, 2)), x, y, z


def _odd_functions(sigma, x, y, z):
    return sigma, x + y, z, sigma * x * y, x * y * z, sigma * (x + y) * z


def _seen(coarse, x, y, z):
    """Number the six surroundings in the order of `SEEN`."""
    alike = (coarse == x).view(np.int8) + (coarse == y).view(np.int8)
    return 2 * alike + (coarse == z)


def _inputs(n_weights):
    """Return the features, times sigma, for each of the six surroundings."""
    return np.stack(_odd_functions(*SEEN.T)[:n_weights], axis=1).astype(float)


def _copied(weights):
    """Return the probabilities that a fine spin is like its coarse one, by what it sees."""
    with np.errstate(over="ignore"):
        return expit(2 * _inputs(len(weights)) @ weights).astype(np.float32)


def _grown(coarse, copied, rng):
    fine = np.empty(_doubled(coarse), dtype=np.int8)
    states, blocks = coarse.reshape(-1, *coarse.shape[-2:]), fine.reshape(-1, *fine.shape[-2:])
    at_once = max(1, SPINS_AT_ONCE // coarse.shape[-1] ** 2)
    for first in range(0, len(states), at_once):
        part = slice(first, first + at_once)
        for corner, x, y, z in _corners(states[part]):
            odds = copied[_seen(states[part], x, y, z)]
            like = rng.random(odds.shape, dtype=np.float32) < odds
            blocks[part][corner] = states[part] * (2 * like.view(np.int8) - 1)
    return fine


def _averages(spins):
    """Return energy, susceptibility and cumulant."""
    n_sites = spins[0].size
    bonds = spins * (np.roll(spins, 1, axis=1) + np.roll(spins, 1, axis=2))
    squares = spins.sum(axis=(1, 2), dtype=float) ** 2
    cumulant = 1 - np.mean(squares**2) / (3 * np.mean(squares) ** 2)
    return -bonds.sum(dtype=float) / spins.size, squares.mean() / n_sites, cumulant
