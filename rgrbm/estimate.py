"""A measured number with its standard error."""

import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from rgrbm._core import checks

__all__ = ["Estimate"]


@dataclass(frozen=True, eq=False)
class Estimate:
    """A measured value and its standard error.

    Parameters
    ----------
    value, error : float or ndarray, one shape
        In one unit.

    Notes
    -----
    An estimate unpacks into its two parts, an index picks from both, and a number scales both. As
    text it has the error of the last digits in brackets: the first digit of the error, or the first
    two where that is 1. A format such as ``.3`` asks for three decimals.

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
        The error is that of a mean of independent values. What they share, such as one data set for
        all machines, does not scatter, and is not in it.

        Examples
        --------
        >>> print(Estimate.mean([1.0, 2.0, 3.0]))
        2.0(6)
        """
        values = checks.array("values", values)
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
        return Estimate(factor * self.value, abs(factor) * self.error)

    __rmul__ = __mul__

    def __format__(self, spec):
        value, error = float(self.value), float(self.error)
        if not (math.isfinite(value) and math.isfinite(error)):
            return f"{value}({error})"
        if spec and not (spec[0] == "." and spec[1:].isdecimal()):
            raise ValueError(f"format must be empty or such as '.3', got {spec!r}")
        decimals = int(spec[1:]) if spec else _decimals(error)
        value, error = (round(Decimal(number), decimals) + 0 for number in (value, error))
        return f"{value:f}({error.scaleb(decimals):.0f})".replace("-", "−")

    def __str__(self):
        return format(self)


def _decimals(error):
    """Decimals that show the first digit of an error, or the first two if that is 1."""
    if error == 0:
        return 6
    first, exponent = f"{error:.1e}".split("e")
    return max(0, (float(first) < 2) - int(exponent))
