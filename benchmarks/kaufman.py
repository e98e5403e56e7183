"""Kaufman's torus at the critical coupling: ln Z, energy and specific heat, one thread.

The formula as printed gives ln Z; its peers take the derivatives from central differences, which
costs two more of it. With mpmath and 60 digits they are right to all digits of a double, so that
the errors of the others are counted from there, as shares of the value. NumPy, with logarithms of
the factors so that nothing overflows, has no more digits than that leaves. The eigenvalues of the
transfer matrix, all 2**size, give ln Z alone.
"""

from functools import partial
from importlib.metadata import version
from statistics import median
from time import process_time  # which neighbours on the machine disturb less

import mpmath
import numpy as np

from rgrbm.ising import enumerate_spins
from rgrbm.transfer_matrix import torus_log_partition, torus_thermodynamics

COUPLING = float(np.log(1 + np.sqrt(2)) / 2)
SIZES, GROWTH, ROUNDS = (8, 64, 512, 4096), (1024, 4096, 16384), 7
LARGEST_MATRIX = 10


def ours(size):
    return torus_thermodynamics(size, COUPLING)


def differences(log_partition, size, step):
    """Return ln Z, energy and specific heat per site, of a function of size and coupling."""
    low, log, high = (log_partition(size, COUPLING + k * step) for k in (-1, 0, 1))
    slope, curvature = (high - low) / (2 * step), (high - 2 * log + low) / step**2
    return [log / size**2, -slope / size**2, COUPLING**2 * curvature / size**2]


def sixty_digits(size):
    with mpmath.workdps(60):
        return differences(_product_of_mpmath, size, mpmath.mpf(10) ** -18)


def _product_of_mpmath(size, coupling):
    K = mpmath.mpf(coupling)
    base = mpmath.cosh(2 * K) * mpmath.coth(2 * K)
    gamma = [mpmath.acosh(base - mpmath.cos(mpmath.pi * k / size)) for k in range(2 * size)]
    gamma[0] = 2 * K + mpmath.log(mpmath.tanh(K))
    products = [
        mpmath.fprod(2 * factor(size * g / 2) for g in gamma[first::2])
        for first in (0, 1)
        for factor in (mpmath.cosh, mpmath.sinh)
    ]
    prefactor = mpmath.mpf(size) ** 2 / 2 * mpmath.log(2 * mpmath.sinh(2 * K))
    return prefactor + mpmath.log(sum(products) / 2)


def double_precision(size):
    return differences(_product_of_numpy, size, 1e-4)


def _product_of_numpy(size, K):
    wave = np.pi * np.arange(2 * size) / size
    gamma = np.arccosh(np.cosh(2 * K) / np.tanh(2 * K) - np.cos(wave))
    gamma[0] = 2 * K + np.log(np.tanh(K))
    half = size * gamma / 2
    even = [np.logaddexp(half, -half)[first::2].sum() for first in (0, 1)]
    odd = np.abs(half) + np.log(-np.expm1(-2 * np.abs(half)))
    odd = [odd[first::2].sum() for first in (0, 1)]
    largest = max(even)
    total = sum(np.exp(even - largest)) + np.exp(odd[1] - largest)
    total += np.sign(half[0]) * np.exp(odd[0] - largest)
    return size**2 / 2 * np.log(2 * np.sinh(2 * K)) + largest + np.log(total / 2)


def transfer_matrix(size):
    spins = enumerate_spins(size).astype(float)
    inside = (spins * np.roll(spins, 1, axis=1)).sum(axis=1) / 2
    values = np.linalg.eigvalsh(np.exp(COUPLING * (spins @ spins.T + inside[:, None] + inside)))
    return [np.log(np.sum((values / values[-1]) ** size)) / size**2 + np.log(values[-1]) / size]


def seconds(function, size):
    started = process_time()
    found = function(size)
    return process_time() - started, found


def main():
    name = f"mpmath {version('mpmath')}, 60 digits"
    print(f"Kaufman's torus at the critical coupling, one thread, median of {ROUNDS} rounds")
    print(f"{'size':>6} {'':24} {'time':>9}  rgrbm is   error of ln Z, energy, specific heat")
    for size in SIZES:
        sides = {"rgrbm": ours, "NumPy, as printed": double_precision}
        if size <= LARGEST_MATRIX:
            sides["NumPy, transfer matrix"] = transfer_matrix
        slow, exact = seconds(sixty_digits, size)
        rounds = [{side: seconds(f, size) for side, f in sides.items()} for _ in range(ROUNDS)]
        times = {side: median(each[side][0] for each in rounds) for side in sides} | {name: slow}
        for side, time in times.items():
            ratio = f"{time / times['rgrbm']:8.1f} x"
            found = rounds[0][side][1] if side in sides else []
            errors = [f"{abs(float(a / b - 1)):.0e}" for a, b in zip(found, exact, strict=False)]
            print(f"{size:6} {side:24} {time * 1e3:6.1f} ms  {ratio}  {'  '.join(errors)}")
    for function in (torus_log_partition, torus_thermodynamics):
        at_critical = partial(function, coupling=COUPLING)
        times = [median(seconds(at_critical, size)[0] for _ in range(ROUNDS)) for size in GROWTH]
        exponent = np.polyfit(np.log(GROWTH), np.log(times), 1)[0]
        print(f"{function.__name__}: time grows as size**{exponent:.2f} (expected 1), {GROWTH}")


if __name__ == "__main__":
    main()
