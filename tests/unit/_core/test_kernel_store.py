"""A store that fails costs one warning and a compilation, never a result."""

import errno
import os
import shutil
import subprocess
import sys
import textwrap
import warnings

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
    import numpy as np
    from rgrbm.sampler import heat_bath_chain, metropolis_chain
    for sample in (metropolis_chain, heat_bath_chain, metropolis_chain):
        print(sample(64, 8, 1.0, n_sweeps=5, rng=np.random.default_rng(0)).sum())
"""


def start(folder):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SAMPLE)],
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
