"""Spins and bits in machine words."""

import numpy as np

CHAINS_PER_WORD = 64  # of a sampler: bit k of a word is the spin of chain k
UNITS_PER_WORD = 32  # of a machine: bit k of a word is unit k


def pack_chains(spins):
    """Pack spins of the shape (n_chains, n_sites) into uint64 (n_words, n_sites), 1 for +1.

    The last word is filled up with -1.
    """
    n_chains, n_sites = spins.shape
    bits = np.zeros((-(-n_chains // CHAINS_PER_WORD), CHAINS_PER_WORD, n_sites), dtype=np.uint8)
    bits.reshape(-1, n_sites)[:n_chains] = spins > 0
    bits = np.ascontiguousarray(bits.transpose(0, 2, 1))
    return np.packbits(bits, axis=-1, bitorder="little").view("<u8")[..., 0].astype(np.uint64)


def unpack_chains(words, n_chains):
    """Undo `pack_chains`, as int8 (n_chains, n_sites)."""
    octets = words.astype("<u8")[..., None].view(np.uint8)
    bits = np.unpackbits(octets, axis=-1, bitorder="little").transpose(0, 2, 1)
    return 2 * bits.reshape(-1, words.shape[1])[:n_chains].astype(np.int8, order="C") - 1


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
