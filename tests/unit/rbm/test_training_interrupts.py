"""Ctrl-C is heard within an epoch, and whenever it comes, the machine is a whole one."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM, train
from rgrbm.rbm import _training_kernels as kernels
from rgrbm.rbm import _training_steps as steps

SCRIPT = """
    import os, signal, sys, threading, time, warnings
    import numpy as np
    from rgrbm.rbm import BernoulliRBM, train

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    rng = np.random.default_rng(0)
    data = rng.integers(0, 2, (2000, 784), dtype=np.uint8)
    rbm = BernoulliRBM(784, 500, rng=rng)
    before = rbm.to_vector()
    train(BernoulliRBM(784, 500, rng=rng), data, n_epochs=1, learning_rate=0.1, rng=rng)  # compile
    pressed = []

    def press():
        pressed.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(1.0, press).start()
    warnings.simplefilter("ignore")
    history = train(
        rbm, data, n_epochs=9, learning_rate=0.1, n_gibbs=10_000, rng=rng,
        n_threads=int(sys.argv[1]), checkpoint=sys.argv[2],
    )
    assert time.perf_counter() - pressed[0] < 2
    assert history.interrupted and len(history.reconstruction_error) == 0
    assert (rbm.to_vector() == before).all()
    assert os.path.exists(sys.argv[2])
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to a process alone")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_epoch_of_minutes_is_left_at_once(tmp_path, n_threads):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    done = subprocess.run(
        [sys.executable, str(script), str(n_threads), str(tmp_path / "run")],
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def run_kernel(stop, n_gibbs=1):
    rng = np.random.default_rng(0)
    words = rng.integers(0, 2**32, (2, 100), dtype=np.uint32)
    settings = kernels.KernelSettings(
        words=words, batch_size=100, n_gibbs=n_gibbs, persistent=False, momentum=0.0,
        shrinkage=0.0, decay=0.0, mask=np.empty((0, 0)), stop=stop,
    )  # fmt: skip
    parameters = kernels.Parameters(np.zeros((64, 32)), np.zeros((1, 64)), np.zeros((1, 32)))
    none = kernels.Parameters(*[np.empty((0, 0))] * 3)
    keys = np.ones((2 * n_gibbs, 2), dtype=np.uint32)
    orders = np.empty((0, 100), dtype=np.int64)
    kernels.epochs(
        settings, parameters, none, np.empty((2, 0), np.uint32), orders, np.array([0.1]), keys
    )
    return parameters


def test_a_kernel_that_is_stopped_leaves_the_parameters_as_they_are():
    assert run_kernel(np.zeros(1, dtype=np.uint8)).visible_bias.any()
    assert not run_kernel(np.ones(1, dtype=np.uint8)).visible_bias.any()


@pytest.mark.slow
def test_a_kernel_looks_in_each_gibbs_step_whether_it_is_to_stop():
    """Of 3 million steps, which take minutes, it does a part."""
    run_kernel(np.zeros(1, dtype=np.uint8))  # compiled
    stop = np.zeros(1, dtype=np.uint8)
    timer = threading.Timer(0.5, lambda: stop.fill(1))
    started = time.perf_counter()
    timer.start()
    run_kernel(stop, n_gibbs=3_000_000)
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize("thread", ["main", "other"])
def test_large_calls_leave_the_main_thread_free(monkeypatch, thread):
    """Only there is Ctrl-C heard; and the kernel is told to stop when it comes."""
    threads, press = [], []

    class Kernel:
        signatures = ("compiled",)

        def __call__(self, fixed, *arguments):
            threads.append(threading.current_thread() is threading.main_thread())
            while press and not fixed.stop[0]:
                time.sleep(0.001)
            return np.zeros((1, 1), dtype=np.int64)

    def wait_and_press(running, timeout):
        if press:
            raise KeyboardInterrupt
        return wait(running, timeout)

    wait = steps.wait
    monkeypatch.setattr(kernels, "epochs", Kernel())
    monkeypatch.setattr(steps, "wait", wait_and_press)
    monkeypatch.setattr(steps, "PRODUCTS_FOR_KERNELS", 0)

    def run(limit):
        monkeypatch.setattr(steps, "PRODUCTS_PER_CALL", limit)
        rbm = BernoulliRBM(3, 2, rng=np.random.default_rng(0))
        return train(rbm, np.eye(3), n_epochs=1, learning_rate=0.1, rng=np.random.default_rng(0))

    if thread == "other":
        other = threading.Thread(target=run, args=(0,))
        other.start()
        other.join()
        assert threads == [False]
        return
    run(10**9)
    run(0)
    assert threads == [True, False], "small calls are made at once"
    press.append(True)
    with pytest.warns(UserWarning, match="stopped after 0 of 1 epochs"):
        run(0)


