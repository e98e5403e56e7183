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
``down``        float32  (32 n_visible_words, 32 n_hidden_words): the weights, filled up
``up``          float32  the same, transposed
``layer``       float32  (n_hidden_words, n, 32): inputs, then weighted probabilities
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
    zeros,
)

PATTERNS_PER_WORD = 128  # of its eight groups of four units, 16 each
OFF = -1e30  # a bias that keeps a unit off
SAMPLES_PER_DRAW = 64  # at a time: their inputs stay in the first-level cache
SAMPLES_PER_PART = 512  # of one thread, about; the parts do not depend on the number of threads
PARTS_AT_ONCE = 16  # each with a gradient of its own in memory

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
    """Those that are trained, float64; also their velocities and gradients."""

    weights: np.ndarray  # (n_visible, n_hidden)
    visible_bias: np.ndarray  # (1, n_visible)
    hidden_bias: np.ndarray  # (1, n_hidden)


class _FullWords(NamedTuple):
    """Parameters in float32, filled up."""

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
def _tabulate(rows, first, block, table):
    """Fill eight tables with the sums of four rows each, in one block of 32 columns."""
    n_blocks = rows.shape[1] // UNITS_PER_WORD
    for four in range(8):
        base = uint64(16 * four)
        store(table, base, zeros())
        for bit in range(4):
            row = load(rows, uint64((first + 4 * four + bit) * n_blocks + block))
            size = uint64(1 << bit)
            for k in range(size):
                pattern = base + uint64(k)
                store(table, pattern + size, load(table, pattern) + row)


@compiled(**_kernel)
def _product(words, rows, starts, block, table, out):
    """Set row s of `out` to a start and the rows whose bits in words[:, s] are on, added up.

    rows : float32 (32 n_words, 32 n_blocks), of which one block of columns is meant, and also of
    the starts, 32 n_blocks numbers of float32.
    """
    n_words, n_columns = words.shape
    start = load(starts, uint64(block))
    for s in range(n_columns):
        store(out, uint64(s), start)
    for g in range(n_words):
        _tabulate(rows, UNITS_PER_WORD * g, block, table)
        for s in range(n_columns):
            word = words[g, s]
            if word != uint32(0):
                total = load(out, uint64(s))
                for four in range(8):
                    total = total + load(table, _entry(word, four))
                store(out, uint64(s), total)


@compiled(**_kernel)
def _squash(inputs, weight):
    """Replace inputs by their logistic function, times a weight."""
    for s in range(len(inputs)):
        store(inputs, uint64(s), constant(weight) / _one_and_power(load(inputs, uint64(s))))


