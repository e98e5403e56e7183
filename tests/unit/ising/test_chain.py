import math

import numpy as np
import oracles
import pytest

from rgrbm.ising import (
    bits_to_spins,
    boltzmann_probabilities,
    chain_energy,
    enumerate_spins,
    exact_log_partition,
    spins_to_bits,
    state_index,
)


@pytest.mark.parametrize("n_sites", [1, 2, 3, 6])
@pytest.mark.parametrize(("coupling", "field"), [(0, 0), (0.7, 0), (-1.3, 0.4), (2.0, -3.0)])
def test_the_ring_by_plain_loops(n_sites, coupling, field):
    states = oracles.spins(n_sites)
    energies = [oracles.ring_energy(state, coupling, field) for state in states]
    np.testing.assert_allclose(chain_energy(states, coupling, field), energies, atol=1e-13)
    np.testing.assert_array_equal(enumerate_spins(n_sites), states)
    law, log_partition = oracles.ring_law(n_sites, coupling, field)
    assert exact_log_partition(n_sites, coupling, field) == pytest.approx(log_partition)
    np.testing.assert_allclose(boltzmann_probabilities(n_sites, coupling, field), law, rtol=1e-12)


def test_a_ring_of_two_counts_its_bond_twice():
    assert chain_energy([1, 1], 1.0) == -2
    assert chain_energy([1], 1.0, 0.5) == -1.5


def test_energies_of_long_rings_do_not_wrap_around():
    assert chain_energy(np.ones(1000, dtype=np.int8), 1.0, 1.0) == -2000


@pytest.mark.parametrize("coupling", [1e10, 1e13, 1e17])
def test_probabilities_of_frozen_rings_add_up_to_one(coupling):
    assert boltzmann_probabilities(4, coupling).sum() == pytest.approx(1, rel=1e-14, abs=0)


@pytest.mark.parametrize("function", [spins_to_bits, lambda spins: chain_energy(spins, 1.0)])
def test_truth_values_are_no_spins(function):
    with pytest.raises(TypeError, match="spins must be spins -1 and 1, got truth values"):
        function([[True, True]])


def test_huge_couplings_do_not_overflow():
    assert chain_energy([1, 1], 10**30) == -2e30
    assert exact_log_partition(4, 500.0) == pytest.approx(2000 + math.log(2))
    np.testing.assert_allclose(boltzmann_probabilities(2, 500.0), [0.5, 0, 0, 0.5])


@pytest.mark.parametrize("wrong", [0, -1, 21])
def test_sizes_that_cannot_be_enumerated_are_refused(wrong):
    with pytest.raises(ValueError, match=f"n_sites must be at (least 1|most 20).*got {wrong}"):
        enumerate_spins(wrong)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e101])
@pytest.mark.parametrize("name", ["coupling", "field"])
def test_numbers_that_are_not_finite_are_refused(name, wrong):
    with pytest.raises(ValueError, match=f"{name} must be finite"):
        chain_energy([1, -1], **{"coupling": 1.0, name: wrong})


def test_wrong_states_and_numbers_are_refused():
    with pytest.raises(ValueError, match="spins must hold only -1 and 1, got 0"):
        chain_energy([1, 0], 1.0)
    with pytest.raises(ValueError, match=r"spins must have the shape \(\.\.\., n >= 1\)"):
        chain_energy(np.empty((3, 0)), 1.0)
    with pytest.raises(ValueError, match="coupling must be a single number"):
        chain_energy([1, 1], [1.0, 2.0])
    with pytest.raises(TypeError, match=r"n_sites must be an integer, got 2\.0"):
        exact_log_partition(2.0, 1.0)
    with pytest.raises(TypeError, match="field must be an array of real numbers"):
        boltzmann_probabilities(2, 1.0, "up")


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


@pytest.mark.parametrize("n_sites", [1, 2, 5])
def test_states_are_found_in_their_list(n_sites):
    spins = enumerate_spins(n_sites)
    numbers = np.arange(2**n_sites)
    np.testing.assert_array_equal(state_index(spins), numbers)
    np.testing.assert_array_equal(state_index(spins_to_bits(spins)), numbers)
    np.testing.assert_array_equal(state_index(spins > 0), numbers)
    assert state_index(spins.reshape(2, -1, n_sites)).shape == (2, 2 ** (n_sites - 1))


def test_the_index_of_a_long_state_does_not_wrap_around():
    assert state_index([1] * 62) == 2**62 - 1
    with pytest.raises(ValueError, match="states must have at most 62 sites, got 63"):
        state_index([1] * 63)
    np.testing.assert_array_equal(state_index(np.ones((63, 1))), 1)
    with pytest.raises(ValueError, match="states must have at most 62 sites, got 63"):
        state_index(np.ones((2, 63)))


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ([0, -1], "states must hold only -1 and 1, got 0"),
        ([0, 2], "states must hold only 0 and 1, got 2"),
        ([[]], r"states must have the shape \(..., n >= 1\), got \(1, 0\)"),
        (1, "states must have the shape"),
    ],
)
def test_what_is_no_state_has_no_index(states, message):
    with pytest.raises(ValueError, match=message):
        state_index(states)
