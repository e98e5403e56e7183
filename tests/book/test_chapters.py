"""The stored chapters: executed, in order, normalised, every figure with caption and alt text."""

import copy
import re
from pathlib import Path

import nbformat
import pytest
from notebooks import chapter_paths
from store_chapters import normalise

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = chapter_paths()
COLAB = (ROOT / "book/_ext/colab_cell.py").read_text(encoding="utf-8").splitlines()[0]
OF_A_MACHINE = re.compile(
    r"(?<![\w.])/(home|root|Users|tmp|var|usr|opt|mnt|private|content|work)/\S*"
    r"|\b[A-Z]:\\+Users\S*|file://\S*|\b0x[0-9a-f]{8,}"
)
BEHIND_THE_PAGE = {"hide-input", "hide-cell", "remove-cell", "remove-input"}


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def chapter(request):
    return nbformat.read(request.param, as_version=4)


def code_cells(chapter):
    return [cell for cell in chapter.cells if cell.cell_type == "code"]


def text(chapter):
    return "\n".join(cell.source for cell in chapter.cells if cell.cell_type == "markdown")


def draws(cell):
    return any("<Figure" in output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def test_there_are_chapters_and_all_are_in_the_table_of_contents():
    stored = set((ROOT / "book").rglob("*.ipynb"))
    assert CHAPTERS
    assert stored == set(CHAPTERS)


def test_every_cell_was_executed_once_and_in_order(chapter):
    cells = code_cells(chapter)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [
        output for cell in cells for output in cell.outputs if output.output_type == "error"
    ]


def test_the_stored_form_is_the_normal_one(chapter):
    nbformat.validate(chapter)
    assert normalise(copy.deepcopy(chapter)) == chapter
    assert chapter.metadata.kernelspec.name == "python3", "what Binder and Colab call theirs"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_stored_chapter_is_small(path):
    assert path.stat().st_size < 1_000_000


def test_nothing_of_the_machine_is_in_a_chapter(chapter):
    """No path of it and no address in its memory, in a source or in an output."""
    texts = [cell.source for cell in chapter.cells if COLAB not in cell.source]
    texts += [str(cell.outputs) for cell in code_cells(chapter)]
    assert [found[0] for text in texts for found in OF_A_MACHINE.finditer(text)] == []


def test_every_figure_has_a_name_a_caption_and_alt_text(chapter):
    for cell in filter(draws, code_cells(chapter)):
        settings = cell.metadata.get("mystnb", {})
        assert settings.get("figure", {}).get("name", "").startswith("fig-"), cell.source
        assert len(settings["figure"]["caption"]) > 40, cell.source
        assert len(settings["image"]["alt"]) > 40, cell.source


def test_nothing_was_written_to_stderr(chapter):
    names = [output.get("name") for cell in code_cells(chapter) for output in cell.outputs]
    assert "stderr" not in names, "a warning differs between processors"


def test_no_double_braces(chapter):
    """On a page they are the sign of a substitution that was not made."""
    assert not [cell.source for cell in chapter.cells if "{{" in cell.source]


def test_labels_are_unique_over_the_book():
    pattern = re.compile(
        r"^:label: (\S+)|\{exercise\}.*\n:label: (\S+)|\"name\": \"(fig-\S+)\"", re.M
    )
    labels = [
        label
        for path in [*CHAPTERS, *(ROOT / "book").rglob("*.md")]
        for match in pattern.findall(path.read_text(encoding="utf-8").replace("\\n", "\n"))
        for label in match
        if label
    ]
    assert len(labels) == len(set(labels))


teaches = pytest.mark.parametrize(
    "chapter",
    [path for path in CHAPTERS if path.parent.name != "reference"],
    ids=lambda path: path.stem,
    indirect=True,
)


@teaches
def test_the_visible_code_is_short(chapter):
    visible = [
        len([line for line in cell.source.splitlines() if line.strip()])
        for cell in code_cells(chapter)
        if not BEHIND_THE_PAGE & set(cell.metadata.get("tags", []))
    ]
    assert max(visible, default=0) <= 40
    assert sum(visible) <= 15 * len(visible)


@teaches
def test_the_form_of_a_chapter(chapter):
    prose = text(chapter)
    assert "What you will be able to do" in prose
    assert re.search(r"Run time: \{glue:text\}`", prose)
    assert "## Summary" in prose
    assert "## What comes next" in prose
    exercises = re.findall(r"\{exercise\}.*\n:label: (\S+)", prose)
    solved = re.findall(r"\{solution(?:-start)?\} (\S+)", prose)
    assert len(exercises) >= 4
    assert sorted(exercises) == sorted(solved)
    code = "\n".join(cell.source for cell in code_cells(chapter))
    assert "assert" in code
    assert ".." not in re.findall(r"[\"'](\.\.)[/\"']", code), "the cache sees slow/ only"


@teaches
def test_every_exercise_says_how_hard_it_is(chapter):
    exercises = re.findall(r"\{exercise\}[^\n]*\n(?::\w+:[^\n]*\n)*\s*([^\n]*)", text(chapter))
    assert exercises
    for first_line in exercises:
        assert re.match(r"\*(Warm-up|Standard|Hard)\.\* ", first_line), first_line


@teaches
def test_a_chapter_names_works_to_read_next(chapter):
    section = re.search(r"^## Further reading\n(.*?)(?=^## |\Z)", text(chapter), re.M | re.S)
    works = re.findall(r"^- (.*)$", section[1], re.M)
    assert 2 <= len(works) <= 5
    assert all("{cite:" in work and len(work) > 60 for work in works)
