"""Single-spin updates for 64 chains at once: one bit of a machine word per chain.

A word holds the spins of 64 chains at one site, bit 1 for +1. An update must draw, for each of the
64 lanes, a bit that is 1 with a probability p. There are three classes of lanes, by the number of
neighbours that are +1, and each class has its own p. To decide all lanes, the binary digits of 64
random numbers are compared with the digits of p, one digit of all lanes at a time, until every
comparison is decided. This takes some eight random words instead of 64 random numbers. They are
made many at a time, which suits the vector registers of a processor.

The plain versions at the end say the same with one random number a spin.

Arguments of the kernels: ``word``, uint64 (n_sites,), is updated in place; ``digits``, uint64
(64, 3), holds binary digit k of the p of class c as a word of zeros or ones; ``rng``, uint64 (2,),
is a counter and its odd step.
"""

import numpy as np
from numba import njit, uint64

from rgrbm._core.jit import compiled

NONE = np.uint64(0)
ONE = np.uint64(1)
WORDS_AT_ONCE = 1024  # random ones
WORDS_OF_AN_UPDATE = 65  # at most: for the site, and for 64 digits


@njit(inline="always")
def _mix(counter):
    """Turn a counter into 64 random bits (the mixer of SplitMix64)."""
    z = (counter ^ (counter >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@njit
def _refill(random, place, rng):
    """Make the next random words, after so many used ones; return the place of the first."""
    counter, step = rng
    counter += place * step
    for k in range(uint64(len(random))):
        random[k] = _mix(counter + (k + ONE) * step)
    rng[0] = counter
    return NONE


@njit(inline="always")
def _runs_out(random, place):
    """Whether the words from a place on may be too few for an update."""
    return place > uint64(len(random) - WORDS_OF_AN_UPDATE)


@njit(inline="always")
def _site(word, random):
    """Choose a site by a random word; return it and its neighbours' spins."""
    n_sites = uint64(len(word))
    i = ((random >> uint64(32)) * n_sites) >> uint64(32)
    left = word[i - ONE if i > NONE else n_sites - ONE]
    right = word[i + ONE if i + ONE < n_sites else NONE]
    return i, left, right


@njit(inline="always")
def _draw(first, second, third, digits, random, place):
    """Draw a bit for the lanes of each class, by the random words from a place on.

    It is 0 for lanes in no class. Return the bits and the place behind the last word.
    """
    drawn = NONE
    undecided = first | second | third
    k = NONE
    while undecided != NONE and k < uint64(64):
        for _ in range(4):  # without a look at `undecided`, which a processor cannot predict
            digit = (first & digits[k, 0]) | (second & digits[k, 1]) | (third & digits[k, 2])
            drawn |= undecided & digit & ~random[place]  # 0 in the number, 1 in p: below p
            undecided &= ~(digit ^ random[place])  # equal so far
            k += ONE
            place += ONE
    return drawn, place


@compiled
def metropolis(word, low, digits, n_updates, rng):
    """Metropolis updates of random sites, without a field.

    A flip can cost energy only between two equal neighbours: where the spin is like them for
    K > 0 (`low` is 0), unlike them for K < 0 (`low` is all ones).
    """
    random = np.empty(WORDS_AT_ONCE, dtype=np.uint64)
    place = _refill(random, NONE, rng)
    for _ in range(n_updates):
        if _runs_out(random, place):
            place = _refill(random, place, rng)
        i, left, right = _site(word, random[place])
        spin = word[i] ^ low
        costly = ~((spin ^ left) | (spin ^ right))
        drawn, place = _draw(costly, NONE, NONE, digits, random, place + ONE)
        word[i] ^= drawn | ~costly
    rng[0] += place * rng[1]


@compiled
def metropolis_field(word, lows, digits, n_updates, rng):
    """Metropolis updates of random sites, with a field.

    lows : uint64 (3,), for each class 0 where the flip of a spin +1 costs energy, all ones where
    that of a spin -1 does.
    """
    random = np.empty(WORDS_AT_ONCE, dtype=np.uint64)
    place = _refill(random, NONE, rng)
    for _ in range(n_updates):
        if _runs_out(random, place):
            place = _refill(random, place, rng)
        i, left, right = _site(word, random[place])
        spin = word[i]
        first = ~(left | right) & (spin ^ lows[0])
        second = (left ^ right) & (spin ^ lows[1])
        third = left & right & (spin ^ lows[2])
        drawn, place = _draw(first, second, third, digits, random, place + ONE)
        word[i] ^= drawn | ~(first | second | third)
    rng[0] += place * rng[1]


@compiled
def heat_bath(word, digits, first, n_updates, rng):
    """Heat-bath updates of one site after the other, beginning with site `first`."""
    n_sites = len(word)
    random = np.empty(WORDS_AT_ONCE, dtype=np.uint64)
    place = _refill(random, NONE, rng)
    while n_updates > 0:
        stop = min(first + n_updates, n_sites)
        for i in range(uint64(first), uint64(stop)):
            left = word[i - ONE if i > NONE else uint64(n_sites) - ONE]
            right = word[i + ONE if i + ONE < uint64(n_sites) else NONE]
            if _runs_out(random, place):
                place = _refill(random, place, rng)
            word[i], place = _draw(
                ~(left | right), left ^ right, left & right, digits, random, place
            )
        n_updates -= stop - first
        first = 0
    rng[0] += place * rng[1]


def plain_metropolis(spins, coupling, field, n_updates, rng):
    """Update all chains at random sites, one number a spin; in place.

    spins : int8 (n_samples, n_sites), at least two sites.
    """
    n_samples, n_sites = spins.shape
    rows = np.arange(n_samples)
    for _ in range(n_updates):
        site = rng.integers(n_sites, size=n_samples)
        spin = spins[rows, site]
        neighbours = spins[rows, site - 1] + spins[rows, (site + 1) % n_sites]
        cost = 2 * spin * (coupling * neighbours + field)
        flip = rng.random(n_samples) < np.exp(-np.maximum(cost, 0))
        spins[rows, site] = np.where(flip, -spin, spin)


def plain_heat_bath(spins, coupling, field, n_sweeps, rng):
    """Update all chains site by site, in order, one number a spin; in place.

    spins : int8 (n_samples, n_sites), at least two sites.
    """
    n_samples, n_sites = spins.shape
    for _ in range(n_sweeps):
        for i in range(n_sites):
            neighbours = spins[:, i - 1] + spins[:, (i + 1) % n_sites]
            up = 1 / (1 + np.exp(-2 * (coupling * neighbours + field)))
            spins[:, i] = np.where(rng.random(n_samples) < up, 1, -1)
