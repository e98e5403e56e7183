"""Lists of the theorems and exercises of all chapters, made when the book is built.

``{statements} theorem`` lists those of a kind, or of several, chapter by chapter;
``{statements} Hard`` the exercises that carry this mark, each chapter in one line.
"""

import re
from typing import NamedTuple

import nbformat
from docutils import nodes
from docutils.statemachine import StringList
from notebooks import ROOT, chapter_paths
from sphinx.util.docutils import SphinxDirective

MARKS = ("Warm-up", "Standard", "Hard")
START = re.compile(
    r"^[`:]{3,}\{(?:prf:(?!proof)(?P<proved>\w+)|exercise)\} (?P<title>.+)\n"
    rf":label: (?P<label>\S+)\n+(?:\*(?P<mark>{'|'.join(MARKS)})\.\* )?",
    re.M,
)


class Statement(NamedTuple):
    """What a chapter states, proves or asks; only an exercise has a mark."""

    kind: str
    title: str
    label: str
    mark: str | None

    def link(self):
        """Return the Markdown of one line of a list."""
        if self.kind == "exercise":
            return f"{{ref}}`{self.title} <{self.label}>`"
        return f"{{prf:ref}}`{self.label}`: {self.title}"


def statements(path):
    """Return the statements of a chapter, in their order."""
    cells = nbformat.read(path, as_version=4).cells
    prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return [
        Statement(found["proved"] or "exercise", found["title"], found["label"], found["mark"])
        for found in START.finditer(prose)
    ]


def lines(path, wanted):
    """Return the Markdown for a chapter; no line where it has nothing of what is wanted."""
    found = [one for one in statements(path) if one.kind in wanted or one.mark in wanted]
    if not found:
        return []
    chapter = f"- {{doc}}`/{path.relative_to(ROOT).with_suffix('').as_posix()}`"
    if wanted <= set(MARKS):
        return [f"{chapter}: {'; '.join(one.link() for one in found)}"]
    marks = [f", {one.mark.lower()}" if one.mark else "" for one in found]
    return [
        chapter,
        *(f"  - {one.link()}{mark}" for one, mark in zip(found, marks, strict=True)),
    ]


class Statements(SphinxDirective):
    """List statements of some kinds, or exercises of some marks."""

    required_arguments = 1
    optional_arguments = 20

    def run(self):
        """Write Markdown; a page that lists chapters is read again when one changes."""
        chapters = [path for path in chapter_paths() if path.parent.name != "reference"]
        for path in chapters:
            self.env.note_dependency(str(path))
        found = [line for path in chapters for line in lines(path, set(self.arguments))]
        node = nodes.container()
        self.state.nested_parse(StringList(found, source="<statements>"), 0, node)
        return node.children


def setup(app):
    """Register with Sphinx."""
    app.add_directive("statements", Statements)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
