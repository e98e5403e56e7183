"""Partition functions against plain loops, integrals and the Ising chain; what AIS is made of."""

import math
import tracemalloc

import numpy as np
import pytest
from oracles import bits as states
from oracles import machine_energy, machine_law, machine_moments
from scipy.integrate import quad

from rgrbm import ising, transfer_matrix
from rgrbm.estimate import Estimate
from rgrbm.rbm import (
    BernoulliRBM,
    GaussianBernoulliRBM,
    ais_log_partition,
    exact_distribution,
    exact_log_partition,
    exact_moments,
    gibbs_matrix,
    kl_divergence,
    log_likelihood,
    partition,
)

SIZES = [(1, 1), (2, 4), (4, 2), (3, 3), (5, 3), (3, 6)]


def make_rbm(kind, n_visible, n_hidden, scale=1.0):
    rng = np.random.default_rng([n_visible, n_hidden])
    parameters = [rng.normal(0, scale, n) for n in ((n_visible, n_hidden), n_visible, n_hidden)]
    if kind == "gaussian":
        sigma = rng.uniform(0.5, 2.0, n_visible)
        return GaussianBernoulliRBM.from_parameters(*parameters, sigma)
    return BernoulliRBM.from_parameters(*parameters)


def chain(n_pairs, coupling):
    """A ring in which visible and hidden spins take turns."""
    weights = np.zeros((n_pairs, n_pairs))
    for i in range(n_pairs):
        weights[i, i] += coupling
        weights[i, i - 1] += coupling
    return BernoulliRBM.from_spin_parameters(weights, np.zeros(n_pairs), np.zeros(n_pairs))


def close(actual, expected, rtol=1e-12, atol=0.0):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


@pytest.fixture(params=SIZES, ids=str)
def bernoulli(request):
    return make_rbm("bernoulli", *request.param)


@pytest.fixture(params=[2**14, 8, 1], ids="blocks of {}".format)
def _block(request, monkeypatch):
    monkeypatch.setattr(partition, "NUMBERS_PER_BLOCK", request.param)


@pytest.mark.usefixtures("_block")
def test_partition_function_and_moments_are_sums_over_joint_states(bernoulli):
    expected = (*machine_moments(bernoulli), machine_law(bernoulli)[1])
    moments = exact_moments(bernoulli)
    for found, want in zip(moments, expected, strict=True):
        close(found, want)
    assert moments.products.shape == bernoulli.weights.shape
    close(exact_log_partition(bernoulli), expected[-1])
    assert type(exact_log_partition(bernoulli)) is type(moments.log_partition) is float


@pytest.mark.usefixtures("_block")
@pytest.mark.parametrize("n_hidden", [1, 4])
def test_a_gaussian_machine_with_one_visible_unit_against_integrals(n_hidden):
    rbm = make_rbm("gaussian", 1, n_hidden)

    def integral(function):
        return quad(
            lambda v: function(v) * math.exp(-rbm.free_energy([v])),
            *(-40, 40),
            epsabs=1e-11,
            epsrel=1e-11,
            limit=500,
            points=[-2, 0, 2],
        )[0]

    total = integral(lambda v: 1.0)
    moments = exact_moments(rbm)
    close(exact_log_partition(rbm), math.log(total), 0, 1e-9)
    close(moments.log_partition, math.log(total), 0, 1e-9)
    close(moments.visible[0], integral(lambda v: v) / total, 0, 1e-9)
    for j in range(n_hidden):
        mean = integral(lambda v, j=j: rbm.hidden_probabilities([v])[j]) / total
        close(moments.hidden[j], mean, 0, 1e-9)
        mean = integral(lambda v, j=j: v * rbm.hidden_probabilities([v])[j]) / total
        close(moments.products[0, j], mean, 0, 1e-9)


@pytest.mark.usefixtures("_block")
def test_a_wide_gaussian_machine_against_a_mixture_of_normal_laws():
    rbm = make_rbm("gaussian", 6, 3)
    weights, means = [], []
    for h in states(3):
        mean = rbm.visible_bias + rbm.weights @ h
        square = np.sum((mean**2 - rbm.visible_bias**2) / (2 * rbm.sigma**2))
        log_norm = np.sum(np.log(rbm.sigma)) + 3 * math.log(2 * math.pi)
        weights.append(math.exp(rbm.hidden_bias @ h + square + log_norm))
        means.append(mean)
    p = np.array(weights) / math.fsum(weights)
    moments = exact_moments(rbm)
    close(moments.log_partition, math.log(math.fsum(weights)))
    close(moments.visible, p @ means, 1e-11)
    close(moments.hidden, p @ states(3), 1e-11)
    close(moments.products, np.transpose(means) @ (p[:, None] * states(3)), 1e-11)


