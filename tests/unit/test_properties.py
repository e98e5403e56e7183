"""Exact solutions that share no code agree at drawn sizes and numbers of all magnitudes.

hypothesis draws the same examples on every machine (``derandomize``), extremes among them. What
cannot be enumerated is compared with the textbook's formulas in numbers of 500 digits, in which
nothing overflows, and what cancels leaves digits enough.
"""

import math
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from functools import partial

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import logsumexp

from rgrbm import decimation, ising, transfer_matrix
from rgrbm.rbm import (
    BernoulliRBM,
    GaussianBernoulliRBM,
    exact_distribution,
    exact_log_partition,
    exact_moments,
    gibbs_matrix,
)

pytestmark = pytest.mark.filterwarnings("error")
drawn = settings(derandomize=True, deadline=None, max_examples=200)
# Ordinary numbers, tiny ones, and such that freeze a ring.
reduced = st.one_of(
    st.floats(-3, 3),
    st.floats(-1e-6, 1e-6),
    st.floats(-600, 600),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 5e-324, 1e-160]),
)
any_size = st.floats(-1e100, 1e100)
# Logarithms evenly spread, of both signs.
spread = st.builds(
    lambda sign, exponent: sign * 10.0**exponent, st.sampled_from([-1, 1]), st.floats(-60, 2)
)
many_digits = Context(prec=500, Emax=MAX_EMAX, Emin=MIN_EMIN)


def textbook(n_sites, distance, coupling, field):
    """Return ln Z, the magnetization, <s_0 s_x>, and both ln |lambda|, as floats."""
    with localcontext(many_digits):
        coupling, field = Decimal(coupling), Decimal(field)
        up, down, unlike = (coupling + field).exp(), (coupling - field).exp(), (-coupling).exp()
        root = (((up - down) / 2) ** 2 + unlike**2).sqrt()
        largest = (up + down) / 2 + root
        second = (up * down - unlike**2) / largest
        ratio, cosine = second / largest, (up - down) / (2 * root)
        around = 1 + ratio**n_sites
        decay = (ratio**distance + ratio ** (n_sites - distance)) / around
        exact = (
            n_sites * largest.ln() + around.ln(),
            cosine * (2 - around) / around,
            cosine**2 + (1 - cosine**2) * decay,
            largest.ln(),
            abs(second).ln(),
        )
        return tuple(map(float, exact)), float(-1 / abs(ratio).ln())


