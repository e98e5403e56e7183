"""Compiled kernels in files, one each, that are whole or are not used.

numba's own cache keeps an index beside the kernels and checks neither. An index that was cut short
by a crash, or that two processes wrote at once, breaks every later call; a kernel that belongs to
other arguments, or has a wrong bit, is run. Here a file's name says what it is for, the file begins
with a checksum of both, and what cannot be read or written costs a warning and a compilation.
"""

import hashlib
import os
import pickle
import sys
import warnings

import llvmlite
import numba
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from rgrbm._core.files import open_file, replace_file

MOST_BYTES = 2**26  # of a kernel: the largest take some 2**20
_faults = []  # the first one only, and None once it was shown


class KernelStore(NullCache):
    """Where numba looks for a kernel's compiled forms, and puts them.

    Parameters
    ----------
    folder : Path
    name : str
        What no other kernel in the folder is called.
    """

    def __init__(self, folder, name):
        self.folder, self.name = folder, name

    @property
    def cache_path(self):
        """Where the files are."""
        return str(self.folder)

    def load_overload(self, signature, context):
        """Return what was compiled for a signature, or None."""
        context.refresh()
        path = self._path(signature, context.codegen())
        try:
            return CompileResult._rebuild(context, *pickle.loads(_read(path)))
        except FileNotFoundError:
            return None
        except Exception as fault:  # whatever a damaged or foreign file leads to
            _note(path, fault)
            return None

    def save_overload(self, signature, compiled):
        """Keep what was compiled for a signature."""
        if compiled.library.has_dynamic_globals:  # addresses of this process
            return
        path = self._path(signature, compiled.codegen)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            content = dumps(compiled._reduce())
            replace_file(path, lambda file: file.write(_checksum(path, content) + content))
        except Exception as fault:  # a full disk, a folder in the file's place, ...
            _note(path, fault)

    def _path(self, signature, codegen):
        versions = numba.__version__, llvmlite.__version__, sys.implementation.cache_tag
        made_for = repr((signature, codegen.magic_tuple(), versions))
        digest = hashlib.sha256(made_for.encode()).hexdigest()
        return self.folder / f"{self.name}-{digest[:16]}.nbc"


def _read(path):
    check_owner(path)
    with open_file(path, MOST_BYTES) as file:
        content = file.read()
    if content[:32] != _checksum(path, content[32:]):
        raise ValueError("it is damaged")
    return content[32:]


def _checksum(path, content):
    return hashlib.sha256(path.name.encode() + content).digest()


def check_owner(path):
    """Raise PermissionError if a file or folder is not ours: what is loaded from it is run."""
    if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
        raise PermissionError("it belongs to another user")


def _note(path, fault):
    if not _faults:
        _faults.append((path, fault))


def warn_once():
    """Tell of the first fault, if there was one and it was not told of.

    Not where it occurs, in the midst of a compilation: there a user's filter that makes an error of
    a warning would break more than the warning is about.
    """
    if _faults and _faults[0] is not None:
        path, fault = _faults[0]
        _faults[0] = None
        warnings.warn(
            f"the compiled kernel {path} could not be loaded or stored ({fault}). It was compiled "
            "anew, which takes time and changes no result",
            stacklevel=2,
        )
