"""Running notebooks side by side: order, threads, failures, Ctrl-C."""

import asyncio
import gc
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from notebooks import (
    ONE_THREAD,
    can_be_executed,
    chapter_paths,
    executed_with_the_book,
    progress,
    run,
    run_time,
    stored_notes,
)

ROOT = Path(__file__).resolve().parents[2]


def glued(name, text):
    return new_output(
        "display_data",
        {"application/papermill.record/text/plain": repr(text)},
        metadata={"scrapbook": {"name": name}},
    )


def write(path, *sources, seconds=None):
    """Write a chapter; it may say how long it takes."""
    cells = [new_code_cell(source) for source in sources]
    if seconds is not None:
        cells[0].outputs = [glued("a-run-time", seconds)]
        cells.append(new_markdown_cell("Run time: {glue:text}`a-run-time` s."))
    nbformat.write(new_notebook(cells=cells), path)
    return path


def printed(notebook):
    return "".join(output.text for cell in notebook.cells for output in cell.get("outputs", []))


@pytest.fixture
def our_conftest(pytestconfig):
    """The conftest.py at the top: an import of that name takes whichever pytest has read last."""
    return pytestconfig.pluginmanager.get_plugin(str(ROOT / "conftest.py"))


def test_side_by_side_the_longest_chapters_come_first_and_then_the_files_with_most_tests(
    our_conftest, tmp_path, monkeypatch
):
    write(tmp_path / "long.ipynb", "", seconds="9")
    write(tmp_path / "short.ipynb", "", seconds="2")
    order = ["two.py", "short.ipynb", "many.py", "two.py", "long.ipynb", "many.py", "many.py"]
    items = [SimpleNamespace(path=tmp_path / name) for name in order]
    monkeypatch.setattr(our_conftest, "SIDE_BY_SIDE", False)
    our_conftest.pytest_collection_modifyitems(items)
    assert [item.path.name for item in items] == order
    monkeypatch.setattr(our_conftest, "SIDE_BY_SIDE", True)
    our_conftest.pytest_collection_modifyitems(items)
    expected = ["long.ipynb", "short.ipynb", *3 * ["many.py"], *2 * ["two.py"]]
    assert [item.path.name for item in items] == expected


def test_the_run_time_is_what_the_chapter_says(tmp_path):
    assert run_time(write(tmp_path / "a.ipynb", "", seconds="88")) == 88
    assert run_time(write(tmp_path / "b.ipynb", "", seconds="1.5 (two threads)")) == 1.5
    assert run_time(write(tmp_path / "c.ipynb", "", seconds="long")) == 0
    assert run_time(write(tmp_path / "d.ipynb", "")) == 0


def test_notes_are_the_texts_that_cells_have_glued():
    cell = new_code_cell("", outputs=[glued("x", "0.995(6)"), new_output("stream", text="1")])
    assert stored_notes(new_notebook(cells=[cell, new_markdown_cell("")])) == {"x": "0.995(6)"}


def test_a_chapter_is_shown_as_stored_if_and_only_if_it_needs_pytorch(monkeypatch):
    for path in chapter_paths():
        cells = nbformat.read(path, as_version=4).cells
        code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        needs = re.search(r"^\s*(import|from) torch\b", code, re.M) is not None
        assert executed_with_the_book(path) != needs, path
        monkeypatch.setattr("notebooks.find_spec", lambda name: None)
        assert can_be_executed(path) != needs
        monkeypatch.setattr("notebooks.find_spec", lambda name: object())
        assert can_be_executed(path)


def test_the_progress_line():
    line = progress(3, 18, 46.12, Path("book/2_rbm/03_training.ipynb"))
    assert line == "[ 3 of 18]   46.1 s  2_rbm/03_training.ipynb"
    line = progress(3, 18, 46.12, Path("book/2_rbm/03_training.ipynb"), "because")
    assert line.endswith("FAILED\nbecause")


@pytest.mark.slow
def test_the_longest_is_first_and_a_failure_stops_no_other(tmp_path, capsys):
    short = write(tmp_path / "short.ipynb", "print('short')", seconds="1")
    long = write(tmp_path / "long.ipynb", "print('long')", seconds="9")
    wrong = write(tmp_path / "wrong.ipynb", "value = 1\nvalue / 0", "print('after')", seconds="5")
    kept = []
    failed = run(
        [short, long, wrong], lambda path, notebook, cost: kept.append(printed(notebook)), 1
    )
    assert kept == ["long\n", "short\n"]
    assert failed == [wrong]
    report = capsys.readouterr().out
    assert "[ 1 of 3]" in report
    assert "wrong.ipynb  FAILED" in report
    assert "ZeroDivisionError" in report
    assert "value / 0" in report


def test_the_last_words_of_a_kernel_are_shown_if_it_dies_and_only_then(tmp_path, capfd):
    # Within pytest, ipykernel leaves number 2 where it was.
    speak = "import os\nos.write(2, b'last words')"
    dead = write(tmp_path / "dead.ipynb", f"{speak}\nos._exit(1)")
    well = write(tmp_path / "well.ipynb", speak)
    assert run([dead, well], lambda *arguments: None) == [dead]
    out, err = capfd.readouterr()
    assert out.count("last words") == 1
    assert "DeadKernelError" in out
    assert "last words" not in err


