"""Files: what is no file of ours is refused in no time and little memory, and nothing is left."""

import os
import struct
import sys
import threading
import zipfile

import numpy as np
import pytest

from rgrbm._core import files

ARRAYS = {"a": np.arange(6.0).reshape(2, 3), "b": np.array("text"), "c": np.empty((1, 0))}
posix = pytest.mark.skipif(os.name == "nt", reason="no pipes, devices or locks as on Unix")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "arrays"


def write(path, arrays=ARRAYS, kind="kind", version=2):
    files.write_arrays(path, kind, version, arrays)


def read(path):
    return files.read_arrays(path, "kind", 2, ARRAYS)


def refuse(path, message):
    with pytest.raises(ValueError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 1000


def store(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)


def members(path):
    with zipfile.ZipFile(path) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def test_what_is_read_is_what_was_written(path):
    transposed = {**ARRAYS, "a": np.asfortranarray(ARRAYS["a"]), "c": np.float64(2.5)}
    for arrays in (ARRAYS, transposed):
        write(path, arrays)
        found = read(path)
        assert found.keys() == arrays.keys()
        for name, array in found.items():
            assert array.dtype == np.asarray(arrays[name]).dtype
            np.testing.assert_array_equal(array, arrays[name])
            assert array.flags.writeable


def test_an_array_that_was_changed_in_the_file_is_found(path):
    write(path)
    whole = dict(members(path))
    for name in ("a.npy", "b.npy", "c.npy", "checksum.npy"):
        other = np.array("another") if name != "a.npy" else ARRAYS["a"] + 1e-300
        with open(path.parent / "npy", "wb") as file:
            np.save(file, other)
        store(path, {**whole, name: (path.parent / "npy").read_bytes()}.items())
        refuse(path, "damaged or altered: its arrays do not have its checksum")


def test_arrays_that_changed_names_shapes_or_types_have_another_checksum(path):
    write(path)
    for arrays in (
        {**ARRAYS, "a": ARRAYS["a"].T.copy()},
        {**ARRAYS, "a": ARRAYS["a"].reshape(3, 2)},
        {**ARRAYS, "a": ARRAYS["a"].view(np.int64)},
        {**ARRAYS, "a": ARRAYS["c"], "c": ARRAYS["a"]},
        {**{name: ARRAYS[name] for name in "ab"}, "d": ARRAYS["c"]},
    ):
        assert files.checksum(arrays) != files.checksum(ARRAYS)


def test_a_file_of_an_older_format_says_so(path):
    write(path, version=1)
    refuse(path, "must hold a kind in format 2, it holds a kind in format 1")
    np.savez(path.with_suffix(".npz"), kind="kind", version=1, **ARRAYS)
    refuse(path.with_suffix(".npz"), "must hold a kind in format 2, it holds a kind in format 1")
    np.savez(path.with_suffix(".npz"), kind="kind", version=2, **ARRAYS)
    refuse(path.with_suffix(".npz"), "do not have its checksum")


def test_a_long_kind_is_not_quoted_in_full(path):
    write(path, kind="x" * 10**5)
    refuse(path, "must hold a kind in format 2, it holds a xxx")


def npy_header(shape, dtype="<f8"):
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def test_a_header_that_promises_too_much_costs_no_memory(path):
    write(path)
    whole = dict(members(path))
    wrong = ["(1000000000000,)", "(2, 4)", "(-1, 4)", "(0,)", "(" + "1," * 70 + ")", "'no'", "()"]
    for shape in wrong:
        store(path, {**whole, "a.npy": npy_header(shape) + bytes(48)}.items())
        refuse(path, "damaged")
    nested = b"-" * 9000 + b"1\n"
    header = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(nested)) + nested
    store(path, {**whole, "a.npy": header + bytes(48)}.items())
    refuse(path, "damaged")
    for dtype in ("|O", "<f3", "|V0", "<U0", "nonsense"):
        store(path, {**whole, "a.npy": npy_header("(6,)", dtype) + bytes(48)}.items())
        refuse(path, "damaged")


