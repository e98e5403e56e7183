"""How far to trust annealing: 20 hidden units, with a known ln Z, 100 and 500.

The chapter on PyTorch reads it. Written to annealing.npz, beside this file; the
machines are those of pytorch.npz, and the one of graphics_card.npz.

rates, weights : float64 (2, 8, 2)
    ln Z minus the exact value, and the error that annealing states, with 1000
    and with 4000 temperatures, for eight seeds, 100 chains each. "rates" starts
    at the base rates of the data, "weights" at the machine without its weights
    (ais_log_partition).
hundred : float64 (2, 4, 2)
    ln Z of the stored machines of 100 units, of threshold and of drawn bits,
    and the stated errors: from the base rates, 4000 temperatures, four seeds.
large, back : float64 (3, 2)
    The same for the machine of 500 units, 4000 temperatures, three seeds.
    "large" starts at the machine without its weights. "back" goes from the
    machine to the base rates: its chains start at training images, drawn as
    bits, and take 2000 Gibbs steps before. If they have come to the machine's
    law by then, this ln Z is too high on average, as the others are too low.

Run it from anywhere, with RGRBM_DATA as in load_mnist:
python book/7_machines/slow/annealing.py
With the argument "large", it computes the last two only, and keeps the others.
"""

import itertools
import sys
from pathlib import Path

import numpy as np
from scipy.special import expit, logsumexp

from rgrbm.chapters import store_result
from rgrbm.datasets import load_mnist
from rgrbm.rbm import BernoulliRBM, ais_log_partition

N_CHAINS, SEEDS = 100, range(8)


def from_base_rates(rbm, base, n_temperatures, rng, back_from=None):
    """Anneal as the chapter does, in NumPy; or back, from given states."""
    parts = (*rbm.parameters().values(), base)
    w, c, b, base = (part.astype(np.float32) for part in parts)

    def bits(push):
        drawn = rng.random(push.shape, dtype=np.float32)
        return (drawn < expit(push)).astype(np.float32)

    def softplus(push):
        return np.logaddexp(push, np.float32(0))

    places = np.linspace(0, 1, n_temperatures + 1, dtype=np.float32)
    log_weights = np.zeros(N_CHAINS)
    if back_from is None:
        v = bits(np.broadcast_to(base, (N_CHAINS, len(base))))
    else:
        v, places = back_from.astype(np.float32), places[::-1]
    for old, new in itertools.pairwise(places):
        push = v @ w + b
        rise = softplus(new * push) - softplus(old * push)
        log_weights += (new - old) * (v @ (c - base)) + rise.sum(axis=1)
        h = bits(new * push)
        v = bits(new * (h @ w.T + c) + (1 - new) * base)
    log_z0 = np.logaddexp(base.astype(float), 0).sum() + len(b) * np.log(2)
    weights = np.exp(log_weights - logsumexp(log_weights)) * N_CHAINS
    log_ratio = logsumexp(log_weights) - np.log(N_CHAINS)
    log_z = log_z0 + (log_ratio if back_from is None else -log_ratio)
    return log_z, weights.std(ddof=1) / np.sqrt(N_CHAINS)


def of_large():
    """The machine of 500 units, from its other start, and back."""
    with np.load(Path(__file__).with_name("graphics_card.npz")) as file:
        parts = ("weights", "visible_bias", "hidden_bias")
        rbm = BernoulliRBM.from_parameters(*(file[p] for p in parts))
    levels = load_mnist().train_images / 255
    means = (levels.sum(axis=0) + 1) / (len(levels) + 2)
    base = np.log(means / (1 - means))
    found = {"large": np.zeros((3, 2)), "back": np.zeros((3, 2))}
    for seed in range(3):
        rng = np.random.default_rng([500, seed])
        some = levels[rng.choice(len(levels), N_CHAINS, replace=False)]
        v = (rng.random(some.shape) < some).astype(np.uint8)
        v = rbm.gibbs(v, n_steps=2000, rng=rng)
        found["back"][seed] = from_base_rates(rbm, base, 4000, rng, v)
        log_z = ais_log_partition(
            rbm, n_chains=N_CHAINS, n_temperatures=4000, rng=rng
        )
        found["large"][seed] = log_z.value, log_z.error
        print(seed, {name: part[seed] for name, part in found.items()})
        sys.stdout.flush()
    return found


def main():
    if sys.argv[1:] == ["large"]:
        with np.load(Path(__file__).with_suffix(".npz")) as file:
            there = {name: file[name] for name in file.files}
        there |= of_large()
        store_result(Path(__file__).with_suffix(".npz"), **there)
        return
    with np.load(Path(__file__).with_name("pytorch.npz")) as file:
        parts = ("weights", "visible_bias", "hidden_bias")
        rbm = BernoulliRBM.from_parameters(*(file[f"small_{p}"] for p in parts))
        exact = file["small_exact"]
        large = [
            BernoulliRBM.from_parameters(*(file[p][way] for p in parts))
            for way in (0, 1)
        ]
    bits = load_mnist().train_images > 127
    means = (bits.sum(axis=0) + 1) / (len(bits) + 2)
    base = np.log(means / (1 - means))
    hundred = np.zeros((2, 4, 2))
    for way, seed in itertools.product((0, 1), range(4)):
        rng = np.random.default_rng([way, seed])
        hundred[way, seed] = from_base_rates(large[way], base, 4000, rng)
        print(way, seed, hundred[way, seed])
    found = {"rates": np.zeros((2, 8, 2)), "weights": np.zeros((2, 8, 2))}
    for (k, n), seed in itertools.product(enumerate((1000, 4000)), SEEDS):
        rng = np.random.default_rng([seed, n])
        found["rates"][k, seed] = from_base_rates(rbm, base, n, rng)
        log_z = ais_log_partition(
            rbm, n_chains=N_CHAINS, n_temperatures=n, rng=rng
        )
        found["weights"][k, seed] = log_z.value, log_z.error
        print(n, seed, {name: v[k, seed] for name, v in found.items()})
    for values in found.values():
        values[..., 0] -= exact
    store_result(
        Path(__file__).with_suffix(".npz"),
        **found,
        hundred=hundred,
        **of_large(),
    )


if __name__ == "__main__":
    main()
