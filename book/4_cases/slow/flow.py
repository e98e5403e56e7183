"""Train machines along the flow of the coupling, and a second step.

The chapter on correlations and the flow reads them. Written to flow.npz, beside
this file. Machines are ``rbm.to_vector()``, in float32.

couplings : float64 (5,); grid : float64 (9,)
    Couplings K of the data, and the strengths of the penalty that are tried.
alive : int16 (5, 9, 2)
    Hidden units that are alive after 2500 epochs: two machines at each coupling
    and strength.
refitted, by_pcd : float32 (5, 5, 2144)
    Five machines at each coupling, with 64 visible and 32 hidden units: trained
    at the strength that the rule of the chapter chooses, refitted by CD-1, and
    once more by PCD.
second, second_by_pcd : float32 (3, 5, 560)
    Machines with 32 visible and 16 hidden units that have learned the hidden
    states of `refitted` for the three largest couplings: refitted by CD-1, and
    once more by PCD.
starts : int16 (5, 5); second_starts : int16 (3, 5)
    How often each machine was started, 1 to 4.

It took four and a half minutes on two busy cores.

Run it from anywhere: python book/4_cases/slow/flow.py
"""

from pathlib import Path

import numpy as np

from rgrbm.chapters import (
    in_threads,
    learn_ring,
    refit,
    ring_bits,
    store_result,
)
from rgrbm.rbm import BernoulliRBM, order_hidden_units, train

N, M = 64, 32
COUPLINGS = (0.5, 0.75, 1.0, 1.25, 1.5)
GRID = 0.001 * np.sqrt(2) ** np.arange(9)


def units_alive(coupling, l1, seed):
    rng = np.random.default_rng([seed, int(100 * coupling)])
    data = ring_bits(800, N, coupling, rng=rng)
    rbm = BernoulliRBM(N, M, rng=rng)
    train(rbm, data, n_epochs=2500, learning_rate=1.0, l1=l1, rng=rng)
    return np.sum(np.abs(rbm.weights).max(axis=0) > 1)


def choose_strengths(alive):
    """Go one step below the strongest penalty that leaves all units alive."""
    fewest = alive.min(axis=2)
    return [GRID[np.flatnonzero(row == M).max() - 1] for row in fewest]


def learn(data, strength, rng):
    """Train a machine; start anew, thrice at most, if units share a spin."""
    starts, own, n_hidden = 0, 0, data.shape[1] // 2
    while own < n_hidden and starts < 4:
        learned = learn_ring(
            data, l1=strength, n_epochs=8000, n_refit_epochs=3000, rng=rng
        )
        own = order_hidden_units(learned.refitted).n_unique
        starts += 1
    return learned.refitted, starts


def refit_by_pcd(rbm, data, rng):
    return refit(
        rbm, data, method="pcd", n_epochs=6000, learning_rate=0.2, rng=rng
    )


def one_step(coupling, strength, seed):
    rng = np.random.default_rng([seed, int(100 * coupling), 1])
    data = ring_bits(800, N, coupling, rng=rng)
    refitted, starts = learn(data, strength, rng)
    by_pcd = refit_by_pcd(refitted, data, np.random.default_rng(seed))
    return refitted, by_pcd, starts, data


def second_step(coupling, below, data, strength, seed):
    rng = np.random.default_rng([seed, int(100 * coupling), 2])
    hidden = below.sample_hidden(data, rng)
    refitted, starts = learn(hidden, strength, rng)
    return refitted, refit_by_pcd(refitted, hidden, rng), starts


def vectors(machines, shape):
    return np.array(
        [rbm.to_vector() for rbm in machines], dtype=np.float32
    ).reshape(*shape, -1)


def main():
    alive = in_threads(
        units_alive, {"coupling": COUPLINGS, "l1": GRID, "seed": range(2)}
    )
    alive = np.reshape(alive, (len(COUPLINGS), len(GRID), 2))
    strengths = choose_strengths(alive)
    points = [
        {"coupling": coupling, "strength": strength, "seed": seed}
        for coupling, strength in zip(COUPLINGS, strengths, strict=True)
        for seed in range(5)
    ]
    first = in_threads(one_step, points)
    points = [
        {
            "coupling": coupling,
            "below": first[5 * (k + 2) + seed][0],
            "data": first[5 * (k + 2) + seed][3],
            "strength": strengths[k + 1],  # of the next warmer ring
            "seed": seed,
        }
        for k, coupling in enumerate(COUPLINGS[2:])
        for seed in range(5)
    ]
    second = in_threads(second_step, points)
    refitted, by_pcd, starts, _ = zip(*first, strict=True)
    second, second_by_pcd, second_starts = zip(*second, strict=True)
    store_result(
        Path(__file__).with_suffix(".npz"),
        couplings=COUPLINGS,
        grid=GRID,
        alive=alive.astype(np.int16),
        refitted=vectors(refitted, (5, 5)),
        by_pcd=vectors(by_pcd, (5, 5)),
        second=vectors(second, (3, 5)),
        second_by_pcd=vectors(second_by_pcd, (3, 5)),
        starts=np.reshape(starts, (5, 5)).astype(np.int16),
        second_starts=np.reshape(second_starts, (3, 5)).astype(np.int16),
    )


if __name__ == "__main__":
    main()
