"""Checks of arguments: what they let through, as what, and what they say of the rest."""

from collections import UserList, deque
from fractions import Fraction

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


MASKED = np.ma.array([1.0, 0.0], mask=[False, True])


class WithMask:
    def __array__(self, dtype=None, copy=None):
        return MASKED


class WithUnits(np.ndarray):
    unit = "m"


def objects(*entries):
    found = np.empty(len(entries), dtype=object)
    found[:] = entries
    return found


EVERY_ARRAY_CHECK = [
    lambda value: checks.array("data", value),
    lambda value: checks.numeric("data", value),
    lambda value: checks.two_valued("data", value, 0, 1),
    lambda value: checks.spin_states("data", value),
    lambda value: checks.integers("data", value, 0, 9),
    lambda value: checks.number("data", value),
]


@pytest.mark.parametrize("check", EVERY_ARRAY_CHECK)
@pytest.mark.parametrize(
    "value",
    [
        MASKED,
        np.ma.masked,
        [MASKED],
        (MASKED, MASKED),
        [[1.0, np.ma.masked]],
        [[[MASKED]]],
        deque([MASKED]),
        UserList([MASKED]),
        objects(MASKED, MASKED),
        [objects(MASKED)],
        WithMask(),
        [WithMask()],
        np.ones(2).view(WithUnits),
        [np.ones(2).view(WithUnits)],
    ],
)
def test_no_mask_or_unit_is_dropped_without_a_word(check, value):
    with pytest.raises(TypeError, match="data must not be a masked array, hold one, or carry"):
        check(value)


class Fails:
    """Fails in whatever it is asked."""

    def fail(self, *arguments):
        raise ZeroDivisionError("on purpose")

    __repr__ = __eq__ = __bool__ = __float__ = __int__ = __index__ = __len__ = __array__ = fail
    __iter__ = __getitem__ = __hash__ = fail


class FailsAsNumber(int):
    __repr__ = __int__ = __float__ = __lt__ = __gt__ = Fails.fail


class FailsAsReal(float):
    __repr__ = __float__ = Fails.fail


class FailsAsWord(str):
    __eq__ = __repr__ = Fails.fail
    __hash__ = str.__hash__


class Tensor:
    """What PyTorch gives where a gradient is asked for."""

    def detach(self):
        return self

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


class Sparse:
    def toarray(self):
        return np.eye(2)

    def __len__(self):
        raise TypeError("sparse array length is ambiguous")

    def __getitem__(self, index):
        raise AssertionError("it was unpacked")


class Missing:
    """Like pandas.NA."""

    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")


class Column:
    """A nullable column of a table."""

    def __init__(self, *entries):
        self.entries = entries

    def to_numpy(self, dtype=None):
        return np.array(self.entries, dtype)

    def __array__(self, dtype=None, copy=None):
        return objects(*self.entries)


ENDLESS = []
ENDLESS += [ENDLESS, ENDLESS]


NO_NUMBERS = [
    (Fails(), "on purpose"),
    ([1, Fails()], ""),
    (Sparse(), r"take its \.toarray\(\)"),
    ([Sparse(), Sparse()], r"take its \.toarray\(\)"),
    (Tensor(), r"take its \.detach\(\)\.cpu\(\)\.numpy\(\)\): RuntimeError"),
    ([Tensor()], r"take its \.detach\(\)\.cpu\(\)\.numpy\(\)"),
    (Column(1, Missing()), r"take its \.to_numpy\(dtype=float\)\), got .* Missing"),
    ([Column(1, Missing())], r"take its \.to_numpy"),
    ([1, Missing()], "got an entry of the type Missing"),
    (ENDLESS, "nested more than 64 deep"),
    ([[1, 0], [1]], "rectangular"),
    ([[1, 0], 1], "rectangular"),
    (["1", "0"], "dtype <U1"),
    (["1", 0], "dtype <U"),
    ([1, 1j], "dtype complex128"),
    (np.complex128(1), "dtype complex128"),
    ({"a": 1}, "got an entry of the type dict"),
    ({1, 0}, "got an entry of the type set"),
    ((k for k in (0, 1)), "got an entry of the type generator"),
    (np.array(["2020-01-01"], dtype="M8[D]"), "dtype datetime64"),
    (np.array([3], dtype="m8[s]"), "dtype timedelta64"),
    (np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]), "dtype"),
    (np.array([(1, 2.0)], dtype=[("a", object), ("b", float)]), "dtype"),
    (10**5000, "finite|only 0 and 1|only -1 and 1|integers"),
    ([1, 10**5000], "finite|only 0 and 1|only -1 and 1|integers"),
]


