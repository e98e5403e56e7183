r"""Samples of the Ising ring: Metropolis, heat bath, and exact sampling.

All three return independent samples of the ring, one a row. Metropolis and heat bath run one
Markov chain per sample, from random spins, and return where it ends: so they are right only after
enough sweeps. Exact sampling needs no sweeps. It is the oracle for the other two.

Metropolis updates sites that are chosen at random. A sweep from left to right would be wrong here:
moves that cost nothing are always accepted, so it carries every domain wall along with it, and the
number of walls hardly changes (the chapter on Monte Carlo finds the conserved quantity).
"""

import numpy as np
from scipy.special import expit

from rgrbm._core import checks
from rgrbm._core.loading import load
from rgrbm._core.packing import SPINS_AT_ONCE, blocks, pack_chains, unpack_chains
from rgrbm.sampler import _runs
from rgrbm.sampler._runs import ALL_ONES

__all__ = ["exact_chain", "heat_bath_chain", "metropolis_chain"]


def metropolis_chain(
    n_samples,
    n_sites,
    coupling,
    *,
    field=0.0,
    n_sweeps,
    rng,
    start=None,
    observe=None,
    every=1,
    progress=False,
):
    r"""Sample the ring with the Metropolis algorithm, one chain per sample.

    An update picks a site at random and flips its spin with probability
    :math:`\min(1, e^{-\Delta E})`, :math:`\Delta E = 2 s_i [K (s_{i-1} + s_{i+1}) + h]`.

    Parameters
    ----------
    n_samples, n_sites : int
        At least 1.
    coupling, field : float
        Reduced K = J/T and h = B/T, dimensionless, of either sign.
    n_sweeps : int
        A sweep is `n_sites` updates. At least 0.
    rng : numpy.random.Generator
    start : array_like, shape (n_samples, n_sites), optional
        Spins that the chains start from; by default random ones.
    observe : callable, optional
        Called as ``observe(spins)`` after every `every`-th sweep with all chains, int8 of the shape
        (n_samples, n_sites); what it returns is kept. It changes nothing about the samples.
    every : int, optional
        Sweeps between two looks, at least 1.
    progress : bool, optional
        Show a progress bar.

    Returns
    -------
    spins : ndarray of int8, shape (n_samples, n_sites)
        Where the chains end, -1 and +1.
    series : ndarray, shape (n_sweeps // every, ...)
        Only with `observe`: what it returned, look by look.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    64 chains share a machine word, and with it the sequence of sites; they differ in their random
    acceptances. Chains that have forgotten their start are independent all the same. Close to
    K = h = 0 nearly every flip is accepted. Then chains of a word that share a `start` of yours
    stay copies of each other for about :math:`1/(|K| + |h|)` sweeps, and at K = h = 0 for ever; the
    random start is right.

    :cite:t:`qiu2022`, Eq. 16.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> metropolis_chain(2, 5, 10.0, n_sweeps=1000, rng=rng, start=np.ones((2, 5)))
    array([[1, 1, 1, 1, 1],
           [1, 1, 1, 1, 1]], dtype=int8)
    """
    looks = _runs.looks(observe, every)
    progress = checks.flag("progress", progress)
    spins, coupling, field, n_sweeps = _prepare(
        n_samples, n_sites, coupling, field, n_sweeps, rng, start
    )
    # What the flip of a spin +1 costs, if none, one or both neighbours are +1; of a -1, minus it.
    cost = 2 * (coupling * np.array([-2, 0, 2]) + field)
    digits = _runs.binary_digits(np.exp(-np.abs(cost)))

    kernels = load("rgrbm.sampler._chain_kernels")

    def update(word, first, n_updates, word_rng):
        if field == 0:
            low = ALL_ONES if coupling < 0 else np.uint64(0)
            kernels.metropolis(word, low, digits, n_updates, word_rng)
        else:
            lows = np.where(cost > 0, np.uint64(0), ALL_ONES)
            kernels.metropolis_field(word, lows, digits, n_updates, word_rng)

    return _run(spins, n_sweeps, update, rng, looks, progress)


def heat_bath_chain(
    n_samples,
    n_sites,
    coupling,
    *,
    field=0.0,
    n_sweeps,
    rng,
    start=None,
    observe=None,
    every=1,
    progress=False,
):
    r"""Sample the ring with the heat bath (Gibbs sampling), one chain per sample.

    An update forgets a spin and draws it anew from its law given the neighbours,
    :math:`p(s_i = 1) = 1 / (1 + e^{-2 [K (s_{i-1} + s_{i+1}) + h]})`, site after site.

    Parameters
    ----------
    n_samples, n_sites : int
        At least 1.
    coupling, field : float
        Reduced K = J/T and h = B/T, dimensionless, of either sign.
    n_sweeps : int
        A sweep updates each site once, in order. At least 0.
    rng : numpy.random.Generator
    start : array_like, shape (n_samples, n_sites), optional
        Spins that the chains start from; by default random ones.
    observe : callable, optional
        Called as ``observe(spins)`` after every `every`-th sweep with all chains, int8 of the shape
        (n_samples, n_sites); what it returns is kept. It changes nothing about the samples.
    every : int, optional
        Sweeps between two looks, at least 1.
    progress : bool, optional
        Show a progress bar.

    Returns
    -------
    spins : ndarray of int8, shape (n_samples, n_sites)
        Where the chains end, -1 and +1.
    series : ndarray, shape (n_sweeps // every, ...)
        Only with `observe`: what it returned, look by look.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spins = heat_bath_chain(1000, 8, 0.0, n_sweeps=1, rng=rng)
    >>> bool(abs(spins.mean()) < 0.1)
    True
    """
    looks = _runs.looks(observe, every)
    progress = checks.flag("progress", progress)
    spins, coupling, field, n_sweeps = _prepare(
        n_samples, n_sites, coupling, field, n_sweeps, rng, start
    )
    digits = _runs.binary_digits(expit(2 * (coupling * np.array([-2, 0, 2]) + field)))

    kernels = load("rgrbm.sampler._chain_kernels")

    def update(word, first, n_updates, word_rng):
        kernels.heat_bath(word, digits, first % len(word), n_updates, word_rng)

    return _run(spins, n_sweeps, update, rng, looks, progress)


