"""Every quantity of a Gaussian-Bernoulli RBM against loops over h and integrals over v."""

import math

import numpy as np
import pytest
from oracles import bits as states
from oracles import machine_energy

from rgrbm.rbm import GaussianBernoulliRBM, exact_log_partition

N_POINTS = 96  # of a grid along one visible unit
SIZES = [(1, 1), (1, 4), (2, 3), (5, 3)]


def make_rbm(n_visible, n_hidden):
    rng = np.random.default_rng([n_visible, n_hidden])
    return GaussianBernoulliRBM.from_parameters(
        rng.normal(size=(n_visible, n_hidden)),
        rng.normal(size=n_visible),
        rng.normal(size=n_hidden),
        rng.uniform(0.4, 2.0, n_visible),
    )


def integral(function, rbm):
    """Add up on an even grid, to where nothing is left: for what is smooth that is the integral.

    The function takes points, an array of shape (n, n_visible), and returns its values there.
    """
    reach = 12 * rbm.sigma + np.abs(rbm.weights).sum(axis=1)
    axes = np.linspace(rbm.visible_bias - reach, rbm.visible_bias + reach, N_POINTS, axis=1)
    steps = 2 * reach / (N_POINTS - 1)  # at most 0.3 sigma: the error is exp(-2 pi**2 / 0.3**2)
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, rbm.n_visible)
    return steps.prod() * math.fsum(function(points))


@pytest.fixture(params=SIZES, ids=str)
def rbm(request):
    return make_rbm(*request.param)


@pytest.fixture(params=[(1, 1), (1, 3), (2, 2)], ids=str)
def narrow(request):
    return make_rbm(*request.param)


@pytest.fixture
def visible(rbm):
    return np.random.default_rng(1).normal(0, 3, (6, rbm.n_visible))


def close(actual, expected, rtol=1e-12):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=0)


def test_energy_is_the_double_sum(rbm, visible):
    hidden = states(rbm.n_hidden)
    expected = [[machine_energy(rbm, v, h) for h in hidden] for v in visible]
    close(rbm.energy(visible[:, None], np.array(hidden)[None]), expected, 1e-11)


def test_free_energy_is_the_sum_over_hidden_states(rbm, visible):
    expected = [
        -math.log(math.fsum(math.exp(-machine_energy(rbm, v, h)) for h in states(rbm.n_hidden)))
        for v in visible
    ]
    close(rbm.free_energy(visible), expected, 1e-11)


def test_hidden_conditionals_are_ratios_of_sums(rbm, visible):
    hidden = np.array(states(rbm.n_hidden))
    for v in visible:
        energy = np.array([machine_energy(rbm, v, h) for h in hidden])
        weight = np.exp(energy.min() - energy)
        close(rbm.hidden_probabilities(v), weight @ hidden / weight.sum(), 1e-11)


def test_hidden_free_energy_is_the_integral_over_visible_units(narrow):
    for h in states(narrow.n_hidden):
        expected = integral(lambda v, h=h: np.exp(-machine_energy(narrow, v.T, h)), narrow)
        assert narrow.hidden_free_energy(h) == pytest.approx(-math.log(expected), abs=1e-8, rel=0)


def test_visible_conditionals_are_normal(rbm, visible):
    # The joint density is known: so p(v | h) must be it, divided by its integral over v.
    for h in states(rbm.n_hidden):
        mean = rbm.visible_mean(h)
        for v in visible:
            log_density = -0.5 * np.sum(((v - mean) / rbm.sigma) ** 2)
            log_density -= np.sum(np.log(rbm.sigma * math.sqrt(2 * math.pi)))
            expected = rbm.hidden_free_energy(h) - machine_energy(rbm, v, h)
            assert log_density == pytest.approx(expected, abs=1e-11, rel=1e-11)


def test_visible_mean_and_width_are_moments_of_the_conditional(narrow):
    h = (1,) * narrow.n_hidden

    def moment(i, power):
        def values(v):
            return v[:, i] ** power * np.exp(-machine_energy(narrow, v.T, h))

        return integral(values, narrow)

    for i in range(narrow.n_visible):
        mean, square = (moment(i, power) / moment(i, 0) for power in (1, 2))
        assert narrow.visible_mean(h)[i] == pytest.approx(mean, abs=1e-8, rel=0)
        assert narrow.sigma[i] ** 2 == pytest.approx(square - mean**2, abs=1e-8, rel=0)


def test_the_free_energy_gives_a_density(narrow):
    log_partition = exact_log_partition(narrow)
    total = integral(lambda v: np.exp(-narrow.free_energy(v) - log_partition), narrow)
    assert total == pytest.approx(1.0, abs=1e-8, rel=0)


