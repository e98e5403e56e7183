"""The steps of training: gradients, and how the parameters follow them.

The NumPy form below reads like the equations. `rgrbm._training_kernels` does the same for machines
of bits, faster; given the same random numbers, and they share them, it does so up to rounding.
"""

import os
from dataclasses import dataclass
from threading import Lock

import numpy as np
from scipy.special import expit

from rgrbm._core.counter_rng import keys, uniforms
from rgrbm._core.packing import pack_units, unpack_units
from rgrbm.rbm.machines import BernoulliRBM
from rgrbm.rbm.partition import exact_moments

SMALL = 2**15  # visible units * hidden units * samples in an update: below, NumPy is fast enough
LARGE = 1e30  # sums of larger parameters could overflow in the kernels' float32

_one_at_a_time = Lock()  # numba's threads cannot be shared, ...
_forked = False


def _after_fork():  # ... nor can they be used in a process forked from one that has used them
    global _forked, _one_at_a_time
    _forked, _one_at_a_time = True, Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@dataclass(frozen=True, eq=False)
class Settings:
    """What stays the same in a run."""

    data: np.ndarray  # float64 (n_samples, n_visible)
    words: np.ndarray | None  # the same, packed, if they are bits
    learning_rate: object  # a function of the epoch
    batch_size: int
    method: str
    n_gibbs: int
    momentum: float
    l1: float
    mask: np.ndarray | None  # bool, like the weights
    n_threads: int
    seed: int

    @property
    def penalty(self):
        """Strength of L1, multiplied as momentum multiplies a steady gradient."""
        return self.l1 / (1 - self.momentum)

    def order(self, epoch):
        """Order of the samples in an epoch, or None if all are in one batch."""
        if self.batch_size == len(self.data):
            return None
        return np.random.default_rng([self.seed, epoch]).permutation(len(self.data))


@dataclass(frozen=True, eq=False)
class State:
    """What changes in a run. A step makes a new one: an interrupt leaves the old one whole."""

    epoch: int
    layer: int  # layers drawn so far: with the seed, the state of the random numbers
    rbm: object
    velocity: tuple  # arrays like weights, visible_bias, hidden_bias
    chains: np.ndarray | None  # float64 (n_chains, n_visible), of "pcd"


def advance(state, stop, settings):
    """Train up to the epoch `stop`.

    Returns the new state, and for each epoch the fraction of wrong bits, the mean squared deviation
    (Gaussian units), the log-likelihood ("exact") or nothing of use ("pcd").
    """
    rates = np.array([settings.learning_rate(epoch) for epoch in range(state.epoch + 1, stop + 1)])
    if _kernels_serve(state, rates, settings):
        return _advance_with_kernels(state, stop, rates, settings)
    with np.errstate(over="ignore", invalid="ignore"):  # `train` finds out what has diverged
        return _advance_with_numpy(state, stop, rates, settings)


def _advance_with_numpy(state, stop, rates, settings):
    rbm, velocity = state.rbm.copy(), tuple(part.copy() for part in state.velocity)
    chains, draws = state.chains, Draws(settings.seed, state.layer)
    curve = np.zeros(len(rates))
    n_samples = len(settings.data)
    for k, rate in enumerate(rates):
        order = settings.order(state.epoch + 1 + k)
        data = settings.data if order is None else settings.data[order]
        for start in range(0, n_samples, settings.batch_size):
            batch = data[start : start + settings.batch_size]
            if settings.method == "exact":
                gradient, value = exact_gradient(rbm, batch)
            elif settings.method == "cd":
                gradient, _, value = contrastive_gradient(rbm, batch, batch, settings, draws)
            else:
                gradient, chains, value = contrastive_gradient(rbm, batch, chains, settings, draws)
            climb(rbm, velocity, gradient, rate, settings)
            curve[k] += len(batch) / n_samples * value
    return State(stop, draws.layer, rbm, velocity, chains), curve


def exact_gradient(rbm, batch):
    """Gradient of the log-likelihood of a batch, and the log-likelihood."""
    moments = exact_moments(rbm)
    model = (
        rbm._precision[:, None] * moments.products,
        rbm._precision * moments.visible,
        moments.hidden,
    )
    log_likelihood = -rbm.free_energy(batch).mean() - moments.log_partition
    return difference(averages(rbm, batch), model), log_likelihood


