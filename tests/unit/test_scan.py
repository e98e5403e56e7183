"""Grids of experiments: order, executors, failures."""

import pickle
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from rgrbm.scan import ScanError, map_grid

GRID = {"scale": [1.0, 10.0], "seed": range(4)}


def experiment(scale, seed):
    time.sleep(0.01 * (3 - seed))  # the first ones finish last
    return scale * np.random.default_rng(seed).random()


def fragile(scale, seed):
    if seed == 2:
        raise ZeroDivisionError("two")
    return seed


EXPECTED = [
    scale * np.random.default_rng(seed).random() for scale in (1.0, 10.0) for seed in range(4)
]


def test_results_come_in_the_order_of_the_grid():
    assert map_grid(experiment, GRID) == EXPECTED
    points = [{"scale": 10.0, "seed": 1}, {"scale": 1.0, "seed": 0}]
    assert map_grid(experiment, points) == [EXPECTED[5], EXPECTED[0]]
    assert map_grid(experiment, {"scale": [], "seed": [1]}) == []


def test_executors_change_nothing():
    with ThreadPoolExecutor(3) as executor:
        assert map_grid(experiment, GRID, executor=executor) == EXPECTED
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        assert map_grid(experiment, GRID, executor=executor) == EXPECTED


@pytest.mark.parametrize("threads", [0, 2])
def test_a_failure_carries_its_parameters(threads):
    executor = ThreadPoolExecutor(threads) if threads else None
    with pytest.raises(ScanError, match=r"failed at \{'scale': 1.0, 'seed': 2\}") as caught:
        map_grid(fragile, GRID, executor=executor)
    assert caught.value.parameters == {"scale": 1.0, "seed": 2}
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.parameters == caught.value.parameters
    assert str(again) == str(caught.value)
    if executor:
        executor.shutdown()


def test_calls_that_have_not_begun_are_cancelled():
    begun = []

    def slow(k):
        begun.append(k)
        if k == 0:
            raise ValueError
        time.sleep(0.05)

    with ThreadPoolExecutor(1) as executor, pytest.raises(ScanError):
        map_grid(slow, {"k": range(100)}, executor=executor)
    assert len(begun) < 10


def test_progress_is_shown_on_demand(capsys):
    map_grid(fragile, {"scale": [1], "seed": [0, 1]})
    assert capsys.readouterr().err == ""
    map_grid(fragile, {"scale": [1], "seed": [0, 1]}, progress=True)
    assert "2/2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, GRID), "function must be callable, got 3"),
        ((experiment, [1, 2]), "grid must be a dict of names to values or a list of dicts"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        map_grid(*arguments)
    with pytest.raises(TypeError, match=r"executor must be a concurrent\.futures\.Executor, got 2"):
        map_grid(experiment, GRID, executor=2)
