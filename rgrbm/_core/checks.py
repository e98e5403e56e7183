"""Checks of arguments: each names the argument, what it got and what it wants."""

import math
from numbers import Integral, Real

import numpy as np

MOST = 2**53  # sizes and counts: the largest integers that a float holds exactly
LARGEST = 1e100  # larger couplings, fields or weights could overflow in sums and products


def integer(name, value, minimum):
    """Return `value` as an int that is at least `minimum`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")
    if value > MOST:
        raise ValueError(f"{name} must be at most {MOST}, got {value}")
    return int(value)


def real(name, value, minimum, *, above=False):
    """Return `value` as a finite float, at least (with `above`: greater than) `minimum`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a real number, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or number < minimum or (above and number == minimum):
        wanted = "greater than" if above else "at least"
        raise ValueError(f"{name} must be finite and {wanted} {minimum}, got {value}")
    return number


def reduced(name, value):
    """Return a coupling or a field as a float64 array, finite and at most `LARGEST` in size."""
    if isinstance(value, int) and abs(value) > MOST:  # NumPy would make an object of it
        value = float(value) if abs(value) <= LARGEST else math.inf
    array = numeric(name, value)
    if array.dtype.kind == "b":
        raise TypeError(f"{name} must be an array of real numbers, got dtype {array.dtype}")
    return _bounded(name, array)


def reduced_number(name, value):
    """Return a single coupling or field as a float."""
    array = reduced(name, value)
    if array.ndim:
        raise ValueError(f"{name} must be a single number, got the shape {array.shape}")
    return float(array)


def coupling_and_field(coupling, field):
    """Return both as float64 arrays of one shape."""
    coupling, field = reduced("coupling", coupling), reduced("field", field)
    try:
        return np.broadcast_arrays(coupling, field)
    except ValueError:
        raise ValueError(
            "coupling and field must have shapes that broadcast, "
            f"got {coupling.shape} and {field.shape}"
        ) from None


def spin_states(name, value, n_sites=None):
    """Return `value` as an int8 array of spins, with at least one site on its last axis."""
    array = two_valued(name, value, -1, 1, n_sites)
    if array.dtype.kind == "b":
        raise TypeError(f"{name} must be spins -1 and 1, got truth values")
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(
            f"{name} must have the shape (..., n_sites) with n_sites >= 1, got {array.shape}"
        )
    return array.astype(np.int8)


def generator(rng, name="rng"):
    """Return `rng` if it is a NumPy Generator."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{name} must be a numpy.random.Generator, such as numpy.random.default_rng(0), "
            f"got {rng!r}"
        )
    return rng


def finite_array(name, value, shape):
    """Return a float64 copy of `value`, bounded and of the given shape; None fits any length."""
    array = numeric(name, value)
    fits = array.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits or array.size == 0:
        wanted = f"the shape {shape}" if None not in shape else f"{len(shape)} axes, none empty"
        raise ValueError(f"{name} must have {wanted}, got {array.shape}")
    return _bounded(name, array)


def two_valued(name, value, low, high, width=None):
    """Return `value` as an array with entries `low` and `high` and last axis `width`."""
    array = _wide(name, numeric(name, value), width)
    wrong = (array != low) & (array != high)
    if wrong.any():
        found = array[wrong].flat[0]
        raise ValueError(f"{name} must hold only {low} and {high}, got {found} in it")
    return array


def real_valued(name, value, width):
    """Return a float64 copy of `value`, bounded and with the last axis `width`."""
    return _bounded(name, _wide(name, numeric(name, value), width))


def _wide(name, array, width):
    if width is not None and (array.ndim == 0 or array.shape[-1] != width):
        raise ValueError(f"{name} must have the shape (..., {width}), got {array.shape}")
    return array


def _bounded(name, array):
    array = np.array(array, dtype=np.float64)
    wrong = ~(np.abs(array) <= LARGEST)
    if wrong.any():
        found = array[wrong].flat[0]
        raise ValueError(f"{name} must be finite and at most {LARGEST:g} in size, got {found}")
    return array


def integers(name, value, minimum, maximum):
    """Return an array of integers between two bounds, as int64."""
    array = numeric(name, value)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be an integer or an array of integers, got {value!r}")
    if array.size and (array.min() < minimum or array.max() > min(maximum, MOST)):
        raise ValueError(f"{name} must be from {minimum} to {maximum}, got {value!r}")
    return array.astype(np.int64)


def numeric(name, value):
    """Return `value` as an array of real numbers."""
    if np.ma.isMaskedArray(value):
        raise TypeError(f"{name} must not be a masked array: take what is not masked first")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array of numbers: {error}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of real numbers, got dtype {array.dtype}")
    return array
