"""The first page: its picture, its ways through the book, its cards and its map are right."""

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import numpy as np
import pytest
from chapter_map import arc, closure, draw, nearest, needs_of, parts, prose_of
from moving_picture import PATH, TEMPERATURES, WINDOW, looks
from notebooks import chapter_paths
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
INTRO = (ROOT / "book/intro.md").read_text(encoding="utf-8")
PAGES = [page for _, pages in parts() for page in pages]
PROSE = {page: prose_of(page) for page in PAGES}
NEEDS = {page: needs_of(page, PROSE[page]) for page in PAGES}
STYLE = (ROOT / "book/_static/landing.css").read_text(encoding="utf-8")


def section(title):
    """Return a section of the first page, without its heading."""
    return re.search(rf"^#+ {title}\n(.*?)(?=^#+ |\Z)", INTRO, re.M | re.S)[1]


def linked(text):
    """Return the pages that roles link to, in order."""
    roles = re.findall(r"\{doc\}`(?:[^`<]*<)?([^`<>]+)>?`", text)
    return [f"book/{page}" for page in roles]


def drawn():
    titles = {page: f"title of {page}" for page in PAGES}
    return draw(parts(), titles, NEEDS, lambda page: f"{page}.html")


def test_the_map_has_the_chapters_in_their_order():
    chapters = [path for path in chapter_paths() if path.parent.name != "reference"]
    assert [ROOT / f"{page}.ipynb" for page in PAGES] == chapters
    assert re.findall(r'<a href="(.+?)\.html">', drawn()) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_a_chapter_needs_only_earlier_ones_and_the_map_says_which(page):
    first_table = PROSE[page].split("| you need |")[1].split("\n\n")[0]
    by_hand = {
        (ROOT / page).parent.joinpath(link).resolve().relative_to(ROOT).as_posix()
        for link in re.findall(r"\{doc\}`(.+?)`", first_table)
    } - {"book/reference/notation"}
    assert by_hand == set(NEEDS[page])
    assert by_hand <= set(PAGES[: PAGES.index(page)]), "it needs a later one"
    # What the row of the map names, followed back to the beginning, is what the tables ask for.
    rows = re.findall(r'<li class="is-(\d+) .*?class="after">(?:after )?(.*?)</span>', drawn())
    after = {int(n): [int(m) for m in before.split(", ") if m] for n, before in rows}
    assert list(after) == list(range(1, len(PAGES) + 1))
    number = PAGES.index(page) + 1
    assert closure(after)[number] == {PAGES.index(other) + 1 for other in closure(NEEDS)[page]}


def test_the_map_draws_no_line_that_goes_without_saying():
    needs = {"a": [], "b": ["a"], "c": ["a", "b"], "d": ["a"]}
    assert nearest(needs) == {"a": [], "b": ["a"], "c": ["b"], "d": ["a"]}
    html = draw([("Part", list(needs))], {n: n.upper() for n in needs}, needs, "{}.html".format)
    assert html.count("<path") == 3
    assert f'<path class="for-2 for-3" d="{arc(1.5, 2.5)}"/>' in html  # from a to b
    assert f'<path class="for-4" d="{arc(1.5, 4.5)}"/>' in html  # from a to d
    assert '<li class="is-1 for-1 for-2 for-3 for-4">' in html
    assert ".chapter-map:has(.is-4:is(:hover,:focus-within)) .for-4{" in html


def test_every_chapter_stands_once_in_the_cards_with_its_number():
    cards = re.findall(
        r"^:::\{grid-item-card\} (\d) · ([^\n]+)\n```\{figure-of-chapter\} (\S+)\n```\n(.+?)^:::$",
        section("The eight parts"),
        re.M | re.S,
    )
    assert [(int(n), caption) for n, caption, *_ in cards] == [
        (n, caption) for n, (caption, _) in enumerate(parts(), 1)
    ]
    for (*_, figure, text), (_, pages) in zip(cards, parts(), strict=True):
        entries = re.findall(r"^(\d+)\. (\{doc\}`.+?`): .{20,}\.$", text, re.M)
        assert linked("".join(entry for _, entry in entries)) == pages
        assert [PAGES[int(number) - 1] for number, _ in entries] == pages
        assert figure in figures(pages)


