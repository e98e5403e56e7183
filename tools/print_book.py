"""Print the built book as one file: `make pdf`.

Chromium prints each page; pypdf joins them, with bookmarks, page numbers, and links inside of the
file. An interactive figure is printed as it opens. Solutions are open, and code that a page folds
away is left out: book/_static has what is said to paper, and `?one-file` says that it is all pages.

Usage: python tools/print_book.py [--workers N] [HTML PDF]
"""

import argparse
import html
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

import yaml
from bs4 import BeautifulSoup
from notebooks import ROOT
from pypdf import PdfReader, PdfWriter
from pypdf.constants import PageLabelStyle
from pypdf.generic import ArrayObject, Fit, FloatObject, NameObject, NullObject

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --virtual-time-budget=60000 "
    "--no-pdf-header-footer --generate-pdf-document-outline"
)
STYLE = """
@page { size: A4; margin: 22mm 20mm }
body { font: 10.5pt/1.5 sans-serif }
a { color: inherit; text-decoration: none; display: flex; justify-content: space-between }
header { text-align: center; margin: 30mm 0 20mm }
h2 { font-size: 1.1em; margin: 1em 0 0.2em; break-after: avoid }
"""
NUMBERS = """
@page { size: A4; margin: 0 }
body { margin: 0; font: 9pt sans-serif; text-align: center }
p { margin: 0; height: 13mm; padding-top: 284mm; break-after: page; line-height: 1 }
"""


def print_page(source, target):
    """Have Chromium print one page."""
    with tempfile.TemporaryDirectory() as profile:
        command = [CHROMIUM, *OPTIONS.split(), f"--user-data-dir={profile}"]
        done = subprocess.run(
            [*command, f"--print-to-pdf={target}", f"{source.as_uri()}?one-file"],
            capture_output=True,
            text=True,
        )
    if not target.exists():
        raise RuntimeError(f"Chromium did not print {source}:\n{done.stderr}")


def print_text(style, body, target):
    """Have Chromium print what is no page of the book; return the sheets."""
    source = target.with_suffix(".html")
    source.write_text(f"<meta charset=utf-8><style>{style}</style>{body}", encoding="utf-8")
    print_page(source, target)
    return PdfReader(target)


def headings(page):
    """Return the headings of a page: level, text, and the name of the place."""
    article = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find("article")
    for link in article.select(".headerlink"):
        link.decompose()
    return [
        (int(tag.name[1]), re.sub(r"\\[()]|\s+", " ", tag.text).strip(), tag.parent.get("id", ""))
        for tag in article.find_all(re.compile("^h[1-6]$"))
    ]


def flat(outline):
    """Yield the entries of an outline, one after the other."""
    for entry in outline:
        yield from flat(entry) if isinstance(entry, list) else [entry]


class Book:
    """What is joined so far, and where everything is in it."""

    def __init__(self, folder):
        self.folder = folder
        self.writer = PdfWriter()
        self.places = {}  # page and anchor -> number of the sheet, left, top
        self.begins = {}  # page -> numbers of its sheets

    def add(self, page, reader):
        """Add the sheets of a page."""
        first = len(self.writer.pages)
        for sheet in reader.pages:
            self.writer.add_page(sheet)
        self.begins[page] = range(first, len(self.writer.pages))
        self.places[page, ""] = (first, 0, 842)
        for name, place in reader.named_destinations.items():
            number = first + reader.get_destination_page_number(place)
            self.places[page, name.removeprefix("/")] = (number, place.left, place.top)

    def add_bookmarks(self, page, reader, parent):
        """Add the headings of a page as bookmarks; Chromium knows where they are."""
        found, entries = headings(self.folder / page), list(flat(reader.outline))
        if len(found) != len(entries):
            raise RuntimeError(f"{page}: {len(entries)} of {len(found)} headings were printed")
        above = [(0, parent)]
        for (level, text, anchor), entry in zip(found, entries, strict=True):
            number = self.begins[page][0] + reader.get_destination_page_number(entry)
            self.places.setdefault((page, anchor), (number, entry.left, entry.top))
            while above[-1][0] >= level:
                above.pop()
            fit = Fit.xyz(entry.left, entry.top)
            above.append((level, self.add_bookmark(text, number, above[-1][1], fit=fit)))

    def add_bookmark(self, text, number, parent=None, **place):
        """Add one bookmark, whose children are folded away."""
        return self.writer.add_outline_item(
            title=text, page_number=number, parent=parent, is_open=False, **place
        )

    def link(self):
        """Lead links between pages to their places; a link to what is not printed goes."""
        base = f"{self.folder.as_uri()}/"
        for page, numbers in self.begins.items():
            for number in numbers:
                for link in self.writer.pages[number].get("/Annots", ()):
                    self._lead(link.get_object(), page, base)

    def _lead(self, link, page, base):
        if "/Dest" in link:
            target = (page, str(link["/Dest"]).removeprefix("/"))
        elif link.get("/A", {}).get("/URI", "").startswith(base):
            target = tuple(unquote(link["/A"]["/URI"].removeprefix(base)).partition("#")[::2])
        else:
            return
        place = self.places.get(target) or self.places.get((target[0], ""))
        link.pop("/A", None)
        link.pop("/Dest", None)
        if place:
            sheet = self.writer.pages[place[0]].indirect_reference
            where = [NameObject("/XYZ"), FloatObject(place[1]), FloatObject(place[2]), NullObject()]
            link[NameObject("/Dest")] = ArrayObject([sheet, *where])


