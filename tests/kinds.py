"""Kinds of arguments: for each a right value, wrong ones, and odd ones that mean the right one.

All values are made afresh, because some can be used up or changed. The table of all functions, and
what is asked of them, is in `tests/unit/test_every_function.py`.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

MOST = 2**53
LARGEST = 1e100
ANY = range(1, MOST)  # lengths of an axis
TWO = range(2, MOST)
EVEN = range(2, MOST, 2)
INTEGERS = [np.int8, np.uint8, np.int16, np.int64, np.uint64]
FLOATS = [np.float16, np.float32, np.float64, np.longdouble]
BYTE_ORDERS = [np.dtype(">i2"), np.dtype(">f4"), np.dtype(">f8")]


nothing = st.nothing()


@dataclass(frozen=True)
class Kind:
    """What is tried in the place of an argument."""

    right: Callable  # makes a right value
    wrong: Callable = list  # lists values to be refused
    odd: Callable = list  # lists pairs of a value and a plain one that means the same
    either: Callable = list  # lists such pairs, of which the first may be refused as well
    drawn_wrong: st.SearchStrategy = nothing
    drawn_odd: st.SearchStrategy = nothing
    extremes: st.SearchStrategy | None = None  # right values of all magnitudes
    takes_memory: bool = False  # a size: the larger, the more
    names: tuple = ()  # what an error may speak of instead of the argument


def optional(kind):
    """None is right, too."""
    drawn = kind.drawn_wrong
    return replace(
        kind,
        wrong=lambda: [value for value in kind.wrong() if value is not None],
        drawn_wrong=drawn if drawn is nothing else drawn.filter(lambda value: value is not None),
    )


def passed(value):
    """Not looked at by the function itself: passed on, or for its own use. Not attacked."""
    return Kind(lambda: value)


class Unprintable:
    """Something that fails when it is shown."""

    def __repr__(self):
        raise RuntimeError("cannot be shown")


class Undecided:
    """Something that is neither true nor false."""

    def __bool__(self):
        raise RuntimeError("cannot be decided")


class Refusing:
    """Something that says it can be an array, and then cannot."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("cannot be an array")


class Lengthless(list):
    """A list without a length."""

    def __len__(self):
        raise RuntimeError("has no length")


