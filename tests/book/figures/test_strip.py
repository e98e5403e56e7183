"""A strip that is decimated: the figure's numbers are the library's."""

import numpy as np
import pytest

from rgrbm import transfer_matrix
from rgrbm.decimation import coupling_flow, decimate_spins
from rgrbm.ising import boltzmann_probabilities, enumerate_spins


def test_a_strip(page):
    n_sites, n_strips = 16, 4000
    shown = page("strip", {"sites": n_sites, "strips": n_strips, "coupling": 1.0})
    exact_way, start_way, likelier_way = range(3)

    def row(level):
        fills = shown.ask(
            f"[...document.querySelectorAll('[data-row=\"{level}\"]')]"
            ".map((cell) => cell.getAttribute('fill'))"
        )
        return np.array([1 if fill == "#0072B2" else -1 for fill in fills])

    def marked(level):
        marks = f"[...document.querySelectorAll('[data-wrong=\"{level}\"]')]"
        return shown.ask(f"{marks}.map((mark) => mark.getAttribute('visibility') === 'visible')")

    def check(level, coupling, way=exact_way):
        """Compare what is printed at a level that is thinned, or drawn back from the next."""
        couplings, _ = coupling_flow(coupling, 0.0, level + 1)
        here, n_spins = couplings[level], n_sites >> level
        exact = transfer_matrix.correlation(n_spins, 1, here)
        assert shown.number("spins") == n_spins == len(row(level))
        assert shown.number("K here") == pytest.approx(here, abs=6e-5)
        assert shown.number("exact") == pytest.approx(exact, abs=6e-5)
        if way == exact_way:
            expected = exact
            law, states = boltzmann_probabilities(n_spins, here), enumerate_spins(n_spins)
            product = (states * np.roll(states, 1, axis=-1)).mean(axis=-1)
            variance = law @ (product - exact) ** 2
            error = np.sqrt(max(variance, 0) / n_strips)
            assert shown.number("its error") == pytest.approx(error, rel=0.05, abs=1e-4)
        else:
            agree = (1 + transfer_matrix.correlation(n_spins // 2, 1, couplings[level + 1])) / 2
            expected = agree * (np.tanh(2 * coupling) if way == start_way else 1)
            assert abs(expected - exact) > 10 * shown.number("its error"), "a wrong law"
        assert abs(shown.number("mean product") - expected) < 4 * shown.number("its error") + 1e-4

    def check_wrong(level, coupling, way):
        """Compare the share of wrong spins after one step down and back."""
        agree = (1 + transfer_matrix.correlation(n_sites >> level, 2, coupling)) / 2
        q = 1 / (1 + np.exp(4 * coupling))
        follow = q if way == likelier_way else 2 * q * (1 - q)
        share = (agree * follow + (1 - agree) / 2) / 2
        # As if spins were independent, and twice that: they hardly depend on each other.
        error = np.sqrt(share / (n_strips * (n_sites >> level)))
        assert abs(shown.number("wrong, %") / 100 - share) < 8 * error

    check(1, 1.0)
    for coupling in (1.0, 0.4):
        shown.set("K", coupling)
        check(0, coupling)
        before = [row(0)]
        for level in range(1, 5):
            shown.press("button", " ")  # thin
            before.append(row(level))
            check(level, coupling)
            np.testing.assert_array_equal(row(level), decimate_spins(row(level - 1)))
            assert shown.number("wrong, %") == 0
        assert shown.of("button", ".disabled")
        for level in range(3, -1, -1):
            coarse = row(level + 1)
            shown.do("draw back")
            check(level, coupling)
            np.testing.assert_array_equal(decimate_spins(row(level)), coarse)
            np.testing.assert_array_equal(marked(level), row(level) != before[level])
            assert shown.number("wrong, %") > 10
        assert shown.of("button", ".nextElementSibling.disabled")

    for way in (exact_way, likelier_way):
        shown.set("K", 0.8)
        shown.do("thin")
        shown.choose("drawn back by", way)
        before = shown.drawing()
        shown.do("draw back")
        assert shown.drawing() != before
        check(0, 0.8, way)
        check_wrong(0, 0.8, way)
    # Both neighbours count alike: between two that differ, a missing spin is a fair coin.
    for way, share in ((exact_way, 1 / (1 + np.exp(-4 * 0.8))), (likelier_way, 1)):
        shown.choose("drawn back by", way)
        follows = {True: [], False: []}
        for _ in range(40):
            shown.do("new rings")
            shown.do("thin")
            shown.do("draw back")
            left, missing = row(1), row(0)[1::2]
            for agree in follows:
                here = (left == np.roll(left, -1)) == agree
                follows[agree] += list(missing[here] == left[here])
        assert len(follows[False]) > 30
        for agree, due in ((True, share), (False, 0.5)):
            error = np.sqrt(due * (1 - due) / len(follows[agree]))
            assert abs(np.mean(follows[agree]) - due) <= 4 * error
    shown.do("new rings")
    check(0, 0.8)
    shown.do("thin", 2)
    shown.choose("drawn back by", start_way)
    shown.do("draw back")
    check(1, 0.8, start_way)
