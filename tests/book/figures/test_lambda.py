"""The strength of Kadanoff's rule: the figure's numbers are the library's."""

import numpy as np
import pytest

from rgrbm.decimation import decimate_coupling
from rgrbm.ising import boltzmann_probabilities


def strong_rule(strength, constant, both, K=1.0):
    """Numbers of a rule on the ring of 16, from its joint law with all fine states."""
    fine = boltzmann_probabilities(16, K)
    sums = np.array([-2, 0, 0, 2] if both else [-1, -1, 1, 1])
    weight = np.exp(strength * np.outer([-1, 1], sums))  # of a coarse spin, given its block
    trace = weight.sum(axis=0)
    weight /= trace if constant is None else np.exp(constant)
    trace = weight.sum(axis=0)

    law, log_trace, noise = fine.reshape((4,) * 8), np.zeros((4,) * 8), np.zeros((4,) * 8)
    shares = weight / trace
    bits = -(shares * np.log2(shares)).sum(axis=0)
    for block in range(8):
        place = [1] * 8
        place[block] = 4
        log_trace += np.log(trace).reshape(place)
        noise += bits.reshape(place)
        law = np.tensordot(law, weight, axes=(0, 1))
    Z = law.sum()  # over that of the fine spins
    law = law.ravel() / Z
    tilted = fine * np.exp(log_trace.ravel()) / Z  # of the fine spins
    assert tilted.sum() == pytest.approx(1, abs=1e-12)

    table = np.log(law).reshape((2,) * 8)
    for site in range(8):
        down, up = np.take(table, 0, site), np.take(table, 1, site)
        table = np.stack([up + down, up - down], axis=site) / 2
    return {
        "(F_\u03bb \u2212 F) / M": -np.log(Z) / 8,
        "I / M": (-law @ np.log2(law) - tilted @ noise.ravel()) / 8,
        "K neighbours": table[1, 1, 0, 0, 0, 0, 0, 0],
        "K 2 apart": table[1, 0, 1, 0, 0, 0, 0, 0],
        "K four spins": table[1, 1, 1, 1, 0, 0, 0, 0],
        "KL(p \u2016 p_\u03bb)": fine @ np.log(fine / tilted),
    }


def test_the_strength_of_a_rule(page):
    shown = page("lambda", {"K": 1.0, "strength": 1, "q": 1})
    rule, normalised = (f'select[aria-label="{name}"]' for name in ("rule", "normalised by"))

    def check(*given):
        for name, value in strong_rule(*given).items():
            assert shown.number(name) == pytest.approx(value, abs=6e-5), name

    check(1, None, False)
    assert shown.of('input[aria-label="q"]', ".disabled")
    shown.press('input[aria-label="\u03bb"]', *["ArrowRight"] * 3)
    check(1.15, None, False)
    check(shown.slide("\u03bb", 0.2), None, False)
    # Decimation at the end: a copy fails once in 400 times.
    shown.press('input[aria-label="\u03bb"]', "End")
    check(3, None, False)
    assert shown.number("K neighbours") == pytest.approx(decimate_coupling(1.0)[0], abs=0.03)
    shown.press(rule, "ArrowDown")
    check(3, None, True)
    check(shown.set("\u03bb", 0.5), None, True)
    assert shown.number("(F_\u03bb \u2212 F) / M") == 0
    shown.press(normalised, "ArrowDown")
    check(0.5, 1, True)
    seen = shown.drawing()
    q = shown.slide("q", 0.4)
    check(0.5, q, True)
    assert shown.drawing() != seen, "the free energy moves"
    assert shown.number("KL(p \u2016 p_\u03bb)") > 0.05
    # The curves, at the strengths 0.5 and 1.
    for at in (10, 20):
        numbers = list(strong_rule(at / 20, q, True).values())
        for name, value, to in (
            ("|F_\u03bb \u2212 F| / M 1", abs(numbers[0]), 2.5),
            ("I(\u03c3; s) / M  (bits) 1", numbers[1], 1),
            *((f"coarse couplings {k}", numbers[k + 1] + 0.2, 1.8) for k in (1, 2, 3)),
        ):
            expected = 56 + 159 * at / 60, 170 - 160 * value / to
            assert shown.path(name)[at] == pytest.approx(expected, abs=0.02), name
    shown.press(rule, "ArrowUp")
    check(0.5, q, False)
    assert shown.number("KL(p \u2016 p_\u03bb)") == 0
    shown.press('input[aria-label="\u03bb"]', "Home")
    check(0, q, False)
    check(0, shown.set("q", np.round(np.log(2), 2)), False)
