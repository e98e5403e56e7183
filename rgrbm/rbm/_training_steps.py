"""The steps of training: gradients, and how the parameters follow them.

The NumPy form below reads like the equations. `rgrbm.rbm._training_kernels` does the same for
machines of bits, faster; given the same random numbers, and they share them, it does so up to
rounding.
"""

import os
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Lock, current_thread, main_thread

import numpy as np

from rgrbm._core import checks
from rgrbm._core.counter_rng import keys, uniforms
from rgrbm._core.loading import load
from rgrbm.rbm._settings import PRODUCTS_PER_CALL, pack, pieces, unpack
from rgrbm.rbm.layers import Bits
from rgrbm.rbm.partition import _blocks, _scaled_sum, exact_moments

PRODUCTS_FOR_KERNELS = 2**15  # weights * samples in an update: below, NumPy is fast enough
LARGEST_FOR_KERNELS = 1e30  # sums of larger parameters could overflow in float32
TOO_FAR = 1e4  # times the extent of the data: no stable training takes a Gaussian machine there
SECONDS_BETWEEN_LOOKS = 0.2  # for Ctrl-C, while a kernel works

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
    velocity: tuple  # arrays like those in `Settings.trained`, of ln sigma**2 for sigma
    chains: np.ndarray  # of "pcd", packed; else there are none


def start(rbm, settings):
    """State before the first epoch."""
    rbm = rbm.copy()
    if settings.mask is not None:
        rbm.weights = np.where(settings.mask, rbm.weights, 0.0)
    rng = np.random.default_rng([settings.seed, 0])
    samples = rng.integers(settings.n_samples, size=settings.n_chains)
    chains = pack(rbm.visible, settings.samples(0)[samples])
    velocity = tuple(np.zeros_like(part) for part in trained(rbm, settings))
    return State(epoch=0, layer=0, rbm=rbm, velocity=velocity, chains=chains)


def trained(rbm, settings):
    """Parameters that are trained."""
    return tuple(getattr(rbm, name) for name in settings.trained)


