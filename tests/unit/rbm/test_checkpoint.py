"""Runs that are interrupted, killed and resumed."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM, _checkpoint, train
from rgrbm.rbm import _training_steps as steps

DATA = np.random.default_rng(0).integers(0, 2, (12, 5))


KINDS = {
    "cd": {
        "batch_size": 5,
        "momentum": 0.5,
        "l1": 0.01,
        "learning_rate": lambda epoch: 0.3 / epoch,
    },
    "pcd": {"method": "pcd", "n_chains": 7, "batch_size": 5},
    "exact": {"method": "exact"},
    "gaussian": {},
}


def make(kind="cd"):
    rng = np.random.default_rng(3)
    if kind == "gaussian":
        return GaussianBernoulliRBM(5, 3, sigma=0.7, rng=rng), rng
    rbm = BernoulliRBM(5, 3, rng=rng)
    rbm.weights = rng.normal(0.0, 2.0, (5, 3))  # strong, so that chains remember where they were
    return rbm, rng


def fit(kind="cd", **changes):
    rbm, rng = make(kind)
    arguments = {"n_epochs": 9, "learning_rate": 0.1, "rng": rng, **KINDS[kind], **changes}
    return rbm, train(rbm, DATA, **arguments)


def same(left, right):
    return all(
        np.array_equal(getattr(left, name), getattr(right, name))
        for name in ("weights", "visible_bias", "hidden_bias")
    )


class Stop(Exception):
    """Ends a run as a crash would."""


def crash_after(last):
    def callback(epoch, rbm):
        if epoch > last:
            raise Stop

    return callback


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("every", [1, 4])
def test_a_run_that_crashed_goes_on_to_the_same_machine(tmp_path, kind, every):
    whole, history = fit(kind)
    file = {"checkpoint": tmp_path / "run", "checkpoint_every": every}
    with pytest.raises(Stop):
        fit(kind, **file, callback=crash_after(6))
    seen = []
    resumed, again = fit(kind, **file, callback=lambda epoch, rbm: seen.append(epoch))
    assert same(resumed, whole)
    assert seen[0] == (7 if every == 1 else 5)
    if history.reconstruction_error is not None:
        np.testing.assert_array_equal(again.reconstruction_error, history.reconstruction_error)
    if history.log_likelihood is not None:
        np.testing.assert_array_equal(again.log_likelihood, history.log_likelihood)


def test_a_checkpoint_is_written_as_often_as_wanted_and_at_the_end(tmp_path, monkeypatch):
    epochs, write = [], _checkpoint.write_arrays

    def count(path, kind, version, arrays):
        epochs.append(arrays["epoch"])
        write(path, kind, version, arrays)

    monkeypatch.setattr(_checkpoint, "write_arrays", count)
    fit(checkpoint=tmp_path / "run", checkpoint_every=4)
    assert epochs == [4, 8, 9]


@settings(deadline=None, derandomize=True, max_examples=40, database=None)
@given(
    stop=st.integers(1, 9),
    every=st.integers(1, 10),
    kind=st.sampled_from(list(KINDS)),
    batch_size=st.sampled_from([None, 1, 5, 12]),
    n_gibbs=st.integers(1, 2),
    momentum=st.sampled_from([0.0, 0.5]),
    fewest=st.sampled_from([0, np.inf]),  # kernels where there are such, or NumPy
)
def test_a_run_in_two_pieces_is_the_run(stop, every, kind, batch_size, n_gibbs, momentum, fewest):
    changes = {"batch_size": batch_size, "n_gibbs": n_gibbs, "momentum": momentum}
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(steps, "PRODUCTS_FOR_KERNELS", fewest)
        whole, history = fit(kind, **changes)
        file = {"checkpoint": Path(folder) / "run", "checkpoint_every": every}
        fit(kind, n_epochs=stop, **changes, **file)
        resumed, again = fit(kind, **changes, **file)
    np.testing.assert_array_equal(resumed.to_vector(), whole.to_vector())
    np.testing.assert_array_equal(again.reconstruction_error, history.reconstruction_error)
    np.testing.assert_array_equal(again.log_likelihood, history.log_likelihood)


def test_a_finished_run_is_read_back_and_can_be_prolonged(tmp_path):
    file = {"checkpoint": tmp_path / "run", "checkpoint_every": 100}
    done, history = fit(**file)
    rbm, again = fit(**file, callback=crash_after(-1))
    assert same(rbm, done)
    np.testing.assert_array_equal(again.reconstruction_error, history.reconstruction_error)
    longer, _ = fit(**file, n_epochs=15)
    assert same(longer, fit(n_epochs=15)[0])
    with pytest.raises(ValueError, match="n_epochs must be at least the 15 epochs in checkpoint"):
        fit(**file)


def test_the_checkpoint_of_another_run_is_refused(tmp_path):
    file = {"checkpoint": tmp_path / "run"}
    fit("pcd", checkpoint=tmp_path / "chains")
    fit(**file)
    before = file["checkpoint"].read_bytes()
    rbm, rng = make()
    for changes in (
        {"l1": 0.02}, {"momentum": 0.0}, {"batch_size": 4}, {"n_gibbs": 2}, {"method": "exact"},
        {"learning_rate": 0.1}, {"mask": np.ones((5, 3), dtype=bool)},
        {"rng": np.random.default_rng(9)}, {"monitors": {"zero": lambda rbm, rng: 0.0}},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="must be of the same run"):
            fit(**file, **changes)
    with pytest.raises(ValueError, match="must be of the same run"):
        train(rbm, 1 - DATA, n_epochs=9, rng=rng, **{**KINDS["cd"], **file})
    with pytest.raises(ValueError, match="must be of the same run"):
        fit("pcd", checkpoint=tmp_path / "chains", n_chains=8)
    fit("gaussian", checkpoint=tmp_path / "real")
    narrow, narrow_rng = make("gaussian")
    narrow.sigma = narrow.sigma / 2
    run = {"n_epochs": 9, "learning_rate": 0.1, "checkpoint": tmp_path / "real"}
    with pytest.raises(ValueError, match="must be of the same run"):
        train(narrow, DATA, rng=narrow_rng, **run)
    assert same(rbm, make()[0]), "the machine is unchanged"
    assert file["checkpoint"].read_bytes() == before
    file["checkpoint"].write_bytes(before[:-50])
    with pytest.raises(ValueError, match="damaged"):
        fit(**file)


SCRIPT = """
    import signal
    import sys
    import numpy as np
    from rgrbm.rbm import BernoulliRBM
    from rgrbm.rbm import train

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    path, out, n_visible = sys.argv[1], sys.argv[2], int(sys.argv[3])
    rng = np.random.default_rng(4)
    data = rng.integers(0, 2, (100, n_visible))
    rbm = BernoulliRBM(n_visible, 20, rng=rng)
    start = rbm.copy()

    def callback(epoch, rbm):
        print(epoch, flush=True)

    history = train(
        rbm, data, n_epochs=int(sys.argv[4]), learning_rate=0.1, batch_size=50, rng=rng,
        callback=callback, monitors={"mean": lambda rbm, rng: rbm.weights.mean()},
        checkpoint=path or None, checkpoint_every=3,
    )
    print("interrupted" if history.interrupted else "done", len(history.reconstruction_error))
    rbm.save(out)
