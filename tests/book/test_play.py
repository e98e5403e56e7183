"""Figures that compute in the reader's browser: their numbers are the library's.

Each is put on a page of its own and driven by mouse and keyboard. They need Chromium.
"""

import base64
import itertools
import json
import re
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from browser import until
from notebooks import chapter_paths
from scipy.optimize import brentq

pytest.importorskip("matplotlib")
pytest.importorskip("IPython")

from rgrbm import transfer_matrix
from rgrbm.chapters import play
from rgrbm.decimation import block_spins, coupling_flow, decimate_coupling, decimate_spins
from rgrbm.diagnostics import autocorrelation_time
from rgrbm.dynamics import collapse_score
from rgrbm.inverse import corner_features, grow
from rgrbm.ising import (
    boltzmann_probabilities,
    chain_energy,
    enumerate_spins,
    lattice_energy,
    spins_to_bits,
)
from rgrbm.rbm import (
    BernoulliRBM,
    effective_couplings,
    exact_distribution,
    gibbs_matrix,
    kl_divergence,
    order_hidden_units,
)
from rgrbm.sampler import heat_bath_chain, metropolis_chain
from rgrbm.transfer_matrix import torus_thermodynamics

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "rgrbm" / "chapters" / "figures"


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
        return float(self.shown(name).replace("\u2212", "-"))

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

    def drag(self, part, right, down):
        """Drag a shape by so many pixels."""
        self.of(part, ".scrollIntoView({block: 'center', behavior: 'instant'})")
        box = f"(b = document.querySelector({json.dumps(part)}).getBoundingClientRect(), "
        x, y, width, height = self.ask(box + "[b.left, b.top, b.width, b.height])")
        start = x + width / 2, y + height / 2
        self.browser.drag(start, (start[0] + right, start[1] + down))

    def shown(self, name):
        """What is printed beside a name."""
        return self.of(f'output[data-name="{name}"]', ".textContent")

    def path(self, name):
        """The corners of a path that is drawn, in units of the drawing."""
        text = self.of(f'path[data-name="{name}"]', ".getAttribute('d')")
        return np.array([pair.split() for pair in re.split("[ML]", text)[1:]], dtype=float)


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


SAMPLERS = ("random sites", "heat bath", "sequential", "even/odd")


def ring_of(shown):
    """Return the spins that are shown."""
    labels = shown.ask(
        "[...document.querySelectorAll('[data-site]')].map((s) => s.getAttribute('aria-label'))"
    )
    sites = [label.split()[1].strip(",") for label in labels]
    assert sites == [str(site) for site in range(len(labels))]
    return np.array([1 if label.endswith("up") else -1 for label in labels])


def walls(spins):
    return (spins != np.roll(spins, 1, axis=-1)).astype(int)


def product(spins):
    return (spins * np.roll(spins, 1, axis=-1)).mean(axis=-1)


def signs(order):
    """Return zeta of the theorem on a charge: is site i - 1 updated before site i?"""
    turn = np.argsort(order)
    return np.where(np.roll(turn, 1) < turn, 1, -1)


