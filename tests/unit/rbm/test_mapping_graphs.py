"""Exact machines of any graph, and all couplings of a law, by enumeration."""

import numpy as np
import pytest

from rgrbm import ising
from rgrbm.rbm import bond_rbm, effective_couplings, exact_distribution, walsh_couplings


def torus_bonds(size):
    sites = np.arange(size**2).reshape(size, size)
    pairs = [np.stack([sites, np.roll(sites, -1, axis)], axis=-1) for axis in (0, 1)]
    return np.concatenate(pairs).reshape(-1, 2)


@pytest.mark.parametrize("coupling", [0.0, 0.44, 2.0, -0.6])
def test_the_torus_is_the_visible_law_of_its_bond_machine(coupling):
    rbm = bond_rbm(torus_bonds(3), coupling)
    assert (rbm.n_visible, rbm.n_hidden) == (9, 18)
    weights = np.exp(-ising.lattice_energy(ising.enumerate_lattice(3), coupling))
    np.testing.assert_allclose(exact_distribution(rbm), weights / weights.sum(), rtol=1e-10)


def test_each_bond_has_its_own_coupling():
    bonds, couplings = [[0, 1], [2, 1], [0, 2], [0, 1]], [0.3, -1.2, 1e-9, 0.5]
    found = effective_couplings(bond_rbm(bonds, couplings), "visible").value
    expected = [[0, 0.8, 1e-9], [0.8, 0, -1.2], [1e-9, -1.2, 0]]
    np.testing.assert_allclose(found, expected, atol=1e-14)
    np.testing.assert_allclose(
        effective_couplings(bond_rbm(bonds, couplings), "visible", 1).value, 0, atol=1e-14
    )


def test_weak_and_strong_bonds_keep_their_digits():
    for coupling in (1e-18, 1e-6, 100.0):
        weight = bond_rbm([[0, 1]], coupling).spin_parameters().weights[0, 0]
        # ln cosh(2 w) / 2, without cancellation
        back = np.log1p(2 * np.sinh(weight) ** 2) / 2 if weight < 300 else weight - np.log(2) / 2
        assert back == pytest.approx(coupling, rel=1e-9)


def test_wrong_graphs_are_refused():
    for bonds in ([[0, 0]], [[0, 1, 2]], [0, 1], [[0, -1]]):
        with pytest.raises(ValueError, match="bonds must"):
            bond_rbm(bonds, 0.5)
    assert bond_rbm([[0, 10**6 - 1]], 0.5).n_visible == 10**6
    with pytest.raises(ValueError, match="bonds must"):
        bond_rbm([[0, 10**6]], 0.5)
    for coupling in ([0.5, 0.5], 101.0, np.nan):
        with pytest.raises(ValueError, match="coupling must"):
            bond_rbm([[0, 1]], coupling)


def test_couplings_of_a_law_are_averages_over_all_states():
    spins = ising.enumerate_spins(5).astype(float)
    log_weights = np.random.default_rng(0).normal(size=32)
    found = walsh_couplings(log_weights)
    for bits in ising.spins_to_bits(ising.enumerate_spins(5)):
        product = spins[:, bits == 1].prod(axis=1)
        assert found[ising.state_index(bits)] == pytest.approx((log_weights * product).mean())


def test_all_other_couplings_of_the_bond_machine_vanish():
    bonds = torus_bonds(4)
    rbm = bond_rbm(bonds, 0.44)
    found = walsh_couplings(-rbm.free_energy(ising.spins_to_bits(ising.enumerate_spins(16))))
    expected = np.zeros(2**16)
    expected[(1 << (15 - bonds)).sum(axis=1)] = 0.44
    np.testing.assert_allclose(found[1:], expected[1:], atol=1e-12)


@pytest.mark.parametrize("n_weights", [1, 3, 6, 2**21])
def test_what_is_no_law_of_spins_is_refused(n_weights):
    with pytest.raises(ValueError, match="log_weights must have 2"):
        walsh_couplings(np.zeros(n_weights))


def test_laws_of_one_spin_and_of_twenty():
    np.testing.assert_allclose(walsh_couplings([0.5, 2.0]), [1.25, 0.75])
    found = walsh_couplings(np.arange(2.0**20))
    # The index of a state counts half of each power of two for the spin that it belongs to.
    expected = np.zeros(2**20)
    expected[2 ** np.arange(20)] = 2.0 ** np.arange(-1, 19)
    expected[0] = (2**20 - 1) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9)
