"""Where executed chapters are kept, and when one must be executed again.

jupyter-cache finds a chapter by the text of its code cells. What else its outputs depend on is
added here. For all chapters that is the library and the packages under it: a digest of them names
the folder. For one chapter it is the files that it reads beside it: a digest of them is in
its record. Sphinx loads this file as an extension, which tells the build of both.
"""

import hashlib
import re
import shutil
import sys
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.db import NbCacheRecord

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
PACKAGES = {"ipython", "ipywidgets", "matplotlib", "numba", "numpy", "scipy"}


def cache_folder(root):
    """Return where the chapters are kept that this library and this environment execute."""
    versions = {found.name: found.version for found in distributions() if found.name in PACKAGES}
    files = [*(root / "rgrbm").rglob("*"), root / "constraints.txt"]
    key = digest(files, root, *sorted(versions.items()))
    return root / "_build" / ".jupyter_cache" / f"{PYTHON}-{key}"


def inputs(path):
    """Return a digest of what a notebook may read beside it.

    That is what its part keeps in ``slow/``; for a page of the reference also all chapters.
    """
    book = path.parent.parent
    if path.parent.name == "reference":
        files = [*book.glob("*/slow/**/*"), *book.glob("*/*.ipynb")]
    else:
        files = path.parent.glob("slow/**/*")
    return digest(files, book)


def digest(paths, root, *more):
    """Return a digest of files, names and contents, and of more; compiled code does not count."""
    total = hashlib.sha256(repr(more).encode())
    for path in sorted(paths):
        if path.is_file() and "__pycache__" not in path.parts:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return total.hexdigest()[:16]


@contextmanager
def open_cache(root):
    """Open the cache, and remove those that an older library has left."""
    folder = cache_folder(root)
    for other in folder.parent.glob(f"{PYTHON}-*"):
        if other != folder:
            shutil.rmtree(other)
    cache = get_cache(folder)
    try:
        try:
            cache.list_cache_records()
        except RuntimeError:  # killed while it was made
            cache.db.dispose()
            cache.clear_cache()
        yield cache
    finally:
        cache.db.dispose()


def current(cache, path):
    """Return the record of an executed chapter, or None; one that is stale or half is removed."""
    try:
        record = cache.match_cache_notebook(nbformat.read(path, as_version=4))
    except KeyError:
        return None
    try:
        cache.get_cache_bundle(record.pk)
        if record.data.get("inputs") == inputs(path):
            return record
    except (KeyError, ValueError):  # killed while it was written
        pass
    shutil.rmtree(cache.path / "executed" / record.hashkey, ignore_errors=True)
    NbCacheRecord.remove_record(record.pk, cache.db)
    return None


def keep(cache, path, notebook, cost, read):
    """Keep an executed chapter; `read` is what `inputs` was when it began."""
    data = {"execution_seconds": cost.seconds, "megabytes": cost.megabytes, "inputs": read}
    bundle = CacheBundleIn(notebook, str(path), data=data)
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def name_folder(app, config):
    """Tell myst-nb where the executed chapters are; another folder makes it read all pages anew."""
    config.nb_execution_cache_path = str(cache_folder(Path(app.srcdir)))


def outdated(app, env, added, changed, removed):
    """Return the pages that were executed anew since they were read."""
    from myst_nb.sphinx_ import NbMetadataCollector

    if app.config.nb_execution_mode != "cache":
        return []
    pages = []
    with open_cache(Path(app.srcdir)) as cache:
        for name, data in NbMetadataCollector.get_doc_data(env).items():
            if name in env.found_docs and (seen := data.get("exec_data")):
                record = current(cache, Path(env.doc2path(name)))
                if record is None or record.created.timestamp() != seen["mtime"]:
                    pages.append(name)
    return pages


def quoting(app, env):
    """Return the pages that quote numbers of other pages: they are always written anew."""
    elsewhere = re.compile(r"\{glue[^`]*`[^`]+::|:doc:")
    texts = {name: Path(env.doc2path(name)).read_text("utf-8") for name in env.found_docs}
    return [name for name, text in texts.items() if elsewhere.search(text)]


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", name_folder)
    app.connect("env-get-outdated", outdated)
    app.connect("env-updated", quoting)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