def contrastive_gradient(rbm, batch, chains, settings, draws):
    """Gradient with moved chains for the model, these chains, and how far their first step went."""
    deviation = None
    for _ in range(settings.n_gibbs):
        hidden = draws.bits(expit(rbm._hidden_input(chains)))
        moved = draws.visible(rbm, hidden)
        deviation = np.mean((moved - chains) ** 2) if deviation is None else deviation
        chains = moved
    return difference(averages(rbm, batch), averages(rbm, chains)), chains, deviation


def averages(rbm, visible):
    """Averages of v h, v and h over samples of v, with p(h | v) for h."""
    hidden = expit(rbm._hidden_input(visible))
    scaled = visible * rbm._precision
    return scaled.T @ hidden / len(visible), scaled.mean(axis=0), hidden.mean(axis=0)


def difference(data, model):
    """Positive minus negative phase, for weights and both biases."""
    return tuple(positive - negative for positive, negative in zip(data, model, strict=True))


def climb(rbm, velocity, gradient, rate, settings):
    """Move the parameters up the gradient, in place."""
    parameters = (rbm.weights, rbm.visible_bias, rbm.hidden_bias)
    for parameter, speed, slope in zip(parameters, velocity, gradient, strict=True):
        speed *= settings.momentum
        speed += slope
        if settings.mask is not None and parameter is rbm.weights:
            speed *= settings.mask
        parameter += rate * speed
    if settings.l1 > 0:
        shrunk = np.maximum(np.abs(rbm.weights) - rate * settings.penalty, 0.0)
        np.copysign(shrunk, rbm.weights, out=rbm.weights)


class Draws:
    """Random layers, one after the other."""

    def __init__(self, seed, layer):
        self.seed, self.layer = seed, layer

    def bits(self, probabilities):
        """Draw bits, as float64."""
        key = keys(self.seed, self.layer, 1)[0]
        self.layer += 1
        return (uniforms(key, *probabilities.shape) < probabilities).astype(np.float64)

    def visible(self, rbm, hidden):
        """Draw visible states from p(v | h), as float64."""
        if isinstance(rbm, BernoulliRBM):
            return self.bits(expit(rbm._visible_input(hidden)))
        rng = np.random.default_rng([self.seed, self.layer, 1])
        self.layer += 1
        return rbm.sample_visible(hidden, rng)


def _kernels_serve(state, rates, settings):
    rbm = state.rbm
    if not isinstance(rbm, BernoulliRBM) or settings.method == "exact":
        return False
    largest = max(np.abs(part).max() for part in (rbm.weights, rbm.visible_bias, rbm.hidden_bias))
    n_updates = -(-len(settings.data) // settings.batch_size)
    reach = largest + rates.sum() * n_updates / (1 - settings.momentum)
    return rbm.weights.size * settings.batch_size >= SMALL and reach < LARGE


def _advance_with_kernels(state, stop, rates, settings):
    rbm = state.rbm.copy()
    none = np.empty((0, 0))
    velocity = tuple(np.atleast_2d(part).copy() for part in state.velocity)
    orders = [settings.order(epoch) for epoch in range(state.epoch + 1, stop + 1)]
    in_batches = orders[0] is not None
    n_updates = len(rates) * -(-len(settings.data) // settings.batch_size)
    n_layers = 2 * settings.n_gibbs * n_updates
    persistent = settings.method == "pcd"
    chains = pack_units(state.chains if persistent else settings.data[:0])
    wrong = _call_kernel(
        settings.n_threads,
        settings.words,
        np.array(orders) if in_batches else np.empty((0, 0), dtype=np.int64),
        rates,
        keys(settings.seed, state.layer, n_layers),
        chains,
        settings.batch_size,
        settings.n_gibbs,
        persistent,
        rbm.weights,
        rbm.visible_bias[None],
        rbm.hidden_bias[None],
        velocity if settings.momentum else (none, none, none),
        none if settings.mask is None else settings.mask.astype(np.float64),
        settings.momentum,
        settings.penalty,
    )
    after = State(
        stop,
        state.layer + n_layers,
        rbm,
        (velocity[0], velocity[1][0], velocity[2][0]),
        unpack_units(chains, rbm.n_visible) if persistent else None,
    )
    return after, wrong / settings.data.size


def _call_kernel(n_threads, *arguments):
    from rgrbm.rbm import (
        _training_kernels,  # compiles, or loads what was compiled: only when needed
    )

    if n_threads == 1 or _forked:  # the result is the same
        return _training_kernels.epochs(*arguments)
    import numba

    with _one_at_a_time:
        before = numba.get_num_threads()
        numba.set_num_threads(min(n_threads, numba.config.NUMBA_NUM_THREADS))
        try:
            return _training_kernels.parallel_epochs(*arguments)
        finally:
            numba.set_num_threads(before)
