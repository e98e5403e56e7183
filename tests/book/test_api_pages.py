"""Every door has a page, and every public name an entry on it."""

import os
from pathlib import Path

import pytest
import yaml

import rgrbm

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
FOLDER = "book/reference/api"


def test_every_door_has_a_page_in_the_table_of_contents():
    reference = TOC["parts"][-1]["chapters"]
    (entry,) = [page for page in reference if page["file"] == f"{FOLDER}/index"]
    pages = [page["file"].removeprefix(f"{FOLDER}/") for page in entry["sections"]]
    assert sorted(pages) == sorted(rgrbm.__all__)
    index = (ROOT / FOLDER / "index.md").read_text(encoding="utf-8")
    for name in pages:
        page = (ROOT / FOLDER / f"{name}.md").read_text(encoding="utf-8")
        assert f".. door:: rgrbm.{name}\n" in page
        assert f"{{doc}}`{name}`" in index


def test_a_page_describes_all_that_its_door_lists():
    pytest.importorskip("sphinx")
    from doors import page

    for name in rgrbm.__all__:
        lines = page(f"rgrbm.{name}")
        for public in getattr(rgrbm, name).__all__:
            described = [line for line in lines if line.endswith(f":: rgrbm.{name}.{public}")]
            assert len(described) == 1, public


@pytest.mark.parametrize("name", rgrbm.__all__)
def test_the_built_page_has_an_entry_for_every_public_name(name):
    folder = os.environ.get("RGRBM_BOOK")
    if not folder:
        pytest.skip("RGRBM_BOOK does not name a built book: run make book first")
    html = (ROOT / folder / FOLDER / f"{name}.html").read_text(encoding="utf-8")
    for public in getattr(rgrbm, name).__all__:
        assert f'id="rgrbm.{name}.{public}"' in html, public
