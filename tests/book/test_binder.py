"""What Binder does: how it reads this repository, and whether chapters run on what it installs.

The second takes minutes and fetches packages: it runs where RGRBM_BINDER is set, as in
``RGRBM_BINDER=1 .venv/bin/pytest tests/book/test_binder.py``.
"""

import itertools
import os
import shutil
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from notebooks import chapter_paths, executed_with_the_book, run_time

ROOT = Path(__file__).resolve().parents[2]
PYTHON, *PACKAGES = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
EXECUTE = """
import sys
from pathlib import Path
from notebooks import run
failed = run([Path(name).resolve() for name in sys.argv[1:]], lambda *executed: None)
sys.exit(1 if failed else 0)
"""


def quickest_of_each_part():
    """Return a chapter of each part, by the run times that the chapters say."""
    chapters = [path for path in chapter_paths() if path.parent.name != "reference"]
    for _, part in itertools.groupby(chapters, key=lambda path: path.parent):
        yield min(filter(executed_with_the_book, part), key=run_time)


def done(command, **options):
    """Run a command that must succeed, and return what it wrote."""
    ended = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.mark.skipif(not find_spec("repo2docker"), reason="jupyter-repo2docker is not installed")
def test_binder_reads_the_environment_and_runs_postbuild():
    """Have repo2docker write its Dockerfile; only building it would need Docker."""
    dockerfile = done([sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(ROOT)])
    assert f"conda environment for {PYTHON}\n" in dockerfile
    assert '--file "environment.yml"' in dockerfile
    assert "RUN ./postBuild\n" in dockerfile
    assert "will be installed in a separate kernel environment" not in dockerfile


def test_a_chapter_of_each_part_is_tried():
    parts = [path.parent.name[0] for path in quickest_of_each_part()]
    assert parts == ["1", "2", "3", "4", "5", "6", "7", "8"]


@pytest.fixture
def environment(tmp_path):
    """Make an environment with what Binder installs, by pip; return its programs' folder."""
    if "RGRBM_BINDER" not in os.environ:
        pytest.skip("RGRBM_BINDER is not set: this fetches packages, and takes minutes")
    probe = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(tmp_path), "tqdm"]
    if subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("pip cannot fetch packages here")
    programs = tmp_path / "environment" / "bin"
    venv.create(programs.parent, with_pip=True)
    done([programs / "python", "-m", "pip", "install", "--quiet", *PACKAGES])
    yield programs
    shutil.rmtree(programs.parent)  # more than a gigabyte


@pytest.fixture
def copy(tmp_path):
    """Copy the working tree, without what git ignores."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(None, done(listed, cwd=ROOT).split("\0")):
        if (ROOT / name).exists():
            target = tmp_path / "copy" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    return tmp_path / "copy"


def test_a_chapter_of_each_part_runs_on_what_binder_installs(environment, copy):
    ours = ("PYTHON", "JUPYTER", "VIRTUAL_ENV")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environ["PATH"] = f"{environment}:{environ['PATH']}"
    done([copy / "postBuild"], cwd=copy, env=environ)
    chapters = [path.relative_to(ROOT) for path in quickest_of_each_part()]
    assert "{glue" not in "".join((copy / path).read_text("utf-8") for path in chapters)
    environ["PYTHONPATH"] = str(copy / "tools")
    print(done([environment / "python", "-c", EXECUTE, *chapters], cwd=copy, env=environ))
