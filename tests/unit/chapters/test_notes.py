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


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([3, 1.0], TypeError, "name must be a string, got 3"),
        (["", 1.0], ValueError, "name must say what the number is"),
        (["x", 1.0, 2], TypeError, "spec must be a string, got 2"),
        (["x", 1.0, "nonsense"], ValueError, "spec must be a format for the value 1.0, got 'nonse"),
        (["x", None, ".2f"], ValueError, "spec must be a format for the value None"),
        (["x", [1], ".2f"], ValueError, "spec must be a format for the value"),
    ],
)
def test_a_bad_note_is_refused(monkeypatch, arguments, error, message):
    monkeypatch.setattr("myst_nb.glue", lambda *arguments, **options: pytest.fail("it was kept"))
    with pytest.raises(error, match=message):
        note(*arguments)
