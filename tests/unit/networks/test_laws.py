"""Exact laws of generative models: against loops over states, orders, latents and steps."""

from itertools import permutations, product

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from rgrbm.ising import enumerate_spins
from rgrbm.networks import (
    autoregressive_law,
    bitflip_law,
    decoder_law,
    evidence_bound,
    flip_bits,
    flip_posterior,
    masked_law,
)
from rgrbm.rbm import kl_divergence

LAW = np.random.default_rng(0).dirichlet(np.full(16, 0.4))  # of four spins, far from a product
SPINS = enumerate_spins(4)
FIELDS = np.random.default_rng(1).normal(size=(2, 4))
PULLS = np.random.default_rng(2).normal(size=(4, 4))


def decoder(latents):
    return 2 * np.tanh(latents @ FIELDS) + [0.5, 0.0, -0.3, 0.2]


def encoder(spins):
    return spins @ FIELDS.T / 3, np.log(0.5) + 0.1 * spins[:, :2]


def conditionals(states):
    """Any function of all that is there: no law has these as its conditionals."""
    return states @ PULLS + (states @ PULLS) ** 2 / 4


def of_law(states):
    """The conditionals of LAW given what is there, by sums over the rest."""
    found = np.zeros(states.shape)
    for row, state in enumerate(states):
        agree = ((state == SPINS) | (state == 0)).all(axis=1)
        for i in range(4):
            up, down = (LAW[agree & (SPINS[:, i] == sign)].sum() for sign in (1, -1))
            found[row, i] = np.log(up) - np.log(down) if state[i] == 0 else 0.0
    return found


def test_a_decoder_mixes_independent_spins():
    x = np.linspace(-7, 7, 141)
    latents = np.array(list(product(x, x)))
    weights = norm.pdf(latents).prod(axis=1) * (x[1] - x[0]) ** 2
    odds = decoder(latents)
    by_loop = [weights @ expit(s * odds).prod(axis=1) for s in SPINS]
    law = decoder_law(decoder, n_points=131)
    np.testing.assert_allclose(law, by_loop, atol=1e-9)
    assert law.sum() == pytest.approx(1, abs=1e-9)
    assert decoder_law(decoder, n_points=40).sum() == pytest.approx(1, abs=1e-9)


def test_latents_are_normal_and_weigh_nothing_beyond_the_grid():
    steep = decoder_law(lambda z: 1e4 * (z - [1.0, -0.5]), n_points=2001)
    expected = np.outer([norm.cdf(1.0), norm.sf(1.0)], [norm.cdf(-0.5), norm.sf(-0.5)])
    np.testing.assert_allclose(steep, expected.ravel(), atol=3e-3)
    mean = decoder_law(lambda z: 2 * np.arctanh(np.tanh(z[:, :1]) ** 2), n_points=201)
    x = np.linspace(-9, 9, 20001)
    exact = (norm.pdf(x) * np.tanh(x) ** 2).sum() * (x[1] - x[0])
    assert mean[1] - mean[0] == pytest.approx(exact, abs=1e-9)


def test_odd_numbers_of_spins_and_single_ones():
    for n_sites in (1, 3, 5):
        fields = np.arange(n_sites) - 0.7
        law = decoder_law(lambda z, fields=fields: 0 * z[:, :1] + fields, n_points=41)
        by_hand = expit(enumerate_spins(n_sites) * fields).prod(axis=1)
        np.testing.assert_allclose(law, by_hand, atol=1e-9)


def test_the_bound_is_below_the_likelihood_and_the_gap_is_the_divergence_of_the_encoder():
    log_q = np.log(decoder_law(decoder))
    bound = evidence_bound(decoder, encoder, 4, n_points=24)
    assert np.all(bound < log_q - 1e-3)
    np.testing.assert_allclose(evidence_bound(decoder, encoder, 4), bound, atol=1e-5)
    x = np.linspace(-7, 7, 281)
    latents = np.array(list(product(x, x)))
    prior, odds = norm.pdf(latents).prod(axis=1), decoder(latents)
    mean, log_width = encoder(SPINS)
    for row, s in enumerate(SPINS):
        posterior = prior * expit(s * odds).prod(axis=1)
        posterior /= posterior.sum()
        guess = norm.pdf(latents, mean[row], np.exp(log_width[row])).prod(axis=1)
        gap = kl_divergence(guess / guess.sum(), posterior)
        assert log_q[row] - bound[row] == pytest.approx(gap, abs=1e-5)


def test_the_bound_is_tight_for_a_decoder_that_forgets_its_latents():
    fields = np.array([0.3, -1.0, 0.5])

    def blind(spins):
        return np.zeros((len(spins), 2)), np.zeros((len(spins), 2))

    def constant(latents):
        return 0 * latents[:, :1] + fields

    bound = evidence_bound(constant, blind, 3, n_points=1)
    np.testing.assert_allclose(bound, np.log(decoder_law(constant)), atol=1e-9)


