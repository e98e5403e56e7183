"""Executed chapters: what makes one stale, and that nothing stale or half is ever used."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import chapter_cache
import nbformat
import pytest
from chapter_cache import PYTHON, cache_folder, current, inputs, keep, open_cache
from execute_chapters import execute_missing
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from notebooks import Cost

ROOT = Path(__file__).resolve().parents[2]


def chapter(*cells):
    """Make a notebook: a text of prose becomes a cell of prose if it starts with #."""
    make = [new_markdown_cell if text.startswith("#") else new_code_cell for text in cells]
    notebook = new_notebook(cells=[new(text) for new, text in zip(make, cells, strict=True)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    return notebook


@pytest.fixture
def root(tmp_path):
    """Make a book of two parts and a page of the reference."""
    for folder in ("rgrbm/data", "book/1_rg/slow", "book/2_rbm/slow", "book/reference"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "rgrbm" / "ising.py").write_text("J = 1\n")
    (tmp_path / "constraints.txt").write_text("numpy==2.4.6\n")
    (tmp_path / "book" / "1_rg" / "slow" / "result.txt").write_text("0.44")
    read = "print('it is', open('slow/result.txt').read())"
    nbformat.write(chapter("# One", read), tmp_path / "book/1_rg/01.ipynb")
    nbformat.write(chapter("# Two", "print(2)"), tmp_path / "book/2_rbm/01.ipynb")
    nbformat.write(chapter("# All", "print(3)"), tmp_path / "book/reference/results.ipynb")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nparts:\n  - chapters:\n"
        "      - file: book/1_rg/01\n      - file: book/2_rbm/01\n"
        "      - file: book/reference/results\n"
    )
    return tmp_path


def test_a_chapter_that_is_shown_as_stored_is_not_executed(root, monkeypatch):
    path = root / "book/2_rbm/01.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.mystnb = {"execution_mode": "off"}
    nbformat.write(notebook, path)
    executed = []
    monkeypatch.setattr("execute_chapters.run", lambda paths, *more: executed.extend(paths))
    execute_missing(root)
    assert [path.parent.name for path in executed] == ["1_rg", "reference"]


@pytest.mark.parametrize("name", ["rgrbm/ising.py", "rgrbm/data/x.npz", "constraints.txt"])
def test_the_library_and_the_constraints_name_the_folder(root, name):
    before = cache_folder(root)
    assert before.parent == root / "_build" / ".jupyter_cache"
    with open(root / name, "a") as file:
        file.write("# more\n")
    assert cache_folder(root) != before


def test_a_renamed_file_counts_and_compiled_code_and_prose_do_not(root):
    before = cache_folder(root)
    (root / "rgrbm" / "__pycache__" / "kernels").mkdir(parents=True)
    (root / "rgrbm" / "__pycache__" / "kernels" / "ising.nbi").write_text("compiled")
    nbformat.write(chapter("# Other", "print(2)"), root / "book/2_rbm/01.ipynb")
    assert cache_folder(root) == before
    (root / "rgrbm" / "ising.py").rename(root / "rgrbm" / "chain.py")
    assert cache_folder(root) != before


def test_pythons_and_versions_have_folders_of_their_own(root, monkeypatch):
    before = cache_folder(root)
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in before.name
    packages = [SimpleNamespace(name="numpy", version="9"), SimpleNamespace(name="x", version="1")]
    monkeypatch.setattr(chapter_cache, "distributions", lambda: packages)
    newer = cache_folder(root)
    packages[1].version = "2"
    assert newer != before
    assert cache_folder(root) == newer, "x does not show in a chapter"


def test_what_an_older_library_left_is_removed(root):
    folder = cache_folder(root)
    stale, other = folder.with_name(f"{PYTHON}-0123"), folder.with_name("python2.7-0123")
    stale.mkdir(parents=True)
    other.mkdir()
    with open_cache(root):
        pass
    assert sorted(folder.parent.iterdir()) == sorted([folder, other])


def test_a_cache_that_was_killed_when_it_was_made_is_made_anew(root):
    folder = cache_folder(root)
    folder.mkdir(parents=True)
    (folder / "global.db").touch()
    with open_cache(root) as cache:
        assert cache.list_cache_records() == []


def test_a_chapter_depends_on_the_slow_results_of_its_part_and_a_reference_page_on_all(root):
    pages = [root / f"book/{name}.ipynb" for name in ("1_rg/01", "2_rbm/01", "reference/results")]
    before = [inputs(page) for page in pages]
    (root / "book/1_rg/slow/result.txt").write_text("0.45")
    after = [inputs(page) for page in pages]
    assert [a != b for a, b in zip(before, after, strict=True)] == [True, False, True]
    nbformat.write(chapter("# Two", "print(22)"), pages[1])
    again = [inputs(page) for page in pages]
    assert [a != b for a, b in zip(after, again, strict=True)] == [False, False, True]


@pytest.fixture
def cache(root):
    with open_cache(root) as cache:
        yield cache


def keep_first(cache, root):
    """Keep the first chapter, as if it had been executed."""
    path = root / "book/1_rg/01.ipynb"
    keep(cache, path, nbformat.read(path, as_version=4), Cost(1.5, 200), inputs(path))
    return path


def test_prose_leaves_an_entry_alone_and_code_and_slow_results_do_not(root, cache):
    path = keep_first(cache, root)
    assert current(cache, path).data["execution_seconds"] == 1.5
    cells = nbformat.read(path, as_version=4).cells
    nbformat.write(chapter("# Otherwise", "# and more", cells[1].source), path)
    assert current(cache, path)
    (root / "book/1_rg/slow/more.txt").touch()
    assert current(cache, path) is None
    keep_first(cache, root)
    nbformat.write(chapter("# One", "print(0)"), path)
    assert current(cache, path) is None


@pytest.mark.parametrize("damage", ["no file", "no folder", "half a file"])
def test_half_an_entry_is_no_entry(root, cache, damage):
    path = keep_first(cache, root)
    (entry,) = cache.path.glob("executed/*/base.ipynb")
    if damage == "half a file":
        entry.write_bytes(entry.read_bytes()[:-30])
    else:
        shutil.rmtree(entry.parent)
        if damage == "no file":
            entry.parent.mkdir()
    assert current(cache, path) is None
    keep_first(cache, root)
    assert current(cache, path), "it can be kept again"


@pytest.mark.slow
def test_a_build_shows_what_was_executed_and_nothing_stale(root, capsys):
    """Build a small book with our configuration, several times."""
    shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "_config.yml").write_text(
        "title: A book\nonly_build_toc_files: true\nexecute:\n  execute_notebooks: cache\n"
        "sphinx:\n  local_extensions:\n    chapter_cache: tools\n"
        "  config:\n    nb_execution_raise_on_error: true\n"
    )
    (root / "book/intro.md").write_text("# A book\n\n{glue:text}`1_rg/01.ipynb::answer:s`\n")

    def write(answer, prose="# One"):
        glue = f"from myst_nb import glue\nglue('answer', '{answer}', display=False)"
        read = "print('it is', open('slow/result.txt').read())"
        nbformat.write(chapter(prose, glue, read), root / "book/1_rg/01.ipynb")

    def build():
        assert execute_missing(root) == []
        executed = re.findall(r"\] .* s  (\S+)\.ipynb", capsys.readouterr().out)
        program = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
        command = [*program, "build", str(root), "-n", "-W", "--keep-going"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        html = root / "_build" / "html" / "book"
        pages = [(html / f"{name}.html").read_text("utf-8") for name in ("intro", "1_rg/01")]
        return sorted(executed), *pages

    write("forty-one")
    executed, intro, page = build()
    assert executed == ["1_rg/01", "2_rbm/01", "reference/results"]
    assert "forty-one" in intro
    assert "it is 0.44" in page

    write("forty-one", prose="# Otherwise")
    executed, intro, page = build()
    assert executed == ["reference/results"]
    assert "Otherwise" in page
    assert "it is 0.44" in page

    write("forty-two", prose="# Otherwise")
    executed, intro, page = build()
    assert executed == ["1_rg/01", "reference/results"]
    assert "forty-two" in intro, "a number that another page quotes"

    (root / "book/1_rg/slow/result.txt").write_text("0.45")
    executed, intro, page = build()
    assert executed == ["1_rg/01", "reference/results"]
    assert "it is 0.45" in page, "only the file beside the chapter has changed"

    (root / "rgrbm" / "ising.py").write_text("J = 2\n")
    executed, intro, page = build()
    assert executed == ["1_rg/01", "2_rbm/01", "reference/results"]
