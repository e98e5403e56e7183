"""Adversaries on 200 small digits: penalties, weights and lengths.

Eight starts each; a quarter of an hour on two cores. It reads the whole of
MNIST, and keeps what the chapter needs of it: images of 8 x 8 pixels.
"""

from pathlib import Path

import numpy as np

from rgrbm.chapters import store_result
from rgrbm.datasets import load_mnist
from rgrbm.networks import (
    frechet_distance,
    scale_dissimilarity,
    train_adversaries,
)

N_STARTS, N_IMAGES, N_STEPS = 8, 200, 4800
WEIGHTS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
SWEEPS = {
    "r1": WEIGHTS,
    "r2": WEIGHTS,
    "ms3d": WEIGHTS,
    "ms3d-normalized": tuple(10 * weight for weight in WEIGHTS),
}
LENGTHS = (600, 1200, 2400, 9600)
RESULT = Path(__file__).with_suffix(".npz")


def small(images):
    """Means of 3 x 3 pixels of the inner 24 x 24, in 256 grey levels."""
    inner = images.reshape(-1, 28, 28)[:, 2:26, 2:26]
    means = inner.reshape(-1, 8, 3, 8, 3).mean(axis=(2, 4))
    return np.round(means).astype(np.uint8)


def measured(start, train, test, **options):
    """Train, and return what the chapter asks of the two networks."""
    rng = np.random.default_rng(start)
    own = train[N_IMAGES * start : N_IMAGES * (start + 1)] / 255
    trained = train_adversaries(own, rng=rng, **options)
    made = trained.generate(len(test), rng)
    field = trained.gradient(made[:2000])
    energy = (field**2).mean()
    return [
        frechet_distance(made.reshape(-1, 64), test.reshape(-1, 64) / 255),
        trained.critic(own).mean() - trained.critic(test / 255).mean(),
        trained.sizes.mean(),
        np.sqrt(energy),
        2 * scale_dissimilarity(field, 2).sum(axis=-1).mean() / energy,
    ]


def eight(train, test, **options):
    found = [measured(k, train, test, **options) for k in range(N_STARTS)]
    print(options, np.mean(found, axis=0).round(3).tolist(), flush=True)
    return np.array(found)


if __name__ == "__main__":
    mnist = load_mnist()
    train = small(mnist.train_images[: N_STARTS * N_IMAGES])
    test = small(mnist.test_images)
    arrays = {"train": train, "test": test}
    arrays["none"] = eight(train, test, n_steps=N_STEPS)
    for penalty, weights in SWEEPS.items():
        arrays[penalty] = np.array(
            [
                eight(train, test, penalty=penalty, weight=w, n_steps=N_STEPS)
                for w in weights
            ]
        )
    for penalty in ("none", "r1", "r2", "ms3d"):
        options = {"penalty": penalty, "weight": 0.3}
        arrays[f"{penalty}-lengths"] = np.array(
            [eight(train, test, n_steps=n, **options) for n in LENGTHS]
        )
    store_result(RESULT, **arrays)
