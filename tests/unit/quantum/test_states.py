"""A machine as an amplitude, and each of its parts against plain loops over hidden spins."""

import math

import numpy as np
import pytest
from oracles import spins as all_spins

from rgrbm.quantum import RBMState, ising_chain_ground_energy, ising_chain_hamiltonian


def make(n_sites=6, field=0.7, density=2, seed=0, size=0.4):
    state = RBMState(n_sites, field, density=density, rng=np.random.default_rng(seed))
    state.weights[:] = np.random.default_rng(seed + 1).normal(size=state.weights.shape) * size
    return state


def amplitude(state, spins):
    """Sum over all hidden spins, one by one."""
    n_sites = state.n_sites
    angles = [
        sum(row[r] * spins[(k + r) % n_sites] for r in range(n_sites))
        for row in state.weights
        for k in range(n_sites)
    ]
    return sum(math.exp(float(t @ angles)) for t in all_spins(len(angles)))


def test_the_amplitude_is_a_sum_over_hidden_spins():
    state = make(4, density=2)
    spins = all_spins(4)
    plain = [math.log(amplitude(state, s)) for s in spins]
    np.testing.assert_allclose(state.log_psi(spins), plain, rtol=1e-13)


def test_one_feature_and_one_site_ahead_by_hand():
    state = make(3, density=1)
    state.weights[:] = [[0.25, 0.5, 0.0]]
    spins = np.array([[1, 1, -1]])
    angles = [0.25 + 0.5, 0.25 - 0.5, -0.25 + 0.5]
    assert state.log_psi(spins)[0] == pytest.approx(sum(np.log(2 * np.cosh(angles))), rel=1e-14)
    slopes = np.tanh(angles)
    expected = [slopes @ [1, 1, -1], slopes @ [1, -1, 1], slopes @ [-1, 1, 1]]
    np.testing.assert_allclose(state.log_derivatives(spins)[0], expected, rtol=1e-14)


@pytest.mark.parametrize(("n_sites", "density"), [(3, 1), (6, 2), (9, 3)])
def test_ratios_are_those_of_the_amplitudes(n_sites, density):
    state = make(n_sites, density=density)
    spins = all_spins(n_sites)
    ratios = state.flip_ratios(spins)
    for site in range(n_sites):
        flipped = spins.copy()
        flipped[:, site] *= -1
        exact = np.exp(state.log_psi(flipped) - state.log_psi(spins))
        np.testing.assert_allclose(ratios[:, site], exact, rtol=1e-11)


def test_the_local_energy_is_a_row_of_the_hamiltonian():
    state = make(7, field=1.3)
    spins = all_spins(7)
    psi = np.exp(state.log_psi(spins))
    exact = ising_chain_hamiltonian(7, 1.3) @ psi / psi
    np.testing.assert_allclose(state.local_energy(spins), exact, rtol=1e-11)


def test_the_local_energy_of_an_exact_state_is_constant():
    """Without bonds that count, the field alone; and three spins, where one weight is enough."""
    state = make(5, field=2.0)
    state.weights[:] = 0
    alone = state.local_energy(all_spins(5)) + np.array(
        [sum(s * np.roll(s, 1)) for s in all_spins(5)]
    )
    np.testing.assert_allclose(alone, -10, rtol=1e-13)
    # Two classes of states, all equal or not: one weight gives the ratio of their amplitudes.
    field = 0.7
    low, high = 0.0, 4.0
    state = make(3, field=field, density=1)

    def spread(weight):
        state.weights[:] = [[weight, weight, 0.0]]
        energies = state.local_energy(all_spins(3))
        return energies[0] - energies[1]

    assert spread(low) < 0 < spread(high)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if spread(middle) < 0 else (low, middle)
    energies = state.local_energy(all_spins(3))
    np.testing.assert_allclose(energies, ising_chain_ground_energy(3, field), rtol=1e-12)


def test_derivatives_are_differences():
    state = make(6, density=2)
    spins = all_spins(6)[::3]
    found = state.log_derivatives(spins)
    assert found.shape == (len(spins), 12)
    for number, (a, r) in enumerate(np.ndindex(2, 6)):
        moved = []
        for sign in (1, -1):
            state.weights[a, r] += sign * 1e-5
            moved.append(state.log_psi(spins))
            state.weights[a, r] -= sign * 1e-5
        np.testing.assert_allclose(found[:, number], (moved[0] - moved[1]) / 2e-5, atol=1e-8)


