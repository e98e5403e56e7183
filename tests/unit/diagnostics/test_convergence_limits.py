"""From where on chains disagree."""

import numpy as np
import pytest
from scipy import special

from rgrbm.diagnostics import r_hat
from rgrbm.diagnostics.convergence import (
    FALSE_ALARM,
    N_BLOCKS,
    _are_far,
    _are_stuck,
    disagreeing_chains,
)

SCATTER = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])  # of the means of N_BLOCKS blocks: sum 0


def test_the_constants_are_those_that_were_measured():
    assert FALSE_ALARM == 1e-5
    assert len(SCATTER) == N_BLOCKS


@pytest.mark.parametrize("n_rows", [2, 4, 40])
def test_a_row_is_far_from_the_tail_of_student_on(n_rows):
    error = np.sqrt(2.5 / 5)  # of each row
    # Two tails, of means and of squares, for each row; pooled degrees of freedom.
    limit = -special.stdtrit(4 * n_rows, 1e-5 / (4 * n_rows))
    limit *= error * np.sqrt(n_rows / (n_rows - 1))
    rows = np.tile(SCATTER, (n_rows, 1))
    for far, expected in [(1.0001, True), (0.9999, False)]:
        rows[-1] = SCATTER + far * limit
        found = _are_far(rows)
        assert found[-1] == expected
        assert n_rows == 2 or not found[:-1].any()


def test_rounding_makes_no_row_far():
    rows = np.ones((4, N_BLOCKS))
    rows[0] += 1e-14
    assert not _are_far(rows).any()
    rows[0] += 1e-9
    assert _are_far(rows).tolist() == [True, False, False, False]


def test_a_row_with_a_larger_error_is_judged_by_its_own():
    rows = np.tile(SCATTER, (10, 1))
    rows[0] = 20 * SCATTER + 60  # 60 is 4 of its own errors, and 27 of the pooled
    assert not _are_far(rows).any()
    rows[0] = SCATTER + 60
    assert np.flatnonzero(_are_far(rows)).tolist() == [0]


def test_a_row_is_stuck_if_the_others_leave_its_value_too_often():
    """Rate times length against ln(rows / alarm): a row stays with the probability exp(-that)."""
    limit = np.log(3 / FALSE_ALARM)
    for length, expected in [(int(2 * limit) + 2, True), (int(2 * limit) - 1, False)]:
        rows = np.zeros((3, length))
        rows[1] = rows[2] = np.arange(length) // 2 % 2  # leaves each value at every second step
        rate = np.mean(rows[1, 1:][rows[1, :-1] == 0] != 0)
        assert (rate * length > limit) == expected
        assert _are_stuck(rows).tolist() == [expected, False, False]


def test_a_value_that_no_other_row_has_is_stuck():
    rows = np.random.default_rng(0).normal(size=(3, 50))
    rows[2] = 0.5
    assert _are_stuck(rows).tolist() == [False, False, True]
    assert not _are_stuck(np.ones((3, 50))).any()  # nothing moves: nothing can be said


def test_ten_steps_are_the_fewest_that_have_blocks():
    series = np.zeros((4, 9))
    series[0] = 100.0
    assert disagreeing_chains(series + np.arange(9) % 2) == ()
    series = np.zeros((4, 40))
    series[0] = 100.0
    assert disagreeing_chains(series + np.arange(40) % 3) == (0,)


@pytest.mark.parametrize("n_steps", [4, 5])
def test_r_hat_needs_two_steps_in_each_half(n_steps):
    assert np.isfinite(r_hat(np.arange(n_steps)))
    with pytest.raises(ValueError, match="n_steps >= 4"):
        r_hat([0.0, 1.0, 2.0])
