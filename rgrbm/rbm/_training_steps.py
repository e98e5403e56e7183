"""The steps of training: gradients, and how the parameters follow them.

The NumPy form below reads like the equations. `rgrbm.rbm._training_kernels` does the same for
machines of bits, faster; given the same random numbers, and they share them, it does so up to
rounding.
"""

import os
from dataclasses import dataclass
from threading import Lock

import numpy as np

from rgrbm._core import checks
from rgrbm._core.counter_rng import keys, uniforms
from rgrbm._core.loading import load
from rgrbm.rbm._settings import pack, unpack
from rgrbm.rbm.layers import Bits
from rgrbm.rbm.partition import exact_moments

PARAMETERS = ("weights", "visible_bias", "hidden_bias")  # that are trained
PRODUCTS_FOR_KERNELS = 2**15  # weights * samples in an update: below, NumPy is fast enough
LARGEST_FOR_KERNELS = 1e30  # sums of larger parameters could overflow in float32

_one_at_a_time = Lock()  # numba's threads cannot be shared, ...
_forked = False


def _after_fork():  # ... nor can they be used in a process forked from one that has used them
    global _forked, _one_at_a_time
    _forked, _one_at_a_time = True, Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@dataclass(frozen=True, eq=False)
class State:
    """What changes in a run. A step makes a new one: an interrupt leaves the old one whole."""

    epoch: int
    layer: int  # layers drawn so far: with the seed, the state of the random numbers
    rbm: object
    velocity: tuple  # arrays like PARAMETERS
    chains: np.ndarray  # of "pcd", packed; else there are none


def start(rbm, settings):
    """State before the first epoch."""
    rbm = rbm.copy()
    if settings.mask is not None:
        rbm.weights = np.where(settings.mask, rbm.weights, 0.0)
    rng = np.random.default_rng([settings.seed, 0])
    samples = rng.integers(settings.n_samples, size=settings.n_chains)
    chains = pack(rbm.visible, settings.data[samples])
    velocity = tuple(np.zeros_like(part) for part in trained(rbm))
    return State(epoch=0, layer=0, rbm=rbm, velocity=velocity, chains=chains)


def trained(rbm):
    """Parameters that are trained."""
    return tuple(getattr(rbm, name) for name in PARAMETERS)


def advance(state, rates, settings):
    """Train for as many epochs as there are learning rates.

    Returns the new state, and for each epoch the fraction of wrong bits, the mean squared deviation
    (Gaussian units), the log-likelihood ("exact") or nothing of use ("pcd"). What has diverged is a
    FloatingPointError.
    """
    if _kernels_serve(state.rbm, rates, settings):
        after, curve = _advance_with_kernels(state, rates, settings)
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            after, curve = _advance_with_numpy(state, rates, settings)
    for name, part in zip(PARAMETERS, trained(after.rbm), strict=True):
        if not np.abs(part).max() <= checks.LARGEST:  # NaN is not, either
            raise FloatingPointError(f"{name} exceeded {checks.LARGEST:g} in size")
    return after, curve


def _advance_with_numpy(state, rates, settings):
    rbm, velocity = state.rbm.copy(), tuple(part.copy() for part in state.velocity)
    chains = unpack(rbm.visible, state.chains)
    draws, curve = Draws(settings.seed, state.layer), np.zeros(len(rates))
    for k, rate in enumerate(rates):
        order = settings.order(state.epoch + 1 + k)
        data = settings.data if order is None else settings.data[order]
        for first in range(0, settings.n_samples, settings.batch_size):
            batch = data[first : first + settings.batch_size]
            if settings.method == "exact":
                gradient, value = exact_gradient(rbm, batch)
            elif settings.method == "cd":
                gradient, _, value = contrastive_gradient(rbm, batch, batch, settings, draws)
            else:
                gradient, chains, value = contrastive_gradient(rbm, batch, chains, settings, draws)
            climb(rbm, velocity, gradient, rate, settings)
            curve[k] += len(batch) / settings.n_samples * value
    chains = pack(rbm.visible, chains)
    return State(state.epoch + len(rates), draws.layer, rbm, velocity, chains), curve


def exact_gradient(rbm, batch):
    """Gradient of the log-likelihood of a batch, and the log-likelihood."""
    moments, scaled = exact_moments(rbm), rbm.visible.scaled
    model = scaled(moments.products.T).T, scaled(moments.visible), moments.hidden
    free_energy = rbm.visible.energy(batch) - rbm.hidden.log_sum(scaled(batch) @ rbm.weights)
    return difference(averages(rbm, batch), model), -free_energy.mean() - moments.log_partition


