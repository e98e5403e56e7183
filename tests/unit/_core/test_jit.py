"""Stored kernels are those of the sources as they stand; Ctrl-C leaves kernels whole."""

import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from threading import Thread, current_thread, main_thread

import numba.core.event
import pytest

import rgrbm
from rgrbm._core import jit
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
        [sys.executable, "-B", "-c", SAMPLE],  # what Python itself keeps would hide an edit
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
    return sorted(path.name for path in folder.rglob("*.nbc"))


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


class Listener(numba.core.event.Listener):
    """Calls a function when numba begins to compile."""

    def __init__(self, function):
        self.function = function

    def on_start(self, event):
        self.function()

    def on_end(self, event):
        pass


@pytest.fixture
def own_store(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))


def test_ctrl_c_breaks_off_the_waiting_for_a_kernel_and_not_its_compilation(own_store):
    kernel = jit.compiled(lambda x: x + 1)
    end = []

    def interrupt():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)
        end.append(current_thread())

    with numba.core.event.install_listener("numba:compile", Listener(interrupt)):
        with pytest.raises(KeyboardInterrupt):
            kernel(1)
        assert end == [], "not heard at the end"
        assert kernel(1) == 2
    [thread] = end
    assert thread is not main_thread()
    assert kernel.stats.cache_misses.total() == 1


def test_a_user_without_a_home_has_kernels_all_the_same(monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert jit._bases() == [jit.PACKAGE / "__pycache__"]
    monkeypatch.undo()
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    assert jit._bases()[1:] == [Path("~/.cache/rgrbm").expanduser()]


def test_an_error_in_a_compilation_arrives(own_store):
    kernel = jit.compiled(lambda x: x.nothing)
    for _ in range(2):
        with pytest.raises(numba.core.errors.TypingError, match="nothing"):
            kernel(1)


def test_without_another_thread_a_kernel_is_compiled_in_this_one(own_store, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    kernel = jit.compiled(lambda x: x + 1)
    assert kernel(1) == 2


def test_kernels_call_each_other_from_any_thread(own_store):
    inner = jit.compiled(lambda x: x + 1)
    outer = jit.compiled(lambda x: 2 * inner(x))
    results = []
    threads = [Thread(target=lambda: results.append(outer(1))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [4] * 4


INTERRUPTED = """
    import numpy as np
    from rgrbm import sampler

    print("ready", flush=True)
    while True:
        try:
            spins = sampler.metropolis_chain(64, 8, 1.0, n_sweeps=5, rng=np.random.default_rng(0))
            break
        except KeyboardInterrupt:
            print("heard", flush=True)
    try:
        print(spins.sum(), flush=True)
    except KeyboardInterrupt:
        print(spins.sum(), flush=True)
"""


@pytest.fixture(scope="module")
def expected():
    return sample(Path(rgrbm.__file__).parents[1])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_ctrl_c_at_any_moment_of_the_first_call_leaves_the_library_whole(tmp_path, seed, expected):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(INTERRUPTED)],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(random.Random(seed).uniform(0, 1.5))
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    if process.returncode == -signal.SIGINT:
        pytest.skip("it was over before")
    assert errors == ""
    assert output.split()[-1] == str(expected)