@pytest.mark.parametrize("coupling", [-0.7, 0.4, 1.5])
@pytest.mark.parametrize("n_pairs", [3, 8])
def test_a_machine_that_is_an_ising_chain(n_pairs, coupling):
    rbm = chain(n_pairs, coupling)
    constant = -2 * n_pairs * coupling  # what bits have more than spins
    expected = transfer_matrix.log_partition(2 * n_pairs, coupling) + constant
    close(exact_log_partition(rbm), expected, 0, 1e-11)
    moments = exact_moments(rbm)
    # <v h> = (1 + <s t>) / 4 without a field, and neighbours are one step apart.
    neighbours = transfer_matrix.correlation(2 * n_pairs, 1, coupling)
    close(np.diag(moments.products), (1 + neighbours) / 4, 1e-11)
    close(moments.visible, 0.5, 1e-11)
    close(moments.hidden, 0.5, 1e-11)


@pytest.mark.parametrize("n_visible", [1, 3, 8])
@pytest.mark.usefixtures("_block")
def test_the_distribution_is_in_the_order_of_the_spins(n_visible):
    rbm = make_rbm("bernoulli", n_visible, 4)
    weights = [
        math.fsum(math.exp(-machine_energy(rbm, (s + 1) // 2, h)) for h in states(4))
        for s in ising.enumerate_spins(n_visible).tolist()
        for s in [np.array(s)]
    ]
    found = exact_distribution(rbm)
    assert found.shape == (2**n_visible,)
    close(found, np.array(weights) / math.fsum(weights))
    close(found.sum(), 1.0, 1e-14)


def test_the_smaller_layer_is_the_one_that_is_listed():
    rng = np.random.default_rng(0)
    for shape in [(3, 300), (300, 3)]:
        rbm = BernoulliRBM.from_parameters(
            rng.normal(size=shape), rng.normal(size=shape[0]), rng.normal(size=shape[1])
        )
        free_energy = rbm.free_energy if shape[0] == 3 else rbm.hidden_free_energy
        expected = np.logaddexp.reduce(-free_energy(states(3)))
        close(exact_log_partition(rbm), expected)
        close(exact_moments(rbm).log_partition, expected)


def test_wide_layers_of_strong_couplings_do_not_overflow():
    rbm = BernoulliRBM.from_parameters(np.full((2500, 2), 50.0), np.zeros(2500), [-1e4, 1e4])
    # Both hidden units are on: their biases cancel, and each visible unit gains 100.
    close(exact_log_partition(rbm), 2500 * 100, 1e-14)
    moments = exact_moments(rbm)
    close(moments.hidden, [1.0, 1.0], 1e-14)
    close(moments.visible, np.ones(2500), 1e-14)


def test_the_largest_layer_takes_seconds_and_a_larger_one_is_refused():
    rng = np.random.default_rng(1)
    bias = rng.normal(size=25)
    rbm = GaussianBernoulliRBM.from_parameters(np.zeros((1, 25)), [0.3], bias, 2.0)
    expected = np.logaddexp(0, bias).sum() + math.log(2 * math.sqrt(2 * math.pi))
    close(exact_log_partition(rbm), expected)
    message = "rbm must have at most 25 units in the layer to be enumerated, got 26 {} units"
    for call in (exact_log_partition, exact_moments):
        with pytest.raises(ValueError, match=message.format("hidden")):
            call(GaussianBernoulliRBM(1, 26, rng=rng))
        with pytest.raises(ValueError, match=message.format("visible")):
            call(BernoulliRBM(26, 27, rng=rng))
        with pytest.raises(ValueError, match=message.format("hidden")):
            call(BernoulliRBM(26, 26, rng=rng))


def test_the_memory_is_bounded():
    rbm = make_rbm("bernoulli", 784, 12, 0.1)  # 2**12 * 784 numbers would be 26 MB
    tracemalloc.start()
    exact_moments(rbm)
    exact_log_partition(rbm)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6


def test_only_few_visible_units_are_listed():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="at most 20 visible units to list their states, got 21"):
        exact_distribution(BernoulliRBM(21, 1, rng=rng))
    with pytest.raises(TypeError, match="rbm must be a BernoulliRBM, got Gaussian"):
        exact_distribution(GaussianBernoulliRBM(2, 2, rng=rng))


def loop_conditional(rbm, given, hidden_given):
    """Probabilities of all states of one layer, given a state of the other."""
    n_units = rbm.n_visible if hidden_given else rbm.n_hidden
    weights = [
        math.exp(-machine_energy(rbm, *((x, given) if hidden_given else (given, x))))
        for x in states(n_units)
    ]
    return [weight / math.fsum(weights) for weight in weights]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_gibbs_matrix_is_a_sum_over_hidden_states(size):
    rbm = make_rbm("bernoulli", *size)
    down = [loop_conditional(rbm, h, hidden_given=True) for h in states(rbm.n_hidden)]
    expected = []
    for v in states(rbm.n_visible):
        up = loop_conditional(rbm, v, hidden_given=False)
        expected.append(
            [
                math.fsum(p * law[after] for p, law in zip(up, down, strict=True))
                for after in range(2**rbm.n_visible)
            ]
        )
    found = gibbs_matrix(rbm)
    close(found, np.transpose(expected), 1e-11)
    close(found.sum(axis=0), 1.0, 1e-13)


@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_a_gibbs_step_keeps_the_distribution_and_runs_backward_as_forward(scale):
    rbm = make_rbm("bernoulli", 5, 4, scale)
    law, matrix = exact_distribution(rbm), gibbs_matrix(rbm)
    close(matrix @ law, law, 1e-11)
    flow = matrix * law
    close(flow, flow.T, 1e-10)
    # What starts anywhere arrives.
    close(np.linalg.matrix_power(matrix, 2**30)[:, 0], law, 1e-5)


def test_a_gibbs_matrix_that_does_not_fit_into_memory_is_refused():
    rng = np.random.default_rng(0)
    assert gibbs_matrix(BernoulliRBM(1, 12, rng=rng)).shape == (2, 2)
    for size in ((13, 2), (2, 13)):
        message = f"at most 12 units in each layer, got {size[0]} visible and {size[1]} hidden ones"
        with pytest.raises(ValueError, match=message):
            gibbs_matrix(BernoulliRBM(*size, rng=rng))
    with pytest.raises(TypeError, match="rbm must be a BernoulliRBM"):
        gibbs_matrix(GaussianBernoulliRBM(2, 2, rng=rng))


def test_log_likelihood_is_the_mean_log_probability():
    rbm = make_rbm("bernoulli", 5, 3)
    index = np.random.default_rng(2).integers(0, 32, 2500)  # more than one piece of a thousand
    data = np.array(states(5))[index]
    found = log_likelihood(rbm, data, exact_log_partition(rbm))
    assert type(found) is float
    close(found, np.log(exact_distribution(rbm))[index].mean())
    close(log_likelihood(rbm, data[:1], 0.0), -rbm.free_energy(data[0]))


def test_log_likelihood_of_real_data_is_that_of_the_density():
    rbm = make_rbm("gaussian", 1, 2)
    data = [[-1.0], [0.5], [3.0]]
    total = quad(lambda v: math.exp(-rbm.free_energy([v])), -40, 40, points=[0], epsabs=1e-12)[0]
    expected = np.mean([-rbm.free_energy(v) - math.log(total) for v in data])
    close(log_likelihood(rbm, data, exact_log_partition(rbm)), expected, 1e-9)


@pytest.mark.parametrize(
    ("data", "log_partition", "message"),
    [
        ([0, 1, 0], 0.0, r"data must have the shape \(n_samples, 3\) with n_samples >= 1"),
        (np.empty((0, 3)), 0.0, r"data must have the shape \(n_samples, 3\) with n_samples >= 1"),
        ([[0, 1]], 0.0, r"data must have the shape \(\.\.\., 3\), got \(1, 2\)"),
        ([[0, 1, 2]], 0.0, "data must hold only 0 and 1"),
        ([[0, 1, 1]], np.nan, "log_partition must be finite"),
        ([[0, 1, 1]], [1.0, 2.0], "log_partition must be a single number"),
        ([[0, 1, 1]], (1.0, 0.1), "log_partition must be a single number"),
    ],
)
def test_bad_arguments_of_log_likelihood(data, log_partition, message):
    with pytest.raises(ValueError, match=message):
        log_likelihood(make_rbm("bernoulli", 3, 2), data, log_partition)


def test_real_data_are_checked_too():
    with pytest.raises(ValueError, match="data must be finite"):
        log_likelihood(make_rbm("gaussian", 2, 2), [[0.5, np.inf]], 0.0)


def test_kl_divergence_is_the_sum():
    p, q = [[0.1, 0.2], [0.0, 0.7]], [[0.25, 0.25], [0.3, 0.2]]
    expected = 0.1 * math.log(0.1 / 0.25) + 0.2 * math.log(0.2 / 0.25) + 0.7 * math.log(0.7 / 0.2)
    close(kl_divergence(p, q), expected)
    assert type(kl_divergence(p, q)) is float
    assert kl_divergence(q, p) == math.inf
    law = np.random.default_rng(0).dirichlet(np.ones(1000))
    assert kl_divergence(law, law) == 0
    close(kl_divergence([1e-300, 1.0], [1e-310, 1.0]), 0.0, 0, 1e-290)
    assert kl_divergence(law, np.nextafter(law, 1)) == 0  # the sum is -1e-16


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        ([0.5, 0.6], [0.5, 0.5], "p must be a distribution: .* its sum is 1.1"),
        ([0.5, 0.5], [1.5, -0.5], "q must be a distribution: .* its least value -0.5"),
        ([0.5, np.nan], [0.5, 0.5], "p must be finite"),
        ([], [], "p must be a distribution: .* its sum is 0"),
        ([0.5, 0.5], [[0.5, 0.5]], r"p and q must have one shape, got \(2,\) and \(1, 2\)"),
    ],
)
def test_bad_distributions_are_refused(p, q, message):
    with pytest.raises(ValueError, match=message):
        kl_divergence(p, q)


