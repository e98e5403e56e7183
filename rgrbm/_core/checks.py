"""Checks of arguments: each names the argument, what it got and what it wants."""

import math
from numbers import Integral, Real

import numpy as np

MOST = 2**53  # sizes and counts: the largest integers that a float holds exactly
LARGEST = 1e100  # larger couplings, fields or weights could overflow in sums and products


def integer(name, value, minimum, maximum=MOST):
    """Return `value` as an int between two bounds."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")
    if value > maximum:
        raise ValueError(f"{name} must be at most {maximum}, got {value}")
    return int(value)


def real(name, value, minimum, maximum=math.inf, *, above=False):
    """Return `value` as a finite float between two bounds (with `above`, not the lower one)."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a real number, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or number < minimum or (above and number == minimum):
        wanted = "greater than" if above else "at least"
        raise ValueError(f"{name} must be finite and {wanted} {minimum}, got {value}")
    if number > maximum:
        raise ValueError(f"{name} must be at most {maximum:g}, got {value}")
    return number


def number(name, value):
    """Return a single coupling or field, of either sign, as a float."""
    single = array(name, value)
    if single.ndim:
        raise ValueError(f"{name} must be a single number, got the shape {single.shape}")
    return float(single)


def array(name, value, shape=None):
    """Return a float64 copy of `value`, finite and at most `LARGEST` in size.

    Without a shape any will do, a single number too, but not truth values. In a shape, None stands
    for any length above 0, and a leading Ellipsis for any axes.
    """
    if isinstance(value, int) and abs(value) > MOST:  # NumPy would make an object of it
        value = float(value) if abs(value) <= LARGEST else math.inf
    found = numeric(name, value)
    if shape is None:
        if found.dtype.kind == "b":
            raise TypeError(f"{name} must be an array of real numbers, got dtype {found.dtype}")
    else:
        _check_shape(name, found, shape)
    found = np.array(found, dtype=np.float64)
    wrong = ~(np.abs(found) <= LARGEST)
    if wrong.any():
        raise ValueError(
            f"{name} must be finite and at most {LARGEST:g} in size, got {found[wrong].flat[0]}"
        )
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
    wrong = (found != low) & (found != high)
    if wrong.any():
        raise ValueError(
            f"{name} must hold only {low} and {high}, got {found[wrong].flat[0]} in it"
        )
    return found


def spin_states(name, value, n_sites=None):
    """Return `value` as an int8 array of spins, with at least one site on its last axis."""
    return two_valued(name, value, -1, 1, (..., n_sites)).astype(np.int8)


def integers(name, value, minimum, maximum):
    """Return an array of integers between two bounds, as int64."""
    found = numeric(name, value)
    if found.dtype.kind not in "iu":
        raise TypeError(f"{name} must be an integer or an array of integers, got {value!r}")
    if found.size and (found.min() < minimum or found.max() > min(maximum, MOST)):
        raise ValueError(f"{name} must be from {minimum} to {maximum}, got {value!r}")
    return found.astype(np.int64)


def numeric(name, value):
    """Return `value` as an array of real numbers or truth values."""
    if np.ma.isMaskedArray(value):
        raise TypeError(f"{name} must not be a masked array: take what is not masked first")
    try:
        found = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array of numbers: {error}") from None
    if found.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of real numbers, got dtype {found.dtype}")
    return found


def generator(rng, name="rng"):
    """Return `rng` if it is a NumPy Generator."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{name} must be a numpy.random.Generator, such as numpy.random.default_rng(0), "
            f"got {rng!r}"
        )
    return rng


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
