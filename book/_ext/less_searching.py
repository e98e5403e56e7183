"""A build in two thirds of the time, which searches less for what it knows.

Python looks through all objects for garbage the more often, the more are made:
a page's tree is hundreds of thousands, and none is garbage before the end. And
pybtex asks all installed packages, at every citation, which one can write text.
"""

import gc

from pybtex.plugin import find_plugin, register_plugin


def setup(app):
    """Register with Sphinx."""
    gc.set_threshold(100_000, 50, 100)
    backends, name = "pybtex.backends", "plaintext"
    register_plugin(backends, name, find_plugin(backends, name), force=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