class ArrayLike:
    """Something that becomes an array when it is asked, as tensors of other libraries do."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype=dtype)


class Count:
    """A function that counts how often it is called."""

    def __init__(self, function):
        self.function = function
        self.calls = 0

    def __call__(self, *arguments, **named):
        self.calls += 1
        return self.function(*arguments, **named)


def not_numbers():
    """List what is neither a number nor an array of them."""
    circle, deep = [], 1.0
    circle.append(circle)
    for _ in range(100):
        deep = [deep]
    return [
        None,
        "abc",
        "",
        "1",
        b"1",
        b"\x00",
        {},
        {"a": 1},
        set(),
        {1},
        object(),
        Unprintable(),
        Refusing(),
        Lengthless([1.0]),
        1j,
        np.complex128(1),
        np.array([1j, 1]),
        np.array("1"),
        np.array(["1", "2"]),
        np.array([b"1"]),
        np.array([None]),
        np.array([Unprintable()], dtype=object),
        np.array([object(), 1]),
        np.datetime64("2000-01-01"),
        np.array(["2000-01-01"], dtype="M8[D]"),
        np.timedelta64(1),
        np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
        np.ma.masked,
        np.ma.array(1.0, mask=True),
        np.ma.array([[1, 1, 1, 1]], mask=[[0, 1, 0, 0]]),
        [np.ma.masked],
        [np.ma.array([1, 1, 1, 1], mask=[0, 1, 0, 0]), [1, 1, 1, 1]],
        [[1, np.ma.masked, 1, 1]],
        [[1], [1, 1]],
        [1, [1]],
        ["1"],
        [None],
        [object()],
        [Refusing(), Refusing()],
        [10**5000],
        [[10**5000, 1, 1, 1]],
        10**5000,
        -(10**5000),
        circle,
        deep,
        (value for value in [1]),
        iter([]),
        map(abs, [1]),
        np.array,
        int,
        math,
        Ellipsis,
        NotImplemented,
        np.newaxis,
        slice(3),
        lambda: 1,
        sparse.csr_array(np.eye(4)),
        sparse.coo_matrix(np.eye(4)),
        np.random.default_rng(0),
        np.dtype(float),
        Decimal("NaN"),
    ]


def not_single():
    """List arrays where a single number is wanted, and truth values."""
    lists = [[], [[[]]], [1], (1,), [1, 1], [True]]
    return [*lists, np.ones(1), np.ones((1, 1)), np.ones(0), True, np.True_]


def not_finite():
    """List numbers that no float holds, or no sum of them."""
    values = [math.nan, -math.nan, math.inf, -math.inf, np.float16("nan"), np.float32("-inf")]
    return [*values, np.longdouble("1e4000"), np.longdouble("nan"), 10**400, -(10**400)]


def words():
    """Draw what is no number."""
    leaves = st.none() | st.text(max_size=3) | st.binary(max_size=3) | st.complex_numbers()
    nested = st.lists(leaves, min_size=1, max_size=3)
    return leaves | nested | st.dictionaries(st.text(max_size=2), leaves, max_size=2) | _strange()


def _strange():
    types = st.one_of(
        hnp.complex_number_dtypes(),
        hnp.datetime64_dtypes(),
        hnp.timedelta64_dtypes(),
        hnp.byte_string_dtypes(),
        hnp.unicode_string_dtypes(),
        hnp.array_dtypes(),
    )
    return hnp.arrays(types, hnp.array_shapes(min_dims=0, max_dims=3, max_side=4))


def size(right=3, least=1, most=None, *, top=None, takes_time=False):
    """Make the kind of an integer from `least` on; up to `top` it can be tried in little time.

    Without a bound `most` it can be far too large; with `takes_time`, that is the caller's wish.
    """
    highest = MOST if most is None else most
    top = min(highest, 127) if top is None else top

    def wrong():
        out = [least - 1, -5, highest + 1, 2**53 + 1, 2**63, 2**64, -(2**64)]
        out += [np.int8(-128), np.int64(-(2**63)), np.uint64(2**64 - 1)]
        floats = [float(right), right + 0.5, np.float64(right), np.float16(right), -0.5]
        others = [Fraction(right), Decimal(right), str(right), np.array([right]), [right]]
        return [*not_numbers(), *not_single(), *not_finite(), *out, *floats, *others]

    def odd():
        return [(kind(n), n) for kind in INTEGERS for n in {right, top, least} if _holds(kind, n)]

    numbers = st.integers(least, top)
    return Kind(
        lambda: right,
        lambda: [value for value in wrong() if not _is_from(value, least, highest)],
        odd,
        lambda: [(np.array(right), right)],
        drawn_wrong=st.one_of(
            st.integers(max_value=least - 1),
            st.integers(min_value=highest + 1),
            st.floats(),
            st.fractions().filter(lambda x: x.denominator > 1),
            words(),
        ),
        drawn_odd=_typed(numbers, INTEGERS),
        takes_memory=most is None and not takes_time,
    )


def _is_from(value, least, most):
    plain = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))
    return plain and least <= value <= most


def _typed(numbers, types):
    """Draw a number in one of the types that hold it exactly, and as it is."""
    pairs = st.tuples(st.sampled_from(types), numbers).filter(lambda pair: _holds(*pair))
    return pairs.map(lambda pair: (pair[0](pair[1]), pair[1]))


def _holds(kind, number):
    """Whether a type of NumPy holds a number exactly."""
    if np.issubdtype(kind, np.integer):
        return number == int(number) and np.iinfo(kind).min <= number <= np.iinfo(kind).max
    with np.errstate(all="ignore"):
        return abs(number) <= np.finfo(kind).max and float(kind(number)) == number


def real(right=0.5, least=-math.inf, most=math.inf, *, above=False, below=False, top=100.0):
    """Make the kind of a number between two bounds (with `above`, `below`: not the bound).

    Up to `top` it can be tried in little time.
    """
    out = [math.nextafter(least, -math.inf), least - 1.0, math.nextafter(most, math.inf), most + 1]
    out = [x for x in out if math.isfinite(x) and not least <= x <= most]
    out += [least] * above + [most] * below

    def wrong():
        typed = [kind(value) for value in out for kind in FLOATS if _holds(kind, value)]
        return [*not_numbers(), *not_single(), *not_finite(), *out, *typed]

    too_small = st.floats(max_value=least, exclude_max=not above, allow_nan=False)
    too_large = st.floats(min_value=most, exclude_min=not below, allow_nan=False)
    inside = st.floats(max(least, -100.0), min(most, top), exclude_min=above, exclude_max=below)
    whole = st.integers(math.ceil(max(least, -100.0)) + above, int(min(most, top)) - below)
    return Kind(
        lambda: right,
        wrong,
        lambda: [(kind(right), right) for kind in FLOATS if _holds(kind, right)],
        lambda: [(np.array(right), right), (Fraction(right), right), (Decimal(right), right)],
        drawn_wrong=st.one_of(
            *[too_small] * (least > -math.inf), *[too_large] * (most < math.inf), words()
        ),
        drawn_odd=_typed(inside, FLOATS) | _typed(whole, INTEGERS),
        extremes=inside
        | magnitudes(max(least, 0.0), most).filter(
            lambda x: x > least or (x == least and not above)
        ),
    )


def magnitudes(least=0.0, most=LARGEST):
    """Draw numbers above 0 whose logarithms are spread evenly, and the least."""
    exponents = st.floats(-300, math.log10(min(most, LARGEST)))
    return exponents.map(lambda exponent: min(10.0**exponent, most)) | st.just(least)


def signed():
    """Draw couplings, fields and weights: numbers of both signs and all magnitudes, and 0."""
    sizes = st.one_of(
        st.just(0.0), st.floats(0, 3), st.floats(-300, 100).map(lambda x: 10.0**x), st.just(LARGEST)
    )
    return st.tuples(st.sampled_from([-1.0, 1.0]), sizes).map(math.prod)


def number(right=0.5):
    """Make the kind of a single coupling or field."""

    def wrong():
        too_large = [1.1 * LARGEST, -1.1 * LARGEST, 10**101, np.longdouble(1e101)]
        arrays = [np.full(2, 0.5), np.full((1, 1), 0.5), [[0.5]]]
        return [*not_numbers(), *not_single(), *not_finite(), *too_large, *arrays]

    small = st.floats(-20, 20)
    whole = st.integers(-128, 255)
    return Kind(
        lambda: right,
        wrong,
        lambda: [
            *[(kind(right), right) for kind in FLOATS],
            *[(np.array(right, dtype=kind), right) for kind in BYTE_ORDERS[1:]],
            *[(kind(1), 1.0) for kind in INTEGERS],
            (np.int8(-128), -128.0),
            (np.uint8(255), 255.0),
            (np.array(127, dtype=np.int8), 127.0),
            (10**20, 1e20),
            (-0.0, 0.0),
            (ArrayLike(right), right),
        ],
        lambda: [(Fraction(right), right), (Decimal(right), right)],
        drawn_wrong=words() | st.floats(min_value=LARGEST, exclude_min=True),
        drawn_odd=_typed(small, FLOATS) | _typed(whole, [*INTEGERS, int]),
        extremes=signed(),
    )


def numbers(right=0.5):
    """Make the kind of couplings or fields of any shape."""
    single = number(right)

    def wrong():
        truths = [True, np.True_, [True], np.ones(2, dtype=bool)]
        too_large = [1.1 * LARGEST, 10**101, [0.5, -1.1 * LARGEST], [0.5, math.nan]]
        return [*not_numbers(), *not_finite(), *truths, *too_large]

    def odd():
        array = np.array([0.5, -0.25, 2.0])
        return [*single.odd(), *[(form, array) for form in forms(array)], ([], np.empty(0))]

    return replace(single, wrong=wrong, odd=odd)


def forms(array):
    """List what holds the same numbers as a float array, of the same shape."""
    array = np.asarray(array, dtype=np.float64)
    twice = np.repeat(array, 2, axis=-1) if array.ndim else array
    read_only = array.copy()
    read_only.flags.writeable = False
    out = [array.tolist(), _tuples(array.tolist()), read_only, np.asfortranarray(array)]
    out += [twice[..., ::2], array[..., ::-1].copy()[..., ::-1]] if array.ndim else []
    out += [memoryview(np.ascontiguousarray(array)), ArrayLike(array), list(array)]
    for kind in [*INTEGERS, *FLOATS, *BYTE_ORDERS]:
        with np.errstate(all="ignore"):
            cast = array.astype(kind)
        if np.array_equal(cast.astype(np.float64), array):
            out.append(cast)
    return out


def _form(array, number):
    """Pick one of the forms, and keep the array itself."""
    found = forms(array)
    return found[number % len(found)], array


def _tuples(nested):
    return tuple(map(_tuples, nested)) if isinstance(nested, list) else nested


SHAPES = [(), (0,), (1,), (2,), (3,), (4,), (5,), (0, 4), (4, 0), (1, 1), (2, 3), (3, 4), (4, 3)]
SHAPES += [(1, 5), (0, 0), (1, 2, 4), (2, 2, 2), (1, 0, 4), (1, 1, 1, 4)]


SQUARE = "the last two axes are alike, and at least 2"
SQUARES = "at least two samples of such"
EQUAL_SIDES = "the last two axes are alike, and at least 1"
CUBE = "the last three axes are alike, and at least 2"
CUBES = "samples of such"


def fits(shape, rule):
    """Whether a shape is right; in a rule stand lengths, ranges of them, and ... at one end."""
    if rule == SQUARE:
        return len(shape) > 1 and shape[-2] == shape[-1] > 1
    if rule == EQUAL_SIDES:
        return len(shape) > 1 and shape[-2] == shape[-1] > 0
    if rule == CUBES:
        return len(shape) == 4 and fits(shape, CUBE)
    if rule == CUBE:
        return len(shape) > 2 and shape[-3] == shape[-2] == shape[-1] > 1
    if rule == SQUARES:
        return len(shape) == 3 and shape[0] > 1 and fits(shape, SQUARE)
    if rule[:1] == (...,):
        rule = rule[1:]
        shape = shape[-len(rule) :] if rule else ()
    elif rule[-1:] == (...,):
        rule = rule[:-1]
        shape = shape[: len(rule)]
    return len(shape) == len(rule) and all(
        length == want if isinstance(want, int) else length in want
        for length, want in zip(shape, rule, strict=True)
    )


def _array(right, rule, entries, bad, good, *, truth=False, single=False):
    """Make the kind of an array whose entries are drawn from `good`.

    With `truth`, truth values are 0 and 1; with `single`, a number stands for all entries.
    """
    right = np.array(right, dtype=np.float64)

    def spoilt(value):
        spoilt = right.copy()
        spoilt.flat[-1] = value
        return spoilt

    def shaped(shape):
        return np.resize(np.array(entries, dtype=np.float64), shape)

    def fitting(shape):
        return fits(shape, rule) or (single and shape == ())

    def wrong():
        shapes = [shaped(shape) for shape in SHAPES if not fitting(shape)]
        values = [value for value in not_numbers() if not isinstance(value, str)]
        masked = [np.ma.array(right, mask=right != right.flat[0])]
        masked += [list(masked[0])] if right.ndim > 1 else []
        objects = [right.astype(complex), right.astype(str)]
        truths = [] if truth else [np.ones(right.shape, dtype=bool)]
        scattered = [sparse.csr_array(right), sparse.coo_matrix(right)] if right.ndim == 2 else []
        everything = [*shapes, *values, *masked, *objects, *truths, *scattered]
        return [*everything, *map(spoilt, bad), *[spoilt(x).tolist() for x in bad]]

    def odd():
        truths = int(truth and set(right.flat) <= {0, 1})
        return [(form, right) for form in [*forms(right), *[right.astype(bool)] * truths]]

    shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
    filled = hnp.arrays(np.float64, right.shape, elements=good)
    return Kind(
        lambda: right.copy(),
        wrong,
        odd,
        lambda: [(other, right) for other in [np.ma.array(right), right.astype(object)]],
        drawn_wrong=st.one_of(
            shapes.filter(lambda shape: not fitting(shape)).map(shaped),
            st.tuples(st.integers(0, right.size - 1), st.sampled_from(bad)).map(
                lambda at: np.where(np.arange(right.size) == at[0], at[1], right.flat).reshape(
                    right.shape
                )
            ),
            words(),
        ),
        drawn_odd=st.builds(_form, filled, st.integers(0, 99)),
        extremes=filled,
    )


def spins(right, rule, *, truth=False):
    """Make the kind of an array of -1 and +1; with `truth`, truth values are something else."""
    bad = [0, 2, -2, 0.5, 255, 1e300, math.nan, math.inf, -math.inf]
    return _array(right, rule, [1, -1, -1], bad, st.sampled_from([-1.0, 1.0]), truth=truth)


def bits(right, rule):
    """Make the kind of an array of 0 and 1, or of truth values."""
    bad = [-1, 2, 0.5, 255, 1e300, math.nan, math.inf, -math.inf]
    return _array(right, rule, [1, 0, 0], bad, st.sampled_from([0.0, 1.0]), truth=True)


def reals(right, rule, least=-LARGEST, *, truth=True, single=False):
    """Make the kind of an array of finite numbers."""
    bad = [math.nan, math.inf, -math.inf, 1.1 * LARGEST, -1.1 * LARGEST, 1e300]
    bad += [-1.0, 0.0] if least > 0 else []
    good = signed() if least < 0 else magnitudes(least).filter(lambda x: x >= least)
    return _array(right, rule, [0.5, 0.25, 2.0], bad, good, truth=truth, single=single)


def probabilities(right, rule):
    """Make the kind of an array of numbers from 0 to 1."""
    bad = [-0.25, 1.5, 1e300, math.nan, math.inf, -math.inf]
    return _array(right, rule, [0.5, 0.25, 1.0], bad, st.floats(0, 1), truth=True)


def integers(right, rule, least, most):
    """Make the kind of an array of integers."""
    right = np.array(right)

    def wrong():
        shapes = [np.full(shape, least) for shape in SHAPES if not fits(shape, rule)]
        out = [np.full(right.shape, value) for value in (least - 1, most + 1, -(2**63), 0.5, True)]
        out += [np.full(right.shape, 2**64 - 1, dtype=np.uint64), right.astype(np.float64)]
        return [*not_numbers(), *shapes, *out, np.ma.array(right, mask=right > least)]

    def odd():
        return [(form, right) for form in forms(right) if np.asarray(form).dtype.kind in "iu"]

    return Kind(lambda: right.copy(), wrong, odd)


def truths(right):
    """Make the kind of an array of truth values in a given shape."""
    right = np.array(right, dtype=bool)

    def wrong():
        arrays = [right.astype(kind) for kind in (int, float, str, np.uint8)]
        arrays += [right[0], right[:, :1], right[None], np.ma.array(right, mask=right), right.T]
        return [*not_numbers(), *arrays, True, 1]

    def odd():
        return [(form, right) for form in (right.tolist(), np.asfortranarray(right))]

    return Kind(lambda: right.copy(), wrong, odd, lambda: [(right.astype(object), right)])


def rng():
    """Make the kind of a random generator."""

    def wrong():
        old = np.random.RandomState(0)
        others = [old, np.random, random.Random(0), np.random.PCG64(0), np.random.SeedSequence(0)]
        return [*not_numbers()[:-3], *others, 0, 1.0, True, np.random.default_rng, [0]]

    return Kind(
        lambda: np.random.default_rng(3),
        lambda: [value for value in wrong() if not isinstance(value, np.random.Generator)],
    )


def function(plain, *, wrong=()):
    """Make the kind of a function; `wrong` are such that return what they must not."""

    def values():
        return [value for value in [*not_numbers(), 0, 1.0, True, "abs"] if not callable(value)]

    return Kind(lambda: Count(plain), lambda: [*values(), *wrong])


def choice(right, *others):
    """Make the kind of one of several words."""

    def wrong():
        texts = ["", right.upper(), right + " ", " " + right, right[:-1], right + "\0", [right]]
        texts += [right.encode(), np.array([right, right]), {right}, (right,)]
        values = [value for value in not_numbers() if not isinstance(value, str)]
        return [*values, *texts, 0, 1, True, 0.5, Undecided()]

    either = [(np.array(right), right)]
    return Kind(lambda: right, wrong, lambda: [(np.str_(right), right)], lambda: either)


def flag():
    """Make the kind of a switch, which is off."""
    off = [0, 0.0, None, "", (), np.False_, np.array(False), np.array([False, False])]
    return Kind(lambda: False, either=lambda: [*[(x, False) for x in off], (Undecided(), False)])


class WrongPath:
    """Something that says it is a path, and then is none."""

    def __init__(self, result):
        self.result = result

    def __fspath__(self):
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def path(right):
    """Make the kind of a path; `right` makes one."""

    def wrong():
        odd = [WrongPath(1), WrongPath(None), WrongPath(RuntimeError("no path"))]
        empty = [WrongPath(""), "", "nul\0path", "folder\0/nul", "a" * 5000, "no/such/folder/file"]
        values = [value for value in not_numbers() if not isinstance(value, str)]
        return [*values, *odd, *empty, 0, 1, True, "/dev/null/file", "\ud800"]

    return Kind(right, wrong)
