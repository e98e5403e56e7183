"""Train the eight machines of the paper's experiment on the Ising ring.

Several chapters read them. Machine k learns 800 samples of a ring of 64 spins
at K = 1, the first of the 1200 that ``ring_bits`` draws with the seed k.
Written to eight_machines.npz, beside this file:

sparse : float32 (8, 2144)
    Trained by CD-1 with the L1 penalty for 20,000 epochs, as in ``learn_ring``
    of the library, with the hidden units not yet in order. A row is
    ``rbm.to_vector()``.
slips : int16 (8, 41)
    Gaps other than two between deciding spins of `sparse`, at the start of the
    training and every 500 epochs.
refitted : float32 (8, 2144)
    `sparse`, in order, refitted by CD-1 on the weights beyond 1, as in
    ``learn_ring``.
by_pcd : float32 (8, 2144)
    `refitted`, refitted once more by PCD.

Run it from anywhere: python book/4_cases/slow/eight_machines.py
"""

from pathlib import Path

import numpy as np

from rgrbm.chapters import in_threads, refit, ring_bits, store_result
from rgrbm.rbm import BernoulliRBM, order_hidden_units, train

N, M, K = 64, 32, 1.0


def count_slips(rbm, rng):
    strongest = order_hidden_units(rbm).strongest
    return np.sum(np.diff(strongest, append=strongest[0] + N) != 2)


def experiment(seed):
    rng = np.random.default_rng(seed)
    data = ring_bits(1200, N, K, rng=rng)[:800]
    sparse = BernoulliRBM(N, M, rng=rng)
    history = train(
        sparse,
        data,
        n_epochs=20_000,
        learning_rate=1.0,
        l1=0.003,
        rng=rng,
        monitors={"slips": count_slips},
        monitor_every=500,
    )
    ordered = order_hidden_units(sparse).rbm
    refitted = refit(ordered, data, threshold=1.0, rng=rng)
    by_pcd = refit(
        refitted,
        data,
        method="pcd",
        n_epochs=6000,
        learning_rate=0.2,
        rng=np.random.default_rng(seed),
    )
    return sparse, refitted, by_pcd, history.monitors["slips"]


def main():
    *machines, slips = zip(
        *in_threads(experiment, {"seed": range(8)}), strict=True
    )
    arrays = {
        name: np.array([rbm.to_vector() for rbm in group], dtype=np.float32)
        for name, group in zip(
            ("sparse", "refitted", "by_pcd"), machines, strict=True
        )
    }
    path = Path(__file__).with_suffix(".npz")
    store_result(path, slips=np.array(slips, dtype=np.int16), **arrays)


if __name__ == "__main__":
    main()
