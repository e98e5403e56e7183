"""Two electrons in a trap: derivatives against differences, and against Taut's solution."""

import numpy as np
import pytest

from rgrbm.quantum import GaussianTrap, trap_local_energy

PLACES = np.random.default_rng(0).normal(size=(50, 4))
BOTH = pytest.mark.parametrize("cusp", [False, True])


def make(n_hidden=3, seed=0, **options):
    trap = GaussianTrap(n_hidden, rng=np.random.default_rng(seed), **options)
    rng = np.random.default_rng(seed + 1)
    for value in trap.parameters().values():
        value += rng.normal(size=value.shape) / 3
    return trap


def by_differences(log_psi, places, interaction=True, step=1e-3):
    """Local energy from the function alone, of fourth order in the step."""
    gradient, laplacian = np.zeros_like(places), np.zeros(len(places))
    here = log_psi(places)
    for axis in range(4):
        away = step * np.eye(4)[axis]
        one, two, three, four = (log_psi(places + n * away) for n in (-2, -1, 1, 2))
        gradient[:, axis] = (one - 8 * two + 8 * three - four) / (12 * step)
        laplacian += (-one + 16 * two - 30 * here + 16 * three - four) / (12 * step**2)
    return trap_local_energy(places, gradient, laplacian, interaction=interaction)


def distance(places):
    return np.sqrt(((places[:, :2] - places[:, 2:]) ** 2).sum(axis=1))


def test_tauts_solution_has_the_energy_three_everywhere():
    r = distance(PLACES)
    toward = (PLACES[:, :2] - PLACES[:, 2:]) / (r * (1 + r))[:, None]
    gradient = np.hstack([toward, -toward]) - PLACES
    # Twice that of ln(1 + r) in the plane: u'' + u'/r.
    laplacian = 2 * (-1 / (1 + r) ** 2 + 1 / (r * (1 + r))) - 4
    np.testing.assert_allclose(trap_local_energy(PLACES, gradient, laplacian), 3, rtol=1e-12)
    far = PLACES[r > 0.3]
    found = by_differences(lambda x: np.log1p(distance(x)) - (x**2).sum(axis=1) / 2, far)
    np.testing.assert_allclose(found, 3, atol=1e-5)


def test_without_weights_and_repulsion_the_energy_is_two_everywhere():
    trap = GaussianTrap(4, interaction=False, rng=np.random.default_rng(0))
    trap.weights[:] = 0
    np.testing.assert_allclose(trap.local_energy(PLACES), 2, rtol=1e-12)
    repelled = GaussianTrap(4, rng=np.random.default_rng(0))
    repelled.weights[:] = 0
    np.testing.assert_allclose(repelled.local_energy(PLACES), 2 + 1 / distance(PLACES), rtol=1e-12)


@BOTH
def test_the_function_is_its_formula(cusp):
    trap = make(cusp=cusp)
    variance = np.exp(trap.log_variance)
    for place, found in zip(PLACES, trap.log_psi(PLACES), strict=True):
        plain = -sum((place - trap.visible_bias) ** 2) / (2 * variance)
        for b, w in zip(trap.hidden_bias, trap.weights.T, strict=True):
            plain += np.log(1 + np.exp(b + sum(place * w) / variance))
        r = distance(place[None])[0]
        plain += cusp * r / (1 + trap.bend * r)
        assert found == pytest.approx(plain, rel=1e-12)


@BOTH
@pytest.mark.parametrize("interaction", [False, True])
def test_the_local_energy_is_that_of_differences(cusp, interaction):
    trap = make(cusp=cusp, interaction=interaction)
    far = PLACES[distance(PLACES) > 0.3]
    exact = by_differences(trap.log_psi, far, interaction)
    np.testing.assert_allclose(trap.local_energy(far), exact, atol=2e-5)


