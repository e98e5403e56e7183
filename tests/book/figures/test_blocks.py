"""Blocks of a lattice: the figure's numbers are the library's."""

import numpy as np
import pytest
from figure_page import pattern

from rgrbm.decimation import block_spins
from rgrbm.ising import lattice_energy


def product_of_neighbours(spins):
    return -lattice_energy(spins, 1.0) / (2 * spins.size)


def test_blocks(page):
    rng = np.random.default_rng(20)
    # Halves of one colour each make blocks of all kinds.
    starts = {f"K = {k}": np.sign(rng.random((32, 32)) - 0.2 * k) for k in (1, 2, 3)}
    bits = {name: np.packbits(spins > 0).tobytes().hex() for name, spins in starts.items()}
    shown = page("blocks", {"states": [{"K": name, "bits": b} for name, b in bits.items()]})
    slider, ties = 'input[aria-label="steps"]', []

    def look(steps):
        side = 32 >> steps
        assert shown.number("side n") == side
        found = [pattern(shown, name, side) for name in starts]
        for name, spins in zip(starts, found, strict=True):
            m = shown.number(f"{name}: |m|")
            assert m == pytest.approx(abs(spins.mean()), abs=6e-4)
            product = shown.number(f"{name}: neighbours")
            assert product == pytest.approx(product_of_neighbours(spins), abs=6e-4)
        return found

    def follows(fine, coarse):
        """Majorities are the library's; coins are collected."""
        for before, after in zip(fine, coarse, strict=True):
            expected = block_spins(before, rng=rng)
            n = len(after)
            tie = before.reshape(n, 2, n, 2).sum(axis=(1, 3)) == 0
            np.testing.assert_array_equal(after[~tie], expected[~tie])
            ties.extend(after[tie])

    steps = [look(0)]
    for spins, start in zip(steps[0], starts.values(), strict=True):
        np.testing.assert_array_equal(spins, start)
    for n in (1, 2, 3, 4):
        shown.press(slider, "ArrowRight")
        steps.append(look(n))
        follows(steps[-2], steps[-1])
    shown.press(slider, "ArrowLeft", "ArrowLeft", "ArrowLeft")
    np.testing.assert_array_equal(look(1), steps[1], "back, by the same coins")
    for toss in range(6):
        if toss % 2:
            shown.press("button", " ")
        else:
            shown.click("button")
        tossed = look(1)
        assert np.any(np.array(tossed) != steps[1])
        follows(steps[0], tossed)
    assert len(ties) > 1000
    assert abs(np.mean(ties)) < 4 / np.sqrt(len(ties)), "a fair coin"

    shown.press("select", "ArrowDown")
    for n in (1, 2, 3, 4):
        assert shown.set("steps", n) == n
        for spins, start in zip(look(n), starts.values(), strict=True):
            for _ in range(n):
                start = block_spins(start, "decimation")
            np.testing.assert_array_equal(spins, start)
    assert shown.slide("steps", 0.5) == 2
    look(2)
