r"""Two electrons in a plane, in a harmonic trap, and a machine as their trial function.

In atomic units, with the positions :math:`x = (x_1, x_2)` and the distance :math:`r_{12}`,

.. math::

    \mathcal H = \sum_{i=1}^2 \Big( -\tfrac12 \nabla_i^2 + \tfrac12 x_i^2 \Big) + \frac{1}{r_{12}} .

The ground state is :math:`(1 + r_{12}) \exp(-(x_1^2 + x_2^2)/2)`, with the energy 3
:cite:p:`taut1994`.
"""

import numpy as np
from scipy.special import expit

from rgrbm._core import checks
from rgrbm._core.numerics import finite, sum_softplus

__all__ = ["GaussianTrap", "trap_local_energy"]

FIRST_WEIGHTS = 0.05  # standard deviation
STEPS_PER_SWEEP = 10
STEP = 0.6  # of the proposals, in units of the oscillator length: about half of them are accepted


def trap_local_energy(positions, gradient, laplacian, *, interaction=True):
    r"""Local energy of two electrons in a trap, from derivatives of the logarithm of a function.

    Parameters
    ----------
    positions : array_like, shape (n, 4)
        Of the first electron, then of the second, in units of the oscillator length.
    gradient : array_like, shape (n, 4)
        Of :math:`\ln \psi`.
    laplacian : array_like, shape (n,)
        Of :math:`\ln \psi`, over all four coordinates.
    interaction : bool, optional
        Whether the electrons repel each other.

    Returns
    -------
    energies : ndarray of float64, shape (n,)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.
    FloatingPointError
        If both electrons are at one place, or numbers are too large.

    Notes
    -----
    .. math::

        \frac{\mathcal H \psi}{\psi} = -\tfrac12 \big( \nabla^2 \ln \psi + |\nabla \ln \psi|^2 \big)
        + \tfrac12 x^2 + \frac{1}{r_{12}} .

    Examples
    --------
    Without repulsion the product of two Gaussians has the energy 2 everywhere:

    >>> positions = np.array([[0.5, 0.0, 0.0, 1.0], [0.25, -1.0, 1.0, 3.0]])
    >>> print(trap_local_energy(positions, -positions, [-4.0, -4.0], interaction=False))
    [2. 2.]
    """
    positions = checks.array("positions", positions, (None, 4))
    gradient = checks.array("gradient", gradient, positions.shape)
    laplacian = checks.array("laplacian", laplacian, positions.shape[:1])
    return _local_energy(positions, gradient, laplacian, checks.flag("interaction", interaction))


def _local_energy(positions, gradient, laplacian, interaction):
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        energies = -(laplacian + (gradient**2).sum(axis=1)) / 2 + (positions**2).sum(axis=1) / 2
        if interaction:
            energies += 1 / _apart(positions)[1]
    return finite("the local energy", energies)


def _apart(positions):
    """Vector from the second electron to the first, and its length."""
    across = positions[:, :2] - positions[:, 2:]
    return across, np.hypot(*across.T)