def test_an_autoregressive_law_is_the_product_of_its_conditionals():
    for order in ([0, 1, 2, 3], [2, 0, 3, 1]):
        law = autoregressive_law(conditionals, 4, order)
        for s, q in zip(SPINS, law, strict=True):
            by_hand, there = 1.0, np.zeros((1, 4))
            for site in order:
                by_hand *= expit(s[site] * conditionals(there)[0, site])
                there[0, site] = s[site]
            assert q == pytest.approx(by_hand, rel=1e-12)
        assert law.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_array_equal(
        autoregressive_law(conditionals, 4), autoregressive_law(conditionals, 4, [0, 1, 2, 3])
    )


def test_conditionals_of_a_law_give_it_back_in_any_order():
    np.testing.assert_allclose(autoregressive_law(of_law, 4, [3, 1, 0, 2]), LAW, atol=1e-14)
    np.testing.assert_allclose(masked_law(of_law, 4), LAW, atol=1e-14)


def test_masked_diffusion_is_the_mean_of_all_orders():
    orders = [autoregressive_law(conditionals, 4, order) for order in permutations(range(4))]
    law = masked_law(conditionals, 4)
    np.testing.assert_allclose(law, np.mean(orders, axis=0), rtol=1e-12)
    assert np.ptp(orders, axis=0).max() > 0.05, "the orders differ"
    assert law.sum() == pytest.approx(1, abs=1e-12)


def test_twelve_masked_spins_sum_to_one():
    pulls = np.random.default_rng(3).normal(size=(12, 12)) / 4
    law = masked_law(lambda states: states @ pulls, 12)
    assert law.shape == (4096,)
    assert law.sum() == pytest.approx(1, abs=1e-9)


def test_flips_multiply_the_correlations():
    noisy = flip_bits(LAW, 0.2)
    for sites in ([0], [1, 3], [0, 1, 2, 3]):
        sign = SPINS[:, sites].prod(axis=1)
        assert noisy @ sign == pytest.approx(0.6 ** len(sites) * (LAW @ sign), abs=1e-14)
    np.testing.assert_allclose(flip_bits(LAW, 0.0), LAW, rtol=1e-15)
    np.testing.assert_allclose(flip_bits(LAW, 0.5), 1 / 16, rtol=1e-14)
    assert flip_bits(np.full(2**16, 2.0**-16), 0.5).sum() == pytest.approx(1, abs=1e-12)


def test_the_posterior_of_flipped_bits_is_that_of_bayes():
    flips = [0.1, 0.35, 0.5]
    posterior = flip_posterior(LAW, flips)
    for step, flip in enumerate(flips, 1):
        differ = (SPINS[:, None] != SPINS).sum(axis=2)
        joint = LAW * flip**differ * (1 - flip) ** (4 - differ)  # [noisy, data]
        for i in range(4):
            up, down = (joint[:, SPINS[:, i] == sign].sum(axis=1) for sign in (1, -1))
            np.testing.assert_allclose(posterior(SPINS, step)[:, i], np.log(up / down), atol=1e-12)


def test_steps_back_are_those_of_a_loop_over_all_pairs_of_states():
    flips, signs = [0.1, 0.35, 0.5], np.array([-1, 1])

    def model(states, step):
        return states @ PULLS + step

    law = np.full(16, 1 / 16)
    for step in (3, 2, 1):
        once = [0.1, 0.25 / 0.8, 0.5][step - 1]
        before = [0.0, 0.1, 0.35][step - 1]
        new = np.zeros(16)
        for a, after in enumerate(SPINS):
            found = model(after[None].astype(float), step)[0]
            back = np.zeros((4, 2))  # [site, value before]
            for i in range(4):
                for data in signs:
                    ahead = np.where(signs == data, 1 - before, before)
                    ahead = ahead * np.where(signs == after[i], 1 - once, once)
                    back[i] += expit(data * found[i]) * ahead / ahead.sum()
            for b, state in enumerate(SPINS):
                new[b] += law[a] * np.prod(back[np.arange(4), (state + 1) // 2])
        law = new
    found = bitflip_law(model, flips, 4)
    np.testing.assert_allclose(found, law, rtol=1e-12)
    assert found.sum() == pytest.approx(1, abs=1e-12)


def test_the_divergence_of_steps_back_falls_with_their_number():
    one = bitflip_law(flip_posterior(LAW, [0.5]), [0.5], 4)
    mean = LAW @ SPINS
    np.testing.assert_allclose(one, ((1 + SPINS * mean) / 2).prod(axis=1), atol=1e-14)
    left = []
    for n_steps in (1, 2, 4, 16, 64, 256):
        flips = (1 - np.cos(np.pi * np.arange(1, n_steps + 1) / n_steps / 2)) / 2
        flips[-1] = 0.5
        left.append(kl_divergence(LAW, bitflip_law(flip_posterior(LAW, flips), flips, 4)))
    assert np.all(np.diff(left) < 0)
    assert left[0] > 0.2
    assert left[-1] < 0.02


def test_a_posterior_with_impossible_states_is_finite():
    posterior = flip_posterior([0.5, 0.0, 0.5, 0.0], [0.5])  # the second spin is always down
    found = posterior([[1, 1], [-1, 1]], 1)
    assert np.all(np.isfinite(found))
    assert np.all(found[:, 1] < -700)
    np.testing.assert_allclose(found[:, 0], 0, atol=1e-15)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda bad: decoder_law(bad), "decoder"),
        (lambda bad: evidence_bound(bad, encoder, 4), "decoder"),
        (lambda bad: autoregressive_law(bad, 4), "conditionals"),
        (lambda bad: masked_law(bad, 4), "conditionals"),
        (lambda bad: bitflip_law(lambda states, step: bad(states), [0.5], 4), "posterior"),
    ],
)
def test_models_that_give_something_else_are_named(call, name):
    for bad in (
        lambda states: np.zeros(len(states)),
        lambda states: np.zeros((len(states) + 1, 4)),
        lambda states: np.full((len(states), 4), np.nan),
    ):
        with pytest.raises(ValueError, match=f"{name} must give finite numbers of the shape"):
            call(bad)


