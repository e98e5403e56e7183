"""The first cell of a chapter: on Google Colab it installs what is missing there."""

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType, SimpleNamespace
from urllib.parse import quote

import nbformat
import numpy
import pytest
from notebooks import chapter_paths

ROOT = Path(__file__).resolve().parents[2]
CELL = (ROOT / "book" / "_ext" / "colab_cell.py").read_text(encoding="utf-8").rstrip("\n")
CHAPTER = "https://github.com/someone/a-book/blob/{}/book/4_cases/01_mnist.ipynb"
IN_DRIVE = "fileId=1w6mqQiNV3liPIX70NOgitOlDF1"


@pytest.mark.parametrize("path", chapter_paths(), ids=lambda path: path.stem)
def test_every_chapter_begins_with_the_cell_folded_away(path):
    title, first, *_ = nbformat.read(path, as_version=4).cells
    assert title.cell_type == "markdown"
    assert first.source == CELL, "copy book/_ext/colab_cell.py into the first code cell"
    assert first.metadata == {
        "cellView": "form",  # Colab
        "jupyter": {"source_hidden": True},  # Binder
        "tags": ["remove-cell"],  # the page
    }


def test_elsewhere_the_cell_does_nothing(monkeypatch):
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    monkeypatch.setattr(subprocess, "run", None)
    names = {}
    exec(CELL, names)
    assert set(names) - {"__builtins__"} == {"sys", "ADDRESS"}


def git(folder, *arguments):
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Make a repository: what a chapter finds beside it says from which branch it comes."""
    root = tmp_path_factory.mktemp("published")
    beside = root / "book" / "4_cases" / "beside"
    beside.parent.mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    for branch in ("main", "topic/colab"):
        git(root, "checkout", "--quiet", "-B", branch)
        beside.write_text(branch)
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "--message=x")
    git(root, "tag", "v1.0", "main")
    git(root, "checkout", "--quiet", "main")
    return root


class Sessions(BaseHTTPRequestHandler):
    """What the server of a Colab machine says about the notebook that is open."""

    def do_GET(self):
        if self.path != "/api/sessions":
            return self.send_error(404)
        self.send_response(200)
        self.end_headers()
        answer = [{"path": self.server.opened, "name": "01_mnist.ipynb", "type": "notebook"}]
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *arguments):
        """Say nothing."""


class Colab:
    """A Colab machine with the folder `tmp_path` for /content; git is real, pip is not."""

    def __init__(self, monkeypatch, tmp_path, published):
        self.patch = monkeypatch
        self.cell = CELL.replace("/content/", f"{tmp_path}/")
        self.pip, self.installed, self.numpy, self.restarted = [], False, numpy.__version__, []
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{published}.insteadOf")
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/someone/a-book")
        run = subprocess.run

        def run_git(command, **options):
            if command[0] == "git":
                return run(command, **options)
            assert command[:5] == [sys.executable, "-m", "pip", "install", "-q"]
            self.pip.append(command[5:])
            self.installed = True

        monkeypatch.setattr(subprocess, "run", run_git)
        monkeypatch.setattr("importlib.util.find_spec", lambda name: self.installed or None)
        monkeypatch.setattr("importlib.metadata.version", lambda name: self.numpy)
        kernel = SimpleNamespace(do_shutdown=lambda restart: self.restarted.append(restart))
        monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=kernel))
        monkeypatch.chdir(tmp_path)

    def run(self, opened, copied=None, address=""):
        """Run the cell of a notebook; return what lies beside the chapter."""
        provenance = [{"file_id": "1a", "timestamp": 1}, {"file_id": copied, "timestamp": 0}]
        answer = {"ipynb": {"metadata": {"colab": {"provenance": provenance}}}}
        colab = ModuleType("google.colab")
        # None is what the frontend answers when it does not.
        colab._message = SimpleNamespace(
            blocking_request=lambda what, timeout_sec: answer if copied else None
        )
        self.patch.setitem(sys.modules, "google.colab", colab)
        with HTTPServer(("127.0.0.1", 0), Sessions) as server:
            server.opened = opened
            Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            self.patch.setenv("COLAB_JUPYTER_IP", "127.0.0.1")
            self.patch.setenv("KMP_TARGET_PORT", str(server.server_port))
            try:
                exec(self.cell.replace('ADDRESS = ""', f'ADDRESS = "{address}"'), {})
            finally:
                server.shutdown()
        return Path("beside").read_text()


@pytest.fixture
def colab(monkeypatch, tmp_path, published):
    return Colab(monkeypatch, tmp_path, published)


@pytest.mark.parametrize("branch", ["main", "topic/colab"])
@pytest.mark.parametrize("encode", [str, quote, lambda text: quote(quote(text, safe=""))])
def test_it_installs_from_the_branch_that_was_opened(colab, tmp_path, branch, encode):
    assert colab.run(f"fileId={encode(CHAPTER.format(branch))}") == branch
    assert colab.pip == [[f"{tmp_path}/rgrbm-book", "myst-nb", "threadpoolctl"]]
    assert Path.cwd() == tmp_path / "rgrbm-book" / "book" / "4_cases"


def test_it_takes_a_tag(colab):
    assert colab.run(f"fileId={CHAPTER.format('v1.0')}") == "main"


def test_it_takes_a_commit(colab, published):
    commit = git(published, "rev-parse", "topic/colab")
    assert colab.run(f"fileId={CHAPTER.format(commit)}") == "topic/colab"


def test_a_copy_in_drive_knows_what_it_is_a_copy_of(colab):
    assert colab.run(IN_DRIVE, copied=CHAPTER.format("topic/colab")) == "topic/colab"


def test_what_is_open_counts_more_than_what_it_is_a_copy_of(colab):
    opened = f"fileId={CHAPTER.format('topic/colab')}"
    assert colab.run(opened, copied=CHAPTER.format("main")) == "topic/colab"


def test_where_colab_knows_nothing_the_reader_is_asked(colab):
    with pytest.raises(RuntimeError, match="write its address on GitHub"):
        colab.run(IN_DRIVE)
    assert colab.pip == []
    assert colab.run(IN_DRIVE, address=CHAPTER.format("main")) == "main"


def test_a_machine_that_does_not_answer_is_not_needed(colab):
    colab.cell = colab.cell.replace("KMP_TARGET_PORT", "GONE")
    assert colab.run("", copied=CHAPTER.format("main")) == "main"


def test_the_second_time_it_only_goes_to_the_folder(colab, tmp_path, monkeypatch):
    opened = f"fileId={CHAPTER.format('main')}"
    colab.run(opened)
    (tmp_path / "rgrbm-book" / "mine").touch()
    monkeypatch.chdir(tmp_path)
    assert colab.run(opened) == "main"
    assert len(colab.pip) == 1
    assert (tmp_path / "rgrbm-book" / "mine").exists()


def test_a_download_that_failed_is_made_again(colab, tmp_path):
    (tmp_path / "rgrbm-book" / "half").mkdir(parents=True)
    assert colab.run(f"fileId={CHAPTER.format('main')}") == "main"
    colab.installed = False
    with pytest.raises(subprocess.CalledProcessError):
        colab.run(f"fileId={CHAPTER.format('no-such-branch')}")
    assert len(colab.pip) == 1


def test_python_restarts_if_numpy_was_replaced(colab):
    colab.numpy = "2.99"
    with pytest.raises(SystemExit, match="run all once more"):
        colab.run(f"fileId={CHAPTER.format('main')}")
    assert colab.restarted == [True]
    assert colab.run(f"fileId={CHAPTER.format('main')}") == "main"
    assert len(colab.restarted) == len(colab.pip) == 1
