"""How long one waits at the start, each time in a fresh process, by a clock on the wall.

An import is timed inside the process: what Python itself takes to start is left out. A first result
is timed from outside, with all that it imports and compiles. The unit is an import, or a process.
"""

import os
import subprocess
import sys
import tempfile
from functools import partial
from time import perf_counter

from harness import Side, compare, package

IMPORT = "from time import perf_counter as now; start = now(); {}; print(now() - start)"
DOORS = "import rgrbm.rbm, rgrbm.sampler, rgrbm.transfer_matrix"
TRAIN = """\
import numpy as np
from rgrbm.rbm import BernoulliRBM, train
rng = np.random.default_rng(0)
data = rng.integers(0, 2, (800, 64))
train(BernoulliRBM(64, 32, rng=rng), data, n_epochs=1, learning_rate=0.1, rng=rng)
"""
SAMPLE = """\
import numpy as np
from rgrbm.sampler import metropolis_chain
metropolis_chain(640, 64, 1.0, n_sweeps=1, rng=np.random.default_rng(0))
"""
SCIKIT_LEARN = """\
import numpy as np
from sklearn.neural_network import BernoulliRBM
data = np.random.default_rng(0).integers(0, 2, (800, 64))
BernoulliRBM(32, learning_rate=0.1, batch_size=800, n_iter=1).fit(data)
"""
PLAIN_SAMPLE = """\
import numpy as np
rng = np.random.default_rng(0)
spins = rng.choice([-1, 1], (640, 64))
for site in rng.integers(0, 64, 64):
    cost = 2 * spins[:, site] * (spins[:, site - 1] + spins[:, (site + 1) % 64])
    spins[:, site] *= np.where(rng.random(640) < np.exp(-cost), -1, 1)
"""
N_EMPTY = 3  # rounds without a cache: each compiles


def rows(settings):
    """Yield what is compared."""
    peers = [
        Side(f"import {name}, {package(known)}", partial(imported, f"import {name}"))
        for name, known in (("numpy", "numpy"), ("sklearn", "scikit-learn"), ("torch", "torch"))
    ]
    for what in ("import rgrbm", DOORS):
        yield from compare(what, "import", Side("rgrbm", partial(imported, what)), peers, settings)
    for what, code, name, other in (
        ("first epoch of Ising training", TRAIN, package("scikit-learn"), SCIKIT_LEARN),
        ("first sweep of 640 rings", SAMPLE, "NumPy", PLAIN_SAMPLE),
    ):
        for cache, first, n_rounds in (
            ("a cache", partial(finished, code), settings.n_rounds),
            ("no cache", partial(without_cache, code), min(N_EMPTY, settings.n_rounds)),
        ):
            yield from compare(
                f"{what}, with {cache} of kernels", "process", Side("rgrbm", first),
                [Side(name, partial(finished, other))], settings, n_rounds=n_rounds,
            )  # fmt: skip


def imported(statement, _):
    """Return the seconds that a statement takes in a fresh process."""
    code = IMPORT.format(statement)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def finished(code, _, **environment):
    """Return the seconds of a whole process."""
    started = perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | environment)
    return perf_counter() - started


def without_cache(code, seed):
    """Return the seconds of a process that finds no compiled kernel."""
    with tempfile.TemporaryDirectory() as folder:
        return finished(code, seed, NUMBA_CACHE_DIR=folder)
