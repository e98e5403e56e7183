"""Contrastive divergence for machines of bits, 32 units at a time.

Three things make it fast. *Bits are looked up*: what 32 units send through their weights is the
sum of eight rows, one for each four units, from tables of the 16 sums that four weights can have.
*Gradients are sorted*: a row of hidden probabilities is added to one of 16 bins for each four
visible units, and the bins are summed when all samples are in. *Random numbers are hashes* of a
counter (`rgrbm._counters`): a draw does not depend on who computes it, or in which order.

A machine with ``n`` units in a layer has ``ceil(n / 32)`` words of units there; the units that fill
up the last word have no weights, and a bias that keeps them off. Arrays of the kernels:

==============  =======  =============================================================
``words``       uint32   (n_words, n_samples): bit k of word g is unit 32 g + k
``down``        float32  (32 n_visible_words, 32 n_hidden_words): the weights, filled up
``up``          float32  the same, transposed
``hidden``      float32  (n_hidden_words, n_samples, 32): inputs, then probabilities
``keys``        uint32   (n_layers, 2): one key for each layer that is drawn
==============  =======  =============================================================

Parameters are float64; inputs, probabilities and their sums are float32, and means of
them good to some 1e-5. The
plain version, with matrices, is in `rgrbm._training_steps`.
"""

import math

import numpy as np
from numba import float32, int32, prange, uint32, uint64

from rgrbm._core.counter_rng import FIRST, SECOND, STEP
from rgrbm._core.jit import compiled
from rgrbm._core.packing import UNITS_PER_WORD
from rgrbm._core.rows import add, as_float, below, count, load, scale, spread, store, zeros

OFF = -1e30  # a bias that keeps a unit off
CHUNK = 64  # samples whose random numbers are made at a time: they stay in the first-level cache
PART = 512  # samples that one thread works on, about; the parts do not depend on the threads

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
def _probabilities(words, weights, bias, table, out):
    """Set `out`, (n_blocks, n_samples, 32), to the probabilities of units given the others."""
    for block in range(out.shape[0]):
        _inputs(words, weights, bias, block, table, out[block])
    _squash(out.reshape(out.size))


@compiled(**_kernel)
def _draw(probabilities, key, first, random, word):
    """Draw the bits of 32 units; `first` counts the numbers drawn before, in this layer."""
    n_samples = probabilities.shape[0]
    for start in range(0, n_samples, CHUNK):
        stop = min(start + CHUNK, n_samples)
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
def _products(batch, data, data_weight, chains, model, model_weight, gradient, bins, sums):
    """Set `gradient` to the weighted sums of v h over data and chains."""
    for block in range(data.shape[0]):
        for g in range(batch.shape[0]):
            for k in range(128):
                store(bins, uint64(k), zeros())
            _sort_into(bins, batch, g, data[block], data_weight)
            _sort_into(bins, chains, g, model[block], model_weight)
            _sum_bins(bins, sums)
            gradient[
                UNITS_PER_WORD * g : UNITS_PER_WORD * (g + 1),
                UNITS_PER_WORD * block : UNITS_PER_WORD * (block + 1),
            ] = sums


@compiled(**_kernel)
def _add_means(words, hidden, weight, visible_gradient, hidden_gradient, row):
    """Add the weighted sums of v and h to the gradients of the biases."""
    n_words, n_samples = words.shape
    for g in range(n_words):
        total = zeros()
        for s in range(n_samples):
            total = add(total, spread(words[g, s]))
        store(row, uint64(0), total)
        for k in range(UNITS_PER_WORD):
            visible_gradient[UNITS_PER_WORD * g + k] += weight * row[k]
    for block in range(hidden.shape[0]):
        total = zeros()
        for s in range(n_samples):
            total = add(total, load(hidden[block], uint64(s)))
        store(row, uint64(0), total)
        for k in range(UNITS_PER_WORD):
            hidden_gradient[UNITS_PER_WORD * block + k] += weight * row[k]


