"""The 170,000 epochs of the paper's Ising machine, with L1, on one thread and on two.

Prints the time, the part of it that a perfect BLAS would need for the arithmetic alone, and the
memory. Each run has a process of its own.
"""

import resource
import subprocess
import sys
from time import perf_counter

import numpy as np
from blas import seconds_of_products

from rgrbm.rbm import BernoulliRBM, train
from rgrbm.sampler import exact_chain

N_EPOCHS = 170_000


def run(n_threads):
    rng = np.random.default_rng(0)
    data = (exact_chain(800, 64, 1.0, rng=rng) > 0).astype(np.uint8)
    rbm = BernoulliRBM(64, 32, rng=rng)
    arguments = {"learning_rate": 0.5, "l1": 0.003, "rng": rng, "n_threads": n_threads}
    train(rbm, data, n_epochs=1, **arguments)  # compile
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = perf_counter()
    train(rbm, data, n_epochs=N_EPOCHS, **arguments)
    seconds = perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(seconds, after / 1024, (after - before) / 1024)


def main():
    print(f"\n{N_EPOCHS} epochs, 800 x 64 x 32, full batch, CD-1 with L1")
    needed = N_EPOCHS * seconds_of_products(800, 64, 32)
    for n_threads in (1, 2):
        process = subprocess.run(
            [sys.executable, __file__, str(n_threads)], capture_output=True, text=True, check=True
        )
        seconds, megabytes, grown = map(float, process.stdout.split())
        print(
            f"{n_threads} thread{'s'[: n_threads - 1]}: {seconds:.1f} s; "
            f"a perfect BLAS on one thread needs {needed:.1f} s for the products, "
            f"{100 * needed / seconds:.0f} % of that; "
            f"{megabytes:.0f} MB in all, {grown:.1f} MB more than before training"
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(int(sys.argv[1]))
    else:
        main()
