"""Disks that are full or read-only, and files of others: what was there stays, and nothing half."""

import errno
import gzip
import os
import re
import resource
import shutil
import stat
import subprocess
import tempfile
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

import numba
import numpy as np
import pytest
from small_mnist import CONTENTS, check_small_mnist
from store_chapters import replace

from rgrbm import datasets
from rgrbm._core import jit, kernel_store
from rgrbm.chapters import store_result
from rgrbm.rbm import BernoulliRBM, train

NOBODY = 65534


@contextmanager
def as_nobody():
    """Be a user to whom permissions apply."""
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(NOBODY)
        yield
    finally:
        if root:
            os.seteuid(0)


@contextmanager
def full(folder):
    with open(folder / "filler", "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    os.unlink(file.name)


@contextmanager
def limited(folder):
    """Let no file have more than 20 bytes: for the process that is as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only(folder):
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", folder], check=True)


@contextmanager
def forbidden(folder):
    folders = [folder, *filter(Path.is_dir, folder.rglob("*"))]
    for each in folders:
        each.chmod(0o555)
    with as_nobody():
        yield
    for each in folders:
        each.chmod(0o755)


ERRORS = {full: "ENOSPC", limited: "EFBIG", read_only: "EROFS", forbidden: "EACCES"}


class Disk:
    """A folder, and how to have nothing more written to it."""

    def __init__(self, folder, close):
        self.folder, self.close = folder, close
        self.error = os.strerror(getattr(errno, ERRORS[close]))

    @contextmanager
    def closed(self):
        before = self.files()
        with self.close(self.folder):
            yield
        assert self.files() == before, "all is as it was, and nothing is left"

    def files(self):
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture(params=ERRORS, ids=lambda close: close.__name__)
def disk(request):
    folder = Path(tempfile.mkdtemp())  # where others may look, unlike in pytest's own
    folder.chmod(0o755)
    mounted = request.param in (full, read_only)
    if mounted:
        command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder]
        if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
            folder.rmdir()
            pytest.skip("no small disk can be mounted: root can, on Linux")
    yield Disk(folder, request.param)
    if mounted:
        subprocess.run(["umount", folder], check=True)
    shutil.rmtree(folder)


def machine(path, seed):
    BernoulliRBM(40, 30, rng=np.random.default_rng(seed)).save(path)


def result(path, seed):
    store_result(path, values=np.random.default_rng(seed).random(1000))


def chapter(path, seed):
    replace(path, np.random.default_rng(seed).bytes(10_000))


@pytest.mark.parametrize("write", [machine, result, chapter])
def test_what_was_there_stays_and_the_error_has_the_path(disk, write):
    path = disk.folder / "file"
    for seed in range(2):  # a new file, and one that is there
        with disk.closed(), pytest.raises(OSError, match=f"{disk.error}.*{path}"):
            write(path, seed)
        write(path, seed)
    (disk.folder / "file").unlink()


def device(path):
    """Make one that is always full, as /dev/full is."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 7))
    except PermissionError:
        pytest.skip("root makes devices, where the system lets it")


@pytest.mark.parametrize("write", [machine, result, chapter])
@pytest.mark.parametrize("instead", [os.mkdir, os.mkfifo, device], ids=["folder", "pipe", "device"])
def test_what_is_no_file_is_not_replaced(tmp_path, write, instead):
    path = tmp_path / "path"
    instead(path)
    kind = stat.S_IFMT(path.stat().st_mode)
    with pytest.raises((OSError, ValueError), match=re.escape(str(path))):
        write(path, 0)
    assert stat.S_IFMT(path.stat().st_mode) == kind
    assert list(tmp_path.iterdir()) == [path]


def run(path, n_epochs, rbm):
    rng = np.random.default_rng(1)
    data = rng.integers(0, 2, (10, 40))
    train(rbm, data, n_epochs=n_epochs, learning_rate=0.1, rng=rng, checkpoint=path,
          checkpoint_every=2)  # fmt: skip


def test_a_training_goes_on_when_there_is_room_again(disk, tmp_path):
    start = BernoulliRBM(40, 30, rng=np.random.default_rng(0))
    machines = [start.copy() for _ in range(7)]
    for n_epochs, rbm in enumerate(machines[1:], 1):
        run(tmp_path / str(n_epochs), n_epochs, rbm)
    path = disk.folder / "run"
    for saved, failed in ((None, 2), (2, 4)):
        if saved:
            run(path, saved, start.copy())
        rbm = start.copy()
        with disk.closed(), pytest.raises(OSError, match=f"{disk.error}.*{path}"):
            run(path, 6, rbm)
        assert np.array_equal(rbm.to_vector(), machines[failed].to_vector()), "the last epoch's"
    rbm = start.copy()
    run(path, 6, rbm)
    assert np.array_equal(rbm.to_vector(), machines[6].to_vector())


@pytest.fixture
def downloads(originals, disk, monkeypatch):
    """Have a mirror, and the disk for what comes from it."""
    zipped = {f"{name}.gz": gzip.compress(content) for name, content in CONTENTS.items()}
    monkeypatch.setattr(datasets, "_fetch", lambda url: zipped[url.rsplit("/", 1)[1]])
    monkeypatch.setattr(pytest.importorskip("pooch"), "os_cache", disk.folder.joinpath)
    return disk.folder / "rgrbm"


def test_data_that_cannot_be_kept_are_right_and_cost_a_warning(disk, downloads):
    with disk.closed():
        with pytest.warns(UserWarning, match="could not be kept for the next time") as caught:
            check_small_mnist(datasets.load_mnist())
        assert len(caught) == 4
        for warning, name in zip(caught, CONTENTS, strict=True):
            assert f"{downloads / name}.gz" in str(warning.message)
            assert disk.error in str(warning.message)
    check_small_mnist(datasets.load_mnist())
    with disk.closed():
        check_small_mnist(datasets.load_mnist())
    assert len(disk.files()) == 4


def _double(x):
    return 2 * x


def _twice(x):
    return x + x


def _thrice(x):
    return 3 * x


@pytest.fixture
def store(disk, monkeypatch):
    """Have the disk for kernels, and no fault so far."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(disk.folder))
    monkeypatch.setattr(kernel_store, "_faults", [])
    jit._first_of_ours.cache_clear()


def n_loaded(kernel):
    return sum(kernel.stats.cache_hits.values())


def test_kernels_that_cannot_be_kept_are_right_and_cost_one_warning(disk, store):
    assert jit.compiled(_double)(1.5) == 3.0
    with disk.closed():
        kept = jit.compiled(_double)
        assert kept(1.5) == 3.0
        assert n_loaded(kept) == 1, "what was kept is of use"
        match = f"(?s){disk.folder}.*_twice.*{disk.error}.*changes no result"
        with pytest.warns(UserWarning, match=match):
            assert jit.compiled(_twice)(1.5) == 3.0
        assert jit.compiled(_thrice)(1.5) == 4.5, "without another warning"
    assert jit.compiled(_twice)(1.5) == 3.0
    assert len(disk.files()) == 2


def test_without_a_store_from_the_start_kernels_are_right(disk, store):
    assert numba.njit(_double)(1.5) == 3.0  # imports what nobody might not be allowed to
    with disk.closed(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert jit.compiled(_double)(1.5) == 3.0
        assert jit.compiled(_twice)(1.5) == 3.0
    seen_beforehand = disk.close in (read_only, forbidden)
    assert len(caught) == (0 if seen_beforehand else 1)


@contextmanager
def unreadable(path):
    mode = path.stat().st_mode
    path.chmod(0)
    with as_nobody():
        yield
    path.chmod(mode)


@pytest.fixture
def open_folder():
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def test_what_may_not_be_read_is_an_error_with_the_path(open_folder):
    path = open_folder / "file"
    machine(path, 0)
    with unreadable(path), pytest.raises(PermissionError, match=re.escape(str(path))):
        BernoulliRBM.load(path)
    path.unlink()
    run(path, 1, rbm := BernoulliRBM(40, 30, rng=np.random.default_rng(0)))
    before = rbm.to_vector()
    with unreadable(path), pytest.raises(PermissionError, match=re.escape(str(path))):
        run(path, 2, rbm)
    assert np.array_equal(rbm.to_vector(), before)
    with unreadable(open_folder), pytest.raises(FileNotFoundError, match="is missing or no reada"):
        datasets.load_mnist(open_folder)


def test_data_in_a_cache_that_may_not_be_read_are_fetched(open_folder, originals, monkeypatch):
    monkeypatch.setattr(pytest.importorskip("pooch"), "os_cache", open_folder.joinpath)
    monkeypatch.setattr(datasets, "MIRRORS", ("mirror/",))
    monkeypatch.setattr(datasets, "_fetch", lambda url: gzip.compress(CONTENTS[url[7:-3]]))
    check_small_mnist(datasets.load_mnist())
    with unreadable(open_folder / "rgrbm"), pytest.warns(UserWarning, match="Permission denied"):
        check_small_mnist(datasets.load_mnist())


def test_kernels_that_may_not_be_read_are_compiled(open_folder, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(open_folder))
    monkeypatch.setattr(kernel_store, "_faults", [])
    assert jit.compiled(_double)(1.5) == 3.0
    [path] = open_folder.rglob("*.nbc")
    with unreadable(path):
        kernel = jit.compiled(_double)
        with pytest.warns(UserWarning, match=f"{path.name}.*Permission denied") as caught:
            assert kernel(1.5) == 3.0
    assert len(caught) == 1
    assert n_loaded(kernel) == 0