def contrastive_gradient(rbm, batch, chains, settings, draws):
    """Gradient with moved chains for the model, these chains, and how far their first step went."""
    deviation = None
    for _ in range(settings.n_gibbs):
        hidden = rbm.hidden.draw(rbm.visible.scaled(chains) @ rbm.weights, draws)
        moved = rbm.visible.draw(hidden @ rbm.weights.T, draws)
        deviation = np.mean((moved - chains) ** 2) if deviation is None else deviation
        chains = moved
    return difference(averages(rbm, batch), averages(rbm, chains)), chains, deviation


def averages(rbm, visible):
    """Averages of v h, v and h over samples of v, with p(h | v) for h; v in the hidden view."""
    scaled = rbm.visible.scaled(visible)
    hidden = rbm.hidden.mean(scaled @ rbm.weights)
    return scaled.T @ hidden / len(visible), scaled.mean(axis=0), hidden.mean(axis=0)


def difference(data, model):
    """Positive minus negative phase, for weights and both biases."""
    return tuple(positive - negative for positive, negative in zip(data, model, strict=True))


def climb(rbm, velocity, gradient, rate, settings):
    """Move the parameters up the gradient, in place."""
    for parameter, speed, slope in zip(trained(rbm), velocity, gradient, strict=True):
        speed *= settings.momentum
        speed += slope
        if settings.mask is not None and parameter is rbm.weights:
            speed *= settings.mask
        parameter += rate * speed
    if settings.l1 > 0:
        shrunk = np.maximum(np.abs(rbm.weights) - rate * settings.penalty, 0.0)
        np.copysign(shrunk, rbm.weights, out=rbm.weights)


class Draws:
    """Random numbers for one layer after the other; layers draw with it as with a Generator."""

    def __init__(self, seed, layer):
        self.seed, self.layer = seed, layer

    def random(self, shape):
        """Numbers between 0 and 1."""
        key = keys(self.seed, self.layer, 1)[0]
        self.layer += 1
        return uniforms(key, *shape)

    def standard_normal(self, shape):
        """Normal numbers."""
        rng = np.random.default_rng([self.seed, self.layer, 1])
        self.layer += 1
        return rng.standard_normal(shape)


def _kernels_serve(rbm, rates, settings):
    if not isinstance(rbm.visible, Bits) or settings.method == "exact":
        return False
    largest = max(np.abs(part).max() for part in trained(rbm))
    reach = largest + rates.sum() * settings.n_batches / (1 - settings.momentum)
    n_products = rbm.weights.size * settings.batch_size
    return n_products >= PRODUCTS_FOR_KERNELS and reach < LARGEST_FOR_KERNELS


def _advance_with_kernels(state, rates, settings):
    Parameters = load("rgrbm.rbm._training_kernels").Parameters
    rbm, chains, n_epochs = state.rbm.copy(), state.chains.copy(), len(rates)
    parameters = Parameters(rbm.weights, rbm.visible_bias[None], rbm.hidden_bias[None])
    velocity = Parameters(*(np.atleast_2d(part).copy() for part in state.velocity))
    epochs = range(state.epoch + 1, state.epoch + 1 + n_epochs)
    orders = [settings.order(epoch) for epoch in epochs] if settings.n_batches > 1 else []
    n_layers = 2 * settings.n_gibbs * settings.n_batches * n_epochs
    wrong = _call_kernel(
        settings.n_threads,
        settings.for_kernels,
        parameters,
        velocity if settings.momentum else Parameters(*[np.empty((0, 0))] * 3),
        chains,
        np.array(orders, dtype=np.int64).reshape(-1, settings.n_samples),
        rates,
        keys(settings.seed, state.layer, n_layers),
    )
    after = State(
        epoch=state.epoch + n_epochs,
        layer=state.layer + n_layers,
        rbm=rbm,
        velocity=(velocity.weights, velocity.visible_bias[0], velocity.hidden_bias[0]),
        chains=chains,
    )
    return after, wrong / settings.data.size


def _call_kernel(n_threads, *arguments):
    kernels = load("rgrbm.rbm._training_kernels")  # which compiles, or loads what was compiled
    if n_threads == 1 or _forked:  # the result is the same
        return kernels.epochs(*arguments)
    numba = load("numba")
    with _one_at_a_time:
        before = numba.get_num_threads()
        numba.set_num_threads(min(n_threads, numba.config.NUMBA_NUM_THREADS))
        try:
            return kernels.parallel_epochs(*arguments)
        finally:
            numba.set_num_threads(before)
