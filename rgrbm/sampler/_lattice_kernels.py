"""Updates of square tori: Metropolis for 64 lattices at once, and clusters of one lattice.

Metropolis is as in `_chain_kernels`: a word holds the spins of 64 lattices at one site, and the
lanes fall into classes with one p each. Here every second site of a row is updated at a time, with
the same digits of all of them next to each other: that suits the vector registers of a processor.

A cluster grows along bonds. Those that are satisfied, by equal spins for K > 0 and by opposite ones
for K < 0, are set with the probability 1 - exp(-2 |K|). Only bonds from the cluster to the outside
are drawn, each once: one inside it changes nothing. Sites of a cluster are marked by twice their
spin, and when all are known it turns over as a whole, or does not.

The plain versions at the end say the same with one random number a spin or a bond.

Arguments of the kernels: ``word``, uint64 (size, size), and ``spins``, int8 (size, size), are
updated in place; ``digits``, uint64 (64, n_classes), holds binary digit k of the p of class c as a
word of zeros or ones; ``threshold``, uint64, is p itself in units of 2**-64; ``room``, uint64
(7, size), and ``members``, uint64 (size**2 + 1, 2), are filled anew; ``rng``, uint64 (2,), is a
counter and its odd step. Indices are unsigned: numba looks for negative ones otherwise.
"""

import math

import numpy as np
from numba import njit, uint64
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rgrbm._core.jit import compiled
from rgrbm.sampler._chain_kernels import NONE, ONE, _mix

HALF, LOW_HALF = np.uint64(32), np.uint64(2**32 - 1)


@njit(inline="always")
def _beside(size, row, column):
    """Return the rows above and below, and the columns to the left and to the right."""
    up = (row if row > NONE else size) - ONE
    down = row + ONE if row + ONE < size else NONE
    left = (column if column > NONE else size) - ONE
    right = column + ONE if column + ONE < size else NONE
    return up, down, left, right


@njit(inline="always")
def _site(size, counter):
    """Choose a site at random."""
    random = _mix(counter)
    row = ((random >> HALF) * uint64(size)) >> HALF
    column = ((random & LOW_HALF) * uint64(size)) >> HALF
    return row, column


@njit(inline="always")
def _counted(a, b, c, d):
    """Return the lanes in which none, one, two, three and four of the bits are 1."""
    odd, pair = a ^ b ^ c ^ d, (a & b) | (c & d)
    none, four = ~(a | b | c | d), a & b & c & d
    return none, odd & ~pair, ~(odd | none | four), odd & pair, four


@njit(inline="always")
def _costly(word, lows, row, column):
    """Return the lanes where a flip costs energy, one word for each class."""
    up, down, left, right = _beside(uint64(len(word)), row, column)
    a, b, c, d = word[up, column], word[down, column], word[row, left], word[row, right]
    spin = word[row, column]
    if len(lows) == 1:  # without a field: if one of the neighbours is unlike the spin, or none
        spin ^= lows[0]
        none, one, _, _, _ = _counted(a ^ spin, b ^ spin, c ^ spin, d ^ spin)
        return one, none, NONE, NONE, NONE
    none, one, two, three, four = _counted(a, b, c, d)  # neighbours that are +1
    none, one, two = none & (spin ^ lows[0]), one & (spin ^ lows[1]), two & (spin ^ lows[2])
    return none, one, two, three & (spin ^ lows[3]), four & (spin ^ lows[4])


