"""Forked processes find no lock shut, and nothing half done."""

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

WAIT = """
    import os, time
    from threading import Event, Thread
    from rgrbm._core.forks import lock_for_forks

    first, second, held = lock_for_forks(), lock_for_forks(), Event()
    done = []

    def work():
        with second:
            held.set()
            time.sleep(0.3)
            done.append("whole")

    thread = Thread(target=work)
    thread.start()
    held.wait()
    with first:  # one's own does not stop a fork
        child = os.fork()
    if child == 0:
        taken = []
        thread = Thread(target=lambda: taken.append(second.acquire(timeout=10)))
        thread.start()
        thread.join()
        os._exit(0 if taken == [True] and done == ["whole"] and first.acquire(False) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    thread.join()
    other = []
    thread = Thread(target=lambda: other.extend(
        lock.acquire(blocking=False) for lock in (first, second)
    ))
    thread.start()
    thread.join()
    assert other == [True, True], "given back in the parent too"
"""

BLAS = """
    import os
    import numpy as np
    from threading import Event, Thread
    from threadpoolctl import threadpool_info, threadpool_limits
    from rgrbm._core.blas import single_threaded_blas

    def counts():
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    def child(check):
        number = os.fork()
        if number == 0:
            try:
                check()
            except BaseException as error:
                print(repr(error), flush=True)
                os._exit(1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 0

    threadpool_limits(2)
    begun, end = Event(), Event()

    def work():
        with single_threaded_blas():
            begun.set()
            end.wait()

    def alone():  # the other thread is gone; its wish ends with the next user
        with single_threaded_blas():
            assert counts() == {1}
        assert counts() == {2}

    thread = Thread(target=work)
    thread.start()
    begun.wait()
    child(alone)
    with single_threaded_blas():
        def within():  # what the thread that forked wants is wanted still
            assert counts() == {1}
            with single_threaded_blas():
                pass
            assert counts() == {1}
        child(within)
    assert counts() == {1}
    end.set()
    thread.join()
    assert counts() == {2}
    with single_threaded_blas():
        assert counts() == {1}, "at the second time too"
        number = os.fork()
    if number == 0:
        os._exit(0 if counts() == {2} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 0
"""

TRAIN = """
    import multiprocessing, os
    from hashlib import sha256
    from threading import Event, Thread
    import numpy as np
    from rgrbm.rbm import BernoulliRBM, train
    from rgrbm.sampler import metropolis_chain

    def run(n_threads):
        rng = np.random.default_rng(0)
        rbm = BernoulliRBM(40, 30, rng=rng)
        data = rng.integers(0, 2, (800, 40))
        train(rbm, data, n_epochs=1, learning_rate=0.1, n_threads=n_threads, rng=rng)
        spins = metropolis_chain(64, 8, 1.0, n_sweeps=5, rng=rng)
        return sha256(rbm.to_vector().tobytes() + spins.tobytes()).hexdigest()
"""
WHILE_THREADS_TRAIN = (
    TRAIN
    + """
    def work(n_threads):
        while not stop.is_set():
            assert run(n_threads)

    def child(k):
        number = os.fork()
        if number == 0:
            try:
                print(run(1 + k % 2), flush=True)
                os._exit(0)
            except BaseException as error:
                print(repr(error), flush=True)
                os._exit(1)
        return number

    stop = Event()
    threads = [Thread(target=work, args=(k,)) for k in (1, 2)]
    for thread in threads:
        thread.start()  # and at once, while they import, and load or compile kernels:
    children = [child(k) for k in range(4)]
    for number in children:
        os.waitpid(number, 0)
    for k in range(4):  # and again, while they train
        os.waitpid(child(k), 0)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(*pool.map(run, [1, 2]), sep="\\n", flush=True)
    stop.set()
    for thread in threads:
        thread.join()
    print(run(2))
"""
)
COMPILATION = """
    import os, time
    import numba.core.event
    from threading import Event, Thread
    from rgrbm._core import jit

    kernel = jit.compiled(lambda x: x + 1)
    begun = Event()

    class Slow(numba.core.event.Listener):
        def on_start(self, event):
            begun.set()
            time.sleep(0.5)

        def on_end(self, event):
            pass

    with numba.core.event.install_listener("numba:compile", Slow()):
        thread = Thread(target=kernel, args=(1,))
        thread.start()
        begun.wait()
        child = os.fork()
        if child == 0:
            whole = len(kernel.signatures) == 1
            os._exit(0 if whole and kernel(1) == 2 and kernel(1.5) == 2.5 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        thread.join()
"""


def script(tmp_path, code, **environment):
    """Run a script; if the test is broken off, it ends with all that it has forked."""
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(code))
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", path],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert (process.returncode, errors) == (0, ""), output
    return output.splitlines()


def test_a_fork_waits_for_a_lock_and_the_child_finds_it_open(tmp_path):
    assert script(tmp_path, WAIT) == []


def test_a_child_forgets_the_threads_that_it_has_not(tmp_path):
    pytest.importorskip("threadpoolctl")
    assert script(tmp_path, BLAS) == []


@pytest.mark.slow
def test_a_fork_waits_for_a_compilation(tmp_path):
    assert script(tmp_path, COMPILATION, NUMBA_CACHE_DIR=str(tmp_path)) == []


@pytest.mark.slow
def test_children_that_are_forked_while_threads_train_are_right(kernels, tmp_path):
    here = {}
    exec(textwrap.dedent(TRAIN), here)
    assert script(tmp_path, WHILE_THREADS_TRAIN) == [here["run"](1)] * 11
