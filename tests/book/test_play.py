"""Figures that compute in the reader's browser: their numbers are the library's.

Each is put on a page of its own and driven by mouse and keyboard. They need Chromium.
"""

import base64
import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from browser import chromium
from notebooks import chapter_paths

pytest.importorskip("matplotlib")
pytest.importorskip("IPython")

from rgrbm.chapters import play
from rgrbm.dynamics import collapse_score
from rgrbm.ising import enumerate_spins, spins_to_bits
from rgrbm.rbm import (
    BernoulliRBM,
    effective_couplings,
    exact_distribution,
    gibbs_matrix,
    kl_divergence,
    order_hidden_units,
)

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "rgrbm" / "chapters" / "figures"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


class Page:
    """A page with one figure."""

    def __init__(self, browser, path, figure, data, alt="something to see and to do"):
        self.browser = browser
        page = play(figure, data, alt=alt).data
        complain = "<script>complaints = []; onerror = (e) => complaints.push(e)</script>"
        head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'>{complain}"
        path.write_text(f"<!doctype html>{head}<body>{page}", encoding="utf-8")
        browser.open(path.as_uri())
        assert self.ask("complaints") == []

    def ask(self, expression):
        return self.browser.ask(expression)

    def of(self, part, rest=""):
        return self.ask(f"document.querySelector({json.dumps(part)}){rest}")

    def number(self, name):
        text = self.of(f'output[data-name="{name}"]', ".textContent")
        return float(text.replace("\u2212", "-"))

    def drawing(self):
        """What is drawn, as text."""
        return self.of("svg", ".innerHTML")

    def press(self, part, *keys):
        self.of(part, ".focus()")
        for key in keys:
            self.browser.press(key)

    def slide(self, name, part):
        """Click a slider at a part of its length, and return its value."""
        slider = f'input[aria-label="{name}"]'
        self.of(slider, ".scrollIntoView({block: 'center', behavior: 'instant'})")
        box = f"(b = document.querySelector({json.dumps(slider)}).getBoundingClientRect(), "
        x, y, width, height = self.ask(box + "[b.left, b.top, b.width, b.height])")
        self.browser.click(x + part * width, y + height / 2)
        return float(self.of(slider, ".value"))

    def set(self, name, value):
        """Give a slider a value, as its owner could by keyboard."""
        slider = f'input[aria-label="{name}"]'
        self.ask(
            f"(s = document.querySelector({json.dumps(slider)}), s.value = {value}, "
            "s.dispatchEvent(new Event('input')), 0)"
        )
        return float(self.of(slider, ".value"))

    def click(self, part):
        self.of(part, ".scrollIntoView({block: 'center', behavior: 'instant'})")
        box = f"(b = document.querySelector({json.dumps(part)}).getBoundingClientRect(), "
        x, y, width, height = self.ask(box + "[b.left, b.top, b.width, b.height])")
        self.browser.click(x + width / 2, y + height / 2)

    def drag(self, part, right, down):
        """Drag a shape by so many pixels."""
        self.of(part, ".scrollIntoView({block: 'center', behavior: 'instant'})")
        box = f"(b = document.querySelector({json.dumps(part)}).getBoundingClientRect(), "
        x, y, width, height = self.ask(box + "[b.left, b.top, b.width, b.height])")
        start = x + width / 2, y + height / 2
        self.browser.drag(start, (start[0] + right, start[1] + down))

    def do(self, label, times=1):
        """Press a button."""
        find = f"[...document.querySelectorAll('button')].find((b) => b.textContent === '{label}')"
        for _ in range(times):
            self.ask(f"{find}.click()")

    def choose(self, name, number):
        """Choose an option by keyboard."""
        select = f'select[aria-label="{name}"]'
        while (step := number - self.of(select, ".selectedIndex")) != 0:
            self.press(select, "ArrowDown" if step > 0 else "ArrowUp")


@pytest.fixture
def page(browser, tmp_path):
    def make(figure, data):
        return Page(browser, tmp_path / "page.html", figure, data)

    return make


def used(path):
    """Names of the figures that a chapter plays."""
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return re.findall(r"^play\(\s*\"([a-z-]+)\"", code, re.M)


def test_each_figure_stands_in_a_chapter_and_has_its_test_here():
    figures = {path.stem for path in FIGURES.glob("*.js")} - {"kit"}
    assert {name for path in chapter_paths() for name in used(path)} == figures
    own = Path(__file__).read_text(encoding="utf-8")
    assert {name for name in figures if f'page("{name}"' in own} == figures