@BOTH
def test_derivatives_are_differences(cusp):
    trap = make(cusp=cusp)
    found = trap.log_derivatives(PLACES)
    number = 0
    for value in trap.parameters().values():
        for index in np.ndindex(value.shape):
            moved = []
            for sign in (1, -1):
                value[index] += sign * 1e-5
                moved.append(trap.log_psi(PLACES))
                value[index] -= sign * 1e-5
            slope = (moved[0] - moved[1]) / 2e-5
            np.testing.assert_allclose(found[:, number], slope, atol=1e-7)
            number += 1
    assert found.shape == (50, number)


def test_a_cusp_keeps_the_energy_small_where_electrons_meet():
    close = np.array([[0.3, 0.1, 0.3 + 1e-7, 0.1]])
    assert make(cusp=False).local_energy(close)[0] > 1e6
    assert abs(make(cusp=True).local_energy(close)[0]) < 100


def test_one_place_for_both_electrons_is_told():
    together = np.zeros((2, 4))
    for cusp in (False, True):
        with pytest.raises(FloatingPointError, match="local energy"):
            make(cusp=cusp).local_energy(together)
    assert np.isfinite(make(interaction=False).local_energy(together)).all()
    with pytest.raises(FloatingPointError, match="local energy"):
        trap_local_energy(together, together, [0.0, 0.0])


def test_how_it_begins():
    trap = GaussianTrap(200, rng=np.random.default_rng(0))
    assert trap.weights.std() == pytest.approx(0.05, rel=0.1)
    assert trap.hidden_bias.std() == pytest.approx(0.05, rel=0.2)
    assert trap.parameters()["weights"] is trap.weights
    assert (trap.visible_bias == 0).all()
    assert trap.log_variance == 0
    assert trap.bend == 1
    assert trap.interaction
    assert not trap.cusp
    assert list(make(cusp=True).parameters())[-1] == "bend"
    assert "bend" not in make().parameters()


def test_samples_come_from_the_seed_and_the_start():
    trap = make()

    def run(n_sweeps, **given):
        return trap.sample(50, n_sweeps=n_sweeps, rng=np.random.default_rng(5), **given)

    np.testing.assert_array_equal(run(0, start=PLACES), PLACES)
    np.testing.assert_array_equal(run(3), run(3))
    kept = PLACES.copy()
    assert (run(3, start=PLACES) != kept).any(axis=1).all()
    np.testing.assert_array_equal(PLACES, kept)


def test_what_is_too_small_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="n_hidden"):
        GaussianTrap(-1, rng=rng)
    trap = make()
    assert trap.sample(1, n_sweeps=0, rng=rng).shape == (1, 4)
    with pytest.raises(ValueError, match="n_samples"):
        trap.sample(0, n_sweeps=1, rng=rng)
    with pytest.raises(ValueError, match="n_sweeps"):
        trap.sample(1, n_sweeps=-1, rng=rng)


def test_a_sweep_is_ten_proposals_of_four_numbers_and_one():
    rng, same = np.random.default_rng(3), np.random.default_rng(3)
    make().sample(50, n_sweeps=2, rng=rng, start=PLACES)
    for _ in range(20):
        same.normal(size=(50, 4))
        same.random(50)
    assert rng.random() == same.random()


def test_a_sweep_is_ten_proposals_and_some_are_accepted():
    trap = make(0, interaction=False)
    for value in trap.parameters().values():
        value[...] = 0
    start = trap.sample(20_000, n_sweeps=10, rng=np.random.default_rng(1))
    moved = trap.sample(20_000, n_sweeps=1, rng=np.random.default_rng(2), start=start)
    still = (moved == start).all(axis=1).mean()
    assert 0.001 < still < 0.05


def test_parameters_that_have_run_away_are_told():
    for name in ("weights", "log_variance", "hidden_bias", "visible_bias"):
        trap = make()
        getattr(trap, name)[...] = np.nan
        for method in (trap.log_psi, trap.local_energy, trap.log_derivatives):
            with pytest.raises(FloatingPointError, match="is not finite"):
                method(PLACES)