def test_a_ring(page):
    n_sites = 12
    shown = page("ring", {"spins": [1, 1, -1, -1] * 3, "coupling": 0.8})
    in_order = np.arange(n_sites)
    zeta = {
        "heat bath": signs(in_order),
        "sequential": signs(in_order),
        "even/odd": signs(np.r_[in_order[::2], in_order[1::2]]),
    }
    states = enumerate_spins(n_sites)

    def due(name, coupling):
        """Return mean and variance of the product at the charge of the spins shown."""
        law = boltzmann_probabilities(n_sites, coupling)
        if name in ("sequential", "even/odd"):
            law = law * (walls(states) @ zeta[name] == walls(ring_of(shown)) @ zeta[name])
        law = law / law.sum()
        mean = law @ product(states)
        return mean, law @ (product(states) - mean) ** 2

    def check(coupling, at_start=True):
        spins = ring_of(shown)
        assert shown.number("E") == pytest.approx(chain_energy(spins, coupling), abs=6e-3)
        assert shown.number("walls") == walls(spins).sum()
        exact = transfer_matrix.correlation(n_sites, 1, coupling)
        assert shown.number("exact") == pytest.approx(exact, abs=6e-4)
        if at_start:
            for name in ("sequential", "even/odd"):
                printed = shown.number(f"{name}, at its Q")
                assert printed == pytest.approx(due(name, coupling)[0], abs=6e-4)

    check(0.8)
    np.testing.assert_array_equal(ring_of(shown), [1, 1, -1, -1] * 3)
    time.sleep(0.4)
    assert shown.number("sweeps") == 0, "it does not start by itself"
    shown.do("play")
    until(lambda: shown.number("sweeps") > 1, "a sweep")
    shown.do("pause")
    reached = shown.number("sweeps")
    time.sleep(0.4)
    assert shown.number("sweeps") == reached
    shown.do("in pairs")
    shown.click('[data-site="5"]')
    shown.press('[data-site="0"]', " ", "Tab")
    np.testing.assert_array_equal(ring_of(shown), [-1, 1, -1, -1, 1, -1, -1, -1, 1, 1, -1, -1])
    for name in zeta:
        shown.choose("watch", SAMPLERS.index(name))
        check(0.8)
        charge = walls(ring_of(shown)) @ zeta[name]
        assert shown.number("Q") == charge
        bars = {-1: "#009E73", 1: "#D55E00", 0: "none"}
        colors = "[...document.querySelectorAll('.wall')].map((w) => w.getAttribute('stroke'))"
        assert shown.ask(colors) == [bars[sign] for sign in zeta[name] * walls(ring_of(shown))]
        kept, products = set(), []
        for _ in range(20):
            shown.do("one sweep")
            kept.add(shown.number("Q"))
            products.append(product(ring_of(shown)))
            assert shown.number(name) == pytest.approx(np.mean(products), abs=6e-4)
            assert shown.number("Q") == walls(ring_of(shown)) @ zeta[name]
        check(0.8, at_start=False)
        assert (kept == {charge}) == (name != "heat bath")
        before = ring_of(shown)
        shown.press('[data-site="7"]', " ")
        np.testing.assert_array_equal(ring_of(shown), before * np.where(in_order == 7, -1, 1))
        check(0.8)
        assert shown.number("sweeps") == 0
        shown.do("in pairs")

    # At K = 0 each proposal is accepted: a sweep in a fixed order turns all spins over.
    assert shown.set("K", 0) == 0
    for name in ("sequential", "even/odd"):
        shown.choose("watch", SAMPLERS.index(name))
        before = ring_of(shown)
        shown.do("one sweep")
        np.testing.assert_array_equal(ring_of(shown), -before)
        shown.do("in pairs")

    shown.choose("watch", 0)
    rng = np.random.default_rng(1)
    for coupling, start, skip in (
        (0.8, "in pairs", 0),
        (0.5, "all up", 0),
        (0.3, "random", 0),
        (0.6, "in pairs", 0.2),
    ):
        shown.set("K", coupling)
        shown.set("skipped", skip)
        shown.do(start)
        check(coupling)
        assert shown.of('[data-name="Q"]', ".textContent") == "\u2013"
        expected = {name: due(name if skip == 0 else "", coupling) for name in SAMPLERS}
        shown.do("1000 sweeps", 40)
        assert shown.number("sweeps") == 40_000
        for name, (mean, variance) in expected.items():
            chain = heat_bath_chain if name == "heat bath" else metropolis_chain
            _, series = chain(64, n_sites, coupling, n_sweeps=2000, rng=rng, observe=product)
            # The charge leaks slowly: that takes longer than a right sampler needs.
            tau = autocorrelation_time(series.T) * (1 if skip == 0 else 5)
            error = np.sqrt(tau * variance / 40_000)
            assert abs(shown.number(name) - mean) < 4 * error + 6e-4, (name, coupling, start)
            if skip == 0 and start != "random" and name in ("sequential", "even/odd"):
                assert abs(shown.number(name) - shown.number("exact")) > 20 * error, "wrong"


