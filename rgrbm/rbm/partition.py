r"""The partition function of a machine: by enumeration, and by annealed importance sampling.

**Enumeration.** A sum over one layer is a product (`rgrbm.rbm`), so Z needs the states of the other
layer only, the smaller one:

.. math:: Z = \sum_h e^{-F(h)} = \sum_v e^{-F(v)}.

**Annealed importance sampling.** Where both layers are too large, Z is compared with the known
:math:`Z_0` of a machine without weights. Between the two lie K machines with the energies

.. math:: E_k = (1 - \beta_k) E_0 + \beta_k E, \qquad \beta_k = k / K.

A chain starts with a draw :math:`v_0` from the machine without weights and takes one Gibbs step in
each of the following: :math:`v_k` comes from :math:`v_{k-1}` at :math:`\beta_k`. With the free
energies :math:`F_k(v) = -\ln \sum_h e^{-E_k(v, h)}`, its weight

.. math:: w = \prod_{k=1}^{K} e^{F_{k-1}(v_{k-1}) - F_k(v_{k-1})}

has the mean :math:`Z / Z_0`, however far the chains stay behind the machines
(:cite:t:`neal2001`; :cite:t:`salakhutdinov2008` for Boltzmann machines). A lag that all chains do
not share shows in the scatter of the weights.

**The machine without weights** has biases that keep part of what the weights do. While hidden units
toss coins, the input of a visible unit has the mean :math:`m_i = c_i + \sum_j w_{ij} / 2` and the
variance :math:`s_i^2 = \sum_j w_{ij}^2 / 4`. A bias of about :math:`m_i / \sqrt{1 + \pi s_i^2 / 8}`
gives the unit its mean probability under such inputs (:cite:t:`mackay1992`), and half of it is
taken. Hidden units are treated likewise, with visible ones drawn under their new biases. (A real
visible unit takes :math:`m_i` as it is, since it says where the unit is and not how sure that is.)

Half, because the two ways to err are not alike. A start that is too wide takes more temperatures,
and the scatter of the weights mostly shows it; one that is too narrow loses states that no chain
finds again, and nothing shows it. The biases of the machine itself are such a start. If it is
symmetric under a flip of all spins, then :math:`c_i = -\sum_j w_{ij} / 2`: with smaller weights,
these biases favour one of two states that are equally likely in the end. All chains go there, and
find half of Z with an error of nearly 0. The biases above vanish for such a machine.
"""

import math
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import expit, rel_entr, softmax

from rgrbm._core import checks
from rgrbm._core.blas import single_threaded_blas
from rgrbm._core.numerics import finite, widening
from rgrbm.estimate import Estimate
from rgrbm.rbm._blocks import checked_samples
from rgrbm.rbm.machines import (
    BernoulliRBM,
    GaussianGaussianRBM,
    checked_bernoulli,
    checked_machine,
)

__all__ = [
    "Moments",
    "ais_log_partition",
    "exact_distribution",
    "exact_log_partition",
    "exact_moments",
    "gibbs_matrix",
    "kl_divergence",
    "log_likelihood",
]

MOST_UNITS_SUMMED = 25  # 2**25 states against 64 units take about ten seconds
MOST_UNITS_LISTED = 20  # as in `ising.enumerate_spins`
MOST_UNITS_IN_MATRIX = 12  # 2**12 states: 128 MB
NUMBERS_PER_BLOCK = 2**14  # 128 kB: more would not be reused from one block to the next
SAMPLES_PER_PIECE = 1000  # of data whose free energy is computed at a time, in the cache


class Moments(NamedTuple):
    """Means under a machine.

    Attributes
    ----------
    visible : ndarray of float64, shape (n_visible,)
        <v_i>.
    hidden : ndarray of float64, shape (n_hidden,)
        <h_j>.
    products : ndarray of float64, shape (n_visible, n_hidden)
        <v_i h_j>.
    log_partition : float
        ln Z.
    """

    visible: np.ndarray
    hidden: np.ndarray
    products: np.ndarray
    log_partition: float


