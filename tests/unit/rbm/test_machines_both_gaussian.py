"""A machine whose units are all real: against integrals, one big matrix, and its own data."""

import numpy as np
import pytest
from scipy.integrate import quad

from rgrbm.decimation import condense
from rgrbm.rbm import (
    GaussianBernoulliRBM,
    GaussianGaussianRBM,
    ais_log_partition,
    exact_log_partition,
    exact_moments,
    log_likelihood,
    train,
)
from rgrbm.rbm._settings import Settings
from rgrbm.rbm._training_steps import exact_gradient

SIZES = [(1, 1), (3, 2), (2, 4)]


def make_rbm(n_visible, n_hidden):
    rng = np.random.default_rng([n_visible, n_hidden])
    sigma = rng.uniform(0.5, 2.0, n_visible)
    weights = rng.normal(size=(n_visible, n_hidden)) * sigma[:, None]
    weights *= 0.8 / np.linalg.norm(weights / sigma[:, None], 2)
    biases = rng.normal(size=n_visible), rng.normal(size=n_hidden)
    return GaussianGaussianRBM.from_parameters(weights, *biases, sigma)


@pytest.fixture(params=SIZES, ids=str)
def rbm(request):
    return make_rbm(*request.param)


def close(actual, expected, rtol=1e-12, atol=0):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


def joint_precision(rbm):
    """The second derivatives of the energy, entry by entry."""
    precision = np.eye(rbm.n_visible + rbm.n_hidden)
    for i in range(rbm.n_visible):
        precision[i, i] = 1 / rbm.sigma[i] ** 2
        for j in range(rbm.n_hidden):
            across = -rbm.weights[i, j] / rbm.sigma[i] ** 2
            precision[i, rbm.n_visible + j] = precision[rbm.n_visible + j, i] = across
    return precision


def test_energy_is_the_double_sum(rbm):
    rng = np.random.default_rng(0)
    v, h = rng.normal(size=rbm.n_visible), rng.normal(size=rbm.n_hidden)
    expected = sum((v - rbm.visible_bias) ** 2 / 2 / rbm.sigma**2)
    expected += sum((h - rbm.hidden_bias) ** 2 / 2)
    for i in range(rbm.n_visible):
        for j in range(rbm.n_hidden):
            expected -= v[i] * rbm.weights[i, j] * h[j] / rbm.sigma[i] ** 2
    close(rbm.energy(v, h), expected)


def test_the_law_is_that_of_one_big_normal_law(rbm):
    mean, covariance = rbm.law()
    close(covariance, np.linalg.inv(joint_precision(rbm)), 1e-10, 1e-13)
    at_mean = rbm.energy(*np.split(mean, [rbm.n_visible]))
    for step in np.eye(len(mean)) * 1e-4:
        for other in (mean - step, mean + step):
            assert rbm.energy(*np.split(other, [rbm.n_visible])) > at_mean


def test_the_visible_precision_is_the_condensed_matrix(rbm):
    condensed = condense(joint_precision(rbm), range(rbm.n_visible))
    close(rbm.visible_precision(), condensed, 1e-12, 1e-14)
    visible = rbm.law()[1][: rbm.n_visible, : rbm.n_visible]
    close(np.linalg.inv(rbm.visible_precision()), visible, 1e-12, 1e-14)


def test_partition_function_and_means_are_integrals():
    rbm = make_rbm(1, 1)
    mean, covariance = rbm.law()
    (v0, h0), (dv, dh) = mean, 12 * np.sqrt(np.diag(covariance))

    v, h = np.meshgrid(np.linspace(v0 - dv, v0 + dv, 801), np.linspace(h0 - dh, h0 + dh, 801))
    weight = np.exp(-rbm.energy(v[..., None], h[..., None])) * (dv / 400) * (dh / 400)

    def integral(function):  # of a smooth function that vanishes at the edge: exact
        return np.sum(function(v, h) * weight)

    z = integral(lambda v, h: 1.0)
    moments = exact_moments(rbm)
    close([moments.log_partition, exact_log_partition(rbm)], np.log(z), 1e-10)
    close(moments.visible[0], integral(lambda v, h: v) / z, 1e-10)
    close(moments.hidden[0], integral(lambda v, h: h) / z, 1e-10)
    close(moments.products[0, 0], integral(lambda v, h: v * h) / z, 1e-10)


def test_partition_function_of_larger_machines(rbm):
    """The energy at its minimum, and the determinant of the big matrix."""
    mean, precision = rbm.law()[0], joint_precision(rbm)
    least = rbm.energy(*np.split(mean, [rbm.n_visible]))
    expected = -least + (len(mean) * np.log(2 * np.pi) - np.linalg.slogdet(precision)[1]) / 2
    close(exact_log_partition(rbm), expected)


