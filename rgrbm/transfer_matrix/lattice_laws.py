r"""How many states of a small square torus have which energy, and which have which total spin.

**Energies.** Kaufman's four products are polynomials in :math:`q = e^{-2K}`,

.. math::

    Z e^{-2NK} = \tfrac12 \sum_{\alpha, \beta} \pm \prod_{k_x, k_y}
        \big[(1 + q^2)^2 - 2 q (1 - q^2)(\cos k_x + \cos k_y)\big]^{1/2} ,

where the wave numbers are :math:`2\pi n / L`, or half a step beside these. Those that differ by a
sign have the same factor, which takes the roots away. Only pairs of 0 and :math:`\pi` stand alone,
and their roots are polynomials, too. The coefficient of :math:`q^{2k}` counts the states of energy
:math:`-2N + 4k`. It is an integer, and it is found as one: modulo primes, where the cosines are
integers, and then from the remainders.

**Total spin.** Row by row, with a table of how the weight is shared among totals. All terms are
positive, so the smallest probabilities are as good as the largest.
"""

from functools import reduce
from itertools import product as pairs_of

import numpy as np

from rgrbm._core import checks
from rgrbm.ising.chain import enumerate_spins, state_index

__all__ = ["density_of_states", "total_spin_law"]

LARGEST_LISTED = 16  # sites a side: the numbers of states have 77 digits
LARGEST_SUMMED = 10  # sites a side: 1024 states of a row
PRIME_BITS = 30  # a product of two remainders fits into 64 bits
# The roots of the factors of wave numbers that stand alone: both 0, one 0 and one pi, both pi.
ALONE = ((1, -2, -1), (1, 0, 1), (1, 2, -1))


def density_of_states(size):
    """Count the states of the square torus at each energy, exactly.

    Parameters
    ----------
    size : int
        Sites a side, from 2 to 16. With two, each bond counts twice.

    Returns
    -------
    counts : ndarray of Python integers, shape (size**2 + 1,)
        Entry k is the number of states with the energy -2 N + 4 k in units of J, N = size**2.

    Raises
    ------
    ValueError, TypeError
        If `size` is not an integer from 2 to 16.

    Notes
    -----
    :cite:t:`beale1996` expands the same products by computer algebra.

    Examples
    --------
    >>> density_of_states(4)[:5]
    array([2, 0, 32, 64, 424], dtype=object)
    """
    size = checks.integer("size", size, 2, LARGEST_LISTED)
    product, counts = 1, 0
    prime = 1 << PRIME_BITS
    while product <= 2 ** (size**2 + 1):
        prime = _prime_below(prime, 2 * size)
        remainders = _counts_modulo(prime, size).astype(object)
        # The number that leaves the old remainders and the new ones.
        step = (remainders - counts) * pow(product, -1, prime) % prime
        counts, product = counts + product * step, product * prime
    return counts


def total_spin_law(size, coupling):
    """Probabilities of the total spin of the square torus.

    Parameters
    ----------
    size : int
        Sites a side, from 2 to 10. With ten it takes some seconds.
    coupling : float
        Reduced K = J/T, dimensionless. Below zero, `size` must be even.

    Returns
    -------
    probabilities : ndarray of float64, shape (size**2 + 1,)
        Entry k belongs to the total spin 2 k - size**2, that is, to k spins up.

    Raises
    ------
    ValueError, TypeError
        If `size` is not an integer from 2 to 10, the coupling is negative and `size` odd, or the
        coupling is no number, not finite or beyond 1e100.

    Notes
    -----
    In a field h each entry is to be multiplied by exp(h (2 k - size**2)), and the sum to be
    normalised.

    Examples
    --------
    >>> total_spin_law(2, 0.0)
    array([0.0625, 0.25  , 0.375 , 0.25  , 0.0625])
    """
    size = checks.integer("size", size, 2, LARGEST_SUMMED)
    coupling = checks.number("coupling", coupling)
    if coupling < 0 and size % 2:
        raise ValueError(f"coupling must not be negative if size is odd, got {coupling}, {size}")
    rows = enumerate_spins(size)
    n_up = (rows == 1).sum(axis=1)
    bonds = (rows * np.roll(rows, 1, axis=1)).sum(axis=1)
    beside = np.exp(coupling * bonds - abs(coupling) * size)
    across = np.exp(coupling * np.array([[1, -1], [-1, 1]]) - abs(coupling))
    total = np.zeros(size**2 + 1)
    for first, n_alike in _first_rows(size):
        weights = np.zeros((len(rows), size**2 + 1))
        weights[first, 0] = 1.0
        for _ in range(size):
            for site in range(size):
                halves = weights.reshape(2**site, 2, -1)
                weights = np.einsum("ab,sbr->sar", across, halves).reshape(weights.shape)
            weights *= beside[:, None]
            weights = _moved(weights, n_up)
        total += n_alike * weights[first]
    total += total[::-1]  # each first row stands for its opposite as well
    return total / total.sum()


