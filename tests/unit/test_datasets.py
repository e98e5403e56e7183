"""Data sets: what loads is byte for byte the original, and what is not says so."""

import gzip
import hashlib
import os
import shutil
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

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


@pytest.mark.parametrize("damage", ["truncated", "altered", "reshaped", "flipped", "other", "text"])
def test_a_damaged_package_file_is_an_error(damage, tmp_path, monkeypatch):
    content = datasets.MNIST01_FILE.read_bytes()
    path = tmp_path / "mnist01.npz"
    path.write_bytes(content[:20_000] if damage == "truncated" else content)
    if damage == "altered":
        with np.load(path) as archive:
            images, labels = archive["images"], archive["labels"]
        images[17, 50] ^= 1
        np.savez_compressed(path, images=images, labels=labels)
    elif damage == "reshaped":
        with np.load(path) as archive:
            images, labels = archive["images"], archive["labels"]
        np.savez_compressed(path, images=images.reshape(1000, 196), labels=labels)
    elif damage == "flipped":
        path.write_bytes(content[:30_000] + bytes([content[30_000] ^ 4]) + content[30_001:])
    elif damage == "other":
        np.savez_compressed(path, pictures=np.zeros(3))
    elif damage == "text":
        path.write_text("not an archive")
    monkeypatch.setattr(datasets, "MNIST01_FILE", path)
    with pytest.raises(ValueError, match=r"mnist01\.npz is (damaged|altered).*reinstall"):
        datasets.load_mnist01()


def test_a_missing_package_file_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "MNIST01_FILE", tmp_path / "mnist01.npz")
    with pytest.raises(FileNotFoundError, match=r"mnist01\.npz is missing: reinstall"):
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


# Small files in the place of MNIST's, so that the rest runs without the originals.
IMAGES = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(range(196)) * 8
LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 2, 4, 9])


@pytest.fixture
def small(tmp_path, monkeypatch):
    folder = tmp_path / "originals"
    folder.mkdir()
    checksums = {}
    for name in datasets.MNIST_FILES:
        content = IMAGES if "images" in name else LABELS
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        checksums[name] = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(datasets, "MNIST_FILES", checksums)
    monkeypatch.delenv("RGRBM_DATA", raising=False)
    return folder


def check_small(mnist):
    np.testing.assert_array_equal(mnist.train_images.ravel()[:196], np.arange(196))
    assert mnist.test_images.shape == (2, 784)
    np.testing.assert_array_equal(mnist.test_labels, [4, 9])


def test_the_folder_may_come_from_the_environment(small, monkeypatch):
    monkeypatch.setenv("RGRBM_DATA", str(small))
    check_small(datasets.load_mnist())


def test_a_given_folder_wins_over_the_environment(small, tmp_path, monkeypatch):
    monkeypatch.setenv("RGRBM_DATA", str(tmp_path / "nowhere"))
    check_small(datasets.load_mnist(str(small)))
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
    check_small(datasets.load_mnist(root))
    damaged = next((root / below).glob("train-labels*"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"train-labels.* is truncated or altered"):
        datasets.load_mnist(root)


def test_another_compression_of_the_same_content_is_the_original(small):
    for path in small.iterdir():
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 1, mtime=7))
    check_small(datasets.load_mnist(small))


@pytest.mark.skipif(os.name == "nt", reason="no pipes as on Unix")
def test_what_might_never_end_is_not_read(small, monkeypatch):
    path = small / "train-images-idx3-ubyte.gz"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz must be a regular file"):
        datasets.load_mnist(small)
    path.unlink()
    with open(path, "wb") as file:
        file.truncate(datasets.MOST_BYTES + 1)
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz must be a regular file of"):
        datasets.load_mnist(small)
    monkeypatch.setattr(datasets, "MOST_BYTES", 10**4)
    path.write_bytes(gzip.compress(bytes(10**6)))
    assert len(datasets._unzipped(path.read_bytes())) == 10**4
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz is truncated or altered"):
        datasets.load_mnist(small)


def test_odd_folders_are_named(small, monkeypatch):
    for wrong in ("a\0b", b"x", "~no one of this name"):
        with pytest.raises((ValueError, TypeError), match="folder must"):
            datasets.load_mnist(wrong)
    monkeypatch.setenv("RGRBM_DATA", "~no one of this name")
    with pytest.raises(ValueError, match="RGRBM_DATA must name a folder"):
        datasets.load_mnist()


