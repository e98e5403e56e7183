"""The table of run times: a row for every chapter whose record is current."""

import nbformat
import pytest
from chapter_cache import inputs, keep, open_cache
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import Cost

pytest.importorskip("sphinx")
from run_times import table


@pytest.fixture
def root(tmp_path):
    """Make a book of four chapters; three were executed, one of them has changed since."""
    chapters = "".join(f"      - file: book/1_rg/0{number}\n" for number in range(4))
    (tmp_path / "_toc.yml").write_text(f"root: book/intro\nparts:\n  - chapters:\n{chapters}")
    (tmp_path / "constraints.txt").touch()
    (tmp_path / "book/1_rg").mkdir(parents=True)
    with open_cache(tmp_path) as cache:
        for number in range(4):
            path = tmp_path / f"book/1_rg/0{number}.ipynb"
            notebook = new_notebook(cells=[new_code_cell(f"print({number})")])
            notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
            nbformat.write(notebook, path)
            if number < 3:
                cost = Cost(10.04 + number, [312.4, None, 500][number])
                keep(cache, path, notebook, cost, inputs(path))
        notebook.cells[0].source = "print(22)"
        nbformat.write(notebook, tmp_path / "book/1_rg/02.ipynb")
    return tmp_path


def test_the_rows(root):
    head, line, *rows = table(root)
    assert head.count("|") == line.count("|") == 5
    first, second = ([cell.strip() for cell in row.strip("|").split("|")] for row in rows)
    assert first[:3] == ["{doc}`/book/1_rg/00`", "10.0", "312"]
    assert second[:3] == ["{doc}`/book/1_rg/01`", "11.0", "–"]
    assert len(first) == len(second) == 4
