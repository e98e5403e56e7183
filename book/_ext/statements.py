"""Lists of theorems and exercises, made from the chapters at build time.

``{statements} theorem lemma`` lists what is of these kinds, a line for each;
``{statements} Hard`` the exercises with this mark, a line for each chapter; and
``{statements} chain-ex-open`` those with these labels.
"""

import re
from functools import cache
from typing import NamedTuple

import nbformat
from docutils import nodes
from docutils.statemachine import StringList
from notebooks import ROOT, chapter_paths
from sphinx.util.docutils import SphinxDirective

MARKS = ("Warm-up", "Standard", "Hard")
START = re.compile(
    r"^[`:]{3,}\{(?:prf:(?!proof)(\w+)|exercise)\} (.+)\n"
    rf":label: (\S+)\n+(?:\*({'|'.join(MARKS)})\.\* )?",
    re.M,
)


class Statement(NamedTuple):
    """What a chapter states, proves or asks; only an exercise has a mark."""

    kind: str
    title: str
    label: str
    mark: str

    def line(self, with_mark=True):
        """Return Markdown: a link, the title, and how hard it is."""
        if self.kind != "exercise":
            return f"{{prf:ref}}`{self.label}`: {self.title}"
        mark = f", {self.mark.lower()}" if with_mark else ""
        return f"{{ref}}`{self.title} <{self.label}>`{mark}"


@cache
def statements(path):
    """Return the statements of a chapter, in their order; it is read once."""
    cells = nbformat.read(path, as_version=4).cells
    prose = (cell.source for cell in cells if cell.cell_type == "markdown")
    return [
        Statement(kind or "exercise", title, label, mark)
        for kind, title, label, mark in START.findall("\n\n".join(prose))
    ]


def lists(chapters, wanted):
    """Return a Markdown list, with an entry for each chapter that has some."""
    lines, met = [], set()
    for path in chapters:
        found = [one for one in statements(path) if wanted & set(one)]
        met.update(*found)
        if not found:
            continue
        page = path.relative_to(ROOT).with_suffix("").as_posix()
        chapter = f"- {{doc}}`/{page}`"
        if wanted & {one.kind for one in found}:
            lines += [chapter, *(f"  - {one.line()}" for one in found)]
        else:
            shown = [one.line(with_mark=one.label in wanted) for one in found]
            lines.append(f"{chapter}: {'; '.join(shown)}")
    if wanted - met:
        raise ValueError(f"No chapter has: {', '.join(sorted(wanted - met))}")
    return lines


class Statements(SphinxDirective):
    """List statements of some kinds, or exercises of some marks or labels."""

    required_arguments = 1
    optional_arguments = 50

    def run(self):
        """Write Markdown; the page is read again when a chapter changes."""
        chapters = chapter_paths()
        for path in chapters:
            self.env.note_dependency(str(path))
        lines = lists(chapters, set(self.arguments))
        node = nodes.container()
        self.state.nested_parse(StringList(lines, "<statements>"), 0, node)
        return node.children


def setup(app):
    """Register with Sphinx."""
    app.add_directive("statements", Statements)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
