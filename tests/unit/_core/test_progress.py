"""A bar that is not shown does not exist; one that is shown shares no lock with other processes."""

import os
import subprocess
import sys
import textwrap

import pytest

from rgrbm._core.progress import progress_bar

CALLS = """
    import os, signal, sys
    import numpy as np
    from rgrbm.rbm import BernoulliRBM, train
    from rgrbm.sampler import heat_bath_chain, metropolis_chain
    from rgrbm.scan import map_grid

    def run(progress):
        rng = np.random.default_rng(0)
        rbm = BernoulliRBM(4, 3, rng=rng)
        train(rbm, [[0, 0, 1, 1]], n_epochs=2, learning_rate=0.1, rng=rng, progress=progress)
        for sample in (metropolis_chain, heat_bath_chain):
            sample(64, 8, 1.0, n_sweeps=5, rng=rng, progress=progress)
        return map_grid(lambda size: size, {"size": [1, 2]}, progress=progress)
"""
NO_TQDM = (
    CALLS
    + """
    run(False)
    assert "tqdm" not in sys.modules
"""
)
NO_SHARED_LOCK = (
    CALLS
    + """
    run(True)
    import threading
    import tqdm
    assert not hasattr(tqdm.std.TqdmDefaultWriteLock, "mp_lock")
    assert threading.active_count() == 1, "no thread that draws bars"
"""
)
KILLED = (
    CALLS
    + """
    from rgrbm._core.progress import _bar_class

    run(True)
    if (child := os.fork()) == 0:
        _bar_class().get_lock().acquire()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    run(False)
    run(True)
"""
)
POOL = (
    CALLS
    + """
    import multiprocessing

    if __name__ == "__main__":
        with multiprocessing.get_context("spawn").Pool(2) as pool:  # ends its workers by a signal
            assert pool.map(run, [False] * 4) == [[1, 2]] * 4
"""
)


def script(tmp_path, code):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(code))
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_bar_counts_only_if_it_is_shown(capsys):
    with progress_bar(False, total=3) as bar:
        bar.update(3)
    assert capsys.readouterr() == ("", "")
    with progress_bar(True, total=3, unit="step") as bar:
        bar.update(1)
        bar.update(2)
    assert "3/3" in capsys.readouterr().err


@pytest.mark.slow
def test_without_progress_tqdm_is_not_even_imported(tmp_path):
    assert script(tmp_path, NO_TQDM) == ""


@pytest.mark.slow
def test_bars_share_no_lock_with_other_processes(tmp_path):
    assert "100%" in script(tmp_path, NO_SHARED_LOCK)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_that_is_killed_in_the_midst_of_drawing_stops_nobody(tmp_path):
    assert "100%" in script(tmp_path, KILLED)


@pytest.mark.slow
def test_workers_that_are_ended_leave_no_semaphores(tmp_path):
    assert script(tmp_path, POOL) == ""
