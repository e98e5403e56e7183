"""Diffusion with exact scores: laws, likelihoods, limits, and few steps, in closed form."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from rgrbm.networks import (
    Basis,
    Schedule,
    denoising_losses,
    few_step_divergence,
    gaussian_score,
    generate,
    mixture_score,
    probability_flow,
)

WEIGHTS = np.array([0.3, 0.7])
MEANS = np.array([[0.8, -0.5, 0.3, 1.0], [-0.4, 0.6, 0.2, -1.2]])
ROOTS = np.random.default_rng(3).normal(size=(2, 4, 6))
COVARIANCES = ROOTS @ ROOTS.transpose(0, 2, 1) / 6


def log_mixture(points):
    laws = [multivariate_normal(m, c) for m, c in zip(MEANS, COVARIANCES, strict=True)]
    return np.log(sum(w * law.pdf(points) for w, law in zip(WEIGHTS, laws, strict=True)))


def draw(n, rng):
    which = rng.choice(2, size=n, p=WEIGHTS)
    factors = np.linalg.cholesky(COVARIANCES)
    return MEANS[which] + np.einsum("nij,nj->ni", factors[which], rng.normal(size=(n, 4)))


def in_basis(basis, schedule):
    means = np.stack([basis.forward(mean[None])[0] for mean in MEANS])
    covariances = [basis.transform_covariance(one) for one in COVARIANCES]
    return mixture_score(WEIGHTS, means, covariances, schedule)


def test_schedules_mix_to_unit_variance_and_follow_the_process():
    schedule = Schedule.soft([0.0, 1.0, 3.0], steepness=2.0, gamma_min=-5, gamma_max=4)
    np.testing.assert_allclose(schedule.gamma(0.0), [-11, -9, -5])
    np.testing.assert_allclose(schedule.gamma(1.0), [4, 6, 10])
    time, step = 0.37, 1e-5
    alpha, sigma = schedule.alpha(time), schedule.sigma(time)
    np.testing.assert_allclose(alpha**2 + sigma**2, 1)
    np.testing.assert_allclose(np.log(sigma**2 / alpha**2), schedule.gamma(time))
    slope = (schedule.alpha(time + step) - schedule.alpha(time - step)) / (2 * step)
    np.testing.assert_allclose(slope, -schedule.beta(time) * alpha / 2, rtol=1e-6, atol=1e-12)
    assert schedule.gamma([[0.1], [0.2]]).shape == (2, 1, 3)


def test_schedules_that_are_none_are_refused():
    with pytest.raises(ValueError, match="stop must be larger"):
        Schedule([0.0, 1.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="gamma_max must be above"):
        Schedule.soft([0.0], gamma_min=1, gamma_max=1)
    with pytest.raises(ValueError, match="labels times steepness"):
        Schedule.soft([0.0, 1e100], steepness=1e100)


@pytest.mark.parametrize("time", [0.0, 0.3, 0.9])
def test_the_score_is_the_gradient_of_the_law_with_noise(time):
    schedule = Schedule.soft([0, 1, 2, 3], steepness=1.0, gamma_min=-6, gamma_max=4)
    score = mixture_score(WEIGHTS, MEANS, COVARIANCES, schedule)
    alpha, sigma = schedule.alpha(time), schedule.sigma(time)
    points = np.random.default_rng(0).normal(size=(3, 4))

    def log_law(points):
        total = 0
        for weight, mean, covariance in zip(WEIGHTS, MEANS, COVARIANCES, strict=True):
            noisy = np.diag(alpha) @ covariance @ np.diag(alpha) + np.diag(sigma**2)
            total = total + weight * multivariate_normal(alpha * mean, noisy).pdf(points)
        return np.log(total)

    np.testing.assert_allclose(score.log_prob(points, time), log_law(points), atol=1e-10)
    values, diagonal = score.with_diagonal(points, time)
    np.testing.assert_array_equal(values, score(points, time))
    h = 1e-4
    for i, unit in enumerate(h * np.eye(4)):
        up, here, down = (log_law(points + s * unit) for s in (1, 0, -1))
        np.testing.assert_allclose(values[:, i], (up - down) / (2 * h), atol=1e-5)
        np.testing.assert_allclose(diagonal[:, i], (up - 2 * here + down) / h**2, atol=1e-4)


@pytest.mark.parametrize("kind", ["pixel", "pca", "fourier", "haar"])
@pytest.mark.parametrize("steepness", [0.0, 1.0, -1.0, 4.0])
def test_the_likelihood_is_exact_in_each_basis_softness_and_order(kind, steepness):
    whole = np.einsum("k,kij->ij", WEIGHTS, COVARIANCES) + 0.21 * np.outer(
        MEANS[0] - MEANS[1], MEANS[0] - MEANS[1]
    )
    basis = Basis(kind, (4,), mean=WEIGHTS @ MEANS, covariance=whole, whiten=True)
    labels = np.sign(steepness) * basis.labels if steepness else basis.labels
    schedule = Schedule.soft(labels, abs(steepness), gamma_min=-14, gamma_max=10)
    points = draw(40, np.random.default_rng(1))
    score = in_basis(basis, schedule)
    latent, log_prob = probability_flow(score, schedule, basis.forward(points), n_steps=100)
    error = log_prob + basis.log_det - log_mixture(points)
    assert abs(error.mean()) / 4 < 1e-5
    assert np.sqrt(np.mean(error**2)) / 4 < 1e-4
    back = generate(score, schedule, latent, n_steps=3000)
    assert abs(basis.inverse(back) - points).max() < 0.02


def test_a_white_gaussian_law_stays_where_it_is():
    schedule = Schedule.soft([0, 1, 2], steepness=1.0)
    score = gaussian_score(np.zeros(3), np.eye(3), schedule)
    states = np.random.default_rng(0).normal(size=(5, 3))
    latent, log_prob = probability_flow(score, schedule, states, n_steps=3)
    np.testing.assert_allclose(latent, schedule.alpha(0.0) * states, rtol=1e-12)
    start = np.log(schedule.alpha(0.0)).sum()
    normal = -0.5 * (latent**2 + np.log(2 * np.pi)).sum(axis=1)
    np.testing.assert_allclose(log_prob, normal + start, rtol=1e-12)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [2, 0, 3, 1]])
def test_a_steep_schedule_makes_one_component_after_the_other(order):
    """The score of the component in turn is that of its exact conditional law."""
    labels = np.argsort(order)  # the position of each component
    schedule = Schedule.soft(labels, steepness=80.0, gamma_min=-40, gamma_max=40)
    score = mixture_score(WEIGHTS, MEANS, COVARIANCES, schedule)
    states = np.random.default_rng(0).normal(size=(6, 4))
    for position, i in enumerate(order):
        time = (4 - position - 0.5) / 4  # half way: the later ones are noise
        gamma = schedule.gamma(time)
        assert abs(gamma[i]) < 1e-9
        known = order[:position]
        assert (gamma[known] < -70).all()
        assert (gamma[order[position + 1 :]] > 70).all()
        # The conditional law of a mixture is a mixture of conditional laws.
        logs, means, variances = [], [], []
        for weight, mean, covariance in zip(WEIGHTS, MEANS, COVARIANCES, strict=True):
            away = states[:, known] - mean[known]
            solved = np.linalg.solve(covariance[np.ix_(known, known)], covariance[known, i])
            means.append(mean[i] + away @ solved)
            variances.append(covariance[i, i] - covariance[i, known] @ solved)
            seen = np.zeros(6)
            if known:
                before = multivariate_normal(mean[known], covariance[np.ix_(known, known)])
                seen = before.logpdf(states[:, known])
            logs.append(np.log(weight) + seen)
        shares = np.exp(np.array(logs) - np.logaddexp(*logs))
        expected = []
        for n in range(6):
            one = mixture_score(
                shares[:, n],
                np.array(means)[:, n, None],
                np.array(variances)[:, None, None],
                Schedule([-40.0], [40.0]),
            )
            expected.append(one(states[n : n + 1, i : i + 1], 0.5)[0, 0])
        np.testing.assert_allclose(score(states, time)[:, i], expected, atol=1e-9)


@pytest.mark.parametrize("steepness", [0.0, 1.0])
@pytest.mark.parametrize("n_steps", [1, 5, 40])
def test_few_steps_against_the_sampler_itself(steepness, n_steps):
    variances = np.array([0.1, 0.7, 1.0, 9.0])
    schedule = Schedule.soft(-np.log(variances), steepness, gamma_min=-9, gamma_max=5)
    score = gaussian_score(np.zeros(4), np.diag(variances), schedule)
    # The sampler is linear, and treats components alone: unit noise shows its factors.
    made = np.diag(generate(score, schedule, np.eye(4), n_steps=n_steps)) ** 2
    alpha, sigma = schedule.alpha(0.0), schedule.sigma(0.0)
    ratio = (variances + sigma**2 / alpha**2) / made
    expected = np.mean(ratio - 1 - np.log(ratio)) / 2
    np.testing.assert_allclose(
        few_step_divergence(variances, schedule, n_steps), expected, rtol=1e-9
    )


def test_few_steps_of_white_noise_turn_by_angles():
    """For unit variance a step multiplies by the cosine of the angle it turns by."""
    schedule = Schedule.soft([0.0], gamma_min=-12, gamma_max=8)
    angles = np.arctan2(schedule.sigma(np.arange(6) / 5), schedule.alpha(np.arange(6) / 5))
    log_ratio = -2 * np.log(np.cos(np.diff(angles.ravel()))).sum()
    expected = (np.expm1(log_ratio) - log_ratio) / 2
    assert abs(few_step_divergence([1.0], schedule, 5) - expected) < 1e-12


def test_the_gaussian_gains_nothing_and_the_exact_score_its_divergence():
    rng = np.random.default_rng(0)
    states = 3 * rng.choice([-1.0, 1.0], size=(40_000, 1)) + rng.normal(size=(40_000, 1))
    schedule = Schedule.soft([0.0], gamma_min=-12, gamma_max=8)
    exact = mixture_score([0.5, 0.5], [[-3.0], [3.0]], [[[1.0]], [[1.0]]], schedule)
    losses = denoising_losses(exact, schedule, states, rng=rng)
    grid = np.linspace(-12, 12, 4001)
    law = 0.5 * sum(np.exp(-0.5 * (grid - m) ** 2) for m in (-3, 3)) / np.sqrt(2 * np.pi)
    entropy = -(law * np.log(np.maximum(law, 1e-300))).sum() * (grid[1] - grid[0])
    divergence = 0.5 * np.log(2 * np.pi * np.e * 10) - entropy
    assert abs(losses.gain.value - 2 * divergence / 20) < 4.5 * losses.gain.error
    assert losses.gain.value > 20 * losses.gain.error
    total = losses.loss.value + losses.gain.value
    assert abs(total - losses.gaussian) < 4.5 * losses.loss.error
    times = (np.arange(200) + 0.5) / 200
    noise = schedule.sigma(times) ** 2
    closed = np.mean(1 - noise / (schedule.alpha(times) ** 2 * states.var() + noise))
    assert abs(losses.gaussian - closed) < 1e-12
    best = gaussian_score([0.0], [[10.0]], schedule)
    assert abs(denoising_losses(best, schedule, states, rng=rng).gain.value) < 1e-4


def test_what_a_score_gives_is_looked_at():
    schedule = Schedule.soft([0, 0])
    states = np.ones((3, 2))
    with pytest.raises(ValueError, match="score must give"):
        generate(lambda states, time: states[0], schedule, states)
    with pytest.raises(ValueError, match="score must give"):
        generate(lambda states, time: states * np.nan, schedule, states)
    with pytest.raises(ValueError, match="states and schedule"):
        probability_flow(gaussian_score([0.0], [[1.0]], Schedule.soft([0])), schedule, [[1.0]])
    with pytest.raises(ValueError, match="states must be more"):
        denoising_losses(abs, schedule, states[:2], rng=np.random.default_rng(0))
