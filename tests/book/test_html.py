"""The built book: every page is there, whole, and needs no network.

These tests run where RGRBM_BOOK names a built book, as in ``make pages``. `test_pages.py` opens the
pages in a browser.
"""

import re
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from notebooks import chapter_paths, executed_with_the_book, page_names, run_time

ROOT = Path(__file__).resolve().parents[2]
# Seconds that a chapter may take on two quiet cores; the test allows for slow machines.
RUN_TIME, RUN_TIMES, SLOW_MACHINE = 60, {"book/4_cases/02_ising_training": 90}, 3
MEMORY = 2000  # megabytes, what Binder gives


@pytest.fixture(scope="module", params=page_names())  # all tests of a page, then the next page
def page(book, request):
    return book / f"{request.param}.html"


class Links(HTMLParser):
    """Collects what a browser fetches or shows for a page."""

    def __init__(self, html):
        super().__init__()
        self.fetched, self.images, self.anchors = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag in ("script", "iframe"):
            self.fetched.append(attributes.get("src"))
        elif tag == "img":
            self.fetched.append(attributes.get("src"))
            self.images.append(attributes)
        elif tag == "link" and attributes.get("rel") in ("stylesheet", "preload", "modulepreload"):
            self.fetched.append(attributes.get("href"))
        elif tag == "a":
            self.anchors.append(attributes.get("href"))
        self.fetched = [link for link in self.fetched if link]


@lru_cache(1)
def read(page):
    return page.read_text(encoding="utf-8")


@lru_cache(1)
def links_of(page):
    return Links(read(page))


def test_the_page_exists_with_a_title(page):
    assert page.exists()
    title = re.search(r"<title>(.*?)</title>", read(page), re.S)
    assert title
    assert title[1].split("—")[0].strip()
    assert re.search(r"<h1>.+?</h1>", read(page), re.S)


def test_the_page_shows_no_error(page):
    html = read(page)
    if page.parent.name != "api":  # examples there show errors
        assert "Traceback (most recent call last)" not in html
    assert not re.search(r'class="[^"]*(system-message|problematic|output error)', html)
    assert "{glue" not in html
    assert "{{" not in re.sub(r"<script.*?</script>", "", html, flags=re.S)


def test_the_page_needs_no_network(page):
    fetched = links_of(page).fetched
    assert [link for link in fetched if re.match(r"(https?:)?//", link)] == []


def test_the_page_is_below_3_megabytes(page):
    assert page.stat().st_size < 3e6


def test_what_the_page_fetches_or_links_to_is_there(page):
    links = links_of(page)
    local = {link.split("?")[0].split("#")[0] for link in links.fetched + links.anchors if link}
    missing = [
        link
        for link in local
        if link and ":" not in link and not (page.parent / link).resolve().exists()
    ]
    assert missing == []


def test_every_picture_has_alt_text(page):
    pictures = [image for image in links_of(page).images if "_images" in image.get("src", "")]
    assert [image["src"] for image in pictures if len(image.get("alt") or "") < 40] == []


def test_the_cards_of_the_first_page_show_what_the_chapters_show(book):
    cards = re.findall(
        r'class="figure-of-chapter"><a[^>]* href="([^"#]+)#([^"]+)"><img[^>]* src="[^"]+/([^"/]+)"',
        read(book / "book/intro.html"),
    )
    assert len(cards) == 8
    for address, figure, picture in cards:
        html = read(book / "book" / address)
        assert picture in re.search(rf'<figure[^>]* id="{figure}".*?</figure>', html, re.S)[0]


def test_every_chapter_can_be_launched(book):
    if "no button for Binder" in read(book / f"{page_names()[0]}.html"):
        pytest.skip("the book was built where no repository on GitHub is known")
    for path in chapter_paths():
        name = path.relative_to(ROOT).as_posix()
        page = (book / name).with_suffix(".html")
        links = [link for link in links_of(page).anchors if link and link.endswith(name)]
        for place in ("https://mybinder.org/v2/gh/", "https://colab.research.google.com/github/"):
            assert [link for link in links if link.startswith(place)], (place, name)


@pytest.fixture
def costs(book):
    """Return the columns of the table of run times as texts, page by page."""
    page = book / "book/reference/run_times.html"
    rows = re.findall(r"<tr.*?</tr>", read(page), re.S)[1:]
    texts = [[re.sub(r"<[^>]*>", "", cell) for cell in re.split("<td", row)[2:]] for row in rows]
    links = [re.search(r'href="(.*?)\.html', row)[1] for row in rows]
    names = [(page.parent / link).resolve().relative_to(book).as_posix() for link in links]
    return {
        name: [text.split(">")[-1].strip() for text in row]
        for name, row in zip(names, texts, strict=True)
    }


def test_the_run_times_of_all_chapters_are_listed_and_bounded(costs):
    seconds = {page: float(time) for page, (time, *_) in costs.items()}
    executed = filter(executed_with_the_book, chapter_paths())
    assert set(seconds) == {path.relative_to(ROOT).with_suffix("").as_posix() for path in executed}
    for path in chapter_paths():
        assert executed_with_the_book(path) or 0 < run_time(path) < SLOW_MACHINE * RUN_TIME
    for page, time in seconds.items():
        assert 0 < time < SLOW_MACHINE * RUN_TIMES.get(page, RUN_TIME), page


def test_every_chapter_stays_within_the_memory_of_binder(costs):
    for page, (_, memory, _) in costs.items():
        if not Path("/proc/self/status").exists():
            pytest.skip("only Linux keeps count of the most memory that a process has held")
        assert 50 < float(memory) < MEMORY, page
