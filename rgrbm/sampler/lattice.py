r"""Samples of the square Ising lattice on a torus: Metropolis, and clusters.

As for the ring, all three run one Markov chain per sample, from random spins, and return where it
ends; `observe` watches the chains on the way, and one long chain is ``n_samples=1``. Near the
critical coupling :math:`K_c = \tfrac12 \ln (1 + \sqrt 2)` the Metropolis algorithm needs of the
order of ``size**2`` sweeps to forget its start, and the cluster algorithms a few.

Metropolis goes over the sites of one colour of the checkerboard, and then over those of the other.
That keeps the law, as each order does; but alone it would not always arrive there. In diagonal
stripes, two sites wide, each spin has as many neighbours up as down: it flips whenever its turn
comes, and the stripes do nothing but move. So each sweep ends with one more update, of a site
chosen at random, and then it arrives from everywhere, unless K = h = 0. The reason: as an operator
on functions of the state, with the law as weight, each update is self-adjoint and makes no function
longer; that of a random site reaches all states, so it makes all but the constants shorter.
"""

import numpy as np

from rgrbm._core import checks
from rgrbm._core.loading import load
from rgrbm._core.packing import pack_chains, unpack_chains
from rgrbm.sampler import _runs
from rgrbm.sampler._runs import ALL_ONES

__all__ = ["metropolis_lattice", "swendsen_wang_lattice", "wolff_lattice"]

NEIGHBOURS = np.arange(-4, 5, 2)  # sum of the four neighbours of a site


