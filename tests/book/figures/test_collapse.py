"""Curves that collapse: the figure's numbers are the library's."""

import numpy as np
import pytest

from rgrbm.dynamics import collapse_score


def curves():
    scale = np.repeat([1.0, 2.0, 3.0], 20)
    variable = np.tile(np.linspace(-3, 3, 20), 3)
    return {
        "points": np.column_stack([scale, variable, np.tanh(variable - scale) + scale / 2]),
        "curves": np.repeat([0, 1, 2], 20),
        "names": ["ln q", "ln s", "ln v"],
        "a": {"from": -1, "to": 2},
        "b": {"from": -3, "to": 2},
    }


def test_a_collapse(page):
    data = curves()
    shown = page("collapse", data)
    scale, variable, quantity = data["points"].T

    def check(a, b):
        found = collapse_score(quantity - a * scale, variable + b * scale, data["curves"])
        assert shown.number("score") == pytest.approx(found.score, abs=6e-4)
        assert shown.number("overlap") == pytest.approx(found.overlap, abs=6e-3)

    check(0, 0)
    seen = {shown.drawing()}
    shown.press('input[aria-label="a"]', *["ArrowRight"] * 5)
    check(0.05, 0)
    seen.add(shown.drawing())
    b = shown.slide("b", 0.2)
    check(0.05, b)
    seen.add(shown.drawing())
    check(shown.set("a", 0.5), shown.set("b", -1))
    assert shown.number("score") < 0.02
    check(0.5, shown.set("b", 2))
    assert len(seen) == 3
    shown.set("b", -3)
    check(0.5, -3)


def test_letters_shrink_less_than_the_drawing_on_a_phone(page, browser):
    sizes = []
    for width in (390, 1400):
        browser.page.set_viewport_size({"width": width, "height": 1000})
        sizes.append(float(page("collapse", curves()).of("svg text", ".getAttribute('font-size')")))
    assert sizes[1] == 14
    assert 16 < sizes[0] <= 1.35 * 14
