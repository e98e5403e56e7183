"""The 170,000 epochs of the paper's Ising machine, with L1, on two threads and on one.

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
    """Yield the row."""
    n_epochs = settings.pick(170_000, 2000)
    two, one = (
        Side(
            name,
            lambda _, n_threads=n_threads: in_a_process(n_threads, n_epochs)[0],
            lambda n_threads=n_threads: in_a_process(n_threads, n_epochs)[1],
        )
        for name, n_threads in (("rgrbm", 2), ("rgrbm, one thread", 1))
    )
    yield from compare(
        f"the paper's run of {n_epochs:,} epochs, 800 x 64 x 32, L1, on two threads",
        "run", two, [one], settings,
        n_rounds=min(N_ROUNDS, settings.n_rounds),
        quantity="memory in all, MB",
    )  # fmt: skip


def in_a_process(n_threads, n_epochs):
    """Return the seconds of a training, and the memory that its process took."""
    command = [sys.executable, __file__, str(n_threads), str(n_epochs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(map(float, done.stdout.split()))


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
