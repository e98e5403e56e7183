"""Heat bath and tempering of 64 spin glasses at once: one bit of a machine word per glass.

As in `_chain_kernels` a word holds the spins of 64 lattices at one site, 1 for +1, and lanes fall
into classes with one p each. Here each lane has bonds of its own, and beside each other lie the
words of all chains of these glasses: two replicas at each temperature, pair by pair. They share
bonds and neighbours, and have random numbers of their own.

Numbers of lanes are kept as words, too: word k of a counter holds binary digit k of 64 numbers.

The plain version at the end says the same with one random number a spin.

Arguments of the kernels: ``word``, uint64 (n_sites, n_chains), is updated in place; ``bonds``,
uint64 (n_sites, 6), is 1 where the bond to a neighbour is -1; ``near``, uint64 (n_sites, 6),
numbers these, first the three ahead; ``digits``, uint64 (n_chains, 64, 4), holds binary digit k of
the p of class c; ``rng``, uint64 (2,), is a counter and its odd step.
"""

import math

import numpy as np
from numba import njit, uint64

from rgrbm._core.jit import compiled
from rgrbm.sampler._chain_kernels import NONE, ONE, _mix


@njit(inline="always")
def _sum_of_three(a, b, c):
    """Return the two binary digits of a + b + c in each lane."""
    return a ^ b ^ c, (a & b) | (c & (a ^ b))


@njit
def _heat_bath(word, bonds, near, digits, counter, step):
    """Draw each spin anew, site by site, from its law given its neighbours; return the counter."""
    for i in range(uint64(len(word))):
        n0, n1, n2, n3, n4, n5 = near[i]
        j0, j1, j2, j3, j4, j5 = bonds[i]
        for m in range(uint64(word.shape[1])):
            # What the bonds want the spin to be, and how many want it up.
            low, high = _sum_of_three(word[n0, m] ^ j0, word[n1, m] ^ j1, word[n2, m] ^ j2)
            low_too, high_too = _sum_of_three(word[n3, m] ^ j3, word[n4, m] ^ j4, word[n5, m] ^ j5)
            b0 = low ^ low_too
            b1, b2 = _sum_of_three(high, high_too, low & low_too)
            three, two_or_four = b0 & b1, ~b0 & (b1 ^ b2)
            one_or_five, none_or_six = b0 & ~b1, ~(b0 | (b1 ^ b2))
            spin, undecided = b2 | three, ~NONE  # what more of them want, unless p says otherwise
            k = NONE
            while undecided != NONE and k < uint64(64):
                for _ in range(
                    4
                ):  # without a look at `undecided`, which a processor cannot predict
                    counter += step
                    random = _mix(counter)
                    digit = (three & digits[m, k, 0]) | (two_or_four & digits[m, k, 1])
                    digit |= (one_or_five & digits[m, k, 2]) | (none_or_six & digits[m, k, 3])
                    spin ^= undecided & digit & ~random  # 0 in the number, 1 in p: below p
                    undecided &= ~(digit ^ random)  # equal so far
                    k += ONE
            word[i, m] = spin
    return counter


@njit(inline="always")
def _count(counter, m, low, high):
    """Add numbers from 0 to 3, given by their digits, to those of a counter (n_digits, n)."""
    carry = counter[0, m] & low
    counter[0, m] ^= low
    counter[1, m], carry = _sum_of_three(counter[1, m], high, carry)
    k = 2
    while carry != NONE:
        both = counter[k, m] & carry
        counter[k, m] ^= carry
        carry = both
        k += 1


@njit(inline="always")
def _number(counter, m, lane):
    """Read the number of one lane."""
    number = NONE
    for k in range(len(counter)):
        number |= (counter[k, m] >> lane & ONE) << uint64(k)
    return number


@njit
def _broken(word, bonds, near, counter):
    """Count the bonds that are not satisfied, in each chain."""
    counter[:] = NONE
    for i in range(uint64(len(word))):
        n0, n1, n2, _, _, _ = near[i]
        j0, j1, j2, _, _, _ = bonds[i]
        for m in range(uint64(word.shape[1])):
            spin = word[i, m]
            low, high = _sum_of_three(
                spin ^ word[n0, m] ^ j0, spin ^ word[n1, m] ^ j1, spin ^ word[n2, m] ^ j2
            )
            _count(counter, m, low, high)


