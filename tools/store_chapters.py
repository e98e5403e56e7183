"""Execute the chapters of the book, normalise them and store their outputs.

Usage: python tools/store_chapters.py [CHAPTER.ipynb ...]    (by default all of _toc.yml)

A stored chapter holds what nbval compares, text, and no pictures: those are drawn anew when the
book is built. A figure that the README shows is written to book/_static.
"""

import base64
import os
import sys
from pathlib import Path

import nbformat
import yaml
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
README_FIGURES = {"fig-mnist-pairs": ROOT / "book" / "_static" / "mnist_pairs.png"}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def chapter_paths(root=ROOT):
    """Return the notebooks of the table of contents, in reading order."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    pages = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [path for page in pages if (path := root / f"{page}.ipynb").exists()]


def figure_name(cell):
    """Return the label of the figure that a cell draws, or None."""
    return cell.metadata.get("mystnb", {}).get("figure", {}).get("name")


def normalise(notebook):
    """Keep what a reader or nbval needs; drop pictures, timings and versions, in place."""
    notebook.metadata = {"kernelspec": dict(KERNEL), "language_info": {"name": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
        for output in cell.get("outputs", []):
            if output.output_type in ("display_data", "execute_result"):
                animated = "animation" in output.data.get("text/html", "")
                output.data = {
                    kind: value
                    for kind, value in output.data.items()
                    if "image" not in kind and not (animated and kind == "text/html")
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
    """Write beside the target, then rename: a reader never sees half a file."""
    beside = path.with_suffix(".part")
    beside.write_bytes(content)
    os.replace(beside, path)


def store(path):
    """Execute one chapter and store it."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.kernelspec = KERNEL
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=1200, resources=resources).execute()
    save_readme_figures(notebook)
    text = nbformat.writes(normalise(notebook), version=4)
    replace(path, (text.rstrip() + "\n").encode())


if __name__ == "__main__":
    for chapter in [Path(name).resolve() for name in sys.argv[1:]] or chapter_paths():
        print(f"executing {chapter.relative_to(ROOT)}", flush=True)
        store(chapter)
