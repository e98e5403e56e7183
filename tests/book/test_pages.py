"""Every page of the built book in a browser: as it comes over the web, on a phone, in the dark.

They run where RGRBM_BOOK names a built book, and need Chromium.
"""

import unicodedata
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from types import SimpleNamespace

import pytest
from notebooks import page_names

NEEDED = "the extra [test] of the package is not installed"
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=NEEDED)
pypdf = pytest.importorskip("pypdf", reason=NEEDED)

PAGES = page_names()
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}

# Formulas without a drawing, and those that MathJax could not read.
BAD_FORMULAS = """[...document.querySelectorAll('.math')]
    .filter((formula) => !formula.querySelector('mjx-container svg')
                      || formula.querySelector('[data-mml-node=merror]'))
    .map((formula) => formula.textContent)"""
# Marks that could begin a line, because nothing holds them to the formula before.
LOOSE_MARKS = """[...document.querySelectorAll('article span.math')]
    .map((formula) => formula.closest('.held') ?? formula)
    .filter((part) => part.className === 'held' && getComputedStyle(part).whiteSpace !== 'nowrap'
                   || part.nextSibling?.nodeType === Node.TEXT_NODE
                   && /^[.,;:!?)]/.test(part.nextSibling.data))
    .map((part) => part.parentNode.textContent)"""
BAD_PICTURES = """[...document.images]
    .filter((image) => !image.naturalWidth || !image.hasAttribute('alt'))
    .map((image) => image.outerHTML.slice(0, 200))"""
# What makes a page wider than the screen; what scrolls in a box of its own does not.
TOO_WIDE = """() => {
    const boxed = (part) => part.tagName !== 'MAIN'
        && (getComputedStyle(part).overflowX !== 'visible' || boxed(part.parentElement));
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    return [...document.querySelectorAll('main *')]
        .filter((part) => part.getBoundingClientRect().right > innerWidth && part.checkVisibility())
        .filter((part) => !boxed(part.parentElement))
        .map((part) => part.cloneNode().outerHTML.slice(0, 200));
}"""
# axe takes seconds for the thousands of parts of formulas, whose drawings are hidden from screen
# readers, and for those of code: one piece of each colour is enough.
THIN_OUT = """() => {
    document.querySelectorAll('mjx-container').forEach((formula) => formula.replaceChildren());
    const seen = new Set();
    for (const piece of document.querySelectorAll('pre span[class]')) {
        const kind = piece.className + ' in ' + piece.closest('pre').parentNode.className;
        if (seen.has(kind)) piece.replaceWith(piece.textContent);
        seen.add(kind);
    }
}"""
# Contrast takes axe most of its time: it is measured once for all texts of one kind, with the same
# colours, letters and classes. Marks one of each.
KINDS = """() => {
    const ground = (part) => {
        const { backgroundColor, backgroundImage } = getComputedStyle(part);
        const own = `${backgroundColor} ${backgroundImage}`;
        return own === 'rgba(0, 0, 0, 0) none' && part.parentElement ? ground(part.parentElement)
                                                                     : own;
    };
    const seen = new Set();
    for (const part of document.body.querySelectorAll('*')) {
        if (![...part.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
        const { color, opacity, fontSize, fontWeight } = getComputedStyle(part);
        const kind = [part.tagName, part.className, part.parentElement.className, color, opacity,
                      fontSize, fontWeight, ground(part)].join();
        part.toggleAttribute('data-kind', !seen.has(kind));
        seen.add(kind);
    }
}"""
ONE_OF_EACH_KIND = "axe.configure({ rules: [{ id: 'color-contrast', selector: '[data-kind]' }] })"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(book):
    """Serve the book."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=book)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def page(address, browser):
    """The browser's page, with a list of all that goes wrong on it."""
    page, wrong = browser.page, []
    page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on("response", lambda got: got.status < 400 or wrong.append(f"{got.status}: {got.url}"))
    here = (address, "data:", "blob:")
    page.on("request", lambda r: r.url.startswith(here) or wrong.append(f"foreign: {r.url}"))
    page.wrong = wrong
    return page


def squeezed(text):
    """Return a text without spaces and ligatures."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def with_mouse(part):
    """Click a part of a figure at two places, and drag it."""
    part.scroll_into_view_if_needed()
    box, mouse = part.bounding_box(), part.page.mouse
    left, right, middle = box["x"] + 5, box["x"] + box["width"] - 5, box["y"] + box["height"] / 2
    for start, end in ((left, left), (right, right), (left, right + 20)):
        mouse.move(start, middle)
        mouse.down()
        mouse.move(end, middle)
        mouse.up()
        yield


def with_keys(part):
    for key in ("ArrowRight", "ArrowLeft", "Enter"):
        part.press(key)
        yield


def mute_figures(page):
    """Return the figures that compute, and do not answer a reader's mouse or keys."""
    shown = """(figure) => [...figure.querySelectorAll('.play-drawing, [data-name]')]
        .map((part) => part.innerHTML)"""

    def answers(figure, act):
        before = figure.evaluate(shown)
        parts = figure.locator("input, button, [tabindex='0']").all()
        return any(figure.evaluate(shown) != before for part in parts for _ in act(part))

    return [
        f"{figure.get_attribute('data-figure')}, {act.__name__}"
        for figure in page.locator(".play").all()
        for act in (with_mouse, with_keys)
        if not answers(figure, act)
    ]


