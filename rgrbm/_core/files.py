"""Arrays in files: written whole or not at all, read without running code."""

import io
import os
import secrets
from pathlib import Path

import numpy as np


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
        No objects, and no names ``kind``, ``version`` and ``file``.
    """
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    objects = [name for name, array in arrays.items() if array.dtype.hasobject]
    if objects:  # NumPy would pickle them
        raise TypeError(f"arrays must not hold objects, got some in {objects}")

    def write(file):
        try:
            np.savez(file, kind=kind, version=version, **arrays)
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
    content = path.read_bytes()  # FileNotFoundError and its like say what is wrong
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        found = str(arrays.pop("kind")), int(arrays.pop("version"))
    except Exception as error:  # whatever a parser stumbles over in foreign bytes
        raise ValueError(f"{path} is damaged, or was not written by this library") from error
    if found != (kind, version):
        raise ValueError(
            f"{path} must hold a {kind} in format {version}, "
            f"it holds a {found[0]} in format {found[1]}"
        )
    if arrays.keys() != set(names):
        raise ValueError(f"{path} must hold the arrays {sorted(names)}, it holds {sorted(arrays)}")
    return arrays


def replace_file(path, write):
    """Let ``write(file)`` fill a new file, and put it in the place of `path` when it is complete.

    Whatever happens meanwhile, `path` holds its old content or the new one, never a part.
    """
    path = Path(os.path.realpath(checked_path(path)))  # a link stays a link
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())  # else a crash could leave the new name with no content
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def checked_path(path):
    """Return `path` as a Path."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be a path, got {path!r}")
    if not os.fspath(path):
        raise ValueError("path must name a file, got an empty string")
    return Path(path)
