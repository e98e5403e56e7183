"""Barenblatt's equation: the exponent in closed cases, and as what the map's fixed point has."""

import math

import numpy as np
import pytest
from numpy.polynomial.hermite_e import HermiteE

from rgrbm.dynamics import anomalous_exponent, rg_map

X = np.linspace(0, 8, 161)
BOX = (X < 1) * 1.0


def iterate(profile, x, epsilon, n_maps=13, **options):
    exponents = []
    for _ in range(n_maps):
        profile, exponent = rg_map(profile, x, epsilon, **options)
        exponents.append(exponent)
    return profile, np.array(exponents)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_whole_exponents_are_zeros_of_a_polynomial(k):
    """Inside and outside are one Hermite polynomial then: its smallest and its largest zero."""
    zeros = HermiteE.basis(2 * k + 2).roots()
    epsilon = (zeros.max() / zeros[zeros > 0].min()) ** 2 - 1
    assert abs(anomalous_exponent(epsilon) - k) < 1e-12


def test_an_exponent_in_closed_form_and_the_slope_at_zero():
    assert abs(anomalous_exponent(4 + 2 * math.sqrt(6)) - 1) < 1e-12
    assert abs(anomalous_exponent(0.0)) < 1e-13
    slope = (anomalous_exponent(1e-4) - anomalous_exponent(-1e-4)) / 2e-4
    assert abs(slope - 1 / math.sqrt(2 * math.pi * math.e)) < 1e-8
    grid = [anomalous_exponent(x) for x in (-0.999, -0.9, -0.5, 0.5, 2, 20, 80)]
    assert np.all(np.diff(grid) > 0)


@pytest.mark.parametrize("epsilon", [-0.5, 0.1, 0.5, 1.0])
def test_the_map_has_the_exact_exponent_at_its_fixed_point(epsilon):
    profile, exponents = iterate(BOX, X, epsilon, 16)
    exact = anomalous_exponent(epsilon)
    assert abs(exponents[-1] - exact) < 3e-5
    ratios = (exponents[1:] - exact) / (exponents[:-1] - exact)
    np.testing.assert_allclose(ratios[5:8], 0.5, atol=0.01)  # a shift of the time: 1 / scale
    assert profile[0] == 1
    assert np.all(np.diff(profile) <= 0)
    # Heat that is lost is lost where the profile bends: alpha = -(eps/2) f'(xi_0) / integral f.
    slope = np.gradient(profile, X)
    rate = -epsilon / 2 * slope.min() / np.trapezoid(profile, X)
    assert abs(rate - exact) < 1e-3


def test_without_the_jump_the_profile_is_gaussian():
    profile, exponents = iterate(BOX, X, 0.0)
    assert abs(exponents[-1]) < 7e-5
    np.testing.assert_allclose(profile, np.exp(-(X**2) / 2), atol=1e-4)


def test_the_start_does_not_matter_nor_does_the_scale():
    starts = [BOX, np.exp(-X), X**2 * np.exp(-X) + 0.1]
    starts[-1][-1] = 0
    for start in starts:
        profile, exponents = iterate(start, X, 1.0)
        # The error halves in each step: twice the last one minus the one before has none.
        assert abs(2 * exponents[-1] - exponents[-2] - anomalous_exponent(1.0)) < 3e-5
        np.testing.assert_allclose(profile, iterate(BOX, X, 1.0)[0], atol=1e-3)
    x = np.linspace(0, 18, 361)
    _, exponents = iterate(np.exp(-(x**2)), x, 1.0, 6, scale=8.0)
    assert abs(exponents[-1] - anomalous_exponent(1.0)) < 1e-4
    np.testing.assert_allclose(rg_map(3 * BOX, X, 1.0)[0], rg_map(BOX, X, 1.0)[0], atol=1e-14)


def test_one_step_is_the_heat_kernel():
    """A Gaussian of variance v has v + b - 1 later; in the units of then, that over b."""
    profile, exponent = rg_map(np.exp(-(X**2) / 4), X, 0.0, scale=3.0)
    np.testing.assert_allclose(profile, np.exp(-(X**2) / (2 * (2 + 2) / 3)), atol=1e-3)
    assert abs(exponent + 0.5 - math.log(math.sqrt(2)) / math.log(3)) < 1e-4


def test_what_is_refused():
    for wrong in (X[::-1], X + 1, X**2, X[:3], np.zeros(161)):
        with pytest.raises(ValueError, match="x must be at least 4 places"):
            rg_map(np.ones(len(wrong)), wrong, 1.0)
    for wrong in (X, -BOX, 1e-13 + X):
        with pytest.raises(ValueError, match="profile must be positive at the origin"):
            rg_map(wrong, X, 1.0)
    with pytest.raises(ValueError, match="same sign at the origin"):
        rg_map(1.0 - 2 * X, X, 1.0)
    with pytest.raises(ValueError, match=r"x, epsilon and scale must not ask for \d+ steps"):
        rg_map(BOX, X, 900.0)
    for wrong in (-1.0, 81.0):
        with pytest.raises(ValueError, match="epsilon must be"):
            anomalous_exponent(wrong)
