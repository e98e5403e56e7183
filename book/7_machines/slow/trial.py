"""Train trial functions of the Ising ring and of two electrons.

The chapter on trial functions reads them. Written to trial.npz, beside this
file. Energies come from fresh samples, with their errors.

ring_20_1, ring_20_2, ring_40_2 : float64 (3, 2)
    Energy of rings of 20 and 40 sites at the field 1, with one and two hidden
    units per site; three starts. With one unit the shift ends at 0.01.
weights_20_1, weights_20_2, weights_40_2 : float64 (3, density, n_sites)
    Their weights.
spins_20_2, spins_40_2 : uint8 (4000, ...)
    Spins of the first of these states, packed into bits, from independent
    chains of 3000 sweeps.
exact_10 : float64 (4, 12)
    Energies of ten sites after 1000 steps by exact sums; one to four hidden
    units per site, twelve starts.
trap : float64 (4, 3, 2)
    Energy of two electrons without a cusp, with 2, 4, 8 and 16 hidden units;
    three starts.
cusp : float64 (3, 2)
    With a cusp, and two hidden units.
trap_8, cusp_2 : float64
    Parameters of the first of these with 8 units, and of that with a cusp.

Run it from anywhere: python book/7_machines/slow/trial.py
"""

from pathlib import Path

import numpy as np

from rgrbm.chapters import store_result
from rgrbm.quantum import (
    GaussianTrap,
    RBMState,
    estimate_energy,
    optimize,
    optimize_exactly,
)

RESULTS = {}
N_STARTS = 3


def ring(n_sites, density, shift):
    """Train three states of a ring; keep energies, weights, and some spins."""
    energies, weights = [], []
    for start in range(N_STARTS):
        rng = np.random.default_rng(start)
        state = RBMState(n_sites, 1.0, density=density, rng=rng)
        optimize(state, n_samples=1000, n_steps=300, shift=shift, rng=rng)
        energy = estimate_energy(state, n_samples=1000, n_sweeps=200, rng=rng)
        energies.append(tuple(energy))
        weights.append(state.weights.copy())
        print(n_sites, density, start, energy, flush=True)
        if start == 0 and density == 2:
            spins = state.sample(4000, n_sweeps=3000, rng=rng)
            name = f"spins_{n_sites}_{density}"
            RESULTS[name] = np.packbits(spins > 0, axis=1)
    RESULTS[f"ring_{n_sites}_{density}"] = np.array(energies)
    RESULTS[f"weights_{n_sites}_{density}"] = np.array(weights)


def small_rings():
    """Train states of ten sites by exact sums."""
    last = np.empty((4, 12))
    for density, start in np.ndindex(last.shape):
        rng = np.random.default_rng(start)
        state = RBMState(10, 1.0, density=density + 1, rng=rng)
        last[density, start] = optimize_exactly(state, n_steps=1000)[-1]
    RESULTS["exact_10"] = last
    print(last, flush=True)


def trap(n_hidden, cusp, start):
    """Train one state of two electrons; return its energy and parameters."""
    rng = np.random.default_rng(start)
    state = GaussianTrap(n_hidden, cusp=cusp, rng=rng)
    optimize(state, n_samples=1000, n_steps=300, rng=rng)
    energy = estimate_energy(state, n_samples=1000, n_sweeps=200, rng=rng)
    print(n_hidden, cusp, start, energy, flush=True)
    parts = [part.ravel() for part in state.parameters().values()]
    return tuple(energy), np.concatenate(parts)


if __name__ == "__main__":
    ring(20, 1, 1e-2)
    ring(20, 2, 1e-3)
    ring(40, 2, 1e-3)
    small_rings()
    plain = [
        [trap(n_hidden, False, start) for start in range(N_STARTS)]
        for n_hidden in (2, 4, 8, 16)
    ]
    with_cusp = [trap(2, True, start) for start in range(N_STARTS)]
    RESULTS["trap"] = np.array([[one[0] for one in row] for row in plain])
    RESULTS["cusp"] = np.array([one[0] for one in with_cusp])
    RESULTS["trap_8"], RESULTS["cusp_2"] = plain[2][0][1], with_cusp[0][1]
    store_result(Path(__file__).with_suffix(".npz"), **RESULTS)
