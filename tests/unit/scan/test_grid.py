"""Grids of experiments: order, executors, generators, failures."""

import os
import pickle
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from types import MappingProxyType

import numpy as np
import pytest

from rgrbm.scan import ScanError, grid, map_grid

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
    assert map_grid(experiment, GRID, n_threads=3) == EXPECTED
    with ThreadPoolExecutor(3) as executor:
        assert map_grid(experiment, GRID, executor=executor) == EXPECTED
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        assert map_grid(experiment, GRID, executor=executor) == EXPECTED


def test_one_thread_is_the_callers_and_more_are_as_many_as_were_asked_for():
    def where(k):
        time.sleep(0.005)
        return threading.get_ident()

    assert set(map_grid(where, {"k": range(4)})) == {threading.get_ident()}
    found = set(map_grid(where, {"k": range(40)}, n_threads=3))
    assert threading.get_ident() not in found
    assert 2 <= len(found) <= 3


def draw(rng, size=2):
    return rng.random(size).tolist()


def test_a_seed_gives_each_point_the_generator_of_its_number():
    children = np.random.SeedSequence(5).spawn(4)
    expected = [np.random.default_rng(child).random(size).tolist()
                for child, size in zip(children, [1, 2, 1, 2], strict=True)]  # fmt: skip
    points = [{"size": 1}, {"size": 2}, {"size": 1}, {"size": 2}]
    assert map_grid(draw, points, seed=5) == expected
    assert map_grid(draw, points, seed=5, n_threads=2) == expected
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        assert map_grid(draw, points, seed=5, executor=executor) == expected
    assert map_grid(draw, points, seed=6) != expected
    assert map_grid(draw, [{}, {}], seed=0)[0] != map_grid(draw, [{}, {}], seed=0)[1]


def test_a_parameter_rng_is_refused_where_a_seed_makes_one():
    called = []
    with pytest.raises(ValueError, match="grid must have no parameter rng if a seed is given"):
        map_grid(called.append, [{"k": 1}, {"rng": 2}], seed=0)
    assert called == []
    assert map_grid(lambda rng: rng, {"rng": [1, 2]}) == [1, 2]


@pytest.mark.parametrize("threads", [1, 3])
def test_failures_are_kept_on_demand_and_the_others_have_their_results(threads):
    points = {"scale": [1.0, 10.0], "seed": range(4)}
    found = map_grid(fragile, points, n_threads=threads, on_error="keep")
    assert [found[k] for k in (0, 1, 3, 4, 5, 7)] == [0, 1, 3, 0, 1, 3]
    for k, scale in ((2, 1.0), (6, 10.0)):
        assert isinstance(found[k], ScanError)
        assert found[k].parameters == {"scale": scale, "seed": 2}
        assert isinstance(found[k].__cause__, ZeroDivisionError)
        assert "ZeroDivisionError('two')" in str(found[k])


def test_an_error_that_is_returned_is_a_result():
    error = ScanError("no failure", {})
    assert map_grid(lambda k: error, {"k": [1]}) == [error]


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
        time.sleep(0.05)
        if k == 0:
            raise ValueError

    with ThreadPoolExecutor(1) as executor, pytest.raises(ScanError):
        map_grid(slow, {"k": range(100)}, executor=executor)
    assert len(begun) < 10


def test_progress_is_shown_on_demand(capsys):
    map_grid(fragile, {"scale": [1], "seed": [0, 1]})
    assert capsys.readouterr().err == ""
    map_grid(fragile, {"scale": [1], "seed": [0, 1]}, progress=True)
    assert "2/2" in capsys.readouterr().err


class Slow:
    """Holds calls back, and counts how many it was given that have not ended."""

    def __init__(self):
        self.held, self.most, self.lock = [], 0, threading.Lock()

    def submit(self, function, *arguments):
        future = Future()
        with self.lock:
            self.held.append((future, function, arguments))
            self.most = max(self.most, len(self.held))
        return future

    def run(self, stop):
        while not stop.is_set():
            time.sleep(0.001)
            with self.lock:
                batch, self.held = self.held[::-1], []
            for future, function, arguments in batch:
                if future.set_running_or_notify_cancel():
                    future.set_result(function(*arguments))


def test_an_executor_is_given_few_calls_at_a_time(monkeypatch):
    monkeypatch.setattr(grid, "MOST_WAITING", 7)
    executor, stop = Slow(), threading.Event()
    thread = threading.Thread(target=executor.run, args=(stop,))
    thread.start()
    try:
        assert map_grid(lambda k: 2 * k, {"k": range(50)}, executor=executor) == [*range(0, 100, 2)]
    finally:
        stop.set()
        thread.join()
    assert executor.most == 7


