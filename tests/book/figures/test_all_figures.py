"""Figures that compute in the reader's browser: each is in a chapter, and has its tests."""

import re
from pathlib import Path

import nbformat
from notebooks import chapter_paths

HERE = Path(__file__).parent
FIGURES = HERE.parents[2] / "rgrbm" / "chapters" / "figures"


def used(path):
    """Names of the figures that a chapter plays."""
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return re.findall(r"^play\(\s*\"([a-z-]+)\"", code, re.M)


def test_each_figure_stands_in_a_chapter_and_has_its_tests():
    figures = {path.stem for path in FIGURES.glob("*.js")} - {"kit"}
    assert {name for path in chapter_paths() for name in used(path)} == figures
    tests = {
        path.stem.removeprefix("test_"): path.read_text("utf-8") for path in HERE.glob("test_*.py")
    }
    assert {name for name in figures if f'page("{name}"' in tests.get(name, "")} == figures
