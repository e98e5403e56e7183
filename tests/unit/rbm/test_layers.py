"""Each layer alone: against explicit sums and integrals, in the tails, and what it draws."""

import math
from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad

from rgrbm.rbm import BernoulliRBM, Bits, Gaussian, GaussianBernoulliRBM

BITS = {
    "one": Bits([0.7]),
    "four": Bits([0.3, -1.2, 0.0, 2.0]),
    "strong": Bits([30.0, -50.0, 0.1]),
}
GAUSSIANS = {
    "one": Gaussian([0.7], 0.5),
    "three": Gaussian([0.3, -1.2, 2.0], [0.5, 1.0, 2.5]),
}


def a_push(layer, scale=2.0, seed=0):
    return np.random.default_rng(seed).normal(0, scale, layer.n_units)


@pytest.fixture(params=BITS)
def bits(request):
    return BITS[request.param]


@pytest.fixture(params=GAUSSIANS)
def gaussian(request):
    return GAUSSIANS[request.param]


@pytest.fixture(params=[*BITS, *GAUSSIANS.values()], ids=str)
def layer(request):
    return request.param if isinstance(request.param, Gaussian) else BITS[request.param]


def test_bits_are_a_sum_over_states(bits):
    push = a_push(bits)
    weights, means = 0.0, np.zeros(bits.n_units)
    for x in product([0, 1], repeat=bits.n_units):
        energy = -sum(b * unit for b, unit in zip(bits.bias, x, strict=True))
        assert bits.energy(np.array(x, dtype=float)) == pytest.approx(energy, rel=1e-14, abs=1e-14)
        weight = math.exp(-energy + sum(a * unit for a, unit in zip(push, x, strict=True)))
        weights += weight
        means += weight * np.array(x)
    assert bits.log_sum(push) == pytest.approx(math.log(weights), rel=1e-13, abs=1e-13)
    np.testing.assert_allclose(bits.mean(push), means / weights, rtol=1e-12, atol=0)
    assert bits.n_states == 2**bits.n_units


def test_real_units_are_integrals(gaussian):
    push = a_push(gaussian)
    log_sum, means, variances, energy = 0.0, [], [], 0.0
    x = a_push(gaussian, seed=1)
    for i, (b, sigma, a) in enumerate(zip(gaussian.bias, gaussian.sigma, push, strict=True)):

        def moment(power, b=b, sigma=sigma, a=a):
            return quad(
                lambda x: x**power * math.exp(-((x - b) ** 2) / (2 * sigma**2) + a * x / sigma**2),
                b + a - 15 * sigma, b + a + 15 * sigma, epsabs=0, epsrel=1e-12, limit=200,
            )[0]  # fmt: skip

        total, first, second = (moment(power) for power in range(3))
        log_sum += math.log(total)
        means.append(first / total)
        variances.append(second / total - (first / total) ** 2)
        energy += (x[i] - b) ** 2 / (2 * sigma**2)
    assert gaussian.energy(x) == pytest.approx(energy, rel=1e-13, abs=0)
    assert gaussian.log_sum(push) == pytest.approx(log_sum, rel=1e-10, abs=0)
    np.testing.assert_allclose(gaussian.mean(push), means, rtol=1e-10, atol=0)
    np.testing.assert_allclose(gaussian.sigma**2, variances, rtol=1e-8, atol=0)
    assert gaussian.n_states == math.inf


def test_the_log_of_the_sum_generates_the_means(layer):
    """Its slope along a push is what the other layer sees of the mean."""
    push, width = a_push(layer), 1e-5
    for i, step in enumerate(width * np.eye(layer.n_units)):
        slope = (layer.log_sum(push + step) - layer.log_sum(push - step)) / (2 * width)
        # Rounding 1e-14 / 1e-5, and the third derivative times 1e-10.
        assert slope == pytest.approx(layer.scaled(layer.mean(push))[i], rel=1e-8, abs=1e-8)


