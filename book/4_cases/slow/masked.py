"""Train machines with hard-wired neighbours.

The chapter on hard-wired locality reads them. Written to masked.npz, beside
this file. Machines are ``rbm.to_vector()``, in float32, with the hidden units
turned as ``order_hidden_units`` turns them.

two, three, pcd : float32 (8, 2144)
    Trained on the 800 samples of the machines in eight_machines.npz: with two
    neighbours by CD-1, with three by CD-1, and with three by PCD.
wide : float32 (4, 2144)
    With three neighbours, by PCD, on 4000 samples.

Run it from anywhere: python book/4_cases/slow/masked.py
"""

from pathlib import Path

import numpy as np

from rgrbm.chapters import in_threads, ring_bits, store_result
from rgrbm.rbm import BernoulliRBM, order_hidden_units, train

N, M, K = 64, 32, 1.0


def neighbours_mask(offsets):
    mask = np.zeros((N, M), dtype=bool)
    unit = np.arange(M)
    for offset in offsets:
        mask[(2 * unit + offset) % N, unit] = True
    return mask


TWO, THREE = neighbours_mask((0, 1)), neighbours_mask((-1, 0, 1))


def train_masked(training, mask, seed, method="cd", n_epochs=8000):
    rng = np.random.default_rng([seed, len(training)])
    rbm = BernoulliRBM(N, M, rng=rng)
    train(
        rbm,
        training,
        n_epochs=n_epochs,
        # The chains of PCD must keep up with the weights: ever smaller steps.
        learning_rate=1.0 if method == "cd" else lambda e: 1 / (1 + e / 1000),
        method=method,
        mask=mask,
        rng=rng,
    )
    return order_hidden_units(rbm).rbm.to_vector()


def experiment(seed):
    data = ring_bits(1200, N, K, rng=np.random.default_rng(seed))[:800]
    return (
        train_masked(data, TWO, seed, n_epochs=3000),
        train_masked(data, THREE, seed),
        train_masked(data, THREE, seed, "pcd"),
    )


def main():
    few = np.array(in_threads(experiment, {"seed": range(8)}), dtype=np.float32)
    many = ring_bits(16_000, N, K, rng=np.random.default_rng(80)).reshape(
        4, 4000, N
    )
    wide = in_threads(
        lambda seed: train_masked(many[seed], THREE, seed, "pcd", 5000),
        {"seed": range(4)},
    )
    store_result(
        Path(__file__).with_suffix(".npz"),
        two=few[:, 0],
        three=few[:, 1],
        pcd=few[:, 2],
        wide=np.array(wide, dtype=np.float32),
    )


if __name__ == "__main__":
    main()
