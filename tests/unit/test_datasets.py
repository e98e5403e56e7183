"""Data sets: what loads is byte for byte the original, and what is not says so."""

import gzip
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from small_mnist import check_small_mnist, use_small_mnist

from rgrbm import datasets


@pytest.fixture
def mnist_folder():
    folder = os.environ.get("RGRBM_DATA")
    if not folder:
        pytest.skip("RGRBM_DATA does not name a folder with the four original files of MNIST")
    return Path(folder)


def test_mnist01_is_a_thousand_zeros_and_a_thousand_ones():
    images, labels = datasets.load_mnist01()
    assert images.shape == (2000, 784)
    assert images.dtype == labels.dtype == np.uint8
    assert set(np.unique(images)) == {0, 1}
    np.testing.assert_array_equal(labels, np.repeat([0, 1], 1000))
    # A handwritten zero has a hole in the middle, a one has ink there.
    centre = images.reshape(2000, 28, 28)[:, 13:15, 13:15].mean(axis=(1, 2))
    assert centre[:1000].mean() < 0.1 < 0.8 < centre[1000:].mean()


def test_each_call_gives_fresh_arrays():
    images, labels = datasets.load_mnist01()
    images[:], labels[:] = 0, 7
    images, labels = datasets.load_mnist01()
    assert images.any()
    assert labels.max() == 1


def test_mnist01_is_what_the_full_set_says(mnist_folder):
    images, labels = datasets.load_mnist01()
    full = datasets.load_mnist(mnist_folder)
    for digit in (0, 1):
        chosen = full.train_images[full.train_labels == digit][:1000]
        np.testing.assert_array_equal(images[labels == digit], chosen > 127)


def test_an_altered_package_file_is_an_error(tmp_path, monkeypatch):
    path = tmp_path / "mnist01.npz"
    images, labels = datasets.load_mnist01()
    images[17, 50] ^= 1
    np.savez_compressed(path, images=np.packbits(images, axis=1), labels=labels)
    monkeypatch.setattr(datasets, "MNIST01_FILE", path)
    with pytest.raises(ValueError, match=r"mnist01\.npz is truncated or altered.*reinstall"):
        datasets.load_mnist01()


def test_a_missing_package_file_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "MNIST01_FILE", tmp_path / "mnist01.npz")
    with pytest.raises(FileNotFoundError, match=r"mnist01\.npz is missing .*: reinstall"):
        datasets.load_mnist01()


def test_the_full_set_loads_from_a_folder(mnist_folder):
    mnist = datasets.load_mnist()
    assert mnist.train_images.shape == (60_000, 784)
    assert mnist.test_images.shape == (10_000, 784)
    assert mnist.train_images.dtype == np.uint8
    assert mnist.train_images.max() == 255
    np.testing.assert_array_equal(mnist.train_labels[:10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    np.testing.assert_array_equal(np.bincount(mnist.test_labels)[:2], [980, 1135])
    mnist.train_images[0] = 0  # the arrays belong to the caller


@pytest.fixture
def small(tmp_path, monkeypatch):
    return use_small_mnist(tmp_path / "originals", monkeypatch)


def test_the_folder_may_come_from_the_environment(small, monkeypatch):
    monkeypatch.setenv("RGRBM_DATA", str(small))
    check_small_mnist(datasets.load_mnist())


def test_a_given_folder_wins_over_the_environment(small, tmp_path, monkeypatch):
    monkeypatch.setenv("RGRBM_DATA", str(tmp_path / "nowhere"))
    check_small_mnist(datasets.load_mnist(str(small)))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        datasets.load_mnist()


def test_a_missing_file_is_named(small):
    (small / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"t10k-labels-idx1-ubyte\.gz is missing.*: put"):
        datasets.load_mnist(small)


def test_what_is_no_folder_is_refused(small):
    with pytest.raises(TypeError, match="folder must be a path, got 3"):
        datasets.load_mnist(3)
    with pytest.raises(ValueError, match="folder must name a file or folder"):
        datasets.load_mnist("")
    name = "t10k-labels-idx1-ubyte.gz"
    (small / name).unlink()
    (small / name).mkdir()
    with pytest.raises(FileNotFoundError, match=f"{name} is missing or no readable file"):
        datasets.load_mnist(small)


def unzip(folder, rename):
    for path in list(folder.glob("*.gz")):
        (folder / rename(path.name)).write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


@pytest.mark.parametrize("below", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name.removesuffix(".gz"),
        lambda name: name.removesuffix(".gz").replace("-idx", ".idx"),
        None,
    ],
    ids=["plain", "dots", "zipped"],
)
def test_files_may_be_unzipped_and_as_torchvision_has_them(small, tmp_path, below, rename):
    root = tmp_path / "root"
    shutil.copytree(small, root / below)
    if rename:
        unzip(root / below, rename)
    check_small_mnist(datasets.load_mnist(root))
    damaged = next((root / below).glob("train-labels*"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"train-labels.* is truncated or altered"):
        datasets.load_mnist(root)


def test_another_compression_of_the_same_content_is_the_original(small):
    for path in small.iterdir():
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 1, mtime=7))
    check_small_mnist(datasets.load_mnist(small))


def test_odd_folders_are_named(small, monkeypatch):
    for wrong in ("a\0b", b"x", "~no one of this name"):
        with pytest.raises((ValueError, TypeError), match="folder must"):
            datasets.load_mnist(wrong)
    monkeypatch.setenv("RGRBM_DATA", "~no one of this name")
    with pytest.raises(ValueError, match="RGRBM_DATA must name a folder"):
        datasets.load_mnist()
