"""Links and launch buttons: derived from the repository's address, or absent."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from repository_links import find_branch, find_repository

ROOT = Path(__file__).resolve().parents[2]


def git(folder, *arguments):
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://github.com/someone/a-book.git", "someone/a-book"),
        ("https://github.com/someone/a.book", "someone/a.book"),
        ("git@github.com:someone/book.git", "someone/book"),
        ("ssh://git@github.com/someone/book", "someone/book"),
        ("https://gitlab.com/someone/book.git", None),
        ("/srv/git/book", None),
        ("https://github.com.evil.org/someone/book", None),
        (None, None),
    ],
)
def test_the_address_comes_from_the_remote(tmp_path, remote, expected):
    git(tmp_path, "init", "--quiet")
    if remote:
        git(tmp_path, "remote", "add", "origin", remote)
    assert find_repository(tmp_path, {}) == expected


def test_the_environment_wins(tmp_path):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "https://github.com/someone/fork")
    environ = {"GITHUB_REPOSITORY": "someone/original"}
    assert find_repository(tmp_path, environ) == "someone/original"
    assert find_repository(tmp_path, {"GITHUB_REPOSITORY": ""}) == "someone/fork"


def test_without_git_there_is_no_address(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_repository(tmp_path, {}) is None


def test_the_branch_is_the_one_built_else_the_default(tmp_path):
    assert find_branch(tmp_path, {}) == "main"
    pushed = {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "trunk"}
    assert find_branch(tmp_path, pushed) == "trunk"
    assert find_branch(tmp_path, {**pushed, "GITHUB_HEAD_REF": "topic"}) == "main"
    git(tmp_path, "init", "--quiet")
    head = "refs/remotes/origin/HEAD"
    git(tmp_path, "symbolic-ref", head, "refs/remotes/origin/develop")
    assert find_branch(tmp_path, {}) == "develop"


@pytest.fixture(scope="module")
def small_book(tmp_path_factory):
    """Make a book of two pages with our configuration and extensions."""
    root = tmp_path_factory.mktemp("book")
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config["execute"]["execute_notebooks"] = "off"
    (root / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    toc = "format: jb-book\nroot: book/intro\nchapters:\n  - file: book/chapter\n"
    (root / "_toc.yml").write_text(toc, encoding="utf-8")
    shutil.copytree(ROOT / "book" / "_ext", root / "book" / "_ext")
    shutil.copytree(ROOT / "tools", root / "tools")
    shutil.copytree(ROOT / "book" / "_static", root / "book" / "_static")
    shutil.copy(ROOT / "book" / "references.bib", root / "book")
    (root / "book" / "intro.md").write_text("# A book\n\n{{ launch_advice }}\n", encoding="utf-8")
    chapter = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A chapter\n\n$x$")])
    chapter.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(chapter, root / "book" / "chapter.ipynb")
    return root


def build(root, tmp_path, **environ):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    program = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    done = subprocess.run(
        [*program, "build", str(root), "--path-output", str(tmp_path), "-W"],
        env={**kept, **environ},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    html = tmp_path / "_build" / "html" / "book"
    return [(html / f"{page}.html").read_text(encoding="utf-8") for page in ("intro", "chapter")]


def without_tags(html):
    return re.sub(r"<[^>]*>", "", html)


def test_with_an_address_all_links_lead_to_it(small_book, tmp_path):
    environ = {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "trunk"}
    intro, chapter = build(small_book, tmp_path, GITHUB_REPOSITORY="someone/book", **environ)
    links = re.findall(r'href="(https?://[^"]*)"', chapter)
    path = "someone/book/blob/trunk/book/chapter.ipynb"
    assert f"https://colab.research.google.com/github/{path}" in links
    assert any(
        link.startswith("https://mybinder.org/v2/gh/someone/book/trunk?")
        and link.endswith("book/chapter.ipynb")
        for link in links
    )
    assert "https://github.com/someone/book" in links
    assert any(link.startswith("https://github.com/someone/book/issues/new") for link in links)
    assert "https://github.com/someone/book/edit/trunk/book/chapter.ipynb" in links
    assert "pip install git+https://github.com/someone/book myst-nb" in without_tags(intro)
    assert "colab.research.google.com" not in "".join(re.findall(r'href="([^"]*)"', intro))


def test_without_an_address_there_is_no_button(small_book, tmp_path):
    intro, chapter = build(small_book, tmp_path)
    assert not re.search(r"github\.com|mybinder|colab", intro + chapter)
    assert "pip install ." in without_tags(intro)


def test_formulas_need_no_network(small_book, tmp_path):
    _, chapter = build(small_book, tmp_path)
    assert re.search(r'src="\.\./_static/mathjax/tex-svg-full\.js', chapter)
    assert (tmp_path / "_build/html/_static/mathjax/tex-svg-full.js").stat().st_size > 10**6
    assert (tmp_path / "_build/html/_static/mathjax/LICENSE").exists()
