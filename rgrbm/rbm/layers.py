r"""The layers of a machine: bits, and real units.

Units of a layer couple only to the other layer. What the states of that one send through the
weights is the *push* :math:`a_i` on unit i, and under it a layer with the energy :math:`E(x)` has
the law

.. math:: p(x \mid a) \propto \exp\Big(-E(x) + \sum_i a_i \, x_i / \sigma_i^2\Big),

with :math:`\sigma_i = 1` for bits. So its units are independent, each with a bias :math:`b_i`. For
bits,

.. math::

    E(x) &= -\sum_i b_i x_i, \\
    \ln \sum_x e^{-E(x) + \sum_i a_i x_i} &= \sum_i \ln\big(1 + e^{b_i + a_i}\big), \\
    \langle x_i \rangle &= \frac{1}{1 + e^{-b_i - a_i}}.

The law of a real unit is normal, with the width :math:`\sigma_i` whatever the push:

.. math::

    E(x) &= \sum_i \frac{(x_i - b_i)^2}{2 \sigma_i^2}, \\
    \ln \int e^{-E(x) + \sum_i a_i x_i / \sigma_i^2} \, dx
    &= \sum_i \Big[\frac{a_i (a_i + 2 b_i)}{2 \sigma_i^2} + \ln \sigma_i \sqrt{2 \pi}\Big], \\
    \langle x_i \rangle &= b_i + a_i.
"""

import math

import numpy as np
from scipy.special import expit

from rgrbm._core import checks
from rgrbm._core.numerics import finite, sum_softplus

__all__ = ["Bits", "Gaussian"]

SMALLEST_WIDTH = 1 / checks.LARGEST


class _Layer:
    """What a machine asks of its layers."""

    def __init__(self, bias, *, name="bias", n_units=None):
        self._name = name
        self._bias = checks.array(name, bias, (n_units,))

    def __repr__(self):
        return f"{type(self).__name__}(n_units={self.n_units})"

    @property
    def bias(self):
        """Biases of the units; what is assigned is checked and copied."""
        return self._bias

    @bias.setter
    def bias(self, value):
        self._bias = checks.array(self._name, value, self._bias.shape)

    @property
    def n_units(self):
        """Number of units."""
        return len(self._bias)

    def check_parameters(self):
        """Check that no parameter was changed in place to what could not be assigned.

        Raises
        ------
        FloatingPointError
            If one was.
        """
        check_unchanged(self._name, self._bias)

    def check(self, states, name="states"):
        """Check states; the other methods take what this one returns.

        Parameters
        ----------
        states : array_like, shape (..., n_units)
        name : str, optional
            What to call them in an error.

        Returns
        -------
        states : ndarray of float64, shape (..., n_units)
            A copy.

        Raises
        ------
        ValueError, TypeError
            If the width is wrong or an entry is not allowed: bits are 0 and 1, real units are
            finite and at most 1e100 in size.
        """

    def scaled(self, states):
        """What the other layer sees of states: the states, times the precision.

        Parameters
        ----------
        states : ndarray, shape (..., n_units)

        Returns
        -------
        scaled : ndarray, shape (..., n_units)
        """

    def push(self, states, weights):
        """What states send through weights to the units of the other layer.

        Parameters
        ----------
        states : ndarray, shape (..., n_units)
        weights : ndarray, shape (n_units, n_others)

        Returns
        -------
        push : ndarray, shape (..., n_others)

        Raises
        ------
        FloatingPointError
            If it is NaN or too large for a float (real units).
        """

    def energy(self, states):
        """Energy of states without the other layer.

        Parameters
        ----------
        states : ndarray, shape (..., n_units)

        Returns
        -------
        energy : ndarray, shape (...)

        Raises
        ------
        FloatingPointError
            If it is NaN or too large for a float.
        """

    def log_sum(self, push):
        """Logarithm of the sum of all weights exp(-E(x) + a . scaled(x)); an integral if x is real.

        Parameters
        ----------
        push : ndarray, shape (..., n_units)

        Returns
        -------
        log_sum : ndarray, shape (...)

        Raises
        ------
        FloatingPointError
            If it is NaN or too large for a float.
        """

    def mean(self, push):
        """Mean of each unit under a push.

        Parameters
        ----------
        push : ndarray, shape (..., n_units)

        Returns
        -------
        mean : ndarray, shape (..., n_units)

        Raises
        ------
        FloatingPointError
            If one is NaN.
        """

    def draw(self, push, rng):
        """Draw states under a push.

        Parameters
        ----------
        push : ndarray, shape (..., n_units)
        rng : numpy.random.Generator

        Returns
        -------
        states : ndarray of float64, shape (..., n_units)

        Raises
        ------
        FloatingPointError
            If a mean is NaN.
        """


