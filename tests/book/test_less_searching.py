"""A build does not search all objects for garbage, nor all packages for what it has found."""

import gc

import pytest

pytest.importorskip("sphinx")
import pybtex.plugin
from less_searching import setup


@pytest.fixture(autouse=True)
def as_before():
    threshold, registered = gc.get_threshold(), dict(pybtex.plugin._RUNTIME_PLUGINS)
    yield
    gc.set_threshold(*threshold)
    pybtex.plugin._RUNTIME_PLUGINS.clear()
    pybtex.plugin._RUNTIME_PLUGINS.update(registered)


def test_all_objects_are_not_looked_through_for_a_page():
    setup(None)
    before = gc.get_stats()[2]["collections"]
    tree = [[] for _ in range(1_000_000)]
    assert gc.get_stats()[2]["collections"] == before
    assert len(tree) == 1_000_000


def test_packages_are_not_asked_for_what_is_known(monkeypatch):
    setup(None)
    wanted = pybtex.plugin.find_plugin("pybtex.backends", "plaintext")
    monkeypatch.setattr(pybtex.plugin, "entry_points", None)
    assert pybtex.plugin.find_plugin("pybtex.backends", "plaintext") is wanted
    assert wanted.__module__ == "pybtex.backends.plaintext"
