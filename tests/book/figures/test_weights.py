"""Weights that form: the figure's numbers are the library's."""

import base64

import numpy as np
import pytest

from rgrbm.rbm import BernoulliRBM, order_hidden_units


def growth(N=10, M=5):
    rng = np.random.default_rng(0)
    sites = np.arange(N)[:, None]
    own = np.array([7, 1, 3, 4, 4])
    band = np.abs((sites - own + N // 2) % N - N // 2)

    def stage(epochs, size):
        w = size * np.exp(-(band**2)) * [1, -1, 1, 1, -1] + 0.2 * rng.normal(size=(N, M))
        w[:, 3] *= size > 5
        scale = np.abs(w).max() / 32767
        whole = np.rint(w / scale).astype("<i2")
        text = base64.b64encode(whole.tobytes()).decode()
        return {"epochs": epochs, "scale": scale, "weights": text}, scale * whole

    stages = [[stage(10 * k, size) for k, size in enumerate(row)] for row in ((0, 1.5), (4, 8))]
    paths = [
        {"name": name, "stages": [one for one, _ in row]}
        for name, row in zip(("0", "0.003"), stages, strict=True)
    ]
    data = {"shape": [N, M], "paths": paths, "path": 1, "stage": 1}
    return data, [[w for _, w in row] for row in stages]


def test_weights(page):
    data, weights = growth()
    N, M = data["shape"]
    shown = page("weights", data)

    def check(path, stage, in_order):
        w = weights[path][stage]
        machine = BernoulliRBM.from_parameters(w, np.zeros(N), np.zeros(M))
        ordered = order_hidden_units(machine)
        J = (ordered.rbm if in_order else machine).spin_parameters().weights
        cells = shown.ask(
            "[...document.querySelectorAll('rect[fill-opacity]')].map(c => "
            "[Number(c.getAttribute('fill-opacity')), c.getAttribute('fill')])"
        )
        depth = np.array([one[0] for one in cells]).reshape(M, N).T
        sign = np.where(np.array([one[1] for one in cells]) == "#D55E00", -1, 1).reshape(M, N).T
        np.testing.assert_allclose(depth * sign, np.clip(J / 2, -1, 1), rtol=0, atol=6e-4)
        alive = np.abs(w).max(axis=0) > 1
        _, counts = np.unique(np.abs(w).argmax(axis=0)[alive], return_counts=True)
        large = (np.abs(w) > 1).sum(axis=0)[alive].mean() if alive.any() else 0
        gaps = np.diff(ordered.strongest, append=ordered.strongest[0] + N)
        assert shown.number("epochs") == 10 * stage
        assert shown.number("alive") == alive.sum()
        assert shown.number("with a spin of their own") == np.sum(counts == 1)
        assert shown.number("large weights of one") == pytest.approx(large, abs=0.051)
        assert shown.number("slips") == np.sum(gaps != 2)

    check(1, 1, False)
    shown.choose("hidden units", 1)
    check(1, 1, True)
    shown.press('input[aria-label="stage"]', "ArrowLeft")
    check(1, 0, True)
    shown.choose("strength γ of the penalty", 0)
    check(0, 0, True)
    assert shown.number("alive") == 0
    assert shown.slide("stage", 0.95) == 1
    check(0, 1, True)
    shown.choose("hidden units", 0)
    check(0, 1, False)
