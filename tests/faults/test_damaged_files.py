"""Damaged, foreign and odd files: the right content or an error with the path, and nothing else."""

import gzip
import io
import os
import pickle
import shutil
import struct
import tracemalloc
import warnings
import zipfile
from functools import cache
from typing import NamedTuple

import numba
import numpy as np
import pytest
from small_mnist import use_small_mnist

from rgrbm import datasets
from rgrbm._core import jit, kernel_store
from rgrbm.chapters import store_result
from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM, train


class File(NamedTuple):
    """A good file, and how it is read: what comes back can be compared."""

    path: object
    read: object


def machine(folder, patch, kind=BernoulliRBM):
    path = folder / "machine"
    kind(4, 3, rng=np.random.default_rng(0)).save(path)
    return File(path, lambda: kind.load(path).to_vector().tobytes())


def gaussian_machine(folder, patch):
    return machine(folder, patch, GaussianBernoulliRBM)


def checkpoint(folder, patch):
    path = folder / "run"
    data = np.random.default_rng(0).integers(0, 2, (6, 5))
    watch = {"mean": lambda rbm, rng: rbm.weights.mean()}

    def run():
        rng = np.random.default_rng(1)
        rbm = BernoulliRBM(5, 3, rng=rng)
        start = rbm.to_vector()
        try:
            history = train(
                rbm, data, n_epochs=4, learning_rate=0.1, method="pcd", momentum=0.5, rng=rng,
                monitors=watch, checkpoint=path,
            )  # fmt: skip
        except (ValueError, OSError):
            assert np.array_equal(rbm.to_vector(), start), "the machine was changed"
            raise
        return rbm.to_vector().tobytes() + history.monitors["mean"].tobytes()

    run()
    return File(path, run)


def images(folder, patch, name="train-images-idx3-ubyte.gz"):
    originals = use_small_mnist(folder / "originals", patch)
    return File(
        originals / name,
        lambda: b"".join(part.tobytes() for part in datasets.load_mnist(originals)),
    )


def labels(folder, patch):
    return images(folder, patch, "t10k-labels-idx1-ubyte.gz")


def package_file(folder, patch):
    path = shutil.copy(datasets.MNIST01_FILE, folder / "mnist01.npz")
    patch.setattr(datasets, "MNIST01_FILE", path)
    return File(path, lambda: b"".join(part.tobytes() for part in datasets.load_mnist01()))


def kernel(folder, patch):
    patch.setattr(numba.config, "CACHE_DIR", str(folder))
    patch.setattr(kernel_store, "_faults", [])
    compiled = jit.compiled(_double)
    assert compiled(1.5) == 3.0
    [path] = folder.rglob("*.nbc")

    def read():
        kernel_store._faults.clear()
        if compiled._cache.load_overload((numba.float64,), compiled.targetctx) is None:
            [(path, fault)] = kernel_store._faults
            raise ValueError(f"{path}: {fault!r}")

    return File(path, read)


def _double(x):
    return 2 * x


def _twice(x):
    return x + x


KINDS = [machine, gaussian_machine, checkpoint, images, labels, package_file, kernel]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def file(request, tmp_path, monkeypatch):
    return request.param(tmp_path, monkeypatch)


def refuse(file, *errors):
    with pytest.raises(errors) as caught:
        file.read()
    assert str(file.path) in str(caught.value)
    return caught.value


def content_or_error(file):
    try:
        return file.read()
    except ValueError as error:
        return error


def flipped(content, n_places):
    """Copies of a file with one wrong bit each, at places drawn once and for all."""
    rng = np.random.default_rng(0)
    for place in rng.integers(len(content), size=n_places):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.integers(8)
        yield bytes(damaged)


def cut(content):
    return [content[:length] for length in np.linspace(0, len(content) - 1, 50).astype(int)]


def test_wherever_a_file_is_cut_it_is_refused(file):
    for damaged in cut(file.path.read_bytes()):
        file.path.write_bytes(damaged)
        refuse(file, ValueError)


def test_a_wrong_bit_is_found_or_changes_nothing(file):
    right, n_refused = file.read(), 0
    for damaged in flipped(file.path.read_bytes(), 200):
        file.path.write_bytes(damaged)
        found = content_or_error(file)
        if found != right:
            assert str(file.path) in str(found)
            n_refused += 1
    assert n_refused > 50, "the others are in what a format carries and no one reads"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_file_of_another_kind_is_refused(kind, tmp_path, monkeypatch):
    others = [other for other in KINDS if other is not kind]
    contents = []
    for other in [*others, kind]:
        (tmp_path / other.__name__).mkdir()
        file = other(tmp_path / other.__name__, monkeypatch)
        contents.append(file.path.read_bytes())
    for content in contents[:-1]:
        file.path.write_bytes(content)
        refuse(file, ValueError)


