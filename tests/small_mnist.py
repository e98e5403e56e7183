"""Small files in the place of MNIST's four, so that tests need neither them nor a network."""

import gzip
import hashlib

import numpy as np

from rgrbm import datasets

IMAGES = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(range(196)) * 8
LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 2, 4, 9])
CONTENTS = {name: IMAGES if "images" in name else LABELS for name in datasets.MNIST_FILES}
CHECKSUMS = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}


def use_small_mnist(folder, monkeypatch):
    """Write the four files, zipped, into a new folder, and have them taken for MNIST."""
    monkeypatch.setattr(datasets, "MNIST_FILES", CHECKSUMS)
    monkeypatch.delenv("RGRBM_DATA", raising=False)
    folder.mkdir()
    for name, content in CONTENTS.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    return folder


def check_small_mnist(mnist):
    """Hold what was loaded to what was written."""
    np.testing.assert_array_equal(mnist.train_images.ravel()[:196], np.arange(196))
    assert mnist.test_images.shape == (2, 784)
    np.testing.assert_array_equal(mnist.test_labels, [4, 9])
