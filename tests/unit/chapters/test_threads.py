"""One place says how many threads a chapter may use."""

import os
import subprocess
import sys
import threading

import pytest

from rgrbm.chapters import in_threads, threads
from rgrbm.scan import ScanError


def n_threads(value):
    code = "from rgrbm.chapters.threads import N_THREADS; print(N_THREADS)"
    environment = {key: text for key, text in os.environ.items() if key != "RGRBM_THREADS"}
    if value is not None:
        environment["RGRBM_THREADS"] = value
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.slow
def test_the_environment_says_how_many():
    assert n_threads("1") == 1
    assert n_threads("3") == 3
    assert n_threads(None) == n_threads("") == min(2, os.cpu_count())


def test_the_order_is_that_of_the_grid_and_failures_are_told(monkeypatch):
    monkeypatch.setattr(threads, "N_THREADS", 2)
    found = in_threads(lambda seed, x: (seed, x), {"seed": range(3), "x": list("ab")})
    assert found == [(seed, x) for seed in range(3) for x in "ab"]
    names = in_threads(lambda seed: threading.current_thread().name, {"seed": range(50)})
    assert threading.current_thread().name not in names
    assert len(set(names)) <= 2
    with pytest.raises(ScanError, match="failed at"):
        in_threads(lambda seed: 1 / seed, {"seed": [1, 0]})


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", " ", "9" * 5000, "1001"])
def test_an_environment_that_says_no_number_is_named(value, monkeypatch):
    monkeypatch.setenv("RGRBM_THREADS", value)
    with pytest.raises(ValueError, match="RGRBM_THREADS must be a number from 1 to 1000, got"):
        threads._n_threads()


def test_ctrl_c_does_not_wait_for_the_calls_that_run(monkeypatch):
    monkeypatch.setattr(threads, "N_THREADS", 2)
    begun, end, ended = threading.Event(), threading.Event(), []

    def call(number):
        if number == 0:
            begun.wait(30)
            raise KeyboardInterrupt
        begun.set()
        end.wait(5)
        ended.append(number)

    with pytest.raises(KeyboardInterrupt):
        in_threads(call, {"number": range(2)})
    assert not ended
    end.set()
