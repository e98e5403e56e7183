"""Train a stack of three machines on the square lattice of 40 x 40.

The chapter on machines of the lattice reads it. Written to stack.npz, beside
this file. As in the figure of Mehta and Schwab: 1600 spins at K = 0.408,
20,000 samples, then 400, 100 and 25 units, layer by layer, with an L1
penalty. The trainer is that of machines.py, with the rate 0.1 that falls to
zero and 3000 updates a layer. Weights below 0.01 in size are then set to 0:
the penalty holds them there on average, and the noise of the updates does not.

first : float16 (1600, 400)
second : float16 (400, 100)
third : float16 (100, 25)

Run it from anywhere: python book/5_lattice/slow/stack.py (ten minutes)
"""

import sys
from pathlib import Path

import numpy as np
from machines import draw, learn

from rgrbm.chapters import store_result
from rgrbm.ising import lattice_energy
from rgrbm.sampler import wolff_lattice
from rgrbm.transfer_matrix import torus_thermodynamics

SIZES = 40, 20, 10, 5
PENALTY = 0.01
N_UPDATES = 3000


def layer(states, n_hidden, rng):
    """Train one machine, and return it with its hidden spins."""
    size = int(np.sqrt(states.shape[1]))
    start = rng.normal(0, 0.02, (size**2, n_hidden)).astype(np.float32)
    weights = learn(
        states.reshape(-1, size, size),
        start,
        N_UPDATES,
        rng,
        fall=True,
        shift=False,
        l1=PENALTY,
    )
    weights[abs(weights) < PENALTY] = 0
    weights = weights.astype(np.float16).astype(np.float32)
    return weights, draw(np.tanh(states @ weights), rng)


if __name__ == "__main__":
    rng = np.random.default_rng(40)
    # From random spins the first clusters are small: 100 would leave it hot.
    states = wolff_lattice(20_000, 40, 0.408, n_clusters=600, rng=rng)
    energies = lattice_energy(states, 1.0) / 1600
    error = energies.std() / np.sqrt(len(energies))
    if abs(energies.mean() - torus_thermodynamics(40, 0.408)[1]) > 4 * error:
        raise RuntimeError("the samples are not at K = 0.408")
    states = states.reshape(-1, 1600).astype(np.float32)
    results = {}
    for name, size in zip(("first", "second", "third"), SIZES[1:], strict=True):
        weights, states = layer(states, size**2, rng)
        results[name] = weights.astype(np.float16)
    store_result(Path(__file__).with_suffix(".npz"), **results)
    sys.stdout.write("written\n")
