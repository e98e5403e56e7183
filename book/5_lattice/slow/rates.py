"""Train the machine with one unit per bond at four learning rates.

The chapter on machines of the lattice reads it. Written to rates.npz, beside
this file. The data are those of the chapter: 20,000 samples of 8 x 8.

rates : float64 (4,)
averaged, last : float64 (4, 8)
    The mean coupling of eight machines: of the weights' average over the last
    two thirds of 1200 updates, and of the last weights.

Run it from anywhere: python book/5_lattice/slow/rates.py (two minutes)
"""

import sys
from pathlib import Path

import numpy as np
from machines import draw

from rgrbm.chapters import store_result
from rgrbm.sampler import wolff_lattice

RATES = np.array([0.4, 0.2, 0.1, 0.05])
SITE = np.arange(64).reshape(8, 8)
FIRST = np.tile(SITE.ravel(), 2)
SECOND = np.concatenate([np.roll(SITE, -1, axis=k).ravel() for k in (1, 0)])
UNITS = np.arange(128)


def learn(data, rate, rng, n_updates=1200, n_chains=500):
    """Return the average of the weights, and the last ones, as the chapter."""
    weights = np.zeros((64, 128), dtype=np.float32)
    weights[FIRST, UNITS] = weights[SECOND, UNITS] = 0.5
    mask, total, n_kept = weights != 0, np.zeros((64, 128)), 0
    chains = data[rng.integers(len(data), size=n_chains)]
    for update in range(n_updates):
        batch = data[rng.integers(len(data), size=n_chains)]
        hidden = draw(np.tanh(chains @ weights), rng)
        chains = draw(np.tanh(hidden @ weights.T), rng)
        slope = batch.T @ np.tanh(batch @ weights)
        slope -= chains.T @ np.tanh(chains @ weights)
        weights = weights + np.float32(rate / n_chains) * slope * mask
        if update >= n_updates // 3:
            total += weights
            n_kept += 1
    return total / n_kept, weights


def mean_coupling(weights):
    ends = np.tanh(weights[FIRST, UNITS]), np.tanh(weights[SECOND, UNITS])
    return np.arctanh(ends[0] * ends[1]).mean(dtype=float)


if __name__ == "__main__":
    data = wolff_lattice(
        20_000, 8, 0.44, n_clusters=60, rng=np.random.default_rng(44)
    )
    data = data.reshape(-1, 64).astype(np.float32)
    rng = np.random.default_rng(45)
    found = np.array(
        [
            [[mean_coupling(w) for w in learn(data, r, rng)] for _ in range(8)]
            for r in RATES
        ]
    )
    store_result(
        Path(__file__).with_suffix(".npz"),
        rates=RATES,
        averaged=found[:, :, 0],
        last=found[:, :, 1],
    )
    sys.stdout.write("written\n")
