"""The runs of the book and of its tests, in a fresh clone of what is committed.

They take long, and so they are timed with ``--whole`` only, once each, two chapters at a time, by a
clock on the wall. The environment is made before. The page of run times has each chapter.
"""

import subprocess
import tempfile
from pathlib import Path
from time import perf_counter

from harness import Row

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ("make book OFFLINE=1", "make test")


def rows(settings):
    """Yield a row for each command, without a peer."""
    if not settings.whole:
        for command in COMMANDS:
            yield Row(command, "run", "", failed="timed by ARGS=--whole only")
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
        subprocess.run(["make", "lint"], cwd=folder, check=True)  # makes the environment
        for command in COMMANDS:
            started = perf_counter()
            # An empty ARGS: else make takes that of the `make bench` that this is part of.
            code = subprocess.run([*command.split(), "ARGS="], cwd=folder).returncode
            failed = f"ended with code {code}" if code else ""
            yield Row(command, "run", "", ours=perf_counter() - started, n_rounds=1, failed=failed)