def figures(pages):
    """Return the labels of the figures that chapters draw."""
    notebooks = [nbformat.read(ROOT / f"{page}.ipynb", as_version=4) for page in pages]
    settings = [cell.metadata.get("mystnb", {}) for book in notebooks for cell in book.cells]
    return {setting["figure"]["name"] for setting in settings if "figure" in setting}


@pytest.mark.parametrize(
    ("way", "words"), [("If you know physics", "eight"), ("If you know machine learning", "nine")]
)
def test_a_way_through_the_book_meets_no_chapter_before_what_it_needs(way, words):
    path = linked(section(way))
    all_needs = closure(NEEDS)
    assert len(path) == len(set(path)) == {"eight": 8, "nine": 9}[words]
    for place, page in enumerate(path):
        assert not all_needs[page] & set(path[place + 1 :])
    label, title = re.search(rf"^\((.+)\)=\n### ({way})$", INTRO, re.M).groups()
    door = rf"\}} {title.replace('If you', 'You')}\n:link: {label}\n:link-type: ref\n.*\b{words} ch"
    assert re.search(door, INTRO)


def test_five_numbers_surprise_and_each_links_to_its_chapter():
    tiles = re.findall(r"^:::\{grid-item\}\n(.*?)^:::$", INTRO, re.M | re.S)
    assert len(tiles) == 5
    for tile in tiles:
        name = re.match(r"\*\*\S+\*\*<!-- (\S+) -->", tile)[1]
        (chapter,) = re.findall(r"\]\((.+?)\)", tile)
        glued = (ROOT / "book" / chapter).read_text(encoding="utf-8")
        assert f'"name": "{name}"' in glued


def tiles():
    sheet = 2 * np.asarray(Image.open(PATH)).astype(int) - 1
    return sheet.reshape(len(TEMPERATURES), WINDOW, -1, WINDOW).swapaxes(1, 2)


def test_each_look_at_the_magnets_is_the_one_before_in_blocks():
    for row in tiles():
        for fine, coarse in pairwise(row):
            total = fine.reshape(WINDOW // 2, 2, WINDOW // 2, 2).sum((1, 3))
            quarter = slice(WINDOW // 4, -WINDOW // 4)
            assert set((coarse[quarter, quarter] * total)[total != 0]) == {2, 4}


def test_the_magnets_are_as_warm_as_the_page_says_and_only_the_critical_one_stays():
    colder, critical, hotter = tiles()
    walls = [[(np.diff(tile) != 0).mean() for tile in row] for row in (colder, critical, hotter)]
    # Onsager: the energy per bond of the critical lattice is 1/sqrt(2); a window scatters.
    assert 1 - 2 * walls[1][0] == pytest.approx(1 / np.sqrt(2), abs=0.03)
    assert walls[0][-1] < walls[0][0] / 3
    assert max(walls[1]) < 1.5 * min(walls[1])
    assert walls[2][-1] > 1.8 * walls[2][0]
    percent = {f"{abs(temperature - 1):.0%}".replace("%", " %") for temperature in TEMPERATURES}
    assert percent == {"0 %", "2 %"}, "as the caption says"
    assert "2 % colder than critical, critical, 2 % hotter" in INTRO


def test_looking_ends_when_the_window_is_the_lattice():
    rng = np.random.default_rng(0)
    spins = rng.choice(np.array([-1, 1], np.int8), (4 * WINDOW, 4 * WINDOW))
    assert [tile.shape for tile in looks(spins, rng)] == [(WINDOW, WINDOW)] * 3


def test_the_stylesheet_knows_the_sheet_and_moves_it_only_where_motion_is_wanted():
    n_rows, n_looks = tiles().shape[:2]
    assert f"background-size: calc({n_looks}00% * var(--scale)) calc({n_rows}00% *" in STYLE
    assert f"to {{ --look: {n_looks}; }}" in STYLE
    assert f"steps({n_looks}) infinite" in STYLE
    before, after = STYLE.split("@media screen and (prefers-reduced-motion: no-preference)")
    assert "animation" not in before
    assert "animation-play-state: paused" in after