@compiled(**_kernel)
def _moments(
    batch, chains, first, first_chain, n_batch, n_chains, n_gibbs, persistent, keys,
    down, up, visible_bias, hidden_bias, gradient, visible_gradient, hidden_gradient,
):  # fmt: skip
    """Set the gradient of some samples of a batch and some chains; return the number of wrong bits.

    batch, chains : words of these samples and of these chains; the chains move. They are the
    numbers `first` and `first_chain` of `n_batch` and `n_chains` in all.
    """
    n_hidden_words, n_samples = hidden_bias.size // UNITS_PER_WORD, batch.shape[1]
    table = _rows(128)
    sums = _rows(UNITS_PER_WORD)
    row = _rows(1)[0]
    data = _rows(n_hidden_words * n_samples).reshape(n_hidden_words, n_samples, UNITS_PER_WORD)
    _probabilities(batch, down, hidden_bias, table, data)
    _add_means(batch, data, 1.0 / n_batch, visible_gradient, hidden_gradient, row)

    n_walkers = chains.shape[1]
    random = _rows(CHUNK).reshape(CHUNK * UNITS_PER_WORD)
    inputs = _rows(n_walkers)
    words = np.empty((n_hidden_words, n_walkers), dtype=np.uint32)
    n_wrong = 0
    model = _rows(n_hidden_words * n_walkers).reshape(n_hidden_words, n_walkers, UNITS_PER_WORD)
    if persistent:
        _probabilities(chains, down, hidden_bias, table, model)
    else:
        model[:] = data
    for step in range(n_gibbs):
        for block in range(n_hidden_words):
            place = UNITS_PER_WORD * (block * n_chains + first_chain)
            _draw(model[block], keys[2 * step], place, random, words[block])
        for block in range(chains.shape[0]):
            _inputs(words, up, visible_bias, block, table, inputs)
            _squash(inputs.reshape(inputs.size))
            place = UNITS_PER_WORD * (block * n_chains + first_chain)
            _draw(inputs, keys[2 * step + 1], place, random, chains[block])
        if step == 0 and not persistent:
            for g in range(batch.shape[0]):
                for s in range(n_samples):
                    n_wrong += count(batch[g, s] ^ chains[g, s])
        _probabilities(chains, down, hidden_bias, table, model)
    _products(
        batch, data, np.float32(1.0 / n_batch), chains, model, np.float32(-1.0 / n_chains),
        gradient, table, sums,
    )  # fmt: skip
    _add_means(chains, model, -1.0 / n_chains, visible_gradient, hidden_gradient, row)
    return n_wrong


@compiled(**_kernel)
def _climb(parameters, gradients, velocity, rate, momentum, threshold, mask):
    """Move parameters, (rows, columns), up the sum of the parts of their gradient."""
    n_rows, n_columns = parameters.shape
    for i in range(n_rows):
        for part in range(1, gradients.shape[0]):
            for j in range(n_columns):
                gradients[0, i, j] += gradients[part, i, j]
        for j in range(n_columns):
            direction = gradients[0, i, j]
            if mask.size:
                direction *= mask[i, j]
            if velocity.size:
                direction += momentum * velocity[i, j]
                velocity[i, j] = direction
            moved = parameters[i, j] + rate * direction
            shrunk = max(abs(moved) - threshold, 0.0)
            parameters[i, j] = math.copysign(shrunk, moved) if threshold > 0 else moved


@compiled(**_kernel)
def _fill_up(weights, visible_bias, hidden_bias, down, up, visible_start, hidden_start):
    """Copy the parameters to float32 arrays of full words, in both orders."""
    n_visible, n_hidden = weights.shape
    for i in range(n_visible):
        source, target = weights[i], down[i]
        for j in range(n_hidden):
            target[j] = source[j]
    for top in range(
        0, down.shape[0], UNITS_PER_WORD
    ):  # tile by tile: both orders stay in the cache
        for left in range(0, down.shape[1], UNITS_PER_WORD):
            tile = down[top : top + UNITS_PER_WORD, left : left + UNITS_PER_WORD]
            turned = up[left : left + UNITS_PER_WORD, top : top + UNITS_PER_WORD]
            for j in range(UNITS_PER_WORD):
                for i in range(UNITS_PER_WORD):
                    turned[j, i] = tile[i, j]
    visible_start[:n_visible] = visible_bias[0]
    hidden_start[:n_hidden] = hidden_bias[0]