def test_numpy_steps_are_pieces_of_bounded_work(monkeypatch):
    rows = []
    draw = GaussianBernoulliRBM(1, 1, rng=np.random.default_rng(0)).hidden.draw

    rbm = GaussianBernoulliRBM(6, 4, rng=np.random.default_rng(0))
    data = np.random.default_rng(1).normal(size=(1000, 6))
    monkeypatch.setattr("rgrbm.rbm._settings.NUMBERS_PER_PIECE", 1000)

    def counted(self, push, rng):
        rows.append(len(push))
        return draw(push, rng)

    monkeypatch.setattr("rgrbm.rbm.layers.Gaussian.draw", counted)
    train(rbm, data, n_epochs=1, learning_rate=0.01, n_gibbs=3, rng=np.random.default_rng(0))
    assert rows == [100] * 30


@pytest.mark.parametrize("kind", [BernoulliRBM, GaussianBernoulliRBM])
@pytest.mark.parametrize("method", ["cd", "pcd", "exact"])
def test_pieces_do_not_change_what_is_learnt(monkeypatch, kind, method):
    data = np.random.default_rng(1).integers(0, 2, (30, 6))
    machines = []
    for limit in (10**6, 50, 1):
        monkeypatch.setattr("rgrbm.rbm._settings.NUMBERS_PER_PIECE", limit)
        machines.append(kind(6, 4, rng=np.random.default_rng(0)))
        history = train(
            machines[-1], data, n_epochs=3, learning_rate=0.1, n_gibbs=2, batch_size=20,
            method=method, rng=np.random.default_rng(0),
        )  # fmt: skip
        curve = history.reconstruction_error
        curve = history.log_likelihood if curve is None else curve
        if limit == 10**6:
            expected = curve
        elif curve is not None:
            np.testing.assert_allclose(curve, expected, rtol=1e-12, atol=0)
    for other in machines[1:]:  # the same draws, sums in another order
        np.testing.assert_allclose(other.to_vector(), machines[0].to_vector(), rtol=0, atol=1e-13)


def test_an_interrupt_while_the_machine_is_handed_over_leaves_no_mixture(monkeypatch):
    rbm, reference = (BernoulliRBM(3, 2, rng=np.random.default_rng(0)) for _ in range(2))
    arguments = {"n_epochs": 2, "learning_rate": 0.1}
    train(reference, np.eye(3), rng=np.random.default_rng(0), **arguments)
    presses = [None]

    def press_once(machine, name, value):
        if machine is rbm and name == "visible_bias" and presses:
            presses.pop()
            raise KeyboardInterrupt
        setattr(machine, name, value)

    monkeypatch.setattr("rgrbm.rbm.training.setattr", press_once, raising=False)
    with pytest.raises(KeyboardInterrupt):
        train(rbm, np.eye(3), rng=np.random.default_rng(0), **arguments)
    np.testing.assert_array_equal(rbm.to_vector(), reference.to_vector())


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs an interval timer")
def test_interrupts_at_odd_moments_leave_whole_machines():
    """SIGALRM stands for SIGINT, at moments that no one chose."""

    def press(number, frame):
        raise KeyboardInterrupt

    data = np.random.default_rng(1).integers(0, 2, (40, 5))

    def run(n_epochs):
        rbm = BernoulliRBM(5, 3, rng=np.random.default_rng(0))
        history = train(
            rbm, data, n_epochs=n_epochs, learning_rate=0.1, rng=np.random.default_rng(2)
        )
        return rbm, history

    before = signal.signal(signal.SIGALRM, press)
    try:
        for k in range(20):
            signal.setitimer(signal.ITIMER_REAL, 0.02 + 0.001 * k)
            with pytest.warns(UserWarning, match="training stopped"):
                rbm, history = run(10**6)
            n_epochs = len(history.reconstruction_error)
            expected = (
                run(n_epochs)[0] if n_epochs else BernoulliRBM(5, 3, rng=np.random.default_rng(0))
            )
            np.testing.assert_array_equal(rbm.to_vector(), expected.to_vector())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
