"""Data sets: handwritten zeros and ones that come with the package, and the whole of MNIST.

The source is Y. LeCun, C. Cortes and C. J. C. Burges, the MNIST database of handwritten digits,
described in LeCun, Bottou, Bengio and Haffner, Proc. IEEE 86, 2278 (1998). The data are under
CC BY-SA 3.0, see ``rgrbm/data/LICENSE``.
"""

import gzip
import hashlib
import io
import os
import warnings
import zlib
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import NamedTuple

import numpy as np

from rgrbm._core.files import checked_path, open_file, replace_file
from rgrbm._core.loading import load

__all__ = ["MNIST", "load_mnist", "load_mnist01"]

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
SECONDS = 60.0  # for a file from a mirror, however slowly it drips
MOST_BYTES = 2**26  # of a file, zipped or not: the largest has 47,040,016
FOLDERS = ("", "raw", "MNIST/raw")  # where files are below a folder; torchvision makes the last
# SHA-256 of the original files, unzipped.
MNIST_FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MNIST01_FILE = Path(__file__).with_name("data") / "mnist01.npz"
MNIST01_CHECKSUM = "7d7f6b4ede82f9ba5eee189434f103f002ba9ae217c126e7f983d0007711c698"


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
    content = _read(MNIST01_FILE, MNIST01_CHECKSUM, "reinstall the package rgrbm")
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return np.unpackbits(archive["images"], axis=1), archive["labels"]


def load_mnist(folder=None):
    """Load the whole of MNIST: 60,000 training and 10,000 test images, with grey levels.

    Parameters
    ----------
    folder : path-like, optional
        Where the four original files are; ``~`` stands for the home. They may be zipped or not,
        such as ``train-images-idx3-ubyte.gz``, ``train-images-idx3-ubyte`` and
        ``train-images.idx3-ubyte``, and may be in ``MNIST/raw`` below it, where torchvision puts
        them. By default the folder named by the environment variable ``RGRBM_DATA``. If that is
        not set either, the files are downloaded from one of two mirrors, each of which has a
        minute for a file, and kept in the user's cache folder.

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
        If a file, unzipped, is not byte for byte the original, or `folder` is empty.
    TypeError
        If `folder` is no path.
    ConnectionError
        If no mirror delivers the original file; nothing partial is left behind.

    Warns
    -----
    UserWarning
        If a file that was downloaded cannot be kept.

    Examples
    --------
    >>> mnist = load_mnist()  # doctest: +SKIP
    >>> mnist.train_images.shape  # doctest: +SKIP
    (60000, 784)
    """
    name = "folder"
    if folder is None:
        name, folder = "RGRBM_DATA", os.environ.get("RGRBM_DATA") or None
    if folder is None:
        contents = [_download(*item) for item in MNIST_FILES.items()]
    else:
        folder = _home_expanded(checked_path(folder, name), name)
        contents = []
        for file, checksum in MNIST_FILES.items():
            remedy = f"put the original file there, for instance from {MIRRORS[0]}{file}.gz"
            contents.append(_read(_find(folder, file), checksum, remedy))
    train_images, train_labels, test_images, test_labels = map(_parse_idx, contents)
    return MNIST(
        train_images.reshape(-1, 784), train_labels, test_images.reshape(-1, 784), test_labels
    )


def _home_expanded(folder, name):
    try:
        return folder.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{name} must name a folder, got {folder}: {error}") from None


def _find(folder, file):
    dotted = file.replace("-idx", ".idx")
    for below in FOLDERS:
        for name in (f"{file}.gz", file, f"{dotted}.gz", dotted):
            if os.path.exists(folder / below / name):  # False where one may not look
                return folder / below / name
    return folder / f"{file}.gz"


def _read(path, checksum, remedy):
    """Return the bytes of a file, unzipped; if they are not the original ones, say what helps."""
    try:
        with open_file(path, MOST_BYTES) as file:
            content = file.read()
    except OSError as error:
        raise FileNotFoundError(f"{path} is missing or no readable file: {remedy}") from error
    content = _unzipped(content)
    if _sha256(content) != checksum:
        raise ValueError(f"{path} is truncated or altered (wrong SHA-256): {remedy}")
    return content


def _unzipped(content):
    """Undo gzip; what is not zipped, or not whole, stays as it is."""
    try:
        return gzip.GzipFile(fileobj=io.BytesIO(content)).read(MOST_BYTES)
    except (OSError, EOFError, zlib.error):
        return content


def _download(name, checksum):
    name += ".gz"
    path = Path(load("pooch").os_cache("rgrbm")) / name
    with suppress(OSError, ValueError):
        return _read(path, checksum, "a mirror has another one")
    failures = []
    for mirror in MIRRORS:
        try:
            zipped = _fetch(mirror + name)
            content = _unzipped(zipped)
            if _sha256(content) != checksum:
                raise ValueError("what was delivered has the wrong SHA-256")
        except (OSError, ValueError) as error:  # no connection, too slow, or the wrong file
            failures.append(f"{mirror}{name}: {error}")
        else:
            _keep(path, zipped)
            return content
    raise ConnectionError(
        f"{name} could not be downloaded. Put the four files of MNIST into a folder and name it "
        "in the environment variable RGRBM_DATA. What was tried:\n" + "\n".join(failures)
    )


def _fetch(url):
    """Download what a URL names, in `SECONDS` at most."""
    requests = load("requests")
    answer, deadline = SimpleQueue(), monotonic() + SECONDS

    def work():
        parts = []
        try:
            hooks = {"response": _leave_body_of_redirect}
            with requests.get(url, stream=True, timeout=SECONDS, hooks=hooks) as response:
                response.raise_for_status()
                for part in response.iter_content(256):
                    parts.append(part)
                    if monotonic() > deadline or len(parts) > MOST_BYTES // 256:
                        raise TimeoutError(f"it took more than {SECONDS:g} s, or is too large")
            answer.put(b"".join(parts))
        except Exception as error:
            answer.put(error)

    Thread(target=work, daemon=True).start()  # a single read could take as long as the mirror likes
    try:
        found = answer.get(timeout=SECONDS)
    except Empty:
        raise TimeoutError(f"it took more than {SECONDS:g} s") from None
    if isinstance(found, Exception):
        raise found
    return found


def _leave_body_of_redirect(response, **options):
    """Hang up before requests reads it, all of it: it might never end."""
    if response.is_redirect:
        response.close()


def _keep(path, content):
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, lambda file: file.write(content))
    except (OSError, ValueError) as error:
        warnings.warn(f"{path} could not be kept for the next time: {error}", stacklevel=4)


def _parse_idx(content):
    """Read the IDX format: two zero bytes, a type (8: uint8), the rank, the sizes, the data."""
    rank = content[3]
    shape = np.frombuffer(content, dtype=">i4", count=rank, offset=4)
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * rank).reshape(shape).copy()


def _sha256(content):
    return hashlib.sha256(content).hexdigest()