def test_a_change_of_units_changes_no_energy(rbm, visible):
    scale = 2.0 ** np.arange(rbm.n_visible)
    other = GaussianBernoulliRBM.from_parameters(
        rbm.weights * scale[:, None],
        rbm.visible_bias * scale,
        rbm.hidden_bias,
        rbm.sigma * scale,
    )
    close(other.free_energy(visible * scale), rbm.free_energy(visible))
    hidden = states(rbm.n_hidden)
    # Only the integral over v takes the unit of v.
    shift = np.log(scale).sum()
    np.testing.assert_allclose(
        other.hidden_free_energy(hidden), rbm.hidden_free_energy(hidden) - shift, rtol=0, atol=1e-11
    )


def test_hidden_units_see_visible_ones_in_units_of_their_variance(rbm, visible):
    inputs = (visible / rbm.sigma**2) @ rbm.weights + rbm.hidden_bias
    close(rbm.hidden_probabilities(visible), 1 / (1 + np.exp(-inputs)))


def test_a_new_machine_has_small_random_weights_no_bias_and_the_given_widths():
    rbm = GaussianBernoulliRBM(100, 200, rng=np.random.default_rng(3))
    assert rbm.weights.std() == pytest.approx(0.01, rel=5 / np.sqrt(2 * rbm.weights.size))
    assert not rbm.visible_bias.any()
    assert not rbm.hidden_bias.any()
    np.testing.assert_array_equal(rbm.sigma, np.ones(100))
    rbm = GaussianBernoulliRBM(2, 3, sigma=[1, 2], rng=np.random.default_rng(3))
    np.testing.assert_array_equal(rbm.sigma, [1.0, 2.0])
    assert rbm.sigma.dtype == np.float64


def test_widths_are_checked_and_copied_when_assigned():
    rbm = make_rbm(2, 3)
    mine = np.array([1.0, 2.0])
    rbm.sigma = mine
    mine[:] = 7
    np.testing.assert_array_equal(rbm.sigma, [1, 2])
    rbm.sigma = 0.5
    np.testing.assert_array_equal(rbm.sigma, [0.5, 0.5])
    for wrong, message in [
        (0.0, "positive, at least 1e-100, got 0.0"),
        ([1.0, -2.0], "positive, at least 1e-100, got -2.0"),
        ([1.0, np.nan], "finite"),
        (np.inf, "finite"),
        ([1.0], r"shape \(2,\), got \(1,\)"),
        ([[1.0, 1.0]], r"shape \(2,\), got \(1, 2\)"),
    ]:
        with pytest.raises(ValueError, match=f"sigma must .*{message}"):
            rbm.sigma = wrong
        with pytest.raises(ValueError, match=f"sigma must .*{message}"):
            GaussianBernoulliRBM(2, 3, sigma=wrong, rng=np.random.default_rng(0))
        with pytest.raises(ValueError, match=f"sigma must .*{message}"):
            GaussianBernoulliRBM.from_parameters(np.ones((2, 3)), [0] * 2, [0] * 3, wrong)
    for wrong in (True, "1", None, 1j):
        with pytest.raises(TypeError, match="sigma must be an array of real numbers"):
            rbm.sigma = wrong
    np.testing.assert_array_equal(rbm.sigma, [0.5, 0.5])


def test_bad_sizes_draw_nothing():
    rng = np.random.default_rng(0)
    for arguments in [(0, 2, 1.0), (2, 0, 1.0), (2, 2, -1.0)]:
        with pytest.raises(ValueError, match="must be"):
            GaussianBernoulliRBM(*arguments[:2], sigma=arguments[2], rng=rng)
    with pytest.raises(TypeError, match="n_visible must be an integer"):
        GaussianBernoulliRBM(2.0, 2, rng=rng)
    with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator"):
        GaussianBernoulliRBM(2, 2, rng=0)
    assert rng.random() == np.random.default_rng(0).random()


def test_a_copy_is_equal_and_shares_nothing():
    rbm = make_rbm(2, 3)
    copy = rbm.copy()
    assert type(copy) is GaussianBernoulliRBM
    assert repr(copy) == "GaussianBernoulliRBM(n_visible=2, n_hidden=3)"
    for name in ("weights", "visible_bias", "hidden_bias", "sigma"):
        np.testing.assert_array_equal(getattr(copy, name), getattr(rbm, name))
        assert not np.shares_memory(getattr(copy, name), getattr(rbm, name))


def test_leading_axes_are_kept():
    rng = np.random.default_rng(0)
    rbm = make_rbm(2, 3)
    visible = rng.normal(size=(4, 5, 2))
    hidden = rng.integers(0, 2, (4, 5, 3))
    assert rbm.free_energy(visible).shape == (4, 5)
    assert rbm.free_energy(visible[0, 0]).shape == ()
    assert rbm.hidden_free_energy(hidden).shape == (4, 5)
    assert rbm.energy(visible, hidden[0]).shape == (4, 5)
    assert rbm.hidden_probabilities(visible).shape == hidden.shape
    assert rbm.visible_mean(hidden).shape == visible.shape
    assert rbm.sample_visible(hidden, rng).shape == visible.shape
    assert rbm.reconstruct(visible[0, 0], rng).shape == (2,)
    assert rbm.gibbs(visible, 3, rng).shape == visible.shape
    assert rbm.free_energy(np.empty((0, 2))).shape == (0,)


