"""Draw the moving picture of the first page: three magnets, seen from farther and farther away.

Usage: python tools/moving_picture.py    (a minute; the same picture every time)

The picture is a sheet of tiles: a row for each temperature, a column for each look. From one column
to the next, blocks of 2 x 2 spins have become one spin. Each tile is a window in the midst of its
lattice, so the middle quarter of a tile shows what the whole tile before it shows. The stylesheet
`landing.css` moves through the sheet.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from rgrbm.decimation import block_spins
from rgrbm.sampler import wolff_lattice

PATH = Path(__file__).resolve().parent.parent / "book" / "_static" / "looking_away.png"
CRITICAL = np.log1p(np.sqrt(2)) / 2
TEMPERATURES = (0.98, 1.0, 1.02)  # in units of the critical one
CLUSTERS = (100, 200, 20_000)  # at least ten sweeps each; clusters are small where it is hot
SIZE, WINDOW = 2048, 128
PALETTE = {-1: "#dce6f0", 1: "#0072b2"}  # a colour of the book's, and a pale one


def looks(spins, rng):
    """Return the midst of a lattice, then of its blocks, then of theirs, down to the last."""
    tiles = []
    while len(spins) >= WINDOW:
        edge = (len(spins) - WINDOW) // 2
        tiles.append(spins[edge : edge + WINDOW, edge : edge + WINDOW])
        spins = block_spins(spins, rng=rng)
    return tiles


def sheet():
    """Return the spins of all tiles, side by side."""
    rows = []
    for temperature, n_clusters in zip(TEMPERATURES, CLUSTERS, strict=True):
        rng = np.random.default_rng(3)
        (spins,) = wolff_lattice(
            1,
            SIZE,
            CRITICAL / temperature,
            n_clusters=n_clusters,
            start=np.ones((1, SIZE, SIZE), np.int8),
            rng=rng,
        )
        rows.append(np.hstack(looks(spins, rng)))
    return np.vstack(rows)


if __name__ == "__main__":
    picture = Image.fromarray((sheet() > 0).astype(np.uint8), mode="P")
    picture.putpalette(bytes.fromhex("".join(PALETTE.values()).replace("#", "")))
    picture.save(PATH, optimize=True, bits=1)
    print(PATH, PATH.stat().st_size)
