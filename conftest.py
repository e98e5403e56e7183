"""Chapters among the tests: with pytest-xdist they start first, the longest first.

Of the other files, those with the most tests come first: none is left alone at the end.
"""

import os
import signal
from collections import Counter
from functools import cache, wraps
from importlib.util import find_spec
from unittest import mock

import pytest
from notebooks import NOT_STARTED, can_be_executed, kernel_environment, run_time

SIDE_BY_SIDE = "PYTEST_XDIST_WORKER" in os.environ
collect_ignore_glob = ["book/*/slow/*.py"]  # scripts, of which some fetch data when imported
if not find_spec("torch"):
    collect_ignore_glob += ["rgrbm/networks/_torch_module.py"]


def pytest_addoption(parser):
    """Add what `make test` asks for."""
    words = "keep the chapters that pass, so that `make book` need not execute them again"
    parser.addoption("--keep-chapters", action="store_true", help=words)


def pytest_configure(config):
    """Hear Ctrl-C, here and in what tests start: a shell has its background ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.option.keep_chapters:
        import tested_chapters

        config.pluginmanager.register(tested_chapters)
    if find_spec("nbval"):
        from nbval import kernel

        kernel.start_new_kernel = started_again(kernel.start_new_kernel)


def started_again(start):
    """Give a kernel that dies at its start a second try, as `notebooks.execute` does."""

    @wraps(start)
    def attempts(*arguments, **options):
        try:
            return start(*arguments, **options)
        except RuntimeError as error:
            if NOT_STARTED not in str(error):
                raise
            return start(*arguments, **options)

    return attempts


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Skip what cannot run; let no worker begin a long chapter when the other has nothing to do."""
    lacking = pytest.mark.skip(reason="PyTorch is not installed: pip install -e '.[torch]'")
    possible = cache(can_be_executed)
    for item in items:
        if item.path.suffix == ".ipynb" and not possible(item.path):
            item.add_marker(lacking)

    n_tests = Counter(item.path for item in items)

    @cache
    def length(path):
        chapter = path.suffix == ".ipynb"
        return chapter, run_time(path) if chapter else n_tests[path], str(path)

    if SIDE_BY_SIDE:
        items.sort(key=lambda item: length(item.path), reverse=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """Start the kernels of chapters as `make book` does."""
    if item.path.suffix != ".ipynb":
        return (yield)  # not even an empty patch: it would undo what fixtures do to the environment
    with mock.patch.dict(os.environ, kernel_environment(item.path, SIDE_BY_SIDE)):
        return (yield)