def curves():
    scale = np.repeat([1.0, 2.0, 3.0], 20)
    variable = np.tile(np.linspace(-3, 3, 20), 3)
    return {
        "points": np.column_stack([scale, variable, np.tanh(variable - scale) + scale / 2]),
        "curves": np.repeat([0, 1, 2], 20),
        "names": ["ln q", "ln s", "ln v"],
        "a": {"from": -1, "to": 2},
        "b": {"from": -3, "to": 2},
    }


def test_a_collapse(page):
    data = curves()
    shown = page("collapse", data)
    scale, variable, quantity = data["points"].T

    def check(a, b):
        found = collapse_score(quantity - a * scale, variable + b * scale, data["curves"])
        assert shown.number("score") == pytest.approx(found.score, abs=6e-4)
        assert shown.number("overlap") == pytest.approx(found.overlap, abs=6e-3)

    check(0, 0)
    seen = {shown.drawing()}
    shown.press('input[aria-label="a"]', *["ArrowRight"] * 5)
    check(0.05, 0)
    seen.add(shown.drawing())
    b = shown.slide("b", 0.2)
    check(0.05, b)
    seen.add(shown.drawing())
    check(shown.set("a", 0.5), shown.set("b", -1))
    assert shown.number("score") < 0.02
    check(0.5, shown.set("b", 2))
    assert len(seen) == 3
    shown.set("b", -3)
    check(0.5, -3)


def units():
    s = enumerate_spins(3)
    even = np.where(s.prod(axis=1) < 0, 0.25, 0)
    other = np.random.default_rng(0).dirichlet(np.ones(8))
    targets = [{"name": "other", "law": other}, {"name": "parity", "law": even}]
    return {"J": [[1, -0.5], [1, 0], [0.3, 0]], "targets": targets}


def test_a_machine(page):
    data = units()
    shown = page("machine", data)
    J, fields = np.array(data["J"]), {"s": np.zeros(3), "t": np.zeros(2)}

    def heights(law):
        bars = f"[...document.querySelectorAll('[data-law={law}]')]"
        return np.array(shown.ask(f"{bars}.map(b => Number(b.getAttribute('height')))"))

    def check(target=0):
        machine = BernoulliRBM.from_spin_parameters(J, fields["s"], fields["t"])
        p = exact_distribution(machine)
        turned = BernoulliRBM.from_spin_parameters(J.T, fields["t"], fields["s"])
        expected = {"KL(P ‖ p)": kl_divergence(data["targets"][target]["law"], p)}
        pairs = effective_couplings(machine, "visible").value
        for i, k in ((0, 1), (0, 2), (1, 2)):
            expected[f"K{'₁₂₃'[i]}{'₁₂₃'[k]} of p(v)"] = pairs[i, k]
        triple = np.mean(np.log(p) * enumerate_spins(3).prod(axis=1))
        expected["K₁₂₃ of p(v)"] = triple
        expected["K₁₂ of p(h)"] = effective_couplings(machine).value[0, 1]
        for name, value in expected.items():
            assert shown.number(name) == pytest.approx(value, abs=6e-4), name
        for name, law in (("v", p), ("h", exact_distribution(turned))):
            tallest = max(*law, *(data["targets"][target]["law"] if name == "v" else ()))
            scale = 100 if tallest > 0.5 else 200
            np.testing.assert_allclose(heights(name), scale * law, rtol=0, atol=1e-9)

    check()
    shown.press('[aria-label="J₃₂"]', *["ArrowRight"] * 7)
    J[2, 1] = 0.7
    check()
    shown.press('[aria-label="J₁₁"]', *["ArrowLeft"] * 13)
    J[0, 0] = -0.3
    check()
    # Tab leads from here to the next coupling, that of the first and the second hidden spin.
    for key in ("Tab", "ArrowLeft"):
        shown.browser.press(key)
    J[0, 1] = -0.6
    check()
    shown.drag('[aria-label="J₂₁"]', 0, -24)  # 40 pixels are one unit, and up is more
    J[1, 0] = 1.6
    check()
    for name, kind, k, right in (
        ("B₂", "s", 1, 32),
        ("B₃", "s", 2, -12),
        ("C₁", "t", 0, 20),
        ("C₂", "t", 1, 8),
    ):
        shown.drag(f'[aria-label="{name}"]', right, 0)
        fields[kind][k] = right / 40
        check()
    shown.choose("target P (marks)", 1)
    check(target=1)
    before = [shown.number("KL(P ‖ p)"), heights("v"), shown.number("K₁₂ of p(h)")]
    shown.do("flip t₂")
    J[:, 1] *= -1
    fields["t"][1] *= -1
    check(target=1)
    assert shown.number("KL(P ‖ p)") == before[0]
    np.testing.assert_allclose(heights("v"), before[1], rtol=0, atol=1e-9)
    assert shown.number("K₁₂ of p(h)") == -before[2] != 0
    shown.do("all zero")
    J[:], fields = 0, {"s": np.zeros(3), "t": np.zeros(2)}
    check(target=1)
    shown.press('[aria-label="J₂₁"]', *["ArrowRight"] * 5)
    for key, end in (("ArrowRight", 3.0), ("ArrowLeft", -3.0)):
        shown.press('[aria-label="J₁₁"]', *[key] * 62)
        J[:2, 0] = end, 0.5  # no further
        check(target=1)


