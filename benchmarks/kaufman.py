"""Kaufman's torus at the critical coupling: ln Z, energy and specific heat.

The formula as printed gives ln Z; its peers take the derivatives from central differences, which
costs two more of it. With mpmath and 60 digits they are right to all digits of a double, so that
the errors of the others are counted from there, as shares of the value. NumPy, with logarithms of
the factors so that nothing overflows, has no more digits than that leaves. The eigenvalues of the
transfer matrix, all 2**size, give ln Z alone.
"""

from functools import cache

import numpy as np
from harness import compare, growth, package, sides, timed

from rgrbm.ising import enumerate_spins
from rgrbm.transfer_matrix import torus_log_partition, torus_thermodynamics

COUPLING = float(np.log(1 + np.sqrt(2)) / 2)
LARGEST_MATRIX = 10


def rows(settings):
    """Yield what is compared, and how ours grows."""
    for size in settings.pick((8, 512), (8, 64)):
        runs = {
            "rgrbm": ours,
            "NumPy, as printed": double_precision,
            f"{package('mpmath')}, 60 digits": sixty_digits,
        }
        if size <= LARGEST_MATRIX:
            runs["NumPy, transfer matrix, ln Z alone"] = eigenvalues
        mine, *others = sides(
            runs,
            lambda run, _, size=size: timed(run, size),
            lambda run, size=size: errors(run, size),
        )
        yield from compare(
            f"Kaufman's torus, {size} x {size} sites", "torus", mine, others, settings,
            quantity="errors of ln Z, energy, specific heat",
        )  # fmt: skip
    for function in (torus_log_partition, torus_thermodynamics):
        yield growth(
            f"{function.__name__}, Kaufman",
            "sites a side",
            [2**12, 2**13, 2**14],
            lambda n, function=function: timed(function, n, COUPLING),
            settings,
            expected=1,
        )


def errors(run, size):
    """Return the errors of what a side finds, as text."""
    found = zip(run(size), exactly(size), strict=False)
    shares = [abs(float(value / exact - 1)) for value, exact in found]
    return ", ".join(f"{share:.0e}" if share else "0" for share in shares)


@cache
def exactly(size):
    """Return what sixty digits give."""
    return sixty_digits(size)


def ours(size):
    """Return ln Z, energy and specific heat per site, as the others do."""
    return torus_thermodynamics(size, COUPLING)


def differences(log_partition, size, step):
    """Return them for a function of size and coupling that gives ln Z."""
    low, log, high = (log_partition(size, COUPLING + k * step) for k in (-1, 0, 1))
    slope, curvature = (high - low) / (2 * step), (high - 2 * log + low) / step**2
    return [log / size**2, -slope / size**2, COUPLING**2 * curvature / size**2]


def sixty_digits(size):
    import mpmath

    with mpmath.workdps(60):
        return differences(_product_of_mpmath, size, mpmath.mpf(10) ** -18)


def _product_of_mpmath(size, coupling):
    import mpmath

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


def eigenvalues(size):
    """Return ln Z per site alone."""
    spins = enumerate_spins(size).astype(float)
    inside = (spins * np.roll(spins, 1, axis=1)).sum(axis=1) / 2
    values = np.linalg.eigvalsh(np.exp(COUPLING * (spins @ spins.T + inside[:, None] + inside)))
    return [np.log(np.sum((values / values[-1]) ** size)) / size**2 + np.log(values[-1]) / size]
