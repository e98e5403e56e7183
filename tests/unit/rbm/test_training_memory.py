"""Memory: at most four times the data in bytes, and a constant."""

import tracemalloc

import numpy as np
import pytest

from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM, train
from rgrbm.rbm._settings import NUMBERS_PER_PIECE


def peak(rbm, data, **changes):
    """Bytes that training takes beside its data."""
    arguments = {"n_epochs": 2, "learning_rate": 1e-3, "rng": np.random.default_rng(0), **changes}
    first = {**arguments, "batch_size": None, "checkpoint": None}
    train(rbm.copy(), data[:2], **first)  # loads, compiles
    tracemalloc.start()
    try:
        train(rbm, data, **arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 1000},
        {},
        {"method": "pcd"},
        {"method": "exact"},
        {"method": "exact", "batch_size": 1000},
        {"l1": 0.1, "momentum": 0.5, "batch_size": 1000, "n_threads": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize("stored", [False, True], ids=["", "stored"])
def test_training_on_bits_takes_a_multiple_of_the_bytes(tmp_path, stored, changes):
    n_visible, n_hidden, n_samples = 784, 12, 57_400
    data = np.zeros((n_samples, n_visible), dtype=np.uint8)
    data[:, ::3] = 1
    data[::2, 1::3] = 1
    rbm = BernoulliRBM(n_visible, n_hidden, rng=np.random.default_rng(0))
    if stored:
        changes = {**changes, "checkpoint": tmp_path / "run"}
    constant = 8 * 8 * NUMBERS_PER_PIECE + 16 * n_samples + 200 * rbm.weights.size
    assert peak(rbm, data, **changes) < 4 * data.size + constant


@pytest.mark.slow
@pytest.mark.parametrize("method", ["cd", "pcd", "exact"])
def test_training_on_real_numbers_takes_a_multiple_of_the_data(tmp_path, method):
    data = np.random.default_rng(0).normal(size=(57_400, 100))
    rbm = GaussianBernoulliRBM(100, 10, rng=np.random.default_rng(0))
    constant = 8 * 8 * NUMBERS_PER_PIECE + 16 * len(data) + 200 * rbm.weights.size
    file = {"checkpoint": tmp_path / "run"}
    assert peak(rbm, data, method=method, **file) < 4 * data.nbytes + constant


@pytest.mark.slow
def test_training_on_grey_levels_takes_a_multiple_of_the_data(tmp_path):
    data = np.random.default_rng(0).random((57_400, 400)).astype(np.float32)
    rbm = BernoulliRBM(400, 30, rng=np.random.default_rng(0))
    constant = 8 * 8 * NUMBERS_PER_PIECE + 16 * len(data) + 200 * rbm.weights.size
    file = {"checkpoint": tmp_path / "run"}
    assert peak(rbm, data, probabilities=True, **file) < 4 * data.nbytes + constant


def test_the_data_are_kept_as_bytes():
    from rgrbm.rbm import _training_steps

    seen = []
    start = _training_steps.start
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "rgrbm.rbm.training.start",
            lambda rbm, settings: seen.append(settings) or start(rbm, settings),
        )
        rbm = BernoulliRBM(40, 3, rng=np.random.default_rng(0))
        train(rbm, np.zeros((9, 40)), n_epochs=1, learning_rate=0.1, rng=np.random.default_rng(0))
    assert seen[0].data.dtype == np.uint8
    assert seen[0].packed_data.nbytes == 9 * 2 * 4
