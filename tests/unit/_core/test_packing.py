"""Spins and bits in machine words: packed, in their places, and unpacked again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rgrbm._core import packing
from rgrbm._core.packing import (
    CHAINS_PER_WORD,
    UNITS_PER_WORD,
    pack_chains,
    pack_units,
    unpack_chains,
    unpack_units,
)

few = settings(deadline=None, derandomize=True, max_examples=100, database=None)
SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=150)
bits = arrays(np.uint8, SHAPES, elements=st.integers(0, 1), fill=st.integers(0, 1))


@few
@given(bits)
def test_units_are_packed_sample_by_sample(states):
    n_samples, n_units = states.shape
    words = pack_units(states)
    assert words.dtype == np.uint32
    assert words.shape == (-(-n_units // UNITS_PER_WORD), n_samples)
    for sample, state in enumerate(states.tolist()):
        number = sum(bit << unit for unit, bit in enumerate(state))
        assert number == sum(
            int(word) << UNITS_PER_WORD * group for group, word in enumerate(words[:, sample])
        )
    unpacked = unpack_units(words, n_units)
    assert unpacked.dtype == np.float64
    np.testing.assert_array_equal(unpacked, states)


@few
@given(bits)
def test_chains_are_packed_site_by_site(up):
    n_chains, n_sites = up.shape
    spins = 2 * up.astype(np.int8) - 1
    words = pack_chains(spins)
    assert words.dtype == np.uint64
    assert words.shape == (-(-n_chains // CHAINS_PER_WORD), n_sites)
    for site, column in enumerate(up.T.tolist()):
        number = sum(bit << chain for chain, bit in enumerate(column))
        assert number == sum(
            int(word) << CHAINS_PER_WORD * group for group, word in enumerate(words[:, site])
        )
    unpacked = unpack_chains(words, n_chains)
    assert unpacked.dtype == np.int8
    np.testing.assert_array_equal(unpacked, spins)


def test_no_states_are_no_words():
    words = pack_units(np.empty((0, 40)))
    assert words.shape == (2, 0)
    assert unpack_units(words, 40).shape == (0, 40)


def test_blocks_cover_a_table_once():
    for shape in [(1, 1), (5, 3), (3, 40), (40, 3), (1, 100)]:
        for size in [1, 2, 7, 64, 1000]:
            seen = np.zeros(shape, dtype=int)
            for block in packing.blocks(shape, size):
                assert 0 < seen[block].size <= size
                seen[block] += 1
            assert (seen == 1).all()


@pytest.mark.parametrize("shape", [(64 * 7 + 5, 3), (130, 70), (3, 200)])
def test_many_chains_are_packed_block_by_block(monkeypatch, shape):
    rng = np.random.default_rng(0)
    spins = rng.choice(np.array([-1, 1], dtype=np.int8), size=shape)
    words = pack_chains(spins)
    for most in [64, 64 * 20, 64 * shape[1] * 2]:
        monkeypatch.setattr(packing, "SPINS_AT_ONCE", most)
        np.testing.assert_array_equal(pack_chains(spins), words)
        np.testing.assert_array_equal(unpack_chains(words, len(spins)), spins)
