"""A damaged, full or foreign store costs one warning and a compilation, never a result."""

import errno
import os
import shutil
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numba
import numpy as np
import pytest

from rgrbm._core import jit, kernel_store


def _double(x):
    return 2 * x


def _twice(x):
    return x + x


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A store of its own for each test, and no fault so far."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(kernel_store, "_faults", [])
    return tmp_path / f"kernels-{jit.source_hash(jit.PACKAGE)}"


def kernel(function=_double):
    return jit.compiled(function)


def stored(folder):
    return sorted(folder.glob("*.nbc"))


def hits(of):
    return sum(of.stats.cache_hits.values())


@pytest.fixture
def file(folder):
    assert kernel()(1.5) == 3.0
    [path] = stored(folder)
    again = kernel()
    assert again(1.5) == 3.0
    assert hits(again) == 1
    return path


def empty(path):
    path.write_bytes(b"")


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def noise(path):
    path.write_bytes(np.random.default_rng(0).bytes(5000))


def one_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def folder_instead(path):
    path.unlink()
    (path / "within").mkdir(parents=True)


def pipe_instead(path):
    path.unlink()
    os.mkfifo(path)


def of_another_kernel(path):
    other = kernel(_twice)
    assert other(1.5) == 3.0
    [source] = [file for file in stored(path.parent) if file != path]
    shutil.copy(source, path)


def pickle_of_another(path):  # whole, but not what numba expects
    content = b"cos\nsystem\n."
    path.write_bytes(kernel_store._checksum(path, content) + content)


DAMAGES = [
    empty, cut, noise, one_bit, folder_instead, pipe_instead, of_another_kernel, pickle_of_another
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_costs_one_warning_and_is_replaced(file, damage):
    damage(file)
    once = kernel()
    with pytest.warns(UserWarning, match=f"(?s){file.name}.*changes no result") as caught:
        assert once(1.5) == 3.0
    assert len(caught) == 1
    assert hits(once) == 0
    assert kernel()(1.5) == 3.0, "without another warning"
    if damage is not folder_instead:
        again = kernel()
        assert again(1.5) == 3.0
        assert hits(again) == 1, "the file was replaced"
    assert not [path for path in file.parent.iterdir() if path.suffix == ".tmp"]


def test_wherever_a_file_is_cut_it_is_not_loaded(file):
    content = file.read_bytes()
    store = kernel()._cache
    context = kernel().targetctx
    signature = (numba.float64,)
    assert store._path(signature, context.codegen()) == file
    for length in range(0, len(content), 100):
        file.write_bytes(content[:length])
        assert store.load_overload(signature, context) is None
    file.write_bytes(content)
    assert store.load_overload(signature, context) is not None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS])
def test_where_nothing_can_be_written_the_kernel_is_right(folder, monkeypatch, number):
    def full(path, write):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(kernel_store, "replace_file", full)
    with pytest.warns(UserWarning, match=os.strerror(number)):
        assert kernel()(1.5) == 3.0
    assert kernel(_twice)(1.5) == 3.0, "without another warning"
    assert stored(folder) == []


def test_what_belongs_to_another_user_is_neither_loaded_nor_written_to(file, folder, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 12345, raising=False)
    store = kernel_store.KernelStore(folder, f"{__name__}._double")
    context = kernel().targetctx
    assert store._path((numba.float64,), context.codegen()) == file
    assert store.load_overload((numba.float64,), context) is None
    assert "another user" in str(kernel_store._faults)
    jit._first_of_ours.cache_clear()
    assert jit._first_of_ours(folder) is None
    jit._first_of_ours.cache_clear()


def test_what_cannot_be_read_is_compiled(file, monkeypatch):
    def refused(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.warns(UserWarning, match="Permission denied"):
        assert kernel()(1.5) == 3.0


def test_a_folder_that_is_removed_comes_back(file, folder):
    other = kernel(_twice)
    shutil.rmtree(folder)
    assert other(1.5) == 3.0
    assert len(stored(folder)) == 1


def test_a_filter_that_makes_an_error_of_the_warning_breaks_no_kernel(file):
    inner = kernel()
    outer = jit.compiled(lambda x: inner(x) + 1)
    empty(file)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match=file.name):
            outer(1.5)
        assert outer(1.5) == 4.0
        assert inner(1.5) == 3.0


def test_kernels_that_differ_in_anything_have_files_of_their_own(folder):
    one = kernel()
    assert (one(1.5), one(2)) == (3.0, 4)
    assert one(np.arange(2)).tolist() == [0, 2]
    readonly = np.arange(2)
    readonly.flags.writeable = False
    assert one(readonly).tolist() == [0, 2]
    assert kernel(_twice)(1.5) == 3.0
    assert jit.compiled(_double, name="other", fastmath=True)(1.5) == 3.0
    assert len(stored(folder)) == 6


SAMPLE = """
    import sys
    import numpy as np
    from rgrbm.sampler import heat_bath_chain, metropolis_chain
    if "full" in sys.argv:
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    for sample in (metropolis_chain, heat_bath_chain, metropolis_chain):
        print(sample(64, 8, 1.0, n_sweeps=5, rng=np.random.default_rng(0)).sum())
"""


def start(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SAMPLE), *arguments],
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_all_files_damaged_give_one_warning_and_the_same_samples(tmp_path, folder):
    expected, errors = start(tmp_path).communicate()
    assert errors == ""
    assert len(stored(folder)) == 2
    for path in stored(folder):
        empty(path)
    samples, errors = start(tmp_path).communicate()
    assert samples == expected
    assert errors.count("UserWarning") == 1
    assert any(str(path) in errors for path in stored(folder))
    assert start(tmp_path).communicate() == (expected, "")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs the resource limits of POSIX")
def test_a_full_disk_gives_one_warning_and_the_same_samples(tmp_path, folder):
    samples, errors = start(tmp_path, "full").communicate()
    assert errors.count("UserWarning") == 1
    assert "File too large" in errors
    assert list(folder.iterdir()) == []
    assert start(tmp_path).communicate() == (samples, "")


@pytest.mark.slow
def test_two_processes_may_compile_at_once(tmp_path):
    pair = [start(tmp_path) for _ in range(2)]
    first, second = (process.communicate() for process in pair)
    assert first == second == start(tmp_path).communicate()
    assert first[1] == ""
