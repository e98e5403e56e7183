r"""A restricted Boltzmann machine as the amplitude of a quantum state.

The hidden spins of a machine without biases are summed over, and the sum is not a probability but
an amplitude, as :cite:t:`carleo2017` proposed:

.. math::

    \psi(s) = \sum_{t} \exp \Big( \sum_{j} t_j \theta_j(s) \Big) = \prod_j 2 \cosh \theta_j(s) ,
    \qquad \theta_{ak}(s) = \sum_r w_{ar} s_{k + r} .

Each of the features a is shifted around the ring, k = 0 ... N - 1, so that the state is translation
invariant. The spins have the law :math:`\psi^2 / \sum \psi^2`.
"""

import numpy as np

from rgrbm._core import checks
from rgrbm._core.loading import load
from rgrbm._core.numerics import finite, log_two_cosh

__all__ = ["RBMState"]

FIRST_WEIGHTS = 0.05  # standard deviation: near the product of all spins along the field


class RBMState:
    r"""Trial function for the ground state of the Ising ring in a transverse field.

    Parameters
    ----------
    n_sites : int
        At least 3.
    field : float
        Transverse field h in units of the coupling, of the Hamiltonian
        :math:`-\sum_i \sigma^z_i \sigma^z_{i+1} - h \sum_i \sigma^x_i`; not negative.
    density : int
        Features, that is hidden units per site; at least 1.
    rng : numpy.random.Generator
        For the weights to start with, which are small.

    Attributes
    ----------
    weights : ndarray of float64, shape (density, n_sites)
        Can be changed in place.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> from rgrbm.quantum import ising_chain_ground_energy, optimize_exactly
    >>> state = RBMState(10, 1.0, density=2, rng=np.random.default_rng(0))
    >>> energies = optimize_exactly(state, n_steps=300)
    >>> bool(energies[-1] < 0.9999 * ising_chain_ground_energy(10, 1.0))
    True
    """

    def __init__(self, n_sites, field, *, density, rng):
        self.n_sites = checks.integer("n_sites", n_sites, 3)
        self.field = checks.real("field", field, 0.0, checks.LARGEST)
        density = checks.integer("density", density, 1)
        checks.size("n_sites and density", self.n_sites, self.n_sites, density)
        rng = checks.generator(rng)
        self.weights = FIRST_WEIGHTS * rng.normal(size=(density, self.n_sites))
        site = np.arange(self.n_sites)
        self._turned = (site[:, None] - site) % self.n_sites  # site i, hidden unit k: i - k

    def parameters(self):
        """Return the parameters by name.

        Returns
        -------
        parameters : dict of ndarray
            The weights themselves, not a copy.

        Examples
        --------
        >>> state = RBMState(4, 1.0, density=2, rng=np.random.default_rng(0))
        >>> state.parameters()["weights"].shape
        (2, 4)
        """
        return {"weights": self.weights}

    def log_psi(self, spins):
        """Logarithm of the amplitude, without a norm.

        Parameters
        ----------
        spins : array_like of int, shape (n, n_sites)

        Returns
        -------
        log_psi : ndarray of float64, shape (n,)

        Raises
        ------
        ValueError, TypeError
            If `spins` is not as described.
        FloatingPointError
            If weights are NaN, or too large.

        Examples
        --------
        >>> state = RBMState(4, 1.0, density=1, rng=np.random.default_rng(0))
        >>> state.weights[:] = [[0.5, 0.0, 0.0, 0.0]]
        >>> bool(abs(state.log_psi([[1, -1, 1, 1]])[0] - 4 * np.log(2 * np.cosh(0.5))) < 1e-12)
        True
        """
        spins = self._spins(spins)
        with np.errstate(invalid="ignore"):
            return self._checked(log_two_cosh(self._angles(spins)).sum(axis=1))

    def flip_ratios(self, spins):
        r"""Amplitudes after the flip of one spin, over those before.

        Parameters
        ----------
        spins : array_like of int, shape (n, n_sites)

        Returns
        -------
        ratios : ndarray of float64, shape (n, n_sites)

        Raises
        ------
        ValueError, TypeError
            If `spins` is not as described.
        FloatingPointError
            If weights are NaN, or too large.

        Notes
        -----
        :math:`\prod_j [\cosh 2 w_{ji} - s_i \tanh \theta_j \sinh 2 w_{ji}]`.

        Examples
        --------
        >>> state = RBMState(4, 1.0, density=1, rng=np.random.default_rng(0))
        >>> after, before = state.log_psi([[-1, 1, 1, 1], [1, 1, 1, 1]])
        >>> bool(abs(state.flip_ratios([[1, 1, 1, 1]])[0, 0] - np.exp(after - before)) < 1e-12)
        True
        """
        return self._ratios(self._spins(spins))

    def local_energy(self, spins):
        r"""Energy of a configuration, whose mean over the law of the state is the state's energy.

        Parameters
        ----------
        spins : array_like of int, shape (n, n_sites)

        Returns
        -------
        energies : ndarray of float64, shape (n,)
            :math:`(\mathcal H \psi)(s) / \psi(s)`, in units of the coupling.

        Raises
        ------
        ValueError, TypeError
            If `spins` is not as described.
        FloatingPointError
            If weights are NaN, or too large.

        Notes
        -----
        :math:`-\sum_i s_i s_{i+1} - h \sum_i r_i` with the ratios r of `flip_ratios`.

        Examples
        --------
        Without weights all configurations have one amplitude:

        >>> state = RBMState(4, 0.5, density=1, rng=np.random.default_rng(0))
        >>> state.weights[:] = 0
        >>> print(state.local_energy([[1, 1, 1, 1], [1, 1, -1, -1]]))
        [-6. -2.]
        """
        spins = self._spins(spins)
        bonds = np.sum(spins * np.roll(spins, 1, axis=1), axis=1, dtype=np.int64)
        return self._checked(-bonds - self.field * self._ratios(spins).sum(axis=1))

    def log_derivatives(self, spins):
        r"""Slopes of the logarithm of the amplitude along the parameters.

        Parameters
        ----------
        spins : array_like of int, shape (n, n_sites)

        Returns
        -------
        derivatives : ndarray of float64, shape (n, density * n_sites)
            In the order of the raveled weights.

        Raises
        ------
        ValueError, TypeError
            If `spins` is not as described.
        FloatingPointError
            If weights are NaN, or too large.

        Notes
        -----
        :math:`\partial \ln \psi / \partial w_{ar} = \sum_k \tanh(\theta_{ak}) s_{k+r}`.

        Examples
        --------
        >>> state = RBMState(4, 1.0, density=2, rng=np.random.default_rng(0))
        >>> state.weights[:] = 0
        >>> print(state.log_derivatives([[1, 1, 1, 1]])[0])
        [0. 0. 0. 0. 0. 0. 0. 0.]
        """
        spins = self._spins(spins)
        shape = len(spins), *self.weights.shape
        slopes = np.tanh(self._angles(spins)).reshape(shape)
        site = np.arange(self.n_sites)
        turned = spins[:, (site[:, None] + site) % self.n_sites]  # s_{k + r} at [k, r]
        return self._checked(slopes @ turned).reshape(len(spins), -1)

    def sample(self, n_samples, *, n_sweeps, rng, start=None):
        """Run Markov chains to the law of the state, the square of its amplitude.

        Parameters
        ----------
        n_samples : int
            Chains, at least 1.
        n_sweeps : int
            A sweep draws each spin once, from its law given the others (heat bath). At least 0.
        rng : numpy.random.Generator
        start : array_like of int, shape (n_samples, n_sites), optional
            Spins to start with, by default random ones.

        Returns
        -------
        spins : ndarray of int8, shape (n_samples, n_sites)
            Where the chains are in the end.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.
        FloatingPointError
            If weights are NaN, or too large.

        Notes
        -----
        Metropolis's rule would accept every flip where all amplitudes are equal: site by site all
        spins would turn over in every sweep, and the chain would never forget.

        Examples
        --------
        >>> state = RBMState(4, 1.0, density=1, rng=np.random.default_rng(0))
        >>> state.sample(3, n_sweeps=10, rng=np.random.default_rng(1)).shape
        (3, 4)
        """
        n_samples = checks.integer("n_samples", n_samples, 1)
        n_sweeps = checks.integer("n_sweeps", n_sweeps, 0)
        shape = n_samples, self.n_sites
        checks.size("n_samples", n_samples, self.n_sites, len(self.weights))
        if start is not None:
            start = checks.two_valued("start", start, -1, 1, shape)
        rng = checks.generator(rng)
        if start is None:
            start = rng.choice(np.array([-1, 1], dtype=np.int8), size=shape)
        spins = np.array(start, dtype=np.int8, order="C")
        steps, scale = self._steps()
        kernel = load("rgrbm.quantum._state_kernels").heat_bath
        for _ in range(n_sweeps):
            slopes = np.tanh(self._angles(spins))
            kernel(spins, slopes, steps, scale, rng.random((1, *shape)))
        return spins

    def _spins(self, spins):
        return checks.two_valued("spins", spins, -1, 1, (None, self.n_sites)).astype(np.int8)

    def _angles(self, spins):
        """Theta of all hidden units, shape (n, density * n_sites)."""
        return spins @ self.weights[:, self._turned].transpose(1, 0, 2).reshape(self.n_sites, -1)

    def _steps(self):
        """Tanh of twice the weights between sites and hidden units, and the product of all cosh."""
        steps = np.tanh(2 * self.weights)[:, self._turned].transpose(1, 0, 2)
        with np.errstate(over="ignore"):
            scale = np.prod(np.cosh(2 * self.weights))
        return np.ascontiguousarray(steps).reshape(self.n_sites, -1), self._checked(scale)

    def _ratios(self, spins):
        kernel = load("rgrbm.quantum._state_kernels").flip_ratios
        return self._checked(kernel(spins, np.tanh(self._angles(spins)), *self._steps()))

    def _checked(self, values):
        return finite("the trial function", values)
