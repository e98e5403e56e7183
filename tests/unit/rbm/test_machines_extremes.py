"""Parameters from one end of the range to the other: right against fractions, or an error."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rgrbm.rbm import (
    BernoulliRBM,
    Gaussian,
    GaussianBernoulliRBM,
    ais_log_partition,
    decimation_rbm,
    effective_couplings,
    exact_distribution,
    exact_log_partition,
    exact_moments,
    gibbs_matrix,
    log_likelihood,
    order_hidden_units,
    pseudo_log_likelihood,
)

ROUNDING = Fraction(1, 10**13)  # of the largest term of a sum
TOO_LARGE = Fraction(10) ** 300  # a sum whose largest term is below must not overflow

powers = st.floats(-100, 100).map(lambda power: min(10.0**power, 1e100))
numbers = st.one_of(
    st.just(0.0), st.builds(lambda size, sign: sign * size, powers, st.sampled_from([-1, 1]))
)
widths = powers.map(lambda width: max(width, 1e-100))
sizes = st.integers(1, 2)


@st.composite
def machines(draw, gaussian):
    n_visible, n_hidden = draw(sizes), draw(sizes)
    weights = [[draw(numbers) for _ in range(n_hidden)] for _ in range(n_visible)]
    biases = [[draw(numbers) for _ in range(n)] for n in (n_visible, n_hidden)]
    if gaussian:
        sigma = [draw(widths) for _ in range(n_visible)]
        return GaussianBernoulliRBM.from_parameters(weights, *biases, sigma)
    return BernoulliRBM.from_parameters(weights, *biases)


def fractions(array):
    return [Fraction(float(x)) for x in np.ravel(array)]


def terms(rbm, visible, hidden):
    """All terms of the energy of a Gaussian machine, exactly; products before they cancel."""
    weights = [fractions(row) for row in rbm.weights]
    parts = [-b * h for b, h in zip(fractions(rbm.hidden_bias), hidden, strict=True)]
    units = zip(fractions(visible), fractions(rbm.visible_bias), fractions(rbm.sigma), strict=True)
    for row, (v, c, sigma) in zip(weights, units, strict=True):
        parts.append((v - c) ** 2 / (2 * sigma**2))
        parts += [-v * w * h / sigma**2 for w, h in zip(row, hidden, strict=True)]
    return parts


def integrated_terms(rbm, hidden):
    """The same of minus the logarithm of the integral over v, and a bound of what is added up."""
    parts = [-b * h for b, h in zip(fractions(rbm.hidden_bias), hidden, strict=True)]
    bound = sum(map(abs, parts))
    for row, c, sigma in zip(
        rbm.weights, fractions(rbm.visible_bias), fractions(rbm.sigma), strict=True
    ):
        pushes = [w * h for w, h in zip(fractions(row), hidden, strict=True)]
        push, size = sum(pushes), sum(map(abs, pushes))
        logarithm = Fraction(math.log(sigma) + math.log(2 * math.pi) / 2)
        parts += [-push * (push + 2 * c) / (2 * sigma**2), -logarithm]
        bound += size * (size + 2 * abs(c)) / sigma**2 + abs(logarithm)
    return sum(parts), bound


def log_sum(exponents):
    largest = max(exponents)
    rest = math.fsum(math.exp(max(float(max(x - largest, -1000)), -700)) for x in exponents)
    return largest + Fraction(math.log(rest))


def agree(call, expected, largest):
    """The value is right to rounding of the largest term; if that is huge, it may be an error."""
    try:
        found = call()
    except FloatingPointError:
        assert largest > TOO_LARGE
        return
    assert np.isfinite(found)
    assert abs(Fraction(float(found)) - expected) <= ROUNDING * (largest + 1)


EVERY = settings(deadline=None, derandomize=True, max_examples=300, database=None)


@EVERY
@given(machines(gaussian=True), st.data())
def test_energies_of_real_units_are_right_or_an_error(rbm, data):
    visible = [data.draw(numbers) for _ in range(rbm.n_visible)]
    hidden = list(product((0, 1), repeat=rbm.n_hidden))
    all_terms = [terms(rbm, visible, h) for h in hidden]
    largest = max(sum(map(abs, parts)) for parts in all_terms)
    for h, parts in zip(hidden, all_terms, strict=True):
        agree(lambda h=h: rbm.energy(visible, h), sum(parts), largest)
    free_energy = -log_sum([-sum(parts) for parts in all_terms])
    agree(lambda: rbm.free_energy(visible), free_energy, largest)
    agree(lambda: -log_likelihood(rbm, [visible], 0.0), free_energy, largest)


@EVERY
@given(machines(gaussian=True))
def test_integrals_over_real_units_are_right_or_an_error(rbm):
    hidden = list(product((0, 1), repeat=rbm.n_hidden))
    found = [integrated_terms(rbm, h) for h in hidden]
    largest = max(bound for _, bound in found)
    for h, (free_energy, _) in zip(hidden, found, strict=True):
        agree(lambda h=h: rbm.hidden_free_energy(h), free_energy, largest)
    log_partition = log_sum([-free_energy for free_energy, _ in found])
    agree(lambda: exact_log_partition(rbm), log_partition, largest)
    agree(lambda: exact_moments(rbm).log_partition, log_partition, largest)
    if largest < 10**6:  # else rounding decides which state is the most likely
        means = np.zeros(rbm.n_hidden)
        for h, (free_energy, _) in zip(hidden, found, strict=True):
            means += np.exp(float(max(-free_energy - log_partition, -700))) * np.array(h)
        np.testing.assert_allclose(exact_moments(rbm).hidden, means, rtol=0, atol=1e-6)


@EVERY
@given(machines(gaussian=True), st.data())
def test_what_real_units_do_to_hidden_ones_is_right_or_an_error(rbm, data):
    visible = [data.draw(numbers) for _ in range(rbm.n_visible)]
    inputs = []
    for j, bias in enumerate(fractions(rbm.hidden_bias)):
        units = zip(fractions(visible), fractions(rbm.weights[:, j]), fractions(rbm.sigma))  # noqa: B905
        inputs.append([bias, *(v * w / sigma**2 for v, w, sigma in units)])
    largest = max(sum(map(abs, parts)) for parts in inputs)
    try:
        found = rbm.hidden_probabilities(visible)
    except FloatingPointError:
        assert largest > TOO_LARGE
        return
    for p, parts in zip(found, inputs, strict=True):
        slack = ROUNDING * sum(map(abs, parts))
        low, high = (float(min(max(sum(parts) + x, -700), 700)) for x in (-slack, slack))
        assert 1 / (1 + math.exp(-low)) - 1e-13 <= p <= 1 / (1 + math.exp(-high)) + 1e-13


@EVERY
@given(st.booleans().flatmap(machines), st.data())
def test_nothing_is_nan_at_any_end_of_the_range(rbm, data):
    gaussian = isinstance(rbm, GaussianBernoulliRBM)
    states = numbers if gaussian else st.integers(0, 1)
    visible = [[data.draw(states) for _ in range(rbm.n_visible)] for _ in range(2)]
    hidden = [data.draw(st.integers(0, 1)) for _ in range(rbm.n_hidden)]
    rng = np.random.default_rng(0)
    calls = {
        "gibbs": lambda: rbm.gibbs(visible, 2, rng),
        "reconstruct": lambda: rbm.reconstruct(visible, rng),
        "sample_hidden": lambda: rbm.sample_hidden(visible, rng),
        "sample_visible": lambda: rbm.sample_visible(hidden, rng),
        "free_energy": lambda: rbm.free_energy(visible),
        "hidden_probabilities": lambda: rbm.hidden_probabilities(visible),
        "hidden_free_energy": lambda: rbm.hidden_free_energy(hidden),
        "energy": lambda: rbm.energy(visible, hidden),
        "log_partition": lambda: exact_log_partition(rbm),
        "moments": lambda: np.concatenate([np.ravel(part) for part in exact_moments(rbm)]),
        "ais": lambda: list(ais_log_partition(rbm, n_chains=3, n_temperatures=3, rng=rng)),
        "log_likelihood": lambda: log_likelihood(rbm, visible, 0.0),
    }
    if gaussian:
        calls["visible_mean"] = lambda: rbm.visible_mean(hidden)
    else:
        calls |= {
            "visible_probabilities": lambda: rbm.visible_probabilities(hidden),
            "distribution": lambda: exact_distribution(rbm),
            "gibbs_matrix": lambda: gibbs_matrix(rbm),
            "couplings": lambda: list(effective_couplings(rbm)),
            "fields": lambda: list(effective_couplings(rbm, "visible", 1)),
            "pseudo": lambda: list(pseudo_log_likelihood(rbm, visible)),
        }
    for name, call in calls.items():
        try:
            found = call()
        except FloatingPointError:
            assert gaussian, name
        else:
            assert np.isfinite(found).all(), name
    if not gaussian:
        np.testing.assert_allclose(gibbs_matrix(rbm).sum(axis=0), 1.0, rtol=1e-12)


def test_the_gibbs_matrix_of_strong_couplings_is_a_law():
    """Sums of 1e17 in another order differ by 16; exp(16) is no probability."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        draw = [rng.normal(0, 1e17, size) for size in ((5, 4), 5, 4)]
        matrix = gibbs_matrix(BernoulliRBM.from_parameters(*draw))
        np.testing.assert_allclose(matrix.sum(axis=0), 1.0, rtol=1e-12)
        assert matrix.max() <= 1


