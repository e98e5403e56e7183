"""Progress bars."""

from contextlib import contextmanager
from functools import cache

from rgrbm._core.forks import lock_for_forks
from rgrbm._core.loading import load


@contextmanager
def progress_bar(shown, **options):
    """Open a bar of tqdm with an `update`, or, if it is not shown, nothing that looks like one."""
    if not shown:
        yield _NoBar()
        return
    with _bar_class()(miniters=1, **options) as bar:
        yield bar


class _NoBar:
    def update(self, n_done):
        pass


@cache
def _bar_class():
    class Bar(load("tqdm").tqdm):
        monitor_interval = 0  # no thread that redraws bars

    # tqdm's own lock is one for all processes: who is killed while holding it stops the others.
    Bar.set_lock(lock_for_forks())
    return Bar
