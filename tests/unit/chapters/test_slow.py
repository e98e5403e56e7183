"""Stored results: written whole or not at all, read without running code."""

import numpy as np
import pytest

from rgrbm.chapters import store_result


def test_what_is_stored_is_read_again(tmp_path):
    path = tmp_path / "result"
    store_result(path, a=np.arange(3), b=2.5)
    with np.load(path) as stored:
        assert stored["a"].tolist() == [0, 1, 2]
        assert stored["b"] == 2.5
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_result(tmp_path, monkeypatch):
    path = tmp_path / "result.npz"
    store_result(path, a=1)
    before = path.read_bytes()

    def half(file, **arrays):
        file.write(b"PK")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", half)
    with pytest.raises(OSError, match="disk full"):
        store_result(path, a=2)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_objects_are_refused(tmp_path):
    with pytest.raises(TypeError, match="b must not hold objects"):
        store_result(tmp_path / "result.npz", a=1, b=[None])
    assert not list(tmp_path.iterdir())
