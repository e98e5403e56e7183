"""Contrastive divergence for machines of bits, 32 units at a time.

Three things make it fast. *Bits are looked up*: what 32 units send through their weights is the
sum of eight rows, one for each four units, from tables of the 16 sums that four weights can have.
*Gradients are sorted*: a row of hidden probabilities is added to one of 16 bins for each four
visible units, and the bins are summed when all samples are in. *Random numbers are hashes* of a
counter (`rgrbm._core.counter_rng`): a draw does not depend on who computes it, or in which order.

A machine with ``n`` units in a layer has ``ceil(n / 32)`` words of units there; the units that fill
up the last word have no weights, and a bias that keeps them off. Arrays of the kernels:

==============  =======  =============================================================
``words``       uint32   (n_words, n_samples): bit k of word g is unit 32 g + k
``down``        float32  (32 n_visible_words, 32 n_hidden_words): the weights, filled up
``up``          float32  the same, transposed
``hidden``      float32  (n_hidden_words, n_samples, 32): inputs, then probabilities
``keys``        uint32   (n_layers, 2): one key for each layer that is drawn
==============  =======  =============================================================

Parameters are float64; inputs, probabilities and their sums are float32, and means of them good to
some 1e-5. The plain version, with matrices, is in `rgrbm.rbm._training_steps`.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import float32, int32, prange, uint32, uint64

from rgrbm._core.counter_rng import FIRST, SECOND, STEP
from rgrbm._core.jit import compiled
from rgrbm._core.packing import UNITS_PER_WORD
from rgrbm._core.rows import add, as_float, below, count, load, scale, spread, store, zeros

PATTERNS_PER_WORD = 128  # of its eight groups of four units, 16 each
OFF = -1e30  # a bias that keeps a unit off
SAMPLES_PER_DRAW = 64  # whose random numbers are made at a time: they stay in the first-level cache
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
_ROUND = np.float32(1.5 * 2**23)  # added and taken away, it leaves an integer
_EXPONENT = np.float32(126)
_UNIT = np.float32(2.0**-23)
_HALF = np.float32(0.5)
_ONE = np.float32(1)

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


@compiled(inline="always")
def _uniform(index, first, second):
    """Hash a counter under a key into a number between 0 and 1."""
    x = uint32(index * uint32(STEP) + first)
    x = uint32((x ^ (x >> uint32(16))) * uint32(FIRST)) ^ second
    x = uint32((x ^ (x >> uint32(15))) * uint32(SECOND))
    x = uint32(x ^ (x >> uint32(15)))
    return (float32(x >> uint32(9)) + _HALF) * _UNIT


@compiled(inline="always", **_kernel)
def _logistic(x):
    """1 / (1 + exp(-x)) for a float32."""
    exponent = min(max(-x * _LOG2_E, -_EXPONENT), _EXPONENT)
    whole = (exponent + _ROUND) - _ROUND
    rest = exponent - whole
    power = _P4 + rest * _P5
    power = _P1 + rest * (_P2 + rest * (_P3 + rest * power))
    power = _P0 + rest * power
    scale = as_float(uint32((int32(whole) + int32(127)) << int32(23)))
    return _ONE / (_ONE + power * scale)


@compiled(inline="always")
def _entry(word, four):
    """Place, among tables of 16 rows, of the pattern of four units of a word."""
    return uint64(16 * four) + uint64((word >> uint32(4 * four)) & uint32(15))


@compiled(**_kernel)
def _tabulate(weights, first, block, table):
    """Fill eight tables with the sums of four rows of weights each, for one block of columns."""
    n_blocks = weights.shape[1] // UNITS_PER_WORD
    for four in range(8):
        base = uint64(16 * four)
        store(table, base, zeros())
        for bit in range(4):
            row = load(weights, uint64((first + 4 * four + bit) * n_blocks + block))
            size = uint64(1 << bit)
            for k in range(size):
                pattern = base + uint64(k)
                store(table, pattern + size, add(load(table, pattern), row))


@compiled(**_kernel)
def _inputs(words, weights, bias, block, table, out):
    """Add up bias and weights of the units that are on, for all samples and 32 units."""
    n_words, n_samples = words.shape
    start = load(bias, uint64(block))
    for s in range(n_samples):
        store(out, uint64(s), start)
    for g in range(n_words):
        _tabulate(weights, UNITS_PER_WORD * g, block, table)
        for s in range(n_samples):
            word = words[g, s]
            if word != uint32(0):
                low = add(
                    add(load(table, _entry(word, 0)), load(table, _entry(word, 1))),
                    add(load(table, _entry(word, 2)), load(table, _entry(word, 3))),
                )
                high = add(
                    add(load(table, _entry(word, 4)), load(table, _entry(word, 5))),
                    add(load(table, _entry(word, 6)), load(table, _entry(word, 7))),
                )
                store(out, uint64(s), add(load(out, uint64(s)), add(low, high)))


@compiled(**_kernel)
def _squash(numbers):
    """Replace numbers by their logistic function."""
    for k in range(numbers.size):
        numbers[k] = _logistic(numbers[k])


@compiled(**_kernel)
def _probabilities(words, weights, bias, table, out, stop):
    """Set `out`, (n_blocks, n_samples, 32), to the probabilities of units given the others."""
    for block in range(out.shape[0]):
        if stop[0]:
            return
        _inputs(words, weights, bias, block, table, out[block])
    _squash(out.reshape(out.size))


@compiled(**_kernel)
def _draw(probabilities, key, first, random, word):
    """Draw the bits of 32 units; `first` counts the numbers drawn before, in this layer."""
    n_samples = probabilities.shape[0]
    for start in range(0, n_samples, SAMPLES_PER_DRAW):
        stop = min(start + SAMPLES_PER_DRAW, n_samples)
        counter = uint32(first + UNITS_PER_WORD * start)
        for k in range(UNITS_PER_WORD * (stop - start)):
            random[k] = _uniform(uint32(counter + uint32(k)), key[0], key[1])
        for s in range(start, stop):
            word[s] = below(load(random, uint64(s - start)), load(probabilities, uint64(s)))


@compiled(**_kernel)
def _sort_into(bins, words, group, hidden, weight):
    """Add weight * hidden to the bins of the patterns in one word of visible units."""
    for s in range(words.shape[1]):
        word = words[group, s]
        if word != uint32(0):
            row = scale(load(hidden, uint64(s)), weight)
            for four in range(8):
                place = _entry(word, four)
                store(bins, place, add(load(bins, place), row))


@compiled(**_kernel)
def _sum_bins(bins, sums):
    """Sum the bins of all patterns that have a unit on, for each of 32 units; spoils the bins."""
    for four in range(8):
        for bit in range(3, -1, -1):  # sum the patterns with this bit, then forget the bit
            half = uint64(1 << bit)
            total = zeros()
            for k in range(half):
                low = uint64(16 * four) + uint64(k)
                with_bit = load(bins, low + half)
                total = add(total, with_bit)
                store(bins, low, add(load(bins, low), with_bit))
            store(sums, uint64(4 * four + bit), total)


@compiled(**_kernel)
def _products(batch, data, data_weight, chains, model, model_weight, gradient, bins, sums, stop):
    """Set `gradient` to the weighted sums of v h over data and chains."""
    for block in range(data.shape[0]):
        if stop[0]:
            return
        for g in range(batch.shape[0]):
            for k in range(PATTERNS_PER_WORD):
                store(bins, uint64(k), zeros())
            _sort_into(bins, batch, g, data[block], data_weight)
            _sort_into(bins, chains, g, model[block], model_weight)
            _sum_bins(bins, sums)
            gradient[
                UNITS_PER_WORD * g : UNITS_PER_WORD * (g + 1),
                UNITS_PER_WORD * block : UNITS_PER_WORD * (block + 1),
            ] = sums


@compiled(**_kernel)
def _add_means(words, hidden, weight, gradient, row):
    """Add the weighted sums of v and h to the gradients of the biases."""
    n_words, n_samples = words.shape
    for g in range(n_words):
        total = zeros()
        for s in range(n_samples):
            total = add(total, spread(words[g, s]))
        store(row, uint64(0), total)
        for k in range(UNITS_PER_WORD):
            gradient.visible_bias[0, UNITS_PER_WORD * g + k] += weight * row[k]
    for block in range(hidden.shape[0]):
        total = zeros()
        for s in range(n_samples):
            total = add(total, load(hidden[block], uint64(s)))
        store(row, uint64(0), total)
        for k in range(UNITS_PER_WORD):
            gradient.hidden_bias[0, UNITS_PER_WORD * block + k] += weight * row[k]


@compiled(**_kernel)
def _moments(settings, machine, keys, samples, chains, part, n_parts, place, gradients):
    """Set one part of the gradients, at its place, from its share of the samples and of the chains.

    samples : int64 (n_batch,), where they are in the data; chains : uint32 (n_visible_words,
    n_chains), if they persist. Returns the number of wrong bits.
    """
    n_words, n_hidden_words = settings.words.shape[0], machine.hidden_bias.size // UNITS_PER_WORD
    n_batch = len(samples)
    n_chains = chains.shape[1] if settings.persistent else n_batch
    samples = samples[part * n_batch // n_parts : (part + 1) * n_batch // n_parts]
    first, last = part * n_chains // n_parts, (part + 1) * n_chains // n_parts
    n_samples, n_walkers = len(samples), last - first
    gradient = Parameters(
        gradients.weights[place], gradients.visible_bias[place], gradients.hidden_bias[place]
    )
    table = _rows(PATTERNS_PER_WORD)
    sums = _rows(UNITS_PER_WORD)
    row = _rows(1)[0]

    batch = np.empty((n_words, n_samples), dtype=np.uint32)
    for s in range(n_samples):
        for g in range(n_words):
            batch[g, s] = settings.words[g, samples[s]]
    data = _rows(n_hidden_words * n_samples).reshape(n_hidden_words, n_samples, UNITS_PER_WORD)
    _probabilities(batch, machine.down, machine.hidden_bias, table, data, settings.stop)
    gradient.visible_bias[:] = 0.0
    gradient.hidden_bias[:] = 0.0
    _add_means(batch, data, 1.0 / n_batch, gradient, row)

    random = _rows(SAMPLES_PER_DRAW).reshape(SAMPLES_PER_DRAW * UNITS_PER_WORD)
    inputs = _rows(n_walkers)
    walkers = np.empty((n_words, n_walkers), dtype=np.uint32)
    hidden = np.empty((n_hidden_words, n_walkers), dtype=np.uint32)
    n_wrong = 0
    model = _rows(n_hidden_words * n_walkers).reshape(n_hidden_words, n_walkers, UNITS_PER_WORD)
    if settings.persistent:
        walkers[:] = chains[:, first:last]
        _probabilities(walkers, machine.down, machine.hidden_bias, table, model, settings.stop)
    else:
        model[:] = data
    for step in range(settings.n_gibbs):
        for block in range(n_hidden_words):
            place = UNITS_PER_WORD * (block * n_chains + first)
            _draw(model[block], keys[2 * step], place, random, hidden[block])
        for block in range(n_words):
            if settings.stop[0]:
                return n_wrong
            _inputs(hidden, machine.up, machine.visible_bias, block, table, inputs)
            _squash(inputs.reshape(inputs.size))
            place = UNITS_PER_WORD * (block * n_chains + first)
            _draw(inputs, keys[2 * step + 1], place, random, walkers[block])
        if step == 0 and not settings.persistent:
            for g in range(n_words):
                for s in range(n_samples):
                    n_wrong += count(batch[g, s] ^ walkers[g, s])
        _probabilities(walkers, machine.down, machine.hidden_bias, table, model, settings.stop)
    _products(
        batch, data, np.float32(1.0 / n_batch), walkers, model, np.float32(-1.0 / n_chains),
        gradient.weights, table, sums, settings.stop,
    )  # fmt: skip
    _add_means(walkers, model, -1.0 / n_chains, gradient, row)
    if settings.persistent:
        chains[:, first:last] = walkers
    return n_wrong


@compiled(**_kernel)
def _add_up(gradients, n_parts):
    """Add parts of the gradients to the first one."""
    for k in range(3):
        for part in range(1, n_parts):
            gradients[k][0] += gradients[k][part]


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
    n_visible, n_hidden = parameters.weights.shape
    down = machine.down
    for i in range(n_visible):
        source, target = parameters.weights[i], down[i]
        for j in range(n_hidden):
            target[j] = source[j]
    # Tile by tile: both orders stay in the cache.
    for top in range(0, down.shape[0], UNITS_PER_WORD):
        for left in range(0, down.shape[1], UNITS_PER_WORD):
            tile = down[top : top + UNITS_PER_WORD, left : left + UNITS_PER_WORD]
            turned = machine.up[left : left + UNITS_PER_WORD, top : top + UNITS_PER_WORD]
            for j in range(UNITS_PER_WORD):
                for i in range(UNITS_PER_WORD):
                    turned[j, i] = tile[i, j]
    machine.visible_bias[:n_visible] = parameters.visible_bias[0]
    machine.hidden_bias[:n_hidden] = parameters.hidden_bias[0]


def _epochs(settings, parameters, velocity, chains, orders, rates, keys):
    """Train for some epochs; parameters, velocity and persistent chains change in place.

    velocity : Parameters, or arrays of size 0; chains : uint32 (n_visible_words, n_chains); orders
    : int64 (n_epochs, n_samples), the order of the samples in each epoch, or of size 0; rates :
    float64 (n_epochs,); keys : uint32 (n_layers, 2). Returns the number of wrong bits in each
    epoch, int64 (n_epochs,).
    """
    batch_size, (n_words, n_samples) = settings.batch_size, settings.words.shape
    n_hidden_words = (parameters.weights.shape[1] + UNITS_PER_WORD - 1) // UNITS_PER_WORD
    n_visible, n_hidden = UNITS_PER_WORD * n_words, UNITS_PER_WORD * n_hidden_words
    n_samples_at_once = max(batch_size, chains.shape[1])
    n_parts = max(1, (n_samples_at_once + SAMPLES_PER_PART // 2) // SAMPLES_PER_PART)
    machine = _FullWords(
        _rows(n_visible * n_hidden_words).reshape(n_visible, n_hidden),
        _rows(n_hidden * n_words).reshape(n_hidden, n_visible),
        np.full(n_visible, OFF, dtype=np.float32),
        np.full(n_hidden, OFF, dtype=np.float32),
    )
    machine.down[:], machine.up[:] = 0.0, 0.0
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
            samples = np.arange(start, min(start + batch_size, n_samples))
            if orders.size:
                samples = orders[epoch][samples]
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
                return wrong.sum(axis=1)
            rate = rates[epoch]
            for k in range(3):
                shrinkage, decay = (settings.shrinkage, settings.decay) if k == 0 else (0.0, 0.0)
                _climb(
                    parameters[k], gradients[k][0], velocity[k], masks[k],
                    rate, settings.momentum, rate * shrinkage, rate * decay,
                )  # fmt: skip
    return wrong.sum(axis=1)


epochs = compiled(_epochs, **_kernel)
parallel_epochs = compiled(_epochs, name="parallel_epochs", parallel=True, **_kernel)
