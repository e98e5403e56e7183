r"""The square Ising lattice, drawn scale by scale, with the probability of what was drawn.

Four spins, half the side apart, come first. Then, from coarse to fine, a level of spacing a adds
the spins that make a lattice of spacing a out of one of 2a: the centres of its squares first, and
then the middles of the edges. A new spin is up with the probability :math:`\sigma(2f)`, where f is
an odd function of the known spins x in a window around it,

.. math::

    f(x) = \sum_i w_i x_i + \sum_k b_k \sum_m \tanh \Big( \sum_i u_{k,m(i)} x_i \Big) .

The sum over m goes over the eight mirrors and turns of the square, and weights :math:`w_i` at equal
distances are equal: so f has the symmetry of the lattice, and with less to learn learns faster.

The probability q of a configuration is the product of those of its spins. The last spins have all
their neighbours among the known ones. Their f is K times the sum of the four: nothing is left to
learn there. All that is learnt is learnt layer by layer, from what the layer sees and draws.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from rgrbm._core import checks
from rgrbm._core.blas import single_threaded_blas
from rgrbm.ising.lattice import lattice_energy

__all__ = ["MultilevelSampler"]

LARGEST = 512  # sites a side
WIDEST = 8  # window
STRONGEST = 20.0  # coupling
SITES_AT_ONCE = 2**16  # of all samples that are drawn together: so windows stay in the cache
EXAMPLES = 2**10  # new spins in a step of Adam
RATE, MEMORY, MEMORY_OF_SQUARES, TINY = 0.03, 0.9, 0.99, 1e-8
LEAST_ESS = 0.15  # weights are softened until they leave as much
SOFTER = 0.8

SYMMETRIES = np.array(
    [
        [[1, 0], [0, 1]], [[1, 0], [0, -1]], [[-1, 0], [0, 1]], [[-1, 0], [0, -1]],
        [[0, 1], [1, 0]], [[0, 1], [-1, 0]], [[0, -1], [1, 0]], [[0, -1], [-1, 0]],
    ]
)  # fmt: skip
POWERS = 1 << np.arange(4)
CORNERS = (1 - 2 * (np.arange(16)[:, None] // POWERS % 2)).astype(np.float32)
# States of four corners that a symmetry turns into each other have one number.
TOTAL = CORNERS.sum(axis=1)
ALIKE = np.abs(TOTAL) + (TOTAL == 0) * CORNERS[:, 0] * CORNERS[:, 3]


@dataclass
class _Layer:
    """Spins that are drawn at once: where they are, what they see, and how they follow it."""

    spacing: int
    sites: np.ndarray  # (n_sites,) in the flat lattice
    offsets: np.ndarray  # (n_seen, 2) of the window, in units of the spacing, nearest first
    seen: np.ndarray  # (n_seen, n_sites) the windows, in the flat lattice
    turned: np.ndarray  # (8, n_seen) the window after each symmetry of the square
    shells: np.ndarray  # (n_seen,) one number for offsets that a symmetry makes equal
    exact: bool
    weights: np.ndarray  # (n_shells,)
    amplitudes: np.ndarray  # (n_hidden,)
    units: np.ndarray  # (n_hidden, n_seen)

    def follow(self, seen):
        """Return f for windows of the shape (n_seen, n), and the units, (8 n_hidden, n)."""
        units = np.tanh(self.units[:, self.turned].reshape(-1, len(seen)) @ seen)
        return self.weights[self.shells] @ seen + np.repeat(self.amplitudes, 8) @ units, units


class MultilevelSampler:
    r"""Independent samples of the square Ising torus, scale by scale, with their probability.

    It starts as a rough guess, to be fitted to samples (`fit`), or to its own samples with
    importance weights (`refit_by_weights`), which needs no Markov chain. One that is fitted hands
    its parameters to a lattice of twice the side (`enlarge`).

    Parameters
    ----------
    size : int
        Sites a side: a power of two from 4 to 512.
    coupling : float
        Reduced K = J/T, dimensionless, from -20 to 20.
    n_colors : int, optional
        With 2, the centres are drawn in two colours of a checkerboard, and so are the middles of
        the edges, and the second colour sees the first. With 1 all centres are drawn at once, and
        so are all middles.
    window : int, optional
        A spin sees what is known up to so many spacings away in both directions, from 1 (only the
        nearest) to 8.
    n_hidden : int, optional
        Units :math:`\tanh` of each layer, of eight mirrored copies each. With 0, f is linear.
    rng : numpy.random.Generator
        For the first guess of the units.

    Attributes
    ----------
    log_first : ndarray, shape (16,)
        Logarithms of the probabilities of the first four spins; bit k of an index says that the
        k-th is down.
    layers : list
        What is drawn next, from coarse to fine. Each has float32 arrays ``weights`` (n_shells,),
        ``amplitudes`` (n_hidden,) and ``units`` (n_hidden, n_seen), which may be written to, and
        ``exact``: then they are given by the model.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    In the manner of the multilevel samplers of :cite:t:`singha2025`, whose conditional laws are
    neural networks. With ``n_colors=1``, ``window=1`` and ``n_hidden=0`` each spin is drawn from a
    heat bath of its nearest known spins, with one coupling a layer.

    As each f is odd, q is the same after all spins are turned over. Parameters and windows are
    float32, the logarithms of q are summed in float64.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sampler = MultilevelSampler(4, 0.4, rng=rng)
    >>> ess = sampler.refit_by_weights(2000, 2, n_steps=100, rng=rng)
    >>> spins, log_q = sampler.sample(1000, rng)
    >>> bool(np.allclose(log_q, sampler.log_prob(spins)))
    True
    """

    def __init__(self, size, coupling, *, n_colors=2, window=3, n_hidden=4, rng):
        self.size = checks.integer("size", size, 4, LARGEST)
        if self.size & (self.size - 1):
            raise ValueError(f"size must be a power of two, got {self.size}")
        self.coupling = checks.real("coupling", coupling, -STRONGEST, STRONGEST)
        self.n_colors = checks.integer("n_colors", n_colors, 1, 2)
        self.window = checks.integer("window", window, 1, WIDEST)
        self.n_hidden = checks.integer("n_hidden", n_hidden, 0, 2**10)
        checks.generator(rng)
        self._corners = self.size // 2 * np.array([0, 1, self.size, self.size + 1])
        self.log_first = np.full(16, -np.log(16))
        self.layers = self._lay(rng)

    def sample(self, n_samples, rng):
        """Draw configurations.

        Parameters
        ----------
        n_samples : int
            At least 1.
        rng : numpy.random.Generator

        Returns
        -------
        spins : ndarray of int8, shape (n_samples, size, size)
        log_q : ndarray, shape (n_samples,)
            Logarithm of the probability with which each was drawn.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.
        """
        n_samples = checks.integer("n_samples", n_samples, 1)
        checks.size("n_samples", n_samples, self.size, self.size)
        checks.generator(rng)
        spins = np.empty((n_samples, self.size**2), dtype=np.int8)
        log_q = np.empty(n_samples)
        for part in self._parts(n_samples):
            drawn = np.empty((self.size**2, len(log_q[part])), dtype=np.float32)
            log_q[part] = self._go_through(drawn, rng)
            spins[part] = drawn.T
        return spins.reshape(-1, self.size, self.size), log_q

    def log_prob(self, spins):
        """Logarithm of the probability to draw given configurations.

        Parameters
        ----------
        spins : array_like, shape (..., size, size)
            -1 and +1.

        Returns
        -------
        log_q : float or ndarray, shape (...)

        Raises
        ------
        ValueError, TypeError
            If `spins` is not as described.
        """
        spins = self._checked(spins)
        flat = spins.reshape(-1, self.size**2)
        log_q = np.empty(len(flat))
        for part in self._parts(len(flat)):
            log_q[part] = self._go_through(flat[part].T.astype(np.float32, order="C"))
        return log_q.reshape(spins.shape[:-2])[()]

    def fit(self, spins, *, n_steps, rng, weights=None):
        """Raise the likelihood of configurations.

        Parameters
        ----------
        spins : array_like, shape (n_samples, size, size)
            -1 and +1, at least one.
        n_steps : int
            Steps of Adam in each layer, at least 0, each with about a thousand new spins.
        rng : numpy.random.Generator
            Picks them.
        weights : array_like, shape (n_samples,), optional
            How much each configuration counts; not negative, and not all 0.

        Returns
        -------
        self : MultilevelSampler

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Notes
        -----
        Adam is that of :cite:t:`kingma2015`, with a rate that falls to zero. The law of the first
        four spins is counted, with half a sample more for each of their states.
        """
        spins = self._checked(spins)
        if spins.ndim != 3 or not len(spins):
            raise ValueError(
                f"spins must have the shape (n >= 1, {self.size}, {self.size}), got {spins.shape}"
            )
        if weights is None:
            weights = np.ones(len(spins))
        weights = checks.array("weights", weights, (len(spins),))
        if weights.min() < 0 or not weights.any():
            raise ValueError("weights must not be negative, and not all be 0")
        n_steps = checks.integer("n_steps", n_steps, 0)
        checks.generator(rng)
        weights /= weights.max()  # so that no sum overflows
        flat = spins.reshape(len(spins), -1)
        counts = 0.5 + len(spins) * np.bincount(
            _corner_states(flat[:, self._corners].T), weights / weights.sum(), minlength=16
        )
        for kind in set(ALIKE):
            counts[kind == ALIKE] = counts[kind == ALIKE].mean()
        self.log_first = np.log(counts / counts.sum())
        cumulated = np.cumsum(weights) / weights.sum()
        with single_threaded_blas():
            for layer in self.layers:
                if not layer.exact:
                    _fit(layer, flat, cumulated, n_steps, rng)
        return self

    def refit_by_weights(self, n_samples, n_rounds, *, n_steps, rng):
        r"""Fit to its own samples, with the weights that correct them: no Markov chain is needed.

        Parameters
        ----------
        n_samples : int
            Configurations in a round, at least 2.
        n_rounds : int
            At least 0. In each, new configurations are drawn, weighted with :math:`e^{-E}/q`, and
            fitted.
        n_steps : int
            As in `fit`.
        rng : numpy.random.Generator

        Returns
        -------
        ess : ndarray, shape (n_rounds,)
            Effective sample size before each fit, as a fraction of `n_samples`.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Notes
        -----
        Weights that leave fewer than 15 % of the samples are taken to a power below 1 that does.
        """
        n_samples = checks.integer("n_samples", n_samples, 2)
        checks.size("n_samples", n_samples, self.size, self.size)
        n_rounds = checks.integer("n_rounds", n_rounds, 0)
        n_steps = checks.integer("n_steps", n_steps, 0)
        checks.generator(rng)
        found = np.empty(n_rounds)
        for k in range(n_rounds):
            spins, log_q = self.sample(n_samples, rng)
            log_weights = -lattice_energy(spins, self.coupling) - log_q
            log_weights -= log_weights.max()
            found[k] = _ess(log_weights)
            while _ess(log_weights) < LEAST_ESS:
                log_weights *= SOFTER
            self.fit(spins, n_steps=n_steps, rng=rng, weights=np.exp(log_weights))
        return found

    def enlarge(self, *, rng):
        """Hand the parameters to a sampler of twice the side.

        Parameters
        ----------
        rng : numpy.random.Generator
            For units that have no counterpart here.

        Returns
        -------
        sampler : MultilevelSampler
            A better start than a guess: it may be fitted at once, or weighted.

        Raises
        ------
        ValueError, TypeError
            If `rng` is no generator, or the side would exceed 512.

        Notes
        -----
        A layer whose windows do not go round the torus takes the parameters of the layer of the
        same spacing, as it sees the same. The coarsest layers do go round. They take those of half
        the spacing, which see as much of their torus: right if the model looks the same on all
        scales.
        """
        larger = MultilevelSampler(
            2 * self.size,
            self.coupling,
            n_colors=self.n_colors,
            window=self.window,
            n_hidden=self.n_hidden,
            rng=rng,
        )
        larger.log_first = self.log_first.copy()
        n_each = len(self.layers) // (self.size.bit_length() - 2)  # layers of a level
        for k, layer in enumerate(larger.layers):
            source = self.layers[k] if k < len(self.layers) else self.layers[k - n_each]
            same = [other for other in self.layers if other.spacing == layer.spacing]
            if same and 2 * self.window * layer.spacing < self.size:
                source = same[k % n_each]
            if not layer.exact:
                _hand_over(source, layer)
        return larger

    def _parts(self, n_samples):
        length = max(1, SITES_AT_ONCE // self.size**2)
        return [slice(start, start + length) for start in range(0, n_samples, length)]

    def _checked(self, spins):
        spins = checks.lattice_states("spins", spins)
        if spins.shape[-1] != self.size:
            raise ValueError(f"spins must have {self.size} sites a side, got {spins.shape[-1]}")
        return spins

    def _go_through(self, spins, rng=None):
        """Return log q of flat lattices, one a column; with a generator, draw them first."""
        if rng is not None:
            state = rng.choice(16, size=spins.shape[1], p=np.exp(self.log_first))
            spins[self._corners] = CORNERS[state].T
        log_q = self.log_first[_corner_states(spins[self._corners])]
        with single_threaded_blas():
            for layer in self.layers:
                seen = spins[layer.seen].reshape(len(layer.seen), -1)
                pull = layer.follow(seen)[0].reshape(len(layer.sites), -1)
                if rng is not None:
                    up = rng.random(pull.shape, dtype=np.float32) < expit(2 * pull)
                    spins[layer.sites] = 2 * up.view(np.int8) - 1
                pull *= -2 * spins[layer.sites]
                log_q -= np.logaddexp(0, pull).sum(axis=0, dtype=np.float64)
        return log_q

    def _lay(self, rng):
        """List the layers, from coarse to fine."""
        layers = []
        known = np.zeros((self.size, self.size), dtype=bool)
        known.flat[self._corners] = True
        spacing = self.size // 4
        while spacing:
            new = np.zeros_like(known)
            new[::spacing, ::spacing] = True
            y, x = np.nonzero(new & ~known)
            centre = (y // spacing % 2 == 1) & (x // spacing % 2 == 1)
            # Of the centres, a checkerboard of the squares; of the edges, those in the known rows.
            color = np.where(centre, (y + x) // spacing // 2 % 2 == 0, y // spacing % 2 == 1)
            for kind in (centre, ~centre):
                groups = [kind & ~color, kind & color] if self.n_colors == 2 else [kind]
                for which in groups:
                    group = np.stack([y[which], x[which]], axis=1)
                    exact = spacing == 1 and kind is not centre
                    layers.append(self._layer(spacing, group, known, exact, rng))
                    known[tuple(group.T)] = True
            spacing //= 2
        return layers

    def _layer(self, spacing, group, known, exact, rng):
        period = self.size // spacing
        reach = np.arange(-self.window, self.window + 1)
        offsets = np.stack(np.meshgrid(reach, reach, indexing="ij"), axis=-1).reshape(-1, 2)
        offsets = np.unique((offsets + period // 2) % period - period // 2, axis=0)
        sites = (group[0] + spacing * offsets) % self.size
        offsets = offsets[known[tuple(sites.T)]]
        if exact:
            offsets = offsets[np.abs(offsets).sum(axis=1) == 1]
        shells = np.sort(np.abs(offsets), axis=1)
        order = np.lexsort([*offsets.T, *shells.T, (shells**2).sum(axis=1)])
        offsets, shells = offsets[order], shells[order]
        new_shell = np.r_[False, (shells[1:] != shells[:-1]).any(axis=1)]
        place = {tuple(offset): k for k, offset in enumerate(offsets % period)}
        turned = [
            [place[tuple(turn @ offset % period)] for offset in offsets] for turn in SYMMETRIES
        ]
        seen = (group + spacing * offsets[:, None]) % self.size
        shells = np.cumsum(new_shell)
        n_hidden = 0 if exact else self.n_hidden
        # All but the last spins are on one colour of the checkerboard: K < 0 makes them alike, too.
        nearest = self.coupling if exact else abs(self.coupling)
        weights = np.where(np.arange(shells[-1] + 1) == 0, nearest, 0)
        units = rng.normal(0, len(offsets) ** -0.5, (n_hidden, len(offsets)))
        return _Layer(
            spacing=spacing,
            sites=group @ [self.size, 1],
            offsets=offsets,
            seen=seen @ [self.size, 1],
            turned=np.array(turned),
            shells=shells,
            exact=exact,
            weights=weights.astype(np.float32),
            amplitudes=np.zeros(n_hidden, dtype=np.float32),
            units=units.astype(np.float32),
        )


def _corner_states(corners):
    return (corners < 0).T @ POWERS


def _ess(log_weights):
    weights = np.exp(log_weights)
    return weights.sum() ** 2 / (weights**2).sum() / len(weights)


def _hand_over(source, layer):
    """Copy the parameters of all offsets that both layers have."""
    place = {tuple(offset): k for k, offset in enumerate(source.offsets)}
    pairs = [(k, place.get(tuple(offset))) for k, offset in enumerate(layer.offsets)]
    layer.weights[:] = 0
    if len(source.amplitudes):
        layer.amplitudes[:] = source.amplitudes
        layer.units[:] = 0
    for k, old in pairs:
        if old is not None:
            layer.weights[layer.shells[k]] = source.weights[source.shells[old]]
            if len(source.amplitudes):
                layer.units[:, k] = source.units[:, old]


def _shell_sums(layer):
    """Return a matrix that sums over the offsets of each shell, (n_shells, n_seen)."""
    return np.equal.outer(np.arange(len(layer.weights)), layer.shells).astype(np.float32)


def _gradient(layer, seen, drawn, shell_sums, back):
    """Slopes of the mean log-likelihood of drawn spins, for weights, amplitudes and units."""
    pull, units = layer.follow(seen)
    slope = (2 / drawn.size) * drawn * expit(-2 * drawn * pull)
    by_unit = (units @ slope).reshape(-1, 8).sum(axis=1)
    units = slope * (1 - units**2)
    by_seen = (units @ seen.T).reshape(-1, 8, len(seen))
    by_seen = np.take_along_axis(by_seen, back[None], axis=2).sum(axis=1)
    return shell_sums @ (seen @ slope), by_unit, layer.amplitudes[:, None] * by_seen


def _fit(layer, flat, cumulated, n_steps, rng):
    """Raise the likelihood of the layer's spins, given those that they see, by Adam."""
    used, where = np.unique(np.r_[layer.sites[None], layer.seen], return_inverse=True)
    where = where.reshape(-1, len(layer.sites))
    flat = flat[:, used]
    n_configurations = -(-EXAMPLES // len(layer.sites))
    shell_sums, back = _shell_sums(layer), np.argsort(layer.turned, axis=1)  # undoes a symmetry
    parameters = [layer.weights, layer.amplitudes, layer.units]
    means = [np.zeros_like(part) for part in parameters]
    squares = [np.zeros_like(part) for part in parameters]
    for step in range(n_steps):
        picked = np.searchsorted(cumulated, rng.random(n_configurations), side="right")
        spins = flat[np.minimum(picked, len(flat) - 1)].T.astype(np.float32, order="C")
        drawn = spins[where[0]].ravel()
        seen = spins[where[1:]].reshape(len(layer.seen), -1)
        gradient = _gradient(layer, seen, drawn, shell_sums, back)
        rate = RATE * (1 - step / n_steps)
        for part, slope, mean, square in zip(parameters, gradient, means, squares, strict=True):
            mean += (1 - MEMORY) * (slope - mean)
            square += (1 - MEMORY_OF_SQUARES) * (slope**2 - square)
            unbiased = np.sqrt(square / (1 - MEMORY_OF_SQUARES ** (step + 1)))
            part += rate / (1 - MEMORY ** (step + 1)) * mean / (unbiased + TINY)