@njit
def _update(word, lows, digits, row, start, n_sites, room, counter, step):
    """Update every second site of a row from `start` on; return the counter."""
    costly, undecided, flips = room[:5], room[5], room[6]
    waiting = NONE
    for m in range(n_sites):
        a, b, c, d, e = _costly(word, lows, row, start + (m << ONE))
        costly[0, m], costly[1, m], costly[2, m], costly[3, m], costly[4, m] = a, b, c, d, e
        undecided[m] = a | b | c | d | e
        flips[m] = ~undecided[m]
        waiting |= undecided[m]
    k = 0
    while waiting != NONE and k < 64:
        for _ in range(4):  # without a look at what is undecided
            for m in range(n_sites):
                random = _mix(counter + (m + ONE) * step)
                digit = (costly[0, m] & digits[k, 0]) | (costly[1, m] & digits[k, 1])
                if len(lows) > 1:
                    digit |= (costly[2, m] & digits[k, 2]) | (costly[3, m] & digits[k, 3])
                    digit |= costly[4, m] & digits[k, 4]
                flips[m] |= undecided[m] & digit & ~random  # 0 in the number, 1 in p: below p
                undecided[m] &= ~(digit ^ random)  # equal so far
            counter += n_sites * step
            k += 1
        waiting = NONE
        for m in range(n_sites):
            waiting |= undecided[m]
    for m in range(n_sites):
        word[row, start + (m << ONE)] ^= flips[m]
    return counter


@compiled
def metropolis(word, lows, digits, room, first, n_rows, rng):
    """Metropolis updates, every second site of a row at a time, beginning with row `first`.

    A sweep has two times `size` rows, first of one colour, then of the other; at its end stands an
    update of a random site.

    lows : uint64 (5,), for each number of neighbours +1, 0 where the flip of a spin +1 costs
        energy, all ones where that of a spin -1 does. Without a field, uint64 (1,): 0 for K > 0.
    """
    size = uint64(len(word))
    counter, step = rng
    for k in range(uint64(first), uint64(first + n_rows)):
        row, colour = k % size, k // size & ONE
        start, half = (row + colour) & ONE, size >> ONE
        counter = _update(word, lows, digits, row, start, half, room, counter, step)
        if size & ONE > start:  # where an odd row closes, two sites of one colour are neighbours
            counter = _update(word, lows, digits, row, size - ONE, ONE, room, counter, step)
        if colour == ONE and row == size - ONE:
            counter += step
            row, column = _site(size, counter)
            counter = _update(word, lows, digits, row, column, ONE, room, counter, step)
    rng[0] = counter


@njit
def _grow(spins, sign, threshold, row, column, members, counter, step):
    """Mark the cluster of a site and list its sites; return their number and the counter."""
    size = uint64(len(spins))
    spins[row, column] *= 2
    members[0, 0], members[0, 1] = row, column
    head, tail = NONE, ONE
    while head < tail:
        row, column = members[head, 0], members[head, 1]
        head += ONE
        satisfied = sign * (spins[row, column] >> 1)
        up, down, left, right = _beside(size, row, column)
        for i, j in ((up, column), (down, column), (row, left), (row, right)):
            counter += step
            spin = spins[i, j]
            joins = (spin == satisfied) & (_mix(counter) < threshold)  # no marked spin does
            spins[i, j] = spin << joins  # without a branch, which no processor could predict
            members[tail, 0], members[tail, 1] = i, j
            tail += uint64(joins)
    return tail, counter


@njit(inline="always")
def _cost(spins, field, members, n_members):
    """Return the energy that it costs to turn a cluster over."""
    total = 0
    if field != 0:
        for k in range(n_members):
            total += spins[members[k, 0], members[k, 1]] >> 1
    return 2 * field * total


@njit(inline="always")
def _uniform(counter):
    """Return a random number from 0 to 1, below 1."""
    return (_mix(counter) >> uint64(11)) * 2.0**-53


@compiled
def wolff(spins, sign, threshold, field, members, n_clusters, rng):
    """Grow clusters from random sites, and turn each over as the field allows."""
    counter, step = rng
    for _ in range(n_clusters):
        counter += step
        row, column = _site(len(spins), counter)
        size, counter = _grow(spins, sign, threshold, row, column, members, counter, step)
        counter += step
        turned = _uniform(counter) < math.exp(-_cost(spins, field, members, size))
        for k in range(size):
            spin = spins[members[k, 0], members[k, 1]] >> 1
            spins[members[k, 0], members[k, 1]] = -spin if turned else spin
    rng[0] = counter


