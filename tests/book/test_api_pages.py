"""Every door has a page, and every public name an entry on it."""

import re
from pathlib import Path

import nbformat
import pytest
import yaml
from store_chapters import chapter_paths

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


def test_a_class_is_described_with_what_it_has_from_ours_and_not_from_others():
    pytest.importorskip("sphinx")
    from doors import page

    assert "   :inherited-members: object" in page("rgrbm.rbm")
    (inherited,) = [line for line in page("rgrbm.pipeline") if ":inherited-members:" in line]
    assert inherited.split()[-1] == "ClassNamePrefixFeaturesOutMixin"


def test_a_page_names_itself_as_the_document_of_all_its_parts():
    pytest.importorskip("sphinx")
    from docutils import nodes
    from docutils.utils import new_document
    from doors import adopt

    inner, outer = new_document("inner"), new_document("outer")
    inner += nodes.container()
    inner[0] += nodes.paragraph()
    outer += inner.children
    assert outer[0][0].document is inner  # docutils tells the first part only
    adopt(None, outer)
    assert all(node.document is outer for node in outer.findall())


def test_what_sphinx_keeps_of_a_page_is_that_page_alone(book):
    kept = [book.parent / ".doctrees" / FOLDER / f"{name}.doctree" for name in rgrbm.__all__]
    if not kept[0].exists():
        pytest.skip("the book was built elsewhere")
    assert max(path.stat().st_size for path in kept) < 3e6  # with all others: 50 megabytes


@pytest.mark.parametrize("name", rgrbm.__all__)
def test_the_built_page_has_an_entry_for_every_public_name(book, name):
    html = (book / FOLDER / f"{name}.html").read_text(encoding="utf-8")
    for public in getattr(rgrbm, name).__all__:
        assert f'id="rgrbm.{name}.{public}"' in html, public


def used_names(code):
    """Yield the door and the name of all that a chapter takes from the library."""
    for door in rgrbm.__all__:
        listed = getattr(rgrbm, door).__all__
        imports = re.findall(rf"^\s*from rgrbm\.{door} import (\([^)]*\)|.*)", code, re.M)
        for name in re.findall(r"(\w+)(?: as \w+)?", " ".join(imports)):
            yield door, name
        if re.search(rf"^\s*from rgrbm import .*\b{door}\b", code, re.M):
            yield from ((door, name) for name in listed if re.search(rf"\b{door}\.{name}\b", code))


def test_a_chapter_links_to_what_it_uses_first():
    met = set()
    for path in chapter_paths():
        if path.parent.name == "reference":
            continue
        cells = nbformat.read(path, as_version=4).cells
        code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        for door, name in set(used_names(code)) - met:
            assert name in getattr(rgrbm, door).__all__, (path, name)
            assert f"<rgrbm.{door}.{name}>`" in text, (path.name, door, name)
            met.add((door, name))
    assert len(met) > 30
