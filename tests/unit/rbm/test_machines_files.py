"""Machines in files: the same bits come back, and only what was written as a machine is read."""

import io
import os
import re

import numpy as np
import pytest

from rgrbm._core import files
from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM


def bernoulli():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(4, 3))
    weights[0] = [-0.0, 5e-324, 1e100]
    return BernoulliRBM.from_parameters(weights, rng.normal(size=4), rng.normal(size=3))


def gaussian():
    rng = np.random.default_rng(1)
    return GaussianBernoulliRBM.from_parameters(
        rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=3), [0.1, 1e-100]
    )


MACHINES = {"bernoulli": bernoulli, "gaussian": gaussian}


@pytest.fixture(params=MACHINES)
def rbm(request):
    return MACHINES[request.param]()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "machine"


def parameters(rbm):
    return {name: array.tobytes() for name, array in rbm.parameters().items()}


def refuse(content, path, kind=BernoulliRBM):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="machine") as caught:
        kind.load(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def arrays(rbm, **changes):
    return {"kind": type(rbm).__name__, "version": 2, **rbm.parameters(), **changes}


def sealed(**arrays):
    """A file with the right checksum, whatever it holds."""
    return npz(**arrays, checksum=files.checksum(arrays))


def test_what_is_loaded_is_what_was_saved_bit_by_bit(rbm, path):
    rbm.save(path)
    again = type(rbm).load(path)
    assert type(again) is type(rbm)
    assert parameters(again) == parameters(rbm)


def test_the_path_is_taken_literally(rbm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("plain", "with.dots", "~", "a.npz", "x" * 255):
        rbm.save(name)
        assert type(rbm).load(name).n_visible == rbm.n_visible
        os.remove(name)
    assert not os.listdir(tmp_path)


def test_the_same_machine_makes_the_same_file(rbm, tmp_path):
    for name in "ab":
        rbm.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_file_is_replaced_and_a_link_stays_a_link(path, tmp_path):
    bernoulli().save(path)
    link = tmp_path / "link"
    link.symlink_to(path)
    gaussian().save(link)
    assert link.is_symlink()
    assert parameters(GaussianBernoulliRBM.load(path)) == parameters(gaussian())


def test_others_may_read_a_file_as_far_as_the_mask_lets_them(rbm, path):
    before = os.umask(0o022)
    try:
        rbm.save(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644


class Stop(BaseException):
    """Like KeyboardInterrupt, no Exception."""


@pytest.mark.parametrize("error", [OSError("disk full"), Stop()])
@pytest.mark.parametrize("where", ["savez", "fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(where, error, path, monkeypatch):
    bernoulli().save(path)
    old = path.read_bytes()

    def fail(file, *arguments, **arrays):
        if where == "savez":
            file.write(b"PK, and then the power fails")
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(np if where == "savez" else os, where, fail)
        with pytest.raises(type(error)):
            gaussian().save(path)
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


def test_nothing_is_seen_at_the_path_before_all_is_written(path, monkeypatch):
    write = np.savez

    def savez(file, **arrays):
        write(file, **arrays)
        assert not path.exists()
        assert len(os.listdir(path.parent)) == 1, "written in the same folder"

    monkeypatch.setattr(np, "savez", savez)
    bernoulli().save(path)
    assert os.listdir(path.parent) == [path.name]


def test_all_is_on_the_disk_before_the_file_gets_its_name(path, monkeypatch):
    calls = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (calls.append("fsync"), sync(file)))
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("replace"), replace(a, b)))
    bernoulli().save(path)
    assert calls == ["fsync", "replace"]


def test_two_writers_do_not_write_into_one_file(path, monkeypatch):
    write, names = np.savez, []

    def savez(file, **arrays):
        names.append(file.name)
        if len(names) == 1:
            gaussian().save(path)  # another process, in the middle of this one
        write(file, **arrays)

    monkeypatch.setattr(np, "savez", savez)
    bernoulli().save(path)
    assert len(set(names)) == 2
    assert parameters(BernoulliRBM.load(path)) == parameters(bernoulli())


def test_a_kind_or_version_that_is_none_is_refused(path):
    refuse(npz(**arrays(bernoulli(), kind=np.array(["BernoulliRBM", "BernoulliRBM"]))), path)
    refuse(npz(**arrays(bernoulli(), version="one")), path)


def test_a_machine_of_another_kind_is_refused(path):
    gaussian().save(path)
    message = "must hold a BernoulliRBM in format 2, it holds a GaussianBernoulliRBM in format 2"
    assert message in refuse(path.read_bytes(), path, BernoulliRBM)
    bernoulli().save(path)
    message = "must hold a GaussianBernoulliRBM in format 2, it holds a BernoulliRBM in format 2"
    assert message in refuse(path.read_bytes(), path, GaussianBernoulliRBM)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 1}, "must hold a BernoulliRBM in format 2, it holds .* in format 1"),
        ({"extra": np.ones(3)}, "must hold the arrays"),
        ({"hidden_bias": np.ones(4)}, r"do not fit together: hidden_bias must have the shape"),
        ({"weights": np.full((4, 3), np.nan)}, "do not fit together: weights must be finite"),
        ({"visible_bias": np.array(list("abcd"))}, "do not fit together: visible_bias must be"),
    ],
)
def test_contents_that_are_no_machine_are_refused(changes, message, path):
    assert re.search(message, refuse(sealed(**arrays(bernoulli(), **changes)), path))


def test_a_missing_array_is_found(path):
    content = arrays(bernoulli())
    del content["hidden_bias"]
    assert "must hold the arrays" in refuse(sealed(**content), path)


def test_paths_that_cannot_be_used_say_why(rbm, tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        type(rbm).load(tmp_path / "absent")
    with pytest.raises(OSError, match=r"."):
        type(rbm).load(tmp_path)
    with pytest.raises(OSError, match=r"."):
        rbm.save(tmp_path)
    with pytest.raises(FileNotFoundError):
        rbm.save(tmp_path / "no such folder" / "machine")
    for wrong in (None, 3, b"machine"):
        with pytest.raises(TypeError, match="path must be a path"):
            rbm.save(wrong)
        with pytest.raises(TypeError, match="path must be a path"):
            type(rbm).load(wrong)
    for call in (rbm.save, type(rbm).load):
        with pytest.raises(ValueError, match="path must name a file or folder, got an empty"):
            call("")
    assert not os.listdir(tmp_path)


def test_objects_are_not_written(path):
    with pytest.raises(TypeError, match="b must not hold objects"):
        files.write_arrays(path, "kind", 1, {"a": [1], "b": [None]})
    assert not path.exists()


def test_ctrl_c_within_a_write_is_ctrl_c(tmp_path, monkeypatch):
    """The zip writer turns it into a ValueError of its own."""

    def savez(file, **arrays):
        try:
            raise KeyboardInterrupt
        finally:
            raise ValueError("writing handle open")

    monkeypatch.setattr(np, "savez", savez)
    with pytest.raises(KeyboardInterrupt):
        bernoulli().save(tmp_path / "machine")
    assert list(tmp_path.iterdir()) == []
