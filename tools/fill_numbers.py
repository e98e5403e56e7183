"""Write the numbers that the chapters have found into their texts, where references to them stand.

Usage: python tools/fill_numbers.py

JupyterLab shows a reference such as {glue:text}`mc-exact` by its name. Binder runs this once, in
postBuild. `git checkout book` brings the references back.
"""

import re

import nbformat
from notebooks import chapter_paths
from store_chapters import all_notes, replace

REFERENCE = re.compile(r"\{glue:text\}`([^`]+)`")


def fill(notebook, notes):
    """Replace the references whose numbers are known, in place."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = REFERENCE.sub(lambda found: notes.get(found[1], found[0]), cell.source)
    return notebook


if __name__ == "__main__":
    paths = chapter_paths()
    notes = all_notes(paths)
    for path in paths:
        filled = fill(nbformat.read(path, as_version=4), notes)
        replace(path, (nbformat.writes(filled).rstrip() + "\n").encode())
