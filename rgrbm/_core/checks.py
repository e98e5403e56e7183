"""Checks of arguments: each names the argument, what it got and what it wants.

What a check returns is what it has checked: use that, never the argument again.
"""

import math
import reprlib
from numbers import Integral, Real

import numpy as np

MOST = 2**53  # counts: the largest integers that a float holds exactly
MOST_BYTES = 2**40  # of one array: no machine that this library is for has more
LARGEST = 1e100  # larger couplings, fields or weights could overflow in sums and products
DEEPEST = 64  # axes of an array in NumPy

# What others offer for a NumPy array of what they hold, the first that fits.
REMEDIES = {
    "toarray": "toarray()",
    "detach": "detach().cpu().numpy()",
    "to_numpy": "to_numpy(dtype=float)",
}
PLAIN = (int, float, complex, str, bytes, bytearray, memoryview, range, np.generic)

_short = reprlib.Repr()
_short.maxother = _short.maxstring = _short.maxlong = 80
_short.maxlevel, _short.maxdict = 3, 8


def integer(name, value, minimum, maximum=MOST):
    """Return `value` as an int between two bounds."""
    if not _is_a(value, Integral):
        raise TypeError(f"{name} must be an integer, got {shown(value)}")
    value = _converted(name, value, int)
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {shown(value)}")
    if value > maximum:
        raise ValueError(f"{name} must be at most {maximum}, got {shown(value)}")
    return value


def real(name, value, minimum, maximum=math.inf, *, above=False):
    """Return `value` as a finite float between two bounds (with `above`, not the lower one)."""
    if not _is_a(value, Real):
        raise TypeError(f"{name} must be a real number, got {shown(value)}")
    number = _converted(name, value, float)
    if not math.isfinite(number) or number < minimum or (above and number == minimum):
        wanted = "greater than" if above else "at least"
        raise ValueError(f"{name} must be finite and {wanted} {minimum}, got {number}")
    if number > maximum:
        raise ValueError(f"{name} must be at most {maximum:g}, got {number}")
    return number


def number(name, value):
    """Return a single coupling or field, of either sign, as a float."""
    if type(value) is float and abs(value) <= LARGEST:
        return value  # in a hundredth of the time
    single = array(name, value)
    if single.ndim:
        raise ValueError(f"{name} must be a single number, got the shape {single.shape}")
    return float(single)


def choice(name, value, words):
    """Return `value` if it is one of some words."""
    if not issubclass(type(value), str):
        raise TypeError(f"{name} must be one of {words}, got {shown(value)}")
    word = str.__str__(value)  # of a subclass, too
    if word not in words:
        raise ValueError(f"{name} must be one of {words}, got {shown(word)}")
    return word


def flag(name, value):
    """Return `value` as a bool, if it is a truth value."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def function(name, value):
    """Return `value` if it can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be callable, got {shown(value)}")
    return value


def size(names, *lengths):
    """Refuse an array of float64 that no machine holds; `names` are what makes it so large."""
    if math.prod(lengths) > MOST_BYTES // 8:
        product = " * ".join(map(str, lengths))
        raise ValueError(f"{names} must ask for at most {MOST_BYTES // 8} numbers, got {product}")


def array(name, value, shape=None):
    """Return a float64 copy of `value`, finite and at most `LARGEST` in size.

    Without a shape any will do, a single number too, but not truth values. In a shape, None stands
    for any length above 0, and a leading Ellipsis for any axes.
    """
    found = numeric(name, value)
    if shape is None:
        if found.dtype.kind == "b":
            raise TypeError(f"{name} must be an array of real numbers, got dtype {found.dtype}")
    else:
        _check_shape(name, found, shape)
    with np.errstate(over="ignore"):  # of a longdouble: it becomes infinite
        found = np.array(found, dtype=np.float64)
    smallest, largest = found.min(initial=0.0), found.max(initial=0.0)
    if not (smallest >= -LARGEST and largest <= LARGEST):  # NaN is not, either
        wrong = found[~(np.abs(found) <= LARGEST)].flat[0]
        raise ValueError(f"{name} must be finite and at most {LARGEST:g} in size, got {wrong}")
    return found


