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


def commit(folder, message):
    me = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    git(folder, *me, "commit", "--quiet", "--allow-empty", f"--message={message}")


ON_GITHUB = [
    "https://github.com/someone/a-book.git",
    "https://github.com/someone/a-book",
    "https://github.com/someone/a-book/",
    "https://github.com/someone/a-book.git/",
    "http://github.com/someone/a-book.git",
    "git://github.com/someone/a-book.git",
    "https://www.github.com/someone/a-book",
    "https://GitHub.com/someone/a-book",
    "https://github.com:443/someone/a-book.git",
    "https://someone@github.com/someone/a-book.git",
    "https://TOKEN@github.com/someone/a-book.git",
    "https://someone:TOKEN@github.com/someone/a-book.git",
    "https://someone:TO@KEN@github.com/someone/a-book.git",
    "https://x-access-token:TOKEN@www.github.com:443/someone/a-book.git/",
    "git@github.com:someone/a-book.git",
    "git@github.com:/someone/a-book.git",
    "github.com:someone/a-book",
    "org-1234@github.com:someone/a-book.git",
    "ssh://git@github.com/someone/a-book",
    "ssh://git@github.com:22/someone/a-book.git",
    "ssh://git@ssh.github.com:443/someone/a-book.git",
    "ssh://github.com/someone/a-book",
    "git+ssh://git@github.com/someone/a-book.git",
]
ELSEWHERE = [
    "https://gitlab.com/someone/a-book.git",
    "https://someone:TOKEN@gitlab.com/someone/a-book.git",
    "git@gitlab.com:someone/a-book.git",
    "https://github.com.evil.org/someone/a-book",
    "https://evil.org/github.com/someone/a-book",
    "https://notgithub.com/someone/a-book",
    "https://githubXcom/someone/a-book",
    "https://github.com@evil.org/someone/a-book",
    "evil.org:github.com/someone/a-book",
    "git@evil.org:github.com:someone/a-book",
    "https://github.com/someone",
    "https://github.com/someone/a-book/wiki",
    "https://gist.github.com/someone/a-book",
    "github.com/someone/a-book",  # a folder
    "/srv/git/github.com/someone/a-book",
    "file:///srv/git/a-book",
]


@pytest.mark.parametrize("remote", ON_GITHUB)
def test_the_address_comes_from_the_remote(tmp_path, remote):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", remote)
    assert find_repository(tmp_path, {}) == "someone/a-book"


@pytest.mark.parametrize("remote", ELSEWHERE)
def test_only_github_has_buttons(tmp_path, remote):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", remote)
    assert find_repository(tmp_path, {}) is None


@pytest.mark.parametrize("name", ["someone/a.book", "Some-One/A_Book", "1/2"])
def test_names_may_hold_what_github_allows(tmp_path, name):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", f"https://github.com/{name}.git")
    assert find_repository(tmp_path, {}) == name


def test_without_a_remote_there_is_no_address(tmp_path):
    assert find_repository(tmp_path, {}) is None
    git(tmp_path, "init", "--quiet")
    assert find_repository(tmp_path, {}) is None


def test_origin_comes_first_then_the_other_remotes(tmp_path):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "backup", "https://gitlab.com/someone/a-book")
    assert find_repository(tmp_path, {}) is None
    git(tmp_path, "remote", "add", "upstream", "https://github.com/someone/original")
    assert find_repository(tmp_path, {}) == "someone/original"
    git(tmp_path, "remote", "add", "origin", "https://github.com/someone/fork")
    assert find_repository(tmp_path, {}) == "someone/fork"


def test_the_address_may_be_abbreviated_or_rewritten(tmp_path):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "gh:someone/a-book")
    git(tmp_path, "config", "url.git@github.com:.insteadOf", "gh:")
    assert find_repository(tmp_path, {}) == "someone/a-book"
    git(tmp_path, "remote", "set-url", "origin", "https://github.com/someone/mirrored")
    git(tmp_path, "config", "url.https://me:TOKEN@proxy.org/.insteadOf", "https://github.com/")
    assert find_repository(tmp_path, {}) == "someone/mirrored"


def test_a_book_inside_of_another_repository_has_not_its_address(tmp_path):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "https://github.com/someone/notes")
    (tmp_path / "book").mkdir()
    assert find_repository(tmp_path / "book", {}) is None