@compiled
def swendsen_wang(spins, sign, threshold, field, members, n_sweeps, rng):
    """Cut the lattice into clusters, and give each a sign from its law in the field."""
    counter, step = rng
    for _ in range(n_sweeps):
        for row in range(uint64(len(spins))):
            for column in range(uint64(len(spins))):
                if abs(spins[row, column]) == 2:
                    continue
                size, counter = _grow(spins, sign, threshold, row, column, members, counter, step)
                counter += step
                cost = _cost(spins, field, members, size)
                if _uniform(counter) * (1 + math.exp(cost)) < 1:
                    for k in range(size):
                        spins[members[k, 0], members[k, 1]] *= -1
        for row in range(len(spins)):
            for column in range(len(spins)):
                spins[row, column] >>= 1
    rng[0] = counter


def plain_metropolis(spins, coupling, field, n_sweeps, rng):
    """Update all lattices in the order of the kernel, one number a spin; in place.

    spins : int8 (n_samples, size, size).
    """
    n_samples, size, _ = spins.shape
    rows, columns = np.indices((size, size)).reshape(2, -1)
    colour = (rows + columns) % 2
    order = np.argsort(colour, kind="stable")
    for _ in range(n_sweeps):
        for site in [*order, rng.integers(size**2)]:
            i, j = rows[site], columns[site]
            neighbours = spins[:, i - 1, j] + spins[:, (i + 1) % size, j]
            neighbours += spins[:, i, j - 1] + spins[:, i, (j + 1) % size]
            cost = 2 * spins[:, i, j] * (coupling * neighbours + field)
            flip = rng.random(n_samples) < np.exp(-np.maximum(cost, 0))
            spins[:, i, j] = np.where(flip, -spins[:, i, j], spins[:, i, j])


def plain_clusters(spins, coupling, rng):
    """Number the cluster of each site, int32, of the shape of `spins`; all bonds are drawn."""
    site = np.arange(spins.size).reshape(spins.shape)
    first = np.concatenate([site, site]).ravel()
    second = np.concatenate([np.roll(site, -1, axis=-2), np.roll(site, -1, axis=-1)]).ravel()
    satisfied = coupling * spins.flat[first] * spins.flat[second] > 0
    bonds = satisfied & (rng.random(2 * spins.size) < 1 - np.exp(-2 * abs(coupling)))
    ends = first[bonds], second[bonds]
    links = coo_array((np.ones(len(ends[0])), ends), shape=(spins.size, spins.size))
    return connected_components(links, directed=False)[1].reshape(spins.shape)


def plain_wolff(spins, coupling, field, n_clusters, rng):
    """Turn over clusters of random sites, one of each lattice at a time; in place.

    spins : int8 (n_samples, size, size).
    """
    n_samples, size, _ = spins.shape
    for _ in range(n_clusters):
        label = plain_clusters(spins, coupling, rng).reshape(n_samples, -1)
        chosen = rng.integers(size**2, size=(n_samples, 1))
        cluster = (label == np.take_along_axis(label, chosen, axis=1)).reshape(spins.shape)
        cost = 2 * field * (spins * cluster).sum(axis=(1, 2), dtype=int)
        turned = rng.random(n_samples) < np.exp(-np.maximum(cost, 0))
        spins[cluster & turned[:, None, None]] *= -1


def plain_swendsen_wang(spins, coupling, field, n_sweeps, rng):
    """Give all clusters of all lattices new signs; in place.

    spins : int8 (n_samples, size, size).
    """
    for _ in range(n_sweeps):
        label = plain_clusters(spins, coupling, rng)
        total = np.bincount(label.ravel(), weights=spins.ravel())
        turned = rng.random(len(total)) < 1 / (1 + np.exp(2 * field * total))
        spins *= np.where(turned, -1, 1).astype(np.int8)[label]
