"""One thread for BLAS: several are slower on small matrices, and round differently."""

from contextlib import nullcontext
from functools import cache


def single_threaded_blas():
    """Return a context manager that holds NumPy's BLAS to one thread.

    It does nothing where threadpoolctl (part of the extra ``book``) is not installed: then
    training is still right, but it may be slower, and its last bits depend on the thread count.
    """
    controller = _controller()
    return nullcontext() if controller is None else controller.limit(limits=1, user_api="blas")


@cache  # looking for the loaded libraries takes longer than a small training
def _controller():
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    import numpy  # noqa: F401  (its BLAS must be loaded to be found)

    return ThreadpoolController()
