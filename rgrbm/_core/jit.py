"""Compilation of kernels with numba, and where the results are kept.

numba looks at a kernel's own file to see whether a stored result is stale, not at what the kernel
includes from elsewhere. So the folder of the results carries a hash of all sources of kernels.
"""

import hashlib
import tempfile
from functools import cache
from pathlib import Path
from types import FunctionType

import numba
from numba import njit

PACKAGE = Path(__file__).resolve().parents[1]


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
    bases = [PACKAGE / "__pycache__", Path("~/.cache/rgrbm").expanduser()]
    if numba.config.CACHE_DIR:  # the user's wish
        bases = [Path(numba.config.CACHE_DIR)]
    folder = _first_writable(*(base / f"kernels-{source_hash(PACKAGE)}" for base in bases))
    if folder is None:
        return njit(nogil=True, **options)(kernel)
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(folder)
    try:
        return njit(cache=True, nogil=True, **options)(kernel)
    finally:
        numba.config.CACHE_DIR = before


@cache
def source_hash(package):
    """Hash the sources of all kernels and of what they include."""
    files = [*package.rglob("*_kernels.py"), *(package / "_core").glob("*.py")]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _first_writable(*folders):
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        return folder
    return None
