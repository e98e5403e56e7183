"""The interactive figures of the built book, driven as a reader drives them: mouse and keyboard.

They run where RGRBM_BOOK names a built book, and need Chromium. Those that are frames drawn ahead
are here; `figures` has those that compute.
"""

import json
import re
import time
from pathlib import Path

import nbformat
import pytest
from browser import until
from notebooks import chapter_paths

ROOT = Path(__file__).resolve().parents[2]
PLAYER = "document.querySelectorAll('.animation')[%d]"


def chapter_code(path):
    """Return a chapter's code, all cells together."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def players(path):
    """Return how many players of frames a chapter has."""
    return len(re.findall(r"^animate\(", chapter_code(path), re.M))


CHAPTERS = {
    path.relative_to(ROOT).with_suffix("").as_posix(): n
    for path in chapter_paths()
    if (n := players(path))
}
FIGURES = [(name, number) for name, n in CHAPTERS.items() for number in range(n)]


@pytest.fixture(scope="module")
def plain_browser(browser):
    """Leave formulas as text, on a screen just large enough: it is painted a thousand times."""
    browser.page.route("**/mathjax/**", lambda route: route.abort())
    browser.page.set_viewport_size({"width": 800, "height": 800})
    return browser


@pytest.fixture(scope="module")
def fresh_player(book, plain_browser, request):
    """Open the page of a figure; then come all tests of this figure."""
    name, number = request.param
    plain_browser.open((book / f"{name}.html").as_uri())
    assert plain_browser.ask("document.querySelectorAll('mjx-container').length") == 0
    # After some scrolling, this button lies on the picture or does not.
    plain_browser.page.add_style_tag(content="#pst-back-to-top { display: none !important }")
    return Player(plain_browser, number)


@pytest.fixture
def player(fresh_player):
    """A figure at its first frame, whatever a test has done to it before."""
    fresh_player.button("Pause")
    fresh_player.button("First frame")
    return fresh_player


class Player:
    """An interactive figure on the open page."""

    def __init__(self, browser, number):
        self.browser, self.root = browser, PLAYER % number
        count = "document.querySelectorAll('.animation').length"
        assert browser.ask(count) > number, "the page has no such figure"
        until(lambda: self.ask(".querySelector('img').naturalWidth"), "a picture")
        self.last = int(self.ask(".querySelector('input').max"))

    def ask(self, rest):
        return self.browser.ask(self.root + rest)

    def frame(self):
        return int(self.ask(".querySelector('input').value"))

    def place(self, part):
        """Scroll a part into view, and return its left, top, width and height on the screen."""
        place = "{block: 'center', behavior: 'instant'}"
        self.ask(f".querySelector({json.dumps(part)}).scrollIntoView({place})")
        box = f"b = {self.root}.querySelector({json.dumps(part)}).getBoundingClientRect()"
        return self.browser.ask(f"({box}, [b.left, b.top, b.width, b.height])")

    def picture(self):
        """Return what the screen shows of the picture, but for a margin that has focus rings."""
        x, y, width, height = self.place("img")
        assert y >= 0
        assert y + height <= self.browser.page.viewport_size["height"]
        self.ask(".querySelector('img').decode()")  # waits until it can be painted
        box = [round(edge) for edge in (x + 5, y + 5, x + width - 5, y + height - 5)]
        return self.browser.screen().crop(box).tobytes()

    def button(self, label):
        x, y, width, height = self.place(f'button[aria-label="{label}"]')
        self.browser.click(x + width / 2, y + height / 2)

    def slide(self, part):
        """Click the slider at a part of its length."""
        x, y, width, height = self.place("input.anim-slider")
        self.browser.click(x + part * width, y + height / 2)

    def focus(self, part):
        self.ask(f".querySelector({json.dumps(part)}).focus()")

    def check(self, frame, like=None, unlike=None):
        """Wait for a frame, and for a picture like one or unlike another; return the picture."""
        until(lambda: self.frame() == frame, f"frame {frame}")
        shown = []

        def fits():
            shown[:] = [self.picture()]
            return (like is None or shown[0] == like) and shown[0] != unlike

        until(fits, f"the picture of frame {frame}")
        return shown[0]

    def rests(self, frame, seconds=1.5):
        """Watch for longer than any figure takes from one frame to the next."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.frame() == frame
            time.sleep(0.1)