def test_free_energies_are_integrals():
    rbm = make_rbm(1, 1)
    for x in (-1.5, 0.3):
        over_h = quad(lambda h, x=x: np.exp(-rbm.energy([x], [h])), -30, 30, epsrel=1e-11)[0]
        over_v = quad(lambda v, x=x: np.exp(-rbm.energy([v], [x])), -60, 60, epsrel=1e-11)[0]
        close(rbm.free_energy([x]), -np.log(over_h), 1e-9)
        close(rbm.hidden_free_energy([x]), -np.log(over_v), 1e-9)


def test_the_density_of_the_data_is_normal(rbm):
    data = np.random.default_rng(1).normal(size=(5, rbm.n_visible))
    mean, covariance = (part[: rbm.n_visible] for part in rbm.law())
    covariance = covariance[:, : rbm.n_visible]
    off = data - mean
    log_density = -(off * np.linalg.solve(covariance, off.T).T).sum(axis=1) / 2
    log_density -= np.linalg.slogdet(2 * np.pi * covariance)[1] / 2
    found = log_likelihood(rbm, data, exact_log_partition(rbm))
    close(found, log_density.mean())


def test_conditional_means_follow_from_the_law(rbm):
    mean, covariance = rbm.law()
    n = rbm.n_visible
    rng = np.random.default_rng(2)
    v, h = rng.normal(size=(3, n)), rng.normal(size=(3, rbm.n_hidden))
    gain = np.linalg.solve(covariance[:n, :n], covariance[:n, n:])
    close(rbm.hidden_mean(v), mean[n:] + (v - mean[:n]) @ gain, 1e-9, 1e-10)
    gain = np.linalg.solve(covariance[n:, n:], covariance[n:, :n])
    close(rbm.visible_mean(h), mean[:n] + (h - mean[n:]) @ gain, 1e-9, 1e-10)


def test_draws_have_the_conditional_laws(rbm):
    rng = np.random.default_rng(3)
    v, h = rng.normal(size=rbm.n_visible), rng.normal(size=rbm.n_hidden)
    n = 20_000
    hidden = rbm.sample_hidden(np.tile(v, (n, 1)), rng)
    visible = rbm.sample_visible(np.tile(h, (n, 1)), rng)
    for found, mean, width in (
        (hidden, rbm.hidden_mean(v), 1.0),
        (visible, rbm.visible_mean(h), rbm.sigma),
    ):
        assert found.dtype == np.float64
        assert np.all(np.abs(found.mean(axis=0) - mean) < 5 * width / np.sqrt(n))
        assert np.all(np.abs(found.std(axis=0) / width - 1) < 5 / np.sqrt(2 * n))


@pytest.mark.parametrize("start", ["its law", "far off"])
def test_gibbs_steps_keep_and_find_the_law(start):
    """Covariances of 40000 chains: their standard error is below 2 / sqrt(n) of the widths."""
    rbm, n = make_rbm(3, 2), 40_000
    rng = np.random.default_rng(4)
    mean, covariance = (part[:3] for part in rbm.law())
    covariance = covariance[:, :3]
    if start == "its law":
        visible = rbm.gibbs(rng.multivariate_normal(mean, covariance, n), 1, rng)
    else:  # the slowest mode shrinks by 0.64 a step: 1e-10 after 60
        visible = rbm.gibbs(np.tile(mean + 5, (n, 1)), 60, rng)
    width = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(visible.mean(axis=0) - mean) < 5 * width / np.sqrt(n))
    off = (np.cov(visible.T) - covariance) / np.outer(width, width)
    assert np.abs(off).max() < 5 * np.sqrt(2 / n)


def test_the_gradient_is_that_of_the_likelihood():
    rbm = make_rbm(3, 2)
    rng = np.random.default_rng(5)
    data = rng.normal(size=(6, 3))
    settings = Settings(
        rbm,
        data,
        **dict.fromkeys(["batch_size", "n_chains", "mask"]),
        **{"learning_rate": 0.1, "method": "exact", "n_gibbs": 1, "momentum": 0.0, "l1": 0.0},
        **{"l2": 0.0, "learn_sigma": True, "probabilities": False, "n_threads": 1, "rng": rng},
    )
    gradient, value = exact_gradient(rbm, data, settings)
    close(value, log_likelihood(rbm, data, exact_log_partition(rbm)))
    for name, slope in zip(settings.trained, gradient, strict=True):
        for place in np.ndindex(slope.shape):
            values = []
            for step in (-1e-5, 1e-5):
                other = rbm.copy()
                part = getattr(other, name)
                # of sigma, it is the logarithm of its square that moves
                part[place] = (
                    part[place] * np.exp(step / 2) if name == "sigma" else part[place] + step
                )
                values.append(log_likelihood(other, data, exact_log_partition(other)))
            assert abs((values[1] - values[0]) / 2e-5 - slope[place]) < 1e-7, (name, place)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["exact", "cd", "pcd"])
