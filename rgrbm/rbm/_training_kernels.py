"""Contrastive divergence for machines of bits, 32 units at a time.

Four things make it fast. *Bits are looked up*: what 32 units send through their weights is the
sum of eight rows, one for each four units, from tables of the 16 sums that four weights can have.
*All products are of this kind*: the gradient sums rows of hidden probabilities over the samples in
which a visible unit is on; so it takes words of 32 samples of one unit, in place of 32 units of one
sample. *Rows stay in registers*, and the compiler need not guess that 32 numbers can be treated at
once (`rgrbm._core.rows`). *Random numbers are hashes* of a counter (`rgrbm._core.counter_rng`): a
draw does not depend on who computes it, or in which order.

A machine with ``n`` units in a layer has ``ceil(n / 32)`` words of units there; the units that fill
up the last word have no weights, and a bias that keeps them off. Arrays of the kernels:

==============  =======  =============================================================
``words``       uint32   (n_words, n_samples): bit k of word g is unit 32 g + k
``down``        float32  (n_hidden_words, 32 n_visible_words, 32): the weights, filled up
``up``          float32  (n_visible_words, 32 n_hidden_words, 32): the same, transposed
``layer``       float32  (n_hidden_words, n, 32): weighted probabilities of hidden units
``flipped``     uint32   (n_words, n_visible): bit k of word g is sample 32 g + k
``keys``        uint32   (n_layers, 2): one key for each layer that is drawn
==============  =======  =============================================================

Parameters are float64; inputs, probabilities and their sums are float32, and means of them good to
some 1e-5. The plain version, with matrices, is in `rgrbm.rbm._training_steps`.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import prange, uint32, uint64

from rgrbm._core.counter_rng import FIRST, SECOND, STEP
from rgrbm._core.jit import compiled
from rgrbm._core.packing import UNITS_PER_WORD
from rgrbm._core.rows import (
    align_stack,
    as_float,
    below,
    bits_at,
    clipped,
    constant,
    count,
    load,
    places,
    read_as_float,
    read_as_whole,
    store,
    transpose,
    zeros,
)

PATTERNS_PER_WORD = 128  # of its eight groups of four units, 16 each
OFF = -1e30  # a bias that keeps a unit off
SAMPLES_PER_PART = 512  # of one thread, about; the parts do not depend on the number of threads
PARTS_AT_ONCE = 16  # each with a gradient of its own in memory
NUMBERS_AT_ONCE = 512  # of the parameters that move: they stay in the first-level cache

# 2**x on [-1/2, 1/2] by a polynomial, relative error 2e-7: less than a float32 can tell.
_NODES = np.cos(np.pi * (np.arange(64) + 0.5) / 64) / 2
_P0, _P1, _P2, _P3, _P4, _P5 = (
    np.polynomial.Chebyshev.fit(_NODES, 2.0**_NODES, 5, domain=[-0.5, 0.5])
    .convert(kind=np.polynomial.Polynomial)
    .coef.astype(np.float32)
)
_LOG2_E = np.float32(1 / math.log(2))
# Added, it leaves an integer in the last bits, greater by the 127 that a float adds to exponents.
_SHIFT = np.float32(1.5 * 2**23 + 127)
# Of the smallest probability, which is never drawn; far smaller ones are slow to compute with.
_EXPONENT = np.float32(64)
_UNIFORM = np.float32(2**23)  # the end of what random numbers are drawn from
_HALF = np.float32(0.5)
_ONE = np.float32(1)
_ZERO = np.float32(0)
_FIRST = np.int64(0)  # a plain 0 would have kernels compiled once more, for this number

# Sums may be contracted, and no number here is infinite or undefined.
_kernel = {"fastmath": {"contract", "nnan", "nsz"}, "error_model": "numpy"}


class KernelSettings(NamedTuple):
    """What stays the same in a run."""

    words: np.ndarray  # uint32 (n_visible_words, n_samples): the data
    batch_size: int
    n_gibbs: int
    persistent: bool
    momentum: float
    shrinkage: float  # strength of L1, grown by momentum
    decay: float  # likewise of L2
    mask: np.ndarray  # float64 like the weights, or of size 0
    stop: np.ndarray  # uint8 (1,): set from outside, it ends the work, whose results are then void


class Parameters(NamedTuple):
    """Those that are trained, and what belongs to them: velocities, gradients.

    The kernels have them in blocks of 32 columns, filled up: the second shape.
    """

    weights: np.ndarray  # (n_visible, n_hidden); (n_hidden_words, 32 n_visible_words, 32)
    visible_bias: np.ndarray  # (1, n_visible); (n_visible_words, 1, 32)
    hidden_bias: np.ndarray  # (1, n_hidden); (n_hidden_words, 1, 32)


class _Machine(NamedTuple):
    """Parameters in float32, in blocks of 32 columns; the weights in both orders."""

    down: np.ndarray
    up: np.ndarray
    visible_bias: np.ndarray
    hidden_bias: np.ndarray


@compiled
def _rows(n_rows):
    """Make an array of rows that start where a line of the cache starts; else each spans two."""
    numbers = np.empty(UNITS_PER_WORD * n_rows + 16, dtype=np.float32)
    start = (64 - numbers.ctypes.data % 64) // 4 % 16
    return numbers[start : start + UNITS_PER_WORD * n_rows].reshape(n_rows, UNITS_PER_WORD)


@compiled
def _copy(source, target):
    """Copy a matrix; numba takes seconds to compile an assignment of arrays."""
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@compiled(inline="always")
def _uniform(counter, first, second):
    """Hash 32 successive counters under a key into numbers between 0 and _UNIFORM."""
    x = places() * uint32(STEP) + uint32(counter * uint32(STEP) + first)
    x = (x ^ (x >> uint32(16))) * uint32(FIRST) ^ second
    x = (x ^ (x >> uint32(15))) * uint32(SECOND)
    x = x ^ (x >> uint32(15))
    return as_float(x >> uint32(9)) + _HALF


@compiled(inline="always", **_kernel)
def _one_and_power(x):
    """1 + exp(-x) for a row, of which the logistic function is the reciprocal."""
    exponent = clipped(x * -_LOG2_E, _EXPONENT)
    shifted = exponent + _SHIFT
    rest = exponent - (shifted - _SHIFT)
    square = rest * rest
    power = (rest * _P1 + _P0) + square * ((rest * _P3 + _P2) + square * (rest * _P5 + _P4))
    return power * read_as_float(read_as_whole(shifted) << uint32(23)) + _ONE


@compiled(inline="always")
def _entry(word, four):
    """Place, among tables of 16 rows, of the pattern of four units of a word."""
    return uint64(16 * four) + uint64((word >> uint32(4 * four)) & uint32(15))


@compiled(**_kernel)
def _tabulate(words, rows, first, table):
    """Fill eight tables with the sums of four rows each, the first ones from `first`.

    Those that all words leave off are left out. Return whether any word has its second half on.
    """
    used = uint32(0)
    for s in range(len(words)):
        used |= words[s]
    for four in range(8):
        base = uint64(16 * four)
        store(table, base, zeros())
        if _entry(used, four) == base:
            continue
        for bit in range(4):
            row = load(rows, uint64(first + 4 * four + bit))
            size = uint64(1 << bit)
            for k in range(size):
                pattern = base + uint64(k)
                store(table, pattern + size, load(table, pattern) + row)
    return used > uint32(0xFFFF)


@compiled(inline="always", **_kernel)
def _with_rows_of(word, table, whole, total):
    """Add the rows whose bits are on in a word, or in its first half, to a total."""
    for four in range(4):
        total = total + load(table, _entry(word, four))
    if whole:
        for four in range(4, 8):
            total = total + load(table, _entry(word, four))
    return total


@compiled(**_kernel)
def _product(words, n_words, first, rows, start, table, out):
    """Set row s of `out` to a start and all rows whose bits are on in words[:n_words, first + s].

    rows : float32 (32 n_words, 32); start : float32 (1, 32).
    """
    beginning = load(start, uint64(0))
    for g in range(n_words):
        here = words[g, first : first + len(out)]
        whole = _tabulate(here, rows, UNITS_PER_WORD * g, table)
        for s in range(len(out)):
            if here[s] != uint32(0):
                total = load(out, uint64(s)) if g > 0 else beginning
                store(out, uint64(s), _with_rows_of(here[s], table, whole, total))
            elif g == 0:
                store(out, uint64(s), beginning)


@compiled(**_kernel)
def _but_last(words, first, rows, start, table, out):
    """Add up the rows of all words but the last one; make the table of that, as `_tabulate`."""
    last = len(words) - 1
    _product(words, last, first, rows, start, table, out)
    here = words[last, first : first + len(out)]
    return _tabulate(here, rows, UNITS_PER_WORD * last, table)


@compiled(inline="always", **_kernel)
def _input(words, s, first, beginning, table, whole, out):
    """Row s of what `_product` adds up, after `_but_last`."""
    total = load(out, uint64(s)) if len(words) > 1 else beginning
    return _with_rows_of(words[len(words) - 1, first + s], table, whole, total)


@compiled(**_kernel)
def _means(words, first, rows, start, table, out, weight):
    """Set row s of `out` to the logistic function, times a weight, of what `_product` adds up."""
    whole = _but_last(words, first, rows, start, table, out)
    beginning = load(start, uint64(0))
    for s in range(len(out)):
        total = _input(words, s, first, beginning, table, whole, out)
        store(out, uint64(s), constant(weight) / _one_and_power(total))


@compiled(**_kernel)
def _draw(words, first, rows, start, table, out, weight, key, n_drawn, bits):
    """Draw the bits of 32 units whose inputs are what `_product` adds up.

    `n_drawn` counts the numbers that were drawn before in this layer. If the weight is not 0,
    `out` is set as by `_means`; if it is, `out` is spoilt.
    """
    whole = _but_last(words, first, rows, start, table, out)
    beginning = load(start, uint64(0))
    # Looking up waits for the memory, and drawing does not: so one pass does both.
    for s in range(len(out)):
        power = _one_and_power(_input(words, s, first, beginning, table, whole, out))
        uniform = _uniform(uint32(n_drawn + UNITS_PER_WORD * s), key[0], key[1])
        bits[s] = below(uniform * power, constant(_UNIFORM))  # uniform < 1 / power
        if weight != 0:
            store(out, uint64(s), constant(weight) / power)


@compiled(inline="always")
def _filled_up(n_units):
    """Next multiple of 32."""
    return (n_units + UNITS_PER_WORD - 1) // UNITS_PER_WORD * UNITS_PER_WORD


@compiled
def _words(n_words, n_samples):
    """Make an array of words; whole rows of 32 can be read up to its end, and beyond."""
    words = np.zeros(n_words * n_samples + UNITS_PER_WORD, dtype=np.uint32)
    return words[: n_words * n_samples].reshape(n_words, n_samples)


@compiled
def _flip(words, flipped):
    """Turn words of units, (n_words, n_samples), into words of samples, (n_parts, n_units)."""
    n_words, n_samples = words.shape
    for part in range(len(flipped)):
        n_missing = max(UNITS_PER_WORD * (part + 1) - n_samples, 0)
        here = uint32(0xFFFFFFFF) >> uint32(n_missing)
        for g in range(n_words):
            start = uint64(g * n_samples + UNITS_PER_WORD * part)
            for k in range(UNITS_PER_WORD):
                flipped[part, UNITS_PER_WORD * g + k] = bits_at(words, start, uint32(k)) & here


@compiled(**_kernel)
def _add_means(flipped, n_data, data_weight, weight, gradient):
    """Add the weighted sums of v to a gradient, (n_units,), of samples first, then of walkers."""
    for part in range(flipped.shape[0]):
        n_here = min(max(n_data - UNITS_PER_WORD * part, 0), UNITS_PER_WORD)
        of_data = uint32((uint64(1) << uint64(n_here)) - uint64(1))
        for i in range(flipped.shape[1]):
            word = flipped[part, i]
            gradient[i] += data_weight * count(word & of_data) + weight * count(word & ~of_data)


@compiled(**_kernel)
def _add_up_rows(rows, total):
    """Set `total`, (1, 32), to the sum of rows."""
    added = zeros()
    for s in range(len(rows)):
        added = added + load(rows, uint64(s))
    store(total, uint64(0), added)


@compiled(**_kernel)
def _moments(settings, machine, keys, samples, chains, part, n_parts, place, gradients):
    """Set one part of the gradients, at its place, from its share of the samples and of the chains.

    samples : int64 (n_batch,), where they are in the data; chains : uint32 (n_visible_words,
    n_chains), if they persist. Returns the number of wrong bits.
    """
    align_stack()
    persistent = settings.persistent
    n_words, n_hidden_words = settings.words.shape[0], machine.down.shape[0]
    n_batch = len(samples)
    n_chains = chains.shape[1] if persistent else n_batch
    samples = samples[part * n_batch // n_parts : (part + 1) * n_batch // n_parts]
    first, last = part * n_chains // n_parts, (part + 1) * n_chains // n_parts
    n_samples, n_walkers = len(samples), last - first
    n_both = n_samples + n_walkers
    # Side by side: the samples, and the walkers that start from them or go on with chains.
    states = _words(n_words, n_both)
    for s in range(n_samples):
        for g in range(n_words):
            states[g, s] = settings.words[g, samples[s]]
    hidden = np.empty((n_hidden_words, n_walkers), dtype=np.uint32)
    rows = _rows(n_walkers + PATTERNS_PER_WORD + 1)
    inputs, table, nothing = rows[:n_walkers], rows[n_walkers:-1], rows[-1:]
    store(nothing, uint64(0), zeros())

    end = _filled_up(n_both)
    layer = _rows(n_hidden_words * end).reshape(n_hidden_words, end, UNITS_PER_WORD)
    for block in range(n_hidden_words):
        for s in range(n_both, end):
            store(layer, uint64(block * end + s), zeros())
    data_weight, weight = np.float32(1.0 / n_batch), np.float32(-1.0 / n_chains)
    for block in range(n_hidden_words):
        if settings.stop[0]:
            return 0
        data, down, bias = layer[block, :n_samples], machine.down[block], machine.hidden_bias[block]
        if persistent:
            _means(states, _FIRST, down, bias, table, data, data_weight)
        else:
            n_drawn = UNITS_PER_WORD * (block * n_chains + first)
            _draw(
                states, _FIRST, down, bias, table,
                data, data_weight, keys[0], n_drawn, hidden[block],
            )  # fmt: skip
    if persistent:
        _copy(chains[:, first:last], states[:, n_samples:])
    n_wrong = 0
    for step in range(settings.n_gibbs):
        if persistent or step > 0:
            for block in range(n_hidden_words):
                n_drawn = UNITS_PER_WORD * (block * n_chains + first)
                _draw(
                    states, n_samples, machine.down[block], machine.hidden_bias[block], table,
                    inputs, _ZERO, keys[2 * step], n_drawn, hidden[block],
                )  # fmt: skip
        for block in range(n_words):
            if settings.stop[0]:
                return 0
            n_drawn = UNITS_PER_WORD * (block * n_chains + first)
            _draw(
                hidden, _FIRST, machine.up[block], machine.visible_bias[block], table,
                inputs, _ZERO, keys[2 * step + 1], n_drawn, states[block, n_samples:],
            )  # fmt: skip
        if step == 0 and not persistent:
            for g in range(n_words):
                for s in range(n_samples):
                    n_wrong += count(states[g, s] ^ states[g, n_samples + s])
    for block in range(n_hidden_words):
        if settings.stop[0]:
            return 0
        _means(
            states, n_samples, machine.down[block], machine.hidden_bias[block], table,
            layer[block, n_samples:n_both], weight,
        )  # fmt: skip

    flipped = np.empty((end // UNITS_PER_WORD, UNITS_PER_WORD * n_words), dtype=np.uint32)
    _flip(states, flipped)
    visible_bias = gradients.visible_bias[place].reshape(UNITS_PER_WORD * n_words)
    for i in range(len(visible_bias)):
        visible_bias[i] = 0.0
    _add_means(flipped, n_samples, 1.0 / n_batch, -1.0 / n_chains, visible_bias)
    for block in range(n_hidden_words):
        if settings.stop[0]:
            return 0
        here = gradients.weights[place, block]
        _product(flipped, len(flipped), _FIRST, layer[block], nothing, table, here)
        _add_up_rows(layer[block], gradients.hidden_bias[place, block])
    if persistent:
        _copy(states[:, n_samples:], chains[:, first:last])
    return n_wrong


@compiled(**_kernel)
def _add_up(parts, is_first, total):
    """Add parts of a gradient to a total, or begin one with them."""
    total = total.reshape(total.size)
    for part in range(len(parts)):
        numbers = parts[part].reshape(total.size)
        if is_first and part == 0:
            for k in range(total.size):
                total[k] = numbers[k]
        else:
            for k in range(total.size):
                total[k] += numbers[k]


@compiled(**_kernel)
def _climb(parameters, part, total, velocity, mask, rate, momentum, threshold, decay, machine):
    """Move one array of parameters up its gradient: a total, if there is one, or its only part.

    Some at a time, by loops of which each is vectorized; then copy them to a machine.
    """
    size = parameters.size
    parameters, part, machine = parameters.reshape(size), part.reshape(size), machine.reshape(size)
    total, mask = total.reshape(total.size), mask.reshape(mask.size)
    velocity = velocity.reshape(velocity.size)
    direction = np.empty(NUMBERS_AT_ONCE)
    for start in range(0, size, NUMBERS_AT_ONCE):
        here = slice(start, min(start + NUMBERS_AT_ONCE, size))
        if total.size:
            gradient = total[here]
            for k in range(len(gradient)):
                direction[k] = gradient[k]
        else:
            rounded = part[here]
            for k in range(len(rounded)):
                direction[k] = rounded[k]
        if mask.size:
            shown = mask[here]
            for k in range(len(shown)):
                direction[k] *= shown[k]
        if velocity.size:
            speed = velocity[here]
            for k in range(len(speed)):
                speed[k] = direction[k] + momentum * speed[k]
                direction[k] = speed[k]
        moved = parameters[here]
        for k in range(len(moved)):
            moved[k] += rate * direction[k]
        if threshold > 0:
            for k in range(len(moved)):
                moved[k] = math.copysign(max(abs(moved[k]) - threshold, 0.0), moved[k])
        if decay > 0:
            for k in range(len(moved)):
                moved[k] /= 1 + decay
        _round(moved, machine[here])


@compiled
def _round(numbers, rounded):
    """Copy numbers to float32."""
    for k in range(len(numbers)):
        rounded[k] = numbers[k]


@compiled
def _turn(machine):
    """Copy the weights of a machine in the other order."""
    for block in range(len(machine.down)):
        here = slice(UNITS_PER_WORD * block, UNITS_PER_WORD * (block + 1))
        for g in range(len(machine.up)):
            tile = machine.down[block, UNITS_PER_WORD * g : UNITS_PER_WORD * (g + 1)]
            transpose(tile, machine.up[g, here])


@compiled
def _in_blocks(matrix, n_rows, filling):
    """Copy a matrix to blocks of 32 columns, filled up to `n_rows` rows; one of size 0 has none."""
    n_blocks = _filled_up(matrix.shape[1]) // UNITS_PER_WORD
    blocks = np.full((n_blocks, n_rows, UNITS_PER_WORD), filling)
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            blocks[j // UNITS_PER_WORD, i, j % UNITS_PER_WORD] = matrix[i, j]
    return blocks


@compiled
def _copy_back(blocks, matrix):
    """Copy what `_in_blocks` has copied back to its matrix."""
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            matrix[i, j] = blocks[j // UNITS_PER_WORD, i, j % UNITS_PER_WORD]


@compiled
def parts(n_samples):
    """Into how many parts the work on so many samples is cut, each for one thread."""
    return max(1, (n_samples + SAMPLES_PER_PART // 2) // SAMPLES_PER_PART)


def _epochs(settings, parameters, velocity, chains, orders, rates, keys):
    """Train for some epochs; parameters, velocity and persistent chains change in place.

    velocity : Parameters, or arrays of size 0; chains : uint32 (n_visible_words, n_chains); orders
    : int64 (n_epochs, n_samples), the order of the samples in each epoch, or of size 0; rates :
    float64 (n_epochs,); keys : uint32 (n_layers, 2). Returns the number of wrong bits in each
    epoch and part, int64 (n_epochs, n_parts).
    """
    batch_size, (n_words, n_samples) = settings.batch_size, settings.words.shape
    n_visible, n_hidden = UNITS_PER_WORD * n_words, _filled_up(parameters.weights.shape[1])
    n_hidden_words = n_hidden // UNITS_PER_WORD
    n_parts = parts(max(batch_size, chains.shape[1]))
    n_at_once, one = min(n_parts, PARTS_AT_ONCE), len(parameters.visible_bias)
    weights = _in_blocks(parameters.weights, n_visible, 0.0)
    visible_bias = _in_blocks(parameters.visible_bias, one, OFF)
    hidden_bias = _in_blocks(parameters.hidden_bias, one, OFF)
    moving = Parameters(
        _in_blocks(velocity.weights, n_visible, 0.0),
        _in_blocks(velocity.visible_bias, one, 0.0),
        _in_blocks(velocity.hidden_bias, one, 0.0),
    )
    mask, none = _in_blocks(settings.mask, n_visible, 0.0), np.empty((0, 0, 0))
    gradients = Parameters(
        _rows(n_at_once * n_hidden_words * n_visible).reshape(
            n_at_once, n_hidden_words, n_visible, UNITS_PER_WORD
        ),
        np.empty((n_at_once, n_words, 1, UNITS_PER_WORD)),
        _rows(n_at_once * n_hidden_words).reshape(n_at_once, n_hidden_words, 1, UNITS_PER_WORD),
    )
    several = int(n_parts > 1)  # else the only part is the gradient
    total = Parameters(
        np.empty((several * n_hidden_words, n_visible, UNITS_PER_WORD)),
        np.empty((several * n_words, 1, UNITS_PER_WORD)),
        np.empty((several * n_hidden_words, 1, UNITS_PER_WORD)),
    )
    machine = _Machine(
        _rows(n_hidden_words * n_visible).reshape(n_hidden_words, n_visible, UNITS_PER_WORD),
        _rows(n_words * n_hidden).reshape(n_words, n_hidden, UNITS_PER_WORD),
        _rows(n_words).reshape(n_words, 1, UNITS_PER_WORD),
        _rows(n_hidden_words).reshape(n_hidden_words, 1, UNITS_PER_WORD),
    )
    _round(weights.reshape(weights.size), machine.down.reshape(weights.size))
    _round(visible_bias.reshape(n_visible), machine.visible_bias.reshape(n_visible))
    _round(hidden_bias.reshape(n_hidden), machine.hidden_bias.reshape(n_hidden))
    _turn(machine)
    wrong = np.zeros((len(rates), n_parts), dtype=np.int64)
    momentum = settings.momentum
    draw = 0
    for epoch in range(len(rates)):
        for start in range(0, n_samples, batch_size):
            stop = min(start + batch_size, n_samples)
            samples = orders[epoch, start:stop] if orders.size else np.arange(start, stop)
            update_keys = keys[draw : draw + 2 * settings.n_gibbs]
            draw += 2 * settings.n_gibbs
            for done in range(0, n_parts, n_at_once):
                n_new = min(n_parts - done, n_at_once)
                for k in prange(n_new):
                    wrong[epoch, done + k] += _moments(
                        settings, machine, update_keys, samples, chains, done + k, n_parts, k,
                        gradients,
                    )  # fmt: skip
                if several:
                    _add_up(gradients.weights[:n_new], done == 0, total.weights)
                    _add_up(gradients.visible_bias[:n_new], done == 0, total.visible_bias)
                    _add_up(gradients.hidden_bias[:n_new], done == 0, total.hidden_bias)
            if settings.stop[0]:
                return wrong
            rate = rates[epoch]
            _climb(
                weights, gradients.weights[0], total.weights, moving.weights, mask, rate, momentum,
                rate * settings.shrinkage, rate * settings.decay, machine.down,
            )  # fmt: skip
            _climb(
                visible_bias, gradients.visible_bias[0], total.visible_bias, moving.visible_bias,
                none, rate, momentum, 0.0, 0.0, machine.visible_bias,
            )  # fmt: skip
            _climb(
                hidden_bias, gradients.hidden_bias[0], total.hidden_bias, moving.hidden_bias,
                none, rate, momentum, 0.0, 0.0, machine.hidden_bias,
            )  # fmt: skip
            _turn(machine)
    _copy_back(weights, parameters.weights)
    _copy_back(visible_bias, parameters.visible_bias)
    _copy_back(hidden_bias, parameters.hidden_bias)
    _copy_back(moving.weights, velocity.weights)
    _copy_back(moving.visible_bias, velocity.visible_bias)
    _copy_back(moving.hidden_bias, velocity.hidden_bias)
    return wrong


epochs = compiled(_epochs, **_kernel)
parallel_epochs = compiled(_epochs, name="parallel_epochs", parallel=True, **_kernel)
