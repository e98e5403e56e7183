"""Numbers for the text."""

import pytest

from rgrbm.chapters import note
from rgrbm.estimate import Estimate


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["4.8 %"], "4.8 %"),
        ([-1.0471, ".2f"], "−1.05"),
        ([3], "3"),
        ([Estimate(-0.99512, 0.0061)], "−0.995(6)"),
        ([Estimate(0.99512, 0.0061), ".2"], "1.00(1)"),
    ],
)
def test_a_note_is_text_that_the_page_can_quote(monkeypatch, arguments, text):
    kept = {}

    def glue(name, value, display):
        assert display is False
        kept[name] = value

    monkeypatch.setattr("myst_nb.glue", glue)
    note("some-name", *arguments)
    assert kept == {"some-name": text}
