r"""Fine spins that are compatible with coarse ones: a heat bath whose blocks keep their majority.

If fine spins have the law :math:`P(s) \propto e^{-E(s)}`, and each coarse spin is the majority of
its block, a tie decided by a coin, then, given the coarse ones,

.. math::

    P(s \mid \sigma) \propto e^{-E(s)} \prod_b \omega(\sigma_b \mid s_b) ,

where :math:`\omega` is 1 if the sum of block b has the sign of :math:`\sigma_b`, 1/2 if it is zero,
and 0 else. A heat bath of this law updates one spin at a time: the odds are those of the energy,
times :math:`\omega` for either sign. The four places in a block are the four colours of the
lattice: spins at one place have no bond with each other, and are updated together.
"""

import numpy as np
from scipy.special import expit

from rgrbm._core import checks
from rgrbm.inverse.growth import SPINS_AT_ONCE, _coarse_spins, _doubled

__all__ = ["compatible_heat_bath"]

SUMS = np.arange(-4, 5, 2)  # of four products


def compatible_heat_bath(coarse, coupling, *, n_sweeps, rng, start=None):
    r"""Draw fine spins whose blocks of 2 x 2 have given majorities.

    Parameters
    ----------
    coarse : array_like, shape (..., size, size)
        Entries -1 and +1; `size` may be 1.
    coupling : float or array_like, shape (3,)
        Reduced couplings of the fine spins: of neighbours; or of neighbours, of pairs along
        diagonals, and of the four spins of a plaquette.
    n_sweeps : int
        Each updates the upper left spins of all blocks, then the upper right, the lower left and
        the lower right ones. At least 0.
    rng : numpy.random.Generator
    start : array_like, shape (..., 2 * size, 2 * size), optional
        Fine spins to start from; no block may have the majority against its coarse spin. By default
        all spins of a block are like the coarse one.

    Returns
    -------
    fine : ndarray of int8, shape (..., 2 * size, 2 * size)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    Where the coarse spins come from true fine ones by `rgrbm.decimation.block_spins` with
    "majority", the fine ones that are drawn have the true law again, up to what the chain remembers
    of its start. :cite:t:`ron2002`.

    Examples
    --------
    >>> coarse = [[1, -1], [-1, 1]]
    >>> fine = compatible_heat_bath(coarse, 0.44, n_sweeps=5, rng=np.random.default_rng(0))
    >>> blocks = fine.reshape(2, 2, 2, 2).sum(axis=(1, 3))
    >>> bool((blocks * np.array(coarse) >= 0).all())
    True
    """
    coarse = _coarse_spins(coarse)
    couplings = checks.array("coupling", coupling)
    if couplings.shape not in ((), (3,)):
        raise ValueError(f"coupling must be a number or three, got the shape {couplings.shape}")
    n_sweeps = checks.integer("n_sweeps", n_sweeps, 0)
    checks.generator(rng)
    checks.size("coarse", 4, coarse.size)
    fine = coarse.repeat(2, axis=-2).repeat(2, axis=-1) if start is None else _start(start, coarse)
    states, lattices = (one.reshape(-1, *one.shape[-2:]) for one in (coarse, fine))
    odds = _odds(couplings if couplings.ndim else np.array([float(couplings), 0.0, 0.0]))
    at_once = max(1, SPINS_AT_ONCE // (2 * coarse.shape[-1]) ** 2)
    for first in range(0, len(states), at_once):
        part = slice(first, first + at_once)
        _sweep(lattices[part], states[part], odds, couplings.ndim > 0, n_sweeps, rng)
    return fine


def _start(start, coarse):
    fine = checks.lattice_states("start", start)
    if fine.shape != _doubled(coarse):
        raise ValueError(f"start must have the shape {_doubled(coarse)}, got {fine.shape}")
    total = sum(fine[..., row::2, column::2] for row in (0, 1) for column in (0, 1))
    if (total * coarse < 0).any():
        raise ValueError("start must have no block with the majority against its coarse spin")
    return fine


def _odds(couplings):
    """Probabilities that a fine spin is like its coarse one.

    The axes: sums of the four neighbours, of the four along diagonals, of the four plaquettes'
    products, each times the coarse spin, and how many of the three others in its block are like it.
    """
    neighbours, diagonals, plaquettes = np.meshgrid(SUMS, SUMS, SUMS, indexing="ij")
    fields = np.stack([neighbours, diagonals, plaquettes], axis=-1) @ couplings
    # Of omega for a spin like the coarse one, over that of the other; with none alike, no choice.
    log_ratio = np.array([np.inf, np.inf, np.log(2), 0.0])
    return expit(2 * fields[..., None] + log_ratio).astype(np.float32)


def _sweep(fine, coarse, odds, with_three, n_sweeps, rng):
    """Update the spins of some lattices, place by place; in place."""
    places = [(row, column) for row in (0, 1) for column in (0, 1)]
    spins = {(row, column): fine[:, row::2, column::2].copy() for row, column in places}
    for _ in range(n_sweeps):
        for row, column in places:
            beyond = 1 - 2 * row, 1 - 2 * column  # from the block's spins to those of the next one
            up, left = spins[1 - row, column], spins[row, 1 - column]
            corner = spins[1 - row, 1 - column]
            down, right = np.roll(up, beyond[0], axis=1), np.roll(left, beyond[1], axis=2)
            alike = (up + left + corner) * coarse  # -3, -1, 1 or 3
            which = (down + right + up + left) * coarse
            index = _number(which) * 5
            if with_three:
                far = np.roll(corner, beyond[0], axis=1)
                aside = np.roll(corner, beyond[1], axis=2)
                farthest = np.roll(far, beyond[1], axis=2)
                index = (index + _number((corner + far + aside + farthest) * coarse)) * 5
                products = up * left * corner + down * left * far
                products += up * right * aside + down * right * farthest
                index += _number(products * coarse)
            else:
                index = (index + 2) * 5 + 2
            index = index * 4 + ((alike + 3) >> 1)
            like = rng.random(index.shape, dtype=np.float32) < odds.take(index)
            spins[row, column] = coarse * (2 * like.view(np.int8) - 1)
    for (row, column), found in spins.items():
        fine[:, row::2, column::2] = found


def _number(sums):
    """From 0 to 4 for sums from -4 to 4."""
    return ((sums + 4) >> 1).astype(np.int16)