@njit
def _exchange(word, beta, first, counter, swaps, random, step):
    """Exchange the spins of temperatures next to each other, lane by lane; return the counter."""
    n_chains = uint64(word.shape[1])
    for m in range(first << ONE, n_chains - uint64(2)):
        if (m >> ONE) - first & ONE:
            continue
        t = m >> ONE
        accepted = NONE
        for lane in range(uint64(64)):
            hot, cold = _number(counter, m + uint64(2), lane), _number(counter, m, lane)
            gain = 2 * (beta[t] - beta[t + ONE]) * (float(cold) - float(hot))
            random += step
            if gain >= 0 or (_mix(random) >> uint64(11)) * 2.0**-53 < math.exp(gain):
                accepted |= ONE << lane
                swaps[t] += 1
        for i in range(uint64(len(word))):
            change = (word[i, m] ^ word[i, m + uint64(2)]) & accepted
            word[i, m] ^= change
            word[i, m + uint64(2)] ^= change
    return random


@compiled
def temper(word, bonds, near, digits, beta, counter, swaps, first, n_sweeps, rng):
    """Sweep through all chains, exchange neighbours in temperature, and so on.

    Sweep number `first` and every second after it exchanges the first temperature with the second,
    and so on, the others the second with the third. `swaps`, int64 (n_temperatures - 1,), counts.
    """
    random, step = rng
    for sweep in range(first, first + n_sweeps):
        random = _heat_bath(word, bonds, near, digits, random, step)
        if len(beta) > 1:
            _broken(word, bonds, near, counter)
            random = _exchange(word, beta, uint64(sweep & 1), counter, swaps, random, step)
    rng[0] = random


@compiled
def broken_bonds(word, bonds, near, counter, found):
    """Count the bonds that are not satisfied, int64 (n_chains, 64)."""
    _broken(word, bonds, near, counter)
    for m in range(uint64(word.shape[1])):
        for lane in range(uint64(64)):
            found[m, lane] = _number(counter, m, lane)


@compiled
def unequal(word, size, counter, found):
    """Count the sites of each lattice plane where two replicas differ.

    found : int64 (n_temperatures, 64, 3, size), for the planes across each of the three axes.
    counter : uint64 (3, size, n_digits, n_temperatures)
    """
    counter[:] = NONE
    n_temperatures = uint64(word.shape[1]) >> ONE
    for i in range(uint64(len(word))):
        place = i // (size * size), i // size % size, i % size
        for t in range(n_temperatures):
            differ = word[i, t << ONE] ^ word[i, (t << ONE) + ONE]
            for axis in range(3):
                _count(counter[axis, place[axis]], t, differ, NONE)
    for t in range(n_temperatures):
        for lane in range(uint64(64)):
            for axis in range(3):
                for x in range(size):
                    found[t, lane, axis, x] = _number(counter[axis, x], t, lane)


def plain_temper(spins, bonds, temperatures, n_sweeps, rng):
    """Heat bath and exchanges of all glasses, one number a spin; in place.

    spins : int8 (n_temperatures, 2, n_samples, size, size, size)
    bonds : int8 (n_samples, 3, size, size, size)
    """
    ahead = np.moveaxis(bonds, 1, 0)
    behind = [np.roll(ahead[d], 1, axis=d + 1) for d in range(3)]
    size = spins.shape[-1]
    beta = 1 / np.asarray(temperatures)
    for sweep in range(n_sweeps):
        for x, y, z in np.ndindex(size, size, size):
            after = [((x + 1) % size, y, z), (x, (y + 1) % size, z), (x, y, (z + 1) % size)]
            before = [(x - 1, y, z), (x, y - 1, z), (x, y, z - 1)]
            field = np.zeros(spins.shape[:3])
            for d in range(3):
                field += ahead[d][:, x, y, z] * spins[(..., *after[d])]
                field += behind[d][:, x, y, z] * spins[(..., *before[d])]
            up = 1 / (1 + np.exp(-2 * beta[:, None, None] * field))
            spins[..., x, y, z] = np.where(rng.random(up.shape) < up, 1, -1)
        energy = np.zeros(spins.shape[:3])
        for d in range(3):
            energy -= (ahead[d] * spins * np.roll(spins, -1, axis=d + 3)).sum(axis=(3, 4, 5))
        for t in range(sweep % 2, len(beta) - 1, 2):
            gain = (beta[t] - beta[t + 1]) * (energy[t] - energy[t + 1])
            swap = rng.random(gain.shape) < np.exp(np.minimum(gain, 0))
            spins[t, swap], spins[t + 1, swap] = spins[t + 1, swap], spins[t, swap]