def test_the_narrowest_units_without_weights_are_annealed():
    rbm = GaussianBernoulliRBM.from_parameters(np.zeros((2, 2)), [1.0, -1.0], [0.5, 0.0], 1e-100)
    estimate = ais_log_partition(rbm, n_chains=10, n_temperatures=3, rng=np.random.default_rng(0))
    assert estimate.value == pytest.approx(exact_log_partition(rbm), rel=1e-12)


def test_narrow_units_are_annealed():
    """1 / sigma**4 overflows where 1 / sigma**2 does not."""
    sigma = 1e-80
    draw = np.random.default_rng(1).normal
    rbm = GaussianBernoulliRBM.from_parameters(
        sigma * draw(size=(4, 3)), sigma * draw(size=4), draw(size=3), sigma
    )
    estimate = ais_log_partition(
        rbm, n_chains=200, n_temperatures=200, rng=np.random.default_rng(2)
    )
    assert abs(estimate.value - exact_log_partition(rbm)) < 4 * estimate.error < 0.5


def test_wide_and_strong_layers_of_bits_do_not_overflow():
    n_hidden = 10**6
    weights, hidden_bias = np.full((2, n_hidden), 1e100), np.full(n_hidden, 1e100)
    rbm = BernoulliRBM.from_parameters(weights, [1e100] * 2, hidden_bias)
    assert rbm.free_energy([1, 1]) == pytest.approx(-(3e106 + 2e100), rel=1e-12)
    assert exact_log_partition(rbm) == pytest.approx(3e106 + 2e100, rel=1e-12)


