r"""Laws of generative models over all states of a few spins, exactly.

Each model is given as a function that returns *log-odds*: :math:`l_i = \ln p(s_i = 1) - \ln
p(s_i = -1)`, so that :math:`p(s_i) = \sigma(s_i l_i)` with the logistic function. Whatever network
is behind the function, the law sums to one. All laws list the states in the order of
`rgrbm.ising.enumerate_spins`.
"""

import numpy as np
from scipy.special import expit, log_expit

from rgrbm._core import checks
from rgrbm._core.blas import single_threaded_blas
from rgrbm.ising import enumerate_spins

__all__ = [
    "autoregressive_law",
    "bitflip_law",
    "decoder_law",
    "evidence_bound",
    "flip_bits",
    "flip_posterior",
    "masked_law",
]

MOST_SITES = 16
MOST_SITES_MASKED = 12  # 3**12 is half a million
REACH = 6.5  # widths of the normal law: what is further out has the weight 2e-10
PIECE = 2**14  # states in one call of a model


def decoder_law(decoder, *, n_points=131):
    r"""Law of spins that are independent given two normal latents: of a VAE or a GAN with coins.

    .. math::

        q(s) = \int \frac{e^{-z^2/2}}{2\pi} \prod_i \sigma\big(s_i \, l_i(z)\big) \, d^2 z

    Parameters
    ----------
    decoder : callable
        ``decoder(latents)`` turns an array (m, 2) into log-odds (m, n), n from 1 to 16.
    n_points : int, optional
        Points of the grid on each axis, from -6.5 to 6.5; from 3 to 2001.

    Returns
    -------
    law : ndarray of float64, shape (2**n,)
        Its sum is 1 to within 1e-9 if there are 40 points or more.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or `decoder` gives something else.

    Notes
    -----
    The sum over the grid converges faster than any power if the log-odds are smooth, and as the
    square of the spacing where they have kinks. Twice the points tell the error. The states of half
    of the spins are a matrix with one row per latent; the law is the product of two such matrices.

    Examples
    --------
    >>> decoder_law(lambda latents: 40 * latents).round(2)  # each spin the sign of a latent
    array([0.25, 0.25, 0.25, 0.25])
    """
    checks.function("decoder", decoder)
    axis, step = np.linspace(
        -REACH, REACH, checks.integer("n_points", n_points, 3, 2001), retstep=True
    )
    weights = step * np.exp(-(axis**2) / 2) / np.sqrt(2 * np.pi)
    law = 0.0
    for x, weight in zip(axis, weights, strict=True):
        latents = np.stack([np.full(len(axis), x), axis], axis=1)
        log_odds = _numbers("decoder", decoder(latents), (len(axis), None))
        checks.integer("the sites of decoder", log_odds.shape[1], 1, MOST_SITES)
        law = law + _mixture(weight * weights, log_odds)
    return law


def evidence_bound(decoder, encoder, n_sites, *, n_points=16):
    r"""The bound on ln q of every state that a variational autoencoder maximises.

    .. math::

        \text{ELBO}(s) = \big\langle \ln p(s | z) \big\rangle_{r(z | s)}
        - \mathrm{KL}\big(r(z | s) \,\Vert\, \mathcal N(0, 1)\big) \le \ln q(s),

    and the gap is the divergence of r from the exact law of the latents given s.

    Parameters
    ----------
    decoder : callable
        As of `decoder_law`.
    encoder : callable
        ``encoder(spins)`` turns an array (m, n) into two, (m, 2) each: the mean of the normal law
        r of the latents, and the logarithm of its width.
    n_sites : int
        From 1 to 16.
    n_points : int, optional
        Points of Gauss and Hermite's rule on each axis, from 1 to 100.

    Returns
    -------
    bound : ndarray of float64, shape (2**n_sites,)
        In nats.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or a function gives something else.

    Examples
    --------
    >>> def blind(spins):  # the prior, for each state
    ...     return np.zeros((len(spins), 2)), np.zeros((len(spins), 2))
    >>> evidence_bound(lambda latents: 0 * latents[:, :1], blind, 1).round(6)
    array([-0.693147, -0.693147])
    """
    checks.function("decoder", decoder)
    checks.function("encoder", encoder)
    spins = enumerate_spins(checks.integer("n_sites", n_sites, 1, MOST_SITES)).astype(float)
    nodes, weights = np.polynomial.hermite_e.hermegauss(
        checks.integer("n_points", n_points, 1, 100)
    )
    weights = weights / weights.sum()
    both = encoder(spins)
    if not isinstance(both, (tuple, list)) or len(both) != 2:
        raise ValueError(
            f"encoder must give means and logarithms of widths, got {checks.shown(both)}"
        )
    mean, log_width = (_numbers("encoder", part, (len(spins), 2)) for part in both)
    width = np.exp(log_width)
    bound = (1 + 2 * log_width - mean**2 - width**2).sum(axis=1) / 2
    for x, weight_x in zip(nodes, weights, strict=True):
        for y, weight_y in zip(nodes, weights, strict=True):
            log_odds = decoder(mean + width * np.array([x, y]))
            log_odds = _numbers("decoder", log_odds, spins.shape)
            bound += weight_x * weight_y * log_expit(spins * log_odds).sum(axis=1)
    return bound