"""


def start_script(tmp_path, path, out, n_visible, n_epochs):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    arguments = [
        sys.executable,
        "-u",
        str(script),
        str(path),
        str(out),
        str(n_visible),
        str(n_epochs),
    ]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(script):
    """Wait for a script, and return what it printed."""
    out, err = script.communicate(timeout=300)
    assert script.returncode == 0, err
    return out, err


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to a child")
@pytest.mark.parametrize("n_visible", [6, 40], ids=["numpy", "kernels"])
def test_ctrl_c_leaves_a_usable_machine_and_its_history(tmp_path, n_visible):
    run = start_script(tmp_path, tmp_path / "run", tmp_path / "stopped", n_visible, 10**6)
    for _ in range(20):
        assert run.stdout.readline()
    time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    out, err = finish(run)
    # It may have been heard between the number of an epoch and the end of its line.
    n_epochs = re.search(r"interrupted (\d+)\n$", out)[1]
    assert "UserWarning: training stopped after" in err
    finish(start_script(tmp_path, "", tmp_path / "reference", n_visible, n_epochs))
    assert same(BernoulliRBM.load(tmp_path / "stopped"), BernoulliRBM.load(tmp_path / "reference"))
    # The checkpoint of the stopped run is whole: the run can be read back.
    finish(start_script(tmp_path, tmp_path / "run", tmp_path / "again", n_visible, n_epochs))
    assert same(BernoulliRBM.load(tmp_path / "again"), BernoulliRBM.load(tmp_path / "stopped"))


def test_monitors_survive_a_crash(tmp_path):
    watch = {"monitors": {"norm": lambda rbm, rng: rng.random() + rbm.weights.sum()}}
    _, whole = fit(**watch)
    file = {"checkpoint": tmp_path / "run", "checkpoint_every": 3}
    with pytest.raises(Stop):
        fit(**watch, **file, callback=crash_after(7))
    _, history = fit(**watch, **file)
    np.testing.assert_array_equal(history.monitor_epochs, whole.monitor_epochs)
    np.testing.assert_array_equal(history.monitors["norm"], whole.monitors["norm"])


def test_a_look_is_not_repeated_when_a_run_is_resumed(tmp_path):
    def stop(epoch, rbm):
        raise KeyboardInterrupt

    watch = {"monitors": {"one": lambda rbm, rng: 1.0}, "checkpoint": tmp_path / "run"}
    for _ in range(2):
        with pytest.warns(UserWarning, match="stopped after 0 of 9"):
            fit(**watch, callback=stop)
    assert fit(**watch)[1].monitor_epochs.tolist() == list(range(10))


def test_a_callback_may_change_the_widths_and_a_checkpoint_keeps_them(tmp_path):
    def narrow(epoch, rbm):
        rbm.sigma = rbm.sigma * 0.9

    whole, _ = fit("gaussian", callback=narrow)
    file = {"checkpoint": tmp_path / "run", "checkpoint_every": 4}

    def crash(epoch, rbm):
        narrow(epoch, rbm)
        if epoch > 6:
            raise Stop

    with pytest.raises(Stop):
        fit("gaussian", **file, callback=crash)
    resumed, _ = fit("gaussian", **file, callback=narrow)
    assert same(resumed, whole)
    np.testing.assert_array_equal(resumed.sigma, whole.sigma)


def test_a_rate_that_fails_leaves_the_machine_of_the_last_good_epoch(tmp_path):
    def rate(epoch):
        if epoch == 6:
            raise Stop
        return 0.1

    rbm, rng = make()
    file = {"checkpoint": tmp_path / "run", "checkpoint_every": 4}
    with pytest.raises(Stop):
        train(rbm, DATA, n_epochs=9, learning_rate=rate, rng=rng, **file)
    reference, rng = make()
    train(reference, DATA, n_epochs=4, learning_rate=0.1, rng=rng)
    assert same(rbm, reference)


def test_a_checkpoint_needs_a_folder(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="checkpoint must be in a folder that exists"):
        fit(checkpoint=tmp_path / "none" / "run")
    (tmp_path / "link").symlink_to(tmp_path / "none" / "run")
    with pytest.raises(ValueError, match=r"checkpoint must be in a folder that exists, got .*link"):
        fit(checkpoint=tmp_path / "link", callback=crash_after(-1))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    fit(checkpoint="run", callback=lambda epoch, rbm: os.chdir(tmp_path / "other"))
    assert (tmp_path / "run").exists()
    assert not (tmp_path / "other" / "run").exists()
