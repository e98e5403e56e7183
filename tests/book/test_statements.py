"""The index of theorems and exercises: nothing of a chapter is missing."""

import os
import re

import pytest
from notebooks import ROOT, chapter_paths

pytest.importorskip("sphinx")
from statements import MARKS, lists, statements

CHAPTERS = [path for path in chapter_paths() if path.parent.name != "reference"]
INDEX = "book/reference/index_of_statements"
ALL = [one for path in CHAPTERS for one in statements(path)]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_statement_of_a_chapter_is_found(path):
    raw = path.read_text(encoding="utf-8")
    n_proved = len(re.findall(r"\{prf:(?!proof\}|ref\})", raw))
    n_exercises = raw.count("{exercise}")
    kinds = [one.kind for one in statements(path)]
    assert kinds.count("exercise") == n_exercises >= 4
    assert len(kinds) == n_exercises + n_proved


def test_the_index_lists_every_kind_and_every_exercise_has_a_mark():
    page = (ROOT / f"{INDEX}.md").read_text(encoding="utf-8")
    listed = set(" ".join(re.findall(r"\{statements\} (.*)", page)).split())
    assert listed == {one.kind for one in ALL}
    assert all((one.mark in MARKS) == (one.kind == "exercise") for one in ALL)


def linked(lines):
    return sorted(re.findall(r"\{ref\}`[^`]*<(\S+)>`", "\n".join(lines)))


def test_what_is_wanted_is_listed_and_nothing_else():
    exercises = sorted(one.label for one in ALL if one.kind == "exercise")
    assert linked(lists(CHAPTERS, {"exercise"})) == exercises
    assert linked(line for mark in MARKS for line in lists(CHAPTERS, {mark})) == exercises
    assert linked(lists(CHAPTERS, {"mc-ex-gap", "chain-ex-open"})) == ["chain-ex-open", "mc-ex-gap"]


def test_what_no_chapter_has_is_an_error():
    with pytest.raises(ValueError, match="No chapter has: chain-ex-none"):
        lists(CHAPTERS, {"chain-ex-none", "chain-ex-open"})


def test_the_built_index_links_all():
    folder = os.environ.get("RGRBM_BOOK")
    if not folder:
        pytest.skip("RGRBM_BOOK does not name a built book: run make book first")
    html = (ROOT / folder / f"{INDEX}.html").read_text(encoding="utf-8")
    article = html[html.index("<article") : html.index("</article>")]
    linked = re.findall(r'href="\.\./\d_\w+/\w+\.html#([^"]+)"', article)
    assert sorted(linked) == sorted(one.label for one in ALL)
