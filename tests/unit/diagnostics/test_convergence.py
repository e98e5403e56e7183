"""Chains that tell the same, and chains that do not."""

from statistics import NormalDist

import numpy as np
import pytest

from rgrbm.diagnostics import (
    ChainsDisagreeError,
    SeriesTooShortError,
    autocorrelation_time,
    effective_sample_size,
    r_hat,
)


def autoregression(memory, shape, seed=0):
    rng = np.random.default_rng(seed)
    series = rng.normal(size=shape)
    for t in range(1, shape[-1]):
        series[:, t] = memory * series[:, t - 1] + np.sqrt(1 - memory**2) * series[:, t]
    return series


@pytest.mark.parametrize("memory", [0.0, 0.5])
def test_one_chain_that_is_off_is_named(memory):
    chains = autoregression(memory, (50, 1000))
    assert effective_sample_size(chains) > 10_000
    chains[17] += 1.5
    with pytest.raises(ChainsDisagreeError, match="chain 17 is farther") as caught:
        effective_sample_size(chains)
    assert caught.value.chains == (17,)
    # What is left is worth some thousand values, not fifty thousand.
    assert 500 < chains.size / caught.value.estimate < 3000


@pytest.mark.parametrize("memory", [0.0, 0.9])
@pytest.mark.parametrize("n_stuck", [1, 3])
@pytest.mark.parametrize("where", ["mean", "start"])
@pytest.mark.parametrize("since", [0, 500])
def test_chains_that_are_stuck_are_named(memory, n_stuck, where, since):
    chains = autoregression(memory, (4, 1000))
    for chain in chains[:n_stuck]:
        chain[since:] = 0.0 if where == "mean" else chain[since]
    with pytest.raises(ChainsDisagreeError) as caught:
        effective_sample_size(chains)
    assert caught.value.chains == tuple(range(n_stuck))


def test_one_chain_alone_has_halves():
    chain = autoregression(0.0, (1, 1000))[0]
    autocorrelation_time(chain)
    moved = chain + np.where(np.arange(1000) < 500, 0.0, 3.0)
    with pytest.raises(SeriesTooShortError):
        autocorrelation_time(moved)
    chain[500:] = 0.0
    with pytest.raises(ChainsDisagreeError) as caught:
        autocorrelation_time(chain)
    assert caught.value.chains == (0,)


def test_another_spread_is_seen_beside_the_same_mean():
    chains = autoregression(0.0, (4, 1000))
    chains[2] *= 3
    with pytest.raises(ChainsDisagreeError) as caught:
        autocorrelation_time(chains)
    assert caught.value.chains == (2,)


def test_constant_chains_that_differ():
    with pytest.raises(ChainsDisagreeError):
        autocorrelation_time(np.repeat([[0.1], [0.2], [0.1]], 200, axis=1))
    with pytest.raises(ValueError, match="series must not be constant") as caught:
        autocorrelation_time(np.full((3, 200), 0.1))
    assert not isinstance(caught.value, SeriesTooShortError)


def test_a_rare_event_need_not_happen_in_each_chain():
    """Fifty chains of 1000 coins with 0.1 % heads: a third of the halves see none."""
    for seed in range(20):
        coins = np.random.default_rng(seed).random((50, 1000)) < 1e-3
        assert 40_000 < effective_sample_size(coins) < 62_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: rng.normal(size=(4, 200)),
        lambda rng: rng.standard_cauchy(size=(40, 200)),
        lambda rng: np.exp(2 * rng.normal(size=(10, 200))),
        lambda rng: rng.random((4, 200)) < 0.02,
        lambda rng: np.repeat(rng.normal(size=(4, 250)), 8, axis=1),
    ],
)
def test_sound_chains_are_not_accused(draw):
    """Meant is one false alarm in 100,000 for each test; 1 in 1000 allows for laws with tails."""
    accused = 0
    for seed in range(1000):
        try:
            autocorrelation_time(draw(np.random.default_rng(seed)))
        except ChainsDisagreeError:
            accused += 1
        except ValueError:  # too short, or no event at all
            pass
    assert accused <= 1


def test_r_hat_by_plain_loops():
    chains = np.random.default_rng(3).normal(size=(2, 7))
    halves = [chain[part] for chain in chains for part in (slice(3), slice(4, 7))]
    values = np.concatenate(halves)

    def ratio(values):
        ranks = [np.sum(values < x) + (1 + np.sum(values == x)) / 2 for x in values]
        z = [NormalDist().inv_cdf((r - 0.375) / (len(values) + 0.25)) for r in ranks]
        z = np.reshape(z, (4, 3))
        within = np.mean([np.var(row, ddof=1) for row in z])
        between = np.var([np.mean(row) for row in z], ddof=1)
        return np.sqrt(2 / 3 + between / within)

    expected = max(ratio(values), ratio(np.abs(values - np.median(values))))
    assert r_hat(chains) == pytest.approx(expected, rel=1e-12)


def test_r_hat_sees_what_differs():
    chains = autoregression(0.5, (4, 1000))
    assert r_hat(chains) < 1.01
    assert r_hat(chains + np.array([[0.0], [0.0], [0.0], [1.0]])) > 1.1
    assert r_hat(chains * [[1.0], [1.0], [1.0], [4.0]]) > 1.1
    assert r_hat(chains[0] + np.linspace(0, 3, 1000)) > 1.1
    assert r_hat(np.repeat([[1.0], [2.0]], 10, axis=1)) == np.inf
    assert r_hat(np.tile([1, -1], 10)) == 1.0


@pytest.mark.parametrize("seed", range(5))
def test_another_package_finds_the_same_r_hat(seed):
    array_stats = pytest.importorskip("arviz_stats.base").array_stats
    rng = np.random.default_rng(seed)
    for chains in (
        rng.normal(size=(3, 101)),
        rng.standard_cauchy(size=(4, 50)),
        rng.normal(size=(4, 100)) * [[1], [1], [1], [3]],
        rng.integers(5, size=(4, 30)),
    ):
        theirs = array_stats.rhat(chains, method="rank", chain_axis=0, draw_axis=1)
        assert r_hat(chains) == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize(
    ("series", "error", "message"),
    [
        (np.ones(100), ValueError, "series must not be constant"),
        ([1.0, 2.0, 3.0], ValueError, r"n_steps >= 4, got \(3,\)"),
        (np.ones((2, 2, 2)), ValueError, r"series must have the shape \(n_steps,\)"),
        ([1.0, np.nan, 2.0, 3.0], ValueError, "series must be finite"),
        (["a", "b", "c", "d"], TypeError, "series must be an array of real numbers"),
    ],
)
def test_bad_series_are_refused(series, error, message):
    with pytest.raises(error, match=message):
        r_hat(series)