def test_samples_are_real_or_bits_and_follow_the_seed():
    rbm = make_rbm(2, 3)
    visible = np.zeros((7, 2), dtype=int)
    first, second = (rbm.gibbs(visible, 5, np.random.default_rng(2)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.float64
    assert rbm.gibbs(visible, 0, np.random.default_rng(2)).dtype == np.float64
    hidden = rbm.sample_hidden(visible, np.random.default_rng(2))
    assert hidden.dtype == np.uint8
    assert set(np.unique(hidden)) <= {0, 1}


def test_no_gibbs_step_leaves_the_state_and_its_array_alone():
    visible = np.array([0.5, 1.5])
    result = make_rbm(2, 3).gibbs(visible, 0, np.random.default_rng(0))
    np.testing.assert_array_equal(result, visible)
    result[:] = 0
    np.testing.assert_array_equal(visible, [0.5, 1.5])


def test_real_units_have_no_probability_of_one():
    assert not hasattr(make_rbm(2, 3), "visible_probabilities")
    assert not hasattr(make_rbm(2, 3), "spin_parameters")


def test_values_far_away_neither_overflow_nor_warn():
    rbm = GaussianBernoulliRBM.from_parameters([[50.0, -50.0]], [0.0], [0.0, 0.0], 0.1)
    # (v / sigma)**2 / 2 - v w / sigma**2 at v = 100; the other unit is off.
    assert rbm.free_energy([100.0]) == pytest.approx(5e5 - 5e5, abs=1e-6, rel=0)
    np.testing.assert_array_equal(rbm.hidden_probabilities([100.0]), [1, 0])
    assert np.isfinite(rbm.free_energy([1e100]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([1.0, np.nan], "visible must be finite and at most 1e\\+100 in size, got nan"),
        ([1.0, -np.inf], "visible must be finite"),
        ([1.0, 1e101], "visible must be finite"),
        ([1.0], r"visible must have the shape \(\.\.\., 2\), got \(1,\)"),
        (1.0, r"visible must have the shape \(\.\.\., 2\), got \(\)"),
        ([[1.0, 2.0], [1.0]], "visible must be a rectangular array"),
    ],
)
@pytest.mark.parametrize("method", ["free_energy", "hidden_probabilities"])
def test_visible_states_that_are_not_real_are_refused(method, wrong, message):
    with pytest.raises(ValueError, match=message):
        getattr(make_rbm(2, 3), method)(wrong)


@pytest.mark.parametrize("method", ["hidden_free_energy", "visible_mean"])
@pytest.mark.parametrize("wrong", [[0, 1, 2], [0, 0.5, 1], [0, 1], [np.nan, 0, 0]])
def test_hidden_states_that_are_not_bits_are_refused(method, wrong):
    with pytest.raises(ValueError, match="hidden must"):
        getattr(make_rbm(2, 3), method)(wrong)


def test_arguments_of_samplers_are_checked():
    rbm, rng = make_rbm(2, 3), np.random.default_rng(0)
    with pytest.raises(TypeError, match="visible must be an array of real numbers"):
        rbm.free_energy([1j, 0])
    with pytest.raises(TypeError, match="masked"):
        rbm.free_energy(np.ma.masked_array([0.0, 1.0], mask=[0, 1]))
    with pytest.raises(ValueError, match="n_steps must be at least 0"):
        rbm.gibbs([0.0, 0.0], -1, rng)
    with pytest.raises(ValueError, match="hidden must hold only 0 and 1"):
        rbm.sample_visible([0, 1, 2], rng)
    for call in (rbm.reconstruct, rbm.sample_hidden):
        with pytest.raises(TypeError, match="rng must be"):
            call([0.0, 0.0], 0)
    with pytest.raises(ValueError, match="leading axes that broadcast"):
        rbm.energy(np.zeros((4, 2)), np.zeros((5, 3)))


def test_parameters_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"visible_bias must have the shape \(2,\)"):
        GaussianBernoulliRBM.from_parameters(np.ones((2, 3)), [0] * 3, [0] * 3, 1.0)
    with pytest.raises(ValueError, match=r"hidden_bias must have the shape \(3,\)"):
        GaussianBernoulliRBM.from_parameters(np.ones((2, 3)), [0] * 2, [0] * 2, 1.0)


def test_a_parameter_that_has_become_nan_is_found():
    rbm = make_rbm(2, 3)
    rbm.visible_bias[0] = np.nan
    with pytest.raises(FloatingPointError, match="visible_bias must be finite"):
        rbm.sample_visible([0, 0, 0], np.random.default_rng(0))
    with pytest.raises(ValueError, match="visible_bias must be finite"):
        rbm.copy()
