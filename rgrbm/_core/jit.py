"""Compilation of kernels with numba."""

from types import FunctionType

from numba import njit


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
    try:
        return njit(cache=True, nogil=True, **options)(kernel)
    except RuntimeError:
        return njit(nogil=True, **options)(kernel)
