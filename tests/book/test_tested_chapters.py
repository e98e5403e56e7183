"""Chapters that the tests execute: what is kept is what `make book` would have made itself."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

pytest.importorskip("nbval")
pytest.importorskip("jupyter_cache")
pytest.importorskip("ipywidgets")

from chapter_cache import current, open_cache
from execute_chapters import execute_missing

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
SPEAKS = [
    "import sys\nprint('one'); print('two', file=sys.stderr)\n1 + 1",
    "from IPython.display import clear_output, display\nprint('gone')\nclear_output(wait=True)\n"
    "shown = display('old', display_id='a name')",
    "shown.update('new')\n'an answer'",
    "import matplotlib.pyplot as plt\nfig, axis = plt.subplots(figsize=(1, 1))",
    "import ipywidgets\nslider = ipywidgets.IntSlider(7)\ndisplay(slider)\nslider.value = 9",
    "import os\nprint(os.environ['http_proxy'], os.environ.get('RGRBM_THREADS'), os.getcwd())",
]
# What makes a chapter that must not be kept: a source of its last cell, its tags, its metadata.
REFUSED = {
    "changes_what_it_reads": ("open('slow/a', 'w').close()", [], {}),
    "other_outputs": ("1", [], {}),
    "error": ("1 / 0", ["nbval-ignore-output"], {}),
    "not_executed": ("1", ["nbval-skip"], {}),
    "shown_as_stored": ("None", [], {"mystnb": {"execution_mode": "off"}}),
}
RANDOM = re.compile(r"[0-9a-f]{32}|0x[0-9a-f]+")


@pytest.fixture
def root(tmp_path):
    """Make a book without chapters, with the tools and the way of testing of ours."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npythonpath = tools\nfilterwarnings = error\n"
        "addopts = --nbval --nbval-current-env -p no:cacheprovider\n"
    )
    (tmp_path / "constraints.txt").touch()
    for folder in ("rgrbm", "book/1_rg/slow"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "_toc.yml").write_text("root: book/intro\nparts:\n- chapters:\n")
    return tmp_path


def write(root, name, *sources, tags=(), **metadata):
    """Write a chapter; outputs are compared of the last cell, which has none stored."""
    cells = [new_code_cell(source, execution_count=1) for source in sources]
    for cell in cells[:-1]:
        cell.metadata.tags = ["nbval-ignore-output"]
    cells[-1].metadata.tags = list(tags)
    notebook = new_notebook(cells=cells, metadata=metadata)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, root / f"book/1_rg/{name}.ipynb")
    with open(root / "_toc.yml", "a") as file:
        file.write(f"  - file: book/1_rg/{name}\n")


def make_test(root, *options):
    """Run the tests, and return the chapters that have been kept."""
    command = [sys.executable, "-m", "pytest", "-q", "--keep-chapters", *options]
    # A run of its own, even if this test is one of several that run side by side.
    env = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    print(subprocess.run(command, cwd=root, env=env, capture_output=True, text=True).stdout)
    return kept(root)


def kept(root):
    """Return the chapters that the cache has, and their records: name -> notebook, data."""
    with open_cache(root) as cache:
        return {
            path.stem: (cache.get_cache_bundle(record.pk).nb, record.data)
            for path in (root / "book/1_rg").glob("*.ipynb")
            if (record := current(cache, path))
        }


def without_chance(notebook):
    """Return a notebook as text, without the random names of its widgets."""
    widgets = notebook.metadata.pop("widgets")["application/vnd.jupyter.widget-state+json"]
    models = sorted(RANDOM.sub("", str(model)) for model in widgets["state"].values())
    return RANDOM.sub("", nbformat.writes(notebook)), models


def test_what_is_kept_is_what_the_book_would_have_made(root):
    for number in range(2):
        write(root, f"speaks-{number}", *SPEAKS, f"number = {number}")
    tested = make_test(root, "-n2", "--dist=loadfile")
    shutil.rmtree(root / "_build")
    assert execute_missing(root) == []
    executed = kept(root)
    assert set(tested) == set(executed) == {"speaks-0", "speaks-1"}
    for name, (notebook, data) in tested.items():
        own, own_data = executed[name]
        text, models = without_chance(notebook)
        assert (text, models) == without_chance(own)
        assert any("'value': 9" in model for model in models)
        assert set(data) == set(own_data)
        assert data["inputs"] == own_data["inputs"]
        assert 0 < data["execution_seconds"] < 600
        assert data["megabytes"] == pytest.approx(own_data["megabytes"], rel=0.3)
    outputs = [cell.outputs for cell in notebook.cells]
    assert len(outputs[0]) == 3
    assert [output.data["text/plain"] for output in outputs[1]] == ["'new'"]
    assert "image/png" in outputs[3][0].data
    assert outputs[5][0].text.split() == ["http://127.0.0.1:9", "1", str(root / "book/1_rg")]


def test_only_what_is_whole_and_has_passed_is_kept(root):
    write(root, "right", "1", "None")
    for name, (source, tags, metadata) in REFUSED.items():
        write(root, name, f"{name} = 1", source, tags=tags, **metadata)
    assert set(make_test(root)) == {"right"}
    shutil.rmtree(root / "_build")
    assert set(make_test(root, "book/1_rg/right.ipynb::Cell 1")) == set(), "one cell of two"


def test_a_chapter_is_not_kept_if_the_library_has_changed_meanwhile(root):
    write(root, "changes", "open('../../rgrbm/ising.py', 'w').close()", "None")
    assert set(make_test(root)) == set()
