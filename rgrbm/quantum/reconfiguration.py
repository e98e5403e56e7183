r"""Stochastic reconfiguration: trial functions that learn their ground state.

A step along minus the Hamiltonian, :math:`\psi - \epsilon \mathcal H \psi`, lowers the energy, but
leaves the family of trial functions. Its least-squares projection onto the family, in the norm of
:math:`\psi^2`, is the step :cite:p:`sorella1998`

.. math::

    \operatorname{Cov}(O, O) \, \Delta \theta = - \epsilon \operatorname{Cov}(O, E_\text{loc}) ,
    \qquad O = \partial \ln \psi / \partial \theta ,

the natural gradient of :cite:t:`amari1998` for the law :math:`\psi^2`.
"""

import numpy as np

from rgrbm._core import checks
from rgrbm._core.numerics import finite
from rgrbm.estimate import Estimate
from rgrbm.ising.chain import enumerate_spins, state_index
from rgrbm.quantum.chains import MOST_SITES
from rgrbm.quantum.states import RBMState
from rgrbm.quantum.trap import GaussianTrap

__all__ = ["estimate_energy", "optimize", "optimize_exactly"]

BURN_IN = 100  # sweeps from the start to the first step
# What is added to the diagonal of the covariance: it begins large, as long as the state is far off.
FIRST_SHIFT, DECAY, SMALLEST_SHIFT = 0.1, 0.95, 1e-12


def optimize(state, *, n_samples, n_steps, rng, learning_rate=0.05, shift=1e-3, observe=None):
    """Let a trial function learn the ground state from samples of its own.

    Parameters
    ----------
    state : RBMState or GaussianTrap
        Changed in place.
    n_samples : int
        Markov chains, at least 2. After 100 sweeps each goes on by two for every step.
    n_steps : int
        At least 0.
    rng : numpy.random.Generator
    learning_rate : float, optional
        Length of a step in imaginary time, above 0 and at most 1.
    shift : float, optional
        Added to the diagonal of the covariance in the end, from 1e-12 to 1; it begins at 0.1. With
        a small one steps can overshoot, and the energy rise again.
    observe : callable, optional
        Called as ``observe(samples)`` before every step; what it returns is kept.

    Returns
    -------
    energies : Estimate of ndarray, shape (n_steps,)
        Before each step, with standard errors.
    series : ndarray, shape (n_steps, ...)
        Only with `observe`: what it returned, step by step.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.
    FloatingPointError
        If parameters run away.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> state = RBMState(8, 1.0, density=1, rng=rng)
    >>> energies = optimize(state, n_samples=100, n_steps=50, rng=rng)
    >>> bool(energies.value[-1] < energies.value[0] - 1)
    True
    """
    _check_state(state)
    n_samples = checks.integer("n_samples", n_samples, 2)
    n_steps = checks.integer("n_steps", n_steps, 0)
    learning_rate = checks.real("learning_rate", learning_rate, 0.0, 1.0, above=True)
    shift = checks.real("shift", shift, SMALLEST_SHIFT, 1.0)
    if observe is not None:
        checks.function("observe", observe)
    samples = state.sample(n_samples, n_sweeps=BURN_IN, rng=checks.generator(rng))
    means, errors, series = [], [], []
    for number in range(n_steps):
        samples = state.sample(n_samples, n_sweeps=2, rng=rng, start=samples)
        energies = state.local_energy(samples)
        means.append(energies.mean())
        errors.append(energies.std(ddof=1) / np.sqrt(n_samples))
        if observe is not None:
            series.append(observe(samples))
        derivatives = state.log_derivatives(samples)
        step = _reconfigured(derivatives, energies, None, _shift_now(shift, number))
        _add(state, learning_rate * step)
    found = Estimate(np.array(means), np.array(errors))
    return found if observe is None else (found, np.array(series))