def metropolis_lattice(
    n_samples,
    size,
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
    r"""Sample the square torus with the Metropolis algorithm, one chain per sample.

    An update flips the spin of a site with probability :math:`\min(1, e^{-\Delta E})`,
    :math:`\Delta E = 2 s_i (K \sum_j s_j + h)`, where j runs over the four neighbours.

    Parameters
    ----------
    n_samples : int
        At least 1.
    size : int
        Sites a side, at least 2, even or odd. With two, each bond counts twice.
    coupling, field : float
        Reduced K = J/T and h = B/T, dimensionless, of either sign.
    n_sweeps : int
        A sweep updates each site once, those of one colour of the checkerboard first, and then one
        site chosen at random. At least 0.
    rng : numpy.random.Generator
    start : array_like, shape (n_samples, size, size), optional
        Spins that the chains start from; by default random ones.
    observe : callable, optional
        Called as ``observe(spins)`` after every `every`-th sweep with all chains, int8 of the shape
        (n_samples, size, size); what it returns is kept. It changes nothing about the samples.
    every : int, optional
        Sweeps between two looks, at least 1.
    progress : bool, optional
        Show a progress bar.

    Returns
    -------
    spins : ndarray of int8, shape (n_samples, size, size)
        Where the chains end, -1 and +1.
    series : ndarray, shape (n_sweeps // every, ...)
        Only with `observe`: what it returned, look by look.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    64 chains share a machine word, and with it the sites chosen at random; they differ in their
    acceptances. So a multiple of 64 chains costs least. Close to K = h = 0 nearly every flip is
    accepted: then chains of a word that share a `start` of yours long stay copies of each other,
    and at K = h = 0 for ever; the random start is right. Rows are updated at once, every second
    site: lattices of 64 sites a side take half the time a site that those of 16 do.

    :cite:t:`metropolis1953`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spins = metropolis_lattice(64, 8, 0.6, n_sweeps=100, rng=rng, start=np.ones((64, 8, 8)))
    >>> bool(abs(spins.mean() - 0.973) < 0.01)  # the spontaneous magnetization
    True
    """
    looks = _runs.looks(observe, every)
    progress = checks.flag("progress", progress)
    spins, coupling, field, n_sweeps = _prepare(
        n_samples, size, coupling, field, "n_sweeps", n_sweeps, rng, start
    )
    n_samples, size = spins.shape[:2]
    if field == 0:
        # A flip costs energy only where three neighbours or all four have the sign that K favours.
        lows = np.array([ALL_ONES if coupling < 0 else 0], dtype=np.uint64)
        cost = np.array([4, 8]) * coupling
    else:
        # What the flip of a spin +1 costs, by the sum of its neighbours; of a -1, minus it.
        cost = 2 * (coupling * NEIGHBOURS + field)
        lows = np.where(cost > 0, np.uint64(0), ALL_ONES)
    digits = _runs.binary_digits(np.exp(-np.abs(cost)))
    room = np.empty((7, size), dtype=np.uint64)
    words = pack_chains(spins.reshape(n_samples, -1)).reshape(-1, size, size)
    kernels = load("rgrbm.sampler._lattice_kernels")

    def update(word, first, n_rows, word_rng):
        kernels.metropolis(word, lows, digits, room, first, n_rows, word_rng)

    def see():
        return unpack_chains(words.reshape(len(words), -1), n_samples).reshape(spins.shape)

    at_once = max(1, 2 * _runs.UPDATES_AT_ONCE // size)
    return _runs.run(words, n_sweeps, 2 * size, at_once, update, see, rng, looks, progress, "row")


def wolff_lattice(
    n_samples,
    size,
    coupling,
    *,
    field=0.0,
    n_clusters,
    rng,
    start=None,
    observe=None,
    every=1,
    progress=False,
):
    r"""Sample the square torus with Wolff's algorithm, one cluster at a time.

    A cluster grows from a random site: each neighbour whose spin is equal joins it with the
    probability :math:`1 - e^{-2K}`, and so do the neighbours of these. The whole cluster is turned
    over, with a field with the probability :math:`\min(1, e^{-2 h S})`, where S is the sum of its
    spins.

    Parameters
    ----------
    n_samples : int
        At least 1.
    size : int
        Sites a side, at least 2. With two, each bond counts twice.
    coupling, field : float
        Reduced K = J/T and h = B/T, dimensionless, of either sign. For K < 0 opposite spins join.
    n_clusters : int
        Clusters that each chain grows, one after the other. At least 0.
    rng : numpy.random.Generator
    start : array_like, shape (n_samples, size, size), optional
        Spins that the chains start from; by default random ones.
    observe : callable, optional
        Called as ``observe(spins)`` after every `every`-th cluster with all chains, int8 of the
        shape (n_samples, size, size); what it returns is kept. It changes nothing about the
        samples.
    every : int, optional
        Clusters between two looks, at least 1.
    progress : bool, optional
        Show a progress bar.

    Returns
    -------
    spins : ndarray of int8, shape (n_samples, size, size)
        Where the chains end, -1 and +1.
    series : ndarray, shape (n_clusters // every, ...)
        Only with `observe`: what it returned, look by look.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    The mean size of a cluster, without a field, is the mean of :math:`(\sum_i s_i)^2 / N`. So at
    high temperature many clusters are needed to touch all N sites, and near and below the critical
    one a few. In a field clusters of more than 1/h spins turn over in one direction only, and the
    algorithm loses its speed. At K = h = 0 single sites turn over, always: the number of those that
    are up is even and odd in turn, and only the random start is right.

    :cite:t:`wolff1989`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spins = wolff_lattice(100, 8, 0.6, n_clusters=20, rng=rng)
    >>> total = spins.sum(axis=(1, 2))
    >>> bool((total > 0).any() and (total < 0).any())  # both phases
    True
    """
    return _clusters(
        "wolff", n_samples, size, coupling, field, "n_clusters", n_clusters, rng, start,
        observe, every, progress,
    )  # fmt: skip


def swendsen_wang_lattice(
    n_samples,
    size,
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
    r"""Sample the square torus with the algorithm of Swendsen and Wang, all clusters at a time.

    Each bond between equal spins is set with the probability :math:`1 - e^{-2K}`. The bonds cut the
    lattice into clusters, and each is given a sign at random: turned over with the probability
    :math:`1 / (1 + e^{2 h S})`, where S is the sum of its spins.

    Parameters
    ----------
    n_samples : int
        At least 1.
    size : int
        Sites a side, at least 2. With two, each bond counts twice.
    coupling, field : float
        Reduced K = J/T and h = B/T, dimensionless, of either sign. For K < 0 the bonds are set
        between opposite spins.
    n_sweeps : int
        A sweep draws all bonds, and a sign for each cluster. At least 0.
    rng : numpy.random.Generator
    start : array_like, shape (n_samples, size, size), optional
        Spins that the chains start from; by default random ones.
    observe : callable, optional
        Called as ``observe(spins)`` after every `every`-th sweep with all chains, int8 of the shape
        (n_samples, size, size); what it returns is kept. It changes nothing about the samples.
    every : int, optional
        Sweeps between two looks, at least 1.
    progress : bool, optional
        Show a progress bar.

    Returns
    -------
    spins : ndarray of int8, shape (n_samples, size, size)
        Where the chains end, -1 and +1.
    series : ndarray, shape (n_sweeps // every, ...)
        Only with `observe`: what it returned, look by look.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    :cite:t:`swendsen1987`. At K = 0 one sweep gives exact samples.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spins = swendsen_wang_lattice(100, 8, 0.6, n_sweeps=20, rng=rng)
    >>> total = spins.sum(axis=(1, 2))
    >>> bool((total > 0).any() and (total < 0).any())  # both phases
    True
    """
    return _clusters(
        "swendsen_wang", n_samples, size, coupling, field, "n_sweeps", n_sweeps, rng, start,
        observe, every, progress,
    )  # fmt: skip


def _clusters(
    name, n_samples, size, coupling, field, steps, n_steps, rng, start, observe, every, progress
):
    """Run one of the cluster algorithms; a step is a cluster, or a sweep."""
    looks = _runs.looks(observe, every)
    progress = checks.flag("progress", progress)
    spins, coupling, field, n_steps = _prepare(
        n_samples, size, coupling, field, steps, n_steps, rng, start
    )
    sign = np.int8(-1 if coupling < 0 else 1)
    threshold = np.uint64(_runs.fraction_of_word(-np.expm1(-2 * abs(coupling))))
    members = np.empty((spins[0].size + 1, 2), dtype=np.uint64)
    kernel = getattr(load("rgrbm.sampler._lattice_kernels"), name)

    def update(lattice, first, n_now, its_rng):
        kernel(lattice, sign, threshold, field, members, n_now, its_rng)

    at_once = max(1, _runs.UPDATES_AT_ONCE // spins[0].size)
    unit = steps[2:-1]
    return _runs.run(spins, n_steps, 1, at_once, update, spins.copy, rng, looks, progress, unit)


def _prepare(n_samples, size, coupling, field, steps, n_steps, rng, start):
    """Check the arguments that all share; make the spins that the chains start from."""
    n_samples = checks.integer("n_samples", n_samples, 1)
    size = checks.integer("size", size, 2)
    checks.size("n_samples and size", n_samples, size, size)
    coupling = checks.number("coupling", coupling)
    field = checks.number("field", field)
    n_steps = checks.integer(steps, n_steps, 0)
    checks.generator(rng)
    shape = n_samples, size, size
    if start is None:
        spins = _runs.random_spins(shape, rng)
    else:
        spins = checks.lattice_states("start", start)
        if spins.shape != shape:
            raise ValueError(f"start must have the shape {shape}, got {spins.shape}")
    return spins, coupling, field, n_steps
