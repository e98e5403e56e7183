"""Figures that compute in the reader's browser: their numbers are the library's.

Each is put on a page of its own and driven by mouse and keyboard. They need Chromium.
"""

import json
import re
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from browser import chromium, until
from notebooks import chapter_paths

pytest.importorskip("matplotlib")
pytest.importorskip("IPython")

from rgrbm import transfer_matrix
from rgrbm.chapters import play
from rgrbm.decimation import coupling_flow, decimate_spins
from rgrbm.diagnostics import autocorrelation_time
from rgrbm.dynamics import collapse_score
from rgrbm.ising import boltzmann_probabilities, chain_energy, enumerate_spins
from rgrbm.sampler import heat_bath_chain, metropolis_chain

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
