import numpy as np
import pytest

from rgrbm.dynamics import collapse_score


def by_hand(quantity, variable, curve):
    """The definition, point by point."""
    errors, reached = [], set()
    for i, z in enumerate(variable):
        for one in set(curve) - {curve[i]}:
            others = [j for j in range(len(curve)) if curve[j] == one]
            left = [j for j in others if variable[j] <= z]
            right = [j for j in others if variable[j] >= z]
            if left and right:
                a, b = max(left, key=lambda j: variable[j]), min(right, key=lambda j: variable[j])
                part = (z - variable[a]) / (variable[b] - variable[a])
                errors.append(quantity[i] - (1 - part) * quantity[a] - part * quantity[b])
                reached.add(i)
    return np.sqrt(np.mean(np.square(errors))) / np.std(quantity), len(reached) / len(curve)


def test_the_score_is_its_definition():
    rng = np.random.default_rng(0)
    for _ in range(20):
        quantity, variable = rng.normal(size=(2, 30))
        curve = rng.integers(0, 4, 30)
        assert collapse_score(quantity, variable, curve) == pytest.approx(
            by_hand(quantity, variable, curve), rel=1e-12
        )


def steps(a, b):
    """Three curves that are one in the variables ln v + b ln s and ln q - a ln s."""
    scale = np.repeat([1.0, 2.0, 3.0], 40)
    variable = np.tile(np.linspace(-4, 4, 40), 3)
    return a * scale + np.tanh(variable + b * scale), scale, variable, np.repeat([0, 1, 2], 40)


def test_it_is_lowest_at_the_exponents_that_made_the_curves():
    quantity, scale, variable, curve = steps(0.5, -0.7)
    found = {
        (a, b): collapse_score(quantity - a * scale, variable + b * scale, curve).score
        for a in (0.4, 0.5, 0.6)
        for b in (-0.8, -0.7, -0.6)
    }
    assert min(found, key=found.get) == (0.5, -0.7)
    assert found.pop((0.5, -0.7)) < 0.01
    assert min(found.values()) > 0.04


def test_curves_side_by_side_have_no_overlap():
    assert collapse_score([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 3.0], [0, 0, 1, 1]) == (1, 0)
    assert collapse_score([0.0, 1.0], [0.0, 1.0], [0, 0]) == (1, 0)


def test_the_ends_of_a_curve_reach_over_what_lies_on_them():
    found = collapse_score([0.0, 3.0, 1.0, 2.0], [0.0, 1.0, 0.0, 1.0], [0, 0, 1, 1])
    assert found == pytest.approx((1 / np.std([0.0, 3.0, 1.0, 2.0]), 1.0))
    assert collapse_score([0.0, 3.0, 1.0], [0.0, 1.0, 0.5], [0, 0, 1]).overlap == pytest.approx(
        1 / 3
    )


def test_units_do_not_matter():
    rng = np.random.default_rng(1)
    quantity, variable, curve = rng.normal(size=20), rng.normal(size=20), np.arange(20) % 3
    found = collapse_score(quantity, variable, curve)
    assert collapse_score(3 * quantity + 7, 5 * variable - 2, curve) == pytest.approx(found)


def test_bad_input_is_refused():
    for quantity, variable, curve, message in [
        ([0.0, 1.0], [0.0], [0, 1], "variable must have the shape"),
        ([0.0, 1.0], [0.0, 1.0], [0], "curve must have the shape"),
        ([0.0, 1.0], [0.0, 1.0], [-1, 0], "curve must be from 0"),
        ([1.0, 1.0], [0.0, 1.0], [0, 1], "quantity must not be constant"),
    ]:
        with pytest.raises(ValueError, match=message):
            collapse_score(quantity, variable, curve)