def ais(rbm, n_chains=50, n_temperatures=10, seed=0):
    rng = np.random.default_rng(seed)
    return ais_log_partition(rbm, n_chains=n_chains, n_temperatures=n_temperatures, rng=rng)


def test_ais_is_exact_for_a_machine_without_parameters():
    rbm = BernoulliRBM.from_parameters(np.zeros((7, 5)), np.zeros(7), np.zeros(5))
    estimate = ais(rbm)
    close(estimate.value, 12 * math.log(2), 1e-14)
    assert estimate.error < 1e-14
    rbm = GaussianBernoulliRBM.from_parameters(np.zeros((2, 5)), [3, -5], np.zeros(5), [0.5, 4])
    estimate = ais(rbm)
    close(estimate.value, 5 * math.log(2) + math.log(2 * 2 * math.pi), 1e-14)
    assert estimate.error < 1e-13


def test_ais_follows_the_seed_and_leaves_the_machine_alone():
    for kind in ("bernoulli", "gaussian"):
        rbm = make_rbm(kind, 5, 4)
        before = rbm.copy()
        first, second, other = ais(rbm), ais(rbm), ais(rbm, seed=1)
        assert isinstance(first, Estimate)
        assert type(first.value) is type(first.error) is float
        assert tuple(first) == tuple(second) != tuple(other)
        for name, array in before.parameters().items():
            np.testing.assert_array_equal(getattr(rbm, name), array)


