"""What all tests of faults share: a watch, and small files in the place of MNIST's."""

import faulthandler
import os
import signal

import numpy as np
import pytest
from small_mnist import use_small_mnist

from rgrbm.rbm import BernoulliRBM, train

SECONDS = 300  # many times what any of these tests takes
if os.name == "nt":
    collect_ignore_glob = ["test_*.py"]  # they need the signals, pipes and limits of Unix


@pytest.fixture(scope="session")
def kernels():
    """Have the kernels of training compiled and kept, which no watch is set on."""
    rng = np.random.default_rng(0)
    for n_threads in (1, 2):
        rbm = BernoulliRBM(40, 30, rng=rng)
        data = rng.integers(0, 2, (800, 40))
        train(rbm, data, n_epochs=1, learning_rate=0.1, n_threads=n_threads, rng=rng)


@pytest.fixture(autouse=True)
def watch():
    """Break off a test that hangs, and say where it did."""

    def stop(number, frame):
        faulthandler.dump_traceback()
        raise TimeoutError("the test hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def originals(tmp_path, monkeypatch):
    """Folder with small files that are taken for those of MNIST."""
    return use_small_mnist(tmp_path / "originals", monkeypatch)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Folder where downloads are kept; it does not exist yet."""
    monkeypatch.setattr(pytest.importorskip("pooch"), "os_cache", tmp_path.joinpath)
    return tmp_path / "rgrbm"
