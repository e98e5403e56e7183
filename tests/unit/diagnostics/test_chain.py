"""Correlations and couplings of rings whose answers are known."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar

from rgrbm import diagnostics, sampler, transfer_matrix


def test_few_samples_are_never_certain():
    found = diagnostics.estimate_coupling([[1, 1, -1, -1], [1, -1, -1, 1]])
    assert found.error == pytest.approx(1 / np.sqrt(8))


def student(n_blocks):
    return stats.t.ppf(stats.norm.cdf(1), n_blocks - 1)


def test_blocks_that_agree_are_not_exact():
    """One block more could be as far off as a product can be; a spin with itself is exact."""
    found = diagnostics.correlation([[1, 1, 1, 1]] * 3, 4)
    np.testing.assert_allclose(found.value, 1, rtol=0)
    floor = student(3) * 2 / 4
    np.testing.assert_allclose(found.error, [0, floor, floor, floor, 0], rtol=1e-12)
    found = diagnostics.correlation([[1, 1, -1]] * 100, 1)  # -1/3: its mean is rounded
    assert found.error[1] == pytest.approx(student(50) * (4 / 3) / 51)
    # Sites 0 and 0 hold two spins, which need not be equal.
    found = diagnostics.correlation_by_distance([[1, 1, -1]] * 2, [0, 0, 2], 6, 2)
    np.testing.assert_allclose(found.value[[0, 2]], [1, -1], rtol=0)
    np.testing.assert_allclose(found.error[[0, 2]], student(2) * 2 / 3, rtol=1e-12)
    assert np.isnan(found.error[1])
    assert diagnostics.correlation_by_distance([[1, -1]] * 2, [0, 3], 6, 0).error[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("n_sites", [4, 16, 64])
@pytest.mark.parametrize("coupling", [0.2, 0.5, 1.0, 1.5, 2.0])
def test_errors_hold_the_truth_however_few_the_samples(n_sites, coupling):
    """Bounds at 68 and 95 %: products are no normal values, and on small rings few numbers."""
    exact = transfer_matrix.correlation(n_sites, np.arange(n_sites // 2 + 1), coupling)
    rng = np.random.default_rng(n_sites)
    for n_samples in (2, 3, 4, 5, 10, 30, 100):
        held = []
        drawn = sampler.exact_chain(600 * n_samples, n_sites, coupling, rng=rng)
        for spins in np.split(drawn, 600):
            found = diagnostics.correlation(spins, n_sites // 2)
            assert (found.error[1:] > 0).all()
            pull = np.abs(found.value - exact)[1:] / found.error[1:]
            held.append([pull <= 1, pull <= 2])
        within_one, within_two = np.mean(held, axis=0)
        # 600 trials know a probability to 2 %; what is measured is from 0.57 and 0.82 on.
        assert within_one.min() > 0.52
        assert within_two.min() > 0.79


@pytest.mark.slow
@pytest.mark.parametrize("n_samples", [2, 3, 5, 20])
def test_errors_of_couplings_hold_the_truth(n_samples):
    rng = np.random.default_rng(11)
    pulls = []
    for spins in np.split(sampler.exact_chain(600 * n_samples, 64, 0.5, rng=rng), 600):
        value, error = diagnostics.estimate_coupling(spins)
        pulls.append(abs(value - 0.5) / error)
    assert np.mean(np.less_equal(pulls, 1)) > 0.62
    assert np.mean(np.less_equal(pulls, 2)) > 0.91


def test_correlations_by_plain_loops():
    rng = np.random.default_rng(1)
    spins = rng.choice([-1, 1], size=(12, 5))
    found = diagnostics.correlation(spins, 5, n_blocks=4)
    for distance in range(6):
        products = [np.mean([row[i] * row[(i + distance) % 5] for i in range(5)]) for row in spins]
        assert found.value[distance] == pytest.approx(np.mean(products), abs=1e-15)
        blocks = np.mean(np.reshape(products, (4, 3)), axis=1)
        error = student(4) * np.std(blocks, ddof=1) / 2
        assert found.error[distance] == pytest.approx(error, abs=1e-15)


def test_correlations_by_distance_by_plain_loops():
    rng = np.random.default_rng(6)
    spins = rng.choice([-1, 1], size=(12, 5))
    sites = [7, 0, 3, 7, 9]
    found = diagnostics.correlation_by_distance(spins, sites, 10, 5, n_blocks=4)
    for distance in range(6):
        pairs = [
            (j, k)
            for j in range(5)
            for k in range(5)
            if min((sites[j] - sites[k]) % 10, (sites[k] - sites[j]) % 10) == distance
        ]
        products = [[row[j] * row[k] for j, k in pairs] for row in spins]
        if not pairs:
            assert np.isnan(found.value[distance])
            continue
        means = np.mean(products, axis=1)
        assert found.value[distance] == pytest.approx(np.mean(means), abs=1e-15)
        blocks = np.mean(np.reshape(means, (4, 3)), axis=1)
        error = student(4) * np.std(blocks, ddof=1) / 2
        assert found.error[distance] == pytest.approx(error, abs=1e-15)


def test_on_all_sites_in_order_both_correlations_agree():
    spins = sampler.exact_chain(50, 8, 0.5, rng=np.random.default_rng(7))
    by_distance = diagnostics.correlation_by_distance(spins, range(8), 8, 4)
    plain = diagnostics.correlation(spins, 4)
    np.testing.assert_allclose(by_distance.value, plain.value, rtol=0, atol=1e-15)
    np.testing.assert_allclose(by_distance.error, plain.error, rtol=0, atol=1e-15)
    order = np.random.default_rng(8).permutation(8)
    moved = diagnostics.correlation_by_distance(spins[:, order], order, 8, 4)
    np.testing.assert_allclose(moved.value, plain.value, rtol=0, atol=1e-15)


def test_blocks_of_unequal_size_are_weighted():
    spins = np.array([[1, 1], [1, 1], [1, -1]])
    assert diagnostics.correlation(spins, 1, n_blocks=2).value[1] == pytest.approx(1 / 3)


@pytest.mark.parametrize("repeat", [1, 20])
def test_the_error_of_a_correlation_is_its_scatter(repeat):
    """Also where each sample is repeated: then the blocks see that the samples are correlated."""
    rng = np.random.default_rng(2)
    exact = transfer_matrix.correlation(16, 3, 0.7)
    pulls = []
    for spins in np.split(sampler.exact_chain(300 * 100, 16, 0.7, rng=rng), 300):
        found = diagnostics.correlation(np.repeat(spins, repeat, axis=0), 3, n_blocks=50)
        pulls.append((found.value[3] - exact) / found.error[3])
    # The scatter of 300 pulls is known to 4 %, and that of each error to 10 %: Student's t.
    assert np.std(pulls) == pytest.approx(1.0, abs=0.2)
    assert abs(np.mean(pulls)) < 5 / np.sqrt(300)


@pytest.mark.parametrize("n_sites", [2, 3, 7, 32])
@pytest.mark.parametrize("coupling", [-0.8, 0.0, 0.3, 1.2])
def test_the_estimate_maximises_the_exact_likelihood(n_sites, coupling):
    spins = sampler.exact_chain(200, n_sites, coupling, rng=np.random.default_rng(3))
    bonds = (spins * np.roll(spins, 1, axis=1)).sum(axis=1).mean()

    def minus_likelihood(coupling):
        return transfer_matrix.log_partition(n_sites, coupling) - coupling * bonds

    best = minimize_scalar(minus_likelihood, bracket=(-1, 1), tol=1e-10).x
    found = diagnostics.estimate_coupling(spins)
    assert found.value == pytest.approx(best, abs=1e-5)
    step = 1e-5
    slope = transfer_matrix.correlation(n_sites, 1, found.value + step)
    slope = (slope - transfer_matrix.correlation(n_sites, 1, found.value - step)) / (2 * step)
    nearest = diagnostics.correlation(spins, 1)
    bound = 1 / np.sqrt(spins.size * slope)
    assert found.error == pytest.approx(max(nearest.error[1] / slope, bound), rel=1e-6)


def test_the_error_of_a_coupling_is_its_scatter():
    rng = np.random.default_rng(4)
    pulls = []
    for spins in np.split(sampler.exact_chain(300 * 100, 32, 1.0, rng=rng), 300):
        found = diagnostics.estimate_coupling(spins)
        pulls.append((found.value - 1.0) / found.error)
    assert np.std(pulls) == pytest.approx(1.0, abs=0.2)
    assert abs(np.mean(pulls)) < 5 / np.sqrt(300)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda d: d.correlation(np.ones(4), 1), ValueError, "n_samples >= 2"),
        (lambda d: d.correlation(np.ones((1, 4)), 1), ValueError, "n_samples >= 2"),
        (lambda d: d.correlation(np.zeros((3, 4)), 1), ValueError, "spins must hold only -1 and 1"),
        (lambda d: d.correlation(np.ones((3, 4)), 5), ValueError, "max_distance must be at most"),
        (lambda d: d.correlation(np.ones((3, 4)), -1), ValueError, "max_distance must be at least"),
        (lambda d: d.correlation(np.ones((3, 4)), 1, n_blocks=1), ValueError, "n_blocks must be"),
        (lambda d: d.estimate_coupling(np.ones((3, 4)), n_blocks=1), ValueError, "n_blocks must"),
        (
            lambda d: d.correlation_by_distance(np.ones((3, 1)), [0], 1, 0, n_blocks=2.0),
            TypeError,
            "n_blocks must be an integer",
        ),
        (
            lambda d: d.correlation_by_distance(np.ones((3, 2)), [0, 6], 6, 3),
            ValueError,
            "sites must be from 0 to 5",
        ),
        (
            lambda d: d.correlation_by_distance(np.ones((3, 2)), [0, 1, 2], 6, 3),
            ValueError,
            r"sites must have the shape \(2,\), got \(3,\)",
        ),
        (
            lambda d: d.correlation_by_distance(np.ones((3, 2)), [0.0, 1.0], 6, 3),
            TypeError,
            "sites must be an integer or an array of integers",
        ),
        (
            lambda d: d.correlation_by_distance(np.ones((3, 2)), [0, 1], 6, 4),
            ValueError,
            "max_distance must be at most 3, got 4",
        ),
        (lambda d: d.estimate_coupling(np.ones((3, 4))), ValueError, "perfectly ordered"),
        (lambda d: d.estimate_coupling(np.ones((3, 1))), ValueError, "at least 2 sites"),
        (lambda d: d.estimate_coupling([[1, -1], [-1, 1]]), ValueError, "perfectly ordered"),
        (lambda d: d.estimate_coupling([[1, -1, 1], [-1, 1, 1]]), ValueError, "perfectly ordered"),
    ],
)
def test_bad_samples_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(diagnostics)
