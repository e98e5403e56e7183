"""Each figure is put on a page of its own. They need Chromium."""

import pytest
from browser import chromium

pytest.importorskip("matplotlib")
pytest.importorskip("IPython")

from figure_page import Page


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def page(browser, tmp_path):
    def make(figure, data):
        return Page(browser, tmp_path / "page.html", figure, data)

    return make