class GaussianTrap:
    r"""Trial function for two electrons in a trap: a machine with Gaussian visible units.

    The hidden bits are summed over, and with a cusp the sum is multiplied by a factor of the
    distance:

    .. math::

        \ln \psi = -\frac{|x - c|^2}{2 \sigma^2} + \sum_j \ln \big( 1 + e^{b_j + x \cdot w_j /
        \sigma^2} \big) \; \Big[ {} + \frac{r_{12}}{1 + \beta r_{12}} \Big] .

    Parameters
    ----------
    n_hidden : int
        At least 0.
    interaction : bool, optional
        Whether the electrons repel each other.
    cusp : bool, optional
        Whether there is a factor of the distance.
    rng : numpy.random.Generator
        For the weights to start with, which are small.

    Attributes
    ----------
    visible_bias, hidden_bias, weights : ndarray, shapes (4,), (n_hidden,), (4, n_hidden)
    log_variance : ndarray, shape ()
        :math:`\ln \sigma^2`.
    bend : ndarray, shape ()
        Only with `cusp`: :math:`\beta`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    The function is not symmetric under exchange of the electrons unless its weights are so. The
    lowest state of all functions is, so nothing is lost.

    Examples
    --------
    >>> trap = GaussianTrap(2, interaction=False, rng=np.random.default_rng(0))
    >>> trap.weights[:] = 0
    >>> print(trap.local_energy([[0.5, 0.0, 0.0, 1.0], [0.25, -1.0, 1.0, 3.0]]))
    [2. 2.]
    """

    def __init__(self, n_hidden, *, interaction=True, cusp=False, rng):
        n_hidden = checks.integer("n_hidden", n_hidden, 0)
        self.interaction = checks.flag("interaction", interaction)
        self.cusp = checks.flag("cusp", cusp)
        checks.size("n_hidden", n_hidden, 16)
        rng = checks.generator(rng)
        self.weights = FIRST_WEIGHTS * rng.normal(size=(4, n_hidden))
        self.hidden_bias = FIRST_WEIGHTS * rng.normal(size=n_hidden)
        self.visible_bias = np.zeros(4)
        self.log_variance = np.array(0.0)
        self.bend = np.array(1.0)

    def parameters(self):
        """Return the parameters by name.

        Returns
        -------
        parameters : dict of ndarray
            The arrays themselves, not copies.

        Examples
        --------
        >>> list(GaussianTrap(2, rng=np.random.default_rng(0)).parameters())
        ['visible_bias', 'hidden_bias', 'weights', 'log_variance']
        """
        names = ["visible_bias", "hidden_bias", "weights", "log_variance", "bend"]
        return {name: getattr(self, name) for name in names[: 4 + self.cusp]}

    def log_psi(self, positions):
        """Logarithm of the amplitude, without a norm.

        Parameters
        ----------
        positions : array_like, shape (n, 4)

        Returns
        -------
        log_psi : ndarray of float64, shape (n,)

        Raises
        ------
        ValueError, TypeError
            If `positions` is not as described.
        FloatingPointError
            If parameters are NaN, or numbers too large.

        Examples
        --------
        >>> trap = GaussianTrap(0, cusp=True, rng=np.random.default_rng(0))
        >>> print(trap.log_psi([[0.5, 0.0, -0.5, 0.0]]))
        [0.25]
        """
        return self._log_psi(checks.array("positions", positions, (None, 4)))

    def _log_psi(self, x):
        variance = np.exp(self.log_variance)
        with np.errstate(over="ignore", invalid="ignore"):
            log_psi = -((x - self.visible_bias) ** 2).sum(axis=1) / (2 * variance)
            push = self.hidden_bias + x @ self.weights / variance
            log_psi += sum_softplus(push)
            if self.cusp:
                distance = _apart(x)[1]
                log_psi += distance / (1 + self.bend * distance)
        return finite("the trial function", log_psi)

    def local_energy(self, positions):
        r"""Energy at a place, whose mean over the law of the state is the state's energy.

        Parameters
        ----------
        positions : array_like, shape (n, 4)

        Returns
        -------
        energies : ndarray of float64, shape (n,)
            :math:`(\mathcal H \psi)(x) / \psi(x)`.

        Raises
        ------
        ValueError, TypeError
            If `positions` is not as described.
        FloatingPointError
            If parameters are NaN, numbers too large, or both electrons at one place.

        Examples
        --------
        With the cusp nothing is large where the electrons meet:

        >>> close = [[0.5, 0.0, 0.500001, 0.0]]
        >>> for cusp in (False, True):
        ...     trap = GaussianTrap(0, cusp=cusp, rng=np.random.default_rng(0))
        ...     print(np.round(trap.local_energy(close), 3))
        [1000002.]
        [5.]
        """
        x = checks.array("positions", positions, (None, 4))
        variance = np.exp(self.log_variance)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            on = self._on(x)
            gradient = (self.visible_bias - x + on @ self.weights.T) / variance
            laplacian = -4 / variance + on * (1 - on) @ (self.weights**2).sum(axis=0) / variance**2
            if self.cusp:
                across, distance = _apart(x)
                slope = 1 / (1 + self.bend * distance) ** 2
                pull = across * (slope / distance)[:, None]
                gradient = gradient + np.concatenate([pull, -pull], axis=1)
                curvature = -2 * self.bend * slope / (1 + self.bend * distance)
                laplacian = laplacian + 2 * (curvature + slope / distance)
        return _local_energy(x, gradient, laplacian, self.interaction)

    def _on(self, x):
        """Probabilities that the hidden bits are 1."""
        return expit(self.hidden_bias + x @ self.weights / np.exp(self.log_variance))

    def log_derivatives(self, positions):
        """Slopes of the logarithm of the amplitude along the parameters.

        Parameters
        ----------
        positions : array_like, shape (n, 4)

        Returns
        -------
        derivatives : ndarray of float64, shape (n, n_parameters)
            In the order of `parameters`, each raveled.

        Raises
        ------
        ValueError, TypeError
            If `positions` is not as described.
        FloatingPointError
            If parameters are NaN, or numbers too large.

        Examples
        --------
        >>> trap = GaussianTrap(0, rng=np.random.default_rng(0))
        >>> print(trap.log_derivatives([[1.0, 0.0, 2.0, 0.0]]))
        [[1.  0.  2.  0.  2.5]]
        """
        x = checks.array("positions", positions, (None, 4))
        variance = np.exp(self.log_variance)
        with np.errstate(over="ignore", invalid="ignore"):
            on = self._on(x)
            away = x - self.visible_bias
            width = (away**2).sum(axis=1) / 2 - (on * (x @ self.weights)).sum(axis=1)
            weights = (x[:, :, None] * on[:, None]).reshape(len(x), -1)
            parts = [away / variance, on, weights / variance, width[:, None] / variance]
            if self.cusp:
                distance = _apart(x)[1]
                parts.append(-((distance / (1 + self.bend * distance)) ** 2)[:, None])
        return finite("the trial function", np.concatenate(parts, axis=1))

    def sample(self, n_samples, *, n_sweeps, rng, start=None):
        """Run Markov chains to the law of the state, the square of its amplitude.

        Parameters
        ----------
        n_samples : int
            Chains, at least 1.
        n_sweeps : int
            Each of ten steps of Metropolis's rule, which move both electrons. At least 0.
        rng : numpy.random.Generator
        start : array_like, shape (n_samples, 4), optional
            Positions to start with, by default normal ones.

        Returns
        -------
        positions : ndarray of float64, shape (n_samples, 4)
            Where the chains are in the end.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.
        FloatingPointError
            If parameters are NaN, or numbers too large.

        Examples
        --------
        >>> trap = GaussianTrap(2, rng=np.random.default_rng(0))
        >>> trap.sample(3, n_sweeps=5, rng=np.random.default_rng(1)).shape
        (3, 4)
        """
        n_samples = checks.integer("n_samples", n_samples, 1)
        n_sweeps = checks.integer("n_sweeps", n_sweeps, 0)
        checks.size("n_samples", n_samples, 4 + self.weights.shape[1])
        if start is not None:
            start = checks.array("start", start, (n_samples, 4))
        rng = checks.generator(rng)
        x = rng.normal(size=(n_samples, 4)) if start is None else start
        log_psi = self._log_psi(x)
        for _ in range(STEPS_PER_SWEEP * n_sweeps):
            proposed = x + STEP * rng.normal(size=x.shape)
            log_proposed = self._log_psi(proposed)
            with np.errstate(over="ignore"):
                accept = rng.random(n_samples) < np.exp(2 * (log_proposed - log_psi))
            x = np.where(accept[:, None], proposed, x)
            log_psi = np.where(accept, log_proposed, log_psi)
        return x