def advance(state, rates, settings):
    """Train for as many epochs as there are learning rates.

    Returns the new state, and for each epoch the fraction of wrong bits, the mean squared deviation
    (Gaussian units), the log-likelihood ("exact") or nothing of use ("pcd"). What has diverged is a
    FloatingPointError.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if _kernels_serve(state.rbm, rates, settings):
            return _advance_with_kernels(state, rates, settings)
        return _advance_with_numpy(state, rates, settings)


def checked_reach(rbm, before, settings):
    """How far each visible unit reaches, after it did so `before`.

    What no stable training gives is a FloatingPointError. Given the hidden bits, a Gaussian unit
    has the mean c + W h. Every step pulls it toward the data, the harder the farther off it is. So
    one that is far beyond all data, and on its way out, is there by steps that overshoot.
    """
    for name, part in rbm.parameters().items():
        if not _largest(part) <= checks.LARGEST:  # NaN is not, either
            raise FloatingPointError(f"{name} exceeded {checks.LARGEST:g} in size")
    if settings.extent is None:
        return None
    reach = _reach(rbm, settings)
    gone = (reach > TOO_FAR * settings.extent) & (reach > before)
    if gone.any():
        raise FloatingPointError(f"visible unit {gone.argmax()} left the data far behind")
    if settings.learn_sigma and rbm.sigma.min() < 1 / checks.LARGEST:
        raise FloatingPointError(f"sigma fell below {1 / checks.LARGEST:g}")
    return reach


def _largest(part):
    """Return the largest size of any number of an array, without another array; NaN if one is."""
    return max(part.max(), -part.min())


def check_law(rbm):
    """Check that no step has led to where real hidden units have no law."""
    if isinstance(rbm.hidden, Bits):
        return
    try:
        rbm.law()
    except ValueError as error:
        raise FloatingPointError(str(error)) from None


def _reach(rbm, settings):
    if settings.extent is None:
        return None
    reach = np.maximum(np.abs(rbm.visible_bias), np.abs(rbm.weights).max(axis=1))
    return np.maximum(reach, rbm.sigma) if settings.learn_sigma else reach


def _advance_with_numpy(state, rates, settings):
    rbm, velocity = state.rbm.copy(), tuple(part.copy() for part in state.velocity)
    chains = unpack(rbm.visible, state.chains)
    draws, curve = Draws(settings.seed, state.layer), np.zeros(len(rates))
    reach = _reach(rbm, settings)
    for k, rate in enumerate(rates):
        epoch = state.epoch + 1 + k
        order, samples = settings.order(epoch), settings.samples(epoch)
        for first in range(0, settings.n_samples, settings.batch_size):
            rows = slice(first, first + settings.batch_size)
            batch = samples[rows if order is None else order[rows]]
            if settings.method == "exact":
                gradient, value = exact_gradient(rbm, batch, settings)
            elif settings.method == "cd":
                gradient, _, value = contrastive_gradient(rbm, batch, batch, settings, draws)
            else:
                gradient, chains, value = contrastive_gradient(rbm, batch, chains, settings, draws)
            climb(rbm, velocity, gradient, rate, settings)
            if settings.method == "exact":
                check_law(rbm)
            curve[k] += len(batch) / settings.n_samples * value
        reach = checked_reach(rbm, reach, settings)
    chains = pack(rbm.visible, chains)
    return State(state.epoch + len(rates), draws.layer, rbm, velocity, chains), curve


def exact_gradient(rbm, batch, settings):
    """Gradient of the log-likelihood of a batch, and the log-likelihood."""
    moments, scaled = exact_moments(rbm), rbm.visible.scaled
    model = [scaled(moments.products.T).T, scaled(moments.visible), moments.hidden]
    if settings.learn_sigma:
        push = moments.hidden @ rbm.weights.T
        model.append(0.5 - scaled(_mean_square_push(rbm) / 2 + rbm.visible_bias * push))
    free_energy = np.empty(len(batch))
    gradient = difference(averages(rbm, batch, settings, free_energy), model)
    return gradient, -free_energy.mean() - moments.log_partition


def _mean_square_push(rbm):
    """Mean of (W h)**2 under the machine, for each visible unit."""
    if not isinstance(rbm.hidden, Bits):
        mean, covariance = (part[..., rbm.n_visible :] for part in rbm.law())
        squares = covariance[rbm.n_visible :] + np.outer(mean, mean)
        return np.sum(rbm.weights @ squares * rbm.weights, axis=1)

    def block_sum(states, push, weights):
        return weights @ np.column_stack([np.ones(len(push)), push**2])

    _, sums = _scaled_sum(_blocks(rbm.hidden, rbm.visible, rbm.weights.T), block_sum)
    return sums[1:] / sums[0]


def contrastive_gradient(rbm, batch, chains, settings, draws):
    """Gradient with moved chains for the model, these chains, and how far their first step went."""
    deviation, moved = 0.0, np.empty_like(chains)
    for step in range(settings.n_gibbs):
        hidden_draws, visible_draws = draws.layer_of(len(chains)), draws.layer_of(len(chains))
        for rows in _pieces(rbm, chains):
            here = chains[rows].astype(np.float64)
            hidden = rbm.hidden.draw(rbm.visible.scaled(here) @ rbm.weights, hidden_draws)
            there = rbm.visible.draw(hidden @ rbm.weights.T, visible_draws)
            if step == 0:
                deviation += np.sum((there - here) ** 2)
            moved[rows] = there
        chains = moved
    model = averages(rbm, chains, settings)
    return difference(averages(rbm, batch, settings), model), chains, deviation / chains.size


def averages(rbm, states, settings, free_energy=None):
    """Averages of v h, v and h over samples of v, with p(h | v) for h; v in the hidden view.

    To learn sigma, also that of the derivative of -E(v, h) by ln sigma**2. An array `free_energy`
    is filled with that of each sample.
    """
    sums = 0.0, 0.0, 0.0, *[0.0] * settings.learn_sigma
    for rows in _pieces(rbm, states):
        visible = states[rows].astype(np.float64)
        scaled = rbm.visible.scaled(visible)
        push = scaled @ rbm.weights
        if free_energy is not None:
            free_energy[rows] = rbm.visible.energy(visible) - rbm.hidden.log_sum(push)
        hidden = rbm.hidden.mean(push)
        part = [scaled.T @ hidden, scaled.sum(axis=0), hidden.sum(axis=0)]
        if settings.learn_sigma:
            stretch = ((visible - rbm.visible_bias) / rbm.sigma) ** 2 / 2
            part.append((stretch - scaled * (hidden @ rbm.weights.T)).sum(axis=0))
        sums = [total + more for total, more in zip(sums, part, strict=True)]
    return [total / len(states) for total in sums]


def difference(data, model):
    """Positive minus negative phase, for all parameters."""
    return [positive - negative for positive, negative in zip(data, model, strict=True)]


def climb(rbm, velocity, gradient, rate, settings):
    """Move the parameters up the gradient, in place."""
    for parameter, speed, slope in zip(trained(rbm, settings), velocity, gradient, strict=True):
        speed *= settings.momentum
        speed += slope
        if settings.mask is not None and parameter is rbm.weights:
            speed *= settings.mask
        if settings.learn_sigma and parameter is rbm.sigma:
            parameter *= np.exp(rate * speed / 2)
        else:
            parameter += rate * speed
    if settings.l1 > 0:
        shrunk = np.maximum(np.abs(rbm.weights) - rate * settings.shrinkage, 0.0)
        np.copysign(shrunk, rbm.weights, out=rbm.weights)
    if settings.l2 > 0:
        rbm.weights[:] /= 1 + rate * settings.decay


def _pieces(rbm, states):
    return pieces(len(states), rbm.n_visible + rbm.n_hidden)


class Draws:
    """Random numbers for one layer after the other."""

    def __init__(self, seed, layer):
        self.seed, self.layer = seed, layer

    def layer_of(self, n_samples):
        """Numbers for the next layer of so many samples."""
        self.layer += 1
        return LayerDraws(self.seed, self.layer - 1, n_samples)


class LayerDraws:
    """Random numbers for one layer, some samples after the others; it draws as from a Generator."""

    def __init__(self, seed, layer, n_samples):
        self.seed, self.layer, self.n_samples = seed, layer, n_samples
        self.first, self.normal = 0, None

    def random(self, shape):
        """Numbers between 0 and 1."""
        key = keys(self.seed, self.layer, 1)[0]
        numbers = uniforms(key, self.n_samples, shape[1], self.first, self.first + shape[0])
        self.first += shape[0]
        return numbers

    def standard_normal(self, shape):
        """Normal numbers."""
        if self.normal is None:
            self.normal = np.random.default_rng([self.seed, self.layer, 1])
        return self.normal.standard_normal(shape)


def _kernels_serve(rbm, rates, settings):
    if not isinstance(rbm.visible, Bits) or settings.method == "exact":
        return False
    largest = max(_largest(part) for part in trained(rbm, settings))
    reach = largest + rates.sum() * settings.n_batches / (1 - settings.momentum)
    n_products = rbm.weights.size * settings.batch_size
    return n_products >= PRODUCTS_FOR_KERNELS and reach < LARGEST_FOR_KERNELS


def _advance_with_kernels(state, rates, settings):
    Parameters = load("rgrbm.rbm._training_kernels").Parameters
    rbm, chains, n_epochs = state.rbm.copy(), state.chains.copy(), len(rates)
    parameters = Parameters(rbm.weights, rbm.visible_bias[None], rbm.hidden_bias[None])
    velocity = state.velocity
    moving = [np.empty((0, 0))] * 3  # nothing does, without momentum
    if settings.momentum:
        velocity = tuple(part.copy() for part in velocity)
        moving = map(np.atleast_2d, velocity)
    epochs = range(state.epoch + 1, state.epoch + 1 + n_epochs)
    orders = [settings.order(epoch) for epoch in epochs] if settings.n_batches > 1 else []
    fixed = settings.for_kernels._replace(stop=np.zeros(1, dtype=np.uint8))
    if settings.probabilities:
        fixed = fixed._replace(words=pack(rbm.visible, settings.samples(epochs[0])))
    n_layers = 2 * settings.n_gibbs * settings.n_batches * n_epochs
    wrong = _call_kernel(
        settings,
        fixed,
        parameters,
        Parameters(*moving),
        chains,
        np.array(orders, dtype=np.int64).reshape(-1, settings.n_samples),
        rates,
        keys(settings.seed, state.layer, n_layers),
    )
    checked_reach(rbm, None, settings)
    after = State(
        epoch=state.epoch + n_epochs,
        layer=state.layer + n_layers,
        rbm=rbm,
        velocity=velocity,
        chains=chains,
    )
    return after, wrong.sum(axis=1) / settings.data.size


def _call_kernel(settings, fixed, parameters, velocity, chains, *arguments):
    kernels = load("rgrbm.rbm._training_kernels")  # which compiles, or loads what was compiled
    arguments = parameters, velocity, chains, *arguments
    several = kernels.parts(max(settings.batch_size, chains.shape[1])) > 1
    parallel = several and settings.n_threads > 1 and not _forked  # the result is the same
    kernel = kernels.parallel_epochs if parallel else kernels.epochs
    quick = settings.products_per_epoch <= PRODUCTS_PER_CALL and kernel.signatures
    if quick or current_thread() is not main_thread():  # which alone hears Ctrl-C
        return _run(kernel, parallel, settings, fixed, *arguments)
    # Python hears Ctrl-C between two of its steps, and a kernel is one: so take it to a thread.
    executor = ThreadPoolExecutor(1)
    try:
        running = executor.submit(_run, kernel, parallel, settings, fixed, *arguments)
        while not wait([running], timeout=SECONDS_BETWEEN_LOOKS).done:
            pass
        return running.result()
    finally:
        fixed.stop[0] = 1
        executor.shutdown(wait=False)


def _run(kernel, parallel, settings, *arguments):
    if not parallel:
        return kernel(*arguments)
    numba = load("numba")
    with _one_at_a_time:
        before = numba.get_num_threads()
        numba.set_num_threads(min(settings.n_threads, numba.config.NUMBA_NUM_THREADS))
        try:
            return kernel(*arguments)
        finally:
            numba.set_num_threads(before)
