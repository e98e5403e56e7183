"""Run notebooks side by side: one way, for the book, for storing and for whatever comes."""

import asyncio
import os
import re
import tempfile
import time
import traceback
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import nbformat
import yaml
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
CELL_TIMEOUT = 600  # seconds
# Jupyter's words for a kernel that dies at its start. It does so if another process has taken one
# of the ports that it was given, as can happen when two start at once: then it is started again.
NOT_STARTED = "Kernel died before replying"
# What a chapter is given that runs beside another one: here, and nowhere else. The last is of JAX,
# whose threads take longer to share small matrices than one of them to multiply these.
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "NUMBA")} | {
    "RGRBM_THREADS": "1",
    "PJRT_NPROC": "1",
}
# A chapter that the book executes needs no network, and is refused it.
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")


class Cost(NamedTuple):
    """What a chapter took, with the start of its kernel."""

    seconds: float
    megabytes: float | None  # the most at any moment; None where the system does not say


def page_names(root=ROOT):
    """Return the pages of the table of contents, in reading order."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    entries = [entry for part in toc["parts"] for entry in part["chapters"]]
    files = [page["file"] for entry in entries for page in (entry, *entry.get("sections", ()))]
    return [toc["root"], *files]


def chapter_paths(root=ROOT):
    """Return the notebooks of the table of contents, in reading order."""
    return [path for page in page_names(root) if (path := root / f"{page}.ipynb").exists()]


def shown_as_stored(notebook):
    """Whether a notebook asks the book to show its stored outputs, pictures too, unexecuted.

    It does so where it needs PyTorch, whose wheels for Linux bring gigabytes with them.
    """
    return notebook.metadata.get("mystnb", {}).get("execution_mode") == "off"


def executed_with_the_book(path):
    """Whether `make book` executes a chapter."""
    return not shown_as_stored(nbformat.read(path, as_version=4))


def can_be_executed(path):
    """Whether what a chapter needs is installed."""
    return find_spec("torch") is not None or executed_with_the_book(path)


@cache
def kernel_environment(path, beside):
    """Return the variables that the kernel of a chapter is given, beside others or alone."""
    return (ONE_THREAD if beside else {}) | (NO_NETWORK if executed_with_the_book(path) else {})


def stored_notes(notebook):
    """Return the texts that a notebook's cells have glued: name -> text."""
    return {
        output.metadata.scrapbook.name: text.strip("'")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "scrapbook" in output.get("metadata", {})
        and (text := output.data.get("application/papermill.record/text/plain"))
    }


def run_time(path):
    """Return the seconds that a chapter says it takes, zero where it does not say."""
    notebook = nbformat.read(path, as_version=4)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    name = re.search(r"Run time: \{glue:text\}`([^`]+)`", prose)
    number = re.match(r"[\d.]+", stored_notes(notebook).get(name[1], "")) if name else None
    return float(number[0]) if number else 0.0


def most_memory(pid):
    """Return the most megabytes that a process has held so far, or None: only Linux keeps count."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 / 1e6 if found else None


async def execute(path, environment, stderr):
    """Return a notebook as it is on disk, with its outputs made anew, and the memory it took.

    What the kernel writes outside of its cells goes to the file `stderr`.
    """

    async def attempt():
        megabytes = None

        def look(**cell):
            nonlocal megabytes
            megabytes = most_memory(client.km.provisioner.pid)

        client = NotebookClient(
            nbformat.read(path, as_version=4),
            kernel_name="python3",
            timeout=CELL_TIMEOUT,
            record_timing=False,
            on_cell_executed=look,
            resources={"metadata": {"path": str(path.parent)}},
        )
        return await client.async_execute(env=environment, stderr=stderr), megabytes

    try:
        return await attempt()
    except RuntimeError as error:
        if NOT_STARTED not in str(error):
            raise
        return await attempt()


def run(paths, keep, n_workers=2):
    """Execute notebooks side by side, the longest first, and say how far it is.

    Pages of the reference read what chapters have stored: they come when all chapters are done.

    Parameters
    ----------
    paths : list of Path
    keep : callable
        Called as ``keep(path, notebook, cost)`` with each that was executed. It is never
        interrupted by Ctrl-C, which stops all kernels.
    n_workers : int, optional
        Kernels at a time. One that may run beside another is held to one thread.

    Returns
    -------
    failed : list of Path
        Those with an exception, which has been printed.
    """
    paths = sorted(paths, key=run_time, reverse=True)
    pages = [path for path in paths if path.parent.name == "reference"]
    chapters = [path for path in paths if path not in pages]
    try:
        return asyncio.run(_run([chapters, pages], keep, n_workers))
    except KeyboardInterrupt:
        raise SystemExit("interrupted: the chapters that were done are kept") from None


async def _run(batches, keep, n_workers):
    # nbclient would answer Ctrl-C by stopping one kernel; asyncio's own answer stops all.
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    loop.add_signal_handler = lambda *arguments: None
    # Its watches over kernels that are stopped may end in errors which nobody is there to hear.
    loop.set_exception_handler(
        lambda loop, context: task.cancelling() or loop.default_exception_handler(context)
    )
    slots = asyncio.Semaphore(n_workers)
    total = sum(map(len, batches))
    done, failed = [], []

    async def run_one(path, beside):
        # A kernel's last words are shown if its notebook fails. One that is stopped in the middle
        # of an answer has some too, and they mean nothing.
        with tempfile.TemporaryFile("w+", errors="replace") as words:
            async with slots:
                begin = time.perf_counter()
                problem = ""
                try:
                    environment = os.environ | kernel_environment(path, beside)
                    notebook, megabytes = await execute(path, environment, words)
                    keep(path, notebook, Cost(time.perf_counter() - begin, megabytes))
                except Exception as error:
                    if asyncio.current_task().cancelling():  # Ctrl-C looks like a dead kernel
                        return
                    in_cell = isinstance(error, CellExecutionError)  # it has the cell's traceback
                    problem = str(error) if in_cell else traceback.format_exc()
                    words.seek(0)
                    problem += words.read()
                done.append(path)
                seconds = time.perf_counter() - begin
                print(progress(len(done), total, seconds, path, problem), flush=True)
                if problem:
                    failed.append(path)

    for batch in batches:
        beside = min(n_workers, len(batch)) > 1
        async with asyncio.TaskGroup() as group:
            for path in batch:
                group.create_task(run_one(path, beside))
    return failed


def progress(number, total, seconds, path, problem=""):
    """Return the line that says how far it is; and what went wrong."""
    line = f"[{number:2d} of {total}] {seconds:6.1f} s  {path.parent.name}/{path.name}"
    return f"{line}  FAILED\n{problem}" if problem else line
