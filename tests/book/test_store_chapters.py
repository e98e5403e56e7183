"""Storing a chapter: what is kept, what is dropped, and that no half file is left."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from store_chapters import README_FIGURES, normalise, replace, store


def test_pictures_and_players_go_and_text_stays():
    picture = new_output("display_data", {"image/png": "AAAA", "text/plain": "<Figure size 1x1>"})
    player = new_output(
        "execute_result",
        {"text/html": '<div class="animation">...</div>', "text/plain": "<HTML object>"},
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


def test_what_was_printed_in_pieces_is_joined():
    pieces = [
        new_output("stream", name="stdout", text="a"),
        new_output("stream", name="stdout", text="b"),
        new_output("stream", name="stderr", text="c"),
        new_output("stream", name="stdout", text="d"),
    ]
    (kept,) = normalise(new_notebook(cells=[new_code_cell("", outputs=pieces)])).cells
    assert [output.text for output in kept.outputs] == ["ab", "c", "d"]


def test_storing_executes_and_a_failing_chapter_stays_as_it_was(tmp_path):
    path = tmp_path / "chapter.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("print(1 + 1)")]), path)
    store(path)
    (cell,) = nbformat.read(path, as_version=4).cells
    assert (cell.execution_count, cell.outputs[0].text) == (1, "2\n")

    nbformat.write(new_notebook(cells=[new_code_cell("print(1)"), new_code_cell("1 / 0")]), path)
    before = path.read_bytes()
    with pytest.raises(Exception, match="ZeroDivisionError"):
        store(path)
    assert path.read_bytes() == before


def test_files_are_replaced_whole(tmp_path):
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")
    replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_figures_of_the_readme_exist():
    assert all(path.exists() for path in README_FIGURES.values())