class Bits(_Layer):
    """A layer of bits.

    Parameters
    ----------
    bias : array_like, shape (n_units,)
        Finite; copied.
    name : str, optional
        What to call it in an error.
    n_units : int, optional
        How many units there must be; by default any number from 1.

    Attributes
    ----------
    bias : ndarray of float64, shape (n_units,)
    precision : ndarray of float64, shape (n_units,)
        Ones.
    n_units : int
    n_states : int
        2**n_units.
    dtype : type
        That of drawn states outside of the layer: uint8.

    Raises
    ------
    ValueError, TypeError
        If `bias` is not as described.

    Examples
    --------
    >>> layer = Bits([0.0, np.log(3)])
    >>> layer.mean(np.zeros(2)).round(12)
    array([0.5 , 0.75])
    >>> round(float(np.exp(layer.log_sum(np.zeros(2)))), 12)
    8.0
    """

    dtype = np.dtype(np.uint8)

    @property
    def precision(self):
        return np.ones(self.n_units)

    @property
    def n_states(self):
        return 2**self.n_units

    def check(self, states, name="states"):
        return checks.two_valued(name, states, 0, 1, (..., self.n_units)).astype(np.float64)

    def check_probabilities(self, states, name="states"):
        """Check numbers from 0 to 1, which stand for bits that are 1 with these probabilities.

        Parameters
        ----------
        states : array_like, shape (..., n_units)
        name : str, optional
            What to call them in an error.

        Returns
        -------
        probabilities : ndarray of float64, shape (..., n_units)
            A copy.

        Raises
        ------
        ValueError, TypeError
            If the width is wrong or an entry is not in [0, 1].
        """
        found = checks.array(name, states, (..., self.n_units))
        wrong = (found < 0) | (found > 1)
        if wrong.any():
            raise ValueError(
                f"{name} must hold probabilities, from 0 to 1, got {found[wrong].flat[0]} in it"
            )
        return found

    def scaled(self, states):
        return states

    def push(self, states, weights):
        return states @ weights

    def energy(self, states):
        return finite("the energy", -states @ self.bias)

    def log_sum(self, push):
        return finite("the free energy", sum_softplus(push + self.bias))

    def mean(self, push):
        return _defined(expit(push + self.bias))

    def draw(self, push, rng):
        mean = self.mean(push)  # which is not NaN: a comparison with it would draw zeros
        return (rng.random(mean.shape) < mean).astype(np.float64)


class Gaussian(_Layer):
    """A layer of real units, each with a normal law.

    Parameters
    ----------
    bias : array_like, shape (n_units,)
        Means without a push, finite; copied.
    sigma : float or array_like, shape (n_units,)
        Widths, from 1e-100 to 1e100; a number stands for all of them.
    name : str, optional
    n_units : int, optional
        As in `Bits`.

    Attributes
    ----------
    bias, sigma : ndarray of float64, shape (n_units,)
    precision : ndarray of float64, shape (n_units,)
        1 / sigma**2.
    n_units : int
    n_states : float
        Infinite.
    dtype : type
        That of drawn states outside of the layer: float64.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described.

    Examples
    --------
    >>> layer = Gaussian([1.0, 2.0], sigma=0.5)
    >>> layer.mean(np.array([0.5, -0.5]))
    array([1.5, 1.5])
    >>> layer.scaled(np.array([1.0, 2.0]))
    array([4., 8.])
    """

    dtype = np.dtype(np.float64)
    n_states = math.inf

    def __init__(self, bias, sigma, *, name="bias", n_units=None):
        super().__init__(bias, name=name, n_units=n_units)
        self._sigma = checked_widths(sigma, self.n_units)

    @property
    def sigma(self):
        """Widths of the units; what is assigned is checked and copied."""
        return self._sigma

    @sigma.setter
    def sigma(self, value):
        self._sigma = checked_widths(value, self.n_units)

    @property
    def precision(self):
        return 1 / self.sigma**2

    def check_parameters(self):
        super().check_parameters()
        check_unchanged("sigma", self._sigma)
        if self._sigma.min() < SMALLEST_WIDTH:
            raise FloatingPointError(
                f"sigma must be positive, at least {SMALLEST_WIDTH:g}, got {self._sigma.min()} in "
                "it: it was changed in place"
            )

    def check(self, states, name="states"):
        return checks.array(name, states, (..., self.n_units))

    def scaled(self, states):
        return states * self.precision

    def push(self, states, weights):
        with np.errstate(over="ignore", invalid="ignore"):
            return finite("what real units send to the others", self.scaled(states) @ weights)

    def energy(self, states):
        with np.errstate(over="ignore"):
            energy = np.sum(((states - self.bias) / self.sigma) ** 2, axis=-1) / 2
        return finite("the energy", energy)

    def log_sum(self, push):
        # (push + bias)**2 - bias**2, which would cancel where the bias is large
        with np.errstate(over="ignore", invalid="ignore"):
            squares = push * (push + 2 * self.bias) * self.precision / 2
            log_sum = np.sum(squares + np.log(self.sigma * np.sqrt(2 * np.pi)), axis=-1)
        return finite("the free energy", log_sum)

    def mean(self, push):
        return _defined(push + self.bias)

    def draw(self, push, rng):
        mean = self.mean(push)
        return mean + self.sigma * rng.standard_normal(mean.shape)


def checked_widths(sigma, n_units):
    """Return `sigma` as an array of shape (n_units,)."""
    array = checks.array("sigma", sigma)
    if array.ndim == 0:
        array = np.full(n_units, array)
    array = checks.array("sigma", array, (n_units,))
    if array.min() < SMALLEST_WIDTH:
        raise ValueError(
            f"sigma must be positive, at least {SMALLEST_WIDTH:g}, got {array.min()} in it"
        )
    return array


def check_unchanged(name, array):
    """Check a parameter that may have been changed in place since it was assigned."""
    flat = array.ravel(order="K")
    if np.vdot(flat, flat) <= checks.LARGEST**2:  # one fast product, false if an entry is NaN
        return
    wrong = ~(np.abs(flat) <= checks.LARGEST)
    if wrong.any():
        raise FloatingPointError(
            f"{name} must be finite and at most {checks.LARGEST:g} in size, got {flat[wrong][0]}: "
            "it was changed in place, or training has diverged"
        )


def _defined(mean):
    if np.isnan(mean).any():
        raise FloatingPointError("a parameter of the machine has become NaN")
    return mean
