"""The pseudo-likelihood against enumeration."""

import math

import numpy as np
import pytest
from oracles import bits, machine_energy

from rgrbm.rbm import (
    BernoulliRBM,
    GaussianBernoulliRBM,
    _blocks,
    exact_distribution,
    pseudo_log_likelihood,
)
from rgrbm.rbm.pseudo_likelihood import sample_values


def machine(n_visible=4, n_hidden=3, scale=1.0):
    draw = np.random.default_rng([n_visible, n_hidden]).normal
    return BernoulliRBM.from_parameters(
        draw(0, scale, (n_visible, n_hidden)), draw(size=n_visible), draw(size=n_hidden)
    )


def listed(rbm, visible):
    """Sum over units of ln p(v_i | the others), from the weights of all states."""
    weight = {
        tuple(v): math.fsum(math.exp(-machine_energy(rbm, v, h)) for h in bits(rbm.n_hidden))
        for v in bits(rbm.n_visible)
    }
    total = 0.0
    for i in range(rbm.n_visible):
        flipped = tuple(1 - x if k == i else x for k, x in enumerate(visible))
        total += math.log(weight[tuple(visible)] / (weight[tuple(visible)] + weight[flipped]))
    return total


@pytest.mark.parametrize("size", [(1, 1), (4, 3), (3, 5)], ids=str)
@pytest.mark.parametrize("per_block", [2**19, 7])
def test_it_is_the_sum_over_units_given_all_others(monkeypatch, size, per_block):
    monkeypatch.setattr(_blocks, "NUMBERS_PER_BLOCK", per_block)
    rbm = machine(*size)
    data = bits(size[0])
    expected = [listed(rbm, v) for v in data]
    np.testing.assert_allclose(sample_values(rbm, data), expected, rtol=1e-12)
    found = pseudo_log_likelihood(rbm, data)
    assert found.value == pytest.approx(np.mean(expected), rel=1e-12)
    assert found.error >= np.std(expected, ddof=1) / np.sqrt(len(data))


def test_it_is_largest_on_average_for_the_law_of_the_data():
    rbm = machine()
    law = exact_distribution(rbm)
    best = law @ sample_values(rbm, bits(4))
    for step in 0.1 * np.eye(rbm.to_vector().size):
        for sign in (-1, 1):
            other = rbm.with_vector(rbm.to_vector() + sign * step)
            assert law @ sample_values(other, bits(4)) < best


def test_numbers_between_take_the_place_of_bits():
    """Without weights, units are independent: cross entropies."""
    bias = np.array([0.3, -1.0])
    rbm = BernoulliRBM.from_parameters(np.zeros((2, 3)), bias, np.ones(3))
    p, v = 1 / (1 + np.exp(-bias)), np.array([0.25, 0.5])
    expected = np.sum(v * np.log(p) + (1 - v) * np.log(1 - p))
    assert sample_values(rbm, v[None])[0] == pytest.approx(expected, rel=1e-12)


def test_strong_couplings_neither_overflow_nor_warn():
    rbm = BernoulliRBM.from_parameters([[1e4], [1e4]], [-5e3, -5e3], [-1e4])
    np.testing.assert_allclose(sample_values(rbm, np.array([[1, 1], [0, 0]])), [0, 0], atol=1e-12)
    # Given the other, each unit is wrong by 5000, but for the hidden unit that then tosses a coin.
    expected = 2 * (math.log(2) - 5e3)
    assert sample_values(rbm, np.array([[1.0, 0.0]]))[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("n_samples", [2, 3, 10])
def test_value_and_error_cover_the_mean_in_two_thirds_of_all_cases(n_samples):
    rbm, rng = machine(8, 3, 0.3), np.random.default_rng(0)
    law, states = exact_distribution(rbm), bits(8)
    exact = law @ sample_values(rbm, states)
    n_runs = 2000
    samples = rng.choice(len(states), size=(n_runs, n_samples), p=law)
    found = [pseudo_log_likelihood(rbm, states[chosen]) for chosen in samples]
    inside = np.mean([abs(value - exact) <= error for value, error in found])
    assert inside == pytest.approx(0.683, abs=0.05)  # the values of samples are not quite normal


@pytest.mark.parametrize(
    ("rbm", "data", "error", "message"),
    [
        (None, [[0]], TypeError, "rbm must be a BernoulliRBM"),
        (GaussianBernoulliRBM(2, 2, rng=np.random.default_rng(0)), [[0, 0]] * 2, TypeError, "rbm"),
        (machine(), [[0, 1, 0, 1]], ValueError, "data must hold at least 2 samples"),
        (machine(), [[0, 1, 0, 0.5]] * 2, ValueError, "data must hold only 0 and 1"),
        (machine(), [0, 1, 0, 1], ValueError, r"data must have the shape \(n_samples, 4\)"),
        (machine(), [[0, 1]] * 2, ValueError, "data must have the shape"),
    ],
)
def test_bad_input_is_refused(rbm, data, error, message):
    with pytest.raises(error, match=message):
        pseudo_log_likelihood(rbm, data)