def _epochs(
    words, orders, rates, keys, chains, batch_size, n_gibbs, persistent,
    weights, visible_bias, hidden_bias, velocities, mask, momentum, penalty,
):  # fmt: skip
    """Train for some epochs; parameters, velocities and persistent chains change in place.

    words : uint32 (n_visible_words, n_samples); orders : int64 (n_epochs, n_samples), the order of
    the samples in each epoch, or of size 0; rates : float64 (n_epochs,); keys : uint32 (n_layers,
    2); chains : uint32 (n_visible_words, n_chains); weights : float64 (n_visible, n_hidden);
    visible_bias, hidden_bias : float64 (1, n_units); velocities : three arrays like these, or of
    size 0; mask : float64 like the weights, or of size 0. Returns the number of wrong bits in each
    epoch, int64 (n_epochs,).
    """
    n_words, n_samples = words.shape
    n_hidden_words = (weights.shape[1] + UNITS_PER_WORD - 1) // UNITS_PER_WORD
    n_parts = max(1, (max(batch_size, chains.shape[1] if persistent else 0) + PART // 2) // PART)
    down = _rows(UNITS_PER_WORD * n_words * n_hidden_words).reshape(
        -1, UNITS_PER_WORD * n_hidden_words
    )
    up = _rows(UNITS_PER_WORD * n_words * n_hidden_words).reshape(-1, UNITS_PER_WORD * n_words)
    down[:], up[:] = 0.0, 0.0
    visible_start = np.full(UNITS_PER_WORD * n_words, OFF, dtype=np.float32)
    hidden_start = np.full(UNITS_PER_WORD * n_hidden_words, OFF, dtype=np.float32)
    gradients = np.empty((n_parts, UNITS_PER_WORD * n_words, UNITS_PER_WORD * n_hidden_words))
    visible_gradients = np.empty((n_parts, 1, UNITS_PER_WORD * n_words))
    hidden_gradients = np.empty((n_parts, 1, UNITS_PER_WORD * n_hidden_words))
    empty = np.empty((0, 0))
    wrong = np.zeros((len(rates), n_parts), dtype=np.int64)
    draw = 0
    for epoch in range(len(rates)):
        for start in range(0, n_samples, batch_size):
            stop = min(start + batch_size, n_samples)
            n_batch = stop - start
            n_chains = chains.shape[1] if persistent else n_batch
            _fill_up(weights, visible_bias, hidden_bias, down, up, visible_start, hidden_start)
            update_keys = keys[draw : draw + 2 * n_gibbs]
            draw += 2 * n_gibbs
            for part in prange(n_parts):
                visible_gradients[part] = 0.0
                hidden_gradients[part] = 0.0
                low, high = part * n_batch // n_parts, (part + 1) * n_batch // n_parts
                batch = np.empty((n_words, high - low), dtype=np.uint32)
                for s in range(high - low):
                    sample = start + low + s
                    if orders.size:
                        sample = orders[epoch, sample]
                    for g in range(n_words):
                        batch[g, s] = words[g, sample]
                first, last = part * n_chains // n_parts, (part + 1) * n_chains // n_parts
                walkers = np.empty((n_words, last - first), dtype=np.uint32)
                if persistent:
                    walkers[:] = chains[:, first:last]
                wrong[epoch, part] += _moments(
                    batch, walkers, low, first, n_batch, n_chains, n_gibbs, persistent,
                    update_keys, down, up, visible_start, hidden_start,
                    gradients[part], visible_gradients[part, 0], hidden_gradients[part, 0],
                )  # fmt: skip
                if persistent:
                    chains[:, first:last] = walkers
            _climb(
                weights,
                gradients,
                velocities[0],
                rates[epoch],
                momentum,
                rates[epoch] * penalty,
                mask,
            )
            _climb(
                visible_bias, visible_gradients, velocities[1], rates[epoch], momentum, 0.0, empty
            )
            _climb(hidden_bias, hidden_gradients, velocities[2], rates[epoch], momentum, 0.0, empty)
    return wrong.sum(axis=1)


epochs = compiled(_epochs, **_kernel)
parallel_epochs = compiled(_epochs, name="parallel_epochs", parallel=True, **_kernel)
