"""The printed book: joined, numbered, linked, with bookmarks.

The second half runs where RGRBM_BOOK names a built book, and `make pdf` has printed it.
"""

import os
import re
from pathlib import Path
from unicodedata import normalize

import pytest
from notebooks import page_names

ROOT = Path(__file__).resolve().parents[2]
pypdf = pytest.importorskip("pypdf", reason="pypdf, which joins what is printed, is not installed")
print_book = pytest.importorskip("print_book")
CONFIG = "title: A book\nauthor: We\ncopyright: '2026'\n"
TOC = """
root: book/intro
parts:
  - caption: The only part
    chapters:
      - file: book/one
        sections:
          - file: book/two
"""
PAGE = """<meta charset="utf-8"><title>{0}</title><style>h2 {{ break-before: page }}</style>
<article><h1>{0}<a class="headerlink" href="#">#</a></h1>{1}</article>"""
PAGES = {
    "intro": '<section id="far"><h2>Far</h2><p><a href="two.html#deep">deep</a></section>',
    "one": '<p><a href="elsewhere.html">not printed</a> <a href="https://example.org/">out</a>',
    "two": '<section id="deep"><h2>Deep</h2><p><a href="intro.html">first</a>'
    ' <a href="#deep">here</a></section>',
}


def bookmarks(reader):
    """Return the bookmarks: level, text, and the number of the sheet."""

    def walk(entries, level):
        for entry in entries:
            if isinstance(entry, list):
                yield from walk(entry, level + 1)
            else:
                yield level, entry.title, reader.get_destination_page_number(entry)

    return list(walk(reader.outline, 0))


def links(reader, sheet):
    """Return where the links of a sheet lead: the number of another, or an address, or None."""
    for link in reader.pages[sheet].get("/Annots", ()):
        link = link.get_object()
        if "/Dest" in link:
            yield reader.get_page_number(link["/Dest"][0].get_object())
        else:
            yield link["/A"]["/URI"] if "/A" in link else None


@pytest.mark.slow
@pytest.mark.skipif(print_book.CHROMIUM is None, reason="Chromium is not installed")
def test_pages_are_joined_numbered_linked_and_marked(tmp_path):
    (tmp_path / "_config.yml").write_text(CONFIG)
    (tmp_path / "_toc.yml").write_text(TOC)
    (tmp_path / "html/book").mkdir(parents=True)
    for name, body in PAGES.items():
        page = PAGE.format(f"The {name}", body)
        (tmp_path / f"html/book/{name}.html").write_text(page)
    target = tmp_path / "pdf" / "book.pdf"
    print_book.print_book(tmp_path, tmp_path / "html", target)

    reader = pypdf.PdfReader(target)
    assert bookmarks(reader) == [
        (0, "Contents", 0),
        (0, "The intro", 1),
        (1, "Far", 2),
        (0, "The only part", 3),
        (1, "The one", 3),
        (1, "The two", 4),
        (2, "Deep", 5),
    ]
    assert reader.page_labels == ["i", "1", "2", "3", "4", "5"]
    texts = [sheet.extract_text().split() for sheet in reader.pages]
    assert [text[-1] for text in texts[1:]] == ["1", "2", "3", "4", "5"]
    assert " ".join(texts[0]) == "A book We, 2026 The intro 1 The only part The one 3 The two 4"
    assert [list(links(reader, sheet)) for sheet in range(6)] == [
        [1, 3, 4],
        [1],
        [5],
        [3, None, "https://example.org/"],
        [4],
        [1, 5],
    ]
    assert [path.name for path in target.parent.iterdir()] == ["book.pdf"]


@pytest.fixture(scope="module")
def folder():
    if "RGRBM_BOOK" not in os.environ:
        pytest.skip("RGRBM_BOOK does not name a built book: run make book first")
    return (ROOT / os.environ["RGRBM_BOOK"]).resolve()


@pytest.fixture(scope="module")
def printed(folder):
    path = folder.parent / "pdf/book.pdf"
    if not path.exists():
        pytest.skip("the book is not printed: run make pdf first")
    return pypdf.PdfReader(path)


@pytest.fixture(scope="module")
def begins(folder, printed):
    """Return the number of the first sheet of each page, by the bookmark with its title."""
    marks = {text: number for _, text, number in bookmarks(printed)}
    titles = {name: print_book.headings(folder / f"{name}.html")[0][1] for name in page_names()}
    return {(name, title): marks[title] for name, title in titles.items()}


@pytest.fixture(scope="module")
def chapter(printed, begins):
    """Return the texts of one chapter's sheets: to read all sheets takes minutes."""
    numbers = [*begins.values()]
    (place,) = (k for k, (name, _) in enumerate(begins) if name == "book/1_rg/05_decimation")
    return [printed.pages[k].extract_text() for k in range(*numbers[place : place + 2])]


def test_every_page_begins_with_its_title_where_its_bookmark_leads(printed, begins):
    for (_, title), number in begins.items():
        text = normalize("NFKC", printed.pages[number].extract_text())  # no ligatures
        *_, label = words = text.split()
        assert re.sub(r"\W", "", title) in re.sub(r"\W", "", "".join(words)), title
        assert label == printed.page_labels[number]
    assert len(set(begins.values())) == len(page_names())


def test_no_sheet_is_blank(printed):
    drawn = [len(sheet.get_contents().get_data()) for sheet in printed.pages]
    assert min(drawn) > 650, "one line of text is 780 bytes, with the number of the sheet"


def test_formulas_are_drawn_and_not_written(chapter):
    """TeX between these signs is what MathJax has not drawn; numbers of equations are text."""
    whole = "\n".join(chapter)
    assert not re.search(r"\\\(|\\\[|\\begin\{", whole)
    assert len(re.findall(r"^\(5\.\d+\)$", whole, re.M)) > 15


def test_solutions_are_open(chapter):
    whole = "\n".join(chapter)
    exercises = set(re.findall(r"^Exercise (\d+\.\d+)", whole, re.M))
    solutions = set(re.findall(r"^Solution to\s+Exercise (\d+\.\d+)", whole, re.M))
    assert len(exercises) >= 4
    assert exercises == solutions


def test_folded_code_is_left_out_and_the_other_code_is_there(folder, chapter):
    html = (folder / "book/1_rg/05_decimation.html").read_text(encoding="utf-8")
    page = print_book.BeautifulSoup(html, "html.parser")
    printed = "".join("".join(chapter).split())

    def share(cells):
        lines = ["".join(line.split()) for cell in cells for line in cell.text.splitlines()]
        lines = [line for line in lines if len(line) > 30]
        return sum(line in printed for line in lines) / len(lines)

    assert share(page.select("details.hide div.cell_input pre, details.hide pre")) < 0.1
    assert share(page.select("div.cell:not(:has(details.hide)) div.cell_input pre")) > 0.9


def test_all_letters_are_in_the_file(printed):
    for sheet in printed.pages:
        for font in sheet["/Resources"].get_object().get("/Font", {}).values():
            font = font.get_object()
            font = font.get("/DescendantFonts", [font])[0].get_object()
            embedded = {"/FontFile", "/FontFile2", "/FontFile3"} & set(font["/FontDescriptor"])
            assert embedded or font["/Subtype"] == "/Type3", font["/BaseFont"]


def test_links_between_pages_stay_in_the_file(printed):
    found = [link for sheet in range(len(printed.pages)) for link in links(printed, sheet)]
    assert not [link for link in found if str(link).startswith("file:")]
    assert len([link for link in found if isinstance(link, int)]) > 2000
