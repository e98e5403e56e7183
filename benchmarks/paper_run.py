"""The 170,000 epochs of the paper's Ising machine, with L1, on two threads and on one.

Two such runs at once, on one thread each, take twice the time that two threads could at best reach
with one: no epoch of theirs waits for another thread. Where two processors are two threads of one
core, that is far from half the time of one run alone.

Each run has a process of its own, which also tells how much memory it took. The time is that of a
clock on the wall.
"""

import resource
import subprocess
import sys
from functools import partial
from time import perf_counter

import numpy as np
from harness import Side, compare

from rgrbm.rbm import BernoulliRBM, train
from rgrbm.sampler import exact_chain

N_ROUNDS = 5


def rows(settings):
    """Yield the rows."""
    n_epochs = settings.pick(170_000, 2000)
    two, one, half = (
        Side(
            name,
            lambda _, n_threads=n_threads, n_runs=n_runs: run(n_threads, n_runs, n_epochs)[0],
            lambda n_threads=n_threads, n_runs=n_runs: run(n_threads, n_runs, n_epochs)[1],
        )
        for name, n_threads, n_runs in (
            ("rgrbm", 2, 1),
            ("rgrbm, one thread", 1, 1),
            ("half of two runs at once, one thread each", 1, 2),
        )
    )
    yield from compare(
        f"the paper's run of {n_epochs:,} epochs, 800 x 64 x 32, L1, on two threads",
        "run", two, [one, half], settings,
        n_rounds=min(N_ROUNDS, settings.n_rounds),
        quantity="memory in all, MB",
    )  # fmt: skip


def run(n_threads, n_runs, n_epochs):
    """Return the seconds that a training took, of some at once, and the memory of all processes."""
    command = [sys.executable, __file__, str(n_threads), str(n_epochs)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(n_runs)]
    said = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError("a training has failed")
    seconds, memory = np.transpose([list(map(float, line.split())) for line in said])
    return seconds.max() / n_runs, memory.sum()


def main(n_threads, n_epochs):
    """Train, and print the two numbers."""
    rng = np.random.default_rng(0)
    data = (exact_chain(800, 64, 1.0, rng=rng) > 0).astype(np.uint8)
    rbm = BernoulliRBM(64, 32, rng=rng)
    fit = partial(train, rbm, data, learning_rate=0.5, l1=0.003, rng=rng, n_threads=n_threads)
    fit(n_epochs=1)  # compile
    started = perf_counter()
    fit(n_epochs=n_epochs)
    print(perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