def autoregressive_law(conditionals, n_sites, site_order=None):
    r"""Law of spins that are drawn one after the other, each given those before it.

    .. math::

        q(s) = \prod_k \sigma\big(s_{i_k} \, l_{i_k}(s_{i_1}, \dots, s_{i_{k-1}})\big)

    Parameters
    ----------
    conditionals : callable
        ``conditionals(states)`` turns an array (m, n_sites) of spins, with 0 for those that are not
        drawn yet, into log-odds (m, n_sites). Only those of the next spin are used.
    n_sites : int
        From 1 to 16.
    site_order : sequence of int, optional
        The sites in the order in which they are drawn; by default 0, 1, ...

    Returns
    -------
    law : ndarray of float64, shape (2**n_sites,)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or `conditionals` gives something else.

    Examples
    --------
    >>> def copy(states):  # of the first spin
    ...     return 40 * states[:, :1] * np.ones((1, 2))
    >>> autoregressive_law(copy, 2).round(6)
    array([0.5, 0. , 0. , 0.5])
    """
    checks.function("conditionals", conditionals)
    n_sites = checks.integer("n_sites", n_sites, 1, MOST_SITES)
    order = np.arange(n_sites)
    if site_order is not None:
        order = checks.integers("site_order", site_order, 0, n_sites - 1)
    if order.shape != (n_sites,) or len(set(order.tolist())) != n_sites:
        raise ValueError(
            f"site_order must hold each of {n_sites} sites once, got {checks.shown(order)}"
        )
    law = np.ones(1)
    for k, site in enumerate(order):
        states = np.zeros((2**k, n_sites))
        if k:
            states[:, order[:k]] = enumerate_spins(k)
        log_odds = _called("conditionals", conditionals, states)[:, site]
        law = np.stack([law * expit(-log_odds), law * expit(log_odds)], axis=1).ravel()
    return law.reshape((2,) * n_sites).transpose(np.argsort(order)).ravel()


def masked_law(conditionals, n_sites):
    r"""Law of masked diffusion: the spins are drawn one by one, in an order drawn by lot.

    With :math:`q(s_{\mathcal S})` the probability of the values on the set of the spins that are
    there after :math:`|\mathcal S|` of them,

    .. math::

        q(s_{\mathcal S}) = \frac{1}{|\mathcal S|} \sum_{i \in \mathcal S}
        q(s_{\mathcal S - i}) \, \sigma\big(s_i \, l_i(s_{\mathcal S - i})\big).

    Parameters
    ----------
    conditionals : callable
        As of `autoregressive_law`; the log-odds of all spins that are 0 are used.
    n_sites : int
        From 1 to 12.

    Returns
    -------
    law : ndarray of float64, shape (2**n_sites,)
        The mean of `autoregressive_law` over all orders.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or `conditionals` gives something else.

    Notes
    -----
    There are n! orders, but only 3**n partial states: each spin is -1, +1, or not there yet.

    Examples
    --------
    >>> masked_law(lambda states: states.sum(axis=1, keepdims=True) * np.ones((1, 2)), 2).round(4)
    array([0.3655, 0.1345, 0.1345, 0.3655])
    """
    checks.function("conditionals", conditionals)
    n_sites = checks.integer("n_sites", n_sites, 1, MOST_SITES_MASKED)
    powers = 3 ** np.arange(n_sites)[::-1]
    digits = np.arange(3**n_sites)[:, None] // powers % 3  # 0: not there, 1: down, 2: up
    n_there = (digits > 0).sum(axis=1)
    law = np.zeros(3**n_sites)
    law[0] = 1.0
    for k in range(n_sites):
        here = np.flatnonzero(n_there == k)
        states = np.array([0.0, -1.0, 1.0])[digits[here]]
        log_odds = _called("conditionals", conditionals, states)
        for i in range(n_sites):
            free = states[:, i] == 0
            for digit, sign in ((1, -1), (2, 1)):
                drawn = law[here[free]] * expit(sign * log_odds[free, i])
                law[here[free] + digit * powers[i]] += drawn / (k + 1)
    return law[n_there == n_sites]


