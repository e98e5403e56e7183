"""One thread for BLAS: several are slower on small matrices, and round differently."""

from contextlib import nullcontext


def single_threaded_blas():
    """Return a context manager that holds BLAS to one thread.

    It does nothing where threadpoolctl (part of the extra ``book``) is not installed: then
    training is still right, but it may be slower, and its last bits depend on the thread count.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    return threadpool_limits(limits=1, user_api="blas")
