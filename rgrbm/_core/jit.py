"""Compilation of kernels with numba, and where the results are kept.

The folder of the results carries a hash of all sources of kernels, and of what they include.
"""

import hashlib
import os
import tempfile
from concurrent.futures import Future
from functools import cache, partial
from pathlib import Path
from threading import Thread
from types import FunctionType

import numba
from numba import njit
from numba.core.compiler_lock import global_compiler_lock

from rgrbm._core.forks import held_at_forks
from rgrbm._core.kernel_store import KernelStore, check_owner, warn_once

PACKAGE = Path(__file__).resolve().parents[1]

held_at_forks(global_compiler_lock)


def compiled(kernel=None, *, name=None, **options):
    """Compile a kernel, and keep the result on disk where there is a place to write.

    A second compilation of the same kernel, with other options, needs a `name`: the stored results
    of the two would be taken for each other.
    """
    if kernel is None:
        return lambda kernel: compiled(kernel, name=name, **options)
    if name is not None:
        kernel = FunctionType(kernel.__code__, kernel.__globals__, name)
        kernel.__qualname__ = name
    kernel = njit(nogil=True, **options)(kernel)
    if numba.config.DISABLE_JIT:  # the user's wish
        return kernel
    folder = _first_of_ours(*(base / f"kernels-{source_hash(PACKAGE)}" for base in _bases()))
    if folder is not None:
        kernel._cache = KernelStore(folder, f"{kernel.__module__}.{kernel.__qualname__}")
    kernel.compile = partial(_compile, kernel.compile)
    return kernel


def _bases():
    """Folders that may hold the results, the best one first."""
    if numba.config.CACHE_DIR:  # the user's wish
        return [Path(numba.config.CACHE_DIR).absolute()]
    home = os.path.expanduser("~")  # stays so for a user without one, as in some containers
    return [PACKAGE / "__pycache__", *([Path(home, ".cache", "rgrbm")] if home != "~" else [])]


def _compile(compile_here, signature):
    """Compile a kernel in a thread of its own, where no Ctrl-C is heard.

    numba does not survive one while it compiles, and the largest kernels take it some 15 s. So
    Ctrl-C breaks off the waiting; the next call waits for the rest.
    """
    if global_compiler_lock.is_locked():  # by this thread: one kernel calls another
        return compile_here(signature)
    result = Future()
    try:
        Thread(target=_run, args=(compile_here, signature, result)).start()
    except RuntimeError:  # no thread can be had, such as when Python is about to end
        _run(compile_here, signature, result)
    entry_point = result.result()
    warn_once()
    return entry_point


def _run(compile_here, signature, result):
    try:
        result.set_result(compile_here(signature))
    except BaseException as error:
        result.set_exception(error)


@cache
def source_hash(package):
    """Hash the sources of all kernels and of what they include."""
    files = [*package.rglob("*_kernels.py"), *(package / "_core").glob("*.py")]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _first_of_ours(*folders):
    """First folder that is ours and can be written to; None if there is none."""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            check_owner(folder)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        return folder
    return None
