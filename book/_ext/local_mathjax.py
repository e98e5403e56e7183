"""Formulas without a network: the book ships MathJax, from a Python package."""

import shutil
from importlib.resources import files
from pathlib import Path

SCRIPT = "tex-svg-full.js"


def use_local_copy(app, config):
    """Point Sphinx at the copy, and make it among the static files."""
    config.mathjax_path = f"mathjax/{SCRIPT}"
    target = Path(app.outdir) / "_static" / config.mathjax_path
    target.parent.mkdir(parents=True, exist_ok=True)
    package = files("mathjax") / "static" / "mathjax"
    shutil.copyfile(package / "es5" / SCRIPT, target)
    shutil.copyfile(package / "LICENSE", target.parent / "LICENSE")


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", use_local_copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
