"""Data sets: handwritten zeros and ones that come with the package, and the whole of MNIST.

The source is Y. LeCun, C. Cortes and C. J. C. Burges, the MNIST database of handwritten digits,
described in LeCun, Bottou, Bengio and Haffner, Proc. IEEE 86, 2278 (1998). The data are under
CC BY-SA 3.0, see ``rgrbm/data/LICENSE``.
"""

import gzip
import hashlib
import os
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rgrbm._core.loading import load

__all__ = ["MNIST", "load_mnist", "load_mnist01"]

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# SHA-256 of the original files, and of the bytes of the arrays in data/mnist01.npz.
MNIST_FILES = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
MNIST01_FILE = files("rgrbm") / "data" / "mnist01.npz"
MNIST01_ARRAYS = {
    "images": ((2000, 98), "2babbea17913f1af45eed7f7045b8cbc92b09a1eac31fcc65e0717699a805e4a"),
    "labels": ((2000,), "320bdf2dd1748ee3f6da73a2a2d67dab64d7cde7683b214fd0cc7688a9070721"),
}


class MNIST(NamedTuple):
    """The four arrays of MNIST; images are rows of 28 x 28 grey levels from 0 to 255."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load_mnist01():
    """Load 2000 binary images of handwritten zeros and ones, which come with the package.

    They are the first 1000 zeros and the first 1000 ones of the MNIST training set. A pixel is
    on where its grey level is above 127.

    Returns
    -------
    images : ndarray of uint8, shape (2000, 784)
        Bits; a row is a 28 x 28 image, row by row from the top left.
    labels : ndarray of uint8, shape (2000,)
        The digits: 1000 times 0, then 1000 times 1. Shuffle before you split.

    Raises
    ------
    FileNotFoundError, ValueError
        If the file of the package is missing, or is not as it was published.

    Examples
    --------
    >>> images, labels = load_mnist01()
    >>> images.shape, int(labels.sum())
    ((2000, 784), 1000)
    """
    remedy = "reinstall the package rgrbm"
    arrays = {}
    try:
        with (
            MNIST01_FILE.open("rb") as file,
            np.load(file, allow_pickle=False) as archive,
        ):
            for name in MNIST01_ARRAYS:
                arrays[name] = archive[name]
    except FileNotFoundError:
        raise FileNotFoundError(f"{MNIST01_FILE} is missing: {remedy}") from None
    except Exception as error:  # a damaged archive can fail in every layer that reads it
        raise ValueError(f"{MNIST01_FILE} is damaged ({error}): {remedy}") from error
    for name, (shape, checksum) in MNIST01_ARRAYS.items():
        found = arrays[name]
        intact = found.dtype == np.uint8 and found.shape == shape
        if not intact or _sha256(found.tobytes()) != checksum:
            raise ValueError(f"{MNIST01_FILE} is altered: wrong SHA-256 of {name}: {remedy}")
    return np.unpackbits(arrays["images"], axis=1), arrays["labels"]


def load_mnist(folder=None):
    """Load the whole of MNIST: 60,000 training and 10,000 test images, with grey levels.

    Parameters
    ----------
    folder : path-like, optional
        Where the four original ``.gz`` files are; ``~`` stands for the home. By default the folder named by the environment
        variable ``RGRBM_DATA``. If that is not set either, the files are downloaded from one
        of two mirrors and kept in the user's cache folder.

    Returns
    -------
    mnist : MNIST
        ``train_images`` (60000, 784), ``train_labels`` (60000,), ``test_images`` (10000, 784)
        and ``test_labels`` (10000,), all uint8; grey levels from 0 to 255.

    Raises
    ------
    FileNotFoundError
        If a file is missing in the folder.
    ValueError
        If a file is not byte for byte the original, or `folder` is empty.
    TypeError
        If `folder` is no path.
    ConnectionError
        If no mirror delivers the original file; nothing partial is left behind.

    Examples
    --------
    >>> mnist = load_mnist()  # doctest: +SKIP
    >>> mnist.train_images.shape  # doctest: +SKIP
    (60000, 784)
    """
    if folder is None:
        folder = os.environ.get("RGRBM_DATA") or None
    elif not isinstance(folder, (str, os.PathLike)):
        raise TypeError(f"folder must be a path, got {folder!r}")
    elif not str(folder):
        raise ValueError("folder must name a folder, got an empty string")
    if folder is None:
        contents = [_download(name, checksum) for name, checksum in MNIST_FILES.items()]
    else:
        folder = Path(folder).expanduser()
        contents = [_read(folder / name, checksum) for name, checksum in MNIST_FILES.items()]
    train_images, train_labels, test_images, test_labels = map(_parse_idx, contents)
    return MNIST(
        train_images.reshape(-1, 784), train_labels, test_images.reshape(-1, 784), test_labels
    )


def _read(path, checksum):
    remedy = f"put the original file there, for instance from {MIRRORS[0]}{path.name}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileNotFoundError(f"{path} is missing or no readable file: {remedy}") from error
    if _sha256(content) != checksum:
        raise ValueError(f"{path} is truncated or altered (wrong SHA-256): {remedy}")
    return content


def _download(name, checksum):
    pooch = load("pooch")
    load("requests")  # which pooch imports when it first downloads
    failures = []
    for mirror in MIRRORS:
        try:
            path = pooch.retrieve(
                mirror + name, f"sha256:{checksum}", fname=name, path=pooch.os_cache("rgrbm")
            )
            return _read(Path(path), checksum)
        except (OSError, ValueError) as error:  # no connection, or the wrong file
            failures.append(f"{mirror}{name}: {error}")
    raise ConnectionError(
        f"{name} could not be downloaded. Put the four files of MNIST into a folder and name it "
        "in the environment variable RGRBM_DATA. What was tried:\n" + "\n".join(failures)
    )


def _parse_idx(content):
    """Read the IDX format: two zero bytes, a type (8: uint8), the rank, the sizes, the data."""
    content = gzip.decompress(content)
    rank = content[3]
    shape = np.frombuffer(content, dtype=">i4", count=rank, offset=4)
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * rank).reshape(shape).copy()


def _sha256(content):
    return hashlib.sha256(content).hexdigest()
