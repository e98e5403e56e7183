"""Numbers in place of references, for JupyterLab."""

import copy

import nbformat
import pytest
from fill_numbers import fill
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from notebooks import chapter_paths
from store_chapters import all_notes


def test_references_become_numbers_and_all_else_stays():
    text = "From {glue:text}`a` to {glue:text}`b-2`; {glue:text}`unknown`, {eq}`a`, `a`"
    notebook = new_notebook(cells=[new_markdown_cell(text), new_code_cell(text)])
    prose, code = fill(notebook, {"a": "−0.008(9)", "b-2": r"\1"}).cells
    assert prose.source == r"From −0.008(9) to \1; {glue:text}`unknown`, {eq}`a`, `a`"
    assert code.source == text


@pytest.fixture(scope="module")
def notes():
    return all_notes(chapter_paths())


@pytest.mark.parametrize("path", chapter_paths(), ids=lambda path: path.stem)
def test_no_reference_to_a_number_is_left_in_a_chapter(path, notes):
    stored = nbformat.read(path, as_version=4)
    filled = fill(copy.deepcopy(stored), notes)
    nbformat.validate(filled)
    prose = [cell.source for cell in filled.cells if cell.cell_type == "markdown"]
    assert "{glue" not in "".join(prose)
    assert [cell for cell in filled.cells if cell.cell_type == "code"] == [
        cell for cell in stored.cells if cell.cell_type == "code"
    ]