def exact_chain(n_samples, n_sites, coupling, *, field=0.0, rng):
    """Draw independent samples of the ring, exactly, with the transfer matrix T.

    Cut the ring at site 0. The spin there is drawn from the diagonal of T**N. Then each next spin
    is drawn given the one before it and the first: site k + 1 has the weight
    T(s_k, s) (T**(N-k-1))(s, s_0).

    Parameters
    ----------
    n_samples, n_sites : int
        At least 1.
    coupling, field : float
        Reduced K = J/T and h = B/T, dimensionless, of either sign.
    rng : numpy.random.Generator

    Returns
    -------
    spins : ndarray of int8, shape (n_samples, n_sites)
        -1 and +1. No burn-in, no correlation between rows.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> exact_chain(2, 4, 50.0, field=1.0, rng=np.random.default_rng(0))
    array([[1, 1, 1, 1],
           [1, 1, 1, 1]], dtype=int8)
    """
    n_samples, n_sites = _sizes(n_samples, n_sites)
    coupling = checks.number("coupling", coupling)
    field = checks.number("field", field)
    checks.generator(rng)

    # A larger coupling would swallow the field in rounding, and break a bond as good as never.
    largest = 1e4 + 2 * abs(field)
    coupling = min(max(coupling, -largest), largest)
    # ln T, up to a constant, with the field shared between the ends of a bond; 0 is -1, 1 is +1.
    spin = np.array([-1.0, 1.0])
    bond = np.where(spin[:, None] == spin, min(2 * coupling, 0.0), min(-2 * coupling, 0.0))
    log_t = bond + field * (spin[:, None] + spin) / 2
    # ln T**m for m = 1, ..., N, up to a common constant.
    log_powers = np.empty((n_sites + 1, 2, 2))
    log_powers[1] = log_t
    for m in range(2, n_sites + 1):
        power = np.logaddexp.reduce(log_t[:, :, None] + log_powers[m - 1], axis=1)
        log_powers[m] = power - power.max()

    states = np.empty((n_sites, n_samples), dtype=np.int8)
    up = expit(log_powers[n_sites, 1, 1] - log_powers[n_sites, 0, 0])
    for chains in _runs.parts(n_samples):
        states[0, chains] = rng.random(states[0, chains].size) < up
    for k in range(n_sites - 1):
        # Weight of s at site k + 1, for each s_k (rows) and s_0 (columns).
        log_weight = log_t[:, :, None] + log_powers[n_sites - k - 1]
        up = expit(log_weight[:, 1] - log_weight[:, 0])
        for chains in _runs.parts(n_samples):
            given = up[states[k, chains], states[0, chains]]
            states[k + 1, chains] = rng.random(given.size) < given
    spins = np.empty((n_samples, n_sites), dtype=np.int8)
    for chains, sites in blocks(spins.shape, SPINS_AT_ONCE):
        spins[chains, sites] = 2 * states[sites, chains].T - 1
    return spins


def _sizes(n_samples, n_sites):
    return checks.integer("n_samples", n_samples, 1), checks.integer("n_sites", n_sites, 1)


def _prepare(n_samples, n_sites, coupling, field, n_sweeps, rng, start):
    """Check the arguments that the Markov chains share; make the spins they start from."""
    n_samples, n_sites = _sizes(n_samples, n_sites)
    coupling = checks.number("coupling", coupling)
    field = checks.number("field", field)
    n_sweeps = checks.integer("n_sweeps", n_sweeps, 0)
    checks.generator(rng)
    if start is None:
        spins = _runs.random_spins((n_samples, n_sites), rng)
    else:
        spins = checks.spin_states("start", start, n_sites)
        if spins.shape != (n_samples, n_sites):
            raise ValueError(
                f"start must have the shape ({n_samples}, {n_sites}), got {spins.shape}"
            )
    if n_sites == 1:
        coupling = 0.0  # the bond of a spin with itself is constant
    return spins, coupling, field, n_sweeps


def _run(spins, n_sweeps, update, rng, looks, progress):
    """Pack the chains into words, update these, and unpack them."""
    n_samples, n_sites = spins.shape
    words = pack_chains(spins)
    at_once = _runs.UPDATES_AT_ONCE

    def see():
        return unpack_chains(words, n_samples)

    return _runs.run(words, n_sweeps, n_sites, at_once, update, see, rng, looks, progress, "update")
