r"""Scores learned from samples, by networks that predict the noise in them.

The networks are in JAX, which is loaded when the first is trained: ``pip install "rgrbm[book]"``.
"""

import numpy as np

from rgrbm._core import checks
from rgrbm._core.loading import load
from rgrbm.networks.basis import Basis
from rgrbm.networks.schedule import checked_schedule

__all__ = ["train_score"]

LARGEST_STATE = 1e10  # the networks have single precision


def train_score(
    fields,
    basis,
    schedule,
    *,
    network="ring",
    activation="relu",
    width=32,
    n_steps=1000,
    batch_size=128,
    learning_rate=3e-3,
    rng,
):
    r"""Train a network to predict the noise in fields, and make a score of it.

    The network sees the field, in every basis, so the basis decides which noise it has to predict,
    and not what it can compute. It minimises the mean square of the error of the predicted noise,
    with equal weights for all components and times.

    Parameters
    ----------
    fields : array_like, shape (n, d)
        At least two, on a ring or of any other kind with one axis.
    basis : Basis
        Of fields of the shape (d,); best a whitened one.
    schedule : Schedule
        Of d components; no noise level is below -150 or above 150.
    network : str, optional
        ``"ring"``: three layers that each see a site and its two neighbours, with the same weights
        at each site. ``"dense"``: three layers that see all.
    activation : str, optional
        ``"relu"`` or ``"silu"``.
    width : int, optional
        Channels, or hidden units, of a layer; from 1 to 4096.
    n_steps, batch_size : int, optional
        Steps, and samples in each; at least 1.
    learning_rate : float, optional
        Of Adam, above 0; it falls to zero as a cosine.
    rng : numpy.random.Generator

    Returns
    -------
    score : NetworkScore
        Called as ``score(states, time)``; ``score.with_diagonal(states, time)`` gives the exact
        diagonal of its derivatives too. `layers` is the list of its weights and biases, and
        `losses` has the loss of each step.

    Raises
    ------
    ImportError
        If JAX or optax is not installed.
    FloatingPointError
        If the training has led to numbers that are not finite, or to a loss that is a hundred
        times as large as at the start.
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    Whether the network has learned anything that no Gaussian has: ask `denoising_losses`. A falling
    loss does not tell. The same generator gives the same network on one machine; another processor
    rounds otherwise.

    Examples
    --------
    >>> from rgrbm.networks import Schedule, denoising_losses
    >>> rng = np.random.default_rng(0)
    >>> fields = rng.choice([-1.0, 1.0], size=(1000, 4)) + 0.1 * rng.normal(size=(1000, 4))
    >>> basis, schedule = Basis("pixel", (4,)), Schedule.soft(np.zeros(4))
    >>> score = train_score(fields, basis, schedule, n_steps=300, width=16, rng=rng)
    >>> losses = denoising_losses(score, schedule, basis.forward(fields), rng=rng)
    >>> bool(losses.gain.value > 0.03)
    True
    """
    fields = checks.array("fields", fields, (None, None))
    size = fields.shape[1]
    if len(fields) < 2:
        raise ValueError(f"fields must be at least two, got {len(fields)}")
    if not isinstance(basis, Basis):
        raise TypeError(f"basis must be a Basis, got {checks.shown(basis)}")
    if basis.shape != (size,):
        raise ValueError(f"basis must be of fields of the shape ({size},), got {basis.shape}")
    schedule = checked_schedule(schedule, "fields", size)
    if max(np.abs(schedule.gamma(time)).max() for time in (0.0, 1.0)) > 150:
        raise ValueError("schedule must have levels from -150 to 150")
    options = {
        "network": checks.choice("network", network, ("ring", "dense")),
        "activation": checks.choice("activation", activation, ("relu", "silu")),
    }
    sizes = {
        "width": checks.integer("width", width, 1, 4096),
        "n_steps": checks.integer("n_steps", n_steps, 1),
        "batch_size": checks.integer("batch_size", batch_size, 1),
    }
    checks.size("n_steps and batch_size", sizes["n_steps"], sizes["batch_size"])
    checks.size("batch_size and width", sizes["batch_size"], size, sizes["width"])
    learning_rate = checks.real("learning_rate", learning_rate, 0, 1e10, above=True)
    checks.generator(rng)
    states = basis.forward(fields)
    if np.abs(states).max() > LARGEST_STATE:
        raise ValueError(f"fields must have components of at most {LARGEST_STATE:g} in the basis")
    jax = _networks().jax
    into = (basis.scale[:, None] * basis.matrix) / max(np.std(fields - basis.mean), 1e-10)
    layers, losses = _networks().train(
        jax.random.key(int(rng.integers(2**31))),
        *map(_single, (states, schedule.start, schedule.rate, into, basis.matrix, learning_rate)),
        **options,
        **sizes,
    )
    layers = [tuple(np.asarray(part) for part in layer) for layer in layers]
    losses = np.asarray(losses, dtype=np.float64)
    finite = all(np.isfinite(part).all() for part in [losses, *sum(layers, ())])
    if not finite or losses[-1] > 100 * (1 + losses[0]):
        raise FloatingPointError("the training has diverged: try a smaller learning_rate")
    return NetworkScore(layers, losses, schedule, into, basis.matrix, options)


class NetworkScore:
    """The score that a network has learned; `train_score` makes one."""

    def __init__(self, layers, losses, schedule, into, matrix, options):
        self.layers, self.losses = layers, losses
        self.schedule, self.options = schedule, options
        self._turns = _single(into), _single(matrix)

    def __call__(self, states, time):
        states, time = self._checked(states, time)
        found = _networks().values(*self._given(states, time), **self.options)
        return -states - np.asarray(found, dtype=np.float64) / self.schedule.sigma(time)

    def with_diagonal(self, states, time):
        states, time = self._checked(states, time)
        found = _networks().with_diagonal(*self._given(states, time), **self.options)
        values, diagonal = (np.asarray(part, dtype=np.float64) for part in found)
        sigma = self.schedule.sigma(time)
        return -states - values / sigma, -1 - diagonal / sigma

    def _checked(self, states, time):
        size = len(self._turns[0])
        return checks.array("states", states, (None, size)), checks.real("time", time, 0, 1)

    def _given(self, states, time):
        return self.layers, _single(states), np.float32(time), *self._turns


def _single(value):
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(value, dtype=np.float32)


def _networks():
    return load("rgrbm.networks._score_networks", "book")
