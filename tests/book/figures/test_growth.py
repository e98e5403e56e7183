"""A lattice grown from one spin: the figure's numbers are the library's."""

import itertools

import numpy as np
import pytest
from figure_page import pattern

from rgrbm.inverse import corner_features, grow
from rgrbm.ising import lattice_energy
from rgrbm.transfer_matrix import torus_thermodynamics

CRITICAL = np.log(1 + np.sqrt(2)) / 2


def inside_less_across(spins):
    products = spins * np.roll(spins, -1, axis=-1)
    return 2 * (products[..., ::2].sum() - products[..., 1::2].sum()) / products.size


def test_growth(page):
    rules = {"copy": [2.5, 0.0, 0.0], "likely": [0.8, 0.29, 0.14]}
    exact = [torus_thermodynamics(n, CRITICAL)[1] for n in (4, 8, 16, 32, 64, 128)]
    listed = [{"name": name, "weights": weights} for name, weights in rules.items()]
    shown = page("growth", {"rules": listed, "exact": exact})
    steps, dream = 'input[aria-label="steps"]', "dream"

    def history():
        """The picture and its numbers after each step."""
        found = []
        for n in range(8):
            assert shown.set("steps", n) == n
            assert shown.number("side n") == 2**n
            spins = pattern(shown, dream, 2**n)
            energy = lattice_energy(spins, 1.0) / spins.size if n else -2
            assert shown.number("energy of this dream") == pytest.approx(energy, abs=6e-4)
            if n >= 2:
                assert shown.number("exact") == pytest.approx(exact[n - 2], abs=6e-4)
            found.append(spins)
        return found

    def obeys(grown, weights):
        """Each fine spin has the odds of the library's rule, given its coarse ones."""
        scores = []
        for coarse, fine in itertools.pairwise(grown):
            features = corner_features(coarse).astype(float)
            mean = np.tanh(features @ weights)
            noise = 1 - mean**2
            for k in range(3):
                score = np.sum((fine - mean) * features[..., k])
                scores.append(score / np.sqrt(np.sum(noise * features[..., k] ** 2) + 1e-12))
        # 21 sums in each of four dreams; the small sizes are not Gaussian.
        assert np.abs(scores[9:]).max() < 4.5

    def agrees(weights):
        """Means over the twenty dreams are those of as many of the library's."""
        shown.press(steps, "End")
        many = grow(np.ones((400, 1, 1)), weights, np.random.default_rng(30), 7)
        energies = lattice_energy(many, 1.0) / 128**2
        error = shown.number("its error")
        assert error == pytest.approx(energies.std() / np.sqrt(20), rel=0.7, abs=1e-3)
        expected = energies.std() * np.sqrt(1 / 20 + 1 / 400)
        assert abs(shown.number("mean of 20") - energies.mean()) < 4 * expected + 6e-4
        gaps = [inside_less_across(spins) for spins in many]
        expected = np.std(gaps) * np.sqrt(1 / 20 + 1 / 400)
        found = shown.number("inside \u2212 across")
        assert abs(found - np.mean(gaps)) < 4 * expected + 6e-4

    first = history()
    assert first[0].item() == 1
    obeys(first, rules["copy"])
    agrees(rules["copy"])
    assert shown.number("inside \u2212 across") > 0.01

    shown.press("select", "ArrowDown")
    for k in range(3):
        weight = float(shown.of(f'input[aria-label="w_{k}"]', ".value"))
        assert weight == pytest.approx(rules["likely"][k])
    second = history()
    obeys(second, rules["likely"])
    agrees(rules["likely"])
    shown.click("button")
    third = history()
    assert np.any(third[7] != second[7]), "another dream"
    obeys(third, rules["likely"])

    shown.press('input[aria-label="w_2"]', *["ArrowLeft"] * 4)
    w_0 = shown.slide("w_0", 0.6)
    assert shown.of("select", ".selectedIndex") == 2, "by hand"
    by_hand = np.array([w_0, 0.29, 0.10])
    obeys(history(), by_hand)
    agrees(by_hand)
    # Six places of the plot: sides 4 to 128, energies from -2 to 0.
    mean = shown.number("mean of 20")
    dots = "[...document.querySelectorAll('circle')].map((c) => [c.getAttribute('cx'), "
    places = np.array(shown.ask(dots + "c.getAttribute('cy')])"), dtype=float)
    np.testing.assert_allclose(places[:, 0], np.linspace(62, 295, 6), atol=0.01)
    assert places[-1, 1] == pytest.approx(255 - 245 * (mean + 2) / 2, abs=0.1)
