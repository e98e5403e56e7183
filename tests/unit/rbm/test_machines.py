"""Every exact quantity of a Bernoulli RBM against enumeration with plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles import bits as states
from oracles import machine_energy

from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM

SIZES = [(1, 1), (3, 2), (2, 4), (7, 5)]
SCALES = [0.0, 0.3, 3.0, 50.0]


def make_rbm(n_visible, n_hidden, scale):
    rng = np.random.default_rng([n_visible, n_hidden, int(10 * scale)])
    draw = rng.uniform
    return BernoulliRBM.from_parameters(
        draw(-scale, scale, (n_visible, n_hidden)),
        draw(-scale, scale, n_visible),
        draw(-scale, scale, n_hidden),
    )


def log_sum_exp(values):
    largest = max(values)
    return largest + math.log(math.fsum(math.exp(value - largest) for value in values))


@pytest.fixture(params=[(*size, scale) for size in SIZES for scale in SCALES], ids=str)
def rbm(request):
    return make_rbm(*request.param)


def close(actual, expected):
    # Entries grow up to 50 per term: 1e-12 of the largest energy that occurs.
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)


def test_energy_is_the_double_sum(rbm):
    visible, hidden = states(rbm.n_visible), states(rbm.n_hidden)
    expected = [[machine_energy(rbm, v, h) for h in hidden] for v in visible]
    close(rbm.energy(np.array(visible)[:, None], np.array(hidden)[None]), expected)


def test_free_energies_are_sums_over_the_other_layer(rbm):
    visible, hidden = states(rbm.n_visible), states(rbm.n_hidden)
    energy = np.array([[machine_energy(rbm, v, h) for h in hidden] for v in visible])
    close(rbm.free_energy(visible), [-log_sum_exp(-row) for row in energy])
    close(rbm.hidden_free_energy(hidden), [-log_sum_exp(-column) for column in energy.T])


def test_conditionals_are_ratios_of_sums(rbm):
    visible, hidden = states(rbm.n_visible), states(rbm.n_hidden)
    energy = np.array([[machine_energy(rbm, v, h) for h in hidden] for v in visible])
    weight = np.exp(energy.min(axis=1, keepdims=True) - energy)
    close(rbm.hidden_probabilities(visible), weight @ hidden / weight.sum(1, keepdims=True))
    weight = np.exp(energy.min(axis=0) - energy).T
    close(rbm.visible_probabilities(hidden), weight @ visible / weight.sum(1, keepdims=True))


def test_both_marginals_have_the_same_partition_function(rbm):
    close(
        log_sum_exp(-rbm.free_energy(states(rbm.n_visible))),
        log_sum_exp(-rbm.hidden_free_energy(states(rbm.n_hidden))),
    )


@pytest.mark.filterwarnings("error")
def test_huge_weights_neither_overflow_nor_warn():
    rbm = BernoulliRBM.from_parameters(np.full((600, 2), 50.0), np.zeros(600), [-1e4, 1e4])
    ones = np.ones(600)
    assert rbm.free_energy(ones) == -(30_000 - 10_000) - (30_000 + 10_000)
    np.testing.assert_array_equal(rbm.hidden_probabilities(ones), [1, 1])
    np.testing.assert_array_equal(rbm.hidden_probabilities(0 * ones), [0, 1])


def test_softplus_keeps_its_small_part():
    # ln(1 + e^12) - 12 = 6.1e-6: a shortcut "softplus(x) = x above 10" loses it.
    rbm = BernoulliRBM.from_parameters([[12.0]], [0.0], [0.0])
    assert rbm.free_energy([1]) == pytest.approx(-12 - math.log1p(math.exp(-12)), rel=1e-15)


def test_leading_axes_are_kept():
    rng = np.random.default_rng(0)
    rbm = make_rbm(3, 2, 1.0)
    visible = rng.integers(0, 2, (4, 5, 3))
    assert rbm.free_energy(visible).shape == (4, 5)
    assert rbm.free_energy(visible[0, 0]).shape == ()
    assert rbm.hidden_probabilities(visible).shape == (4, 5, 2)
    assert rbm.sample_hidden(visible[0, 0], rng).shape == (2,)
    assert rbm.reconstruct(visible, rng).shape == visible.shape
    assert rbm.gibbs(visible, 3, rng).shape == visible.shape
    assert rbm.free_energy(np.empty((0, 3))).shape == (0,)
    assert rbm.energy(visible, np.zeros((5, 2))).shape == (4, 5)


def test_samples_are_bits_and_follow_the_seed():
    rbm = make_rbm(5, 4, 1.0)
    visible = np.random.default_rng(1).integers(0, 2, (7, 5))
    first, second = (rbm.gibbs(visible, 5, np.random.default_rng(2)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert set(np.unique(first)) <= {0, 1}


def test_no_gibbs_step_leaves_the_state_and_its_array_alone():
    rbm = make_rbm(3, 2, 1.0)
    visible = np.array([0, 1, 1], dtype=np.uint8)
    result = rbm.gibbs(visible, 0, np.random.default_rng(0))
    result[:] = 0
    np.testing.assert_array_equal(visible, [0, 1, 1])


def test_a_new_machine_has_small_random_weights_and_no_bias():
    rbm = BernoulliRBM(100, 200, rng=np.random.default_rng(3))
    assert rbm.weights.std() == pytest.approx(0.01, rel=5 / np.sqrt(2 * rbm.weights.size))
    assert abs(rbm.weights.mean()) < 5 * 0.01 / np.sqrt(rbm.weights.size)
    assert not rbm.visible_bias.any()
    assert not rbm.hidden_bias.any()
    again = BernoulliRBM(100, 200, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(rbm.weights, again.weights)


def test_parameters_are_copied():
    weights = np.ones((2, 3))
    rbm = BernoulliRBM.from_parameters(weights, [0, 0], [0, 0, 0])
    weights[:] = 7
    assert (rbm.weights == 1).all()
    assert rbm.visible_bias.dtype == np.float64


@pytest.mark.parametrize("wrong", [0, -1])
@pytest.mark.parametrize("name", ["n_visible", "n_hidden"])
def test_empty_layers_are_refused(name, wrong):
    sizes = {"n_visible": 2, "n_hidden": 2, name: wrong}
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got {wrong}"):
        BernoulliRBM(**sizes, rng=np.random.default_rng(0))


@pytest.mark.parametrize("wrong", [2.0, "2", None, True])
def test_sizes_must_be_integers(wrong):
    with pytest.raises(TypeError, match="n_hidden must be an integer"):
        BernoulliRBM(2, wrong, rng=np.random.default_rng(0))


@pytest.mark.parametrize("wrong", [None, 0, np.random])
def test_the_generator_must_be_one(wrong):
    with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator"):
        BernoulliRBM(2, 2, rng=wrong)
    with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator"):
        make_rbm(3, 2, 1.0).reconstruct([0, 1, 0], wrong)


@pytest.mark.parametrize(
    ("weights", "visible_bias", "hidden_bias", "message"),
    [
        (np.ones(3), [0], [0], r"weights must have the shape \(n >= 1, n >= 1\), got \(3,\)"),
        (np.ones((0, 2)), [], [0, 0], "weights must have the shape"),
        (np.ones((2, 3)), [0] * 3, [0] * 3, r"visible_bias must have the shape \(2,\)"),
        (np.ones((2, 3)), [0] * 2, [0] * 2, r"hidden_bias must have the shape \(3,\)"),
        ([[1e308]], [0], [0], "weights must be finite and at most 1e\\+100 in size, got 1e\\+308"),
        ([[np.nan]], [0], [0], "weights must be finite"),
        ([[1.0]], [np.inf], [0], "visible_bias must be finite"),
        ([[1.0]], [0], [-np.inf], "hidden_bias must be finite"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(weights, visible_bias, hidden_bias, message):
    with pytest.raises(ValueError, match=message):
        BernoulliRBM.from_parameters(weights, visible_bias, hidden_bias)


def test_what_is_assigned_is_checked_and_copied():
    rbm = make_rbm(3, 2, 1.0)
    before = rbm.visible_bias.copy()
    for wrong, message in [(1.0, "shape"), ([1, 2], "shape"), ([1, 2, np.nan], "finite")]:
        with pytest.raises(ValueError, match=f"visible_bias must.*{message}"):
            rbm.visible_bias = wrong
    np.testing.assert_array_equal(rbm.visible_bias, before)
    mine = np.array([1, 0], dtype=np.int64)
    rbm.hidden_bias = mine
    mine[:] = 5
    np.testing.assert_array_equal(rbm.hidden_bias, [1.0, 0.0])
    assert rbm.hidden_bias.dtype == np.float64
    with pytest.raises(ValueError, match=r"weights must have the shape \(3, 2\)"):
        rbm.weights = np.ones((2, 3))


def test_masked_arrays_are_refused():
    masked = np.ma.masked_array([0, 1, 1], mask=[0, 0, 1])
    with pytest.raises(TypeError, match="visible must not be a masked array"):
        make_rbm(3, 2, 1.0).free_energy(masked)


def test_a_parameter_that_has_become_nan_is_found():
    rbm = make_rbm(3, 2, 1.0)
    rbm.weights[0, 0] = np.nan
    with pytest.raises(FloatingPointError, match="weights must be finite"):
        rbm.reconstruct([1, 0, 0], np.random.default_rng(0))


@pytest.mark.parametrize(
    "method", ["free_energy", "hidden_probabilities", "hidden_free_energy", "visible_probabilities"]
)
@pytest.mark.parametrize("wrong", [[0, 1, 2, 0], [0, 1, 0.5, 0], [-1, 1, 1, 1], [np.nan, 0, 0, 0]])
def test_states_that_are_not_bits_are_refused(method, wrong):
    rbm = make_rbm(4, 4, 1.0)
    with pytest.raises(ValueError, match=r"(visible|hidden) must hold only 0 and 1"):
        getattr(rbm, method)(wrong)


def test_states_of_another_width_are_refused():
    rbm, rng = make_rbm(3, 2, 1.0), np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"visible must have the shape \(\.\.\., 3\), got \(2,\)"):
        rbm.free_energy([0, 1])
    with pytest.raises(ValueError, match=r"hidden must have the shape \(\.\.\., 2\), got \(4, 3\)"):
        rbm.sample_visible(np.zeros((4, 3)), rng)
    with pytest.raises(ValueError, match=r"hidden must have the shape \(\.\.\., 2\)"):
        rbm.energy([0, 1, 0], [0, 1, 0])
    with pytest.raises(ValueError, match=r"visible must have the shape \(\.\.\., 3\), got \(\)"):
        rbm.free_energy(1)
    with pytest.raises(ValueError, match="leading axes that broadcast"):
        rbm.energy(np.zeros((4, 3)), np.zeros((5, 2)))


def test_negative_steps_are_refused():
    with pytest.raises(ValueError, match="n_steps must be at least 0, got -1"):
        make_rbm(3, 2, 1.0).gibbs([0, 1, 0], -1, np.random.default_rng(0))


def loop_spin_energy(weights, visible_field, hidden_field, s, t):
    energy = 0.0
    for i, left in enumerate(s):
        energy -= visible_field[i] * left
        for j, right in enumerate(t):
            energy -= left * weights[i, j] * right
    for j, right in enumerate(t):
        energy -= hidden_field[j] * right
    return energy


def spin_energies(rbm, parameters):
    """Energies of all joint states, row by row of visible ones, in the form of spins."""
    spins = [
        [2 * np.array(state) - 1 for state in states(n)] for n in (rbm.n_visible, rbm.n_hidden)
    ]
    return [[loop_spin_energy(*parameters, s, t) for t in spins[1]] for s in spins[0]]


def bit_energies(rbm):
    return [
        [machine_energy(rbm, v, h) for h in states(rbm.n_hidden)] for v in states(rbm.n_visible)
    ]


def test_spins_have_the_energy_of_the_bits_up_to_the_constant(rbm):
    parameters = rbm.spin_parameters()
    weights, visible_field, hidden_field = parameters
    constant = visible_field.sum() + hidden_field.sum() - weights.sum()
    close(np.array(bit_energies(rbm)), np.array(spin_energies(rbm, parameters)) - constant)
    assert weights is parameters.weights
    assert visible_field is parameters.visible_field
    assert hidden_field is parameters.hidden_field


def test_a_machine_made_of_spins_has_their_law():
    rng = np.random.default_rng(5)
    parameters = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=3)
    rbm = BernoulliRBM.from_spin_parameters(*parameters)
    weight = np.exp(-np.array(bit_energies(rbm)))
    expected = np.exp(-np.array(spin_energies(rbm, parameters)))
    np.testing.assert_allclose(weight / weight.sum(), expected / expected.sum(), rtol=1e-12, atol=0)


def test_to_spins_and_back_is_the_identity(rbm):
    again = BernoulliRBM.from_spin_parameters(*rbm.spin_parameters())
    for name in ("weights", "visible_bias", "hidden_bias"):
        close(getattr(again, name), getattr(rbm, name))


def test_a_machine_without_fields_is_symmetric_under_a_flip_of_all_spins():
    weights = np.random.default_rng(6).normal(size=(4, 3))
    rbm = BernoulliRBM.from_spin_parameters(weights, np.zeros(4), np.zeros(3))
    visible = np.array(states(4))
    close(rbm.free_energy(visible), rbm.free_energy(1 - visible))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ((np.ones((2, 3)), [0] * 3, [0] * 3), r"visible_field must have the shape \(2,\)"),
        ((np.ones((2, 3)), [0] * 2, [0] * 2), r"hidden_field must have the shape \(3,\)"),
        ((np.ones(3), [0], [0]), "weights must have the shape"),
        (([[1.0]], [np.nan], [0]), "visible_field must be finite"),
        (([[1.0]], [0], [np.inf]), "hidden_field must be finite"),
    ],
)
def test_spin_parameters_that_do_not_fit_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        BernoulliRBM.from_spin_parameters(*parameters)


def test_a_copy_is_equal_and_shares_nothing():
    rbm = make_rbm(3, 2, 1.0)
    copy = rbm.copy()
    assert type(copy) is BernoulliRBM
    for name in ("weights", "visible_bias", "hidden_bias"):
        np.testing.assert_array_equal(getattr(copy, name), getattr(rbm, name))
        assert not np.shares_memory(getattr(copy, name), getattr(rbm, name))


def test_more_hidden_units_than_one_product_holds():
    # Factors between 1 and 2 are multiplied by the thousand: 2**1024 would overflow.
    n_hidden = 2500
    bias = np.random.default_rng(7).normal(0, 0.01, n_hidden)
    rbm = BernoulliRBM.from_parameters(np.zeros((1, n_hidden)), [0.0], bias)
    expected = -math.fsum(math.log1p(math.exp(x)) for x in bias)
    assert rbm.free_energy([1]) == pytest.approx(expected, rel=1e-13, abs=0)


def gaussian():
    parameters = np.arange(6.0).reshape(2, 3), [6.0, 7.0], [8.0, 9.0, 10.0]
    return GaussianBernoulliRBM.from_parameters(*parameters, [0.5, 2.0])


def test_a_vector_lists_the_weights_row_by_row_then_visible_and_hidden_biases():
    np.testing.assert_array_equal(gaussian().to_vector(), np.arange(11.0))
    vector = gaussian().to_vector()
    vector[:] = 0
    np.testing.assert_array_equal(gaussian().to_vector(), np.arange(11.0))


def test_a_machine_is_made_of_a_vector_and_keeps_what_is_not_in_it():
    rbm = gaussian()
    other = rbm.with_vector(np.arange(11.0)[::-1])
    assert type(other) is GaussianBernoulliRBM
    np.testing.assert_array_equal(other.weights, [[10, 9, 8], [7, 6, 5]])
    np.testing.assert_array_equal(other.visible_bias, [4, 3])
    np.testing.assert_array_equal(other.hidden_bias, [2, 1, 0])
    np.testing.assert_array_equal(other.sigma, [0.5, 2.0])
    np.testing.assert_array_equal(rbm.to_vector(), np.arange(11.0))
    for name, array in other.parameters().items():
        assert not np.shares_memory(array, getattr(rbm, name))


def test_a_vector_and_its_machine_are_one_to_one(rbm):
    vector = np.random.default_rng(8).normal(size=rbm.to_vector().size)
    np.testing.assert_array_equal(rbm.with_vector(vector).to_vector(), vector)
    again = rbm.with_vector(rbm.to_vector())
    np.testing.assert_array_equal(again.weights, rbm.weights)


@pytest.mark.parametrize(
    ("vector", "error", "message"),
    [
        (np.zeros(10), ValueError, r"vector must have the shape \(11,\), got \(10,\)"),
        (np.zeros((11, 1)), ValueError, r"vector must have the shape \(11,\), got \(11, 1\)"),
        (np.full(11, np.nan), ValueError, "vector must be finite"),
        (["0"] * 11, TypeError, "vector must be an array of real numbers"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(vector, error, message):
    with pytest.raises(error, match=message):
        gaussian().with_vector(vector)


def test_parameters_are_the_arguments_of_from_parameters():
    for rbm in (make_rbm(3, 2, 1.0), gaussian()):
        parameters = rbm.parameters()
        assert all(array is getattr(rbm, name) for name, array in parameters.items())
        again = type(rbm).from_parameters(**parameters)
        np.testing.assert_array_equal(again.to_vector(), rbm.to_vector())
    assert list(parameters) == ["weights", "visible_bias", "hidden_bias", "sigma"]


def test_scikit_learn_has_the_same_free_energy_and_conditional_means(rbm):
    """An implementation that shares no line with ours."""
    neural_network = pytest.importorskip("sklearn.neural_network")
    theirs = neural_network.BernoulliRBM(n_components=rbm.n_hidden)
    theirs.components_ = rbm.weights.T.copy()
    theirs.intercept_hidden_ = rbm.hidden_bias.copy()
    theirs.intercept_visible_ = rbm.visible_bias.copy()
    theirs.n_features_in_ = rbm.n_visible
    visible = np.array(states(rbm.n_visible), dtype=float)
    close(rbm.free_energy(visible), theirs._free_energy(visible))
    close(rbm.hidden_probabilities(visible), theirs.transform(visible))


PARAMETERS = st.floats(-1e3, 1e3)  # any larger, and the comparison is one of roundings


@st.composite
def spin_machines(draw):
    n_visible, n_hidden = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    shapes = (n_visible, n_hidden), n_visible, n_hidden
    return [draw(arrays(np.float64, shape, elements=PARAMETERS)) for shape in shapes]


@settings(deadline=None, derandomize=True, max_examples=50, database=None)
@given(spin_machines())
def test_any_spins_are_bits_up_to_a_constant(parameters):
    rbm = BernoulliRBM.from_spin_parameters(*parameters)
    size = 1 + sum(np.abs(array).sum() for array in parameters)  # of the largest energy
    for array, again in zip(parameters, rbm.spin_parameters(), strict=True):
        np.testing.assert_allclose(again, array, rtol=0, atol=1e-15 * size)
    weights, visible_field, hidden_field = parameters
    constant = visible_field.sum() + hidden_field.sum() - weights.sum()
    visible, hidden = np.array(states(rbm.n_visible)), np.array(states(rbm.n_hidden))
    found = rbm.energy(visible[:, None], hidden[None]) + constant
    np.testing.assert_allclose(found, spin_energies(rbm, parameters), rtol=0, atol=2e-15 * size)


def test_a_reconstruction_is_one_step_down_and_up():
    rbm, visible = make_rbm(6, 4, 1.0), np.random.default_rng(0).integers(0, 2, (50, 6))
    rng = np.random.default_rng(1)
    expected = rbm.sample_visible(rbm.sample_hidden(visible, rng), rng)
    found = rbm.reconstruct(visible, np.random.default_rng(1))
    np.testing.assert_array_equal(found, expected)
    twice = rbm.gibbs(visible, 2, np.random.default_rng(1))
    np.testing.assert_array_equal(twice, rbm.gibbs(expected, 1, rng))
