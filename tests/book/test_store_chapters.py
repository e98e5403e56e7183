"""Storing a chapter: what is kept, what is dropped, and that no half file is left."""

import re

import nbformat
import pytest
import store_chapters
from nbformat.v4 import new_code_cell, new_notebook, new_output
from notebooks import chapter_paths, run
from store_chapters import (
    QUOTING,
    README_FIGURES,
    all_notes,
    main,
    normalise,
    renew_numbers,
    replace,
    store,
)


@pytest.mark.parametrize("kind", ["animation", "play"])
def test_pictures_and_players_go_and_text_stays(kind):
    picture = new_output("display_data", {"image/png": "AAAA", "text/plain": "<Figure size 1x1>"})
    player = new_output(
        "execute_result",
        {"text/html": f'<div class="{kind}">...</div>', "text/plain": "<HTML object>"},
        execution_count=1,
    )
    glued = new_output(
        "display_data",
        {"application/papermill.record/text/plain": "'3'"},
        metadata={"scrapbook": {"name": "x"}},
    )
    cell = new_code_cell("...", outputs=[picture, player, glued])
    cell.metadata["execution"] = {"iopub.status.busy": "now"}
    (kept,) = normalise(new_notebook(cells=[cell])).cells
    assert [set(output.data) for output in kept.outputs] == [
        {"text/plain"},
        {"text/plain"},
        {"application/papermill.record/text/plain"},
    ]
    assert kept.outputs[2].metadata == {"scrapbook": {"name": "x"}}
    assert "execution" not in kept.metadata


def test_a_chapter_that_is_shown_as_stored_keeps_its_pictures():
    picture = {"image/png": "AAAA", "text/plain": "<Figure size 1x1>"}
    cell = new_code_cell("...", outputs=[new_output("display_data", picture)])
    notebook = new_notebook(cells=[cell])
    notebook.metadata = {"mystnb": {"execution_mode": "off"}, "other": 1}
    kept = normalise(notebook)
    assert kept.cells[0].outputs[0].data == picture
    assert kept.metadata.mystnb == {"execution_mode": "off"}
    assert "other" not in kept.metadata


def test_what_was_printed_in_pieces_is_joined():
    pieces = [
        new_output("stream", name="stdout", text="a"),
        new_output("stream", name="stdout", text="b"),
        new_output("stream", name="stderr", text="c"),
        new_output("stream", name="stdout", text="d"),
    ]
    (kept,) = normalise(new_notebook(cells=[new_code_cell("", outputs=pieces)])).cells
    assert [output.text for output in kept.outputs] == ["ab", "c", "d"]


@pytest.mark.slow
def test_storing_executes_and_a_failing_chapter_stays_as_it_was(tmp_path):
    path = tmp_path / "chapter.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("print(1 + 1)")]), path)
    assert run([path], store) == []
    (cell,) = nbformat.read(path, as_version=4).cells
    assert (cell.execution_count, cell.outputs[0].text) == (1, "2\n")

    nbformat.write(new_notebook(cells=[new_code_cell("print(1)"), new_code_cell("1 / 0")]), path)
    before = path.read_bytes()
    assert run([path], store) == [path]
    assert path.read_bytes() == before


def test_storing_twice_changes_nothing_unless_times_are_asked_for(tmp_path):
    """A time alone is no news; it is renewed with anything else, and when it is wanted."""

    def executed(time, number):
        outputs = [
            new_output(
                "display_data",
                {"application/papermill.record/text/plain": text},
                metadata={"scrapbook": {"name": name}},
            )
            for name, text in (("x-run-time", time), ("x", number))
        ]
        return new_notebook(cells=[new_code_cell("...", outputs=outputs, execution_count=1)])

    path = tmp_path / "chapter.ipynb"
    nbformat.write(new_notebook(), path)
    stored = []
    for time, number, times in (
        ("'15'", "'0.1'", False),
        ("'99'", "'0.1'", False),
        ("'99'", "'0.2'", False),
        ("'17'", "'0.2'", True),
    ):
        store(path, executed(time, number), None, times)
        notes = nbformat.read(path, as_version=4).cells[0].outputs
        stored += [next(iter(note.data.values())) for note in notes]
    assert stored == ["'15'", "'0.1'", "'15'", "'0.1'", "'99'", "'0.2'", "'17'", "'0.2'"]


def test_what_a_clock_says_has_the_names_of_notes():
    notes = all_notes(chapter_paths())
    parts = store_chapters.CLOCK.pattern.split("|")
    assert [part for part in parts if not any(map(re.compile(part).fullmatch, notes))] == []


def test_files_are_replaced_whole(tmp_path):
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")
    replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_figures_of_the_readme_exist():
    assert all(path.exists() for path in README_FIGURES.values())


@pytest.mark.parametrize("page", QUOTING, ids=lambda page: page.name)
def test_the_numbers_that_are_quoted_are_those_that_the_chapters_found(page):
    notes = all_notes(chapter_paths())
    quoted = store_chapters.QUOTED.findall(page.read_text(encoding="utf-8"))
    assert quoted
    assert [(name, value) for value, _, name in quoted] == [
        (name, notes.get(name)) for _, _, name in quoted
    ]


def test_numbers_are_renewed_and_what_stands_around_them_stays():
    before = "| a | **0.1(2)**<!-- x --> nats; −1<!-- y -->, 94 %<!-- z --> | 7<!-- other --> |"
    after = "| a | **0.25(3)**<!-- x --> nats; −2<!-- y -->, 95.1 %<!-- z --> | 7<!-- other --> |"
    assert renew_numbers(before, {"x": "0.25(3)", "y": "−2", "z": "95.1"}) == after


@pytest.mark.slow
def test_pages_of_the_reference_are_stored_last_and_then_what_quotes(tmp_path, monkeypatch):
    (tmp_path / "reference").mkdir()
    page, chapter = tmp_path / "reference" / "results.ipynb", tmp_path / "a.ipynb"
    glue = "from myst_nb import glue\nglue('x', '2.5', display=False)"
    nbformat.write(new_notebook(cells=[new_code_cell(glue)]), chapter)
    read = new_code_cell("print('2.5' in open('../a.ipynb').read().split('outputs')[1])")
    nbformat.write(new_notebook(cells=[read]), page)
    quoting = [tmp_path / "README.md", tmp_path / "intro.md"]
    for text in quoting:
        text.write_text("1.0<!-- x -->")
    monkeypatch.setattr(store_chapters, "QUOTING", quoting)
    monkeypatch.setattr(store_chapters, "chapter_paths", lambda: [page, chapter])
    assert main([page, chapter], 2) == []
    (cell,) = nbformat.read(page, as_version=4).cells
    assert cell.outputs[0].text == "True\n"
    assert [text.read_text() for text in quoting] == ["2.5<!-- x -->"] * 2