def exact_log_partition(rbm):
    """Logarithm of the partition function, by summing over the states of the smaller layer.

    Parameters
    ----------
    rbm : BernoulliRBM, GaussianBernoulliRBM or GaussianGaussianRBM
        With at most 25 units in the smaller layer; real visible units are integrated out, so there
        the hidden layer counts. If hidden units are real too, any number will do.

    Returns
    -------
    log_partition : float
        ln Z, of a machine with real units with the integral over them.

    Raises
    ------
    ValueError
        If the layer is too large, or the energy of a GaussianGaussianRBM not bounded below.
    TypeError
        If `rbm` is no machine.
    FloatingPointError
        If an energy is too large for a float (Gaussian units), or a parameter was made NaN in
        place.

    Notes
    -----
    The time is that of 2**n terms of the other layer's width, n the size of the smaller one: about
    ten seconds for 25 units against 64. The memory is a few megabytes.

    Examples
    --------
    >>> rbm = BernoulliRBM.from_parameters([[0.0, 0.0]], [0.0], [0.0, 0.0])
    >>> round(float(np.exp(exact_log_partition(rbm))), 12)
    8.0
    """
    if isinstance(rbm, GaussianGaussianRBM):
        return exact_moments(rbm).log_partition
    blocks = _blocks(*_smaller_first(rbm))
    with single_threaded_blas():
        scale, total = _scaled_sum(blocks, lambda states, push, weights: weights.sum())
    return float(scale + np.log(total))


def exact_moments(rbm):
    """Mean values of all units, and of the products across the layers, under the machine.

    Parameters
    ----------
    rbm : BernoulliRBM, GaussianBernoulliRBM or GaussianGaussianRBM
        As in `exact_log_partition`.

    Returns
    -------
    moments : Moments

    Raises
    ------
    ValueError, TypeError, FloatingPointError
        As in `exact_log_partition`.

    Notes
    -----
    These are the "model" averages in the gradient of the log-likelihood.

    Examples
    --------
    >>> rbm = BernoulliRBM.from_parameters([[0.0]], [0.0], [np.log(3)])
    >>> exact_moments(rbm).products.round(12)
    array([[0.375]])
    """
    if isinstance(rbm, GaussianGaussianRBM):
        return _normal_moments(rbm)
    listed, other, between = _smaller_first(rbm)

    def block_sum(states, push, weights):
        left = np.column_stack([weights, states * weights[:, None]])
        return left.T @ np.column_stack([np.ones(len(states)), other.mean(push)])

    with single_threaded_blas():
        scale, sums = _scaled_sum(_blocks(listed, other, between), block_sum)
    # Row and column 0 belong to a unit that is always on: they hold the means of single units.
    log_partition = float(scale + np.log(sums[0, 0]))
    sums = sums / sums[0, 0]
    if listed is rbm.hidden:
        sums = sums.T
    return Moments(sums[1:, 0], sums[0, 1:], sums[1:, 1:], log_partition)


def _normal_moments(rbm):
    """Moments of a machine all of whose units are real: sums over Gaussians are known."""
    mean, covariance = rbm.law()
    visible, hidden = np.split(mean, [rbm.n_visible])
    across, within = np.split(covariance[:, rbm.n_visible :], [rbm.n_visible])
    # The density of h is (2 pi)^(-n/2) det(within)^(-1/2) at its peak, and exp(-F) / Z there.
    log_peak = -(rbm.n_hidden * np.log(2 * np.pi) + np.linalg.slogdet(within)[1]) / 2
    log_partition = float(-rbm.hidden_free_energy(hidden) - log_peak)
    with np.errstate(over="ignore", invalid="ignore"):
        products = finite("a mean product", across + np.outer(visible, hidden))
    return Moments(visible, hidden, products, log_partition)


def exact_distribution(rbm):
    """Probabilities of all visible states.

    Parameters
    ----------
    rbm : BernoulliRBM
        With at most 20 visible units.

    Returns
    -------
    probabilities : ndarray of float64, shape (2**n_visible,)
        In the order of `rgrbm.ising.enumerate_spins`, -1 standing for 0.

    Raises
    ------
    ValueError
        If there are too many visible units.
    TypeError
        If `rbm` is no BernoulliRBM.

    Examples
    --------
    >>> exact_distribution(BernoulliRBM.from_parameters([[0.0]], [np.log(3)], [0.0])).round(12)
    array([0.25, 0.75])
    """
    checked_bernoulli(rbm)
    if rbm.n_visible > MOST_UNITS_LISTED:
        raise ValueError(
            f"rbm must have at most {MOST_UNITS_LISTED} visible units to list their states, "
            f"got {rbm.n_visible}"
        )
    with single_threaded_blas():
        blocks = _blocks(rbm.visible, rbm.hidden, rbm.weights)
        return softmax(np.concatenate([log_weights for _, _, log_weights in blocks]))