@pytest.mark.parametrize("check", EVERY_ARRAY_CHECK)
def test_what_is_no_array_of_numbers_is_named(check):
    for value, message in NO_NUMBERS:
        with pytest.raises((TypeError, ValueError), match=f"^data must .*({message})") as caught:
            check(value)
        assert len(str(caught.value)) < 700


def test_a_longdouble_beyond_all_doubles_is_refused_without_a_warning():
    with pytest.raises(ValueError, match="data must be finite"):
        checks.array("data", np.longdouble("1e400"))


def test_what_can_be_numbers_without_loss_is_taken():
    assert checks.array("x", Column(1, 0.5)).tolist() == [1.0, 0.5]
    assert checks.two_valued("x", [Column(1, 0), Column(0, 1)], 0, 1).dtype == np.int64
    assert checks.two_valued("x", objects(True, False), 0, 1).dtype == bool
    assert checks.array("x", [10**20, Fraction(1, 4)]).tolist() == [1e20, 0.25]
    assert checks.array("x", np.array([2**63], dtype=np.uint64)).tolist() == [2.0**63]
    assert checks.array("x", deque([memoryview(np.ones(2))])).shape == (1, 2)
    assert type(checks.array("x", np.ones((1, 2)).view(np.recarray))) is np.ndarray
    assert checks.integers("x", range(3), 0, 2).tolist() == [0, 1, 2]


WILD = [Fails(), FailsAsNumber(3), FailsAsReal(3.0), FailsAsWord("x"), np.ones(2), [], {}, None]
WILD += [10**5000, -(10**5000), Fraction(10**5000), list(range(10**5)), "x" * 10**6]


@pytest.mark.parametrize(
    "call",
    [
        lambda value: checks.integer("n", value, 0, 10),
        lambda value: checks.real("n", value, 0.0, 10.0),
        lambda value: checks.generator(value, "n"),
        lambda value: checks.choice("n", value, ("cd", "pcd")),
        lambda value: checks.flag("n", value),
        lambda value: checks.function("n", value),
    ],
)
def test_wild_objects_are_named_in_a_short_error(call):
    for value in WILD:
        with pytest.raises((TypeError, ValueError), match=r"^n must ") as caught:
            call(value)
        assert len(str(caught.value)) < 700


def test_words_flags_functions_and_sizes():
    assert type(checks.choice("method", np.str_("cd"), ("cd", "pcd"))) is str
    assert checks.choice("method", FailsAsWord("cd"), ("cd", "pcd")) == "cd"
    with pytest.raises(ValueError, match=r"method must be one of \('cd', 'pcd'\), got 'CD'"):
        checks.choice("method", "CD", ("cd", "pcd"))
    with pytest.raises(TypeError, match=r"method must be one of .*, got array"):
        checks.choice("method", np.array(["cd", "pcd"]), ("cd", "pcd"))
    assert checks.flag("progress", np.True_) is True
    with pytest.raises(TypeError, match="progress must be True or False, got 1"):
        checks.flag("progress", 1)
    assert checks.function("callback", len) is len
    checks.size("n_samples", 2**20, 2**10)
    with pytest.raises(ValueError, match=r"n_samples and n_sites must ask for .* 90071992"):
        checks.size("n_samples and n_sites", 2**53, 2**53)


def test_what_is_shown_of_a_value_is_short():
    assert checks.shown(1.5) == "1.5"
    assert checks.shown(list(range(10**6))) == "[0, 1, 2, 3, 4, 5, ...]"
    assert checks.shown(np.eye(2)) == "array([[1., 0.], [0., 1.]])"
    assert checks.shown(np.zeros((2,) * 24)).startswith("an array of the shape (2, 2,")
    assert "Fails" in checks.shown(Fails())
    assert "int" in checks.shown(10**5000)
    assert len(checks.shown("x" * 10**6)) < 210
    assert len(checks.shown([["x" * 10**4] * 6] * 6)) < 210