def test_members_that_overlap_or_repeat_are_refused(path):
    write(path)
    with pytest.warns(UserWarning, match="Duplicate"):
        store(path, [*members(path), members(path)[0]])
    refuse(path, "damaged")
    write(path)
    content = path.read_bytes()
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 4)
    entry = content[first:second]
    end = bytearray(content[content.rindex(b"PK\x05\x06") :])
    n_entries, size = struct.unpack_from("<HI", end, 10)
    struct.pack_into("<HHI", end, 8, n_entries + 50, n_entries + 50, size + 50 * len(entry))
    again = [entry.replace(b"kind.npy", b"k%03d.npy" % k) for k in range(50)]
    path.write_bytes(content[: content.rindex(b"PK\x05\x06")] + b"".join(again) + bytes(end))
    refuse(path, "damaged")


def test_a_file_that_is_too_large_is_not_read(path, monkeypatch):
    with open(path, "wb") as file:
        file.truncate(2 * files.MOST_BYTES + 1)  # takes no room on the disk
    refuse(path, "must be a regular file of at most")
    monkeypatch.setattr(files, "MOST_BYTES", 60)
    with pytest.raises(ValueError, match="arrays must have at most 60 bytes"):
        write(path.with_name("other"))
    assert os.listdir(path.parent) == [path.name]


class Raises:
    def __fspath__(self):
        raise ZeroDivisionError

    def __repr__(self):
        raise ZeroDivisionError


@pytest.mark.parametrize("call", [write, read])
@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ("a\0b", ValueError, "path must be a name that files can have"),
        ("\ud800", ValueError, "path must be a name that files can have"),
        ("", ValueError, "path must name a file or folder"),
        (b"bytes", TypeError, "path must be a path, got b'bytes'"),
        (3, TypeError, "path must be a path, got 3"),
        (None, TypeError, "path must be a path, got None"),
        (["a"], TypeError, "path must be a path"),
        (Raises(), TypeError, "path must be a path"),
        ("x" * 300, OSError, "x"),
        ("/", OSError, "/"),
        (".", OSError, r"."),
        ("no/such/folder", FileNotFoundError, "no/such/folder"),
    ],
)
def test_odd_paths_are_named(call, wrong, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        call(wrong)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="others have names of characters")
def test_names_of_any_bytes_are_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"\xff\xfe")
    write(name)
    assert read(name).keys() == ARRAYS.keys()


@posix
def test_a_living_writer_finishes_beside_another(path):
    entered, go_on = threading.Event(), threading.Event()

    def slowly(file):
        entered.set()
        go_on.wait(60)
        file.write(b"slow")

    writer = threading.Thread(target=files.replace_file, args=(path, slowly))
    writer.start()
    assert entered.wait(60)
    files.replace_file(path, lambda file: file.write(b"fast"))
    assert path.read_bytes() == b"fast"
    go_on.set()
    writer.join()
    assert path.read_bytes() == b"slow"
    assert os.listdir(path.parent) == [path.name]


@posix
def test_a_new_file_that_is_taken_for_an_orphan_is_made_again(path, monkeypatch):
    """Another writer may look at it before it has its lock."""
    lock, taken = files.fcntl.flock, []

    def flock(file, how):
        if how == files.fcntl.LOCK_EX and not taken:
            taken.append(file.name)
            os.unlink(file.name)
        lock(file, how)

    monkeypatch.setattr(files.fcntl, "flock", flock)
    write(path)
    assert taken
    assert read(path).keys() == ARRAYS.keys()


def test_writers_at_once_leave_one_whole_file(path):
    writers = [threading.Thread(target=write, args=(path,)) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert read(path).keys() == ARRAYS.keys()
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([None], TypeError, "b must not hold objects"),
        (np.ma.array([1], mask=[True]), TypeError, "b must not be a masked array"),
        ([np.ma.array([1], mask=[True])], TypeError, "b must not be a masked array"),
        ([[1], [1, 2]], ValueError, "b must be a rectangular array"),
    ],
)
def test_what_would_not_come_back_is_not_written(value, error, message, path):
    with pytest.raises(error, match=message):
        write(path, {"a": [1], "b": value})
    assert os.listdir(path.parent) == []