def bitflip_law(posterior, flips, n_sites):
    r"""Law of bit-flip diffusion with independent spins in each step back.

    On the way there, each spin of :math:`s_t` differs from that of the data with the probability
    :math:`a_t`, and at the last step it is a coin. On the way back, all spins of
    :math:`s_{t-1}` are drawn at once, given those of :math:`s_t`:

    .. math::

        p(s_{t-1, i} | s_t) = \sum_{s_{0,i}} q(s_{t-1,i} | s_{t,i}, s_{0,i}) \, p(s_{0,i} | s_t).

    Parameters
    ----------
    posterior : callable
        ``posterior(states, step)`` turns an array (m, n_sites) of the spins after a step into the
        log-odds (m, n_sites) of those of the data. Steps count from 1.
    flips : array_like, shape (n_steps,)
        The :math:`a_t`: above 0, growing, the last one 1/2.
    n_sites : int
        From 1 to 16.

    Returns
    -------
    law : ndarray of float64, shape (2**n_sites,)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or `posterior` gives something else.

    Notes
    -----
    Even the exact posterior leaves a divergence, since the spins of a step back are not independent
    in truth. It vanishes with many steps. With one step the law is the product of the marginals.

    Examples
    --------
    >>> law = [0.5, 0.0, 0.0, 0.5]
    >>> for n_steps in (1, 4, 64):
    ...     flips = np.arange(1, n_steps + 1) / (2 * n_steps)
    ...     print(bitflip_law(flip_posterior(law, flips), flips, 2).round(3))
    [0.25 0.25 0.25 0.25]
    [0.401 0.099 0.099 0.401]
    [0.494 0.006 0.006 0.494]
    """
    checks.function("posterior", posterior)
    flips = _flips(flips)
    spins = enumerate_spins(checks.integer("n_sites", n_sites, 1, MOST_SITES)).astype(float)
    law = np.full(len(spins), 1.0 / len(spins))
    for step in range(len(flips), 0, -1):
        log_odds = _called("posterior", posterior, spins, step)
        after, before = flips[step - 1], flips[step - 2] if step > 1 else 0.0
        once = (after - before) / (1 - 2 * before)  # a spin flips from one step to the next
        up = 0.0
        for data in (-1, 1):  # Bayes: the spin before, given that of the data and the one after
            ahead = _flipped(data, before) * np.where(spins > 0, 1 - once, once)
            other = (1 - _flipped(data, before)) * np.where(spins > 0, once, 1 - once)
            up = up + expit(data * log_odds) * ahead / (ahead + other)
        law = _mixture(law, up=up)
    return law


def flip_bits(law, flip):
    """Law of spins after each has been flipped with some probability.

    Parameters
    ----------
    law : array_like, shape (2**n,)
        Probabilities: not negative, with the sum 1 to within 1e-8; n from 1 to 16.
    flip : float
        From 0 to 1/2.

    Returns
    -------
    law : ndarray of float64, shape (2**n,)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> flip_bits([1.0, 0.0, 0.0, 0.0], 0.25)
    array([0.5625, 0.1875, 0.1875, 0.0625])
    """
    return _noisy(_law(law), checks.real("flip", flip, 0.0, 0.5))


