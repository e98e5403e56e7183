"""What the samplers of all models share: random starts, and long runs in pieces, watched."""

from itertools import chain

import numpy as np

from rgrbm._core import checks
from rgrbm._core.packing import SPINS_AT_ONCE
from rgrbm._core.progress import progress_bar

ALL_ONES = np.uint64(2**64 - 1)
# Updates of a word between two chances for Ctrl-C: 1.5 ms; 60 ms for a word that no cache holds.
UPDATES_AT_ONCE = 2**16


def random_spins(shape, rng):
    """Toss a fair coin for each spin."""
    spins = np.empty(shape, dtype=np.int8)
    one_by_one = spins.reshape(-1)
    for part in parts(spins.size):  # of multiples of 4: then NumPy draws what it would at once
        one_by_one[part] = 2 * rng.integers(2, size=one_by_one[part].size, dtype=np.int8) - 1
    return spins


def parts(n_spins):
    """Slices of at most `SPINS_AT_ONCE` spins."""
    return [slice(k, k + SPINS_AT_ONCE) for k in range(0, n_spins, SPINS_AT_ONCE)]


def binary_digits(probabilities):
    """Return 64 binary digits of each p, as words of zeros or ones, shape (64, len(p))."""
    scaled = [fraction_of_word(p) for p in probabilities]
    digits = [[number >> (63 - k) & 1 for number in scaled] for k in range(64)]
    return np.array(digits, dtype=np.uint64) * ALL_ONES


def fraction_of_word(probability):
    """Return the integer below which 64 random bits lie with a probability."""
    return min(int(probability * 2**64), 2**64 - 1)


def looks(observe, every):
    """Check the function that watches the chains, and how often it does."""
    every = checks.integer("every", every, 1)
    if observe is not None:
        checks.function("observe", observe)
    return observe, every


def run(chains, n_sweeps, n_steps, at_once, update, see, rng, looks, progress, unit):
    """Take chains, or words of them, through their sweeps, and look at them on the way.

    Each has a generator of its own: so the result does not depend on where the looks are, nor on
    how many steps are made at once.

    Parameters
    ----------
    chains : ndarray, shape (n_chains, ...)
        Updated in place.
    n_sweeps, n_steps, at_once : int
        There are `n_steps` to a sweep, and at most `at_once` between two chances for Ctrl-C.
    update : callable
        ``update(chain, n_before, n_steps, chain_rng)``; the last is a counter and its odd step.
    see : callable
        ``see()`` returns a copy of all spins.
    """
    observe, every = looks
    state = rng.integers(0, 2**64, size=(len(chains), 2), dtype=np.uint64)  # counter and step
    state[:, 1] |= np.uint64(1)  # an odd one
    series = []
    stops = range(0) if observe is None else range(every, n_sweeps + 1, every)
    done = 0  # steps of each chain
    with progress_bar(progress, total=len(chains) * n_sweeps * n_steps, unit=unit) as bar:
        for sweep in chain(stops, [n_sweeps]):
            for one, its_rng in zip(chains, state, strict=True):
                for first in range(done, sweep * n_steps, at_once):
                    n_now = min(at_once, sweep * n_steps - first)
                    update(one, first, n_now, its_rng)
                    bar.update(n_now)
            done = sweep * n_steps
            if len(series) < len(stops):
                series.append(observe(see()))
    spins = see()
    return spins if observe is None else (spins, np.array(series))
