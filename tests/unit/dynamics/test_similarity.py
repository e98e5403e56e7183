"""Exponents from data that have them exactly; what has none is told."""

import numpy as np
import pytest
from scipy.optimize import brentq

from rgrbm.dynamics import (
    callan_symanzik,
    fit_similarity,
    fit_similarity_network,
    rg_map,
    similarity,
    similarity_deficit,
)


def law(seed, noise=0.0, n_points=400):
    """Points of a law with the exponents 0.37 and -0.81."""
    rng = np.random.default_rng(seed)
    X, V = rng.uniform(0, 3, n_points), rng.uniform(-2, 2, n_points)
    z = V - 0.81 * X
    y = 0.37 * X + np.logaddexp(0, z) + 0.5 * np.sin(z)
    return y + noise * rng.normal(size=n_points), X, V


def pipe(seed):
    """Laminar flow: u = y - y^2 / 2 Re, in units of the wall."""
    rng = np.random.default_rng(seed)
    reynolds = np.exp(rng.uniform(np.log(10), np.log(1000), 400))
    place = reynolds * rng.uniform(0.01, 1, 400)
    return np.log(place - place**2 / (2 * reynolds)), np.log(reynolds), np.log(place)


@pytest.mark.parametrize("seed", range(3))
def test_exact_data_give_exact_exponents(seed):
    for data, exact in ((law(seed), (0.37, -0.81)), (pipe(seed), (1.0, -1.0))):
        y, X, V = data
        found = fit_similarity(y, X, V)
        np.testing.assert_allclose(found[:2], exact, atol=5e-5)
        assert found.residual < 5e-5
        slow = callan_symanzik(y, X, V[:, None])
        np.testing.assert_allclose([slow.outside, *slow.inside], exact, atol=5e-3)
        network = fit_similarity_network(y, X, V[:, None], rng=np.random.default_rng(seed))
        np.testing.assert_allclose([network.outside, *network.inside], exact, atol=1e-3)
        assert network.residual < 1e-3


def test_noise_is_found_and_averaged():
    found = [fit_similarity(*law(seed, 0.01)) for seed in range(10)]
    means = np.mean([[one.outside, one.inside, one.residual] for one in found], axis=0)
    assert np.all(np.abs(means - [0.37, -0.81, 0.0095]) < [2e-3, 3e-3, 3e-4])


def test_what_is_not_noise_is_not_fitted():
    """Of 60 points the curve takes some ten, not all 24 that it could."""
    residuals = [fit_similarity(*law(seed, 0.05, 60)).residual for seed in range(10)]
    assert 0.042 < np.mean(residuals) < 0.048


def test_the_network_learns_in_any_unit():
    y, X, V = law(0)
    found = fit_similarity_network(y, X, 100 * V[:, None], rng=np.random.default_rng(0))
    np.testing.assert_allclose([found.outside, *found.inside], (0.37, -81), rtol=1e-4)


def test_changes_of_units_change_the_exponents_as_they_must():
    y, X, V = law(0)
    plain = fit_similarity(y, X, V)
    moved = fit_similarity(y + 2.0, X - 1.0, V + 0.5)
    np.testing.assert_allclose(moved[:2], plain[:2], atol=1e-6)
    turned = fit_similarity(y + 0.3 * X, X, V + 0.4 * X)
    np.testing.assert_allclose(turned[:2], (0.67, -1.21), atol=1e-4)
    scaled = fit_similarity(y, 2 * X, V)
    np.testing.assert_allclose(scaled[:2], (0.185, -0.405), atol=1e-4)


def test_two_variables():
    rng = np.random.default_rng(1)
    X, V, W = rng.uniform(0, 2, (3, 900))
    y = 0.5 * X + np.sin(V - 1.5 * X) * (1 + 0.5 * (W + 0.25 * X))
    variables = np.stack([V, W], axis=1)
    first = callan_symanzik(y, X, variables)
    np.testing.assert_allclose([first.outside, *first.inside], (0.5, -1.5, 0.25), atol=0.05)
    found = fit_similarity_network(y, X, variables, rng=rng)
    np.testing.assert_allclose([found.outside, *found.inside], (0.5, -1.5, 0.25), atol=2e-3)
    assert found.residual < first.residual / 10


def test_callan_symanzik_is_exact_for_a_quadratic():
    rng = np.random.default_rng(2)
    X, V = rng.uniform(size=(2, 200))
    z = V - 2 * X
    found = callan_symanzik(0.5 * X + z + 0.3 * z**2, X, V[:, None])
    np.testing.assert_allclose([found.outside, *found.inside], (0.5, -2), atol=1e-10)
    assert found.residual < 1e-10


def curves(noise=0.01):
    """Six curves of one law, and six that share nothing, with the same scales."""
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(6), 40)
    X = labels * 0.5
    V = np.tile(np.linspace(0, 4, 40), 6)
    one = 0.3 * X + np.tanh(V - 0.8 * X)
    other = rng.normal(size=6)[labels] + rng.normal(size=6)[labels] * V
    noise = noise * rng.normal(size=240)
    return one + noise, other + noise, X, V, labels


@pytest.mark.slow
def test_the_empty_collapse_is_seen_through():
    one, other, X, V, labels = curves()
    for options in ({}, {"curves": labels}):
        found = fit_similarity(one, X, V, search=(-12, 12), **options)
        np.testing.assert_allclose(found[:2], (0.3, -0.8), atol=0.01)
    # Lines that share nothing: the plain score lays them side by side, and is content.
    found = fit_similarity(other, X, V, search=(-12, 12))
    assert abs(found.inside) > 8
    assert found.residual < 0.1 * other.std()
    told = fit_similarity(other, X, V, search=(-12, 12), curves=labels)
    assert told.residual > 0.5 * other.std()


