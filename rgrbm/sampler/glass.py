r"""Samples of the spin glass of Edwards and Anderson: heat bath, and tempering.

Bonds :math:`J_{ij} = \pm 1` between neighbours on a cubic lattice are coins, tossed once. No spin
can please all its bonds, and at low temperature a chain is caught in one of very many valleys.
Tempering :cite:p:`hukushima1996` lets it out: chains at many temperatures run beside each other,
and two that are next to each other exchange their spins with the probability

.. math:: \min \big( 1, e^{(\beta_1 - \beta_2) (E_1 - E_2)} \big) ,

which keeps the joint law. So a cold chain is exchanged for warmer ones, forgets, and comes back.
"""

import numpy as np

from rgrbm._core import checks
from rgrbm._core.loading import load
from rgrbm._core.packing import CHAINS_PER_WORD, unpack_chains
from rgrbm.sampler import _runs

__all__ = ["EdwardsAnderson"]

COLDEST = 1e-100


class EdwardsAnderson:
    """Spin glasses on cubic lattices, two replicas of each at each temperature.

    Parameters
    ----------
    size : int
        Sites a side, from 2 to 64; the lattice is periodic. With two, there are two bonds between
        neighbours, each with a coin of its own.
    temperatures : array_like, shape (n_temperatures,)
        In units of J, at least 1e-100, increasing.
    n_samples : int
        Glasses, each with bonds of its own; at least 1.
    rng : numpy.random.Generator
        For the bonds, the spins to start with, which are random, and all that `run` draws.

    Attributes
    ----------
    bonds : ndarray of int8, shape (n_samples, 3, size, size, size)
        The bond of each site to the next along each of the three axes, -1 or +1.
    temperatures : ndarray of float64, shape (n_temperatures,)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    64 samples share a machine word, so a multiple of 64 costs least. All samples, replicas and
    temperatures have random numbers of their own: replicas that share them are not independent, and
    fake an overlap.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> glass = EdwardsAnderson(4, [1.0, 1.5, 2.0], n_samples=64, rng=rng)
    >>> glass.run(100)
    >>> bool((np.diff(glass.energies().mean(axis=(1, 2))) > 0).all())
    True
    """

    def __init__(self, size, temperatures, *, n_samples, rng):
        self.size = checks.integer("size", size, 2, 64)
        self.temperatures = checks.array("temperatures", temperatures, (None,))
        if self.temperatures[0] < COLDEST or (np.diff(self.temperatures) <= 0).any():
            got = checks.shown(self.temperatures)
            raise ValueError(f"temperatures must be at least {COLDEST} and increase, got {got}")
        self._n_samples = checks.integer("n_samples", n_samples, 1)
        self._rng = checks.generator(rng)
        n_sites, n_chains = self.size**3, 2 * len(self.temperatures)
        n_words = -(-self._n_samples // CHAINS_PER_WORD)
        checks.size("size, temperatures and n_samples", n_words, n_sites, n_chains)
        self._kernels = load("rgrbm.sampler._glass_kernels")
        site = np.arange(n_sites).reshape(3 * [self.size])
        near = [np.roll(site, step, axis).ravel() for step in (-1, 1) for axis in range(3)]
        self._near = np.stack(near, axis=1).astype(np.uint64)
        ahead = rng.integers(0, 2**64, size=(n_words, n_sites, 3), dtype=np.uint64)
        behind = [ahead[:, near[3 + axis], axis] for axis in range(3)]
        self._bonds = np.concatenate([ahead, np.stack(behind, axis=2)], axis=2)
        spins = unpack_chains(ahead.reshape(n_words, -1), self._n_samples)
        spins = spins.reshape(-1, *3 * [self.size], 3)
        self.bonds = -np.moveaxis(spins, -1, 1)
        shape = n_words, n_sites, n_chains
        self._words = rng.integers(0, 2**64, size=shape, dtype=np.uint64)
        beta = 1 / self.temperatures
        with np.errstate(over="ignore"):  # of 1 / p, where p is 0
            against = 1 / (1 + np.exp(np.multiply.outer([0, 4, 8, 12], np.repeat(beta, 2))))
        digits = _runs.binary_digits(against.ravel())
        self._digits = np.ascontiguousarray(np.moveaxis(digits.reshape(64, 4, n_chains), 2, 0))
        self._beta = beta
        self._counter = np.empty(((3 * n_sites).bit_length(), n_chains), dtype=np.uint64)
        self._swaps = np.zeros(n_chains // 2 - 1, dtype=np.int64)
        self._n_sweeps = 0

    def run(self, n_sweeps, *, observe=None, every=1, progress=False):
        """Take all chains through sweeps, each with one round of exchanges.

        Parameters
        ----------
        n_sweeps : int
            A sweep draws each spin once, site by site. After it each chain may be exchanged with
            one of its two neighbours in temperature, the warmer and the colder in turn. At least 0.
        observe : callable, optional
            Called as ``observe(glass)`` after every `every`-th sweep; what it returns is kept.
        every : int, optional
            Sweeps between two looks, at least 1.
        progress : bool, optional
            Show a progress bar.

        Returns
        -------
        series : ndarray, shape (n_sweeps // every, ...)
            Only with `observe`: what it returned, look by look.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Examples
        --------
        >>> glass = EdwardsAnderson(2, [1.0, 2.0], n_samples=64, rng=np.random.default_rng(0))
        >>> glass.run(10, observe=EdwardsAnderson.energies, every=5).shape
        (2, 2, 2, 64)
        """
        looks = _runs.looks(observe, every)
        progress = checks.flag("progress", progress)
        n_sweeps = checks.integer("n_sweeps", n_sweeps, 0)
        before = self._n_sweeps

        def update(glass, first, n_now, its_rng):
            self._kernels.temper(
                *glass, self._near, self._digits, self._beta, self._counter, self._swaps,
                before + first, n_now, its_rng,
            )  # fmt: skip

        glasses = list(zip(self._words, self._bonds, strict=True))
        at_once = max(1, _runs.UPDATES_AT_ONCE // self._words[0].size)
        found = _runs.run(
            glasses, n_sweeps, 1, at_once, update, lambda: self, self._rng, looks, progress, "sweep"
        )
        self._n_sweeps += n_sweeps
        return None if observe is None else found[1]

    def spins(self):
        """Return the spins of all chains.

        Returns
        -------
        spins : ndarray of int8, shape (n_temperatures, 2, n_samples, size, size, size)
            The second axis counts replicas.

        Examples
        --------
        >>> EdwardsAnderson(2, [1.0], n_samples=64, rng=np.random.default_rng(0)).spins().shape
        (1, 2, 64, 2, 2, 2)
        """
        chains = np.moveaxis(self._words, 2, 0)
        spins = [unpack_chains(np.ascontiguousarray(chain), self._n_samples) for chain in chains]
        return np.reshape(spins, (-1, 2, self._n_samples, *3 * [self.size]))

    def overlaps(self):
        """Return the products of the two replicas, site by site.

        Returns
        -------
        overlaps : ndarray of int8, shape (n_temperatures, n_samples, size, size, size)

        Examples
        --------
        >>> EdwardsAnderson(2, [1.0], n_samples=64, rng=np.random.default_rng(0)).overlaps().shape
        (1, 64, 2, 2, 2)
        """
        return self.spins().prod(axis=1, dtype=np.int8)

    def plane_overlaps(self):
        """Return sums of the overlap over the planes of the lattice, across each axis.

        Returns
        -------
        sums : ndarray of int64, shape (n_temperatures, n_samples, 3, size)
            Each is a sum of ``size**2`` products. What long waves are in the overlap is seen in
            these, at a small part of the cost of `overlaps`.

        Examples
        --------
        >>> glass = EdwardsAnderson(4, [1.0], n_samples=64, rng=np.random.default_rng(0))
        >>> sums = glass.plane_overlaps()[0, :, 1]
        >>> bool((sums == glass.overlaps()[0].sum(axis=(1, 3))).all())
        True
        """
        n_temperatures, n_planes = len(self.temperatures), 3 * self.size
        n_digits = max(2, (self.size**2).bit_length())
        counter = np.empty((3, self.size, n_digits, n_temperatures), dtype=np.uint64)
        shape = len(self._words), n_temperatures, CHAINS_PER_WORD, 3, self.size
        found = np.empty(shape, dtype=np.int64)
        for word, its in zip(self._words, found, strict=True):
            self._kernels.unequal(word, np.uint64(self.size), counter, its)
        found = np.moveaxis(found, 1, 0).reshape(n_temperatures, -1, n_planes)[:, : self._n_samples]
        return self.size**2 - 2 * found.reshape(*found.shape[:2], 3, self.size)

    def energies(self):
        """Return the energies of all chains, in units of J.

        Returns
        -------
        energies : ndarray of int64, shape (n_temperatures, 2, n_samples)

        Examples
        --------
        >>> from rgrbm.ising import glass_energy
        >>> glass = EdwardsAnderson(3, [1.0], n_samples=64, rng=np.random.default_rng(0))
        >>> bool((glass.energies() == glass_energy(glass.spins(), glass.bonds)).all())
        True
        """
        n_chains = self._words.shape[2]
        found = np.empty((len(self._words), n_chains, CHAINS_PER_WORD), dtype=np.int64)
        for word, bonds, its in zip(self._words, self._bonds, found, strict=True):
            self._kernels.broken_bonds(word, bonds, self._near, self._counter, its)
        found = np.moveaxis(found, 1, 0).reshape(n_chains, -1)[:, : self._n_samples]
        return 2 * found.reshape(-1, 2, self._n_samples) - 3 * self.size**3

    def swap_rates(self):
        """Return the part of the exchanges that were accepted so far.

        Returns
        -------
        rates : ndarray of float64, shape (n_temperatures - 1,)
            Between each temperature and the next. NaN, if there was none to accept.

        Examples
        --------
        >>> glass = EdwardsAnderson(2, [1.0, 1.25], n_samples=64, rng=np.random.default_rng(0))
        >>> glass.run(100)
        >>> bool(0.5 < glass.swap_rates()[0] < 1)
        True
        """
        pair = np.arange(len(self._swaps))
        rounds = (self._n_sweeps + 1 - pair % 2) // 2
        tried = rounds * 2 * CHAINS_PER_WORD * len(self._words)
        return np.where(tried > 0, self._swaps / np.maximum(tried, 1), np.nan)
