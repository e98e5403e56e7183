"""Fit multilevel samplers of 32, 64 and 128 sites a side, and weigh samples.

The chapter on sampling scale by scale reads them. Written to levels.npz, beside
this file. K = 0.44 everywhere.

bath-32, linear-32 : float32 (20000,)
    Logarithms of weights, minus the exact ln Z: heat bath alone, and two
    colours with a window, both fitted to 20,000 samples of Wolff's algorithm.
data-32, data-64 : float32 (20000,)
    The same, with tanh units.
chain-free-64 : float32 (20000,)
    Grown from four sites a side and never shown a sample of a Markov chain.
data-128 : float32 (40000,)
    The sampler of 64, enlarged, and fitted to 1000 samples.
parameters-data-64, parameters-chain-free-64 : float32
    Weights, amplitudes and units of the layers, from coarse to fine.

Run it from anywhere: python book/6_generating/slow/levels.py
"""

from pathlib import Path

import numpy as np

from rgrbm.chapters import store_result
from rgrbm.ising import lattice_energy
from rgrbm.sampler import MultilevelSampler, wolff_lattice
from rgrbm.transfer_matrix import torus_log_partition

K = 0.44
RESULTS = {}
SEEDS = {"bath": 1, "linear": 2, "data": 3, "chain-free": 4}


def data(size, n_chains, n_looks, rng):
    """Watch chains every eight clusters, after 200, from an ordered start."""
    looks = wolff_lattice(
        n_chains,
        size,
        K,
        n_clusters=200 + 8 * n_looks,
        rng=rng,
        start=np.ones((n_chains, size, size)),
        observe=np.copy,
        every=8,
    )[1]
    return looks[25:].reshape(-1, size, size)


def weigh(name, sampler, n_samples, rng):
    exact = torus_log_partition(sampler.size, K)
    parts = []
    for _ in range(n_samples // 1000):
        spins, log_q = sampler.sample(1000, rng)
        parts.append(-lattice_energy(spins, K) - log_q - exact)
    excess = np.concatenate(parts)
    RESULTS[name] = excess.astype(np.float32)
    weights = np.exp(excess)
    ess = weights.sum() ** 2 / (weights**2).sum() / n_samples
    print(
        f"{name}: ESS {ess:.3f}, ln Z {np.log(weights.mean()):+.4f}", flush=True
    )


def keep_parameters(name, sampler):
    parts = [sampler.log_first] + [
        part.ravel()
        for layer in sampler.layers
        for part in (layer.weights, layer.amplitudes, layer.units)
    ]
    RESULTS["parameters-" + name] = np.concatenate(parts).astype(np.float32)


def fitted(name, samples, n_steps, **options):
    rng = np.random.default_rng(SEEDS[name])
    sampler = MultilevelSampler(samples.shape[-1], K, rng=rng, **options)
    return sampler.fit(samples, n_steps=n_steps, rng=rng)


def main():
    rng = np.random.default_rng(0)
    samples = data(32, 200, 100, rng)
    bath = {"n_colors": 1, "window": 1, "n_hidden": 0}
    weigh("bath-32", fitted("bath", samples, 500, **bath), 20_000, rng)
    linear = fitted("linear", samples, 500, n_hidden=0)
    weigh("linear-32", linear, 20_000, rng)
    sampler = fitted("data", samples, 2500)
    weigh("data-32", sampler, 20_000, rng)
    save()

    sampler = sampler.enlarge(rng=rng)
    sampler.fit(data(64, 100, 100, rng), n_steps=2500, rng=rng)
    weigh("data-64", sampler, 20_000, rng)
    keep_parameters("data-64", sampler)
    save()

    sampler = sampler.enlarge(rng=rng)
    sampler.fit(data(128, 50, 20, rng), n_steps=500, rng=rng)
    weigh("data-128", sampler, 40_000, rng)
    save()

    rng = np.random.default_rng(SEEDS["chain-free"])
    sampler = MultilevelSampler(4, K, rng=rng)
    for size in (4, 8, 16, 32, 64):
        sampler.refit_by_weights(20_000, 2, n_steps=800, rng=rng)
        if size < 64:
            sampler = sampler.enlarge(rng=rng)
    weigh("chain-free-64", sampler, 20_000, rng)
    keep_parameters("chain-free-64", sampler)
    save()


def save():
    store_result(Path(__file__).with_suffix(".npz"), **RESULTS)


if __name__ == "__main__":
    main()
