"""One thread for BLAS: several are slower on small matrices, and round differently."""

import os
from contextlib import contextmanager
from functools import cache
from threading import get_ident

from rgrbm._core.forks import lock_for_forks
from rgrbm._core.loading import load
from rgrbm._core.signals import signals_held_back

_lock = lock_for_forks()
_users = set()  # the threads that want it so
_before = []  # the libraries that are held to one thread, and how many they had


@contextmanager
def single_threaded_blas():
    """Hold NumPy's BLAS to one thread, in all threads of Python, until its last user is done.

    It does nothing where threadpoolctl (part of the extra ``book``) is not installed: then
    training is still right, but it may be slower, and its last bits depend on the thread count.
    """
    thread = get_ident()
    if thread in _users:  # it holds them already
        yield
        return
    libraries = _libraries()
    try:
        with _lock, signals_held_back():
            if not _before:
                _before.extend((library, library.get_num_threads()) for library in libraries)
                for library in libraries:
                    _set_threads(library, 1)
            _users.add(thread)
        yield
    finally:
        with _lock, signals_held_back():
            _users.discard(thread)
            if not _users:
                for library, n_threads in _before:
                    _set_threads(library, n_threads)
                _before.clear()


def _forget_other_threads():
    """Keep of the users the one that lives on in a forked process."""
    _users.intersection_update({get_ident()})


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)


def _set_threads(library, n_threads):
    """Set the number of threads, whichever thread of Python has set it before."""
    forget = getattr(library, "clear_controlling_thread", lambda force: None)
    forget(force=True)
    library.set_num_threads(n_threads)
    forget(force=True)


@cache  # looking for the loaded libraries takes longer than a small training
def _libraries():
    try:
        threadpoolctl = load("threadpoolctl")
    except ImportError:
        return []
    import numpy  # noqa: F401  (its BLAS must be loaded to be found)

    return threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