def test_a_strip(page):
    n_sites, n_strips = 16, 4000
    shown = page("strip", {"sites": n_sites, "strips": n_strips, "coupling": 1.0})
    exact_way, start_way, likelier_way = range(3)

    def row(level):
        fills = shown.ask(
            f"[...document.querySelectorAll('[data-row=\"{level}\"]')]"
            ".map((cell) => cell.getAttribute('fill'))"
        )
        return np.array([1 if fill == "#0072B2" else -1 for fill in fills])

    def marked(level):
        marks = f"[...document.querySelectorAll('[data-wrong=\"{level}\"]')]"
        return shown.ask(f"{marks}.map((mark) => mark.getAttribute('visibility') === 'visible')")

    def check(level, coupling, way=exact_way):
        """Compare what is printed at a level that is thinned, or drawn back from the next."""
        couplings, _ = coupling_flow(coupling, 0.0, level + 1)
        here, n_spins = couplings[level], n_sites >> level
        exact = transfer_matrix.correlation(n_spins, 1, here)
        assert shown.number("spins") == n_spins == len(row(level))
        assert shown.number("K here") == pytest.approx(here, abs=6e-5)
        assert shown.number("exact") == pytest.approx(exact, abs=6e-5)
        if way == exact_way:
            expected = exact
            law, states = boltzmann_probabilities(n_spins, here), enumerate_spins(n_spins)
            variance = law @ (product(states) - exact) ** 2
            error = np.sqrt(max(variance, 0) / n_strips)
            assert shown.number("its error") == pytest.approx(error, rel=0.05, abs=1e-4)
        else:
            agree = (1 + transfer_matrix.correlation(n_spins // 2, 1, couplings[level + 1])) / 2
            expected = agree * (np.tanh(2 * coupling) if way == start_way else 1)
            assert abs(expected - exact) > 10 * shown.number("its error"), "a wrong law"
        assert abs(shown.number("mean product") - expected) < 4 * shown.number("its error") + 1e-4

    def check_wrong(level, coupling, way):
        """Compare the share of wrong spins after one step down and back."""
        agree = (1 + transfer_matrix.correlation(n_sites >> level, 2, coupling)) / 2
        q = 1 / (1 + np.exp(4 * coupling))
        follow = q if way == likelier_way else 2 * q * (1 - q)
        share = (agree * follow + (1 - agree) / 2) / 2
        # As if spins were independent, and twice that: they hardly depend on each other.
        error = np.sqrt(share / (n_strips * (n_sites >> level)))
        assert abs(shown.number("wrong, %") / 100 - share) < 8 * error

    check(1, 1.0)
    for coupling in (1.0, 0.4):
        shown.set("K", coupling)
        check(0, coupling)
        before = [row(0)]
        for level in range(1, 5):
            shown.press("button", " ")  # thin
            before.append(row(level))
            check(level, coupling)
            np.testing.assert_array_equal(row(level), decimate_spins(row(level - 1)))
            assert shown.number("wrong, %") == 0
        assert shown.of("button", ".disabled")
        for level in range(3, -1, -1):
            coarse = row(level + 1)
            shown.do("draw back")
            check(level, coupling)
            np.testing.assert_array_equal(decimate_spins(row(level)), coarse)
            np.testing.assert_array_equal(marked(level), row(level) != before[level])
            assert shown.number("wrong, %") > 10
        assert shown.of("button", ".nextElementSibling.disabled")

    for way in (exact_way, likelier_way):
        shown.set("K", 0.8)
        shown.do("thin")
        shown.choose("drawn back by", way)
        before = shown.drawing()
        shown.do("draw back")
        assert shown.drawing() != before
        check(0, 0.8, way)
        check_wrong(0, 0.8, way)
    # Both neighbours count alike: between two that differ, a missing spin is a fair coin.
    for way, share in ((exact_way, 1 / (1 + np.exp(-4 * 0.8))), (likelier_way, 1)):
        shown.choose("drawn back by", way)
        follows = {True: [], False: []}
        for _ in range(40):
            shown.do("new rings")
            shown.do("thin")
            shown.do("draw back")
            left, missing = row(1), row(0)[1::2]
            for agree in follows:
                here = (left == np.roll(left, -1)) == agree
                follows[agree] += list(missing[here] == left[here])
        assert len(follows[False]) > 30
        for agree, due in ((True, share), (False, 0.5)):
            error = np.sqrt(due * (1 - due) / len(follows[agree]))
            assert abs(np.mean(follows[agree]) - due) <= 4 * error
    shown.do("new rings")
    check(0, 0.8)
    shown.do("thin", 2)
    shown.choose("drawn back by", start_way)
    shown.do("draw back")
    check(1, 0.8, start_way)


def test_a_flow(page):
    start, means = (1.8, -0.012), [-0.8, 0.0, 0.5]
    shown = page("flow", {"coupling": start[0], "field": start[1], "means": means})
    left, top, right, bottom = 60, 10, 460, 350  # of the plane, in units of the drawing

    def to_drawing(t, y):
        return left + (right - left) * (t + 1) / 2, bottom - (bottom - top) * (y + 1) / 2

    def from_drawing(x, y):
        t = -1 + 2 * (x - left) / (right - left)
        return np.arctanh(t), np.arctanh(-1 + 2 * (bottom - y) / (bottom - top))

    def check(coupling, field):
        couplings, fields = coupling_flow(coupling, field, 12)
        at_dots = "[...document.querySelectorAll('circle[r=\"4\"]')].map((c) => "
        dots = shown.ask(at_dots + "[c.getAttribute('cx'), c.getAttribute('cy')].map(Number))")
        expected = np.transpose(to_drawing(np.tanh(couplings), np.tanh(fields)))
        np.testing.assert_allclose(dots, expected, rtol=0, atol=1e-6)
        for steps in (0, 1, 2, 4):
            assert shown.set("steps", steps) == steps
            here = couplings[steps], fields[steps]
            mean = transfer_matrix.magnetization(np.inf, *here)
            length = transfer_matrix.correlation_length(*here)
            assert shown.number("K") == pytest.approx(here[0], abs=6e-5)
            assert shown.number("h") == pytest.approx(here[1], abs=6e-5)
            assert shown.number("m") == pytest.approx(mean, abs=6e-5)
            assert shown.number("\u03be, sites") == pytest.approx(length, abs=6e-5)
            first = np.exp(2 * coupling) * np.sinh(field)
            assert shown.number("exp(2K) sinh h") == pytest.approx(first, abs=6e-5)

    check(*start)
    # Along each curve that is drawn the mean spin is the same; the last one is that of the start.
    for number, mean in ((2, means[2]), (4, transfer_matrix.magnetization(np.inf, *start))):
        path = shown.ask(f"document.querySelectorAll('svg path')[{number}].getAttribute('d')")
        places = np.array([point.split() for point in re.split("[ML]", path)[1:]], float)
        drawn = transfer_matrix.magnetization(np.inf, *from_drawing(*places[60:-5].T))
        np.testing.assert_allclose(drawn, mean, rtol=0, atol=0.01)
    handle = '[role="slider"][aria-label="start of the flow"]'
    here = np.array(to_drawing(*np.tanh(start)))
    shown.press(handle, *["ArrowLeft"] * 4, *["ArrowUp"] * 3, "ArrowDown", "ArrowRight")
    here += [-30, -20]
    check(*from_drawing(*here))
    box = shown.of("svg", ".getBoundingClientRect().toJSON()")
    corner, scale = np.array([box["left"], box["top"]]), box["width"] / 480
    for goal in ((120, 150), (200, 250), (400, 181)):
        shown.browser.drag(
            tuple(map(float, corner + here * scale)),
            tuple(map(float, corner + np.array(goal) * scale)),
        )
        here = np.array(goal, float)
        coupling, field = from_drawing(*here)
        check(coupling, field)
        shown.set("steps", 1)
        assert shown.number("K") >= 0, "the sign is lost"
    # It does not leave the plane.
    shown.browser.drag(tuple(map(float, corner + here * scale)), (700.0, 5.0))
    check(np.arctanh(0.998), np.arctanh(0.99))


CRITICAL = np.log(1 + np.sqrt(2)) / 2


def migdal_kadanoff(b, order):
    """The step in both orders; by the library where b is a power of two."""

    def decimate(k):
        if b not in (2, 4):
            return np.arctanh(np.tanh(k) ** b)
        for _ in range(b // 2):
            k = decimate_coupling(k)[0]
        return k

    return (lambda k: b * decimate(k)) if order == 0 else (lambda k: decimate(b * k))


def test_the_staircase_of_migdal_and_kadanoff(page):
    shown = page("staircase", {"critical": CRITICAL, "start": 0.5, "b": 2})
    handle = 'svg [role="slider"]'

    def check(b, order):
        step = migdal_kadanoff(b, order)
        fixed = brentq(lambda k: step(k) - k, 0.1, 2, xtol=1e-13)
        assert shown.number("K*") == pytest.approx(fixed, abs=1e-6)
        assert shown.number("K* \u2212 K_c") == pytest.approx(fixed - CRITICAL, abs=1e-6)
        slope = (step(fixed + 1e-5) - step(fixed - 1e-5)) / 2e-5
        assert shown.number("y_T") == pytest.approx(np.log(slope) / np.log(b), abs=2e-6)

        corners = shown.path("staircase")
        k = shown.ask(f"document.querySelector('{handle}').getAttribute('cx')")
        k = (float(k) - 62) / 400 * 1.2
        assert shown.number("start K") == pytest.approx(k, abs=6e-4)
        stairs = [(k, k)]
        while 0.02 < k < 1.2 and len(stairs) / 2 * np.log(b) < 12:
            stairs += [(k, min(step(k), 1.2)), (min(step(k), 1.2),) * 2]
            k = step(k)
        n = len(stairs) // 2
        assert shown.number("steps n") == n
        assert shown.number("b\u207f") == pytest.approx(b**n, rel=1e-9, abs=0.06)
        assert shown.shown("ends at") == ("K = 0" if k <= 0.02 else "K = \u221e")
        stairs = [62, 410] + np.array([400, -400]) / 1.2 * stairs
        np.testing.assert_allclose(corners, stairs, rtol=0, atol=0.02)

    check(2, 0)
    assert shown.shown("ends at") == "K = 0"
    # A start above the exact K_c, on the wrong side of K*; a small b sets it right.
    check(shown.set("b", 1.2), 0)
    assert shown.shown("ends at") == "K = \u221e"
    shown.drag(handle, -40, 40)
    assert shown.number("start K") == pytest.approx(0.38, abs=2e-3)
    check(1.2, 0)
    shown.press(handle, "ArrowLeft", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowRight")
    assert shown.number("start K") == pytest.approx(0.371, abs=2e-3)
    check(1.2, 0)
    shown.press("select", "ArrowDown")
    check(1.2, 1)
    shown.set("b", 2)
    check(2, 1)
    shown.press('input[aria-label="b"]', "End")
    check(4, 1)
    shown.press("select", "ArrowUp")
    check(4, 0)
    check(shown.set("b", 3), 0)
    # Infinitely small steps: the exact K_c, and the exponent of the theorem.
    shown.press('input[aria-label="b"]', "Home")
    assert abs(shown.number("K* \u2212 K_c")) < 5e-4
    limit = 2 - np.sqrt(2) * np.log(1 + np.sqrt(2))
    assert shown.number("y_T") == pytest.approx(limit, abs=2e-6)
    assert shown.number("steps n") > 1000
    b = shown.slide("b", 0.5)
    assert 2.3 < b < 2.7
    check(b, 0)


def strong_rule(strength, constant, both, K=1.0):
    """Numbers of a rule on the ring of 16, from its joint law with all fine states."""
    fine = boltzmann_probabilities(16, K)
    sums = np.array([-2, 0, 0, 2] if both else [-1, -1, 1, 1])
    weight = np.exp(strength * np.outer([-1, 1], sums))  # of a coarse spin, given its block
    trace = weight.sum(axis=0)
    weight /= trace if constant is None else np.exp(constant)
    trace = weight.sum(axis=0)

    law, log_trace, noise = fine.reshape((4,) * 8), np.zeros((4,) * 8), np.zeros((4,) * 8)
    shares = weight / trace
    bits = -(shares * np.log2(shares)).sum(axis=0)
    for block in range(8):
        place = [1] * 8
        place[block] = 4
        log_trace += np.log(trace).reshape(place)
        noise += bits.reshape(place)
        law = np.tensordot(law, weight, axes=(0, 1))
    Z = law.sum()  # over that of the fine spins
    law = law.ravel() / Z
    tilted = fine * np.exp(log_trace.ravel()) / Z  # of the fine spins
    assert tilted.sum() == pytest.approx(1, abs=1e-12)

    table = np.log(law).reshape((2,) * 8)
    for site in range(8):
        down, up = np.take(table, 0, site), np.take(table, 1, site)
        table = np.stack([up + down, up - down], axis=site) / 2
    return {
        "(F_\u03bb \u2212 F) / M": -np.log(Z) / 8,
        "I / M": (-law @ np.log2(law) - tilted @ noise.ravel()) / 8,
        "K neighbours": table[1, 1, 0, 0, 0, 0, 0, 0],
        "K 2 apart": table[1, 0, 1, 0, 0, 0, 0, 0],
        "K four spins": table[1, 1, 1, 1, 0, 0, 0, 0],
        "KL(p \u2016 p_\u03bb)": fine @ np.log(fine / tilted),
    }


def test_the_strength_of_a_rule(page):
    shown = page("lambda", {"K": 1.0, "strength": 1, "q": 1})
    rule, normalised = (f'select[aria-label="{name}"]' for name in ("rule", "normalised by"))

    def check(*given):
        for name, value in strong_rule(*given).items():
            assert shown.number(name) == pytest.approx(value, abs=6e-5), name

    check(1, None, False)
    assert shown.of('input[aria-label="q"]', ".disabled")
    shown.press('input[aria-label="\u03bb"]', *["ArrowRight"] * 3)
    check(1.15, None, False)
    check(shown.slide("\u03bb", 0.2), None, False)
    # Decimation at the end: a copy fails once in 400 times.
    shown.press('input[aria-label="\u03bb"]', "End")
    check(3, None, False)
    assert shown.number("K neighbours") == pytest.approx(decimate_coupling(1.0)[0], abs=0.03)
    shown.press(rule, "ArrowDown")
    check(3, None, True)
    check(shown.set("\u03bb", 0.5), None, True)
    assert shown.number("(F_\u03bb \u2212 F) / M") == 0
    shown.press(normalised, "ArrowDown")
    check(0.5, 1, True)
    seen = shown.drawing()
    q = shown.slide("q", 0.4)
    check(0.5, q, True)
    assert shown.drawing() != seen, "the free energy moves"
    assert shown.number("KL(p \u2016 p_\u03bb)") > 0.05
    # The curves, at the strengths 0.5 and 1.
    for at in (10, 20):
        numbers = list(strong_rule(at / 20, q, True).values())
        for name, value, to in (
            ("|F_\u03bb \u2212 F| / M 1", abs(numbers[0]), 2.5),
            ("I(\u03c3; s) / M  (bits) 1", numbers[1], 1),
            *((f"coarse couplings {k}", numbers[k + 1] + 0.2, 1.8) for k in (1, 2, 3)),
        ):
            expected = 56 + 159 * at / 60, 170 - 160 * value / to
            assert shown.path(name)[at] == pytest.approx(expected, abs=0.02), name
    shown.press(rule, "ArrowUp")
    check(0.5, q, False)
    assert shown.number("KL(p \u2016 p_\u03bb)") == 0
    shown.press('input[aria-label="\u03bb"]', "Home")
    check(0, q, False)
    check(0, shown.set("q", np.round(np.log(2), 2)), False)


def pattern(shown, name, side):
    """The spins of a pattern that is drawn."""
    spins = -np.ones((side, side), dtype=int)
    drawn = shown.of(f'path[data-name="{name}"]', ".getAttribute('d')") or ""
    for column, row, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", drawn):
        spins[int(row), int(column) : int(column) + int(length)] = 1
    return spins


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
        assert shown.number("side L") == side
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


def inside_less_across(spins):
    products = spins * np.roll(spins, -1, axis=-1)
    return 2 * (products[..., ::2].sum() - products[..., 1::2].sum()) / products.size


def test_growth(page):
    rules = {"copy": [2.5, 0.0, 0.0], "likely": [0.8, 0.29, 0.14]}
    exact = [torus_thermodynamics(n, CRITICAL)[1] for n in (4, 8, 16, 32, 64, 128)]
    listed = [{"name": name, "weights": weights} for name, weights in rules.items()]
    shown = page("growth", {"rules": listed, "exact": exact})
    steps, dream = 'input[aria-label="steps"]', "dream"

    def history():
        """The picture and its numbers after each step."""
        found = []
        for n in range(8):
            assert shown.set("steps", n) == n
            assert shown.number("side n") == 2**n
            spins = pattern(shown, dream, 2**n)
            energy = lattice_energy(spins, 1.0) / spins.size if n else -2
            assert shown.number("energy of this dream") == pytest.approx(energy, abs=6e-4)
            if n >= 2:
                assert shown.number("exact") == pytest.approx(exact[n - 2], abs=6e-4)
            found.append(spins)
        return found

    def obeys(grown, weights):
        """Each fine spin has the odds of the library's rule, given its coarse ones."""
        scores = []
        for coarse, fine in itertools.pairwise(grown):
            features = corner_features(coarse).astype(float)
            mean = np.tanh(features @ weights)
            noise = 1 - mean**2
            for k in range(3):
                score = np.sum((fine - mean) * features[..., k])
                scores.append(score / np.sqrt(np.sum(noise * features[..., k] ** 2) + 1e-12))
        # 21 sums in each of four dreams; the small sizes are not Gaussian.
        assert np.abs(scores[9:]).max() < 4.5

    def agrees(weights):
        """Means over the twenty dreams are those of as many of the library's."""
        shown.press(steps, "End")
        many = grow(np.ones((400, 1, 1)), weights, np.random.default_rng(30), 7)
        energies = lattice_energy(many, 1.0) / 128**2
        error = shown.number("its error")
        assert error == pytest.approx(energies.std() / np.sqrt(20), rel=0.7, abs=1e-3)
        expected = energies.std() * np.sqrt(1 / 20 + 1 / 400)
        assert abs(shown.number("mean of 20") - energies.mean()) < 4 * expected + 6e-4
        gaps = [inside_less_across(spins) for spins in many]
        expected = np.std(gaps) * np.sqrt(1 / 20 + 1 / 400)
        found = shown.number("inside \u2212 across")
        assert abs(found - np.mean(gaps)) < 4 * expected + 6e-4

    first = history()
    assert first[0].item() == 1
    obeys(first, rules["copy"])
    agrees(rules["copy"])
    assert shown.number("inside \u2212 across") > 0.01

    shown.press("select", "ArrowDown")
    for k in range(3):
        weight = float(shown.of(f'input[aria-label="w_{k}"]', ".value"))
        assert weight == pytest.approx(rules["likely"][k])
    second = history()
    obeys(second, rules["likely"])
    agrees(rules["likely"])
    shown.click("button")
    third = history()
    assert np.any(third[7] != second[7]), "another dream"
    obeys(third, rules["likely"])

    shown.press('input[aria-label="w_2"]', *["ArrowLeft"] * 4)
    w_0 = shown.slide("w_0", 0.6)
    assert shown.of("select", ".selectedIndex") == 2, "by hand"
    by_hand = np.array([w_0, 0.29, 0.10])
    obeys(history(), by_hand)
    agrees(by_hand)
    # Six places of the plot: sides 4 to 128, energies from -2 to 0.
    mean = shown.number("mean of 20")
    dots = "[...document.querySelectorAll('circle')].map((c) => [c.getAttribute('cx'), "
    places = np.array(shown.ask(dots + "c.getAttribute('cy')])"), dtype=float)
    np.testing.assert_allclose(places[:, 0], np.linspace(62, 295, 6), atol=0.01)
    assert places[-1, 1] == pytest.approx(255 - 245 * (mean + 2) / 2, abs=0.1)


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