def barriers(page, **options):
    """Return what axe-core, which is on the page, finds to shut readers out of it."""
    page.evaluate(KINDS)
    options |= {"resultTypes": ["violations"], "preload": False}
    return [
        f"{found['id']}: {node['html'][:200]} {node['failureSummary']}"
        for found in page.evaluate("(options) => axe.run(options)", options)["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


def neighbours(page):
    """Return where the links to the page before and to the next one lead, or None."""
    found = []
    for link in map(page.locator, ("a.left-prev", "a.right-next")):
        if there := link.count():
            link.click(trial=True)  # waits until a click would hit it
        found.append(link.evaluate("(link) => link.href") if there else None)
    return found


@pytest.fixture(scope="module", params=PAGES)
def seen(page, browser, address, request):
    """What one visit to a page shows."""
    page.wrong.clear()
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)
    browser.open(f"{address}/{request.param}.html")
    seen = SimpleNamespace(
        name=request.param,
        bad_formulas=page.evaluate(BAD_FORMULAS),
        loose_marks=page.evaluate(LOOSE_MARKS),
        bad_pictures=page.evaluate(BAD_PICTURES),
        mute_figures=mute_figures(page),
    )
    page.mouse.move(0, 0)
    page.set_viewport_size(PHONE)
    seen.too_wide = page.evaluate(TOO_WIDE)
    page.evaluate(THIN_OUT)
    page.set_viewport_size(DESK)
    seen.neighbours = neighbours(page)
    page.mouse.move(0, 0)
    page.evaluate(axe.Axe().axe_script)
    page.evaluate(ONE_OF_EACH_KIND)
    found = barriers(page)
    seen.pale = [one for one in found if one.startswith("color-contrast")]
    seen.barriers = [one for one in found if one not in seen.pale]
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    seen.pale_in_the_dark = barriers(page, runOnly=["color-contrast"])
    seen.wrong = list(page.wrong)
    return seen


def test_nothing_fails_and_nothing_comes_from_elsewhere(seen):
    assert seen.wrong == []


def test_every_formula_is_drawn(seen):
    assert seen.bad_formulas == []


def test_no_full_stop_begins_a_line(seen):
    assert seen.loose_marks == []


def test_every_picture_is_there_and_has_words(seen):
    assert seen.bad_pictures == []


def test_every_figure_that_computes_answers_mouse_and_keys(seen):
    assert seen.mute_figures == []


def test_a_phone_scrolls_in_one_direction(seen):
    assert seen.too_wide == []


def test_axe_finds_no_serious_barrier(seen):
    assert seen.barriers == []


def test_the_light_page_is_legible(seen):
    assert seen.pale == []


def test_the_dark_page_is_legible(seen):
    assert seen.pale_in_the_dark == []


def test_next_and_previous_lead_through_the_whole_book(seen, address):
    around = [None, *PAGES, None]
    number = around.index(seen.name)
    pages = around[number - 1], around[number + 1]
    assert seen.neighbours == [page and f"{address}/{page}.html" for page in pages]


def test_a_click_goes_to_the_next_page_and_another_one_back(address, page):
    def click(link):
        with page.expect_navigation(wait_until="domcontentloaded"):
            page.locator(link).click()
        return page.url.removeprefix(f"{address}/")

    page.goto(f"{address}/")
    page.wait_for_url("**/intro.html")
    assert [click("a.right-next") for _ in range(2)] == [f"{name}.html" for name in PAGES[1:3]]
    assert [click("a.left-prev") for _ in range(2)] == [f"{name}.html" for name in PAGES[1::-1]]


def test_the_search_finds_decimation_and_shows_where(address, page):
    page.goto(f"{address}/{PAGES[0]}.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("decimation")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=decimation*")
    found = page.locator("ul.search li", has=page.locator("a[href*='1_rg/05_decimation']"))
    found.locator("p.context", has_text="decimat").first.wait_for()


def test_a_chapter_is_printed_whole(address, browser):
    browser.page.set_viewport_size(DESK)
    browser.page.emulate_media(color_scheme="light")
    browser.open(f"{address}/book/1_rg/05_decimation.html")
    # Formulas keep their places, but not their thousands of curves, which pypdf would read.
    browser.page.add_style_tag(content="mjx-container { visibility: hidden }")
    sheets = pypdf.PdfReader(BytesIO(browser.page.pdf(format="A4"))).pages
    text = squeezed("".join(sheet.extract_text() for sheet in sheets))
    # Captions, folded code and solutions are among the text.
    browser.ask("document.querySelectorAll('.headerlink, summary').forEach((it) => it.remove())")
    parts = browser.ask(
        "[...document.querySelectorAll('article :is(h2, h3, p, pre):not(:has(.math))')]"
        ".map((part) => part.textContent)"
    )
    assert len(parts) > 100

    def printed(part):  # where a sheet ends, it may be in two pieces
        return any(part[:end] in text and part[end:] in text for end in range(len(part), -1, -1))

    assert [part for part in parts if not printed(squeezed(part))] == []
