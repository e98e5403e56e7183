"""Where the sum of the autocorrelation stops, and from where on blocks disagree with it."""

import numpy as np
import pytest
from scipy import special
from scipy.signal import lfilter

from rgrbm._core.numerics import widening
from rgrbm.diagnostics import ChainsDisagreeError, autocorrelation_time, effective_sample_size
from rgrbm.diagnostics.series import _blocks_agree, blocked_mean


def second_order(radius, period, n_steps, seed=0):
    """A damped oscillation that noise drives."""
    rng = np.random.default_rng(seed)
    first, second = 2 * radius * np.cos(2 * np.pi / period), -(radius**2)
    series = rng.normal(size=n_steps)
    for t in range(2, n_steps):
        series[t] += first * series[t - 1] + second * series[t - 2]
    return series[n_steps // 10 :]


@pytest.mark.parametrize(
    ("radius", "period"), [(0.0, 8), (0.5, 40), (0.8, 12), (0.9, 16), (0.95, 40)]
)
def test_the_sum_stops_where_sokal_stops_it(radius, period):
    """Plain sums, up to the first lag of 5 times the sum, 5 times that of squares, and 10."""
    series = second_order(radius, period, 20_000)
    series -= series.mean()
    n, time, memory, lag = len(series), 1.0, 2.0, 0
    while lag < max(10, 5 * time, 5 * memory):
        lag += 1
        rho = np.dot(series[lag:], series[: n - lag]) / np.dot(series, series)
        time, memory = time + 2 * rho, memory + 4 * rho**2
    assert autocorrelation_time(series) == pytest.approx(time, rel=1e-9)


def two_blocks(difference, length, n_chains=1, seed=0):
    """Chains of two halves, whose means differ as said, without noise in the means."""
    noise = np.tile([1.0, -1.0], length // 2)
    halves = np.concatenate([noise + difference / 2, noise - difference / 2])
    return np.tile(halves, (n_chains, 1))


@pytest.mark.parametrize(("n_chains", "alarm"), [(1, 0.1), (1, 1e-5), (3, 0.1)])
def test_blocks_disagree_from_the_tail_of_chi_squared_on(n_chains, alarm):
    length, last = 100, 50  # four blocks would be shorter than twice the window
    series = two_blocks(0.5, length, n_chains)
    degrees = 2 * n_chains - 1
    variance = np.var([0.25, -0.25] * n_chains, ddof=1)
    limit = length * variance / np.mean(series**2) / (special.chdtri(degrees, alarm) / degrees)
    assert _blocks_agree(series, 1.001 * limit, last, alarm)
    assert not _blocks_agree(series, 0.999 * limit, last, alarm)


def test_blocks_of_very_many_chains_may_scatter_by_a_tenth_more():
    length, n_chains = 100, 20_000
    series = two_blocks(0.5, length, n_chains)
    scatter = length * np.var([0.25, -0.25] * n_chains, ddof=1) / np.mean(series**2)
    assert special.chdtri(2 * n_chains - 1, 0.1) / (2 * n_chains - 1) < 1.02
    assert _blocks_agree(series, scatter / 1.099, 50, 0.1)
    assert not _blocks_agree(series, scatter / 1.101, 50, 0.1)


@pytest.mark.parametrize(("n_blocks", "seen"), [(2, True), (16, True), (64, True), (128, False)])
def test_up_to_sixty_four_blocks_are_compared(n_blocks, seen):
    series = np.repeat(np.tile([1.0, -1.0], n_blocks // 2), 30)[None]
    assert _blocks_agree(series, 1.0, 15, 1e-5) is not seen


def test_blocks_shorter_than_twice_the_window_say_nothing():
    series = np.repeat(np.tile([1.0, -1.0], 8), 30)[None]
    assert not _blocks_agree(series, 1.0, 15, 1e-5)
    assert _blocks_agree(series, 1.0, 16, 1e-5)


@pytest.mark.parametrize(("n_off", "told"), [(2, "0, 1 is"), (10, "8, 9 is"), (11, "9, ... is")])
def test_ten_chains_that_disagree_are_named(n_off, told):
    error = ChainsDisagreeError(1000, 3.0, tuple(range(n_off)))
    assert f"{told} farther" in str(error)
    assert error.chains == tuple(range(n_off))
    assert error.length == 1000
    assert error.estimate == 3.0


def test_the_factor_of_student():
    """The 68 % point: closed forms for one and two degrees of freedom, a series for many."""
    inside = special.erf(np.sqrt(1 / 2))
    assert widening(2) == pytest.approx(np.tan(np.pi * inside / 2), rel=1e-12)
    assert widening(3) == pytest.approx(inside * np.sqrt(2 / (1 - inside**2)), rel=1e-12)
    for degrees in (49, 99):
        series = 1 + 1 / (2 * degrees) + 1 / (4 * degrees**2)
        assert widening(degrees + 1) == pytest.approx(series, abs=1 / degrees**3)


def test_a_series_may_be_two_steps_long_but_not_one():
    with pytest.raises(ValueError, match="times its autocorrelation time long"):
        autocorrelation_time([0.0, 1.0])
    with pytest.raises(ValueError, match="n_steps >= 2"):
        effective_sample_size([0.0])


def test_blocks_as_long_as_the_time_give_an_error_a_quarter_too_small():
    """That of exponential decay: the square is 1 - (1 - e**-2) / 2 of what it should be."""
    memory, n_blocks = 0.95, 200
    time = (1 + memory) / (1 - memory)
    noise = np.random.default_rng(0).normal(size=(200, 500 + 39 * n_blocks))
    series = lfilter([1], [1, -memory], noise)[:, 500:]
    squares = np.square([blocked_mean(chain, n_blocks).error for chain in series])
    right = time / (1 - memory**2) / series.shape[1]
    # 200 blocks scatter by 10 %, 200 series together by less than 1 %.
    assert np.mean(squares) / right == pytest.approx(1 - (1 - np.exp(-2)) / 2, rel=0.04)
