"""Keep the chapters that the tests execute: then `make book` executes only what is missing.

This is a plugin of pytest. A chapter is kept if all its cells were executed and passed. What nbval
hears from the kernel is handed to nbclient, as if it had executed the chapter by itself.
"""

import os
import time
from pathlib import Path

import nbformat
import pytest
from chapter_cache import cache_folder, inputs, keep, open_cache
from nbclient import NotebookClient
from notebooks import ROOT, Cost, most_memory, shown_as_stored

EXECUTED = "executed chapter"  # a property of the last cell's report
listeners = {}


class Listener:
    """What one chapter, a file of nbval's, has answered so far."""

    def __init__(self, chapter):
        self.begin = time.perf_counter()
        self.read = cache_folder(ROOT).name, inputs(chapter.path)
        self.notebook = chapter.nb
        self.client = NotebookClient(chapter.nb, record_timing=False)
        self.left = sum(cell.cell_type == "code" for cell in chapter.nb.cells)

    def hear(self, cell, number, messages):
        """Make a cell's outputs of what the kernel has sent; the last message says it is done."""
        cell.outputs, self.client.clear_before_next_output = [], False
        (index,) = [n for n, other in enumerate(self.notebook.cells) if other is cell]
        for message in messages[:-1]:
            if message["parent_header"].get("msg_id") == messages[-1]["parent_header"]["msg_id"]:
                self.client.process_message(message, cell, index)
        cell.execution_count = number  # nbval has the kernel count nothing
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
        self.left -= 1

    def executed(self, kernel):
        """Return all that a record of the chapter needs, as a report can carry it."""
        info = kernel.kc.kernel_info(reply=True)["content"]
        self.notebook.metadata.language_info = info["language_info"]
        self.client.set_widgets_metadata()
        megabytes = most_memory(kernel.km.provisioner.pid)
        seconds = time.perf_counter() - self.begin
        return *self.read, nbformat.writes(self.notebook), seconds, megabytes


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """Begin to count before the kernel starts, which a chapter's first cell has it do."""
    new = item.path.suffix == ".ipynb" and item.path not in listeners
    if new and not shown_as_stored(item.parent.nb):
        listeners[item.path] = Listener(item.parent)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Listen to the kernel; write down what passes, and report the chapter with its last cell."""
    if not (listener := listeners.get(item.path)):
        return (yield)
    messages, chapter = [], item.parent
    ask = type(chapter).get_kernel_message.__get__(chapter)
    chapter.get_kernel_message = lambda **how: messages.append(ask(**how)) or messages[-1]
    result = yield
    listener.hear(item.cell, item.cell_num + 1, messages)
    if not listener.left:
        record = str(item.path), *listener.executed(chapter.kernel)
        item.user_properties.append((EXECUTED, record))
    return result


def pytest_runtest_logreport(report):
    """Keep an executed chapter, if the library is still the same: one process does it for all."""
    if report.when != "call" or "PYTEST_XDIST_WORKER" in os.environ:
        return
    for name, record in report.user_properties:
        if name == EXECUTED:
            path, folder, read, text, *cost = record
            with open_cache(ROOT) as cache:
                if cache.path.name == folder:
                    keep(cache, Path(path), nbformat.reads(text, 4), Cost(*cost), read)
