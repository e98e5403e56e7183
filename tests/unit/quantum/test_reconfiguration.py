"""Stochastic reconfiguration: the direction of a step, and energies that stay above the lowest."""

import numpy as np
import pytest
from oracles import spins as all_spins

from rgrbm.quantum import (
    GaussianTrap,
    RBMState,
    estimate_energy,
    ising_chain_ground_energy,
    ising_chain_hamiltonian,
    optimize,
    optimize_exactly,
)
from rgrbm.quantum.reconfiguration import _add, _orbits, _reconfigured


def make(n_sites=6, field=1.0, density=2, seed=0, size=0.2):
    state = RBMState(n_sites, field, density=density, rng=np.random.default_rng(seed))
    state.weights[:] = size * np.random.default_rng(seed + 1).normal(size=state.weights.shape)
    return state


def exact_energy(state):
    psi = np.exp(state.log_psi(all_spins(state.n_sites)))
    return psi @ (ising_chain_hamiltonian(state.n_sites, state.field) @ psi) / (psi @ psi)


def test_the_force_is_half_the_slope_of_the_exact_energy():
    """With a shift so large that it is all of the metric, the step is along minus the gradient."""
    state = make()
    spins = all_spins(6)
    law = np.exp(2 * state.log_psi(spins))
    law /= law.sum()
    step = _reconfigured(state.log_derivatives(spins), state.local_energy(spins), law, 1e6) * 1e6
    slopes = []
    for index in np.ndindex(state.weights.shape):
        moved = []
        for sign in (1, -1):
            state.weights[index] += sign * 1e-5
            moved.append(exact_energy(state))
            state.weights[index] -= sign * 1e-5
        slopes.append((moved[0] - moved[1]) / 2e-5)
    np.testing.assert_allclose(-2 * step, slopes, atol=1e-4 * np.abs(slopes).max())


def test_the_step_is_imaginary_time_projected_on_the_family():
    """The least-squares solution of sum_k d_k (O_k - <O_k>) = -(E_loc - E), weighted by psi^2."""
    state = make(density=1)
    spins = all_spins(6)
    law = np.exp(2 * state.log_psi(spins))
    law /= law.sum()
    derivatives, energies = state.log_derivatives(spins), state.local_energy(spins)
    centred = np.sqrt(law)[:, None] * (derivatives - law @ derivatives)
    target = -np.sqrt(law) * (energies - law @ energies)
    # A little shift picks the shortest of the solutions.
    expected = np.linalg.lstsq(
        np.vstack([centred, np.sqrt(1e-6) * np.eye(6)]), np.append(target, np.zeros(6)), rcond=None
    )[0]
    step = _reconfigured(derivatives, energies, law, 1e-6)
    np.testing.assert_allclose(step, expected, rtol=1e-6)


def test_samples_without_weights_are_a_law_of_equal_ones():
    state = make()
    spins = np.random.default_rng(0).choice([-1, 1], size=(50, 6))
    parts = state.log_derivatives(spins), state.local_energy(spins)
    one = _reconfigured(*parts, None, 0.01)
    np.testing.assert_allclose(one, _reconfigured(*parts, np.full(50, 0.02), 0.01), rtol=1e-9)


def test_orbits_count_all_states():
    for n_sites in (3, 4, 7, 10):
        spins, counts = _orbits(n_sites)
        assert counts.sum() == 2**n_sites
        orbits = {
            min(tuple(np.roll(sign * s, r)) for sign in (1, -1) for r in range(n_sites))
            for s in all_spins(n_sites)
        }
        assert len(spins) == len(orbits)


def test_exact_energies_are_those_of_the_state():
    state = make()
    before = exact_energy(state)
    weights = state.weights.copy()
    energies = optimize_exactly(state, n_steps=1)
    assert energies[0] == pytest.approx(before, rel=1e-12)
    assert (state.weights != weights).all()
    after = exact_energy(state)
    assert after < before
    assert optimize_exactly(state, n_steps=1)[0] == pytest.approx(after, rel=1e-12)
    assert optimize_exactly(state, n_steps=0).shape == (0,)


