"""Locks that a fork waits for.

A forked process has one thread, the one that forked. What another thread was in the midst of stays
half done there, and a lock that it held stays shut for good. So a fork takes these locks first.
"""

import os
from threading import RLock

_locks, _taken = [], []


def lock_for_forks():
    """Return a new lock that no fork finds shut by another thread.

    Who holds one may take those that were made later, never those made before.
    """
    return held_at_forks(RLock())


def held_at_forks(lock):
    """Have each fork take this lock too, which must be one that its thread can take again."""
    _locks.append(lock)
    return lock


def _take():
    for lock in tuple(_locks):  # others may be made meanwhile
        lock.acquire()
        _taken.append(lock)  # by one fork at a time, the one that holds the first lock


def _give_back():
    taken = _taken[::-1]
    _taken.clear()
    for lock in taken:
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_take, after_in_parent=_give_back, after_in_child=_give_back)
