"""The built book, and a browser for each file of tests."""

import os
from pathlib import Path

import pytest
from browser import chromium

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def book():
    folder = os.environ.get("RGRBM_BOOK")
    if not folder:
        pytest.skip("RGRBM_BOOK does not name a built book: run make book first")
    return (ROOT / folder).resolve()


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened
