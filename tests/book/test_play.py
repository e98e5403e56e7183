"""Figures that compute in the reader's browser: their numbers are the library's.

Each is put on a page of its own and driven by mouse and keyboard. They need Chromium.
"""

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
