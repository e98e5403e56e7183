"""Measure how long Metropolis remembers a critical lattice.

The chapter on the square lattice reads it. Written to memory.npz, beside this
file. 64 chains a side, started with all spins up; the first tenth of each
chain is left out.

sides, sweeps : int64 (7,)
    Sites a side, and sweeps of each chain.
times : float64 (7, 8)
    Twice the lag, in sweeps, at which the autocorrelation of the total spin
    is 1/e, from eight groups of eight chains each.
likewise_sides : int64 (4,)
likewise_times : float64 (4, 2, 8)
    Autocorrelation times, in sweeps, of the energy and of the square of the
    total spin: the quantities in which cluster algorithms have a memory, too.

Run it from anywhere: python book/5_lattice/slow/memory.py
"""

from pathlib import Path

import numpy as np

from rgrbm.chapters import in_threads, store_result
from rgrbm.diagnostics import autocorrelation_time
from rgrbm.ising import lattice_energy
from rgrbm.sampler import metropolis_lattice

CRITICAL = np.log(1 + np.sqrt(2)) / 2
SWEEPS = {12: 200_000, 16: 400_000, 24: 1_000_000, 32: 2_000_000}
SWEEPS |= {48: 3_000_000, 64: 4_000_000, 96: 3_000_000}
LIKEWISE = [8, 16, 32, 64]


def time_of_decay(series):
    """Twice the lag at which rho = 1/e; the mean is 0. Chain by chain."""
    n_looks = series.shape[1]
    square = 0
    for chain in series:
        wave = np.fft.rfft(chain, n=2 * n_looks)
        square = square + np.fft.irfft(abs(wave) ** 2)[: n_looks // 2]
    rho = square / np.arange(n_looks, n_looks - len(square), -1)
    log_rho = np.log(np.maximum(rho / rho[0], 1e-3))
    after = np.argmax(log_rho < -1)
    above, below = log_rho[after - 1], log_rho[after]
    return 2 * (after - (-1 - below) / (above - below))


def total_spin(spins):
    """Total spin of each lattice."""
    return spins.sum(axis=(1, 2), dtype=np.int32)


def energy_and_square(spins):
    """Energy and squared total spin of each lattice."""
    return np.stack([lattice_energy(spins, 1.0), total_spin(spins) ** 2.0])


def run(size, n_sweeps, every, observe, seed):
    """What is seen of 64 chains, in eight groups, without the start."""
    _, series = metropolis_lattice(
        64,
        size,
        CRITICAL,
        n_sweeps=n_sweeps,
        every=every,
        start=np.ones((64, size, size)),
        observe=observe,
        rng=np.random.default_rng([seed, size]),
    )
    series = series[len(series) // 10 :]
    return np.array_split(series, 8, axis=-1)


def times(size):
    """Eight times of the total spin on one side."""
    every = max(1, size**2 // 64)
    parts = run(size, SWEEPS[size], every, total_spin, 5)
    return [every * time_of_decay(part.T) for part in parts]


def likewise(size):
    """Eight times each of the energy and of the squared total spin."""
    every = max(1, size**2 // 256)
    parts = run(size, 8000 * every, every, energy_and_square, 6)
    return [
        [every * autocorrelation_time(part[:, k].T) for part in parts]
        for k in (0, 1)
    ]


def main():
    """Measure all sides, and write the file."""
    sides = sorted(SWEEPS)
    store_result(
        Path(__file__).with_suffix(".npz"),
        sides=sides,
        sweeps=[SWEEPS[side] for side in sides],
        times=in_threads(times, {"size": sides}),
        likewise_sides=LIKEWISE,
        likewise_times=in_threads(likewise, {"size": LIKEWISE}),
    )


if __name__ == "__main__":
    main()