def test_github_actions_comes_before_the_remote(tmp_path):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "https://github.com/someone/fork")
    actions = {"GITHUB_REPOSITORY": "someone/original", "GITHUB_SERVER_URL": "https://github.com"}
    assert find_repository(tmp_path, actions) == "someone/original"
    elsewhere = {**actions, "GITHUB_SERVER_URL": "https://git.example.org"}
    assert find_repository(tmp_path, elsewhere) is None
    for odd in ("", "https://me:TOKEN@github.com/someone/original", "original"):
        assert find_repository(tmp_path, {"GITHUB_REPOSITORY": odd}) == "someone/fork"


def test_without_git_there_is_no_address(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_repository(tmp_path, {}) is None
    assert find_branch(tmp_path, {}) == "main"


@pytest.mark.parametrize(
    ("event", "branch"),
    [
        ({"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "trunk"}, "trunk"),
        ({"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "topic/colab"}, "topic/colab"),
        ({"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1.0"}, "v1.0"),
        ({"GITHUB_REF_NAME": "7/merge", "GITHUB_HEAD_REF": "x", "GITHUB_BASE_REF": "dev"}, "dev"),
        ({"GITHUB_REF_NAME": "trunk", "GITHUB_HEAD_REF": "", "GITHUB_BASE_REF": ""}, "trunk"),
        ({}, "main"),
    ],
)
def test_in_github_actions_the_branch_is_the_one_that_is_built(tmp_path, event, branch):
    assert find_branch(tmp_path, event) == branch


@pytest.fixture
def clone(tmp_path):
    """Make a clone that has all of a repository's branches, and knows no default one."""
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    git(there, "init", "--quiet", "--initial-branch=develop")
    for branch in ("develop", "topic/colab", "main"):
        git(there, "checkout", "--quiet", "-B", branch)
        commit(there, branch)
    git(there, "checkout", "--quiet", "develop")
    git(tmp_path, "clone", "--quiet", str(there), str(here))
    git(here, "remote", "set-url", "origin", "git@github.com:someone/a-book.git")
    git(here, "remote", "set-head", "origin", "--delete")
    return here


def test_the_branch_is_the_one_checked_out(clone):
    assert find_branch(clone, {}) == "develop"
    git(clone, "checkout", "--quiet", "--no-track", "-b", "topic/colab", "origin/topic/colab")
    commit(clone, "not pushed")
    assert find_branch(clone, {}) == "topic/colab"


def test_the_branch_has_the_name_that_it_has_on_github(clone):
    git(clone, "checkout", "--quiet", "-b", "mine", "--track", "origin/topic/colab")
    commit(clone, "not pushed")
    assert find_branch(clone, {}) == "topic/colab"


def test_the_branch_of_another_remote_does_not_count(clone):
    git(clone, "remote", "rename", "origin", "upstream")
    assert find_branch(clone, {}) == "develop"
    git(clone, "remote", "add", "origin", "https://gitlab.com/someone/a-book")
    git(clone, "update-ref", "refs/remotes/origin/elsewhere", "HEAD")
    git(clone, "branch", "--quiet", "--set-upstream-to=origin/elsewhere")
    assert find_branch(clone, {}) == "develop"


@pytest.mark.parametrize("branch", ["develop", "topic/colab", "main"])
def test_a_detached_head_is_on_the_branch_that_points_there(clone, branch):
    git(clone, "checkout", "--quiet", "--detach", f"origin/{branch}")
    assert find_branch(clone, {}) == branch


def test_of_several_branches_that_point_there_the_default_one_counts(clone):
    git(clone, "update-ref", "refs/remotes/origin/main", "origin/topic/colab")
    git(clone, "checkout", "--quiet", "--detach", "origin/topic/colab")
    git(clone, "remote", "set-head", "origin", "topic/colab")
    assert find_branch(clone, {}) == "topic/colab"
    git(clone, "remote", "set-head", "origin", "main")
    assert find_branch(clone, {}) == "main"


def test_a_branch_that_is_not_on_github_gives_way_to_the_default_one(clone):
    git(clone, "checkout", "--quiet", "-b", "private")
    commit(clone, "not pushed")
    assert find_branch(clone, {}) == "main"
    git(clone, "remote", "set-head", "origin", "develop")
    assert find_branch(clone, {}) == "develop"
    git(clone, "update-ref", "-d", "refs/remotes/origin/develop")  # a default that is gone
    assert find_branch(clone, {}) == "main"


def test_the_only_branch_counts_whatever_its_name(clone):
    for branch in ("topic/colab", "main"):
        git(clone, "update-ref", "-d", f"refs/remotes/origin/{branch}")
    commit(clone, "not pushed")
    git(clone, "checkout", "--quiet", "--detach")
    assert find_branch(clone, {}) == "develop"


def test_a_shallow_clone_of_one_branch_knows_it(clone, tmp_path):
    shallow = tmp_path / "shallow"
    options = ["--quiet", "--depth=1", "--branch=topic/colab"]
    git(tmp_path, "clone", *options, (tmp_path / "there").as_uri(), str(shallow))
    git(shallow, "remote", "set-url", "origin", "https://TOKEN@github.com/someone/a-book")
    assert find_branch(shallow, {}) == "topic/colab"
    git(shallow, "checkout", "--quiet", "--detach")
    assert find_branch(shallow, {}) == "topic/colab"


def test_before_the_first_push_the_branch_is_the_one_checked_out(tmp_path):
    git(tmp_path, "init", "--quiet", "--initial-branch=trunk")
    git(tmp_path, "remote", "add", "origin", "git@github.com:someone/a-book.git")
    assert find_branch(tmp_path, {}) == "trunk"


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


@pytest.mark.slow
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
    assert "git clone https://github.com/someone/book" in without_tags(intro)
    assert "colab.research.google.com" not in "".join(re.findall(r'href="([^"]*)"', intro))


@pytest.mark.slow
def test_a_remote_with_a_token_gives_links_and_the_token_is_nowhere(small_book, tmp_path):
    book = tmp_path / "book"
    shutil.copytree(small_book, book)
    git(book, "init", "--quiet", "--initial-branch=topic/colab")
    address = "https://me:ghp_TOKEN@www.github.com:443/someone/book.git"
    git(book, "remote", "add", "origin", address)
    intro, chapter = build(book, tmp_path)
    assert "https://github.com/someone/book/edit/topic/colab/book/chapter.ipynb" in chapter
    assert "mybinder.org/v2/gh/someone/book/topic/colab?" in chapter
    assert "git clone https://github.com/someone/book" in without_tags(intro)
    built = [path for path in (tmp_path / "_build").rglob("*") if path.is_file()]
    assert len(built) > 100
    assert [path for path in built if b"ghp_TOKEN" in path.read_bytes()] == []


@pytest.mark.slow
def test_a_page_of_a_tag_has_no_button_to_edit_it(small_book, tmp_path):
    environ = {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1.0"}
    _, chapter = build(small_book, tmp_path, GITHUB_REPOSITORY="someone/book", **environ)
    assert "github/someone/book/blob/v1.0/book/chapter.ipynb" in chapter
    assert "/edit/" not in chapter


@pytest.fixture(scope="module")
def without_address(small_book, tmp_path_factory):
    """Build the book without an address; return the folder and the pages."""
    folder = tmp_path_factory.mktemp("without_address")
    return folder, build(small_book, folder)


@pytest.mark.slow
@pytest.mark.parametrize("offline", [False, True], ids=["none", "offline"])
def test_without_an_address_or_a_network_there_is_no_button(
    small_book, without_address, tmp_path, offline
):
    pages = without_address[1]
    if offline:
        pages = build(small_book, tmp_path, OFFLINE="1", GITHUB_REPOSITORY="someone/book")
    intro, chapter = pages
    assert not re.search(r"github\.com|mybinder\.org|colab\.research", intro + chapter)
    assert "no button for Binder or Colab" in without_tags(intro)


@pytest.mark.slow
def test_formulas_need_no_network(without_address):
    folder, (_, chapter) = without_address
    assert re.search(r'src="\.\./_static/mathjax/tex-svg-full\.js', chapter)
    assert (folder / "_build/html/_static/mathjax/tex-svg-full.js").stat().st_size > 10**6
    assert (folder / "_build/html/_static/mathjax/LICENSE").exists()