def test_the_first_step_has_the_rate_and_the_shift_that_it_says():
    one, two = make(), make()
    start = one.weights.copy()
    optimize_exactly(one, n_steps=1, learning_rate=0.01)
    optimize_exactly(two, n_steps=1, learning_rate=0.04, shift=1e-5)  # the first shift is 0.1
    np.testing.assert_allclose(4 * (one.weights - start), two.weights - start, rtol=1e-9)
    spins = all_spins(6)
    state = make()
    law = np.exp(2 * state.log_psi(spins))
    step = _reconfigured(
        state.log_derivatives(spins), state.local_energy(spins), law / law.sum(), 0.1
    )
    np.testing.assert_allclose((one.weights - start).ravel(), 0.01 * step, rtol=1e-9)


def test_the_shift_decays_to_its_last_value():
    """Two steps with a last shift between 0.1 * 0.95 and 0.1 differ from those with a small one."""
    found = []
    for shift in (0.095, 1e-3, 0.5):
        state = make()
        optimize_exactly(state, n_steps=2, shift=shift)
        found.append(state.weights)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)
    assert np.abs(found[2] - found[1]).max() > 1e-4


@pytest.mark.parametrize("field", [0.5, 1.0, 2.0])
def test_no_energy_is_below_the_lowest(field):
    state = RBMState(8, field, density=2, rng=np.random.default_rng(0))
    energies = optimize_exactly(state, n_steps=400)
    exact = ising_chain_ground_energy(8, field)
    assert (energies >= exact * (1 + 1e-13)).all()
    assert energies[-1] < exact * (1 - 1e-3) or energies[-1] - exact < 1e-4 * abs(exact)


def test_exact_sums_learn_ten_sites_to_a_part_in_ten_thousand():
    """Over four starts; without the covariance the same steps end a hundred times farther off."""
    exact = ising_chain_ground_energy(10, 1.0)
    for seed in range(4):
        state = RBMState(10, 1.0, density=2, rng=np.random.default_rng(seed))
        assert optimize_exactly(state, n_steps=300)[-1] - exact < 1e-4 * -exact


def test_samples_learn_what_exact_sums_do():
    state, rng = make(8, seed=3), np.random.default_rng(3)
    energies, series = optimize(
        state, n_samples=500, n_steps=150, rng=rng, observe=lambda spins: spins[:, 0] * spins[:, 1]
    )
    assert energies.value.shape == energies.error.shape == (150,)
    assert series.shape == (150, 500)
    exact = ising_chain_ground_energy(8, 1.0)
    assert 0 <= exact_energy(state) - exact < 2e-3 * -exact
    assert energies.error[-1] < 0.1 * energies.error[0]
    assert energies.value[-1] == pytest.approx(exact_energy(state), abs=5 * energies.error[-1])


def test_errors_are_those_of_a_mean():
    state = make(6)
    seen = []
    energies, _ = optimize(
        state,
        n_samples=40,
        n_steps=1,
        rng=np.random.default_rng(0),
        observe=lambda spins: seen.append(spins) or 0,
    )
    same = make(6).local_energy(seen[0])
    assert energies.value[0] == pytest.approx(same.mean(), rel=1e-12)
    assert energies.error[0] == pytest.approx(same.std(ddof=1) / np.sqrt(40), rel=1e-12)


def test_the_seed_fixes_everything():
    found = []
    for _ in range(2):
        state = make()
        optimize(state, n_samples=20, n_steps=5, rng=np.random.default_rng(4))
        found.append(state.weights)
    np.testing.assert_array_equal(*found)
    assert optimize(make(), n_samples=2, n_steps=0, rng=np.random.default_rng(0)).value.size == 0


def test_an_estimate_is_a_mean_over_chains():
    state = make(6, field=0.8)
    energy = estimate_energy(state, n_samples=400, n_sweeps=100, rng=np.random.default_rng(0))
    assert abs(energy.value - exact_energy(state)) < 4.5 * energy.error
    assert 0 < energy.error < 0.02
    rng = np.random.default_rng(1)
    spins = state.sample(3, n_sweeps=2, rng=rng)
    total = 0
    for _ in range(2):
        spins = state.sample(3, n_sweeps=1, rng=rng, start=spins)
        total = total + state.local_energy(spins)
    again = estimate_energy(state, n_samples=3, n_sweeps=2, rng=np.random.default_rng(1))
    assert again.value == pytest.approx(total.mean() / 2, rel=1e-12)
    assert again.error == pytest.approx((total / 2).std(ddof=1) / np.sqrt(3), rel=1e-12)