def test_a_symmetric_machine_starts_without_a_preference():
    base = partition._without_weights(chain(6, 2.0))
    assert not base.weights.any()
    close(base.visible_bias, 0, 0, 1e-15)
    close(base.hidden_bias, 0, 0, 1e-15)


def test_units_without_weights_start_with_half_of_their_bias():
    base = partition._without_weights(
        BernoulliRBM.from_parameters(np.zeros((1, 2)), [3.0], [-2.0, 4.0])
    )
    np.testing.assert_array_equal(base.visible_bias, [1.5])
    np.testing.assert_array_equal(base.hidden_bias, [-1, 2])


def test_the_start_has_half_of_the_bias_that_random_neighbours_give():
    rng = np.random.default_rng(3)
    weights = rng.normal(0, 0.7, (10, 12))
    rbm = BernoulliRBM.from_parameters(weights, rng.normal(size=10), np.zeros(12))
    base = partition._without_weights(rbm)
    mean = rbm.visible_probabilities(states(12)).mean(axis=0)  # over coins
    # The formula for normal inputs is approximate: its probabilities are good to a percent or two.
    close(1 / (1 + np.exp(-2 * base.visible_bias)), mean, 0, 0.02)
    p = 1 / (1 + np.exp(-base.visible_bias))
    visible = np.array(states(10))
    law = np.prod(np.where(visible == 1, p, 1 - p), axis=1)
    close(1 / (1 + np.exp(-2 * base.hidden_bias)), law @ rbm.hidden_probabilities(visible), 0, 0.02)


