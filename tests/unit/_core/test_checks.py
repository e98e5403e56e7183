"""Checks of arguments: what they let through, as what, and what they say of the rest."""

import numpy as np
import pytest

from rgrbm._core import checks


def test_what_passes_comes_back_converted():
    assert type(checks.integer("n", np.int8(5), 1)) is int
    assert checks.integer("n", 20, 1, 20) == 20
    assert checks.integer("n", -2, -2) == -2
    assert type(checks.real("x", 1, 0.0)) is float
    assert checks.real("x", np.float32(3.0), 0.0, 3.0) == 3.0
    assert type(checks.number("K", np.array(-1))) is float
    assert checks.array("K", 10**20).dtype == np.float64
    assert checks.array("K", [True, False], (2,)).tolist() == [1.0, 0.0]
    assert checks.spin_states("s", [[1.0, -1.0]]).dtype == np.int8
    assert checks.two_valued("v", [True, False], 0, 1).dtype == bool
    assert checks.integers("x", np.uint8(3), 0, 5).dtype == np.int64


def test_an_array_is_a_copy():
    given = np.ones(3)
    checks.array("x", given, (3,))[0] = 2.0
    assert given[0] == 1.0


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        (None, [(), (3,), (0,), (2, 3)], []),
        ((3,), [(3,)], [(), (2,), (1, 3)]),
        ((None,), [(1,), (3,)], [(), (0,), (1, 3)]),
        ((None, 2), [(4, 2)], [(2,), (0, 2), (4, 3), (1, 4, 2)]),
        ((..., 2), [(2,), (4, 2), (0, 2), (5, 4, 2)], [(), (3,), (2, 3)]),
        ((..., None), [(2,), (4, 2)], [(), (0,), (2, 0)]),
    ],
)
def test_shapes(shape, good, bad):
    for fits in good:
        assert checks.array("x", np.zeros(fits), shape).shape == fits
        assert checks.two_valued("x", np.zeros(fits), 0, 1, shape).shape == fits
    for wrong in bad:
        for check in (checks.array, lambda name, x, shape: checks.two_valued(name, x, 0, 1, shape)):
            with pytest.raises(ValueError, match=r"x must have the shape \(.*\), got \("):
                check("x", np.zeros(wrong), shape)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: checks.integer("n", 2.0, 1), TypeError, r"n must be an integer, got 2\.0"),
        (lambda: checks.integer("n", True, 1), TypeError, "n must be an integer, got True"),
        (lambda: checks.integer("n", 0, 1), ValueError, "n must be at least 1, got 0"),
        (lambda: checks.integer("n", 6, 1, 5), ValueError, "n must be at most 5, got 6"),
        (lambda: checks.integer("n", 2**60, 1), ValueError, "n must be at most 9007199254740992"),
        (lambda: checks.real("x", "1", 0.0), TypeError, "x must be a real number, got '1'"),
        (lambda: checks.real("x", 1j, 0.0), TypeError, "x must be a real number, got 1j"),
        (lambda: checks.real("x", np.nan, 0.0), ValueError, "x must be finite and at least 0"),
        (lambda: checks.real("x", 10**400, 0.0), ValueError, "x must be finite"),
        (lambda: checks.real("x", -0.1, 0.0), ValueError, r"x must be finite and at least 0\.0"),
        (lambda: checks.real("x", 0, 0.0, above=True), ValueError, "greater than 0"),
        (lambda: checks.real("x", 3.1, 0.0, 3.0), ValueError, r"x must be at most 3, got 3\.1"),
        (
            lambda: checks.number("K", [1.0]),
            ValueError,
            r"K must be a single number, got .* \(1,\)",
        ),
        (lambda: checks.number("K", True), TypeError, "K must be an array of real numbers"),
        (lambda: checks.array("K", np.inf), ValueError, "K must be finite .* got inf"),
        (lambda: checks.array("K", [0, np.nan]), ValueError, "K must be finite .* got nan"),
        (lambda: checks.array("K", -2e100), ValueError, r"at most 1e\+100 in size, got -2e\+100"),
        (lambda: checks.array("K", 10**400), ValueError, "K must be finite"),
        (lambda: checks.array("K", [1, [2]]), ValueError, "K must be a rectangular array"),
        (lambda: checks.array("K", "abc"), TypeError, "K must be an array of real numbers"),
        (lambda: checks.array("K", None), TypeError, "K must be an array of real numbers"),
        (lambda: checks.array("K", np.ma.array([1.0])), TypeError, "K must not be a masked array"),
        (
            lambda: checks.two_valued("v", [0, 2], 0, 1),
            ValueError,
            "v must hold only 0 and 1, got 2",
        ),
        (lambda: checks.spin_states("s", [0, 1]), ValueError, "s must hold only -1 and 1, got 0"),
        (lambda: checks.spin_states("s", [True]), TypeError, "s must be spins -1 and 1, got truth"),
        (
            lambda: checks.spin_states("s", [1, 1], 3),
            ValueError,
            r"s must have the shape \(..., 3\)",
        ),
        (lambda: checks.integers("x", [0, 6], 0, 5), ValueError, "x must be from 0 to 5, got"),
        (lambda: checks.integers("x", [0.5], 0, 5), TypeError, "x must be an integer or an array"),
        (lambda: checks.generator(0), TypeError, "rng must be a numpy.random.Generator"),
        (
            lambda: checks.coupling_and_field([1, 2], [1, 2, 3]),
            ValueError,
            r"coupling and field must have shapes that broadcast, got \(2,\) and \(3,\)",
        ),
    ],
)
def test_what_does_not_pass_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
