"""The glossary: the chapter that brings a word up first links it."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "book/reference/glossary.md"
# Lines of names, an indented meaning, and the chapter at its end.
ENTRY = re.compile(r"^((?:\S.*\n)+)  .*\*First in\* \{doc\}`\.\./(\S+)`\.$", re.M)
TERM = re.compile(r"\{term\}`(?:[^`<]*<)?([^`<>]+)>?`")


def entries():
    """Return the names of each entry, and its chapter."""
    groups = re.findall(r"```\{glossary\}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    return [(names.splitlines(), chapter) for names, chapter in ENTRY.findall("".join(groups))]


def terms(prose):
    """Return the words that a text links to the glossary."""
    return {name.strip().lower() for name in TERM.findall(prose)}


def test_links_are_read_as_sphinx_reads_them():
    assert terms("a {term}`Wall`, the {term}`gaps <gap>`, {term}`x`") == {"wall", "gap", "x"}


def test_every_entry_has_one_line_of_meaning_and_a_chapter():
    n_meanings = len(re.findall(r"^  \S", PAGE.read_text(encoding="utf-8"), re.M))
    assert len(entries()) == n_meanings > 60
    names = [name.lower() for names, _ in entries() for name in names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("names", "chapter"), [pytest.param(*entry, id=entry[0][0]) for entry in entries()]
)
def test_the_chapter_that_brings_a_word_up_first_links_it(names, chapter):
    notebook = nbformat.read(ROOT / f"book/{chapter}.ipynb", as_version=4)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert terms(prose) & {name.lower() for name in names}