class NoIterable:
    """Can neither be iterated over nor shown."""

    def __repr__(self):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("grid", "error", "message"),
    [
        ([1, 2], TypeError, "grid must be a dict of names to values or a list of dicts, got 1 as"),
        (None, TypeError, "grid must be an iterable of values, got None"),
        (3, TypeError, "grid must be an iterable of values, got 3"),
        ("ab", TypeError, "grid must be an iterable of values, got 'ab'"),
        (NoIterable(), TypeError, "grid must be an iterable"),
        ({"seed": 3}, TypeError, r"grid\['seed'\] must be an iterable of values, got 3"),
        ({"seed": None}, TypeError, r"grid\['seed'\] must be an iterable of values, got None"),
        ({"method": "cd"}, TypeError, r"grid\['method'\] must be an iterable of values, got 'cd'"),
        ({"x": NoIterable()}, TypeError, r"grid\['x'\] must be an iterable of values"),
        ({"x": np.array(1)}, TypeError, r"grid\['x'\] must be an iterable of values"),
        ({1: [1]}, TypeError, "grid must have strings for names, got 1"),
        ([{"seed": 1}, {None: 1}], TypeError, "grid must have strings for names, got None"),
        ({name: range(100) for name in "abcd"}, ValueError, "grid must have at most 10000000"),
        ({"a": range(10**6), "b": range(10**6)}, ValueError, "grid must have at most 10000000"),
    ],
)
def test_a_bad_grid_is_named_before_anything_is_called(grid, error, message):
    called = []
    with pytest.raises(error, match=message):
        map_grid(lambda **point: called.append(point), grid)
    assert called == []


def test_grids_may_be_generators_and_mappings_and_names_any():
    assert map_grid(fragile, {"scale": (k for k in (1, 2)), "seed": [0]}) == [0, 0]
    points = ({"scale": 1, "seed": k} for k in (0, 1))
    assert map_grid(fragile, points) == [0, 1]
    assert map_grid(fragile, MappingProxyType({"scale": [1], "seed": [1]})) == [1]
    assert map_grid(fragile, [MappingProxyType({"scale": 1, "seed": 1})]) == [1]
    assert map_grid(lambda **point: point, {}) == [{}]
    assert map_grid(lambda **point: point, []) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"function": 3}, "function must be callable, got 3"),
        ({"function": NoIterable()}, "function must be callable"),
        ({"executor": 2}, r"executor must be a concurrent\.futures\.Executor, got 2"),
        ({"executor": ThreadPoolExecutor}, r"executor must be a concurrent\.futures\.Executor"),
        ({"n_threads": 2, "executor": ThreadPoolExecutor(1)}, "n_threads must be 1 if there is an"),
        ({"n_threads": 0}, "n_threads must be at least 1, got 0"),
        ({"on_error": "drop"}, r"on_error must be one of \('raise', 'keep'\), got 'drop'"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        map_grid(**{"function": experiment, "grid": GRID, **arguments})


class OtherExecutor(ThreadPoolExecutor):
    """Takes arguments of its own beside the call's, as that of a cluster does."""

    def submit(self, function, *arguments, key=None, workers=None):
        return super().submit(function, *arguments)


def test_a_name_in_the_grid_is_never_an_argument_of_the_executor():
    names = {"key": [1], "workers": [2], "fn": [3], "self": [4], "function": [5], "point": [6]}
    with OtherExecutor(1) as executor:
        (found,) = map_grid(lambda **point: point, names, executor=executor)
    assert found == {name: values[0] for name, values in names.items()}


def test_an_executor_that_was_shut_down_is_told_with_the_point():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(ScanError, match=r"the executor took no call at .*shutdown") as caught:
        map_grid(experiment, GRID, executor=executor)
    assert caught.value.parameters == {"scale": 1.0, "seed": 0}
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_calls_that_the_executor_drops_are_told():
    with ThreadPoolExecutor(1) as executor:

        def drop(k):
            time.sleep(0.05)
            executor.shutdown(wait=False, cancel_futures=True)

        with pytest.raises(ScanError, match=r"the executor lost the call at .*Cancelled"):
            map_grid(drop, {"k": range(9)}, executor=executor, on_error="keep")


def die(seed):
    if seed == 1:
        os._exit(3)
    return seed


def test_a_pool_whose_process_died_is_told_with_the_point():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        with pytest.raises(ScanError, match=r"the executor lost the call at .*Broken") as caught:
            map_grid(die, {"seed": [1, 1, 1]}, executor=executor, on_error="keep")
        assert caught.value.parameters == {"seed": 1}
        with pytest.raises(ScanError, match="the executor took no call at"):
            map_grid(die, {"seed": [0]}, executor=executor, on_error="keep")


class WildError(Exception):
    """Cannot be shown; Dask, once imported, has errors pickled with their causes."""

    __repr__ = NoIterable.__repr__


def test_a_failure_is_told_in_a_short_text_whatever_fails():
    class Function:
        __repr__ = NoIterable.__repr__

        def __call__(self, **point):
            raise WildError

    points = [{"x": 10**5000}, {"x": NoIterable()}, {"x": list(range(10**5))}, {"x": "y" * 10**5}]
    for point in points:
        with pytest.raises(ScanError, match="failed at") as caught:
            map_grid(Function(), [point])
        assert caught.value.parameters == point
        assert len(str(caught.value)) < 700
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.parameters) == (str(caught.value), point)
