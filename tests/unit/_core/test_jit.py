"""Stored kernels are those of the sources as they stand."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rgrbm
from rgrbm._core.jit import source_hash

PACKAGE = Path(rgrbm.__file__).parent
SAMPLE = """
import numpy as np
from rgrbm.sampler import metropolis_chain
print(metropolis_chain(64, 8, 1.0, n_sweeps=5, rng=np.random.default_rng(0)).sum())
"""


def sample(root, **changes):
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", SAMPLE],
        env={**environment, "PYTHONPATH": str(root), **changes},
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return int(done.stdout)


def copy_package(root):
    return Path(shutil.copytree(PACKAGE, root / "rgrbm", ignore=lambda *_: {"__pycache__"}))


def stored(folder):
    return sorted(path.name for path in folder.rglob("*.nbi"))


@pytest.mark.slow
def test_an_edit_that_numba_cannot_see_is_seen(tmp_path):
    package = copy_package(tmp_path)
    first = sample(tmp_path)
    assert stored(package / "__pycache__")
    source = package / "sampler" / "_chain_kernels.py"
    status = source.stat()
    text = source.read_text(encoding="utf-8")
    edited = text.replace("word[i] ^= drawn | ~costly", "word[i] ^= drawn & ~costly")
    assert edited != text
    source.write_text(edited, encoding="utf-8")  # as long as before ...
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))  # ... and as old
    assert sample(tmp_path) != first
    source.write_text(text, encoding="utf-8")
    assert sample(tmp_path) == first


def test_what_kernels_include_counts_and_the_rest_does_not(tmp_path):
    package = copy_package(tmp_path)
    before = source_hash(package)
    assert before == source_hash.__wrapped__(package)
    (package / "scan.py").write_text("# another\n", encoding="utf-8")
    assert source_hash.__wrapped__(package) == before
    with (package / "_core" / "counter_rng.py").open("a", encoding="utf-8") as file:
        file.write("# another\n")
    assert source_hash.__wrapped__(package) != before


@pytest.mark.slow
def test_without_a_place_near_the_sources_another_is_taken_or_none(tmp_path):
    package = copy_package(tmp_path)
    (package / "__pycache__").write_text("not a folder")
    home = tmp_path / "home"
    first = sample(tmp_path, HOME=str(home))
    assert stored(home / ".cache" / "rgrbm")
    (tmp_path / "file").write_text("not a folder")
    assert sample(tmp_path, HOME=str(tmp_path / "file")) == first


@pytest.mark.slow
def test_the_users_own_folder_is_used(tmp_path):
    package = copy_package(tmp_path)
    sample(tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "mine"))
    assert stored(tmp_path / "mine")
    assert not stored(package)
