"""Spins and bits in machine words."""

import numpy as np

CHAINS_PER_WORD = 64  # of a sampler: bit k of a word is the spin of chain k
UNITS_PER_WORD = 32  # of a machine: bit k of a word is unit k
SPINS_AT_ONCE = 2**22  # between two chances for Ctrl-C: some 20 ms


def pack_chains(spins):
    """Pack spins of the shape (n_chains, n_sites) into uint64 (n_words, n_sites), 1 for +1.

    The last word is filled up with -1.
    """
    n_chains, n_sites = spins.shape
    words = np.empty((-(-n_chains // CHAINS_PER_WORD), n_sites), dtype=np.uint64)
    for rows, sites in blocks(words.shape, SPINS_AT_ONCE // CHAINS_PER_WORD):
        block = words[rows, sites]
        chains = spins[_chains(rows), sites]
        bits = np.zeros((len(block), CHAINS_PER_WORD, block.shape[1]), dtype=np.uint8)
        bits.reshape(-1, block.shape[1])[: len(chains)] = chains > 0
        bits = np.ascontiguousarray(bits.transpose(0, 2, 1))
        block[:] = np.packbits(bits, axis=-1, bitorder="little").view("<u8")[..., 0]
    return words


def unpack_chains(words, n_chains):
    """Undo `pack_chains`, as int8 (n_chains, n_sites)."""
    spins = np.empty((n_chains, words.shape[1]), dtype=np.int8)
    for rows, sites in blocks(words.shape, SPINS_AT_ONCE // CHAINS_PER_WORD):
        block = words[rows, sites]
        chains = spins[_chains(rows), sites]
        octets = block.astype("<u8")[..., None].view(np.uint8)
        bits = np.unpackbits(octets, axis=-1, bitorder="little").transpose(0, 2, 1)
        chains[:] = bits.reshape(-1, block.shape[1])[: len(chains)]
        chains *= 2
        chains -= 1
    return spins


def blocks(shape, size):
    """Pairs of slices that cut a table into blocks of at most `size` entries, row by row."""
    n_rows, n_columns = shape
    width = min(n_columns, size)
    height = size // width
    return [
        (slice(top, top + height), slice(left, left + width))
        for top in range(0, n_rows, height)
        for left in range(0, n_columns, width)
    ]


def _chains(words):
    return slice(CHAINS_PER_WORD * words.start, CHAINS_PER_WORD * words.stop)


def pack_units(states):
    """Pack bits of the shape (n_samples, n_units) into uint32 (n_words, n_samples)."""
    n_samples, n_units = states.shape
    n_filled = -(-n_units // UNITS_PER_WORD) * UNITS_PER_WORD
    filled = np.zeros((n_samples, n_filled), dtype=np.uint8)
    filled[:, :n_units] = states
    packed = np.packbits(filled, axis=1, bitorder="little").view("<u4")
    return np.ascontiguousarray(packed.T, dtype=np.uint32)


def unpack_units(packed, n_units):
    """Undo `pack_units`, as float64."""
    octets = np.ascontiguousarray(packed.T, dtype="<u4").view(np.uint8)
    return np.unpackbits(octets, axis=1, bitorder="little", count=n_units).astype(np.float64)