def gibbs_matrix(rbm):
    r"""Transition matrix of a Gibbs step v -> h -> v', with all states of the hidden units summed.

    Parameters
    ----------
    rbm : BernoulliRBM
        With at most 12 units in each layer.

    Returns
    -------
    matrix : ndarray of float64, shape (2**n_visible, 2**n_visible)
        ``matrix[a, b]`` is the probability of the state a after the state b, in the order of
        `rgrbm.ising.enumerate_spins`: each column has the sum 1, and
        ``matrix @ exact_distribution(rbm)`` is the same distribution.

    Raises
    ------
    ValueError
        If there are too many units.
    TypeError
        If `rbm` is no BernoulliRBM.

    Notes
    -----
    :math:`W(v \to v') = \sum_h p(v' | h) \, p(h | v)`: the step of block Gibbs sampling, and the
    one by which CD-k moves its chains k times. It acts on a law from the left, as every matrix
    of probabilities in the book does.

    Examples
    --------
    >>> gibbs_matrix(BernoulliRBM.from_parameters([[0.0]], [np.log(3)], [0.0])).round(12)
    array([[0.25, 0.25],
           [0.75, 0.75]])
    """
    checked_bernoulli(rbm)
    if max(rbm.n_visible, rbm.n_hidden) > MOST_UNITS_IN_MATRIX:
        raise ValueError(
            f"rbm must have at most {MOST_UNITS_IN_MATRIX} units in each layer, "
            f"got {rbm.n_visible} visible and {rbm.n_hidden} hidden ones"
        )
    visible, hidden = _states(rbm.n_visible), _states(rbm.n_hidden)
    with single_threaded_blas():
        up = _law(rbm.hidden, hidden, visible @ rbm.weights).T
        down = _law(rbm.visible, visible, hidden @ rbm.weights.T).T
        return down @ up


@lru_cache(8)
def _states(n_units):
    """List the states of bits in binary order, the last one changing fastest."""
    states = (np.arange(2**n_units)[:, None] >> np.arange(n_units)[::-1] & 1).astype(np.float64)
    states.flags.writeable = False
    return states


def _law(layer, states, push):
    """Probabilities of all states of a layer of bits (columns), under each row of a push."""
    inputs = push + layer.bias  # a unit is off, or on, at the cost of ln(1 + exp(+-input))
    costs = np.logaddexp(0, inputs) @ (1 - states).T + np.logaddexp(0, -inputs) @ states.T
    return np.exp(-costs)


def ais_log_partition(rbm, *, n_chains, n_temperatures, rng):
    """Estimate ln Z by annealed importance sampling.

    Parameters
    ----------
    rbm : BernoulliRBM or GaussianBernoulliRBM
    n_chains : int
        Independent chains, at least 2; a hundred or more for a steady error.
    n_temperatures : int
        Steps K from the machine without weights to `rbm`, at least 1.
    rng : numpy.random.Generator

    Returns
    -------
    estimate : Estimate
        ln Z and its standard error, floats.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.
    FloatingPointError
        If an energy is too large for a float (Gaussian units), or a parameter was made NaN in
        place.

    Notes
    -----
    The value is ln Z_0 plus the logarithm of the mean weight. The error is the jackknife's, from
    the scatter of the weights, times the factor of Student's law: 1.84 for two chains, 1.06 for
    ten, 1.005 for a hundred. So the value is within its error in 68 % of all cases, with few chains
    too. But few chains hardly know their scatter: it is within two errors in 83 % of all cases with
    two chains, 88 % with three, 94 % with ten.

    The mean weight is right on average, but if it hangs on rare chains,
    then the value is mostly too small. An error above 0.3 says so: take more temperatures. A few
    hundred serve machines of some ten units, ten thousand are usual for machines of hundreds.

    What the error cannot see are states that no chain has found. They make the value too small, and
    more chains of the same length do not help. So repeat the estimate with three or ten times as
    many temperatures: if it rises by more than its error, it was too small. If it does not rise,
    this proves nothing. A well that becomes deep only near the end of the way, behind a barrier, is
    missed at any number of temperatures that one can afford, by all chains alike: the value can be
    ten too small with an error of 0.01.

    The time grows as n_chains * n_temperatures * n_visible * n_hidden.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rbm = BernoulliRBM.from_parameters(rng.normal(size=(8, 6)), np.zeros(8), np.zeros(6))
    >>> estimate = ais_log_partition(rbm, n_chains=100, n_temperatures=200, rng=rng)
    >>> abs(estimate.value - exact_log_partition(rbm)) < 4 * estimate.error
    True
    """
    if isinstance(rbm, GaussianGaussianRBM):
        raise TypeError(
            "rbm must have hidden bits, got a GaussianGaussianRBM: use exact_log_partition"
        )
    checked_machine(rbm)
    n_chains = checks.integer("n_chains", n_chains, 2)
    n_temperatures = checks.integer("n_temperatures", n_temperatures, 1)
    rng = checks.generator(rng)
    with np.errstate(over="ignore", invalid="ignore"), single_threaded_blas():
        log_weights, log_partition = _annealed(rbm, n_chains, n_temperatures, rng)
    log_mean, error = _log_mean(finite("the energy of a chain", log_weights))
    return Estimate(float(log_partition + log_mean), float(widening(n_chains) * error))


