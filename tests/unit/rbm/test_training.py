"""A run of training: what it learns, who watches it, and how it ends."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from oracles import bits

from rgrbm.rbm import BernoulliRBM, train

DATA = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 1], [1, 0, 1]])


def make_rbm():
    rng = np.random.default_rng(5)
    return BernoulliRBM.from_parameters(
        rng.normal(0, 1, (3, 2)), rng.normal(0, 0.5, 3), rng.normal(0, 0.5, 2)
    )


def fit(rbm, data=DATA, **changes):
    arguments = {"n_epochs": 1, "learning_rate": 0.1, "rng": np.random.default_rng(0), **changes}
    return train(rbm, data, **arguments)


def test_training_learns_a_law():
    """CD brings the machine's law close to that of the data, in KL divergence."""
    rng = np.random.default_rng(2)
    states = bits(3)
    counts = np.array([4, 1, 1, 2, 1, 2, 8, 1])
    target = counts / counts.sum()
    rbm = BernoulliRBM(3, 4, rng=rng)

    def divergence():
        log_weight = -rbm.free_energy(states)
        log_law = log_weight - np.log(np.exp(log_weight).sum())
        return target @ (np.log(target) - log_law)

    assert divergence() > 0.3
    data = np.repeat(states, 20 * counts, axis=0)
    train(rbm, data, n_epochs=6000, learning_rate=1.0, rng=rng)
    assert divergence() < 0.005


def test_the_same_seed_gives_the_same_machine():
    machines = [make_rbm(), make_rbm(), make_rbm()]
    for rbm, seed in zip(machines, [0, 0, 1], strict=True):
        fit(rbm, n_epochs=5, batch_size=2, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(machines[0].weights, machines[1].weights)
    assert (machines[0].weights != machines[2].weights).any()


def test_global_random_state_is_untouched():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    fit(make_rbm())
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_the_callback_sees_every_epoch():
    seen = []
    rbm = make_rbm()
    fit(rbm, n_epochs=3, callback=lambda epoch, machine: seen.append((epoch, machine)))
    assert seen == [(1, rbm), (2, rbm), (3, rbm)]


def test_training_goes_on_from_what_the_callback_leaves():
    def clear(epoch, machine):
        machine.weights = np.zeros((3, 2))

    rbm, once = make_rbm(), make_rbm()
    fit(rbm, n_epochs=2, callback=clear)
    np.testing.assert_array_equal(rbm.weights, 0)
    weights = []
    fit(once, n_epochs=3, callback=lambda epoch, machine: weights.append(machine.weights))
    assert (weights[0] != weights[2]).any(), "each epoch leaves arrays of its own"


def test_a_failing_callback_leaves_the_machine_of_its_epoch():
    def fail(epoch, machine):
        machine.weights = np.full((3, 2), 7.0)  # half-done work that must not stay
        raise RuntimeError("enough")

    rbm, reference = make_rbm(), make_rbm()
    with pytest.raises(RuntimeError, match="enough"):
        fit(rbm, n_epochs=5, callback=fail)
    fit(reference)
    np.testing.assert_array_equal(rbm.to_vector(), reference.to_vector())


def test_progress_is_shown_on_demand(capsys):
    fit(make_rbm())
    assert capsys.readouterr().err == ""
    fit(make_rbm(), n_epochs=3, progress=True)
    assert "3/3" in capsys.readouterr().err


def test_a_diverged_run_says_so_and_keeps_the_last_good_machine():
    # The hidden unit is on and holds the visible one off; so the visible bias grows by the rate.
    rbm = BernoulliRBM.from_parameters([[-0.95e100]], [0.90e100], [1.00e100])
    before = rbm.to_vector()
    with pytest.raises(
        FloatingPointError, match=r"diverged in epoch 1 with learning_rate = 1e\+100.* is unchanged"
    ):
        fit(rbm, [[1]], learning_rate=1e100)
    np.testing.assert_array_equal(rbm.to_vector(), before)


@pytest.mark.parametrize("where", ["callback", "monitor", "rate"])
def test_an_interrupt_anywhere_leaves_the_last_finished_epoch(where):
    def stop_at(epoch):
        if epoch == 5:
            raise KeyboardInterrupt

    def callback(epoch, rbm):
        if where == "callback":
            rbm.weights = np.full((3, 2), 7.0)  # half-done work that must not stay
            stop_at(epoch)

    looks = []

    def monitor(rbm, rng):
        looks.append(None)
        if where == "monitor":
            stop_at(len(looks) - 1)
        return 1.0

    def rate(epoch):
        if where == "rate":
            stop_at(epoch)
        return 0.1

    rbm = make_rbm()
    arguments = {"callback": callback} if where == "callback" else {"monitors": {"one": monitor}}
    with pytest.warns(UserWarning, match="stopped after 4 of 9 epochs"):
        history = fit(rbm, n_epochs=9, learning_rate=rate, **arguments)
    assert history.interrupted
    assert history.reconstruction_error.shape == (4,)
    if where != "callback":
        assert history.monitor_epochs.tolist() == [0, 1, 2, 3, 4]
        reference = make_rbm()
        fit(reference, n_epochs=4)
        np.testing.assert_array_equal(rbm.to_vector(), reference.to_vector())


THREADS = """
    import numpy as np
    from concurrent.futures import ThreadPoolExecutor
    from threadpoolctl import threadpool_info, threadpool_limits
    from rgrbm.rbm import GaussianBernoulliRBM
    from rgrbm.scan import map_grid
    from rgrbm.rbm import train

    def run(seed):
        rng = np.random.default_rng(seed)
        rbm = GaussianBernoulliRBM(300, 200, rng=rng)
        data = rng.normal(size=(60 + 20 * seed, 300))
        train(rbm, data, n_epochs=4 + seed, learning_rate=1e-3, rng=rng)
        return rbm.weights.tobytes()

    def counts():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    threadpool_limits(2)
    before = counts()
    grid = {"seed": range(6)}
    serial = map_grid(run, grid)
    with ThreadPoolExecutor(4) as executor:
        assert map_grid(run, grid, executor=executor) == serial, "threads changed the result"
    assert counts() == before, (counts(), before)
"""


FORK = """
    import multiprocessing
    import numpy as np
    from rgrbm.rbm import BernoulliRBM
    from rgrbm.rbm import train

    def run(seed):
        rng = np.random.default_rng(seed)
        rbm = BernoulliRBM(40, 30, rng=rng)
        data = rng.integers(0, 2, (800, 40))
        train(rbm, data, n_epochs=2, learning_rate=0.1, n_threads=2, rng=rng)
        return rbm.weights.tobytes()

    if __name__ == "__main__":
        mine = run(1)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map_async(run, [1, 1, 1]).get(timeout=60) == [mine] * 3
"""


@pytest.mark.slow
@pytest.mark.parametrize("code", [THREADS, FORK], ids=["threads", "fork"])
def test_runs_side_by_side_are_the_same_runs(tmp_path, code):
    if code is FORK and not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    pytest.importorskip("threadpoolctl")
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(code))
    environment = {
        key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", str(script)],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
