"""Train machines in ways that the paper's text allows: which comes to 14 %?

The chapter on training reads them. Written to settings.npz, beside this file.
In all of them 800 samples of a ring of 64 spins at K = 1 are learned in 20,000
epochs, all samples in each update, with the learning rate 1; eight machines
each, machine k on the first 800 samples that ``ring_bits`` draws with the seed
100 + k. Each is read on its own other 400 samples, with dice of its own. No
training is begun anew, and no machine is left out.

strong, no_biases, to_the_letter : float64 (8, 3)
    Wrong spins of drawn reconstructions of the other 400 samples in percent,
    hidden units that are alive (with a weight beyond 1) and have a deciding
    spin of their own, and hidden units that are alive. `strong` has the penalty
    0.006, the others 0.003; `no_biases` leaves all biases at zero, and
    `to_the_letter` has besides the same hidden states in both terms.
early : float64 (2, 8)
    Wrong spins of the last two after 2000 epochs.

Run it from anywhere: python book/4_cases/slow/settings.py
"""

from pathlib import Path

import numpy as np
from scipy.special import expit

from rgrbm.chapters import in_threads, ring_bits, store_result
from rgrbm.rbm import BernoulliRBM, train

N, M, K = 64, 32, 1.0
N_EPOCHS, N_EARLY = 20_000, 2000


def update_weights(weights, v, l1, rng, same_hidden):
    """Make one update without biases; `same_hidden` as Eq. 12 is printed."""
    p = expit(v @ weights)
    h = (rng.random(p.shape, dtype=np.float32) < p).astype(np.float32)
    p_hat = expit(h @ weights.T)
    v_hat = rng.random(v.shape, dtype=np.float32) < p_hat
    v_hat = v_hat.astype(np.float32)
    if same_hidden:
        gradient = (v - v_hat).T @ h
    else:
        gradient = v.T @ p - v_hat.T @ expit(v_hat @ weights)
    x = weights + gradient / np.float32(len(v))
    weights[:] = np.sign(x) * np.maximum(np.abs(x) - np.float32(l1), 0)


def describe(rbm, test, seed):
    """Return wrong spins in percent, living units with a spin of their own."""
    size = np.abs(rbm.weights)
    alive = size.max(axis=0) > 1
    _, counts = np.unique(size.argmax(axis=0)[alive], return_counts=True)
    copies = rbm.reconstruct(test, np.random.default_rng([2, seed]))
    wrong = 100 * np.mean(copies != test)
    return wrong, np.sum(counts == 1), np.sum(alive)


def samples(seed):
    rng = np.random.default_rng(100 + seed)
    bits = ring_bits(1200, N, K, rng=rng)
    return bits[:800], bits[800:], rng


def strong(seed):
    data, test, rng = samples(seed)
    rbm = BernoulliRBM(N, M, rng=rng)
    train(rbm, data, n_epochs=N_EPOCHS, learning_rate=1.0, l1=0.006, rng=rng)
    return describe(rbm, test, seed)


def without_biases(seed, same_hidden, n_epochs=N_EPOCHS):
    """Return the description at the end, and the wrong spins early on."""
    data, test, rng = samples(seed)
    v = data.astype(np.float32)
    weights = rng.normal(0, 0.01, (N, M)).astype(np.float32)
    for epoch in range(n_epochs):
        update_weights(weights, v, 0.003, rng, same_hidden)
        if epoch == N_EARLY - 1:
            early = describe(machine(weights), test, seed)[0]
    return *describe(machine(weights), test, seed), early


def machine(weights):
    return BernoulliRBM.from_parameters(weights, np.zeros(N), np.zeros(M))


def main():
    points = [
        {"seed": seed, "same_hidden": same}
        for same in (False, True)
        for seed in range(8)
    ]
    found = np.reshape(in_threads(without_biases, points), (2, 8, 4))
    store_result(
        Path(__file__).with_suffix(".npz"),
        strong=in_threads(strong, {"seed": range(8)}),
        no_biases=found[0, :, :3],
        to_the_letter=found[1, :, :3],
        early=found[:, :, 3],
    )


if __name__ == "__main__":
    main()
