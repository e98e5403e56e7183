"""What samples of the ring say, with an error: correlations, and the coupling."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.optimize import brentq

from rgrbm import transfer_matrix
from rgrbm._core import checks
from rgrbm._core.numerics import widening
from rgrbm.diagnostics.series import blocked_mean
from rgrbm.estimate import Estimate

__all__ = ["correlation", "correlation_by_distance", "estimate_coupling"]


def correlation(spins, max_distance, *, n_blocks=50):
    """Measure <s_0 s_x> on samples of a ring, averaged over translations.

    Parameters
    ----------
    spins : array_like, shape (n_samples, n_sites)
        Entries -1 and +1; at least two samples.
    max_distance : int
        Largest x, from 0 to n_sites.
    n_blocks : int, optional
        Blocks of successive samples; the error comes from the scatter of their means. So samples
        may be correlated, as long as a block is much longer than their autocorrelation time: with
        blocks as long as it, the error is a quarter too small, with shorter ones it is worthless.
        At least 2; with fewer samples than blocks, each sample is a block.

    Returns
    -------
    estimate : Estimate
        Value and error, each an ndarray of shape (max_distance + 1,), for x = 0, 1, ... The error
        is 0 only where a spin meets itself.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    The error of few blocks is widened by Student's factor, 1.84 for two and 1.01 for 50, so that
    value +- error should hold the truth in 68 % of cases. On independent samples of four sites or
    more it does in 55 % or more, and value +- 2 error in 80 % or more, from two samples on. If n
    blocks do not differ at all, one more might, by as much as products can: the error is then
    (1 + abs(value)) / (n + 1), widened alike.

    Examples
    --------
    >>> correlation([[1, 1, -1, -1], [1, -1, 1, -1]], 2).value
    array([ 1. , -0.5,  0. ])
    """
    spins = _samples(spins)
    n_sites = spins.shape[1]
    max_distance = checks.integer("max_distance", max_distance, 0, n_sites)
    n_blocks = checks.integer("n_blocks", n_blocks, 2)
    around = np.concatenate([spins, spins], axis=1)
    others = sliding_window_view(around, n_sites, axis=1)[:, : max_distance + 1]
    products = np.einsum("si,sxi->sx", spins, others, dtype=np.float64) / n_sites
    return _mean_product(products, n_blocks, np.arange(max_distance + 1) % n_sites == 0)


def correlation_by_distance(spins, sites, n_sites, max_distance, *, n_blocks=50):
    """Measure <t_j t_k> on spins that stand at given sites of a ring, against their distance.

    Parameters
    ----------
    spins : array_like, shape (n_samples, n_spins)
        Entries -1 and +1; at least two samples.
    sites : array_like of int, shape (n_spins,)
        Where each spin stands, from 0 to n_sites - 1. Such are the sites of the visible spins that
        decide the hidden spins of a machine (`rgrbm.rbm.order_hidden_units`).
    n_sites : int
        Sites of the ring, at least 1.
    max_distance : int
        Largest distance along the ring, from 0 to n_sites // 2.
    n_blocks : int, optional
        As in `correlation`.

    Returns
    -------
    estimate : Estimate
        Value and error, each an ndarray of shape (max_distance + 1,): the mean over all pairs at
        the distance 0, 1, ..., a spin with itself included; NaN where there is no pair.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    The errors are those of `correlation`.

    Examples
    --------
    >>> correlation_by_distance([[1, 1, -1], [1, -1, -1]], [0, 2, 4], 6, 3).value
    array([ 1.        ,         nan, -0.33333333,         nan])
    """
    spins = _samples(spins)
    n_sites = checks.integer("n_sites", n_sites, 1)
    sites = checks.integers("sites", sites, 0, n_sites - 1)
    if sites.shape != spins.shape[1:]:
        raise ValueError(f"sites must have the shape {spins.shape[1:]}, got {sites.shape}")
    max_distance = checks.integer("max_distance", max_distance, 0, n_sites // 2)
    n_blocks = checks.integer("n_blocks", n_blocks, 2)
    apart = np.abs(sites[:, None] - sites)
    apart = np.minimum(apart, n_sites - apart)
    products = np.full((len(spins), max_distance + 1), np.nan)
    exact = np.zeros(max_distance + 1, dtype=bool)
    for distance in range(max_distance + 1):
        first, second = np.nonzero(apart == distance)
        if len(first):
            products[:, distance] = (spins[:, first] * spins[:, second]).mean(axis=1)
            exact[distance] = (first == second).all()
    return _mean_product(products, n_blocks, exact)


def estimate_coupling(spins, *, n_blocks=50):
    """Estimate the coupling of a ring without a field from samples, by maximum likelihood.

    The likelihood is largest where the exact mean product of neighbours equals the measured one.

    Parameters
    ----------
    spins : array_like, shape (n_samples, n_sites)
        Entries -1 and +1; at least two samples, and at least two sites.
    n_blocks : int, optional
        As in `correlation`.

    Returns
    -------
    estimate : Estimate
        The reduced coupling K and its standard error, floats. The error is widened by Student's
        factor, as in `correlation`, and not smaller than the Fisher information allows.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described; or if the samples are as ordered as they can be, because
        their likelihood grows without limit with the size of K.

    Examples
    --------
    >>> from rgrbm.sampler import exact_chain
    >>> spins = exact_chain(1000, 64, 1.0, rng=np.random.default_rng(0))
    >>> coupling = estimate_coupling(spins)
    >>> abs(coupling.value - 1.0) < 4 * coupling.error
    True
    """
    spins = _samples(spins)
    n_sites = spins.shape[1]
    if n_sites < 2:
        raise ValueError("spins must have at least 2 sites: a single spin has no bond")
    n_blocks = checks.integer("n_blocks", n_blocks, 2)
    neighbours = blocked_mean((spins * np.roll(spins, -1, axis=1)).mean(axis=1), n_blocks)
    lowest = -1.0 if n_sites % 2 == 0 else -1.0 + 2.0 / n_sites  # one bond is frustrated
    if np.isclose(neighbours.value, 1.0, atol=1e-12, rtol=0) or np.isclose(
        neighbours.value, lowest, atol=1e-12, rtol=0
    ):
        raise ValueError(
            "spins must not be perfectly ordered: their likelihood has no maximum, "
            f"the mean product of neighbours is {neighbours.value:g}"
        )

    def excess(coupling):
        return transfer_matrix.correlation(n_sites, 1, coupling) - neighbours.value

    largest = 1.0
    while excess(largest) < 0 or excess(-largest) > 0:
        largest *= 2
    coupling = brentq(excess, -largest, largest, xtol=1e-13)
    slope = _slope(n_sites, coupling)
    # Few samples may scatter by chance less than any can: the Fisher information sets a bound.
    error = max(neighbours.error / slope, 1 / np.sqrt(spins.size * slope))
    return Estimate(coupling, float(error))


def _mean_product(products, n_blocks, exact):
    """Mean over samples; that few blocks do not differ makes no value exact."""
    value, error = blocked_mean(products, n_blocks)
    n_blocks = min(n_blocks, len(products))
    one_more = widening(n_blocks) * (1 + np.abs(value)) / (n_blocks + 1)  # Laplace's rule
    return Estimate(value, np.where((error < 1e-12) & ~exact, one_more, error))


def _slope(n_sites, coupling):
    """Differentiate the exact (t + t**(N-1)) / (1 + t**N), t = tanh(K), by K."""
    t = np.tanh(coupling)
    around = 1 + t**n_sites
    numerator = (1 + (n_sites - 1) * t ** (n_sites - 2)) * around
    numerator -= (t + t ** (n_sites - 1)) * n_sites * t ** (n_sites - 1)
    return numerator / around**2 / np.cosh(coupling) ** 2


def _samples(spins):
    spins = checks.spin_states("spins", spins)
    if spins.ndim != 2 or len(spins) < 2:
        raise ValueError(
            f"spins must have the shape (n_samples, n_sites) with n_samples >= 2, got {spins.shape}"
        )
    return spins