def test_rotations_and_inversion_change_nothing():
    state = make(8, density=3)
    spins = np.random.default_rng(3).choice([-1, 1], size=(20, 8))
    for turned in (np.roll(spins, 3, axis=1), -spins):
        np.testing.assert_allclose(state.log_psi(turned), state.log_psi(spins), rtol=1e-13)
        np.testing.assert_allclose(
            state.local_energy(turned), state.local_energy(spins), rtol=1e-12
        )
        np.testing.assert_allclose(
            state.log_derivatives(turned), state.log_derivatives(spins), atol=1e-12
        )


def test_the_first_weights_are_small_and_come_from_the_seed():
    one, same, other = (
        RBMState(50, 1.0, density=4, rng=np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one.weights, same.weights)
    assert (one.weights != other.weights).all()
    assert one.weights.std() == pytest.approx(0.05, rel=0.2)
    assert one.parameters()["weights"] is one.weights
    assert (one.n_sites, one.field) == (50, 1.0)
    RBMState(3, 0.0, density=1, rng=np.random.default_rng(0))


def test_samples_come_from_the_seed_and_the_start():
    state = make(6)
    start = np.random.default_rng(0).choice([-1, 1], size=(30, 6))
    kept = start.copy()

    def run(n_sweeps, **given):
        return state.sample(30, n_sweeps=n_sweeps, rng=np.random.default_rng(5), **given)

    np.testing.assert_array_equal(run(0, start=start), start)
    np.testing.assert_array_equal(run(7), run(7))
    assert run(7, start=start).dtype == np.int8
    assert (run(7, start=start) != start).any()
    np.testing.assert_array_equal(start, kept)
    assert set(np.unique(run(0))) == {-1, 1}


def test_sweeps_follow_one_another():
    state = make(6)
    two = state.sample(30, n_sweeps=2, rng=np.random.default_rng(5))
    rng = np.random.default_rng(5)
    one = state.sample(30, n_sweeps=1, rng=rng)
    np.testing.assert_array_equal(state.sample(30, n_sweeps=1, rng=rng, start=one), two)


@pytest.mark.parametrize("weight", [np.nan, np.inf, 400.0])
def test_weights_that_have_run_away_are_told(weight):
    state = make(4)
    state.weights[0, 1:3] = weight
    spins = np.ones((2, 4), dtype=int)
    for method in (state.flip_ratios, state.local_energy):
        with pytest.raises(FloatingPointError, match="the trial function"):
            method(spins)
    with pytest.raises(FloatingPointError, match="the trial function"):
        state.sample(2, n_sweeps=1, rng=np.random.default_rng(0))


def test_large_weights_are_no_trouble():
    state = make(4, density=1)
    state.weights[:] = [[20.0, 0.0, 0.0, -20.0]]
    spins = all_spins(4)
    exact = np.exp(state.log_psi(spins[::-1]) - state.log_psi(spins))
    np.testing.assert_allclose(exact, 1)
    assert np.isfinite(state.local_energy(spins)).all()
    assert np.isfinite(state.sample(20, n_sweeps=20, rng=np.random.default_rng(0))).all()


def test_what_is_too_small_is_refused():
    rng = np.random.default_rng(0)
    wrong = [(2, 1.0, 1, "n_sites"), (3, -1e-9, 1, "field"), (3, 1.0, 0, "density")]
    for n_sites, field, density, name in wrong:
        with pytest.raises(ValueError, match=name):
            RBMState(n_sites, field, density=density, rng=rng)
    state = make(4)
    assert state.sample(1, n_sweeps=0, rng=rng).shape == (1, 4)
    with pytest.raises(ValueError, match="n_samples"):
        state.sample(0, n_sweeps=1, rng=rng)
    with pytest.raises(ValueError, match="n_sweeps"):
        state.sample(1, n_sweeps=-1, rng=rng)


def test_a_sweep_takes_one_number_for_each_spin():
    state, rng, same = make(5), np.random.default_rng(3), np.random.default_rng(3)
    start = np.ones((7, 5), dtype=int)
    state.sample(7, n_sweeps=3, rng=rng, start=start)
    same.random(3 * 7 * 5)
    assert rng.random() == same.random()