@compiled(**_kernel)
def _draw(inputs, key, first, words, weight):
    """Draw the bits of 32 units; `first` counts the numbers drawn before, in this layer.

    It spoils the inputs, but a weight that is not 0 has them replaced as by `_squash`.
    """
    for start in range(0, len(words), SAMPLES_PER_DRAW):  # two loops: each fits the registers
        stop = min(start + SAMPLES_PER_DRAW, len(words))
        for s in range(start, stop):
            store(inputs, uint64(s), _one_and_power(load(inputs, uint64(s))))
        for s in range(start, stop):
            power = load(inputs, uint64(s))
            uniform = _uniform(uint32(first + UNITS_PER_WORD * s), key[0], key[1])
            words[s] = below(uniform * power, constant(_UNIFORM))  # uniform < 1 / power
            if weight != 0:
                store(inputs, uint64(s), constant(weight) / power)


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
def _add_means(flipped, weight, gradient):
    """Add the weighted sums of v to a gradient, (n_units,)."""
    for part in range(flipped.shape[0]):
        for i in range(flipped.shape[1]):
            gradient[i] += weight * count(flipped[part, i])


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
    n_words, n_hidden_words = settings.words.shape[0], machine.hidden_bias.size // UNITS_PER_WORD
    n_batch = len(samples)
    n_chains = chains.shape[1] if persistent else n_batch
    samples = samples[part * n_batch // n_parts : (part + 1) * n_batch // n_parts]
    first, last = part * n_chains // n_parts, (part + 1) * n_chains // n_parts
    n_samples, n_walkers = len(samples), last - first
    gradient = Parameters(
        gradients.weights[place], gradients.visible_bias[place], gradients.hidden_bias[place]
    )
    table = _rows(PATTERNS_PER_WORD)
    nothing = _rows(1)
    nothing[:] = 0.0
    batch = _words(n_words, n_samples)
    for s in range(n_samples):
        for g in range(n_words):
            batch[g, s] = settings.words[g, samples[s]]
    walkers = _words(n_words, n_walkers)
    hidden = np.empty((n_hidden_words, n_walkers), dtype=np.uint32)
    inputs = _rows(n_walkers)

    # Inputs, then weighted probabilities of hidden units: for the data, and behind them the chains.
    middle = _filled_up(n_samples)
    end = middle + _filled_up(n_walkers)
    layer = _rows(n_hidden_words * end).reshape(n_hidden_words, end, UNITS_PER_WORD)
    layer[:, n_samples:middle] = 0.0
    layer[:, middle + n_walkers :] = 0.0
    data_weight, weight = np.float32(1.0 / n_batch), np.float32(-1.0 / n_chains)
    for block in range(n_hidden_words):
        if settings.stop[0]:
            return 0
        data = layer[block, :n_samples]
        _product(batch, machine.down, machine.hidden_bias, block, table, data)
        place = UNITS_PER_WORD * (block * n_chains + first)
        if persistent:
            _squash(data, data_weight)
        else:
            _draw(data, keys[0], place, hidden[block], data_weight)
    if persistent:
        _copy(chains[:, first:last], walkers)
    n_wrong = 0
    for step in range(settings.n_gibbs):
        if persistent or step > 0:
            for block in range(n_hidden_words):
                model = layer[block, middle : middle + n_walkers]
                _product(walkers, machine.down, machine.hidden_bias, block, table, model)
                place = UNITS_PER_WORD * (block * n_chains + first)
                _draw(model, keys[2 * step], place, hidden[block], _ZERO)
        for block in range(n_words):
            if settings.stop[0]:
                return 0
            _product(hidden, machine.up, machine.visible_bias, block, table, inputs)
            place = UNITS_PER_WORD * (block * n_chains + first)
            _draw(inputs, keys[2 * step + 1], place, walkers[block], _ZERO)
        if step == 0 and not persistent:
            for g in range(n_words):
                for s in range(n_samples):
                    n_wrong += count(batch[g, s] ^ walkers[g, s])
    for block in range(n_hidden_words):
        if settings.stop[0]:
            return 0
        model = layer[block, middle : middle + n_walkers]
        _product(walkers, machine.down, machine.hidden_bias, block, table, model)
        _squash(model, weight)

    n_data_words = middle // UNITS_PER_WORD
    flipped = np.empty((end // UNITS_PER_WORD, UNITS_PER_WORD * n_words), dtype=np.uint32)
    _flip(batch, flipped[:n_data_words])
    _flip(walkers, flipped[n_data_words:])
    gradient.visible_bias[:] = 0.0
    _add_means(flipped[:n_data_words], 1.0 / n_batch, gradient.visible_bias[0])
    _add_means(flipped[n_data_words:], -1.0 / n_chains, gradient.visible_bias[0])
    sums = _rows(UNITS_PER_WORD * n_words)
    for block in range(n_hidden_words):
        if settings.stop[0]:
            return 0
        columns = slice(UNITS_PER_WORD * block, UNITS_PER_WORD * (block + 1))
        _product(flipped, layer[block], nothing[0], 0, table, sums)
        _copy(sums, gradient.weights[:, columns])
        _add_up_rows(layer[block], sums)
        _copy(sums[:1], gradient.hidden_bias[:, columns])
    if persistent:
        _copy(walkers, chains[:, first:last])
    return n_wrong


@compiled(**_kernel)
def _add_up(gradients, n_parts):
    """Add parts of the gradients to the first one."""
    for gradient in gradients:
        total = gradient[0]
        for part in range(1, n_parts):
            more = gradient[part]
            for i in range(total.shape[0]):
                for j in range(total.shape[1]):
                    total[i, j] += more[i, j]


@compiled(**_kernel)
def _climb(parameters, gradient, velocity, mask, rate, momentum, threshold, decay):
    """Move one array of parameters up its gradient."""
    n_rows, n_columns = parameters.shape
    for i in range(n_rows):
        for j in range(n_columns):
            direction = gradient[i, j]
            if mask.size:
                direction *= mask[i, j]
            if velocity.size:
                direction += momentum * velocity[i, j]
                velocity[i, j] = direction
            moved = parameters[i, j] + rate * direction
            if threshold > 0:
                moved = math.copysign(max(abs(moved) - threshold, 0.0), moved)
            parameters[i, j] = moved / (1 + decay) if decay > 0 else moved


@compiled(**_kernel)
def _fill_up(parameters, machine):
    """Copy the parameters to a machine of full words, the weights in both orders."""
    down = machine.down
    _copy(parameters.weights, down)
    _copy(parameters.visible_bias, machine.visible_bias)
    _copy(parameters.hidden_bias, machine.hidden_bias)
    # Tile by tile: both orders stay in the cache.
    for top in range(0, down.shape[0], UNITS_PER_WORD):
        for left in range(0, down.shape[1], UNITS_PER_WORD):
            tile = down[top : top + UNITS_PER_WORD, left : left + UNITS_PER_WORD]
            turned = machine.up[left : left + UNITS_PER_WORD, top : top + UNITS_PER_WORD]
            for j in range(UNITS_PER_WORD):
                for i in range(UNITS_PER_WORD):
                    turned[j, i] = tile[i, j]


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
    n_hidden_words = _filled_up(parameters.weights.shape[1]) // UNITS_PER_WORD
    n_visible, n_hidden = UNITS_PER_WORD * n_words, UNITS_PER_WORD * n_hidden_words
    n_parts = parts(max(batch_size, chains.shape[1]))
    machine = _FullWords(
        _rows(n_visible * n_hidden_words).reshape(n_visible, n_hidden),
        _rows(n_hidden * n_words).reshape(n_hidden, n_visible),
        np.empty((1, n_visible), dtype=np.float32),
        np.empty((1, n_hidden), dtype=np.float32),
    )
    machine.down[:], machine.up[:] = 0.0, 0.0
    machine.visible_bias[:], machine.hidden_bias[:] = OFF, OFF
    n_at_once = min(n_parts, PARTS_AT_ONCE)
    gradients = Parameters(
        np.empty((n_at_once, n_visible, n_hidden)),
        np.empty((n_at_once, 1, n_visible)),
        np.empty((n_at_once, 1, n_hidden)),
    )
    none = np.empty((0, 0))
    masks = (settings.mask, none, none)
    wrong = np.zeros((len(rates), n_parts), dtype=np.int64)
    draw = 0
    for epoch in range(len(rates)):
        for start in range(0, n_samples, batch_size):
            stop = min(start + batch_size, n_samples)
            samples = orders[epoch, start:stop] if orders.size else np.arange(start, stop)
            _fill_up(parameters, machine)
            update_keys = keys[draw : draw + 2 * settings.n_gibbs]
            draw += 2 * settings.n_gibbs
            done = 0
            while done < n_parts:  # gradient 0 holds the sum of what is done
                kept = min(done, 1)
                n_new = min(n_parts - done, n_at_once - kept)
                for k in prange(n_new):
                    wrong[epoch, done + k] += _moments(
                        settings, machine, update_keys, samples, chains, done + k, n_parts,
                        kept + k, gradients,
                    )  # fmt: skip
                _add_up(gradients, kept + n_new)
                done += n_new
            if settings.stop[0]:
                return wrong
            rate = rates[epoch]
            for k in range(3):
                shrinkage, decay = (settings.shrinkage, settings.decay) if k == 0 else (0.0, 0.0)
                _climb(
                    parameters[k], gradients[k][0], velocity[k], masks[k],
                    rate, settings.momentum, rate * shrinkage, rate * decay,
                )  # fmt: skip
    return wrong


epochs = compiled(_epochs, **_kernel)
parallel_epochs = compiled(_epochs, name="parallel_epochs", parallel=True, **_kernel)