def test_the_start_of_real_units_is_their_mean():
    rng = np.random.default_rng(4)
    weights = rng.normal(0, 0.7, (1, 8))
    rbm = GaussianBernoulliRBM.from_parameters(weights, [0.4], rng.normal(size=8), 0.5)
    base = partition._without_weights(rbm)
    means = rbm.visible_mean(states(8))
    close(base.visible_bias, means.mean(axis=0))
    np.testing.assert_array_equal(base.sigma, rbm.sigma)
    # Visible units under coins: a mixture of normal laws. Its hidden probabilities, by quadrature.
    nodes, quadrature = np.polynomial.hermite_e.hermegauss(40)
    visible = (means + rbm.sigma * nodes).reshape(-1, 1)
    law = np.tile(quadrature / quadrature.sum() / len(means), len(means))
    expected = law @ rbm.hidden_probabilities(visible)
    close(1 / (1 + np.exp(-2 * base.hidden_bias)), expected, 0, 0.01)


def test_mean_weight_and_jackknife_are_those_of_a_loop():
    log_weights = np.random.default_rng(5).normal(0, 1.5, 20)
    weights = np.exp(log_weights)
    left_out = [
        math.log(np.mean([w for k, w in enumerate(weights) if k != left])) for left in range(20)
    ]
    error = math.sqrt(19 / 20 * sum((x - np.mean(left_out)) ** 2 for x in left_out))
    for offset in (0.0, -1e4, 1e4):
        mean, found = partition._log_mean(log_weights + offset)
        close(mean - offset, math.log(weights.mean()), 0, 1e-10)
        close(found, error, 1e-9)
    assert partition._log_mean(np.full(7, 3.0)) == pytest.approx((3.0, 0.0), abs=1e-14)


def test_one_chain_that_carries_all_is_no_small_error():
    mean, error = partition._log_mean(np.array([0.0, -30.0, -30.0, -30.0]))
    close(mean, -math.log(4), 0, 1e-10)
    assert error > 20


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"n_chains": 1}, ValueError, "n_chains must be at least 2, got 1"),
        ({"n_chains": 2.0}, TypeError, "n_chains must be an integer"),
        ({"n_temperatures": 0}, ValueError, "n_temperatures must be at least 1, got 0"),
        ({"n_temperatures": True}, TypeError, "n_temperatures must be an integer"),
        ({"rng": 0}, TypeError, r"rng must be a numpy\.random\.Generator"),
        ({"rng": None}, TypeError, r"rng must be a numpy\.random\.Generator"),
    ],
)
def test_bad_arguments_of_ais(changes, error, message):
    rng = np.random.default_rng(0)
    arguments = {"n_chains": 2, "n_temperatures": 1, "rng": rng, **changes}
    with pytest.raises(error, match=message):
        ais_log_partition(make_rbm("bernoulli", 2, 2), **arguments)
    assert rng.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize("wrong", [None, np.ones((2, 2)), "rbm", BernoulliRBM])
def test_what_is_no_machine_is_refused(wrong):
    calls = [
        exact_log_partition,
        exact_moments,
        ais,
        lambda rbm: log_likelihood(rbm, [[0, 1]], 0.0),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="rbm must be a BernoulliRBM, a GaussianBernoulliRBM"):
            call(wrong)
    with pytest.raises(TypeError, match="rbm must be a BernoulliRBM, got"):
        exact_distribution(wrong)


def test_a_parameter_that_has_become_nan_is_found():
    rbm = make_rbm("bernoulli", 3, 2)
    rbm.weights[0, 0] = np.nan
    for call in (ais, exact_log_partition, exact_moments, exact_distribution, gibbs_matrix):
        with pytest.raises(FloatingPointError, match="weights must be finite"):
            call(rbm)


@pytest.mark.parametrize("place", [1e6, 1e9, -3e9])
def test_real_units_far_from_zero_lose_nothing(place):
    """Two states, equally likely by construction, wherever the data lie."""
    shift, sigma = 0.3, 1.0
    bias = -shift * (shift + 2 * place) / (2 * sigma**2)
    rbm = GaussianBernoulliRBM.from_parameters([[shift]], [place], [bias], sigma)
    exact = np.log(2) + 0.5 * np.log(2 * np.pi)
    # The bias itself is rounded to 16 digits: 1e-16 of 1e9.
    assert exact_log_partition(rbm) == pytest.approx(exact, rel=0, abs=1e-6)
    assert exact_moments(rbm).hidden[0] == pytest.approx(0.5, rel=0, abs=1e-6)
