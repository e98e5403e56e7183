"""One thread for BLAS: several are slower on small matrices, and round differently."""

from contextlib import contextmanager
from functools import cache
from threading import Lock

_lock = Lock()
_users, _before = 0, []


@contextmanager
def single_threaded_blas():
    """Hold NumPy's BLAS to one thread, in all threads of Python, until its last user is done.

    It does nothing where threadpoolctl (part of the extra ``book``) is not installed: then
    training is still right, but it may be slower, and its last bits depend on the thread count.
    """
    global _users, _before
    with _lock:
        if _users == 0:
            _before = [(library, library.get_num_threads()) for library in _libraries()]
            for library, _ in _before:
                _set_threads(library, 1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                for library, n_threads in _before:
                    _set_threads(library, n_threads)


def _set_threads(library, n_threads):
    """Set the number of threads, whichever thread of Python has set it before."""
    forget = getattr(library, "clear_controlling_thread", lambda force: None)
    forget(force=True)
    library.set_num_threads(n_threads)
    forget(force=True)


@cache  # looking for the loaded libraries takes longer than a small training
def _libraries():
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return []
    import numpy  # noqa: F401  (its BLAS must be loaded to be found)

    return ThreadpoolController().select(user_api="blas").lib_controllers
