"""The first page in a browser: one screen, a picture that moves only if wanted, a map that answers.

They need a built book and Chromium, as those of `test_pages.py` do.
"""

import time

import pytest
from browser import until

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
STROKES = """(() => {
    const strokes = (lines) => [...new Set([...document.querySelectorAll(lines)].map(
        (line) => getComputedStyle(line).stroke))];
    return [strokes('.chapter-map path.for-27'), strokes('.chapter-map path:not(.for-27)')];
})()"""


def style(selector, name):
    return f"getComputedStyle(document.querySelector('{selector}')).{name}"


@pytest.fixture
def opened(book, browser):
    """Return a function that opens the page on a screen, for a reader who wants motion or not."""

    def open_page(screen, motion):
        browser.page.set_viewport_size(screen)
        browser.page.emulate_media(reduced_motion="no-preference" if motion else "reduce")
        browser.open((book / "book/intro.html").as_uri())
        return browser

    return open_page


@pytest.mark.parametrize("motion", [True, False])
def test_one_screen_has_it_all(opened, motion):
    end = "document.querySelector('.first-screen').getBoundingClientRect().bottom"
    assert 400 < opened(DESK, motion).ask(end) <= DESK["height"]


def test_a_phone_scrolls_down_only(opened):
    wide = "document.documentElement.scrollWidth"
    assert opened(PHONE, motion=True).ask(wide) <= PHONE["width"]


def test_the_picture_moves_and_a_key_stops_it(opened):
    browser = opened(DESK, motion=True)

    def where():
        return browser.ask(style(".windows span", "backgroundPosition"))

    def moves():
        before = where()
        until(lambda: where() != before, "a move")

    moves()
    browser.page.focus(".film input")
    browser.press(" ")
    browser.ask("Promise.all(document.getAnimations().map((moves) => moves.ready)).then(Boolean)")
    before = where()
    time.sleep(2)  # a look lasts three seconds, and stands still for one of them
    assert where() == before
    browser.press(" ")
    moves()


def test_who_wants_no_motion_sees_all_looks_at_once(opened):
    browser = opened(DESK, motion=False)
    assert browser.ask("document.getAnimations().length") == 0
    assert browser.ask(style(".windows", "display")) == "none"
    assert browser.ask("document.querySelector('.film img').getBoundingClientRect().width") > 300


def test_what_leads_to_a_chapter_lights_up(opened):
    browser = opened(DESK, motion=True)
    (lit,), (other,) = browser.ask(STROKES)
    assert lit == other
    browser.page.focus(".chapter-map .is-27 a")
    (lit,), (other,) = browser.ask(STROKES)
    assert lit != other
    assert lit == browser.ask(style(".chapter-map .is-27 .number", "color"))
