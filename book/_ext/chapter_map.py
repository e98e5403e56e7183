"""A map of the chapters: what needs what.

``{chapter-map}`` draws it from the chapters themselves: each opens with a table
of what it needs, with links. A line is drawn to a needed chapter only where no
other needed one comes in between; what a needed chapter needs is understood.
"""

import re
from html import escape
from posixpath import dirname, join, normpath

import nbformat
import yaml
from docutils import nodes
from notebooks import ROOT
from sphinx.util.docutils import SphinxDirective

TABLE = re.compile(r"^\| you need \|.*\n\|[-| ]*\n((?:\|.*\n)*)", re.M)
LINK = re.compile(r"\{doc\}`([^`]+)`")
WIDTH = 12  # of the lines, in heights of a row


def parts():
    """Return caption and pages of each part that has numbered chapters."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [
        (part["caption"], [chapter["file"] for chapter in part["chapters"]])
        for part in toc["parts"]
        if part.get("numbered")
    ]


def prose_of(page):
    """Return the text of a chapter."""
    notebook = nbformat.read(ROOT / f"{page}.ipynb", as_version=4)
    return "".join(
        f"{cell.source}\n"
        for cell in notebook.cells
        if cell.cell_type == "markdown"
    )


def needs_of(page, prose):
    """Return the chapters that the first table of a chapter links to."""
    links = LINK.findall(TABLE.search(prose)[1])
    linked = [normpath(join(dirname(page), link)) for link in links]
    return [other for other in linked if "/reference/" not in other]


def closure(needs):
    """Return all that each chapter needs, what its needs need too."""
    found = {}
    for page, direct in needs.items():
        found[page] = set(direct).union(*(found[other] for other in direct))
    return found


def nearest(needs):
    """Return what each chapter needs and no other need of it needs."""
    all_needs = closure(needs)
    order = list(needs)
    return {
        page: sorted(
            set(direct).difference(*(all_needs[other] for other in direct)),
            key=order.index,
        )
        for page, direct in needs.items()
    }


def short(prose):
    """Return the title of a chapter up to its first pause."""
    return re.split("[:,]", re.search(r"^# (.+)", prose, re.M)[1])[0]


def draw(parts, titles, needs, uri):
    """Return the map in HTML: rows of links, and beside them the lines.

    A row and a line light up while the reader points at a chapter that they
    lead to: their classes name all of these.
    """
    before, all_needs = nearest(needs), closure(needs)
    number = {page: n for n, page in enumerate(needs, 1)}
    lit = {
        page: " ".join(
            f"for-{number[later]}"
            for later in needs
            if later == page or page in all_needs[later]
        )
        for page in needs
    }
    rows, paths, height = [], [], {}
    for caption, pages in parts:
        rows.append(f'<li class="part">{escape(caption)}</li>')
        for page in pages:
            height[page] = len(rows) + 0.5
            after = ", ".join(str(number[other]) for other in before[page])
            rows.append(
                f'<li class="is-{number[page]} {lit[page]}">'
                f'<span class="number">{number[page]}</span> '
                f'<a href="{uri(page)}">{escape(titles[page])}</a>'
                f' <span class="after">{after and f"after {after}"}</span></li>'
            )
            paths += [
                f'<path class="{lit[page]}"'
                f' d="{arc(height[other], height[page])}"/>'
                for other in before[page]
            ]
    rules = "".join(
        f".chapter-map:has(.is-{n}:is(:hover,:focus-within)) .for-{n}"
        "{--lit:var(--pst-color-link)}"
        for n in number.values()
    )
    return (
        f'<div class="chapter-map"><style>{rules}</style>'
        f'<svg aria-hidden="true" preserveAspectRatio="none"'
        f' viewBox="0 0 {WIDTH} {len(rows)}">{"".join(paths)}</svg>'
        f"<ul>{''.join(rows)}</ul></div>"
    )


def arc(start, end):
    """Return a path from row to row, farther out the longer it is."""
    out = WIDTH * (1 - min(1, ((end - start) / 24) ** 0.6))
    return f"M{WIDTH} {start}C{out:.2f} {start} {out:.2f} {end} {WIDTH} {end}"


class ChapterMap(SphinxDirective):
    """Draw the map."""

    def run(self):
        """Read the chapters; the page is made anew when one changes."""
        pages = [page for _, pages in parts() for page in pages]
        for page in pages:
            self.env.note_dependency(str(ROOT / f"{page}.ipynb"))
        prose = {page: prose_of(page) for page in pages}
        to = self.env.app.builder.get_relative_uri
        html = draw(
            parts(),
            {page: short(text) for page, text in prose.items()},
            {page: needs_of(page, text) for page, text in prose.items()},
            lambda page: to(self.env.docname, page),
        )
        return [nodes.raw("", html, format="html")]


def setup(app):
    """Register with Sphinx."""
    app.add_directive("chapter-map", ChapterMap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
