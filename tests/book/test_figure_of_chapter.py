"""A figure of a chapter on the first page: it is the chapter's picture, or the build says no."""

import base64
import io
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

EXTENSIONS = Path(__file__).resolve().parents[2] / "book" / "_ext"
SETTINGS = f"""
import sys
sys.path.insert(0, {str(EXTENSIONS)!r})
extensions = ["myst_nb", "figure_of_chapter"]
nb_execution_mode = "off"
exclude_patterns = ["out", "jupyter_execute"]
"""
FIRST = """# First

```{{figure-of-chapter}} {}
```

```{{toctree}}
part/chapter
```
"""


def png(colour):
    file = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def build(tmp_path):
    pytest.importorskip("myst_nb")
    (tmp_path / "conf.py").write_text(SETTINGS)
    (tmp_path / "part").mkdir()

    def run(label, colour="red"):
        cells = [new_markdown_cell("# Chapter")]
        for name, shown in (("fig-other", "green"), ("fig-wanted", colour)):
            output = new_output("display_data", {"image/png": png(shown), "text/plain": "<Figure>"})
            cell = new_code_cell("draw()", outputs=[output], execution_count=1)
            cell.metadata["mystnb"] = {
                "figure": {"name": name, "caption": f"Caption of {name}."},
                "image": {"alt": f"alt text of {name}"},
            }
            cells.append(cell)
        notebook = new_notebook(cells=cells)
        notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
        nbformat.write(notebook, tmp_path / "part" / "chapter.ipynb")
        (tmp_path / "index.md").write_text(FIRST.format(label))
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", tmp_path]
        return subprocess.run([*command, tmp_path / "out"], capture_output=True, text=True)

    return run


def picture(folder):
    """Return address, alt text and colour of what the first page shows."""
    html = (folder / "out" / "index.html").read_text(encoding="utf-8")
    address, image = re.search(
        r'class="figure-of-chapter"><a[^>]* href="([^"]+)"[^>]*>(<img[^>]*>)', html
    ).groups()
    source, alt = (re.search(rf'{name}="([^"]+)"', image)[1] for name in ("src", "alt"))
    with Image.open(folder / "out" / source) as shown:
        return address, alt, shown.convert("RGB").getpixel((0, 0))


@pytest.mark.slow
def test_the_chapters_own_picture_is_shown_and_a_new_one_when_that_changes(build, tmp_path):
    done = build("fig-wanted")
    assert done.returncode == 0, done.stderr
    where, alt = "part/chapter.html#fig-wanted", "alt text of fig-wanted"
    assert picture(tmp_path) == (where, alt, (255, 0, 0))
    assert build("fig-wanted", "blue").returncode == 0
    assert picture(tmp_path) == (where, alt, (0, 0, 255))


@pytest.mark.slow
def test_a_figure_that_no_chapter_has_fails_the_build(build):
    done = build("fig-gone")
    assert done.returncode != 0
    assert "index.md:3: WARNING: no chapter has the figure fig-gone" in done.stderr
