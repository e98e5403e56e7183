"""Tensor renormalization of the square lattice against enumeration, Kaufman and known exponents."""

import math

import numpy as np
import pytest

from rgrbm.tensor import hotrg, scaling_dimensions, square, square_tensor, trg
from rgrbm.transfer_matrix import onsager_free_energy, torus_log_partition

CRITICAL = math.asinh(1) / 2
pytestmark = pytest.mark.filterwarnings("error")
METHODS = pytest.mark.parametrize("method", [trg, hotrg])


@pytest.mark.parametrize("coupling", [0.0, 0.3, CRITICAL, 1.2])
def test_tensors_on_a_torus_make_the_partition_function(coupling):
    tensor = square_tensor(coupling)
    # Two sites a side: legs to the right and left of each row, and up and down of each column.
    a = b = c = d = tensor
    # Upper row u l d r: (p i q j)(r j s i); lower row: (q k p m)(s m r k).
    found = np.einsum("piqj,rjsi,qkpm,smrk->", a, b, c, d)
    assert np.log(found) == pytest.approx(torus_log_partition(2, coupling), rel=1e-14)


def test_each_leg_has_its_neighbour():
    # A ladder of unequal sides tells up from left: two columns, three rows.
    tensor = square_tensor(0.6)
    column = np.einsum("aibj,bkcl,cman->ikmjln", tensor, tensor, tensor)
    found = np.einsum("ikmjln,jlnikm->", column, column)
    assert np.log(found) == pytest.approx(torus_log_partition(2, 0.6, n_rows=3), rel=1e-14)


@METHODS
@pytest.mark.parametrize("coupling", [0.1, 0.3, CRITICAL, 0.6, 1.5])
def test_a_bond_that_is_large_enough_is_exact(method, coupling):
    found = method(coupling, 16, 2).log_partition * [1, 4, 16]
    exact = [math.log(2) + 2 * coupling, *(torus_log_partition(n, coupling) for n in (2, 4))]
    np.testing.assert_allclose(found, exact, rtol=1e-12)


@METHODS
@pytest.mark.parametrize(("coupling", "seen"), [(0.3, 4e-5), (CRITICAL, 1.2e-4), (0.6, 3e-5)])
def test_every_size_is_near_kaufman(method, coupling, seen):
    found = method(coupling, 8, 7).log_partition
    exact = [torus_log_partition(2**n, coupling) / 4**n for n in range(1, 8)]
    np.testing.assert_allclose(found[1:], exact, rtol=2 * seen)


@METHODS
def test_a_larger_bond_is_better(method):
    exact = -onsager_free_energy(CRITICAL)
    bonds = (2, 4, 8, 12)
    error = [abs(method(CRITICAL, bond, 16).log_partition[-1] / exact - 1) for bond in bonds]
    assert error == sorted(error, reverse=True)
    assert error[-1] < 2e-5 < 1e-3 < error[0]


@METHODS
def test_the_critical_tensor_has_the_scaling_dimensions_of_the_ising_model(method):
    found = scaling_dimensions(method(CRITICAL, 12, 5).tensor, 3)
    assert found[0] == 0
    assert found[1] == pytest.approx(1 / 8, abs=0.005)
    assert found[2] == pytest.approx(1, abs=0.08)


@pytest.mark.slow
def test_with_a_bond_of_24_the_dimensions_are_good_to_one_percent():
    spin, energy = scaling_dimensions(trg(CRITICAL, 24, 5).tensor, 3)[1:]
    assert spin == pytest.approx(1 / 8, abs=0.002)
    assert energy == pytest.approx(1, abs=0.03)


@METHODS
def test_away_from_the_critical_coupling_the_tensor_forgets(method):
    # One phase leaves one eigenvalue, two phases leave two equal ones.
    for coupling, share in ((0.3, 0), (0.6, 1)):
        joined = np.einsum("uldl->ud", method(coupling, 8, 10).tensor)
        sizes = np.sort(np.abs(np.linalg.eigvals(joined)))[::-1] / np.abs(joined).max()
        assert sizes[1] / sizes[0] == pytest.approx(share, abs=1e-9)


def test_dimensions_of_a_made_up_tensor():
    values = np.exp(-2 * np.pi * np.array([0.0, 0.25, 1.5]))
    tensor = np.einsum("ud,l,r->uldr", np.diag(values), [1.0], [1.0])
    np.testing.assert_allclose(scaling_dimensions(tensor, 3), [0.0, 0.25, 1.5], atol=1e-14)
    with pytest.raises(ValueError, match="n_dimensions must be at most 2"):
        scaling_dimensions(np.einsum("ud,l,r->uldr", np.diag([1.0, 0.5, -2.0]), [1], [1]), 3)
    with pytest.raises(ValueError, match="n_dimensions must be at most 1"):
        scaling_dimensions(np.einsum("ud,l,r->uldr", np.diag([1.0, 0.0]), [1], [1]), 2)
    with pytest.raises(ValueError, match="opposite legs"):
        scaling_dimensions(np.ones((2, 3, 4, 3)), 1)


@METHODS
@pytest.mark.parametrize("coupling", [0.0, 1e-12, 0.44, 5.0, 300.0])
def test_any_coupling_and_bond_give_a_finite_result(method, coupling):
    per_site = -onsager_free_energy(coupling)
    for bond in range(1, 8):
        found = method(coupling, bond, 30).log_partition
        assert np.isfinite(found).all()
        # With one value a leg, all that is left is an uncoupled tensor.
        assert found[-1] == pytest.approx(per_site, rel=0.05 if bond == 1 else 0.005)


@pytest.mark.parametrize("unit", [1e-20, 1.0, 1e20])
def test_what_is_cut_off_is_rounding_whatever_the_unit(unit):
    rng = np.random.default_rng(0)
    parts = rng.normal(size=(2, 3, 3, 4))  # p, q or s, t, and the four values between them
    tensor = unit * np.einsum("pqa,sta->pqst", *parts)
    left, right = square._cut(tensor, 9)
    assert left.shape == right.shape == (3, 3, 4)
    np.testing.assert_allclose(np.einsum("pqa,sta->pqst", left, right) / unit, tensor / unit)


@pytest.mark.parametrize("turned", [False, True])
def test_of_the_two_sides_of_a_pair_the_one_that_loses_less_is_taken(turned):
    rng = np.random.default_rng(0)
    # To the left each tensor has one vector, to the right anything: one value is enough there.
    tensor = np.einsum("l,udr->uldr", rng.random(3), rng.random((2, 2, 3)))
    if turned:
        tensor = tensor.transpose(0, 3, 2, 1)
    pair = np.einsum("ulil,imum->", tensor, tensor)
    found = square._join_and_turn(tensor, 1)
    assert found.shape == (1, 2, 1, 2)
    assert np.einsum("abab", found) == pytest.approx(pair, rel=1e-12)
