"""What the arithmetic of training would take at the rate of a large product of matrices."""

from time import perf_counter

import numpy as np

SIZE, ROUNDS = 1536, 7


def seconds_of_products(n_samples, n_visible, n_hidden):
    """Seconds for the five products of an epoch of CD-1, in float32, by a perfect BLAS."""
    a, b = np.random.default_rng(0).random((2, SIZE, SIZE), dtype=np.float32)
    times = []
    for _ in range(ROUNDS):
        started = perf_counter()
        a @ b
        times.append(perf_counter() - started)
    return min(times) * 5 * n_samples * n_visible * n_hidden / SIZE**3