def test_the_pages_with_interactive_figures_are_those_of_the_chapters_that_make_them(book):
    built = {}
    for path in (book / "book").rglob("*.html"):
        if n := path.read_text(encoding="utf-8").count('<div class="animation">'):
            built[path.relative_to(book).with_suffix("").as_posix()] = n
    assert built == CHAPTERS


every_figure = pytest.mark.parametrize(
    "fresh_player", FIGURES, ids=[f"{name}-{number}" for name, number in FIGURES], indirect=True
)


@every_figure
def test_it_begins_with_its_first_frame_and_moves_only_if_asked(fresh_player):
    first = fresh_player.check(0)
    assert fresh_player.browser.ask("matchMedia('(prefers-reduced-motion: reduce)').matches")
    fresh_player.rests(0)
    fresh_player.check(0, like=first)
    assert fresh_player.ask(".querySelector('img').naturalWidth") > 300
    assert len(fresh_player.ask(".closest('[role=group]').getAttribute('aria-label')")) > 40


@every_figure
def test_the_mouse_goes_to_the_next_and_the_previous_frame_and_to_the_ends(player):
    assert player.last >= 2
    first = player.check(0)
    player.button("Previous frame")
    player.check(0, like=first)
    player.button("Next frame")
    second = player.check(1, unlike=first)
    player.button("Next frame")
    player.check(2, unlike=second)
    player.button("Previous frame")
    player.check(1, like=second)
    player.button("Last frame")
    last = player.check(player.last, unlike=second)
    player.button("Next frame")
    player.check(player.last, like=last)
    player.button("First frame")
    player.check(0, like=first)
    player.slide(0.99)
    player.check(player.last, like=last)
    player.slide(0.01)
    player.check(0, like=first)


@every_figure
def test_the_keyboard_moves_the_slider_and_each_frame_is_another(player):
    seen = [player.check(0)]
    player.focus("input.anim-slider")
    for number in range(1, player.last + 1):
        player.browser.press("ArrowRight")
        seen.append(player.check(number, unlike=seen[-1]))
    assert len(set(seen)) == len(seen)
    player.browser.press("ArrowLeft")
    player.check(player.last - 1, like=seen[-2])
    player.browser.press("Home")
    player.check(0, like=seen[0])
    player.browser.press("End")
    player.check(player.last, like=seen[-1])
    # The buttons come after the slider: two steps of the tabulator from it to the first frame.
    for _ in range(2):
        player.browser.press("Tab")
    player.browser.press(" ")
    player.check(0, like=seen[0])


@every_figure
def test_it_plays_pauses_and_stops_at_the_end(player):
    first = player.check(0)
    player.button("Play")
    until(player.frame, "a frame after the first")
    player.button("Pause")
    paused = player.frame()
    there = player.check(paused, unlike=first)
    player.rests(paused)
    player.check(paused, like=there)
    for _ in range(10):  # else it takes seconds to the end
        player.button("Increase speed")
    player.button("Play")
    last = player.check(player.last)
    player.rests(player.last)
    player.check(player.last, like=last)
    player.button("Play backwards")
    player.check(0, like=first)


@every_figure
def test_it_fits_on_a_phone(player):
    page = player.browser.page
    before = page.viewport_size
    page.set_viewport_size({"width": 360, "height": 740})
    try:
        for part in ("img", "input.anim-slider", ".anim-buttons", ".anim-state"):
            left, _, width, _ = player.place(part)
            assert left >= 0, part
            assert left + width <= 360, part
    finally:
        page.set_viewport_size(before)