def contents(config, parts, titles, numbers, folder):
    """Return the title and the table of contents, as HTML."""
    lines = [f"<header><h1>{html.escape(config['title'])}</h1>"]
    lines += [f"<p>{html.escape(config['author'])}, {config['copyright']}</p></header>"]
    for caption, pages in parts:
        lines += [f"<h2>{html.escape(caption)}</h2>"] if caption else []
        for page in pages:
            link = (folder / page).as_uri()
            title = html.escape(titles[page])
            lines.append(f'<a href="{link}"><span>{title}</span><span>{numbers[page]}</span></a>')
    return "\n".join(lines)


def print_book(root, folder, target, n_workers=2):
    """Print the book of `root`, which was built in `folder`, to the file `target`."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    parts = [("", [f"{toc['root']}.html"])]
    for part in toc["parts"]:
        files = [p for entry in part["chapters"] for p in (entry, *entry.get("sections", ()))]
        parts.append((part["caption"], [f"{entry['file']}.html" for entry in files]))
    pages = [page for _, pages in parts for page in pages]

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        scratch = Path(scratch)
        printed = [scratch / f"{number}.pdf" for number in range(len(pages))]
        with ThreadPoolExecutor(n_workers) as pool:
            list(pool.map(print_page, [folder / page for page in pages], printed))
        readers = dict(zip(pages, map(PdfReader, printed), strict=True))

        numbers, total = {}, 0
        for page, reader in readers.items():
            numbers[page], total = total + 1, total + len(reader.pages)
        titles = {page: headings(folder / page)[0][1] for page in pages}
        body = contents(config, parts, titles, numbers, folder)
        front = print_text(STYLE, body, scratch / "front.pdf")
        text = "".join(f"<p>{number}</p>" for number in range(1, total + 1))
        sheets = print_text(NUMBERS, text, scratch / "numbers.pdf")

        book = Book(folder)
        book.add("", front)
        for page, reader in readers.items():
            book.add(page, reader)
        book.add_bookmark("Contents", 0)
        for caption, of_part in parts:
            first = book.begins[of_part[0]][0]
            mark = book.add_bookmark(caption, first) if caption else None
            for page in of_part:
                book.add_bookmarks(page, readers[page], mark)
        book.link()
        for sheet, number in zip(book.writer.pages[len(front.pages) :], sheets.pages, strict=True):
            sheet.merge_page(number)
            sheet.compress_content_streams()
        before, last = len(front.pages), len(book.writer.pages) - 1
        book.writer.set_page_label(0, before - 1, PageLabelStyle.LOWERCASE_ROMAN)
        book.writer.set_page_label(before, last, PageLabelStyle.DECIMAL)
        book.writer.add_metadata({"/Title": config["title"], "/Author": config["author"]})
        book.writer.page_mode = "/UseOutlines"
        book.writer.compress_identical_objects()
        book.writer.write(target)
    print(f"{len(book.writer.pages)} sheets, {target.stat().st_size / 1e6:.0f} MB: open {target}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("html", nargs="?", type=Path, default=ROOT / "_build/html")
    parser.add_argument("pdf", nargs="?", type=Path, default=ROOT / "_build/pdf/book.pdf")
    parser.add_argument("--workers", type=int, default=2, help="pages at a time")
    options = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("The book is printed by Chromium, which is not installed here")
    print_book(ROOT, options.html.resolve(), options.pdf.resolve(), options.workers)