def _annealed(rbm, n_chains, n_temperatures, rng):
    """Logarithms of the chains' weights, and ln Z_0."""
    base = _without_weights(rbm)
    # Machine k is the base with beta times what the biases gain, and what the weights push.
    visible_gain = rbm.visible_bias - base.visible_bias
    hidden_gain = rbm.hidden_bias - base.hidden_bias
    log_weights = np.zeros(n_chains)
    visible = base.visible.draw(np.zeros((n_chains, rbm.n_visible)), rng)
    for step in range(n_temperatures):
        before, beta = step / n_temperatures, (step + 1) / n_temperatures
        energy_gap = rbm.visible.energy(visible) - base.visible.energy(visible)
        log_weights -= (beta - before) * energy_gap
        push = rbm.visible.scaled(visible) @ rbm.weights + hidden_gain
        log_weights += base.hidden.log_sum(beta * push) - base.hidden.log_sum(before * push)
        hidden = base.hidden.draw(beta * push, rng)
        visible = base.visible.draw(beta * (hidden @ rbm.weights.T + visible_gain), rng)
    log_partition = base.visible.log_sum(np.zeros(rbm.n_visible))
    return log_weights, log_partition + base.hidden.log_sum(np.zeros(rbm.n_hidden))


def _without_weights(rbm):
    """Machine from which to start; the module's docstring has the reasons."""
    spread = np.sum(rbm.weights**2, axis=1) / 4  # a coin has the variance 1/4
    visible_bias = np.full(rbm.n_hidden, 1 / 2) @ rbm.weights.T + rbm.visible_bias
    if isinstance(rbm, BernoulliRBM):
        visible_bias = _half_of_mean_field(visible_bias, spread)
        mean = expit(visible_bias)
        variance = mean * (1 - mean)
    else:
        mean, variance = visible_bias, rbm.sigma**2 + spread
    hidden_bias = rbm.visible.scaled(mean) @ rbm.weights + rbm.hidden_bias
    spread = variance @ rbm.visible.scaled(rbm.weights.T).T ** 2
    hidden_bias = _half_of_mean_field(hidden_bias, spread)
    base = rbm.copy()
    base.weights = np.zeros_like(rbm.weights)
    # Any biases will do; beyond the bounds, those on them.
    base.visible_bias = np.clip(visible_bias, -checks.LARGEST, checks.LARGEST)
    hidden_bias = finite("what visible units send to hidden ones", hidden_bias)
    base.hidden_bias = np.clip(hidden_bias, -checks.LARGEST, checks.LARGEST)
    return base


def _half_of_mean_field(mean, variance):
    """Half of the bias that stands for normal inputs with this mean and variance."""
    return mean / np.sqrt(1 + np.pi / 8 * variance) / 2


def _log_mean(log_weights):
    """Logarithm of the mean of exp(log_weights), and its standard error by the jackknife."""
    n = len(log_weights)
    before = np.logaddexp.accumulate(np.append(-np.inf, log_weights[:-1]))
    after = np.logaddexp.accumulate(np.append(-np.inf, log_weights[:0:-1]))[::-1]
    left_out = np.logaddexp(before, after)
    error = math.sqrt((n - 1) / n) * math.hypot(*(left_out - left_out.mean()))
    return np.logaddexp.reduce(log_weights) - np.log(n), error