def test_training_finds_the_covariance_of_its_data(method):
    """Exactly that of the sample with the exact gradient, else up to the noise of the steps."""
    teacher, rng = make_rbm(3, 2), np.random.default_rng(6)
    mean, covariance = (part[:3] for part in teacher.law())
    data = rng.multivariate_normal(mean, covariance[:, :3], 2000)
    rbm = GaussianGaussianRBM(3, 2, sigma=data.std(axis=0), rng=rng)
    rbm.visible_bias = data.mean(axis=0)
    n_epochs, n_gibbs = (2000, 1) if method == "exact" else (800, 5)
    options = {"n_epochs": n_epochs, "n_gibbs": n_gibbs, "learning_rate": 0.03, "momentum": 0.9}
    train(rbm, data, method=method, learn_sigma=True, rng=rng, **options)
    found = exact_moments(rbm)
    learned = rbm.law()[1][:3, :3]
    of_data = np.cov(data.T, ddof=0)
    scale = np.sqrt(np.outer(*2 * [np.diag(of_data)]))
    tolerance = 1e-4 if method == "exact" else 0.12
    assert np.abs((learned - of_data) / scale).max() < tolerance
    assert np.abs((found.visible - data.mean(axis=0)) / data.std(axis=0)).max() < tolerance


def without_law(sigma=1.4):
    return GaussianGaussianRBM.from_parameters([[1.0], [1.0]], [0.0, 0.0], [0.0], sigma)


def test_an_energy_without_a_lower_bound_has_no_law():
    rbm = without_law()
    for call in (rbm.law, lambda: exact_moments(rbm), lambda: exact_log_partition(rbm)):
        with pytest.raises(ValueError, match="singular values of weights / sigma below 1"):
            call()
    rbm.sigma = 1.42  # two weights of 1: the singular value is sqrt(2) / sigma
    assert np.all(np.linalg.eigvalsh(rbm.visible_precision()) > 0)
    assert rbm.law()[1][0, 0] > 50
    with pytest.raises(ValueError, match=r"below 1, .* got 1\.01015"):
        train(
            without_law(),
            [[1.0, 2.0]],
            n_epochs=1,
            learning_rate=0.1,
            method="exact",
            rng=np.random.default_rng(0),
        )


def test_steps_that_lead_to_no_law_have_diverged():
    rbm = GaussianGaussianRBM(2, 1, rng=np.random.default_rng(0))
    data = [[3.0, 3.0], [-3.0, -3.0]]
    with pytest.raises(FloatingPointError, match="training diverged"):
        train(
            rbm,
            data,
            n_epochs=500,
            learning_rate=0.5,
            method="exact",
            rng=np.random.default_rng(0),
        )
    rbm.law()  # the last good one


def test_chains_of_a_machine_without_a_law_run_away():
    with pytest.raises(FloatingPointError):
        without_law(1.0).gibbs([[1.0, 1.0]], 2000, np.random.default_rng(0))


def test_importance_sampling_is_for_hidden_bits():
    with pytest.raises(TypeError, match="use exact_log_partition"):
        ais_log_partition(
            make_rbm(1, 1), n_chains=2, n_temperatures=1, rng=np.random.default_rng(0)
        )


def test_it_is_kept_in_a_file(tmp_path):
    rbm = make_rbm(3, 2)
    rbm.save(tmp_path / "rbm.npz")
    again = GaussianGaussianRBM.load(tmp_path / "rbm.npz")
    for name, value in rbm.parameters().items():
        np.testing.assert_array_equal(getattr(again, name), value)
    with pytest.raises(ValueError, match="GaussianBernoulliRBM"):
        GaussianBernoulliRBM.load(tmp_path / "rbm.npz")


def test_a_new_machine_has_small_weights():
    rbm = GaussianGaussianRBM(4, 3, sigma=2.0, rng=np.random.default_rng(0))
    assert repr(rbm) == "GaussianGaussianRBM(n_visible=4, n_hidden=3)"
    assert 0 < np.abs(rbm.weights).max() < 0.05
    assert np.all(rbm.sigma == 2.0)
    assert np.all(rbm.hidden.sigma == 1.0)