def _counts_modulo(prime, size):
    """Return the remainders of the numbers of states."""
    root = _root_of_unity(2 * size, prime)
    twice_cosine = [(pow(root, n, prime) + pow(root, -n, prime)) % prime for n in range(2 * size)]
    total = 0
    for start in pairs_of((0, 1), repeat=2):
        total = total + _product_modulo(prime, size, twice_cosine, *start)
    return (total * pow(2, -1, prime) % prime)[::2]


def _product_modulo(prime, size, twice_cosine, start_x, start_y):
    """Return the coefficients of one of the four products, lowest power first."""
    found = np.zeros(2 * size**2 + 1, dtype=np.int64)
    found[0] = 1
    waves_x, waves_y = range(start_x, 2 * size, 2), range(start_y, 2 * size, 2)
    for n_x, n_y in pairs_of(waves_x, waves_y):
        opposite = -n_x % (2 * size), -n_y % (2 * size)
        if (n_x, n_y) == opposite:
            factor = ALONE[(n_x > 0) + (n_y > 0)]
        elif (n_x, n_y) < opposite:
            c = twice_cosine[n_x] + twice_cosine[n_y]
            factor = (1, -c % prime, 2, c % prime, 1)
        else:
            continue
        terms = (a * found % prime for a in factor)
        found = reduce(np.add, (_shifted(term, n) for n, term in enumerate(terms))) % prime
    return found


def _shifted(numbers, n):
    return np.concatenate([np.zeros(n, dtype=np.int64), numbers[: len(numbers) - n]])


def _root_of_unity(order, prime):
    """Return a number whose powers are 1 for multiples of `order` only."""
    for number in range(2, prime):
        root = pow(number, (prime - 1) // order, prime)
        if len({pow(root, n, prime) for n in range(order)}) == order:
            return root


def _prime_below(bound, step):
    """Return the largest prime below a bound that is one more than a multiple of `step`."""
    candidates = range((bound - 2) // step * step + 1, 1, -step)
    divisors = np.arange(2, 2 ** (PRIME_BITS // 2) + 1)
    return next(n for n in candidates if (n % divisors).all())


def _first_rows(size):
    """Return the rows that begin with -1, one of each kind, and how many there are of it.

    Those of a kind turn into each other by rotation and reflection of the torus.
    """
    rows = enumerate_spins(size)[: 2 ** (size - 1)]
    turned = [np.roll(side, n, axis=1) for side in (rows, rows[:, ::-1]) for n in range(size)]
    kinds = np.min([state_index(row) for row in turned], axis=0)
    _, firsts, counts = np.unique(kinds, return_index=True, return_counts=True)
    return zip(firsts, counts, strict=True)


def _moved(weights, n_up):
    """Add the spins of a row to the totals: move each row of the table to the right."""
    found = np.zeros_like(weights)
    for n in range(n_up.max() + 1):
        rows = n_up == n
        found[rows, n:] = weights[rows, : weights.shape[1] - n]
    return found
