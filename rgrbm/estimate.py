"""A measured number with its standard error."""

import math
import re
from dataclasses import dataclass
from decimal import Context, Decimal

import numpy as np

from rgrbm._core import checks

__all__ = ["Estimate"]

ALL_DIGITS = Context(prec=1200)  # no float has more, before and after the point


@dataclass(frozen=True, eq=False)
class Estimate:
    """A measured value and its standard error.

    Parameters
    ----------
    value, error : float or ndarray, one shape
        In one unit. The error is not negative; both may be NaN or infinite.

    Raises
    ------
    ValueError, TypeError
        If a part is not as described.

    Notes
    -----
    An estimate unpacks into its two parts, an index picks from both, and a number scales both. As
    text it has the error of the last digits in brackets: the first digit of the error, or the first
    two where that is 1. A format such as ``.3`` asks for three decimals. Estimates are equal only
    if they are the same object.

    Examples
    --------
    >>> estimate = Estimate(-0.99512, 0.0061)
    >>> f"{estimate}, {100 * estimate:.0} %, {estimate:.3}"
    '−0.995(6), −100(1) %, −0.995(6)'
    >>> value, error = estimate
    >>> print(Estimate(np.array([0.5, 0.25]), np.array([0.125, 0.01]))[1])
    0.250(10)
    """

    value: float | np.ndarray
    error: float | np.ndarray

    __array_ufunc__ = None  # so that an array or a NumPy number times an estimate is an estimate

    def __post_init__(self):
        for name in ("value", "error"):
            part = getattr(self, name)
            found = checks.numeric(name, part)
            if found.dtype.kind == "b":
                raise TypeError(f"{name} must be real, got truth values")
            if not isinstance(part, (int, float, np.ndarray, np.generic)):  # such as a list
                object.__setattr__(self, name, found)
        if np.shape(self.value) != np.shape(self.error):
            raise ValueError(
                "value and error must have one shape, "
                f"got {np.shape(self.value)} and {np.shape(self.error)}"
            )
        if np.any(np.less(self.error, 0)):
            raise ValueError(f"error must not be negative, got {np.min(self.error)}")

    @classmethod
    def mean(cls, values, axis=0):
        """Mean of independent values, with the standard error from their scatter.

        Parameters
        ----------
        values : array_like
            At least two along `axis`, finite.
        axis : int, optional

        Returns
        -------
        estimate : Estimate
            Of the shape of `values` without `axis`.

        Raises
        ------
        ValueError, TypeError
            If `values` are not as described, or there is no such axis.

        Notes
        -----
        The error is the standard error of a mean of independent values. What they share, such as
        one data set for all machines, does not scatter, and is not in it. Of normal values, mean
        +- error holds the truth in 50, 58, 61, 63, 66 and 68 % of cases for 2, 3, 4, 5, 10 and many
        values (Student's law): for 68 %, multiply the error of 2, 3, 4 or 5 values by 1.84, 1.32,
        1.20 or 1.14. Values that all agree have the error 0, which makes no mean exact.

        Examples
        --------
        >>> print(Estimate.mean([1.0, 2.0, 3.0]))
        2.0(6)
        """
        values = checks.array("values", values)
        if not values.ndim:
            raise ValueError("values must be at least 2, got a single number")
        axis = checks.integer("axis", axis, -values.ndim, values.ndim - 1)
        n_values = values.shape[axis]
        if n_values < 2:
            raise ValueError(f"values must be at least 2 along axis {axis}, got {n_values}")
        error = values.std(axis=axis, ddof=1) / math.sqrt(n_values)
        return cls(values.mean(axis=axis)[()], error[()])

    def __iter__(self):
        return iter((self.value, self.error))

    def __getitem__(self, index):
        return Estimate(self.value[index], self.error[index])

    def __mul__(self, factor):
        if isinstance(factor, Estimate):
            return NotImplemented  # the errors may be correlated
        factor = checks.array("factor", factor)[()]
        with np.errstate(over="ignore", invalid="ignore"):  # parts may be infinite
            return Estimate(factor * self.value, abs(factor) * self.error)

    __rmul__ = __mul__

    def __format__(self, spec):
        if spec and not re.fullmatch(r"\.[0-9]{1,3}", spec):
            raise ValueError(f"format must be empty or such as '.3', got {spec!r}")
        if np.ndim(self.value):
            return "[" + " ".join(format(self[k], spec) for k in range(len(self.value))) + "]"
        value, error = float(self.value), float(self.error)
        if not (math.isfinite(value) and math.isfinite(error)):
            return f"{value}({error})".replace("-", "−")
        decimals = int(spec[1:]) if spec else _decimals(error)
        unit = Decimal((0, (1,), -decimals))
        value, error = (
            ALL_DIGITS.add(Decimal(number).quantize(unit, context=ALL_DIGITS), 0)
            for number in (value, error)
        )
        return f"{value:f}({ALL_DIGITS.scaleb(error, decimals):.0f})".replace("-", "−")

    def __str__(self):
        return format(self)


def _decimals(error):
    """Decimals that show the first digit of an error, or the first two if that is 1."""
    if error == 0:
        return 6
    first, exponent = f"{error:.1e}".split("e")
    return max(0, (float(first) < 2) - int(exponent))
