"""Forked processes find no lock shut, and nothing half done."""

import os
import subprocess
import sys
import textwrap

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
    import multiprocessing, os, signal, sys, time
    import numpy as np
    from threading import Event, Thread
    from rgrbm.rbm import BernoulliRBM, train
    from rgrbm.sampler import heat_bath_chain, metropolis_chain

    def run(seed):
        rng = np.random.default_rng(seed)
        rbm = BernoulliRBM(40, 30, rng=rng)
        data = rng.integers(0, 2, (800, 40))
        train(rbm, data, n_epochs=1, learning_rate=0.1, n_threads=1 + seed % 2, rng=rng)
        metropolis_chain(64, 8, 1.0, n_sweeps=5, rng=rng)
        heat_bath_chain(64, 8, 1.0, n_sweeps=5, rng=rng)
        return rbm.weights.tobytes()

    def work():
        while not stop.is_set():
            run(0)
            run(1)

    n_children = int(sys.argv[1])
    stop = Event()
    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()  # and at once, while they import and compile:
    children = []
    for k in range(n_children):
        number = os.fork()
        if number == 0:
            try:
                run(0)
                os._exit(0 if run(0) == run(0) else 2)
            except BaseException as error:
                print(repr(error), flush=True)
                os._exit(1)
        children.append(number)
        if len(children) == 4:
            number = children.pop(0)
            assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 0
    for number in children:
        assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 0
    stop.set()
    for thread in threads:
        thread.join()
    run(0)
    print("done")
"""


def script(tmp_path, code, *arguments):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(code))
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", path, *arguments],
        capture_output=True,
        text=True,
        timeout=900,
    )


def test_a_fork_waits_for_a_lock_and_the_child_finds_it_open(tmp_path):
    done = script(tmp_path, WAIT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_child_forgets_the_threads_that_it_has_not(tmp_path):
    pytest.importorskip("threadpoolctl")
    done = script(tmp_path, BLAS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_children_that_are_forked_while_threads_train_can_train(tmp_path):
    done = script(tmp_path, TRAIN, "20")
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
