"""Machines that start at the means of data, and probabilities in the place of bits."""

import numpy as np
import pytest

from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM


def machine(kind=BernoulliRBM):
    draw = np.random.default_rng(0).normal
    parameters = draw(size=(3, 2)), draw(size=3), draw(size=2)
    return kind.from_parameters(*parameters, *([0.5] if kind is GaussianBernoulliRBM else []))


def test_visible_biases_start_at_the_means_of_data():
    data = np.array([[0, 1, 0], [0, 1, 1], [0, 1, 1]], np.uint8)
    rbm = BernoulliRBM(3, 4, data=data, rng=np.random.default_rng(1))
    p = (np.array([0, 3, 2]) + 0.5) / 4
    np.testing.assert_allclose(rbm.visible_bias, np.log(p / (1 - p)), rtol=1e-14)
    assert not rbm.hidden_bias.any()
    plain = BernoulliRBM(3, 4, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(rbm.weights, plain.weights)
    assert not plain.visible_bias.any()


def test_where_ones_are_rare_hidden_units_are_not_switched_on():
    rng = np.random.default_rng(0)
    data = (rng.random((1000, 5000)) < 0.001).astype(np.uint8)
    rbm = BernoulliRBM(5000, 20, data=data, rng=rng)
    chance = BernoulliRBM.from_parameters(np.zeros((5000, 1)), rbm.visible_bias, [0.0])
    p = chance.visible_probabilities([0])
    np.testing.assert_allclose(p, (data.sum(axis=0) + 0.5) / 1001, rtol=1e-12)
    drawn = rbm.reconstruct(data, rng)
    # The error of the mean is 0.09, and small weights move it a little.
    assert drawn.sum(axis=1).mean() == pytest.approx(p.sum(), abs=0.5)
    assert abs(rbm.hidden_probabilities(data) - 0.5).max() < 0.05


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([[0, 1]], ValueError, r"data must have the shape \(\.\.\., 3\), got \(1, 2\)"),
        ([0, 1, 0], ValueError, r"data must have the shape \(n_samples, 3\)"),
        (np.zeros((0, 3)), ValueError, "data must have the shape"),
        ([[0, 1, 2]], ValueError, "data must hold probabilities, from 0 to 1, got 2"),
        ([[0, 1, np.nan]], ValueError, "data must be finite"),
        ("data", TypeError, "data must be an array of real numbers"),
        (np.ma.zeros((2, 3)), TypeError, "data must not be a masked array"),
    ],
)
def test_data_that_do_not_fit_are_refused_before_weights_are_drawn(data, error, message):
    rng = np.random.default_rng(0)
    with pytest.raises(error, match=message):
        BernoulliRBM(3, 2, data=data, rng=rng)
    with pytest.raises(ValueError, match="n_hidden"):
        BernoulliRBM(3, 0, data=[[0, 1, 0]], rng=rng)
    assert rng.random() == np.random.default_rng(0).random()


def test_grey_levels_count_with_what_they_are():
    rbm = BernoulliRBM(2, 1, data=[[0.25, 1.0], [0.75, 0.5]], rng=np.random.default_rng(0))
    np.testing.assert_allclose(rbm.visible_bias, np.log([1.5 / 1.5, 2.0 / 1.0]), atol=1e-15)


@pytest.mark.parametrize("shape", [(), (4,), (2, 3)])
def test_probabilities_take_the_place_of_bits(shape):
    rng = np.random.default_rng(2)
    rbm, v, h = machine(), rng.random((*shape, 3)), rng.random((*shape, 2))
    up = 1 / (1 + np.exp(-(rbm.hidden_bias + v @ rbm.weights)))
    down = 1 / (1 + np.exp(-(rbm.visible_bias + h @ rbm.weights.T)))
    found = rbm.hidden_probabilities(v, probabilities=True)
    np.testing.assert_allclose(found, up, rtol=1e-13)
    np.testing.assert_allclose(rbm.visible_probabilities(h, probabilities=True), down, rtol=1e-13)
    real = machine(GaussianBernoulliRBM)
    np.testing.assert_allclose(
        real.visible_mean(h, probabilities=True), real.visible_bias + h @ real.weights.T, rtol=1e-13
    )


def test_bits_are_probabilities_too():
    rbm, v = machine(), np.array([[0, 1, 1]], np.uint8)
    np.testing.assert_array_equal(
        rbm.hidden_probabilities(v, probabilities=True), rbm.hidden_probabilities(v)
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda x, **how: machine().hidden_probabilities([x, 0, 0], **how),
        lambda x, **how: machine().visible_probabilities([x, 0], **how),
        lambda x, **how: machine(GaussianBernoulliRBM).visible_mean([x, 0], **how),
    ],
)
def test_probabilities_must_be_called_so(call):
    with pytest.raises(ValueError, match=r"hold only 0 and 1, got 0.5.*probabilities=True"):
        call(0.5)
    call(0.5, probabilities=True)
    for wrong in (-0.1, 1.1):
        with pytest.raises(ValueError, match=f"must hold probabilities, from 0 to 1, got {wrong}"):
            call(wrong, probabilities=True)
    with pytest.raises(ValueError, match="must be finite"):
        call(np.nan, probabilities=True)
    for wrong in ("yes", 1, None, np.ones(3)):
        with pytest.raises(TypeError, match="probabilities must be True or False"):
            call(1, probabilities=wrong)


def test_numbers_of_any_small_type_are_converted_first():
    rng = np.random.default_rng(0)
    rbm = BernoulliRBM(np.int8(100), np.uint8(200), rng=rng)
    assert rbm.weights.shape == (100, 200)
    assert rbm.gibbs(np.ones((2, 100), np.int8), np.int8(2), rng).shape == (2, 100)
    half = BernoulliRBM.from_parameters(
        np.full((60, 50), 1e3, np.float16), np.zeros(60, np.float16), np.zeros(50, np.float16)
    )
    assert half.weights.dtype == np.float64
    assert half.free_energy(np.ones(60, np.float16)) == -60 * 50 * 1e3
    spins = BernoulliRBM.from_spin_parameters(
        np.full((3, 2), 100, np.int8), np.full(3, 100, np.int8), np.full(2, 100, np.int8)
    )
    np.testing.assert_array_equal(spins.weights, np.full((3, 2), 400.0))
