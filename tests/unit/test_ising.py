import numpy as np
import pytest

from rgrbm.ising import bits_to_spins, spins_to_bits


def test_spins_and_bits_are_inverse_to_each_other():
    spins = np.array([[-1, 1, 1], [1, -1, -1]], dtype=np.int8)
    bits = spins_to_bits(spins)
    np.testing.assert_array_equal(bits, [[0, 1, 1], [1, 0, 0]])
    assert bits.dtype == np.uint8
    back = bits_to_spins(bits)
    np.testing.assert_array_equal(back, spins)
    assert back.dtype == np.int8


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_bits_of_every_type_convert(dtype):
    np.testing.assert_array_equal(bits_to_spins(np.array([0, 1], dtype=dtype)), [-1, 1])


def test_empty_and_scalar_arrays_keep_their_shape():
    assert spins_to_bits(np.empty((0, 3))).shape == (0, 3)
    assert bits_to_spins(1) == 1


@pytest.mark.parametrize("wrong", [[0, 1], [2], [np.nan, 1.0], [np.inf], [-1, 0.5]])
def test_what_is_no_spin_is_refused(wrong):
    with pytest.raises(ValueError, match="spins must hold only -1 and 1"):
        spins_to_bits(wrong)


@pytest.mark.parametrize("wrong", [[-1, 1], [2], [np.nan], [255], [0.5]])
def test_what_is_no_bit_is_refused(wrong):
    with pytest.raises(ValueError, match="bits must hold only 0 and 1"):
        bits_to_spins(wrong)


@pytest.mark.parametrize("wrong", [["a"], None, [1 + 0j], [object()]])
def test_what_is_no_number_is_refused(wrong):
    with pytest.raises(TypeError, match="spins must be an array of real numbers"):
        spins_to_bits(wrong)


def test_a_ragged_array_is_refused():
    with pytest.raises(ValueError, match="spins must be a rectangular array"):
        spins_to_bits([[1], [1, -1]])
