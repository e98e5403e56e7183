"""Execute the chapters of the book, normalise them and store their outputs.

Usage: python tools/store_chapters.py [--workers N] [--times] [CHAPTER.ipynb ...]    (default: all)

A stored chapter holds what nbval compares, text, and no pictures: those are drawn anew when the
book is built. A chapter that the book shows as stored keeps them; without PyTorch, which it needs,
it is left as it is. A figure that the README shows is written to book/_static, and the numbers that
the README and the book's first page quote are renewed.

A chapter that differs from the stored one only in what a clock said stays as it is, so that
`git diff` shows what is new; --times stores it all the same.
"""

import argparse
import base64
import copy
import re
import sys
from functools import partial
from pathlib import Path

import nbformat
from notebooks import ROOT, can_be_executed, chapter_paths, run, shown_as_stored, stored_notes

from rgrbm._core.files import replace_file

QUOTING = (ROOT / "README.md", ROOT / "book" / "intro.md")
QUOTED = re.compile(r"([^|\s*]+)(\**(?: %)?<!-- (\S+) -->)")  # 0.995(6)<!-- mc-coupling -->
README_FIGURES = {"fig-mnist-pairs": ROOT / "book" / "_static" / "mnist_pairs.png"}
# Numbers that are read from a clock: their names in the chapters.
CLOCK = re.compile(
    r".*-run-time|chain-rate|chain-years|mc-plain|mc-packed|mc-ratio|ebm-ratio|ising-seconds"
    r"|torch-speed|torch-epoch|scans-clock-.*"
)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def figure_name(cell):
    """Return the label of the figure that a cell draws, or None."""
    return cell.metadata.get("mystnb", {}).get("figure", {}).get("name")


def normalise(notebook):
    """Keep what a reader or nbval needs; drop pictures, timings and versions, in place."""
    with_pictures = shown_as_stored(notebook)
    mode = {"mystnb": {"execution_mode": "off"}} if with_pictures else {}
    notebook.metadata = {"kernelspec": dict(KERNEL), "language_info": {"name": "python"}, **mode}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
        for output in cell.get("outputs", []):
            if output.output_type in ("display_data", "execute_result"):
                html = output.data.get("text/html", "")
                interactive = "animation" in html or 'class="play"' in html
                output.data = {
                    kind: value
                    for kind, value in output.data.items()
                    if (with_pictures or "image" not in kind)
                    and not (interactive and kind == "text/html")
                }
                if "scrapbook" not in output.metadata:  # myst-nb's glue needs it
                    output.metadata = {}
    return notebook


def merge_streams(outputs):
    """Join what was printed in pieces, by the chance of when the kernel flushed."""
    merged = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def save_readme_figures(notebook):
    """Write the figures that the README shows."""
    for cell in notebook.cells:
        path = README_FIGURES.get(figure_name(cell))
        for output in cell.get("outputs", []):
            if path and "image/png" in output.get("data", {}):
                replace(path, base64.b64decode(output.data["image/png"]))


def replace(path, content):
    """Write a file whole, or leave it as it was."""
    replace_file(path, lambda file: file.write(content))


def without_times(notebook):
    """Return a copy in which no number is left that a clock has said."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if CLOCK.fullmatch(output.get("metadata", {}).get("scrapbook", {}).get("name", "")):
                output.data = {}
    return notebook


def store(path, notebook, cost, times=False):
    """Store an executed chapter if anything in it is new, or its times are wanted."""
    save_readme_figures(notebook)
    text = nbformat.writes(normalise(notebook), version=4).rstrip() + "\n"
    executed, stored = nbformat.reads(text, as_version=4), nbformat.read(path, as_version=4)
    if times or without_times(executed) != without_times(stored):
        replace(path, text.encode())


def all_notes(paths):
    """Return the texts that stored chapters have glued: name -> text."""
    return {
        name: text
        for path in paths
        for name, text in stored_notes(nbformat.read(path, as_version=4)).items()
    }


def renew_numbers(text, notes):
    """Return a text with the numbers that the chapters have found."""
    return QUOTED.sub(lambda quoted: notes.get(quoted[3], quoted[1]) + quoted[2], text)


def main(chapters, n_workers, times=False):
    """Store chapters and renew what quotes them; return those that failed."""
    failed = run(chapters, partial(store, times=times), n_workers)
    notes = all_notes(chapter_paths())
    for page in QUOTING:
        replace(page, renew_numbers(page.read_text(encoding="utf-8"), notes).encode())
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", type=Path, metavar="CHAPTER.ipynb")
    parser.add_argument("--workers", type=int, default=2, help="chapters at a time")
    parser.add_argument("--times", action="store_true", help="renew what a clock says, too")
    options = parser.parse_args()
    possible = [path for path in chapter_paths() if can_be_executed(path)]
    for path in sorted(set(chapter_paths()) - set(possible)):
        print(f"{path.name} is left as it is: PyTorch is not installed")
    chosen = [path.resolve() for path in options.chapters] or possible
    failed = main(chosen, options.workers, options.times)
    sys.exit(f"failed: {', '.join(path.name for path in failed)}" if failed else None)