@pytest.mark.parametrize(
    ("n_workers", "n_chapters", "threads"), [(1, 2, "2"), (2, 1, "2"), (2, 2, "1")]
)
def test_one_thread_for_each_that_runs_beside_another(
    tmp_path, monkeypatch, n_workers, n_chapters, threads
):
    for name in ONE_THREAD:
        monkeypatch.setenv(name, "2")
    code = f"import os\nprint(*[os.environ[name] for name in {[*ONE_THREAD]}])"
    paths = [write(tmp_path / f"{number}.ipynb", code) for number in range(n_chapters)]
    kept = []
    run(paths, lambda path, notebook, cost: kept.extend(printed(notebook).split()), n_workers)
    assert kept == [threads] * len(ONE_THREAD) * n_chapters
    assert all(os.environ[name] == "2" for name in ONE_THREAD)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux keeps count")
def test_the_most_memory_counts_although_it_was_given_back(tmp_path):
    few = write(tmp_path / "few.ipynb", "1")
    many = write(tmp_path / "many.ipynb", "much = bytearray(300_000_000)", "del much")
    found = {}
    assert run([few, many], lambda path, notebook, cost: found.update({path: cost.megabytes})) == []
    assert 20 < found[few] < 300
    assert found[many] == pytest.approx(found[few] + 300, abs=20)


def test_a_notebook_runs_in_its_folder(tmp_path):
    path = write(tmp_path / "a.ipynb", "import os\nprint(os.getcwd())")
    assert run([path], lambda path, notebook, cost: path.write_text(printed(notebook))) == []
    assert path.read_text() == f"{tmp_path}\n"


@pytest.mark.slow
def test_ctrl_c_stops_all_kernels_and_keeps_what_is_done(tmp_path):
    write(tmp_path / "a.ipynb", "1", seconds="9")
    wait = "import os, time\nopen(f'{os.getpid()}.pid', 'w')\ntime.sleep(99)"
    for name in "bc":
        write(tmp_path / f"{name}.ipynb", wait)
    script = f"""
        import signal
        from pathlib import Path
        from notebooks import run

        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it
        paths = sorted(Path({str(tmp_path)!r}).glob("*.ipynb"))
        run(paths, lambda path, notebook, cost: print("kept", path.name, flush=True))
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tools")},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 120
    while len(pids := [int(path.stem) for path in tmp_path.glob("*.pid")]) < 2:
        assert time.monotonic() < until
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "kept a.ipynb" in out
    assert "FAILED" not in out
    assert "Traceback" not in out + err
    assert "interrupted" in err
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize("stopped", [False, True])
def test_what_watches_a_kernel_is_heard_until_ctrl_c(tmp_path, monkeypatch, caplog, stopped):
    async def watch():
        raise RuntimeError("the kernel is gone")

    async def execute(path, environment, words):
        asyncio.get_running_loop().create_task(watch())  # nobody waits for it
        if stopped:
            signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0.1)
        return None, None

    monkeypatch.setattr("notebooks.execute", execute)
    with pytest.raises(SystemExit) if stopped else nullcontext():
        run([write(tmp_path / "a.ipynb", "1")], lambda *kept: None)
    gc.collect()
    assert ("the kernel is gone" in caplog.text) == (not stopped)


DIES = """
import os, pathlib, sys
tries = pathlib.Path({folder!r}, "tries")
tries.write_text(tries.read_text() + "1" if tries.exists() else "1")
if len(tries.read_text()) <= {n}:
    sys.exit("Address already in use")
os.execv(sys.executable, [sys.executable, "-m", "ipykernel_launcher", *sys.argv[1:]])
"""


@pytest.mark.slow
@pytest.mark.parametrize("deaths", [0, 1, 2])
def test_a_kernel_that_dies_at_its_start_is_started_once_more(
    our_conftest, tmp_path, monkeypatch, deaths
):
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    script = tmp_path / "kernel.py"
    script.write_text(DIES.format(folder=str(tmp_path), n=deaths))
    argv = [sys.executable, str(script), "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "dies", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    found = []
    path = write(tmp_path / "a.ipynb", "print(1 + 1)")
    failed = run([path], lambda path, notebook, cost: found.append(printed(notebook)))
    assert (found, failed) == ((["2\n"], []) if deaths < 2 else ([], [path]))
    assert len((tmp_path / "tries").read_text()) == min(deaths + 1, 2)

    counted = itertools.count()

    def start():
        if next(counted) < deaths:
            raise RuntimeError("Kernel died before replying to kernel_info")
        return "started"

    if deaths < 2:
        assert our_conftest.started_again(start)() == "started"
    else:
        with pytest.raises(RuntimeError, match="died"):
            our_conftest.started_again(start)()
