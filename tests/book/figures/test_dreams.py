"""Digits that are dreamt: the figure's numbers are the library's."""

import base64

import numpy as np
import pytest

from rgrbm.rbm import BernoulliRBM


def mulberry(state):
    """Random numbers of the kit."""
    word = 0xFFFFFFFF
    while True:
        state = (state + 0x6D2B79F5) & word
        mixed = (state ^ state >> 15) * (1 | state) & word
        mixed = (mixed + ((mixed ^ mixed >> 7) * (61 | mixed) & word) & word) ^ mixed
        yield ((mixed ^ mixed >> 14) & word) / 2**32


def test_dreams(page):
    rng = np.random.default_rng(0)
    shape, M, scale, seed = (6, 5), 7, 0.02, 3
    N = shape[0] * shape[1]
    whole = rng.integers(-127, 128, (N, M)).astype(np.int8)
    c, b = rng.normal(size=N), rng.normal(size=M)
    starts = rng.integers(0, 2, (2, N))
    data = {
        "shape": shape,
        "weights": base64.b64encode(whole.tobytes()).decode(),
        "scale": scale,
        "c": c,
        "b": b,
        "starts": ["".join(map(str, picture)) for picture in starts],
        "noise": 3,
        "seed": seed,
    }
    shown = page("dreams", data)
    machine = BernoulliRBM.from_parameters(scale * whole, c, b)
    T = 1.0

    def begin():
        random = mulberry(seed)
        noise = [[int(next(random) < 0.5) for _ in range(N)] for _ in range(3)]
        return np.vstack([starts, noise]), random

    def step(v, random):
        hotter = BernoulliRBM.from_parameters(scale * whole / T, c / T, b / T)
        for k in range(len(v)):  # chain by chain, as the figure
            h = [int(next(random) < p) for p in hotter.hidden_probabilities(v[k])]
            v[k] = [next(random) < p for p in hotter.visible_probabilities(np.array(h))]

    def check(v, steps):
        seen = shown.ask(
            "[...document.querySelectorAll('canvas')].map(c => [...c.getContext('2d')"
            ".getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 == 3))"
        )
        np.testing.assert_array_equal(np.array(seen) / 255, v)
        energies = machine.free_energy(v)
        texts = shown.ask("[...document.querySelectorAll('figcaption')].map(c => c.textContent)")
        found = [float(text[4:].replace("\u2212", "-")) for text in texts]
        np.testing.assert_allclose(found, energies, rtol=0, atol=0.051)
        for name, own in (("digits", energies[:2]), ("noise", energies[2:])):
            mean = shown.number(f"mean F(v), from {name}")
            assert mean == pytest.approx(own.mean(), abs=0.051)
        assert shown.number("steps") == steps

    v, random = begin()
    check(v, 0)
    shown.do("1 step")
    step(v, random)
    check(v, 1)
    T = shown.set("T₀", 0.5)
    shown.press("button", " ")
    step(v, random)
    check(v, 2)
    T = shown.set("T₀", 1.55)
    shown.do("100 steps")
    for _ in range(100):
        step(v, random)
    check(v, 102)
    shown.click("canvas")
    v[0, N // 2 :] = 0
    check(v, 102)
    shown.press("figure:nth-child(4) canvas", " ")
    v[3, N // 2 :] = 0
    check(v, 102)
    shown.do("10 steps")
    for _ in range(10):
        step(v, random)
    check(v, 112)
    shown.do("begin again")
    check(begin()[0], 0)
    shown.do("play")
    shown.do("pause")
    check(begin()[0], 0)
