"""The flow of two couplings: the figure's numbers are the library's."""

import re

import numpy as np
import pytest

from rgrbm import transfer_matrix
from rgrbm.decimation import coupling_flow


def test_a_flow(page):
    start, means = (1.8, -0.012), [-0.8, 0.0, 0.5]
    shown = page("flow", {"coupling": start[0], "field": start[1], "means": means})
    left, top, right, bottom = 60, 10, 460, 350  # of the plane, in units of the drawing

    def to_drawing(t, y):
        return left + (right - left) * (t + 1) / 2, bottom - (bottom - top) * (y + 1) / 2

    def from_drawing(x, y):
        t = -1 + 2 * (x - left) / (right - left)
        return np.arctanh(t), np.arctanh(-1 + 2 * (bottom - y) / (bottom - top))

    def check(coupling, field):
        couplings, fields = coupling_flow(coupling, field, 12)
        at_dots = "[...document.querySelectorAll('circle[r=\"4\"]')].map((c) => "
        dots = shown.ask(at_dots + "[c.getAttribute('cx'), c.getAttribute('cy')].map(Number))")
        expected = np.transpose(to_drawing(np.tanh(couplings), np.tanh(fields)))
        np.testing.assert_allclose(dots, expected, rtol=0, atol=1e-6)
        for steps in (0, 1, 2, 4):
            assert shown.set("steps", steps) == steps
            here = couplings[steps], fields[steps]
            mean = transfer_matrix.magnetization(np.inf, *here)
            length = transfer_matrix.correlation_length(*here)
            assert shown.number("K") == pytest.approx(here[0], abs=6e-5)
            assert shown.number("h") == pytest.approx(here[1], abs=6e-5)
            assert shown.number("m") == pytest.approx(mean, abs=6e-5)
            assert shown.number("\u03be, sites") == pytest.approx(length, abs=6e-5)
            first = np.exp(2 * coupling) * np.sinh(field)
            assert shown.number("exp(2K) sinh h") == pytest.approx(first, abs=6e-5)

    check(*start)
    # Along each curve that is drawn the mean spin is the same; the last one is that of the start.
    for number, mean in ((2, means[2]), (4, transfer_matrix.magnetization(np.inf, *start))):
        path = shown.ask(f"document.querySelectorAll('svg path')[{number}].getAttribute('d')")
        places = np.array([point.split() for point in re.split("[ML]", path)[1:]], float)
        drawn = transfer_matrix.magnetization(np.inf, *from_drawing(*places[60:-5].T))
        np.testing.assert_allclose(drawn, mean, rtol=0, atol=0.01)
    handle = '[role="slider"][aria-label="start of the flow"]'
    here = np.array(to_drawing(*np.tanh(start)))
    shown.press(handle, *["ArrowLeft"] * 4, *["ArrowUp"] * 3, "ArrowDown", "ArrowRight")
    here += [-30, -20]
    check(*from_drawing(*here))
    box = shown.of("svg", ".getBoundingClientRect().toJSON()")
    corner, scale = np.array([box["left"], box["top"]]), box["width"] / 480
    for goal in ((120, 150), (200, 250), (400, 181)):
        shown.browser.drag(
            tuple(map(float, corner + here * scale)),
            tuple(map(float, corner + np.array(goal) * scale)),
        )
        here = np.array(goal, float)
        coupling, field = from_drawing(*here)
        check(coupling, field)
        shown.set("steps", 1)
        assert shown.number("K") >= 0, "the sign is lost"
    # It does not leave the plane.
    shown.browser.drag(tuple(map(float, corner + here * scale)), (700.0, 5.0))
    check(np.arctanh(0.998), np.arctanh(0.99))
