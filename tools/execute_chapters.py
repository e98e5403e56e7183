"""Execute the chapters whose outputs the cache does not have; the build then reads the cache.

A chapter that the book shows as stored is not executed.

Usage: python tools/execute_chapters.py [--workers N]
"""

import argparse
import sys

from chapter_cache import current, inputs, keep, open_cache
from notebooks import ROOT, chapter_paths, executed_with_the_book, run


def execute_missing(root=ROOT, n_workers=2):
    """Return the chapters that failed."""
    chapters = [path for path in chapter_paths(root) if executed_with_the_book(path)]
    with open_cache(root) as cache:
        missing = {path: inputs(path) for path in chapters if current(cache, path) is None}
        print(f"{len(missing)} of {len(chapters)} chapters must be executed", flush=True)
        return run(
            list(missing),
            lambda path, notebook, cost: keep(cache, path, notebook, cost, missing[path]),
            n_workers,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2, help="chapters at a time")
    failed = execute_missing(n_workers=parser.parse_args().workers)
    sys.exit(f"failed: {', '.join(path.name for path in failed)}" if failed else None)
