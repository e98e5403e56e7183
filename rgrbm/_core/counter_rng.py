"""Random numbers that are hashes of a counter.

A draw is a function of a seed, of how many layers were drawn before, and of the unit's place in its
layer. So there is no state to pass on or to store, and the order of the work does not matter.
"""

import numpy as np

from rgrbm._core.packing import UNITS_PER_WORD  # units are counted in groups, sample by sample

STEP = 0x9E3779B9  # 2**32 / golden ratio, odd: successive counters lie far apart
# Multipliers of a 32-bit mixer with little bias (C. Wellons, "lowbias32", 2018).
FIRST, SECOND = 0x21F0AAAD, 0x735A2D97


def keys(seed, first_layer, n_layers):
    """Hash a seed and the numbers of layers into keys, uint32 (n_layers, 2)."""
    layer = np.arange(first_layer, first_layer + n_layers, dtype=np.uint64)
    z = np.uint64(seed) + layer * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)  # SplitMix64
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    halves = [z >> np.uint64(32), z & np.uint64(0xFFFFFFFF)]
    return np.stack(halves, axis=1).astype(np.uint32)


def uniforms(key, n_samples, n_units, first=0, stop=None):
    """Return numbers between 0 and 1, odd multiples of 2**-24, float64 (n_samples, n_units).

    Or only those of the samples from `first` to before `stop`.
    """
    unit = np.arange(n_units)
    sample = np.arange(first, n_samples if stop is None else stop)[:, None]
    counter = (unit // UNITS_PER_WORD * n_samples + sample) * UNITS_PER_WORD + unit % UNITS_PER_WORD
    low, high = key
    x = counter.astype(np.uint32) * np.uint32(STEP) + low
    x = (x ^ (x >> np.uint32(16))) * np.uint32(FIRST) ^ high
    x = (x ^ (x >> np.uint32(15))) * np.uint32(SECOND)
    x ^= x >> np.uint32(15)
    return ((x >> np.uint32(9)) + 0.5) * 2.0**-23
