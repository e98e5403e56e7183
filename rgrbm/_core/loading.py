"""Modules that are imported when they are first used, because they are heavy."""

from functools import cache
from importlib import import_module

from rgrbm._core.forks import lock_for_forks
from rgrbm._core.signals import signals_held_back

_lock = lock_for_forks()


@cache
def load(name, extra=None):
    """Import a module, whole: neither a Ctrl-C nor a fork comes in between.

    Python drops a module whose import was broken off, but not those that it had imported. numba
    cannot be imported again over these. Where something is missing, the error names the extra of
    the package that brings it.
    """
    with _lock, signals_held_back():
        try:
            return import_module(name)
        except ImportError as error:
            if extra is None:
                raise
            raise ImportError(f'{error}: pip install "rgrbm[{extra}]"') from error
