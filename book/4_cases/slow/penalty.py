"""Train machines on the ring under penalties of many strengths.

The chapter on the weights reads them. Written to penalty.npz, beside this file.
A machine is described by four numbers: hidden units that are alive and have a
deciding spin of their own, hidden units that are alive, large weights of such a
unit, and wrong spins of its reconstructions in percent, drawn with dice of its
own. No training is begun anew, and no machine is left out.

slips_late, loss_late : float64 (16,)
    Mean slips and training error, in percent, of sixteen machines at the end of
    6000 epochs.
strengths : float64 (11,); by_strength : float64 (11, 4, 4)
    Strengths of the penalty, and descriptions of four machines at each, after
    5000 epochs.
largest : float64 (11, 4)
    The largest of all weights of these machines, in size.
harder : float64 (5,); survived : float64 (5, 4, 4)
    Four finished machines, of eight_machines.npz, trained further under these
    strengths.
sizes : float64 (4,); born : float64 (4, 4, 4)
    Machines with first weights of these sizes, trained at the strength 0.012.

Run it from anywhere, after eight_machines.py:
python book/4_cases/slow/penalty.py
"""

from pathlib import Path

import numpy as np

from rgrbm.chapters import in_threads, ring_bits, store_result
from rgrbm.rbm import BernoulliRBM, order_hidden_units, train

HERE = Path(__file__).parent
N, M, K = 64, 32, 1.0
STRENGTHS = (
    0,
    0.0005,
    0.001,
    0.0015,
    0.002,
    0.003,
    0.004,
    0.005,
    0.006,
    0.008,
    0.012,
)
HARDER = (0.008, 0.012, 0.02, 0.03, 0.05)
SIZES = (0.01, 0.03, 0.1, 0.3)


def experiment(seed, l1=0.003, n_epochs=5000, **options):
    rng = np.random.default_rng(seed)
    bits = ring_bits(1200, N, K, rng=rng)
    rbm = BernoulliRBM(N, M, rng=rng)
    history = train(
        rbm,
        bits[:800],
        n_epochs=n_epochs,
        learning_rate=1.0,
        l1=l1,
        rng=rng,
        **options,
    )
    return rbm, bits[800:], history


def count_slips(rbm, rng):
    strongest = order_hidden_units(rbm).strongest
    return np.sum(np.diff(strongest, append=strongest[0] + N) != 2)


def slips_and_loss(seed):
    _, _, history = experiment(
        seed, n_epochs=6000, monitors={"slips": count_slips}, monitor_every=500
    )
    late = history.monitors["slips"][-4:].mean()
    return late, 100 * history.reconstruction_error[-1000:].mean()


def describe(rbm, test, seed):
    size = np.abs(rbm.weights)
    large = (size > 1).sum(axis=0)
    alive = large > 0
    _, counts = np.unique(size.argmax(axis=0)[alive], return_counts=True)
    copies = rbm.reconstruct(test, np.random.default_rng([2, seed]))
    return (
        np.sum(counts == 1),
        np.sum(alive),
        large[alive].mean() if alive.any() else 0,
        100 * np.mean(copies != test),
    )


def at_strength(l1, seed):
    rbm, test, _ = experiment(seed, l1)
    return *describe(rbm, test, seed), np.abs(rbm.weights).max()


def go_on(strength, seed):
    """Train a finished machine further: new samples, more penalty."""
    rng = np.random.default_rng(seed)
    test = ring_bits(1200, N, K, rng=rng)[800:]
    finished = np.load(HERE / "eight_machines.npz")["sparse"][seed]
    rbm = BernoulliRBM(N, M, rng=rng).with_vector(finished)
    rng = np.random.default_rng([seed, 1])
    bits = ring_bits(800, N, K, rng=rng)
    train(rbm, bits, n_epochs=5000, learning_rate=1.0, l1=strength, rng=rng)
    return describe(rbm, test, seed)


def born_large(size, seed):
    """Train a machine with large first weights and balanced biases."""
    rng = np.random.default_rng([seed, 2])
    bits = ring_bits(1200, N, K, rng=rng)
    weights = rng.normal(0, size, (N, M))
    rbm = BernoulliRBM.from_parameters(
        weights, np.zeros(N), -weights.sum(axis=0) / 2
    )
    train(rbm, bits[:800], n_epochs=5000, learning_rate=1.0, l1=0.012, rng=rng)
    return describe(rbm, bits[800:], seed)


def table(function, name, values):
    """Call for each value and each of four seeds."""
    rows = in_threads(function, {name: values, "seed": range(4)})
    return np.reshape(rows, (len(values), 4, -1))


def main():
    late = in_threads(slips_and_loss, {"seed": range(8, 24)})
    slips_late, loss_late = np.transpose(late)
    by_strength = table(at_strength, "l1", STRENGTHS)
    store_result(
        Path(__file__).with_suffix(".npz"),
        slips_late=slips_late,
        loss_late=loss_late,
        strengths=STRENGTHS,
        by_strength=by_strength[:, :, :4],
        largest=by_strength[:, :, 4],
        harder=HARDER,
        survived=table(go_on, "strength", HARDER),
        sizes=SIZES,
        born=table(born_large, "size", SIZES),
    )


if __name__ == "__main__":
    main()