def test_a_vector_is_added_in_the_order_of_the_parameters():
    trap = GaussianTrap(2, cusp=True, rng=np.random.default_rng(0))
    before = np.concatenate([part.ravel() for part in trap.parameters().values()])
    _add(trap, np.arange(16.0))
    after = np.concatenate([part.ravel() for part in trap.parameters().values()])
    np.testing.assert_allclose(after - before, np.arange(16), atol=1e-12)
    assert trap.bend == 1 + 15


@pytest.mark.slow
def test_two_electrons_learn_their_cusp():
    trap = GaussianTrap(2, cusp=True, rng=np.random.default_rng(1))
    rng = np.random.default_rng(2)
    optimize(trap, n_samples=500, n_steps=150, rng=rng)
    energy = estimate_energy(trap, n_samples=500, n_sweeps=50, rng=rng)
    assert energy.value == pytest.approx(3, abs=2e-3)
    assert energy.value > 3 - 4 * energy.error


def test_a_state_that_has_run_away_is_told():
    state = make()
    state.weights[0, 0] = np.nan
    rng = np.random.default_rng(0)
    for call in (
        lambda: optimize(state, n_samples=5, n_steps=1, rng=rng),
        lambda: optimize_exactly(state, n_steps=1),
        lambda: estimate_energy(state, n_samples=5, n_sweeps=1, rng=rng),
    ):
        with pytest.raises(FloatingPointError):
            call()


def test_wrong_states_are_refused():
    with pytest.raises(ValueError, match="state must have at most 14 sites, got 15"):
        optimize_exactly(make(15), n_steps=0)
    trap = GaussianTrap(2, rng=np.random.default_rng(0))
    with pytest.raises(TypeError, match="state must be an RBMState"):
        optimize_exactly(trap, n_steps=1)
    with pytest.raises(TypeError, match="state must be an RBMState or a GaussianTrap"):
        optimize("state", n_samples=2, n_steps=1, rng=np.random.default_rng(0))


def test_the_bounds_of_the_arguments():
    rng = np.random.default_rng(0)
    right = {"n_samples": 2, "n_steps": 0, "learning_rate": 1.0, "shift": 1.0}
    optimize(make(), **right, rng=rng)
    optimize(make(), **right | {"shift": 1e-12}, rng=rng)
    estimate_energy(make(), n_samples=2, n_sweeps=1, rng=rng)
    wrong = [("n_samples", 1), ("n_steps", -1), ("learning_rate", 0.0), ("learning_rate", -0.5)]
    wrong += [("learning_rate", 1.5), ("shift", 0.0), ("shift", 1.5)]
    for name, value in wrong:
        with pytest.raises(ValueError, match=name):
            optimize(make(), **right | {name: value}, rng=rng)
        if name != "n_samples":
            exact = {key: right[key] for key in ("n_steps", "learning_rate", "shift")}
            with pytest.raises(ValueError, match=name):
                optimize_exactly(make(), **exact | {name: value})
    for name, value in (("n_samples", 1), ("n_sweeps", 0)):
        with pytest.raises(ValueError, match=name):
            estimate_energy(make(), **{"n_samples": 2, "n_sweeps": 1} | {name: value}, rng=rng)


def test_chains_burn_in_and_go_on():
    state, seen = make(), []
    rng = np.random.default_rng(4)
    optimize(state, n_samples=5, n_steps=1, rng=rng, observe=lambda spins: seen.append(spins) or 0)
    rng = np.random.default_rng(4)
    spins = make().sample(5, n_sweeps=100, rng=rng)
    np.testing.assert_array_equal(seen[0], make().sample(5, n_sweeps=2, rng=rng, start=spins))
