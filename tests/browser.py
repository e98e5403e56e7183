"""A browser for tests: Chromium, driven by Playwright."""

import shutil
import time
from base64 import b64decode
from contextlib import contextmanager
from io import BytesIO

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PATIENCE = 60  # seconds until a browser or a figure must have answered


@contextmanager
def chromium():
    """Start Chromium, and close it at the end."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright, which drives Chromium, is not installed"
    )
    with (
        playwright.sync_playwright() as driver,
        driver.chromium.launch(executable_path=CHROMIUM) as opened,
    ):
        yield Browser(opened)


def until(condition, what):
    """Wait until a condition is true, and return its value."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, f"{PATIENCE} s have passed without {what}"
        time.sleep(0.05)
    return found


class Browser:
    """One page of Chromium, for a reader who has asked for less motion."""

    def __init__(self, opened):
        size = {"width": 1400, "height": 1000}
        self.page = opened.new_page(viewport=size, reduced_motion="reduce")
        self.page.set_default_timeout(1000 * PATIENCE)
        self.tools = self.page.context.new_cdp_session(self.page)

    def open(self, address):
        """Open a page, and wait for formulas and letters: they move what is below them."""
        self.page.goto(address)
        self.ask(
            "Promise.all([document.fonts.ready, window.MathJax?.startup?.promise]).then(Boolean)"
        )

    def ask(self, expression):
        """Return the value of a JavaScript expression."""
        return self.page.evaluate(expression)

    def screen(self):
        """Return what the screen shows, in a quarter of the time that Playwright takes."""
        from PIL import Image

        answer = self.tools.send("Page.captureScreenshot", {"optimizeForSpeed": True})
        return Image.open(BytesIO(b64decode(answer["data"])))

    def press(self, key):
        self.page.keyboard.press(key)

    def click(self, x, y):
        self.page.mouse.click(x, y)

    def drag(self, start, end):
        """Press at one place, move to another, and let go there."""
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end)
        self.page.mouse.up()