def flip_posterior(law, flips):
    """The exact posterior of bit-flip diffusion: what the best network would give.

    Parameters
    ----------
    law : array_like, shape (2**n,)
        Of the data, as of `flip_bits`.
    flips : array_like, shape (n_steps,)
        As of `bitflip_law`.

    Returns
    -------
    posterior : callable
        For `bitflip_law`: ``posterior(states, step)`` gives the log-odds of the spins of the data.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> posterior = flip_posterior([0.25, 0.75], [0.1, 0.5])
    >>> np.exp(posterior([[1]], 1)).round(6)  # 0.75 * 0.9 to 0.25 * 0.1
    array([[27.]])
    >>> np.exp(posterior([[1]], 2)).round(6)  # a coin tells nothing
    array([[3.]])
    """
    law, flips = _law(law), _flips(flips)
    spins = enumerate_spins(len(law).bit_length() - 1)
    tables = []
    for flip in flips:
        up, down = (_noisy(law[:, None] * (spins == sign), flip) for sign in (1, -1))
        tiny = np.finfo(float).tiny
        tables.append(np.log(np.maximum(up, tiny)) - np.log(np.maximum(down, tiny)))

    def posterior(states, step):
        states = checks.spin_states("states", states, spins.shape[1])
        index = (states > 0) @ (1 << np.arange(spins.shape[1])[::-1])
        return tables[checks.integer("step", step, 1, len(tables)) - 1][index]

    return posterior


def _mixture(weights, log_odds=None, *, up=None):
    """Sum over the rows m of weights[m] times the law of independent spins with log_odds[m]."""
    up = expit(log_odds) if up is None else up
    down = 1 - up if log_odds is None else expit(-log_odds)
    half = up.shape[1] // 2
    first, second = (_products(down[:, part], up[:, part]) for part in (np.s_[:half], np.s_[half:]))
    with single_threaded_blas():
        return (first.T @ (weights[:, None] * second)).ravel()


def _products(down, up):
    """Probabilities of all states of independent spins, (m, n) -> (m, 2**n)."""
    found = np.ones((len(up), 1))
    for pair in zip(down.T, up.T, strict=True):
        found = (found[:, :, None] * np.stack(pair, axis=1)[:, None, :]).reshape(len(found), -1)
    return found


def _noisy(weights, flip):
    """Flip each bit of the first index with some probability."""
    for site in range(len(weights).bit_length() - 1):
        pair = weights.reshape(2**site, 2, -1)
        weights = ((1 - flip) * pair + flip * pair[:, ::-1]).reshape(weights.shape)
    return weights


def _flipped(data, flip):
    """Probability that a spin of the data is up after it may have been flipped."""
    return 1 - flip if data > 0 else flip


def _law(law):
    law = checks.array("law", law, (None,))
    n_sites = len(law).bit_length() - 1
    if len(law) != 2**n_sites or not 1 <= n_sites <= MOST_SITES:
        raise ValueError(
            f"law must list 2**n probabilities, n from 1 to {MOST_SITES}, got {len(law)}"
        )
    if law.min() < 0 or abs(law.sum() - 1) > 1e-8:
        raise ValueError(
            f"law must be a distribution: its sum is {law.sum()}, its least {law.min()}"
        )
    return law


def _flips(flips):
    flips = checks.array("flips", flips, (None,))
    if not (flips[0] > 0 and np.all(np.diff(flips) > 0) and flips[-1] == 0.5):
        raise ValueError(
            f"flips must be above 0, grow, and end at 1/2, got {checks.shown(flips.tolist())}"
        )
    return flips


def _called(name, model, states, *more):
    """Call a model piece by piece; check what it gives."""
    pieces = np.array_split(states, range(PIECE, len(states), PIECE))
    return np.concatenate([_numbers(name, model(some, *more), some.shape) for some in pieces])


def _numbers(name, found, shape):
    """Return what a model has given, if it has the right shape and is finite."""
    found = np.asarray(found, dtype=np.float64)
    fits = found.ndim == len(shape) and all(
        want in (None, got) for got, want in zip(found.shape, shape, strict=True)
    )
    if not fits or not np.isfinite(found).all():
        wanted = str(shape).replace("None", "n")
        raise ValueError(f"{name} must give finite numbers of the shape {wanted}")
    return found
