"""The staircase of Migdal and Kadanoff: the figure's numbers are the library's."""

import numpy as np
import pytest
from scipy.optimize import brentq

from rgrbm.decimation import decimate_coupling

CRITICAL = np.log(1 + np.sqrt(2)) / 2


def migdal_kadanoff(b, order):
    """The step in both orders; by the library where b is a power of two."""

    def decimate(k):
        if b not in (2, 4):
            return np.arctanh(np.tanh(k) ** b)
        for _ in range(b // 2):
            k = decimate_coupling(k)[0]
        return k

    return (lambda k: b * decimate(k)) if order == 0 else (lambda k: decimate(b * k))


def test_the_staircase_of_migdal_and_kadanoff(page):
    shown = page("staircase", {"critical": CRITICAL, "start": 0.5, "b": 2})
    subscripts = shown.ask("[...document.querySelectorAll('sub')].map((s) => s.textContent)")
    assert subscripts == ["c", "T"]
    assert shown.of("svg", ".textContent.includes('exact Kc')")
    handle = 'svg [role="slider"]'

    def check(b, order):
        step = migdal_kadanoff(b, order)
        fixed = brentq(lambda k: step(k) - k, 0.1, 2, xtol=1e-13)
        assert shown.number("K*") == pytest.approx(fixed, abs=1e-6)
        assert shown.number("K* \u2212 K_c") == pytest.approx(fixed - CRITICAL, abs=1e-6)
        slope = (step(fixed + 1e-5) - step(fixed - 1e-5)) / 2e-5
        assert shown.number("y_T") == pytest.approx(np.log(slope) / np.log(b), abs=2e-6)

        corners = shown.path("staircase")
        k = shown.ask(f"document.querySelector('{handle}').getAttribute('cx')")
        k = (float(k) - 62) / 400 * 1.2
        assert shown.number("start K") == pytest.approx(k, abs=6e-4)
        stairs = [(k, k)]
        while 0.02 < k < 1.2 and len(stairs) / 2 * np.log(b) < 12:
            stairs += [(k, min(step(k), 1.2)), (min(step(k), 1.2),) * 2]
            k = step(k)
        n = len(stairs) // 2
        assert shown.number("steps n") == n
        assert shown.number("b\u207f") == pytest.approx(b**n, rel=1e-9, abs=0.06)
        assert shown.shown("ends at") == ("K = 0" if k <= 0.02 else "K = \u221e")
        stairs = [62, 410] + np.array([400, -400]) / 1.2 * stairs
        np.testing.assert_allclose(corners, stairs, rtol=0, atol=0.02)

    check(2, 0)
    assert shown.shown("ends at") == "K = 0"
    # A start above the exact K_c, on the wrong side of K*; a small b sets it right.
    check(shown.set("b", 1.2), 0)
    assert shown.shown("ends at") == "K = \u221e"
    shown.drag(handle, -40, 40)
    assert shown.number("start K") == pytest.approx(0.38, abs=2e-3)
    check(1.2, 0)
    shown.press(handle, "ArrowLeft", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowRight")
    assert shown.number("start K") == pytest.approx(0.371, abs=2e-3)
    check(1.2, 0)
    shown.press("select", "ArrowDown")
    check(1.2, 1)
    shown.set("b", 2)
    check(2, 1)
    shown.press('input[aria-label="b"]', "End")
    check(4, 1)
    shown.press("select", "ArrowUp")
    check(4, 0)
    check(shown.set("b", 3), 0)
    # Infinitely small steps: the exact K_c, and the exponent of the theorem.
    shown.press('input[aria-label="b"]', "Home")
    assert abs(shown.number("K* \u2212 K_c")) < 5e-4
    limit = 2 - np.sqrt(2) * np.log(1 + np.sqrt(2))
    assert shown.number("y_T") == pytest.approx(limit, abs=2e-6)
    assert shown.number("steps n") > 1000
    b = shown.slide("b", 0.5)
    assert 2.3 < b < 2.7
    check(b, 0)