def test_curves_are_left_out_one_by_one():
    """Points that no other curve foretells are worth nothing."""
    from rgrbm.dynamics.similarity import _left_out

    one, _, X, V, labels = curves(0.0)
    y, X, V, labels = (part[labels < 2] for part in (one, X, V, labels))
    assert _left_out(y, X, V + 100 * X, labels) == pytest.approx(y.var() * 80**2, rel=1e-12)
    labels = np.arange(len(y)) % 2
    assert _left_out(y, X, V - 0.8 * X, labels) < 1e-5 * y.var()
    # Each curve overlaps half of the other: four times the error of what is foretold. That is the
    # noise, half of 0.01^2, and somewhat more from splines that end there.
    z = np.tile(np.linspace(0, 1, 40), 2) + 0.5 * (np.arange(80) > 39)
    line = 2 * z + 0.01 * np.cos(7 * np.arange(80))
    found = _left_out(line, np.linspace(0, 1, 80) % 0.1, z, np.arange(80) // 40)
    assert 6 < found / 0.5e-4 < 20


def test_a_law_without_similarity_has_a_deficit():
    y, X, V = law(4, 0.01)
    assert 0.9 < similarity_deficit(y, X, V) < 1.1
    rng = np.random.default_rng(5)
    y = np.log(1 + X + np.exp(V)) + 0.01 * rng.normal(size=400)
    assert similarity_deficit(y, X, V) > 3


def test_the_friction_of_pipes():
    """A law with the exponents -1/4 and 3/4, and Colebrook's, which has none."""
    rng = np.random.default_rng(6)
    reynolds = np.exp(rng.uniform(np.log(4e3), np.log(1e6), 300))
    rough = np.exp(rng.uniform(np.log(1e-4), np.log(0.05), 300))
    X, V = np.log(reynolds), np.log(rough)
    y = np.log(rough + 50 * reynolds**-0.75) / 3
    found = fit_similarity(y, X, V)
    np.testing.assert_allclose(found[:2], (-0.25, 0.75), atol=1e-5)
    assert similarity_deficit(y, X, V) < 0.5

    def colebrook(k, r):
        return brentq(lambda g: g + 2 * np.log10(k / 3.7 + 2.51 * g / r), 1, 30) ** -2

    y = np.log(list(map(colebrook, rough, reynolds)))
    assert similarity_deficit(y, X, V) > 100


def test_the_exponent_of_a_differential_equation():
    """Snapshots of the heat equation: u = t^(-1/2) f(x t^(-1/2))."""
    x = np.linspace(0, 8, 161)
    profile, scale, data = np.exp(-(x**2)), 1.0, []
    height = 1.0
    for n in range(10):
        new, exponent = rg_map(profile, x, 0.0)
        profile, height, scale = new, height * 2 ** -(0.5 + exponent), 2 * scale
        inside = slice(4, 50, 3)
        if n > 5:
            lines = np.log(height * profile[inside]), np.log(x[inside] * np.sqrt(scale))
            data += [np.stack([lines[0], np.full_like(lines[0], np.log(scale)), lines[1]])]
    found = fit_similarity(*np.hstack(data))
    np.testing.assert_allclose(found[:2], (-0.5, -0.5), atol=2e-3)


def test_what_is_refused():
    y, X, V = law(0, n_points=60)
    with pytest.raises(ValueError, match="log_scale must vary"):
        fit_similarity(y, 0 * X, V)
    with pytest.raises(ValueError, match="log_variables must vary"):
        callan_symanzik(y, X, np.stack([V, 0 * V], axis=1))
    with pytest.raises(ValueError, match="log_quantity must be at least 20 points, got 19"):
        fit_similarity(y[:19], X[:19], V[:19])
    with pytest.raises(ValueError, match="curves must number the points"):
        fit_similarity(y, X, V, curves=np.arange(60) % 2)
    with pytest.raises(ValueError, match="search must rise, and be within"):
        fit_similarity(y, X, V, search=(1, -1))
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="log_quantity must be longer than 39 parameters"):
        fit_similarity_network(y[:39], X[:39], V[:39, None], rng=rng)


def test_a_curve_is_foretold_by_a_fit_to_the_others_on_segments_of_their_range():
    rng = np.random.default_rng(0)
    curves = np.repeat(np.arange(4), 40)
    z = rng.uniform(size=160) + 0.3 * curves
    X = curves + rng.uniform(size=160)
    y = 0.5 * X + np.sin(2 * z) + 0.01 * rng.normal(size=160)
    errors = []
    for one in range(4):
        own, others = curves == one, curves != one
        low, high = z[others].min(), z[others].max()
        inside = own & (z >= low) & (z <= high)
        solution = similarity._fit(y[others], X[others, None], similarity._basis(z[others]))[0]
        splines = similarity._basis(np.r_[low, z[inside], high])[0][1:-1]
        errors.append(y[inside] - X[inside] * solution[0] - splines @ solution[1:])
    errors = np.concatenate(errors)
    assert 100 < len(errors) < 160
    expected = np.mean(errors**2) / (len(errors) / 160) ** 2
    assert similarity._left_out(y, X, z, curves) == pytest.approx(expected, rel=1e-6)