def test_what_fits_no_law_is_refused():
    with pytest.raises(ValueError, match="encoder must give"):
        evidence_bound(decoder, lambda spins: spins, 4)
    with pytest.raises(ValueError, match="encoder must give"):
        evidence_bound(decoder, lambda spins: (spins, spins), 4)
    with pytest.raises(ValueError, match="encoder must give means"):
        evidence_bound(decoder, lambda spins: (spins[:, :2],) * 3, 4)
    with pytest.raises(ValueError, match="sites of decoder must be at most 16"):
        decoder_law(lambda latents: np.zeros((len(latents), 17)))
    with pytest.raises(ValueError, match="site_order must hold each of 3 sites once"):
        autoregressive_law(conditionals, 3, [0, 1, 1])
    with pytest.raises(ValueError, match="site_order must hold each of 3 sites once"):
        autoregressive_law(conditionals, 3, [0, 1])
    for flips in ([0.5, 0.5], [0.1, 0.4], [0.0, 0.5], [0.3, 0.2, 0.5], [0.6, 0.5]):
        with pytest.raises(ValueError, match="flips must be above 0, grow, and end at 1/2"):
            flip_posterior(LAW, flips)
    for law in ([0.5, 0.25, 0.25], [1.0], [0.5, 0.6], [1.5, -0.5], np.full(2**17, 2.0**-17)):
        with pytest.raises(ValueError, match="law must"):
            flip_bits(law, 0.1)


def test_one_spin_is_enough():
    def odds(states, step=None):
        return np.full((len(states), 1), 0.7)

    for law in (
        autoregressive_law(odds, 1),
        masked_law(odds, 1),
        bitflip_law(odds, [0.2, 0.5], 1),
        decoder_law(odds),
    ):
        np.testing.assert_allclose(law, [expit(-0.7), expit(0.7)], atol=1e-9)


def test_bounds_are_where_the_docstrings_say():
    def odds(states, step=None):
        return np.zeros((len(states), 1))

    def encode(spins):
        return np.zeros((len(spins), 2)), np.zeros((len(spins), 2))

    for n_points in (3, 2001):
        decoder_law(odds, n_points=n_points)
    for n_points in (1, 100):
        evidence_bound(odds, encode, 1, n_points=n_points)
    posterior = flip_posterior(LAW, [0.25, 0.5])
    for wrong in (
        lambda: decoder_law(odds, n_points=2),
        lambda: decoder_law(odds, n_points=2002),
        lambda: decoder_law(lambda latents: np.zeros((len(latents), 0))),
        lambda: evidence_bound(odds, encode, 1, n_points=101),
        lambda: evidence_bound(odds, encode, 0),
        lambda: evidence_bound(odds, encode, 17),
        lambda: autoregressive_law(odds, 0),
        lambda: autoregressive_law(odds, 17),
        lambda: autoregressive_law(conditionals, 4, [-1, 0, 1, 2]),
        lambda: autoregressive_law(conditionals, 4, [0, 1, 2, 4]),
        lambda: masked_law(odds, 0),
        lambda: masked_law(odds, 13),
        lambda: bitflip_law(odds, [0.5], 0),
        lambda: bitflip_law(odds, [0.5], 17),
        lambda: flip_bits(LAW, -0.1),
        lambda: flip_bits(LAW, 0.6),
        lambda: posterior(SPINS, 0),
        lambda: posterior(SPINS, 3),
    ):
        with pytest.raises(ValueError, match=r"must (be|hold)"):
            wrong()
    with pytest.raises(ValueError, match="n_points must be at least 1"):
        evidence_bound(odds, encode, 1, n_points=0)


def test_long_lists_of_states_are_asked_for_in_pieces():
    asked = []

    def odds(states):
        asked.append(len(states))
        return states.sum(axis=1, keepdims=True) + np.arange(16) / 9

    law = autoregressive_law(odds, 16)
    assert max(asked) == 2**14
    s = enumerate_spins(16)[54321]
    before = np.append(0, np.cumsum(s)[:-1])
    expected = expit(s * (before + np.arange(16) / 9)).prod()
    assert law[54321] == pytest.approx(expected, rel=1e-12)