def log_likelihood(rbm, data, log_partition):
    """Mean log-likelihood of data, given ln Z.

    Parameters
    ----------
    rbm : BernoulliRBM, GaussianBernoulliRBM or GaussianGaussianRBM
    data : array_like, shape (n_samples, n_visible)
        Visible states, at least one.
    log_partition : float
        ln Z, exact or estimated; an error of it is one of the result.

    Returns
    -------
    log_likelihood : float
        Mean of ln p(v) = -F(v) - ln Z over the rows of `data`, in nats; a density if v is real.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> rbm = BernoulliRBM.from_parameters([[0.0]], [0.0], [0.0])
    >>> round(float(np.exp(log_likelihood(rbm, [[0], [1]], np.log(4)))), 12)
    0.5
    """
    data = checked_samples(checked_machine(rbm).visible, data)
    log_partition = checks.number("log_partition", log_partition)
    pieces = np.array_split(data, range(SAMPLES_PER_PIECE, len(data), SAMPLES_PER_PIECE))
    with single_threaded_blas():
        free_energy = np.concatenate([rbm.free_energy(piece) for piece in pieces])
    with np.errstate(over="ignore"):
        return float(finite("the log-likelihood", -free_energy.mean() - log_partition))


def kl_divergence(p, q):
    """Kullback-Leibler divergence, sum p ln(p / q).

    Parameters
    ----------
    p, q : array_like, one shape
        Probabilities: not negative, with the sum 1 to within 1e-8.

    Returns
    -------
    divergence : float
        In nats, at least 0; inf where q = 0 < p.

    Raises
    ------
    ValueError, TypeError
        If an argument is no distribution, or the shapes differ.

    Examples
    --------
    >>> round(kl_divergence([0.5, 0.5], [0.25, 0.75]), 4)
    0.1438
    >>> kl_divergence([0.5, 0.5], [1.0, 0.0])
    inf
    """
    p, q = _distribution("p", p), _distribution("q", q)
    if p.shape != q.shape:
        raise ValueError(f"p and q must have one shape, got {p.shape} and {q.shape}")
    return max(0.0, float(rel_entr(p, q).sum()))  # rounding could leave -1e-17


def _distribution(name, value):
    array = checks.array(name, value)
    if (array < 0).any() or abs(array.sum() - 1) > 1e-8:
        raise ValueError(
            f"{name} must be a distribution: not negative, with the sum 1; "
            f"its sum is {array.sum()}" + (f", its least value {array.min()}" if array.size else "")
        )
    return array


def _smaller_first(rbm):
    """Return the layer with fewer states, the other one, and the weights from one to the other."""
    checked_machine(rbm)
    listed, other, weights = min(
        (rbm.hidden, rbm.visible, rbm.weights.T),
        (rbm.visible, rbm.hidden, rbm.weights),
        key=lambda pair: pair[0].n_states,
    )
    if listed.n_units > MOST_UNITS_SUMMED:
        raise ValueError(
            f"rbm must have at most {MOST_UNITS_SUMMED} units in the layer to be enumerated, "
            f"got {listed.n_units} {'hidden' if listed is rbm.hidden else 'visible'} units: "
            "use ais_log_partition"
        )
    return listed, other, weights


def _blocks(listed, other, weights):
    """List the states of a layer of bits in blocks.

    Yields
    ------
    states : ndarray, shape (n, n_units)
        In binary order, the last unit changing fastest.
    push : ndarray, shape (n, n_others)
        On the units of the other layer.
    log_weights : ndarray, shape (n,)
        Minus the free energies.
    """
    n_units, n_others = weights.shape
    # Within a block only the last units change. What they add to the push is the same in each.
    n_fast = min(n_units, max(0, int(np.log2(NUMBERS_PER_BLOCK / n_others))))
    n_slow = n_units - n_fast
    fast = _states(n_fast)
    fast_push, fast_bias = fast @ weights[n_slow:], fast @ listed.bias[n_slow:]
    if n_slow == 0:
        yield fast, fast_push, fast_bias + other.log_sum(fast_push)
        return
    for slow in product((0.0, 1.0), repeat=n_slow):
        slow = np.array(slow)
        push = fast_push + slow @ weights[:n_slow]
        log_weights = fast_bias + slow @ listed.bias[:n_slow] + other.log_sum(push)
        yield np.hstack([np.tile(slow, (len(fast), 1)), fast]), push, log_weights


def _scaled_sum(blocks, block_sum):
    """Add up ``block_sum(states, push, exp(log_weights - scale))``; return the scale and the sum.

    The scale is the largest logarithm so far: so nothing overflows, and no block must be kept.
    """
    scale, total = -np.inf, 0.0
    for states, push, log_weights in blocks:
        largest = max(scale, log_weights.max())
        total = total * np.exp(scale - largest)
        total = total + block_sum(states, push, np.exp(log_weights - largest))
        scale = largest
    return scale, total