def coupling_and_field(coupling, field):
    """Return both as float64 arrays of one shape."""
    coupling, field = array("coupling", coupling), array("field", field)
    try:
        return np.broadcast_arrays(coupling, field)
    except ValueError:
        raise ValueError(
            "coupling and field must have shapes that broadcast, "
            f"got {coupling.shape} and {field.shape}"
        ) from None


def two_valued(name, value, low, high, shape=None):
    """Return `value` as an array with the entries `low` and `high`, of its own type."""
    found = numeric(name, value)
    if low < 0 and found.dtype.kind == "b":
        raise TypeError(f"{name} must be spins -1 and 1, got truth values")
    if shape is not None:
        _check_shape(name, found, shape)
    wrong = found != low
    wrong &= found != high
    if wrong.any():
        raise ValueError(
            f"{name} must hold only {low} and {high}, got {found[wrong].flat[0]} in it"
        )
    return found


def spin_states(name, value, n_sites=None):
    """Return `value` as an int8 array of spins, with at least one site on its last axis."""
    return two_valued(name, value, -1, 1, (..., n_sites)).astype(np.int8)


def lattice_states(name, value):
    """Return `value` as an int8 array of spins, whose last two axes are a square."""
    found = two_valued(name, value, -1, 1, (..., None, None)).astype(np.int8)
    if not found.shape[-2] == found.shape[-1] > 1:
        raise ValueError(
            f"{name} must have the shape (..., size, size) with size >= 2, got {found.shape}"
        )
    return found


def cubic_states(name, value):
    """Return `value` as an int8 array of spins, whose last three axes are a cube."""
    found = two_valued(name, value, -1, 1, (..., None, None, None)).astype(np.int8)
    if not found.shape[-3] == found.shape[-2] == found.shape[-1] > 1:
        raise ValueError(
            f"{name} must have the shape (..., size, size, size) with size >= 2, got {found.shape}"
        )
    return found


def integers(name, value, minimum, maximum):
    """Return an array of integers between two bounds, as int64."""
    found = numeric(name, value)
    if found.dtype.kind not in "iu":
        raise TypeError(f"{name} must be an integer or an array of integers, got {shown(value)}")
    if found.size and (found.min() < minimum or found.max() > min(maximum, MOST)):
        raise ValueError(f"{name} must be from {minimum} to {maximum}, got {shown(value)}")
    return found.astype(np.int64)


def numeric(name, value):
    """Return `value` as an array of real numbers or truth values."""
    if type(value) is np.ndarray and value.dtype.kind in "biuf":
        return value  # soon, for this is what loops give
    remedy, loss = "", False
    try:
        if unusual := _unusual_entries(value):
            remedy = _remedy(unusual)
            loss = any(map(_loses, unusual))
        found = np.empty(0) if loss else np.asarray(value)
        if found.dtype.kind == "O":
            found = _without_objects(found)
    except MemoryError:
        raise MemoryError(f"{name} is too large for the memory") from None
    except OverflowError:
        raise ValueError(f"{name} must be finite and at most {LARGEST:g}, got more in it") from None
    except ValueError as error:
        raise ValueError(
            f"{name} must be a rectangular array of numbers{remedy}: {shown(error)}"
        ) from None
    except Exception as error:  # what others raise where they are asked for an array
        raise TypeError(
            f"{name} must be an array of real numbers{remedy}: {shown(error)}"
        ) from error
    if loss:
        raise TypeError(
            f"{name} must not be a masked array, hold one, or carry units: take plain numbers"
        )
    if found.dtype.kind not in "biuf":
        got = f"dtype {found.dtype}"
        if found.dtype.kind == "O":
            other = next(entry for entry in found.flat if not _is_a(entry, Real))
            got = f"an entry of the type {type(other).__name__}"
        raise TypeError(f"{name} must be an array of real numbers{remedy}, got {got}")
    return found


