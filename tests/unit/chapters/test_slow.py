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


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([None], TypeError, "b must not hold objects"),
        (np.ma.array([1], mask=[True]), TypeError, "b must not be a masked array"),
        ([[np.ma.masked]], TypeError, "b must not be a masked array"),
        ([[1], [1, 2]], ValueError, "b must be a rectangular array"),
    ],
)
def test_what_would_not_come_back_is_refused(tmp_path, value, error, message):
    with pytest.raises(error, match=message):
        store_result(tmp_path / "result.npz", a=1, b=value)
    assert not list(tmp_path.iterdir())


def test_names_and_paths_that_do_not_work_are_named(tmp_path):
    with pytest.raises(ValueError, match="arrays must not be named 'file'"):
        store_result(tmp_path / "result.npz", file=1)
    store_result(tmp_path / "result.npz", path=1)  # a name like any other
    with pytest.raises(TypeError, match="path must be a path, got 3"):
        store_result(3, a=1)
