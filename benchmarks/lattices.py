"""Samplers of the square torus, 64 x 64 sites at the critical coupling, one thread.

A step is the same for all: a Metropolis update of a site, a cluster of Wolff's, or the share of a
site in a sweep of Swendsen and Wang. A sweep of mcising is one of these: an update of each site,
one cluster, or all clusters. A sweep of peapods is always one of Metropolis, which records the
energy, and then a cluster or all clusters, if asked for: so of its time with clusters, that of as
many sweeps without is taken off. Ours updates 64 tori at once by Metropolis, and one by clusters.

Each also reports the energy per site of a torus of 16 x 16 sites, where all arrive in little time.
"""

from importlib.metadata import version
from statistics import median
from time import perf_counter

import numpy as np
from mcising import IsingSimulation
from peapods import Ising

from rgrbm import sampler
from rgrbm.ising import lattice_energy
from rgrbm.transfer_matrix import torus_thermodynamics

SIZE, SMALL, ROUNDS = 64, 16, 7
COUPLING = np.log(1 + np.sqrt(2)) / 2
METHODS = {  # of peapods, what comes after a Metropolis sweep
    "metropolis": {},
    "wolff": {"cluster_update_interval": 1, "cluster_mode": "wolff"},
    "swendsen_wang": {"cluster_update_interval": 1, "cluster_mode": "sw"},
}


def ours(method, n_sweeps, size=SIZE, n_samples=1, start=None, seed=0):
    sample = getattr(sampler, f"{method}_lattice")
    steps = {"n_clusters" if method == "wolff" else "n_sweeps": n_sweeps}
    rng = np.random.default_rng(seed)
    return sample(n_samples, size, COUPLING, rng=rng, start=start, **steps)


def time_of_ours(method, n_sweeps, start):
    n_samples = 64 if method == "metropolis" else 1
    start = np.tile(start, (n_samples, 1, 1))
    started = perf_counter()
    ours(method, n_sweeps, n_samples=n_samples, start=start)
    return (perf_counter() - started) / n_samples


def time_of_mcising(method, n_sweeps, start):
    simulation = IsingSimulation(SIZE, 1.0, 0.0, 0.0, 0.0, 0, method, "square")
    simulation.set_spins(start)
    started = perf_counter()
    simulation.sweep(n_sweeps, temperature=1 / COUPLING)
    return perf_counter() - started


def time_of_peapods(method, n_sweeps, start):  # which it cannot take: it comes near by clusters
    model = Ising((SIZE, SIZE), temperatures=np.array([1 / COUPLING]))
    model.sample(50, sequential=True, **METHODS["swendsen_wang"])
    times = []
    for clusters in [{}, METHODS[method]][method == "metropolis" :]:
        started = perf_counter()
        model.sample(n_sweeps, warmup_ratio=0.0, sequential=True, **clusters)
        times.append(perf_counter() - started)
    return times[-1] - sum(times[:-1])


def energies_of_ours(method):
    n_sweeps = {"metropolis": 5000, "wolff": 200, "swendsen_wang": 60}[method]
    spins = ours(method, n_sweeps, SMALL, n_samples=2048)
    return lattice_energy(spins, 1.0) / SMALL**2


def energies_of_mcising(method):
    simulation = IsingSimulation(SMALL, 1.0, 0.0, 0.0, 0.0, 1, method, "square")
    interval = 2000 if method == "metropolis" else 50
    found = simulation.production_sweeps(
        1000, interval, temperature=1 / COUPLING, store_configs=False
    )
    return np.asarray(found["energies"])[1:]


def energies_of_peapods(method):
    found = []
    for seed in range(40):
        model = Ising((SMALL, SMALL), temperatures=np.array([1 / COUPLING]))
        model._sim.reset(seed=seed)  # it has no other way to begin elsewhere
        model.sample(4000, sequential=True, **METHODS[method])
        found.append(-model.get_energies()[0])  # its sign is the other one
    return np.array(found)


SIDES = {
    "rgrbm": (time_of_ours, energies_of_ours, (2000, 6000, 2000)),
    f"mcising {version('mcising')}": (time_of_mcising, energies_of_mcising, (4000, 3000, 1000)),
    f"peapods {version('peapods')}": (time_of_peapods, energies_of_peapods, (1000, 500, 300)),
}


def main():
    start = ours("wolff", 500)[0]
    ours("metropolis", 1), ours("swendsen_wang", 1)  # compile
    exact = torus_thermodynamics(SMALL, COUPLING)[1]
    for number, method in enumerate(METHODS):
        rates = {name: [] for name in SIDES}
        for _ in range(ROUNDS):
            for name, (seconds, _, n_sweeps) in SIDES.items():
                n_steps = n_sweeps[number] * (1 if method == "wolff" else SIZE**2)
                rates[name].append(n_steps / seconds(method, n_sweeps[number], start))
        fastest = median(rates["rgrbm"])
        unit = "clusters/s" if method == "wolff" else "sites/s"
        print(f"\n{method}, {SIZE} x {SIZE}, median of {ROUNDS} rounds")
        print(f"{'':16} {unit:>10}  rgrbm is  energy at {SMALL} x {SMALL} (exact {exact:.4f})")
        for name, (_, energies, _) in SIDES.items():
            found, rate = energies(method), median(rates[name])
            error = found.std(ddof=1) / np.sqrt(len(found))
            print(
                f"{name:16} {rate:10.2e} {fastest / rate:7.1f} x  {found.mean():.4f} +- {error:.4f}"
            )


if __name__ == "__main__":
    main()
