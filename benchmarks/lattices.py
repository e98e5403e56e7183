"""Samplers of the square torus at the critical coupling.

A step is the same for all: a Metropolis update of a site, a cluster of Wolff's, or the share of a
site in a sweep of Swendsen and Wang. A sweep of mcising is one of these: an update of each site,
one cluster, or all clusters. A sweep of peapods is always one of Metropolis, which records the
energy, and then a cluster or all clusters, if asked for: so of its time with clusters, that of as
many sweeps without is taken off. Ours updates 64 tori at once by Metropolis, and one by clusters.

Each also tells the energy per site of a torus of 16 x 16 sites, where all arrive in little time.
"""

from functools import cache, partial

import numpy as np
from harness import Side, compare, growth, package, timed

from rgrbm import sampler
from rgrbm.estimate import Estimate
from rgrbm.ising import lattice_energy
from rgrbm.transfer_matrix import torus_thermodynamics

SIZE, SMALL, N_TORI = 64, 16, 64
COUPLING = np.log(1 + np.sqrt(2)) / 2
# Name, unit, units of a sweep, and sweeps to time: of ours, of mcising, of peapods.
METHODS = {
    "metropolis": ("Metropolis", "update", SIZE**2, (2000, 4000, 1000)),
    "wolff": ("Wolff", "cluster", 1, (6000, 3000, 500)),
    "swendsen_wang": ("Swendsen and Wang", "site", SIZE**2, (2000, 1000, 300)),
}
AFTER_METROPOLIS = {  # options of peapods
    "metropolis": {},
    "wolff": {"cluster_update_interval": 1, "cluster_mode": "wolff"},
    "swendsen_wang": {"cluster_update_interval": 1, "cluster_mode": "sw"},
}


def rows(settings):
    """Yield what is compared, and how ours grows."""
    shorter = settings.pick(1, 10)
    packages = {
        "rgrbm": (time_of_ours, energies_of_ours),
        package("mcising"): (time_of_mcising, energies_of_mcising),
        package("peapods"): (time_of_peapods, energies_of_peapods),
    }
    for method, (name, unit, n_units, sweeps) in METHODS.items():
        mine, *others = (
            Side(
                who,
                partial(seconds, method, n_sweeps // shorter, n_units),
                partial(mean, energies, method, shorter),
            )
            for (who, (seconds, energies)), n_sweeps in zip(packages.items(), sweeps, strict=True)
        )
        yield from compare(
            f"{name}, {SIZE} x {SIZE} sites, critical", unit, mine, others, settings,
            quantity=f"energy, {SMALL} x {SMALL} sites",
            exact=torus_thermodynamics(SMALL, COUPLING)[1],
        )  # fmt: skip
    sizes = settings.pick([64, 128, 256, 512], [16, 32, 64])
    starts = {size: arrived(size) for size in sizes}
    yield growth(
        f"Metropolis, {N_TORI} tori",
        "sites a side",
        sizes,
        lambda size: timed(sample, "metropolis", 20, size, N_TORI),
        settings,
        expected=2,
    )
    yield growth(
        "Wolff, a cluster at the critical point",
        "sites a side",
        sizes,
        lambda size: timed(sample, "wolff", settings.pick(1000, 500), size, start=starts[size]),
        settings,
        expected=7 / 4,  # the mean cluster has the susceptibility's number of sites
    )


def sample(method, n_sweeps, size, n_samples=1, *, start=None, seed=0):
    """Return the spins where our chains end."""
    sampled = getattr(sampler, f"{method}_lattice")
    steps = {"n_clusters" if method == "wolff" else "n_sweeps": n_sweeps}
    rng = np.random.default_rng(seed)
    return sampled(n_samples, size, COUPLING, rng=rng, start=start, **steps)


def mean(energies, method, shorter):
    """Return the mean of independent energies per site."""
    return Estimate.mean(energies(method, shorter))


def time_of_ours(method, n_sweeps, n_units, seed):
    """Return the seconds of a step, as the other two do."""
    n_samples = N_TORI if method == "metropolis" else 1
    start = np.tile(arrived(SIZE), (n_samples, 1, 1))
    time = timed(sample, method, n_sweeps, SIZE, n_samples, start=start, seed=seed)
    return time / (n_samples * n_sweeps * n_units)


def time_of_mcising(method, n_sweeps, n_units, seed):
    from mcising import IsingSimulation

    simulation = IsingSimulation(SIZE, 1.0, 0.0, 0.0, 0.0, seed, method, "square")
    simulation.set_spins(arrived(SIZE)[0])
    return timed(simulation.sweep, n_sweeps, temperature=1 / COUPLING) / (n_sweeps * n_units)


def time_of_peapods(method, n_sweeps, n_units, seed):
    from peapods import Ising

    model = Ising((SIZE, SIZE), temperatures=np.array([1 / COUPLING]))
    model._sim.reset(seed=seed)  # it has no other way to begin elsewhere
    model.sample(50, sequential=True, **AFTER_METROPOLIS["swendsen_wang"])  # it takes no start
    run = partial(timed, model.sample, n_sweeps, warmup_ratio=0.0, sequential=True)
    alone = 0.0 if method == "metropolis" else run()
    return (run(**AFTER_METROPOLIS[method]) - alone) / (n_sweeps * n_units)


@cache
def arrived(size):
    """Return a torus that has forgotten that all its spins were up."""
    return sample("wolff", 500, size, start=np.ones((1, size, size)))


def energies_of_ours(method, shorter):
    """Return independent energies per site, as the other two do."""
    n_sweeps = {"metropolis": 5000, "wolff": 200, "swendsen_wang": 60}[method]
    spins = sample(method, n_sweeps, SMALL, 2048 // shorter)
    return lattice_energy(spins, 1.0) / SMALL**2


def energies_of_mcising(method, shorter):
    from mcising import IsingSimulation

    simulation = IsingSimulation(SMALL, 1.0, 0.0, 0.0, 0.0, 1, method, "square")
    interval = 2000 if method == "metropolis" else 50
    found = simulation.production_sweeps(
        1000 // shorter, interval, temperature=1 / COUPLING, store_configs=False
    )
    return np.asarray(found["energies"])[1:]


def energies_of_peapods(method, shorter):
    from peapods import Ising

    found = []
    for seed in range(40 // shorter):
        model = Ising((SMALL, SMALL), temperatures=np.array([1 / COUPLING]))
        model._sim.reset(seed=seed)
        model.sample(4000, sequential=True, **AFTER_METROPOLIS[method])
        found.append(-model.get_energies()[0])  # its sign is the other one
    return found
