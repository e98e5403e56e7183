"""Train dense machines of spins on the square lattice of 8 x 8 and 16 x 16.

The chapter on machines of the lattice reads them. Written to machines.npz,
beside this file. Weights between spins, in float32, no fields.

plain, slower, moved : float32 (64, 64)
    Trained at K = 0.44 on 20,000 samples: 3000 updates with the rate 0.1;
    9000 with a rate that falls to zero; the same, with samples that are
    shifted at random, so that they are never used up.
hot, mixture : float32 (64, 64)
    Trained as the last one: at K = 0.3, and on 24 temperatures from 0.25 to 6.
contrast_1, contrast_5 : float32 (64, 64)
    As "mixture", by contrastive divergence: chains that start at the batch,
    after 1 and 5 steps.
sparse : float32 (256, 64)
    On 16 x 16 at K = 0.44, with an L1 penalty.

Run it from anywhere: python book/5_lattice/slow/machines.py
"""

import sys
from pathlib import Path

import numpy as np

from rgrbm.chapters import store_result
from rgrbm.sampler import wolff_lattice

TEMPERATURES = np.arange(1, 25) / 4


def draw(mean, rng):
    """Draw spins with these means."""
    uniform = rng.random(mean.shape, dtype=np.float32)
    return 2 * (2 * uniform - 1 < mean).astype(np.float32) - 1


def learn(
    data, weights, n_updates, rng, *, fall, shift, l1=0.0, rate=0.1, contrast=0
):
    """Train by persistent chains, two Gibbs steps an update, or by CD."""
    size = data.shape[1]
    n_chains = 500
    chains = data[rng.integers(len(data), size=n_chains)].reshape(n_chains, -1)
    for update in range(n_updates):
        step = rate * (1 - update / n_updates) if fall else rate
        batch = data[rng.integers(len(data), size=n_chains)]
        if shift:
            batch = np.roll(batch, rng.integers(size, size=2), axis=(1, 2))
        batch = batch.reshape(n_chains, -1)
        if contrast:
            chains = batch
        for _ in range(contrast or 2):
            hidden = draw(np.tanh(chains @ weights), rng)
            chains = draw(np.tanh(hidden @ weights.T), rng)
        gradient = batch.T @ np.tanh(batch @ weights)
        gradient -= chains.T @ np.tanh(chains @ weights)
        weights = weights + np.float32(step / n_chains) * gradient
        if l1:
            kept = np.maximum(abs(weights) - np.float32(step * l1), 0)
            weights = np.sign(weights) * kept
    return weights


def samples(size, coupling, n_samples, rng):
    """Return float32 samples of the torus, from Wolff's algorithm."""
    n_clusters = int(60 + 400 * max(0, 0.44 - coupling))
    spins = wolff_lattice(
        n_samples, size, coupling, n_clusters=n_clusters, rng=rng
    )
    return spins.astype(np.float32)


def small(size, n_hidden, rng):
    weights = rng.normal(0, 0.05, (size**2, n_hidden))
    return weights.astype(np.float32)


def dense(name):
    rng = np.random.default_rng([8, len(name)])
    if name == "mixture":
        data = np.concatenate(
            [samples(8, 1 / t, 2000, rng) for t in TEMPERATURES]
        )
    else:
        data = samples(8, 0.3 if name == "hot" else 0.44, 20_000, rng)
    plain = name == "plain"
    return learn(
        data,
        small(8, 64, rng),
        3000 if plain else 9000,
        rng,
        fall=not plain,
        shift=name not in ("plain", "slower"),
    )


def sparse():
    rng = np.random.default_rng(16)
    data = samples(16, 0.44, 10_000, rng)
    return learn(
        data, small(16, 64, rng), 6000, rng, fall=True, shift=False, l1=0.003
    )


def contrastive(n_steps):
    rng = np.random.default_rng([8, n_steps])
    data = np.concatenate([samples(8, 1 / t, 2000, rng) for t in TEMPERATURES])
    return learn(
        data,
        small(8, 64, rng),
        9000,
        rng,
        fall=True,
        shift=True,
        contrast=n_steps,
    )


if __name__ == "__main__":
    results = {
        name: dense(name)
        for name in ("plain", "slower", "moved", "hot", "mixture")
    }
    results["contrast_1"] = contrastive(1)
    results["contrast_5"] = contrastive(5)
    results["sparse"] = sparse()
    store_result(Path(__file__).with_suffix(".npz"), **results)
    sys.stdout.write("written\n")
