"""Checkpoints that were altered: a ValueError that names the file, and the machine as it was."""

import os

import numpy as np
import pytest

from rgrbm._core.files import read_arrays, write_arrays
from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM, train
from rgrbm.rbm._checkpoint import FORMAT

DATA = np.random.default_rng(0).integers(0, 2, (6, 5))
WATCH = {"mean": lambda rbm, rng: rbm.weights.mean()}
RUNS = {
    "pcd": (BernoulliRBM, {"method": "pcd", "n_chains": 3, "momentum": 0.5}),
    "cd": (BernoulliRBM, {}),
    "gaussian": (GaussianBernoulliRBM, {"method": "pcd", "n_chains": 3}),
}


def run(kind, path, n_epochs=4):
    machine, options = RUNS[kind]
    rng = np.random.default_rng(1)
    rbm = machine(5, 3, rng=rng)
    start = rbm.to_vector()
    try:
        train(
            rbm, DATA, n_epochs=n_epochs, learning_rate=0.1, rng=rng, monitors=WATCH,
            checkpoint=path, **options,
        )  # fmt: skip
    except ValueError:
        assert np.array_equal(rbm.to_vector(), start), "the machine is unchanged"
        raise
    return rbm


def stored(kind, path):
    run(kind, path)
    names = {"run", "epoch", "layer", "curve", "looks", "chains"}
    names |= {"weights", "visible_bias", "hidden_bias"}
    names |= {f"velocity_of_{name}" for name in ("weights", "visible_bias", "hidden_bias")}
    names |= {"sigma"} if kind == "gaussian" else set()
    return read_arrays(path, *FORMAT, names)


def full(shape, value):
    return lambda found: np.full(shape, value)


def swap(found):
    return found[::-1].copy()


CHANGES = [
    ("run", full((2,) * 20, "x")),
    ("epoch", full((), -1)),
    ("epoch", full((), 3)),
    ("epoch", full((), 2**60)),
    ("epoch", full((), 4.0)),
    ("epoch", full((), True)),
    ("epoch", full((), "4")),
    ("epoch", full((1,), 4)),
    ("epoch", full((2,), 4)),
    ("layer", full((), -1)),
    ("layer", full((), 2.0)),
    ("layer", full((), np.uint64(2**63))),
    ("layer", full((2,), 1)),
    ("curve", full((3,), 0.0)),
    ("curve", full((4, 1), 0.0)),
    ("curve", full((4,), "x")),
    ("curve", full((4,), 1j)),
    ("looks", full((5,), 0.0)),
    ("looks", full((), 0.0)),
    ("looks", full((5, 3), 0.0)),
    ("looks", full((5, 2), np.nan)),
    ("looks", full((5, 2), 0.0)),
    ("looks", full((1, 2), 5.0)),
    ("looks", full((1, 2), -1.0)),
    ("looks", full((1, 2), 0.5)),
    ("looks", full((5, 2), "x")),
    ("looks", swap),
    ("weights", full((5, 3), np.nan)),
    ("weights", full((5, 3), 1e101)),
    ("weights", full((5, 3), "x")),
    ("weights", full((5, 4), 0.0)),
    ("weights", full((3, 5), 0.0)),
    ("hidden_bias", full((4,), 0.0)),
    ("hidden_bias", full((3,), 1j)),
    ("velocity_of_weights", full((5, 3), np.inf)),
    ("velocity_of_weights", full((3, 5), 0.0)),
    ("velocity_of_visible_bias", full((), 0.0)),
    ("velocity_of_hidden_bias", full((3,), "x")),
    ("chains", full((), 0)),
    ("chains", full((7, 7), 0)),
    ("chains", lambda found: np.full_like(found, -1 if found.dtype.kind == "f" else 2**32 - 1)[:0]),
    ("chains", lambda found: found.astype("f4" if found.dtype.kind == "f" else "i8")),
]


@pytest.mark.parametrize("kind", RUNS)
def test_contents_that_no_run_makes_are_refused(kind, tmp_path):
    path = tmp_path / "run"
    arrays = stored(kind, path)
    for name, change in CHANGES:
        write_arrays(path, *FORMAT, {**arrays, name: change(arrays[name])})
        with pytest.raises(ValueError, match=r"checkpoint .*|n_epochs must be") as caught:
            run(kind, path)
        assert str(path) in str(caught.value), (name, str(caught.value))


def test_a_machine_of_another_size_is_refused(tmp_path):
    path = tmp_path / "run"
    larger = {"weights": np.zeros((5, 4)), "hidden_bias": np.zeros(4)}
    write_arrays(path, *FORMAT, {**stored("cd", path), **larger})
    with pytest.raises(ValueError, match="holds no state of a run: weights must have the shape"):
        run("cd", path)


def test_bits_of_units_that_are_not_there_are_refused(tmp_path):
    path = tmp_path / "run"
    arrays = stored("pcd", path)
    write_arrays(path, *FORMAT, {**arrays, "chains": arrays["chains"] | np.uint32(1 << 5)})
    with pytest.raises(ValueError, match="holds no state of a run: chains must have no bits"):
        run("pcd", path)


def test_a_real_chain_must_be_finite(tmp_path):
    path = tmp_path / "run"
    arrays = stored("gaussian", path)
    write_arrays(path, *FORMAT, {**arrays, "chains": np.full_like(arrays["chains"], np.nan)})
    with pytest.raises(ValueError, match="holds no state of a run: chains must be finite"):
        run("gaussian", path)


def test_a_checkpoint_of_an_older_format_says_so(tmp_path):
    path = tmp_path / "run"
    write_arrays(path, FORMAT[0], 1, stored("cd", path))
    with pytest.raises(ValueError, match=r"training checkpoint in format 2, it holds .* format 1"):
        run("cd", path)


@pytest.mark.skipif(os.name == "nt", reason="no pipes as on Unix")
def test_a_checkpoint_must_be_a_file_or_a_new_name(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for wrong in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ValueError, match="checkpoint must be a file or a new name"):
            run("cd", wrong)
    for wrong in (3, b"run", object()):
        with pytest.raises(TypeError, match="checkpoint must be a path"):
            run("cd", wrong)
    for wrong in ("", "a\0b", "\ud800"):
        with pytest.raises(ValueError, match=r"checkpoint must (be|name) a"):
            run("cd", wrong)