def generator(rng, name="rng"):
    """Return `rng` if it is a NumPy Generator."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{name} must be a numpy.random.Generator, such as numpy.random.default_rng(0), "
            f"got {shown(rng)}"
        )
    return rng


def would_lose(value):
    """Whether NumPy would drop a mask or units without a word, here or in a sequence."""
    return any(_loses(entry) for entry in _unusual_entries(value))


def shown(value):
    """A short text for a value, whatever it is."""
    if isinstance(value, np.ndarray) and value.size > 1000:  # slow to write, of many axes
        return f"an array of the shape {value.shape}"
    try:
        text = " ".join(_short.repr(value).split())
    except Exception:  # its repr fails, or it is an integer of more digits than Python prints
        text = f"an object of the type {type(value).__name__}"
    return text if len(text) <= 200 else text[:200] + "..."


def _is_a(value, kind):
    """Whether a value is a number of some kind; truth values are not."""
    no_number = (bool, np.bool_, np.timedelta64)  # NumPy calls a time span an integer
    return issubclass(type(value), kind) and not isinstance(value, no_number)


def _converted(name, value, kind):
    try:
        return kind(value)
    except OverflowError:
        return math.inf
    except Exception as error:  # of a class of others
        raise TypeError(f"{name} must be a number, got {shown(value)}: {shown(error)}") from error


def _unusual_entries(value, depth=0):
    """List what is neither a plain number nor a plain array in nested sequences."""
    if depth > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} deep")
    if type(value) is np.ndarray:
        if value.dtype.kind != "O":
            return []
        value = value.ravel().tolist()
    if isinstance(value, PLAIN):
        return []
    if not _is_sequence(value):
        return [value]
    entries = list(value)
    if all(issubclass(kind, PLAIN) for kind in set(map(type, entries))):
        return []
    return [unusual for entry in entries for unusual in _unusual_entries(entry, depth + 1)]


def _is_sequence(value):
    """Whether NumPy would look for numbers inside, one by one."""
    if isinstance(value, (list, tuple)):
        return True
    others = ("__array__", "__array_interface__", "__array_struct__", *REMEDIES)
    return all(hasattr(type(value), name) for name in ("__len__", "__getitem__")) and not any(
        hasattr(value, name) for name in others
    )


def _loses(entry):
    if hasattr(type(entry), "__array__"):
        entry = np.asanyarray(entry)
    return isinstance(entry, np.ndarray) and any(hasattr(entry, name) for name in ("mask", "unit"))


def _without_objects(found):
    """Make numbers of an array of objects if all of them are, as in columns of tables."""
    unpacked = np.asarray(found.tolist())
    if unpacked.dtype.kind == "O" and all(_is_a(entry, Real) for entry in unpacked.flat):
        return unpacked.astype(np.float64)  # integers of more than 64 bits, and fractions
    return unpacked


def _remedy(entries):
    """What to ask objects of others for, if one of them is known."""
    for name, call in REMEDIES.items():
        if any(hasattr(type(entry), name) for entry in entries):
            return f" (take its .{call})"
    return ""


def _check_shape(name, found, shape):
    wanted, got = shape, found.shape
    if shape[:1] == (...,):
        wanted = shape[1:]
        got = found.shape[max(0, found.ndim - len(wanted)) :]
    fits = len(got) == len(wanted) and all(
        length == want if want is not None else length > 0
        for length, want in zip(got, wanted, strict=True)
    )
    if not fits:
        words = {None: "n >= 1", ...: "..."}
        listed = ", ".join(str(words.get(want, want)) for want in shape)
        listed += "," * (len(shape) == 1)
        raise ValueError(f"{name} must have the shape ({listed}), got {found.shape}")
