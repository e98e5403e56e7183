"""Effective samples of the square torus at K = 0.44: drawn scale by scale, beside Wolff's clusters.

A sample that is drawn scale by scale counts as the effective sample size of the weights says; of
clusters, as many as the autocorrelation time of the energy make one sample. So the unit is an
effective sample of the energy. What the sampler took to be trained is not counted: the chapter on
scale by scale, which trains it the same way, tells. Both tell the energy a site.
"""

from functools import cache

import numpy as np
from harness import Side, compare, timed

from rgrbm.diagnostics import autocorrelation_time
from rgrbm.estimate import Estimate
from rgrbm.ising import lattice_energy
from rgrbm.sampler import MultilevelSampler, wolff_lattice
from rgrbm.transfer_matrix import torus_thermodynamics

COUPLING = 0.44


def rows(settings):
    """Yield what is compared."""
    shorter = settings.pick(1, 10)
    n_weighed, n_long = 20_000 // shorter, 20_000 // shorter
    n_drawn, n_clusters = 4000 // shorter, 4000 // shorter

    for size in settings.pick((16, 32), (8, 16)):
        spins, weights = weighed(size, n_weighed, shorter)
        ess = weights.sum() ** 2 / (weights**2).sum() / len(weights)
        tau, energies = clusters(size, n_long)

        def drawn(seed, size=size, ess=ess):
            rng = np.random.default_rng(seed)
            return timed(trained(size, shorter).sample, n_drawn, rng) / (n_drawn * ess)

        def by_wolff(seed, size=size, tau=tau):
            return timed(wolff, size, n_clusters, seed) / n_clusters * tau

        yield from compare(
            f"torus of {size} x {size} sites, drawn scale by scale",
            "effective sample",
            Side("rgrbm", drawn, lambda s=spins, w=weights: weighted_mean(s, w)),
            [
                Side(
                    "rgrbm, Wolff", by_wolff,
                    lambda e=energies, tau=tau: Estimate(e.mean(), e.std() * (tau / len(e)) ** 0.5),
                )
            ],
            settings,
            quantity=f"energy a site (ESS {100 * ess:.0f} %; {tau:.1f} clusters)",
            exact=torus_thermodynamics(size, COUPLING)[1],
        )  # fmt: skip


@cache
def trained(size, shorter):
    """Return a sampler that has taught itself by its weights, on one lattice after the other."""
    rng = np.random.default_rng(9)
    if size == 4:
        sampler = MultilevelSampler(4, COUPLING, rng=rng)
    else:
        sampler = trained(size // 2, shorter).enlarge(rng=rng)
    sampler.refit_by_weights(12_000 // shorter, 2, n_steps=500 // shorter, rng=rng)
    return sampler


def weighed(size, n_samples, shorter):
    """Return samples and their weights."""
    spins, log_q = trained(size, shorter).sample(n_samples, np.random.default_rng(0))
    log_weights = -lattice_energy(spins, COUPLING) - log_q
    return spins, np.exp(log_weights - log_weights.max())


def weighted_mean(spins, weights):
    """Return the mean energy a site."""
    energies = energy(spins)
    mean = weights @ energies / weights.sum()
    return Estimate(mean, np.sqrt(weights**2 @ (energies - mean) ** 2) / weights.sum())


def energy(spins):
    """Return energies a site, in units of J."""
    return lattice_energy(spins, 1.0) / spins.shape[-1] ** 2


def wolff(size, n_clusters, seed=0, **watched):
    """Take a torus that was all up through clusters."""
    rng = np.random.default_rng(seed)
    start = np.ones((1, size, size))
    return wolff_lattice(1, size, COUPLING, n_clusters=n_clusters, rng=rng, start=start, **watched)


def clusters(size, n_clusters):
    """Return the autocorrelation time of the energy, and energies after each cluster."""
    energies = wolff(size, n_clusters, observe=lambda spins: energy(spins[0]))[1]
    energies = energies[n_clusters // 20 :]
    return autocorrelation_time(energies), energies
