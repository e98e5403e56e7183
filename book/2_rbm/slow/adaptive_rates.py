"""Train small machines by four rules for the step, at many rates.

The chapter on training in practice reads them: bars and stripes on three by
three pixels, six hidden units, twenty starts, 2000 updates. Written to
adaptive_rates.npz, beside this file.

KL : float64 (3, 4, 2, 9, 20)
    Divergence from the target in the end, in nats. The axes are the gradient
    (exact, CD-1, PCD), the rule (plain, momentum, RMSProp, Adam), the schedule
    (constant, falling), the rate and the start.
rates : float64 (4, 9)
    The learning rates of each rule: what a falling schedule begins with.
early : float64 (2, 4, 69)
    The first machine after 100 updates with the exact gradient and with PCD,
    by each rule, at the fifth of its rates, constant.

Run it from anywhere: python book/2_rbm/slow/adaptive_rates.py
"""

from pathlib import Path

import numpy as np
from scipy.special import expit, log_softmax, softmax, xlogy

from rgrbm.chapters import in_threads, store_result
from rgrbm.ising import enumerate_spins, spins_to_bits
from rgrbm.rbm import BernoulliRBM

N, M, N_STARTS, N_UPDATES = 9, 6, 20, 2000
STATES = spins_to_bits(enumerate_spins(N)).astype(float)
HIDDEN = spins_to_bits(enumerate_spins(M)).astype(float)
PICTURES = STATES.reshape(-1, 3, 3)
ROWS = (PICTURES[:, :, :1] == PICTURES).all(axis=(1, 2))
COLUMNS = (PICTURES[:, :1, :] == PICTURES).all(axis=(1, 2))
DATA = STATES[ROWS | COLUMNS]
DATA_LAW = (ROWS | COLUMNS) / len(DATA)
GRADIENTS, SCHEDULES = ("exact", "cd", "pcd"), ("constant", "falling")
STEPS = np.array([0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0])
RATES = {
    "plain": 0.5 * 2.0 ** np.arange(-4, 5),
    "momentum": 0.1 * 2.0 ** np.arange(-4, 5),
    "rmsprop": 0.03 * STEPS,
    "adam": 0.03 * STEPS,
}


def split(theta):
    """Weights and biases of machines, a row of 69 numbers for each."""
    c, b = theta[:, None, N * M : -M], theta[:, None, -M:]
    return theta[:, : N * M].reshape(-1, N, M), c, b


def mean_features(theta, v, weight):
    """Weighted sums over states of v p(h|v), v and p(h|v)."""
    w, _, b = split(theta)
    on = expit(v @ w + b)
    weighed = v * weight[..., None]
    products = np.swapaxes(weighed, -1, -2) @ on
    visible = np.broadcast_to(weighed.sum(axis=-2), (len(theta), N))
    hidden = (on * weight[..., None]).sum(axis=-2)
    return np.hstack([products.reshape(len(theta), -1), visible, hidden])


def model_features(theta):
    """Exact means of the same under the machine, by a list of hidden states."""
    w, c, b = split(theta)
    push = HIDDEN @ np.swapaxes(w, 1, 2) + c
    log_weight = np.logaddexp(0, push).sum(axis=-1) + (HIDDEN * b).sum(axis=-1)
    share = softmax(log_weight, axis=1)[..., None]
    on = expit(push)
    products = np.swapaxes(on * share, 1, 2) @ HIDDEN
    sums = [(on * share).sum(axis=1), (HIDDEN * share).sum(axis=1)]
    return np.hstack([products.reshape(len(theta), -1), *sums])


def divergences(theta):
    w, c, b = split(theta)
    log_weight = np.logaddexp(0, STATES @ w + b).sum(axis=-1)
    log_p = log_softmax(log_weight + (STATES * c).sum(axis=-1), axis=1)
    return np.sum(xlogy(DATA_LAW, DATA_LAW) - DATA_LAW * log_p, axis=1)


def gibbs(theta, v, rng):
    w, c, b = split(theta)
    on = expit(v @ w + b)
    h = rng.random(on.shape) < on
    on = expit(h @ np.swapaxes(w, 1, 2) + c)
    return (rng.random(on.shape) < on).astype(float)


def plain(g, memory, t):
    return g


def momentum(g, memory, t):
    memory["q"] = 0.9 * memory.get("q", 0) + g
    return memory["q"]


def rmsprop(g, memory, t):
    memory["s"] = 0.9 * memory.get("s", 0) + 0.1 * g**2
    return g / (np.sqrt(memory["s"]) + 1e-8)


def adam(g, memory, t):
    memory["q"] = 0.9 * memory.get("q", 0) + 0.1 * g
    memory["s"] = 0.999 * memory.get("s", 0) + 0.001 * g**2
    q, s = memory["q"] / (1 - 0.9**t), memory["s"] / (1 - 0.999**t)
    return q / (np.sqrt(s) + 1e-8)


RULES = dict(zip(RATES, (plain, momentum, rmsprop, adam), strict=True))


def experiment(gradient, rule, schedule, rate, n_updates=N_UPDATES):
    """Return the parameters in the end."""
    rng, memory = np.random.default_rng(0), {}
    starts = [np.random.default_rng(seed) for seed in range(N_STARTS)]
    theta = np.array([BernoulliRBM(N, M, rng=r).to_vector() for r in starts])
    eight = np.tile(DATA, (N_STARTS, 8, 1))
    chains = eight
    even, share = np.full(len(DATA), 1 / 14), np.full(112, 1 / 112)
    for t in range(1, n_updates + 1):
        if gradient == "exact":
            model = model_features(theta)
        else:
            start = chains if gradient == "pcd" else eight
            chains = gibbs(theta, start, rng)
            model = mean_features(theta, chains, share)
        g = mean_features(theta, DATA, even) - model
        now = rate * (1 - (t - 1) / N_UPDATES if schedule == "falling" else 1)
        theta = theta + now * RULES[rule](g, memory, t)
    return theta


def run(gradient, rule, schedule):
    """Divergences in the end, a row for each rate."""
    return [
        divergences(experiment(gradient, rule, schedule, rate))
        for rate in RATES[rule]
    ]


if __name__ == "__main__":
    grid = {"gradient": GRADIENTS, "rule": RATES, "schedule": SCHEDULES}
    KL = np.reshape(in_threads(run, grid), (3, 4, 2, 9, N_STARTS))
    early = [
        [experiment(g, r, "constant", RATES[r][4], 100)[0] for r in RATES]
        for g in ("exact", "pcd")
    ]
    rates = np.array(list(RATES.values()))
    path = Path(__file__).with_suffix(".npz")
    store_result(path, KL=KL, rates=rates, early=early)