@pytest.mark.parametrize("damage", [lambda b: b[:-5], lambda b: b[:-1] + b"x", lambda b: b""])
def test_a_damaged_file_is_named(small, damage):
    path = small / "train-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz is truncated or altered"):
        datasets.load_mnist(small)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def mirrors(small, tmp_path, monkeypatch):
    """Serve a broken and a good copy on this machine, and cache below tmp_path."""
    pooch = pytest.importorskip("pooch")
    broken = tmp_path / "broken"
    shutil.copytree(small, broken)
    for path in broken.iterdir():
        path.write_bytes(path.read_bytes()[:-3])
    servers = [
        ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
        for folder in (broken, small)
    ]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    urls = [f"http://127.0.0.1:{server.server_port}/" for server in servers]
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    yield urls
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_broken_mirror_gives_way_to_the_next(mirrors, monkeypatch):
    monkeypatch.setattr(datasets, "MIRRORS", tuple(mirrors))
    check_small(datasets.load_mnist())


def test_a_second_call_needs_no_mirror(mirrors, monkeypatch):
    monkeypatch.setattr(datasets, "MIRRORS", (mirrors[1],))
    datasets.load_mnist()
    monkeypatch.setattr(datasets, "MIRRORS", ("http://127.0.0.1:9/",))
    check_small(datasets.load_mnist())


def test_a_failed_download_leaves_nothing_behind(mirrors, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "MIRRORS", (mirrors[0], "http://127.0.0.1:9/"))
    with pytest.raises(ConnectionError, match=r"could not be downloaded.*RGRBM_DATA") as caught:
        datasets.load_mnist()
    assert mirrors[0] in str(caught.value)
    assert "127.0.0.1:9" in str(caught.value)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


class Dripping(BaseHTTPRequestHandler):
    """Sends a byte now and then, of the head or of the body of its answer."""

    served = 0

    def do_GET(self):
        Dripping.served += 1
        head = b"HTTP/1.0 200 OK\r\nContent-Length: 100000\r\n\r\n"
        self.wfile.write(head[:20] if self.path.startswith("/head") else head)
        try:
            while not self.server.done.wait(0.05):
                self.wfile.write(b"x")
                self.wfile.flush()
        except OSError:  # the other side has hung up
            pass

    def log_message(self, *args):
        pass


@pytest.fixture
def dripping():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    server.done = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.done.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_mirror_that_drips_gives_way_to_the_next(part, dripping, mirrors, monkeypatch, tmp_path):
    assert datasets.SECONDS == 60
    monkeypatch.setattr(datasets, "SECONDS", 0.5)
    monkeypatch.setattr(datasets, "MIRRORS", (f"{dripping}/{part}/",))
    began, served = time.monotonic(), Dripping.served
    with pytest.raises(ConnectionError, match=r"drip|it took more than 0\.5 s"):
        datasets.load_mnist()
    assert time.monotonic() - began < 20
    assert Dripping.served == served + 1
    assert not (tmp_path / "cache").exists()
    monkeypatch.setattr(datasets, "SECONDS", 2.0)  # time enough for a local file
    monkeypatch.setattr(datasets, "MIRRORS", (f"{dripping}/{part}/", mirrors[1]))
    name, checksum = next(iter(datasets.MNIST_FILES.items()))
    assert datasets._download(name, checksum) == IMAGES


def test_a_cache_that_cannot_be_written_costs_a_warning(mirrors, monkeypatch, tmp_path):
    (tmp_path / "cache").write_text("a file, where a folder should be")
    monkeypatch.setattr(datasets, "MIRRORS", (mirrors[1],))
    with pytest.warns(UserWarning, match="could not be kept for the next time"):
        check_small(datasets.load_mnist())


def test_a_damaged_file_in_the_cache_is_fetched_again(mirrors, monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "MIRRORS", (mirrors[1],))
    datasets.load_mnist()
    path = tmp_path / "cache" / "rgrbm" / "train-images-idx3-ubyte.gz"
    path.write_bytes(b"damaged")
    check_small(datasets.load_mnist())
    assert path.read_bytes() != b"damaged"