def test_what_the_other_layer_sees_is_the_state_times_the_precision(layer):
    x = a_push(layer)
    np.testing.assert_array_equal(layer.scaled(x), x * layer.precision)
    sigma = getattr(layer, "sigma", np.ones(layer.n_units))
    np.testing.assert_allclose(layer.precision, 1 / sigma**2, rtol=1e-15)


def test_draws_have_the_mean_and_the_variance_and_are_independent():
    n_draws = 100_000
    for layer in (BITS["four"], GAUSSIANS["three"]):
        push = a_push(layer, 1.0)
        x = layer.draw(np.tile(push, (n_draws, 1)), np.random.default_rng(2))
        assert x.dtype == np.float64
        mean = layer.mean(push)
        variance = layer.sigma**2 if layer is GAUSSIANS["three"] else mean * (1 - mean)
        # 5 standard errors, 7 means: a false alarm has probability 4e-6; likewise below.
        assert np.all(np.abs(x.mean(axis=0) - mean) < 5 * np.sqrt(variance / n_draws))
        squares = (x - mean) ** 2
        assert np.all(
            np.abs(squares.mean(axis=0) - variance) < 5 * squares.std(axis=0) / np.sqrt(n_draws)
        )
        off_diagonal = np.corrcoef(x.T)[~np.eye(layer.n_units, dtype=bool)]
        assert np.all(np.abs(off_diagonal) < 5 / np.sqrt(n_draws))


