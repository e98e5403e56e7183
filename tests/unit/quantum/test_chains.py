"""The quantum Ising ring: free fermions against plain matrices and against Lanczos."""

import numpy as np
import pytest
from oracles import spins as all_spins

from rgrbm.ising import enumerate_spins
from rgrbm.quantum import (
    ising_chain_correlations,
    ising_chain_ground_energy,
    ising_chain_ground_state,
    ising_chain_hamiltonian,
)


def plain_hamiltonian(n_sites, field):
    """Kronecker products of Pauli matrices; spins -1 come first."""
    one, z, x = np.eye(2), np.diag([-1.0, 1.0]), np.array([[0.0, 1.0], [1.0, 0.0]])

    def product(factors):
        found = np.eye(1)
        for site in range(n_sites):
            found = np.kron(found, factors.get(site, one))
        return found

    bonds = sum(product({i: z, (i + 1) % n_sites: z}) for i in range(n_sites))
    return -bonds - field * sum(product({i: x}) for i in range(n_sites))


@pytest.mark.parametrize("field", [-0.5, 0.0, 1.0])
@pytest.mark.parametrize("n_sites", [3, 4, 6])
def test_the_hamiltonian_is_that_of_pauli_matrices(n_sites, field):
    found = ising_chain_hamiltonian(n_sites, field).toarray()
    np.testing.assert_array_equal(found, plain_hamiltonian(n_sites, field))


@pytest.mark.parametrize("field", [-2.0, -0.5, 0.0, 0.25, 1.0, 1.5])
@pytest.mark.parametrize("n_sites", [3, 4, 5, 8])
def test_fermions_are_the_lowest_level(n_sites, field):
    lowest = np.linalg.eigvalsh(plain_hamiltonian(n_sites, field))[0]
    assert ising_chain_ground_energy(n_sites, field) == pytest.approx(lowest, abs=1e-12)


@pytest.mark.parametrize("field", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("n_sites", [7, 12])
def test_lanczos_is_the_fermions(n_sites, field):
    energy, amplitudes = ising_chain_ground_state(n_sites, field)
    assert energy == pytest.approx(ising_chain_ground_energy(n_sites, field), rel=1e-12)
    assert (amplitudes > 0).all()
    assert amplitudes @ amplitudes == pytest.approx(1, abs=1e-12)
    moved = ising_chain_hamiltonian(n_sites, field) @ amplitudes
    np.testing.assert_allclose(moved, energy * amplitudes, atol=1e-10)
    spins = enumerate_spins(n_sites)
    products = [spins[:, 0] * spins[:, r] for r in range(n_sites // 2 + 1)]
    exact = np.array(products) @ amplitudes**2
    np.testing.assert_allclose(ising_chain_correlations(n_sites, field), exact, atol=1e-11)


@pytest.mark.parametrize("field", [1e-3, 1e-8, 1e-25, 1e-300, 5e-324])
@pytest.mark.parametrize("n_sites", [3, 4, 5, 6, 9, 10])
def test_in_a_weak_field_it_is_both_ordered_states_and_always_the_same(n_sites, field):
    """One turned spin costs 4: perturbation theory. The other combination is as low, nearly."""
    energy, amplitudes = ising_chain_ground_state(n_sites, field)
    assert energy == pytest.approx(-n_sites * (1 + field**2 / 4), abs=1e-7)
    one_turned = np.abs(enumerate_spins(n_sites).sum(axis=1)) == n_sites - 2
    np.testing.assert_allclose(amplitudes[[0, -1]], np.sqrt(0.5), rtol=1e-5)
    np.testing.assert_allclose(amplitudes[one_turned], field / 4 / 2**0.5, rtol=5e-3, atol=1e-15)
    np.testing.assert_array_equal(amplitudes, amplitudes[::-1])
    np.testing.assert_array_equal(ising_chain_ground_state(n_sites, field)[1], amplitudes)


def test_all_energies_of_a_critical_ring():
    for n_sites in (3, 10, 21, 1000, 2**20):
        exact = -2 / np.sin(np.pi / 2 / n_sites)
        assert ising_chain_ground_energy(n_sites, 1.0) == pytest.approx(exact, rel=1e-12)


def test_slopes_of_the_energy_are_means():
    """The slope with the field is minus that of sigma^x, by exact amplitudes."""
    _, amplitudes = ising_chain_ground_state(8, 0.8)
    state = np.arange(256)
    across = sum(amplitudes @ amplitudes[state ^ (1 << site)] for site in range(8))
    slope = ising_chain_ground_energy(8, 0.8001) - ising_chain_ground_energy(8, 0.7999)
    assert slope / 2e-4 == pytest.approx(-across, rel=1e-6)


@pytest.mark.parametrize("n_sites", [3, 40, 41, 400])
def test_correlations_of_long_rings(n_sites):
    found = ising_chain_correlations(n_sites, 1.0)
    assert found.shape == (n_sites // 2 + 1,)
    energy = ising_chain_ground_energy(n_sites, 1.0)
    assert found[1] == pytest.approx(-energy / 2 / n_sites, rel=1e-10)
    assert (np.diff(found) <= 1e-12).all()
    ordered = ising_chain_correlations(n_sites, 0.0)
    np.testing.assert_allclose(ordered, 1, atol=1e-9)


def test_the_order_of_states_is_that_of_enumeration():
    np.testing.assert_array_equal(enumerate_spins(4), all_spins(4))
    diagonal = ising_chain_hamiltonian(4, 1.0).diagonal()
    energies = [-sum(s[i] * s[(i + 1) % 4] for i in range(4)) for s in all_spins(4)]
    np.testing.assert_array_equal(diagonal, energies)


def test_what_is_too_small_or_large_is_refused():
    for function, most in [
        (ising_chain_ground_energy, 2**20),
        (ising_chain_correlations, 400),
        (ising_chain_hamiltonian, 14),
        (ising_chain_ground_state, 14),
    ]:
        for n_sites in (2, most + 1):
            with pytest.raises(ValueError, match="n_sites"):
                function(n_sites, 1.0)
    assert ising_chain_hamiltonian(14, 1.0).shape == (2**14, 2**14)
    with pytest.raises(ValueError, match="field"):
        ising_chain_ground_state(4, 0.0)