def test_spins_beyond_the_range_of_bits_say_so():
    with pytest.raises(ValueError, match=r"weights and fields of spins must give.*got 4e"):
        BernoulliRBM.from_spin_parameters([[1e100]], [0.0], [0.0])
    with pytest.raises(ValueError, match="weights and fields of spins"):
        decimation_rbm(3, 1e100)
    with pytest.raises(ValueError, match=r"visible_field must be .* at most"):
        order_hidden_units(BernoulliRBM.from_parameters([[-1e100] * 3], [-1e100], [0.0] * 3))


def test_layers_alone_say_what_overflows():
    layer = Gaussian([0.0, 0.0], 1e-100)
    with pytest.raises(FloatingPointError, match="the energy is not finite"):
        layer.energy(np.array([1e100, 0.0]))
    with pytest.raises(FloatingPointError, match="the free energy is not finite"):
        layer.log_sum(np.array([1e100, 0.0]))
    with pytest.raises(FloatingPointError, match="what real units send to the others"):
        layer.push(np.array([1e100, -1e100]), np.full((2, 1), 1e100))


def test_machines_at_the_largest_parameters_are_annealed():
    """The machine without weights would have biases beyond the range: any others will do."""
    rbm = BernoulliRBM.from_parameters([[1e100] * 2], [1e100], [1e100] * 2)
    estimate = ais_log_partition(rbm, n_chains=3, n_temperatures=3, rng=np.random.default_rng(0))
    assert estimate.value == pytest.approx(5e100, rel=1e-12)
    wide = GaussianBernoulliRBM.from_parameters([[1e100] * 2], [1e100], [0.0] * 2, 1e100)
    estimate = ais_log_partition(
        wide, n_chains=100, n_temperatures=99, rng=np.random.default_rng(0)
    )
    assert abs(estimate.value - exact_log_partition(wide)) < 4 * estimate.error < 1


def test_a_mean_of_energies_that_overflows_is_said_to():
    rbm = GaussianBernoulliRBM.from_parameters([[0.0]], [0.0], [0.0], 1e-54)
    assert log_likelihood(rbm, [[1e100]], 0.0) == pytest.approx(-5e307, rel=1e-12)
    with pytest.raises(FloatingPointError, match="the log-likelihood is not finite"):
        log_likelihood(rbm, [[1e100]] * 4, 0.0)


def test_hidden_biases_of_the_start_are_held_in_the_range():
    """The visible bias alone pushes the hidden unit by c w / sigma**2 = 1e150."""
    rbm = GaussianBernoulliRBM.from_parameters([[1e-50]], [1e100], [0.0], 1e-50)
    estimate = ais_log_partition(rbm, n_chains=3, n_temperatures=3, rng=np.random.default_rng(0))
    assert estimate.value == pytest.approx(1e150, rel=1e-9)
    assert exact_log_partition(rbm) == pytest.approx(1e150, rel=1e-9)
