"""Annealed importance sampling: ln Z of a machine of 64 visible and 16 hidden units.

It has learnt rings of 64 spins. All take as many chains through as many temperatures, with one
Gibbs step at each, and differ in where they begin. The error is the root mean square of a few runs'
deviations from the exact ln Z, and is uncertain by a quarter itself. What the time of a given error
is, one reads from both: with ten times the temperatures the error falls by about three.

rbms makes a new machine, in float32, at every temperature, and takes the free energy of the old and
the new one by a product of matrices each; the NumPy version has one such product.
"""

from functools import cache
from itertools import pairwise

import numpy as np
from harness import compare, package, sides, timed
from scipy.special import expit

from rgrbm.rbm import BernoulliRBM, ais_log_partition, exact_log_partition, train
from rgrbm.sampler import exact_chain

N_HIDDEN, N_CHAINS = 16, 100


def rows(settings):
    """Yield what is compared."""
    n_temperatures, n_runs = settings.pick((1000, 10), (100, 4))
    mine, *others = sides(
        {"rgrbm": ours, package("rbms"): rbms, "NumPy": with_numpy},
        lambda run, seed: timed(run, n_temperatures, seed),
        lambda run: error(run, n_temperatures, n_runs),
    )
    shape = f"{N_CHAINS} chains, {n_temperatures} temperatures, 64 x {N_HIDDEN} units"
    yield from compare(
        f"annealed importance sampling, {shape}", "run", mine, others, settings,
        quantity=f"error of ln Z, {n_runs} runs",
    )  # fmt: skip


@cache
def machine():
    """Return the machine that has learnt, always the same."""
    rng = np.random.default_rng(0)
    data = (exact_chain(800, 64, 1.0, rng=rng) > 0).astype(np.uint8)
    rbm = BernoulliRBM(64, N_HIDDEN, rng=rng)
    train(rbm, data, n_epochs=2000, learning_rate=0.5, rng=rng)
    return rbm


def error(run, n_temperatures, n_runs):
    """Return the root mean square of the deviations from the exact ln Z."""
    exact = exact_log_partition(machine())
    found = np.array([run(n_temperatures, seed) for seed in range(n_runs)])
    return float(np.sqrt(np.mean((found - exact) ** 2)))


def ours(n_temperatures, seed):
    """Return ln Z, as the other two do."""
    rng = np.random.default_rng(seed)
    options = {"n_chains": N_CHAINS, "n_temperatures": n_temperatures}
    return ais_log_partition(machine(), rng=rng, **options).value


def rbms(n_temperatures, seed):
    import torch
    from rbms.bernoulli_bernoulli.classes import BBRBM
    from rbms.partition_function.ais import compute_partition_function_ais

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    parameters = machine().parameters()
    names = "weights", "visible_bias", "hidden_bias"
    parts = (torch.from_numpy(parameters[name].astype(np.float32)) for name in names)
    return compute_partition_function_ais(N_CHAINS, n_temperatures + 1, BBRBM(*parts))


def with_numpy(n_temperatures, seed):
    """Begin, as rbms does, with the visible biases of the machine, and grow all else."""
    rng = np.random.default_rng(seed)
    rbm = machine()
    weights, visible_bias, hidden_bias = rbm.weights, rbm.visible_bias, rbm.hidden_bias
    log_weights = np.zeros(N_CHAINS)
    visible = rng.random((N_CHAINS, len(visible_bias))) < expit(visible_bias)
    betas = np.linspace(0, 1, n_temperatures + 1)
    for before, beta in pairwise(betas):
        push = visible @ weights + hidden_bias
        gain = np.logaddexp(0, beta * push) - np.logaddexp(0, before * push)
        log_weights += gain.sum(axis=1)
        hidden = rng.random(push.shape) < expit(beta * push)
        inputs = beta * (hidden @ weights.T) + visible_bias
        visible = rng.random(inputs.shape) < expit(inputs)
    log_mean = np.logaddexp.reduce(log_weights) - np.log(N_CHAINS)
    start = np.logaddexp(0, visible_bias).sum() + len(hidden_bias) * np.log(2)
    return start + log_mean
