"""A ring of spins: the figure's numbers are the library's."""

import time

import numpy as np
import pytest
from browser import until

from rgrbm import transfer_matrix
from rgrbm.diagnostics import autocorrelation_time
from rgrbm.ising import boltzmann_probabilities, chain_energy, enumerate_spins
from rgrbm.sampler import heat_bath_chain, metropolis_chain

SAMPLERS = ("random sites", "heat bath", "sequential", "even/odd")


def ring_of(shown):
    """Return the spins that are shown."""
    labels = shown.ask(
        "[...document.querySelectorAll('[data-site]')].map((s) => s.getAttribute('aria-label'))"
    )
    sites = [label.split()[1].strip(",") for label in labels]
    assert sites == [str(site) for site in range(len(labels))]
    return np.array([1 if label.endswith("up") else -1 for label in labels])


def walls(spins):
    return (spins != np.roll(spins, 1, axis=-1)).astype(int)


def product(spins):
    return (spins * np.roll(spins, 1, axis=-1)).mean(axis=-1)


def signs(order):
    """Return zeta of the theorem on a charge: is site i - 1 updated before site i?"""
    turn = np.argsort(order)
    return np.where(np.roll(turn, 1) < turn, 1, -1)


def test_a_ring(page):
    n_sites = 12
    shown = page("ring", {"spins": [1, 1, -1, -1] * 3, "coupling": 0.8})
    in_order = np.arange(n_sites)
    zeta = {
        "heat bath": signs(in_order),
        "sequential": signs(in_order),
        "even/odd": signs(np.r_[in_order[::2], in_order[1::2]]),
    }
    states = enumerate_spins(n_sites)

    def due(name, coupling):
        """Return mean and variance of the product at the charge of the spins shown."""
        law = boltzmann_probabilities(n_sites, coupling)
        if name in ("sequential", "even/odd"):
            law = law * (walls(states) @ zeta[name] == walls(ring_of(shown)) @ zeta[name])
        law = law / law.sum()
        mean = law @ product(states)
        return mean, law @ (product(states) - mean) ** 2

    def check(coupling, at_start=True):
        spins = ring_of(shown)
        assert shown.number("E") == pytest.approx(chain_energy(spins, coupling), abs=6e-3)
        assert shown.number("walls") == walls(spins).sum()
        exact = transfer_matrix.correlation(n_sites, 1, coupling)
        assert shown.number("exact") == pytest.approx(exact, abs=6e-4)
        if at_start:
            for name in ("sequential", "even/odd"):
                printed = shown.number(f"{name}, at its Q")
                assert printed == pytest.approx(due(name, coupling)[0], abs=6e-4)

    check(0.8)
    np.testing.assert_array_equal(ring_of(shown), [1, 1, -1, -1] * 3)
    time.sleep(0.4)
    assert shown.number("sweeps") == 0, "it does not start by itself"
    shown.do("play")
    until(lambda: shown.number("sweeps") > 1, "a sweep")
    shown.do("pause")
    reached = shown.number("sweeps")
    time.sleep(0.4)
    assert shown.number("sweeps") == reached
    shown.do("in pairs")
    shown.click('[data-site="5"]')
    shown.press('[data-site="0"]', " ", "Tab")
    np.testing.assert_array_equal(ring_of(shown), [-1, 1, -1, -1, 1, -1, -1, -1, 1, 1, -1, -1])
    for name in zeta:
        shown.choose("watch", SAMPLERS.index(name))
        check(0.8)
        charge = walls(ring_of(shown)) @ zeta[name]
        assert shown.number("Q") == charge
        bars = {-1: "#009E73", 1: "#D55E00", 0: "none"}
        colors = "[...document.querySelectorAll('.wall')].map((w) => w.getAttribute('stroke'))"
        assert shown.ask(colors) == [bars[sign] for sign in zeta[name] * walls(ring_of(shown))]
        kept, products = set(), []
        for _ in range(20):
            shown.do("one sweep")
            kept.add(shown.number("Q"))
            products.append(product(ring_of(shown)))
            assert shown.number(name) == pytest.approx(np.mean(products), abs=6e-4)
            assert shown.number("Q") == walls(ring_of(shown)) @ zeta[name]
        check(0.8, at_start=False)
        assert (kept == {charge}) == (name != "heat bath")
        before = ring_of(shown)
        shown.press('[data-site="7"]', " ")
        np.testing.assert_array_equal(ring_of(shown), before * np.where(in_order == 7, -1, 1))
        check(0.8)
        assert shown.number("sweeps") == 0
        shown.do("in pairs")

    # At K = 0 each proposal is accepted: a sweep in a fixed order turns all spins over.
    assert shown.set("K", 0) == 0
    for name in ("sequential", "even/odd"):
        shown.choose("watch", SAMPLERS.index(name))
        before = ring_of(shown)
        shown.do("one sweep")
        np.testing.assert_array_equal(ring_of(shown), -before)
        shown.do("in pairs")

    shown.choose("watch", 0)
    rng = np.random.default_rng(1)
    for coupling, start, skip in (
        (0.8, "in pairs", 0),
        (0.5, "all up", 0),
        (0.3, "random", 0),
        (0.6, "in pairs", 0.2),
    ):
        shown.set("K", coupling)
        shown.set("skipped", skip)
        shown.do(start)
        check(coupling)
        assert shown.of('[data-name="Q"]', ".textContent") == "\u2013"
        expected = {name: due(name if skip == 0 else "", coupling) for name in SAMPLERS}
        shown.do("1000 sweeps", 40)
        assert shown.number("sweeps") == 40_000
        for name, (mean, variance) in expected.items():
            chain = heat_bath_chain if name == "heat bath" else metropolis_chain
            _, series = chain(64, n_sites, coupling, n_sweeps=2000, rng=rng, observe=product)
            # The charge leaks slowly: that takes longer than a right sampler needs.
            tau = autocorrelation_time(series.T) * (1 if skip == 0 else 5)
            error = np.sqrt(tau * variance / 40_000)
            assert abs(shown.number(name) - mean) < 4 * error + 6e-4, (name, coupling, start)
            if skip == 0 and start != "random" and name in ("sequential", "even/odd"):
                assert abs(shown.number(name) - shown.number("exact")) > 20 * error, "wrong"
