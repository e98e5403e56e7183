"""Spin updates per second of the Metropolis algorithm on a ring of 64 sites at K = 1.

Ours keeps 64 chains in a machine word. mcising runs one chain. The NumPy version, the readable twin
of our kernel, updates all its chains at once. Each also reports the product of neighbouring spins,
whose exact value is known, with its standard error over independent chains.
"""

from importlib.metadata import version
from statistics import median
from time import perf_counter

import numpy as np
from mcising import IsingSimulation

from rgrbm import transfer_matrix
from rgrbm.sampler import metropolis_chain
from rgrbm.sampler._chain_kernels import plain_metropolis

N_SITES, COUPLING, ROUNDS = 64, 1.0, 7


def ours(seed, n_sweeps=20_000, n_samples=640):
    return metropolis_chain(
        n_samples, N_SITES, COUPLING, n_sweeps=n_sweeps, rng=np.random.default_rng(seed)
    ), n_sweeps


def mcising(seed, n_sweeps=300_000):
    simulation = IsingSimulation(N_SITES, 1.0, 0.0, 0.0, 0.0, seed, "metropolis", "chain")
    simulation.sweep(n_sweeps, temperature=1 / COUPLING)
    return np.asarray(simulation.get_spins()).reshape(1, N_SITES), n_sweeps


def numpy_all_chains(seed, n_sweeps=20, n_samples=6400):
    rng = np.random.default_rng(seed)
    spins = rng.choice(np.array([-1, 1], dtype=np.int8), size=(n_samples, N_SITES))
    plain_metropolis(spins, COUPLING, 0.0, n_sweeps * N_SITES, rng)
    return spins, n_sweeps


def rate(sample, seed):
    """Return spin updates per second."""
    started = perf_counter()
    spins, n_sweeps = sample(seed)
    return spins.size * n_sweeps / (perf_counter() - started)


def neighbours(sample, n_runs, **arguments):
    """Return the mean product of neighbours and its standard error, over chains."""
    rows = np.concatenate([sample(seed, **arguments)[0] for seed in range(n_runs)])
    products = (rows * np.roll(rows, 1, axis=1)).mean(axis=1)
    return products.mean(), products.std(ddof=1) / np.sqrt(len(products))


def main():
    samplers = {
        "rgrbm": ours,
        f"mcising {version('mcising')}": mcising,
        "NumPy, all chains at once": numpy_all_chains,
    }
    metropolis_chain(1, 2, 1.0, n_sweeps=1, rng=np.random.default_rng(0))  # compile
    rates = {name: [] for name in samplers}
    for seed in range(ROUNDS):
        for name, sample in samplers.items():
            rates[name].append(rate(sample, seed))
    exact = transfer_matrix.correlation(N_SITES, 1, COUPLING)
    results = {
        "rgrbm": neighbours(ours, 1, n_sweeps=2000, n_samples=6400),
        f"mcising {version('mcising')}": neighbours(mcising, 200, n_sweeps=5000),
        "NumPy, all chains at once": neighbours(numpy_all_chains, 1, n_sweeps=300),
    }
    fastest = median(rates["rgrbm"])
    print(f"Metropolis, {N_SITES} sites, K = {COUPLING:g}, one thread, median of {ROUNDS} rounds")
    print(f"{'':26} updates/s  rgrbm is  <s_i s_i+1>   (exact {exact:.4f})")
    for name in samplers:
        value, error = results[name]
        print(
            f"{name:26} {median(rates[name]):9.2e} {fastest / median(rates[name]):7.1f} x"
            f"  {value:.4f} +- {error:.4f}"
        )


if __name__ == "__main__":
    main()