def optimize_exactly(state, *, n_steps, learning_rate=0.05, shift=1e-3):
    """Let a trial function of a short ring learn the ground state by sums over all states.

    Of states that are rotations or inversions of each other one stands for all.

    Parameters
    ----------
    state : RBMState
        Of at most 14 sites; changed in place.
    n_steps : int
        At least 0.
    learning_rate : float, optional
        Length of a step in imaginary time, above 0 and at most 1.
    shift : float, optional
        Added to the diagonal of the covariance in the end, from 1e-12 to 1; it begins at 0.1. With
        a small one steps can overshoot, and the energy rise again.

    Returns
    -------
    energies : ndarray of float64, shape (n_steps,)
        Before each step, exact.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.
    FloatingPointError
        If weights run away.

    Examples
    --------
    >>> from rgrbm.quantum import ising_chain_ground_energy
    >>> state = RBMState(6, 2.0, density=1, rng=np.random.default_rng(0))
    >>> energies = optimize_exactly(state, n_steps=300)
    >>> bool(energies[-1] - ising_chain_ground_energy(6, 2.0) < 1e-3)
    True
    """
    if not isinstance(state, RBMState):
        raise TypeError(f"state must be an RBMState, got {checks.shown(state)}")
    if state.n_sites > MOST_SITES:
        raise ValueError(f"state must have at most {MOST_SITES} sites, got {state.n_sites}")
    n_steps = checks.integer("n_steps", n_steps, 0)
    learning_rate = checks.real("learning_rate", learning_rate, 0.0, 1.0, above=True)
    shift = checks.real("shift", shift, SMALLEST_SHIFT, 1.0)
    spins, counts = _orbits(state.n_sites)
    found = []
    for number in range(n_steps):
        log_psi = state.log_psi(spins)
        law = counts * np.exp(2 * (log_psi - log_psi.max()))
        law /= law.sum()
        energies = state.local_energy(spins)
        found.append(law @ energies)
        derivatives = state.log_derivatives(spins)
        step = _reconfigured(derivatives, energies, law, _shift_now(shift, number))
        _add(state, learning_rate * step)
    return np.array(found)


def estimate_energy(state, *, n_samples, n_sweeps, rng):
    """Measure the energy of a trial function.

    Parameters
    ----------
    state : RBMState or GaussianTrap
    n_samples : int
        Independent Markov chains, at least 2.
    n_sweeps : int
        Of each chain, at least 1, each with a look; as many go before, from a random start.
    rng : numpy.random.Generator

    Returns
    -------
    energy : Estimate
        Its error is the scatter of the means of the chains.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.
    FloatingPointError
        If parameters are NaN, or too large.

    Examples
    --------
    Without weights, in a product state:

    >>> state = RBMState(8, 2.0, density=1, rng=np.random.default_rng(0))
    >>> state.weights[:] = 0
    >>> energy = estimate_energy(state, n_samples=50, n_sweeps=50, rng=np.random.default_rng(1))
    >>> bool(abs(energy.value + 16) < 4 * energy.error)
    True
    """
    _check_state(state)
    n_samples = checks.integer("n_samples", n_samples, 2)
    n_sweeps = checks.integer("n_sweeps", n_sweeps, 1)
    samples = state.sample(n_samples, n_sweeps=n_sweeps, rng=checks.generator(rng))
    total = np.zeros(n_samples)
    for _ in range(n_sweeps):
        samples = state.sample(n_samples, n_sweeps=1, rng=rng, start=samples)
        total += state.local_energy(samples)
    return Estimate.mean(total / n_sweeps)


def _orbits(n_sites):
    """One of all states that are rotations, or inversions, of each other; and their number."""
    spins = enumerate_spins(n_sites)
    turned = [np.roll(sign * spins, r, axis=1) for sign in (-1, 1) for r in range(n_sites)]
    smallest = np.min([state_index(spins) for spins in turned], axis=0)
    _, first, counts = np.unique(smallest, return_index=True, return_counts=True)
    return spins[first], counts


def _check_state(state):
    if not isinstance(state, (RBMState, GaussianTrap)):
        raise TypeError(f"state must be an RBMState or a GaussianTrap, got {checks.shown(state)}")


def _shift_now(last, number):
    return max(last, FIRST_SHIFT * DECAY**number)


def _reconfigured(derivatives, energies, law, shift):
    """Direction of a step; without a law all samples weigh the same."""
    centred = derivatives - np.average(derivatives, axis=0, weights=law)
    weighted = centred.T / len(centred) if law is None else centred.T * law
    metric = weighted @ centred
    metric[np.diag_indices_from(metric)] += shift
    return -np.linalg.solve(finite("the covariance", metric), weighted @ energies)


def _add(state, step):
    """Add a vector to the parameters, in place."""
    parts = state.parameters().values()
    ends = np.cumsum([part.size for part in parts])[:-1]
    for part, change in zip(parts, np.split(step, ends), strict=True):
        part += change.reshape(part.shape)