def test_bits_are_drawn_as_bits_and_follow_the_seed():
    layer, push = BITS["four"], np.zeros((50, 4))
    first, second = (layer.draw(push, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert set(np.unique(first)) == {0.0, 1.0}


def test_leading_axes_are_kept(layer):
    push = np.zeros((4, 5, layer.n_units))
    for method in (layer.energy, layer.log_sum):
        assert method(push).shape == (4, 5)
        assert method(push[0, 0]).shape == ()
        assert method(push[:0]).shape == (0, 5)
    for method in (layer.mean, layer.scaled, layer.check):
        assert method(push).shape == push.shape
    assert layer.draw(push, np.random.default_rng(0)).shape == push.shape


@pytest.mark.filterwarnings("error")
def test_large_pushes_neither_overflow_nor_warn():
    layer = Bits(np.zeros(3))
    push = np.array([1e4, -1e4, 0.0])
    np.testing.assert_array_equal(layer.mean(push), [1, 0, 0.5])
    assert layer.log_sum(push) == 1e4 + math.log(2)
    np.testing.assert_array_equal(layer.draw(push, np.random.default_rng(0))[:2], [1, 0])  # surely
    layer = Gaussian([1e9], 1.0)
    # (push + bias)**2 - bias**2 loses this: 1e18 has a last digit of 128.
    expected = 0.3 * 1e9 + 0.3**2 / 2 + math.log(math.sqrt(2 * math.pi))
    assert layer.log_sum(np.array([0.3])) == pytest.approx(expected, rel=1e-15, abs=0)
    for sigma in (1e-100, 1e100):
        layer = Gaussian([0.0], sigma)
        expected = math.log(sigma) + math.log(2 * math.pi) / 2
        assert layer.log_sum(np.zeros(1)) == pytest.approx(expected, rel=1e-14, abs=0)
        assert layer.energy(np.array([sigma])) == 0.5


def test_a_mean_that_is_nan_is_not_drawn(layer):
    push = np.full(layer.n_units, np.nan)
    for call in (lambda push: layer.draw(push, np.random.default_rng(0)), layer.mean):
        with pytest.raises(FloatingPointError, match="NaN"):
            call(push)


def test_states_are_checked_and_copied(layer):
    mine = np.ones((2, layer.n_units), dtype=np.float32)
    checked = layer.check(mine)
    mine[:] = 0
    assert checked.dtype == np.float64
    assert (checked == 1).all()
    with pytest.raises(ValueError, match=r"states must have the shape \(\.\.\., \d\), got \(7,\)"):
        layer.check(np.ones(7))
    wrong = np.full(layer.n_units, np.nan)
    with pytest.raises(ValueError, match=r"data must (hold only 0 and 1|be finite)"):
        layer.check(wrong, "data")


def test_only_bits_must_be_bits():
    np.testing.assert_array_equal(GAUSSIANS["one"].check([0.5]), [0.5])
    with pytest.raises(ValueError, match=r"states must hold only 0 and 1, got 0.5"):
        BITS["one"].check([0.5])


@pytest.mark.parametrize(
    ("bias", "message"),
    [
        ([], r"bias must have the shape \(n >= 1,\), got \(0,\)"),
        ([[1.0]], r"bias must have the shape \(n >= 1,\), got \(1, 1\)"),
        ([np.nan], "bias must be finite"),
    ],
)
def test_biases_that_are_not_finite_numbers_are_refused(bias, message):
    for make in (Bits, lambda bias: Gaussian(bias, 1.0)):
        with pytest.raises(ValueError, match=message):
            make(bias)
    with pytest.raises(ValueError, match=r"mine must have the shape \(2,\), got \(3,\)"):
        Bits(np.zeros(3), name="mine", n_units=2)


@pytest.mark.parametrize(
    ("sigma", "message"),
    [
        (0.0, "sigma must be positive, at least 1e-100, got 0.0"),
        ([1.0, -2.0], "sigma must be positive, at least 1e-100, got -2.0"),
        (np.inf, "sigma must be finite"),
        ([1.0], r"sigma must have the shape \(2,\), got \(1,\)"),
    ],
)
def test_widths_that_are_not_positive_are_refused(sigma, message):
    with pytest.raises(ValueError, match=message):
        Gaussian([0.0, 0.0], sigma)


def test_parameters_of_layers_are_copied():
    bias, sigma = np.ones(2), np.ones(2)
    layers = Bits(bias), Gaussian(bias, sigma)
    bias[:], sigma[:] = 7, 7
    assert all((layer.bias == 1).all() for layer in layers)
    assert (layers[1].sigma == 1).all()
    assert [str(layer) for layer in layers] == ["Bits(n_units=2)", "Gaussian(n_units=2)"]


@pytest.mark.parametrize("kind", [BernoulliRBM, GaussianBernoulliRBM])
def test_a_machine_keeps_its_biases_in_its_layers(kind):
    rbm = kind(2, 3, rng=np.random.default_rng(0))
    assert type(rbm.visible) is (Bits if kind is BernoulliRBM else Gaussian)
    assert type(rbm.hidden) is Bits
    rbm.visible_bias, rbm.hidden_bias = [1.0, 2.0], [3.0, 4.0, 5.0]
    assert rbm.visible_bias is rbm.visible.bias
    assert rbm.hidden_bias is rbm.hidden.bias
    np.testing.assert_array_equal(rbm.visible.bias, [1, 2])
    np.testing.assert_array_equal(rbm.hidden.bias, [3, 4, 5])
    if kind is GaussianBernoulliRBM:
        rbm.sigma = [0.5, 2.0]
        assert rbm.sigma is rbm.visible.sigma
        np.testing.assert_array_equal(rbm.visible.precision, [4, 0.25])
    for name in ("visible", "hidden"):
        with pytest.raises(AttributeError):
            setattr(rbm, name, Bits([0.0]))


def test_the_energy_of_a_machine_is_that_of_its_layers_and_what_couples_them():
    rng = np.random.default_rng(5)
    for rbm in (
        BernoulliRBM.from_parameters(
            rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=3)
        ),
        GaussianBernoulliRBM.from_parameters(
            rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=3), [0.5, 2.0]
        ),
    ):
        v, h = rbm.visible.check([1, 0]), rbm.hidden.check([1, 1, 0])
        coupled = rbm.visible.scaled(v) @ rbm.weights @ h
        expected = rbm.visible.energy(v) + rbm.hidden.energy(h) - coupled
        assert rbm.energy(v, h) == pytest.approx(expected, rel=1e-14, abs=0)
        with_hidden_summed = rbm.visible.energy(v) - rbm.hidden.log_sum(
            rbm.visible.scaled(v) @ rbm.weights
        )
        assert rbm.free_energy(v) == pytest.approx(with_hidden_summed, rel=1e-14, abs=0)