class Payload:
    """What pickle would run."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


def npz(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def foreign():
    """Files that others wrote, some of which would run code if they were trusted."""
    objects = np.array([Payload()], dtype=object)
    array = io.BytesIO()
    np.save(array, objects)
    names = ["kind", "version", "checksum", "weights", "run", "images", "labels"]
    return [
        b"",
        b"some text\n",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"PK\x03\x04" + bytes(100),
        b"\x1f\x8b\x08" + bytes(100),
        array.getvalue(),
        pickle.dumps(Payload()),
        npz(),
        npz(x=np.ones(3)),
        *(npz(**{name: objects}) for name in names),
        npz(**dict.fromkeys(names, objects)),
    ]


def test_foreign_files_are_refused_and_never_executed(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(os.listdir())
    for content in foreign():
        file.path.write_bytes(content)
        refuse(file, ValueError)
    assert sorted(os.listdir()) == before


def folder_instead(path):
    path.mkdir()


def pipe_instead(path):
    os.mkfifo(path)


def loop_instead(path):
    path.symlink_to(path)


def device_instead(path):
    path.symlink_to("/dev/zero")


def huge_instead(path):
    with open(path, "wb") as file:
        file.truncate(2**42)  # takes no room on the disk


ODD = [folder_instead, pipe_instead, loop_instead, device_instead, huge_instead]


@pytest.mark.parametrize("instead", ODD, ids=lambda odd: odd.__name__)
def test_what_is_no_file_or_never_ends_is_refused(file, instead):
    file.path.unlink()
    instead(file.path)
    error = refuse(file, ValueError, OSError)
    assert "MemoryError" not in str(error)


ZEROS = bytes(2**25)


@cache
def bombs():
    """Small files that hold many zeros; one says in its directory that they are few."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weights.npy", ZEROS)
    honest = content.getvalue()
    lying = bytearray(honest)
    struct.pack_into("<I", lying, lying.rindex(b"PK\x01\x02") + 24, 1000)
    return [honest, bytes(lying), gzip.compress(ZEROS)]


def test_a_bomb_is_not_unpacked(file, monkeypatch):
    monkeypatch.setattr(datasets, "MOST_BYTES", 2**20)
    for bomb in bombs():
        file.path.write_bytes(bomb)
        tracemalloc.start()
        refuse(file, ValueError)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < len(ZEROS) / 8


def test_a_stored_result_is_right_or_an_error_of_numpy(tmp_path, monkeypatch):
    """Chapters read it with `numpy.load`, by the names of its arrays."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "result.npz"
    couplings = np.random.default_rng(0).normal(size=20)
    store_result(path, couplings=couplings, sizes=np.arange(5))
    content = path.read_bytes()
    found = []
    for damaged in [content, *flipped(content, 200), *cut(content), *foreign()]:
        path.write_bytes(damaged)
        try:
            with open(path, "rb") as file, np.load(file) as stored:
                found.append(stored["couplings"].tobytes())
        except Exception:  # they are of many kinds
            found.append("refused")
    assert found[0] == couplings.tobytes()
    assert set(found[:201]) == {couplings.tobytes(), "refused"}
    assert set(found[201:]) == {"refused"}
    assert os.listdir() == [path.name], "nothing was executed"


def empty(path):
    path.write_bytes(b"")


def noise(path):
    path.write_bytes(np.random.default_rng(0).bytes(5000))


def of_another_kernel(path):
    assert jit.compiled(_twice)(1.5) == 3.0
    [source] = [file for file in path.parent.glob("*.nbc") if file != path]
    shutil.copy(source, path)


def pickle_of_another(path):
    """Whole, with its checksum, but not what numba expects."""
    content = pickle.dumps(print)
    path.write_bytes(kernel_store._checksum(path, content) + content)


def replaced_by(instead):
    def damage(path):
        path.unlink()
        instead(path)

    damage.__name__ = instead.__name__
    return damage


@pytest.mark.parametrize(
    "damage",
    [empty, noise, of_another_kernel, pickle_of_another, *map(replaced_by, ODD[:3])],
    ids=lambda damage: damage.__name__,
)
def test_a_damaged_kernel_costs_one_warning_and_is_replaced(damage, tmp_path, monkeypatch):
    path = kernel(tmp_path, monkeypatch).path
    damage(path)
    once = jit.compiled(_double)
    with pytest.warns(UserWarning, match=f"(?s){path.name}.*changes no result") as caught:
        assert once(1.5) == 3.0
    assert len(caught) == 1
    assert not once.stats.cache_hits
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = jit.compiled(_double)
        assert again(1.5) == 3.0, "without another warning"
    odd = damage.__name__ in ("folder_instead", "pipe_instead")  # no file takes their place
    assert sum(again.stats.cache_hits.values()) == (0 if odd else 1)
    assert not list(path.parent.glob(".*"))
