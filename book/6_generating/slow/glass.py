"""Sample spin glasses of 4, 8 and 16 sites a side, to compare the sizes.

The chapter on glasses and fields reads them. Written to glass.npz, beside this
file.

temperatures : float64 (20,)
moments_4, moments_8, moments_16 : float32 (n_samples, 3, 20, 4)
    Means over a part of the run: from 1/8 to 1/4 of it, to 1/2, and to its
    end. Of each glass and at each temperature: of q**2 and q**4 of the overlap;
    of the square of its longest waves, 2 pi / L along an axis, in units of
    that of q; and of the product of the overlaps of neighbours.
last_16 : uint8 (64, 512)
    Overlaps of 64 of the largest glasses, 4096 bits each, at the second
    temperature, 1.1, at the end.

A row of moments is a glass. Each 64 of them are one machine word, and a run
with a generator of its own: the chapter repeats one of the short ones.

Run it from anywhere: python book/6_generating/slow/glass.py
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from rgrbm.chapters import store_result
from rgrbm.sampler import EdwardsAnderson

TEMPERATURES = np.linspace(1.05, 2.0, 20)
RUNS = {4: (8, 8_000), 8: (4, 16_000), 16: (2, 48_000)}  # words, and sweeps


def waves(glass):
    """Return q**2, q**4 and the square of the longest waves, of all glasses."""
    size = glass.size
    planes = glass.plane_overlaps() / size**3
    q = planes[:, :, 0].sum(axis=-1)
    wave = np.exp(2j * np.pi * np.arange(size) / size)
    longest = np.mean(abs(planes @ wave) ** 2, axis=-1)
    return np.stack([q**2, q**4, longest], axis=-1)


def neighbours(glass):
    """Return the mean product of the overlaps of neighbours, of all glasses."""
    q = glass.overlaps()
    pairs = sum(q * np.roll(q, 1, axis=axis) for axis in (2, 3, 4))
    return pairs.mean(axis=(2, 3, 4)) / 3


def one_word(size, word, n_sweeps):
    """Run 64 glasses; return their moments and their last overlaps."""
    rng = np.random.default_rng([size, word])
    glass = EdwardsAnderson(size, TEMPERATURES, n_samples=64, rng=rng)
    parts = []
    for share in (8, 8, 4, 2):  # of the run
        n_looks = n_sweeps // share // 200
        found = []
        for _ in range(n_looks):
            near = glass.run(200, observe=waves, every=20).mean(axis=0)
            found.append(np.dstack([near, neighbours(glass)]))
        parts.append(np.mean(found, axis=0))
    last = np.packbits(glass.overlaps()[1].reshape(64, -1) > 0, axis=1)
    moments = np.moveaxis(parts[1:], 2, 0).astype(np.float32)
    return moments, last


if __name__ == "__main__":
    jobs = [
        (size, word, n_sweeps)
        for size, (n_words, n_sweeps) in sorted(RUNS.items(), reverse=True)
        for word in range(n_words)
    ]
    with ProcessPoolExecutor(2) as pool:
        found = dict(
            zip(jobs, pool.map(one_word, *zip(*jobs, strict=True)), strict=True)
        )
    results = {"temperatures": TEMPERATURES}
    for size, (n_words, n_sweeps) in RUNS.items():
        words = [found[size, word, n_sweeps][0] for word in range(n_words)]
        results[f"moments_{size}"] = np.concatenate(words)
    results["last_16"] = found[16, 0, RUNS[16][1]][1]
    store_result(Path(__file__).with_suffix(".npz"), **results)
    sys.stdout.write("written\n")