@settings(drawn, max_examples=60)
@given(st.integers(1, 1000), st.integers(0, 1000), spread, spread)
def test_the_transfer_matrix_and_the_textbook(n_sites, distance, coupling, field):
    distance %= n_sites + 1
    exact, length = textbook(n_sites, distance, coupling, field)
    log_sizes, _ = transfer_matrix.spectrum(coupling, field)
    found = (
        transfer_matrix.log_partition(n_sites, coupling, field),
        transfer_matrix.magnetization(n_sites, coupling, field),
        transfer_matrix.correlation(n_sites, distance, coupling, field),
        *log_sizes,
    )
    np.testing.assert_allclose(found, exact, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(found[1], exact[1], rtol=1e-10)
    found = transfer_matrix.correlation_length(coupling, field)
    np.testing.assert_allclose(found, length, rtol=1e-11)
    assert transfer_matrix.free_energy_density(coupling, field) == -log_sizes[0]


@settings(drawn, max_examples=60)
@given(spread, spread)
def test_decimation_and_the_textbook(coupling, field):
    with localcontext(many_digits):
        # x = exp(2 K), y = exp(2 h): weights of the middle spin between two +1, two -1, and unlike.
        x, y = (2 * Decimal(coupling)).exp(), (2 * Decimal(field)).exp()
        both, none, unlike = x * y + 1 / x, x + y / x, y + 1
        new = (both * none / unlike**2).ln() / 4
        field_new = Decimal(field) + (both / none).ln() / 2
        factor = (both * none * unlike**2).ln() / 4 - Decimal(field)
        exact = float(new), float(field_new), float(factor)
    found = decimation.decimate_coupling(coupling, field)
    np.testing.assert_allclose(found, exact, rtol=1e-10, atol=1e-300)


@drawn
@given(st.integers(1, 10), reduced, reduced)
def test_enumeration_and_transfer_matrix(n_sites, coupling, field):
    exact = ising.exact_log_partition(n_sites, coupling, field)
    found = transfer_matrix.log_partition(n_sites, coupling, field)
    assert found == pytest.approx(exact, rel=1e-12, abs=1e-12)
    law = ising.boltzmann_probabilities(n_sites, coupling, field)
    assert law.sum() == pytest.approx(1, rel=1e-13)
    spins = ising.enumerate_spins(n_sites).astype(float)
    distances = np.arange(n_sites + 1)
    products = law @ (spins[:, :1] * spins[:, distances % n_sites])
    np.testing.assert_allclose(
        transfer_matrix.correlation(n_sites, distances, coupling, field),
        products,
        rtol=0,
        atol=1e-10,
    )
    found = transfer_matrix.magnetization(n_sites, coupling, field)
    assert found == pytest.approx((law @ spins).mean(), abs=1e-10)


@drawn
@given(st.integers(1, 5), reduced, reduced)
def test_enumeration_and_decimation(n_pairs, coupling, field):
    n_sites = 2 * n_pairs
    coupling_new, field_new, log_factor = decimation.decimate_coupling(coupling, field)
    law = ising.boltzmann_probabilities(n_sites, coupling, field).reshape((2,) * n_sites)
    kept = law.sum(axis=tuple(range(1, n_sites, 2))).ravel()
    coarse = ising.boltzmann_probabilities(n_pairs, coupling_new, field_new)
    np.testing.assert_allclose(kept, coarse, rtol=0, atol=1e-11)
    total = n_pairs * log_factor + ising.exact_log_partition(n_pairs, coupling_new, field_new)
    exact = ising.exact_log_partition(n_sites, coupling, field)
    assert total == pytest.approx(exact, rel=1e-12, abs=1e-12)


@drawn
@given(st.integers(0, 40), reduced, reduced)
def test_transfer_matrix_and_decimation_at_any_size(n_halvings, coupling, field):
    n_sites = 2**n_halvings
    found = decimation.log_partition(n_sites, coupling, field)
    exact = transfer_matrix.log_partition(n_sites, coupling, field)
    assert found == pytest.approx(exact, rel=1e-12, abs=1e-12)


@drawn
@given(st.integers(1, 2**40), any_size, any_size)
def test_nothing_overflows_within_the_documented_range(n_sites, coupling, field):
    assert np.isfinite(transfer_matrix.log_partition(n_sites, coupling, field))
    assert abs(transfer_matrix.magnetization(n_sites, coupling, field)) <= 1
    distances = sorted({0, 1, n_sites // 2, n_sites})
    found = transfer_matrix.correlation(n_sites, [d for d in distances if d <= n_sites], coupling)
    assert np.all(np.abs(found) <= 1 + 1e-12)
    assert np.all(np.isfinite(decimation.decimate_coupling(coupling, field)))


@drawn
@given(st.lists(st.lists(st.sampled_from([-1, 1]), min_size=4, max_size=4), min_size=1))
def test_spins_and_bits_and_their_numbers(states):
    spins = np.array(states)
    bits = ising.spins_to_bits(spins)
    np.testing.assert_array_equal(ising.bits_to_spins(bits), spins)
    np.testing.assert_array_equal(ising.enumerate_spins(4)[ising.state_index(bits)], spins)
    weights = [8, 4, 2, 1]
    np.testing.assert_array_equal(ising.state_index(spins), bits @ weights)


def machines(n_visible, n_hidden, *, real=False):
    """Draw machines with parameters of all magnitudes up to 100."""
    parts = [hnp.arrays(float, n, elements=spread) for n in (n_visible * n_hidden, n_visible)]
    parts += [hnp.arrays(float, n_hidden, elements=spread)]
    if real:
        widths = st.floats(-2, 2).map(lambda exponent: 10.0**exponent)
        parts += [hnp.arrays(float, n_visible, elements=widths)]

    def make(weights, *others):
        kind = GaussianBernoulliRBM if real else BernoulliRBM
        return kind.from_parameters(weights.reshape(n_visible, n_hidden), *others)

    return st.builds(make, *parts)


@settings(drawn, max_examples=60)
@given(machines(3, 2))
def test_machines_of_bits_and_enumeration(rbm):
    law, log_partition = oracles.machine_law(rbm)
    visible, hidden = oracles.bits(3), oracles.bits(2)
    energies = [[oracles.machine_energy(rbm, v, h) for h in hidden] for v in visible]
    close = partial(np.testing.assert_allclose, rtol=1e-11, atol=1e-11)
    close(rbm.energy(visible[:, None], hidden), energies)
    close(rbm.free_energy(visible), -logsumexp(-np.array(energies), axis=1))
    close(rbm.hidden_free_energy(hidden), -logsumexp(-np.array(energies), axis=0))
    close(exact_log_partition(rbm), log_partition)
    close(exact_distribution(rbm), law.sum(axis=1))
    moments = exact_moments(rbm)
    for found, exact in zip(moments, [*oracles.machine_moments(rbm), log_partition], strict=True):
        close(found, exact)
    close(gibbs_matrix(rbm), oracles.machine_step(rbm))
    spins = BernoulliRBM.from_spin_parameters(*rbm.spin_parameters())
    close(exact_distribution(spins), law.sum(axis=1), rtol=1e-9)


@settings(drawn, max_examples=40)
@given(machines(2, 3, real=True), hnp.arrays(float, 2, elements=spread))
def test_machines_of_real_units_and_the_textbook(rbm, visible):
    exactly = np.vectorize(Decimal, otypes=[object])
    with localcontext(many_digits, prec=60):
        weights, c, b, sigma = map(exactly, rbm.parameters().values())
        v, two_pi = exactly(visible), 2 * Decimal(math.pi)
        logs = []  # of the weights of hidden states
        for h in exactly(oracles.bits(3).astype(float)):
            mean = c + weights @ h
            units = (mean**2 - c**2) / (2 * sigma**2) + [(two_pi * s**2).ln() / 2 for s in sigma]
            logs.append(h @ b + sum(units))
        log_partition = sum(x.exp() for x in logs).ln()
        inputs = b + (v / sigma**2) @ weights
        free_energy = sum(((v - c) / sigma) ** 2) / 2 - sum((1 + x.exp()).ln() for x in inputs)
        means = [1 / (1 + (-x).exp()) for x in inputs]
    close = partial(np.testing.assert_allclose, rtol=1e-11, atol=1e-11)
    close(rbm.hidden_free_energy(oracles.bits(3)), [-float(x) for x in logs])
    close(rbm.free_energy(visible), float(free_energy))
    close(rbm.hidden_probabilities(visible), [float(x) for x in means])
    close(exact_log_partition(rbm), float(log_partition))
