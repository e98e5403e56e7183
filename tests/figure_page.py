"""A page with one figure that computes, for the tests in `book/figures`."""

import json
import re

import numpy as np

from rgrbm.chapters import play


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


def pattern(shown, name, side):
    """The spins of a pattern that is drawn."""
    spins = -np.ones((side, side), dtype=int)
    drawn = shown.of(f'path[data-name="{name}"]', ".getAttribute('d')") or ""
    for column, row, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", drawn):
        spins[int(row), int(column) : int(column) + int(length)] = 1
    return spins
