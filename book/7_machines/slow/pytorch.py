"""Train machines on the whole of MNIST, and estimate what they are worth.

The chapter on PyTorch reads them. Written to pytorch.npz, beside this file.

Images become bits in two ways: "threshold", a pixel is 1 where its grey level
is above 127; "drawn", a pixel is 1 with the probability of its grey level, anew
in every epoch (test images: once, from the generator 2026).

For each way, and for each of three seeds:

log_z_1000, log_z_4000 : float64 (2, 3, 2)
    Annealed importance sampling with so many temperatures; value and error.
test, train : float64 (2, 3, 2)
    Mean of -F over 10,000 test images, and over the first 10,000 training
    images; of threshold and of drawn bits. With ln Z it gives ln p.
seconds : float64 (2, 3)
    Of training, on one thread.

weights, visible_bias, hidden_bias : float16
    The first machine of each way, (2, 784, 100) and so on. All machines were
    rounded to half precision before they were judged.
small_weights, small_visible_bias, small_hidden_bias : float16
    One of 20 hidden units, trained on threshold bits.
small_exact : float64
    Its ln Z, summed over all states of the hidden layer.

Run it from anywhere, with RGRBM_DATA as in load_mnist:
python book/7_machines/slow/pytorch.py
"""

import itertools
from pathlib import Path
from time import perf_counter

import numpy as np

from rgrbm.chapters import store_result
from rgrbm.datasets import load_mnist
from rgrbm.rbm import (
    BernoulliRBM,
    ais_log_partition,
    exact_log_partition,
    train,
)

N_EPOCHS, SEEDS = 24, (0, 1, 2)
MNIST = load_mnist()


def threshold(levels):
    return (levels > 127).astype(np.uint8)


def drawn(levels):
    rng = np.random.default_rng(2026)
    return (rng.random(levels.shape) < levels / 255).astype(np.uint8)


def trained(way, n_hidden, seed):
    """PCD-5 with 50 chains, batches of 50, a rate that falls to zero."""
    rng = np.random.default_rng(seed)
    bits = threshold(MNIST.train_images)
    rbm = BernoulliRBM(784, n_hidden, data=bits, rng=rng)
    if way == "drawn":
        bits = (MNIST.train_images / 255).astype(np.float32)
    train(
        rbm,
        bits,
        method="pcd",
        n_gibbs=5,
        batch_size=50,
        n_epochs=N_EPOCHS,
        learning_rate=lambda epoch: 0.1 * (1 - (epoch - 1) / N_EPOCHS),
        probabilities=way == "drawn",
        rng=rng,
    )
    return rbm


def rounded(rbm):
    parts = rbm.parameters()
    halves = {name: part.astype(np.float16) for name, part in parts.items()}
    return BernoulliRBM.from_parameters(**halves), halves


def main():
    some = MNIST.train_images[:10_000]
    sets = {
        "test": [way(MNIST.test_images) for way in (threshold, drawn)],
        "train": [way(some) for way in (threshold, drawn)],
    }
    names = ("log_z_1000", "log_z_4000", *sets)
    results = {name: np.zeros((2, 3, 2)) for name in names}
    results["seconds"] = np.zeros((2, 3))
    stored = {"weights": [], "visible_bias": [], "hidden_bias": []}
    for place in itertools.product(range(2), SEEDS):
        way, seed = ("threshold", "drawn")[place[0]], place[1]
        started = perf_counter()
        rbm = trained(way, 100, seed)
        results["seconds"][place] = perf_counter() - started
        rbm, halves = rounded(rbm)
        for n in (1000, 4000):
            rng = np.random.default_rng([seed, n])
            log_z = ais_log_partition(
                rbm, n_chains=100, n_temperatures=n, rng=rng
            )
            results[f"log_z_{n}"][place] = log_z.value, log_z.error
        for name, images in sets.items():
            results[name][place] = [
                -rbm.free_energy(bits).mean() for bits in images
            ]
        if seed == 0:
            for name, part in halves.items():
                stored[name].append(part)
        found = {name: part[place].round(2) for name, part in results.items()}
        print(way, seed, found)
    small, halves = rounded(trained("threshold", 20, 0))
    store_result(
        Path(__file__).with_suffix(".npz"),
        **results,
        **stored,
        **{f"small_{name}": part for name, part in halves.items()},
        small_exact=exact_log_partition(small),
    )


if __name__ == "__main__":
    main()