def stages():
    rng = np.random.default_rng(1)
    law = rng.dirichlet(np.ones(8))
    law[2] = 0
    paths = []
    for name in ("exact gradient", "CD-1"):
        machines = [BernoulliRBM(3, 2, rng=rng) for _ in range(3)]
        vectors = [scale * rng.normal(size=11) for scale in (0.1, 1, 2)]
        machines = [one.with_vector(x) for one, x in zip(machines, vectors, strict=True)]
        rows = [
            {"updates": n, "w": one.weights, "c": one.visible_bias, "b": one.hidden_bias}
            for n, one in enumerate(machines)
        ]
        paths.append({"name": name, "stages": rows})
    return {"P": law / law.sum(), "paths": paths, "stage": 1}


def test_a_gradient(page):
    data = stages()
    shown = page("gradient", data)
    P, bits = data["P"], spins_to_bits(enumerate_spins(3)).astype(float)

    def likelihood(machine):
        return P[P > 0] @ np.log(exact_distribution(machine)[P > 0])

    def mean_update(machine, law):
        on = machine.hidden_probabilities(bits)
        parts = (bits.T * (P - law)) @ on, (P - law) @ bits, (P - law) @ on
        return np.concatenate([part.ravel() for part in parts])

    def check(path, stage, k):
        row = data["paths"][path]["stages"][stage]
        machine = BernoulliRBM.from_parameters(row["w"], row["c"], row["b"])
        theta, steps = machine.to_vector(), 1e-5 * np.eye(11)
        slope = np.array(
            [
                likelihood(machine.with_vector(theta + d))
                - likelihood(machine.with_vector(theta - d))
                for d in steps
            ]
        ) / (2e-5)
        W = gibbs_matrix(machine)
        update = mean_update(machine, np.linalg.matrix_power(W, k) @ P)
        sizes = np.linalg.norm(slope), np.linalg.norm(update)
        angle = np.arccos(min(1, slope @ update / np.prod(sizes)))
        assert shown.number("updates") == row["updates"]
        assert shown.number("L") == pytest.approx(likelihood(machine), abs=6e-4)
        assert shown.number("|∇L|") == pytest.approx(sizes[0], abs=6e-6)
        assert shown.number("|Uₖ|") == pytest.approx(sizes[1], abs=6e-6)
        text = shown.of('output[data-name="angle"]', ".textContent")
        # Where the two agree the angle is a root of their difference, which has some 1e-9 of error.
        assert float(text[:-1]) == pytest.approx(np.degrees(angle), abs=0.06)
        second = np.sort(np.linalg.eigvals(W).real)[-2]
        assert shown.number("λ₂") == pytest.approx(second, abs=6e-5)
        ends = shown.ask(
            "[...document.querySelectorAll('svg')[0].querySelectorAll('circle')]"
            ".slice(1).map(c => [c.getAttribute('cx'), c.getAttribute('cy')].map(Number))"
        )
        ends = (np.array(ends) - [150, 140]) * [1, -1] * max(sizes) / 110
        turned = sizes[1] * np.array([np.cos(angle), np.sin(angle)])
        np.testing.assert_allclose(ends, [[sizes[0], 0], turned], rtol=0, atol=2e-3 * max(sizes))
        here = shown.of("svg ~ svg circle", ".getAttribute('cy')")
        bias = np.log10(np.linalg.norm(update - slope) / sizes[0])
        expected = 240 - 225 * (max(bias, -4) + 4) / 5
        assert float(here) == pytest.approx(expected, abs=0.01)

    check(0, 1, 1)
    shown.press('input[aria-label="k"]', *["ArrowRight"] * 3)
    check(0, 1, 4)
    shown.press('input[aria-label="stage"]', "ArrowRight")
    check(0, 2, 4)
    shown.choose("trained by", 1)
    check(1, 2, 4)
    k = shown.slide("k", 0.3)
    assert 20 < k < 40
    check(1, 2, int(k))
    shown.set("stage", 0)
    check(1, 0, int(k))
    shown.set("k", 1)
    check(1, 0, 1)


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
