"""Arrays in files: written whole or not at all, read without running code."""

import hashlib
import io
import os
import secrets
import stat
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from rgrbm._core import checks

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be removed anyway
    fcntl = None

MOST_BYTES = 2**32  # of all arrays in a file: no machine for a laptop has more


def write_arrays(path, kind, version, arrays):
    """Write named arrays as an npz file that says what it is.

    Parameters
    ----------
    path : path-like
        Taken literally: no suffix is appended, and ``~`` is a name like any other.
    kind : str
        What the file holds, such as ``"BernoulliRBM"``.
    version : int
        Version of its format.
    arrays : dict of str to array_like
        No objects, and no names ``kind``, ``version``, ``checksum`` and ``file``.
    """
    arrays = {"kind": kind, "version": version, **arrays}
    arrays = {name: plain_array(name, array) for name, array in arrays.items()}
    n_bytes = sum(array.nbytes for array in arrays.values())
    if n_bytes > MOST_BYTES:
        raise ValueError(f"arrays must have at most {MOST_BYTES} bytes, got {n_bytes}")

    def write(file):
        try:
            np.savez(file, **arrays, checksum=checksum(arrays))
        except ValueError as error:  # of zipfile, where Ctrl-C came in the midst of it
            if isinstance(error.__context__, KeyboardInterrupt):
                raise KeyboardInterrupt from None
            raise

    replace_file(path, write)


def read_arrays(path, kind, version, names):
    """Read what `write_arrays` wrote: a dict with exactly the arrays `names`.

    A file that is damaged, foreign, of another kind or version is a ValueError that names the path.
    """
    path = checked_path(path)
    with open_file(path, 2 * MOST_BYTES) as file:
        try:
            arrays = _members(file)
            found = _text(arrays["kind"]), int(arrays["version"])
        except MemoryError:
            raise MemoryError(f"{path} does not fit into the memory") from None
        except Exception as error:  # whatever a parser stumbles over in foreign bytes
            raise ValueError(f"{path} is damaged, or was not written by this library") from error
    if found != (kind, version):
        raise ValueError(
            f"{path} must hold a {kind} in format {version}, "
            f"it holds a {checks.shown(found[0])[1:-1]} in format {found[1]}"
        )
    written = _text(arrays.pop("checksum", np.empty(0)))
    whole = checksum(arrays)
    del arrays["kind"], arrays["version"]
    if arrays.keys() != set(names):
        held = checks.shown(sorted(arrays))
        raise ValueError(f"{path} must hold the arrays {sorted(names)}, it holds {held}")
    if written != whole:
        raise ValueError(f"{path} is damaged or altered: its arrays do not have its checksum")
    return arrays


def checksum(arrays):
    """SHA-256 of the names, types, shapes and bytes of arrays."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        digest.update(repr((name, array.dtype.str, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).ravel().view(np.uint8))
    return digest.hexdigest()


def _text(array):
    """Text of a single entry; NumPy would take forever to write an array of many axes."""
    return str(array) if array.ndim == 0 else f"an array of the shape {array.shape}"


def plain_array(name, value):
    """Return `value` as an array of anything but objects."""
    try:
        loss = checks.would_lose(value)
        array = np.empty(0) if loss else np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array: {checks.shown(error)}") from None
    except Exception as error:  # what others raise where they are asked for an array
        raise TypeError(f"{name} must be an array: {checks.shown(error)}") from error
    if loss:
        raise TypeError(f"{name} must not be a masked array, hold one, or carry units")
    if array.dtype.hasobject:  # NumPy would pickle them
        raise TypeError(f"{name} must not hold objects, got dtype {array.dtype}")
    return array


def open_file(path, most_bytes, mode="rb", buffering=-1):
    """Open a file; what might never end, such as a pipe, is a ValueError."""

    def opener(name, flags):  # a pipe would wait for a writer
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0), 0o666)

    file = open(path, mode, buffering, opener=opener)  # noqa: SIM115, for the caller to close
    status = os.fstat(file.fileno())
    if stat.S_ISREG(status.st_mode) and status.st_size <= most_bytes:
        return file
    file.close()
    raise ValueError(f"{path} must be a regular file of at most {most_bytes} bytes")


def replace_file(path, write):
    """Let ``write(file)`` fill a new file, and put it in the place of `path` when it is complete.

    Whatever happens meanwhile, `path` holds its old content or the new one, never a part. A pipe or
    a device there is a ValueError: the rename would put a file in its place.
    """
    path = Path(os.path.realpath(checked_path(path)))  # a link stays a link
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ValueError(f"{path} must be a regular file or a new name")
    try:
        with _new_file_beside(path) as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())  # else a crash could leave the new name with no content
            if fcntl is None:
                file.close()  # Windows renames no open file
            os.replace(file.name, path)
    except OSError as error:  # of a full disk: it names no file; of a rename: the one beside
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None


def checked_path(path, name="path"):
    """Return `path` as a Path."""
    try:
        text = os.fspath(path)
    except Exception:  # it is no path, or fails to say which
        text = None
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a path, got {checks.shown(path)}")
    if not text:
        raise ValueError(f"{name} must name a file or folder, got an empty string")
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded:
        raise ValueError(f"{name} must be a name that files can have, got {checks.shown(text)}")
    return Path(text)


def _members(file):
    """Arrays of an npz file: not compressed, and together no more than the file."""
    arrays = {}
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("its members are compressed: no one knows how much comes out")
        sizes = [max(member.file_size, member.compress_size) for member in members]
        if sum(sizes) > os.fstat(file.fileno()).st_size:
            raise ValueError("its members are larger than the file: they overlap")
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name in arrays:
                raise ValueError(f"there are two arrays {name}")
            arrays[name] = _parse_npy(archive.read(member))
    return arrays


def _parse_npy(content):
    """Read an array from the bytes of an npy file; `numpy.load` would believe any shape in it."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    headers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        shape, fortran_order, dtype = headers[version](file)
    except MemoryError:  # of Python's parser, at a header that is nested too deep
        raise ValueError("the header of an array is damaged") from None
    flat = np.frombuffer(content, dtype, offset=file.tell())  # not of objects: it refuses them
    return flat.reshape(shape, order="F" if fortran_order else "C").copy()


@contextmanager
def _new_file_beside(path):
    """Open a new file in the folder of `path`, which is removed at the end if it is still there.

    It is locked as long as it is open. So one without a lock is that of a killed process, and is
    removed by the next one that writes to the same path.
    """
    prefix = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}-"
    if fcntl is not None:
        _remove_orphans(path.parent, prefix)
    while True:
        name = path.parent / f"{prefix}{secrets.token_hex(8)}.tmp"
        file = open(name, "xb")  # noqa: SIM115, closed below
        if fcntl is not None:
            with suppress(OSError):  # not all file systems have locks
                fcntl.flock(file, fcntl.LOCK_EX)
        if os.path.exists(file.name):  # else it was taken for an orphan, before it had the lock
            break
        file.close()
    try:
        with file:
            yield file
    finally:
        with suppress(FileNotFoundError):
            os.unlink(file.name)


def _remove_orphans(folder, prefix):
    with suppress(OSError):  # a folder that one may write to but not list
        for name in os.listdir(folder):
            if name.startswith(prefix) and name.endswith(".tmp"):
                with suppress(OSError), open(folder / name, "rb+") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(file.name)
