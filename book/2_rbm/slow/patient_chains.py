"""Train Gaussian machines on two moons with persistent chains that have time.

The chapter on Gaussian units reads them. Three machines of eight hidden units
and width 0.3, on the first three of its training sets, with persistent
contrastive divergence. Written to patient_chains.npz, beside this file;
machines are ``rbm.to_vector()``, in radii of the moons.

many_steps : float64 (3, 26)
    Fifty Gibbs steps per update, as many updates as in the chapter.
small_steps : float64 (3, 26)
    One Gibbs step per update, a rate a hundred times smaller, and a hundred
    times as many updates.
many_steps_early, small_steps_early : float64 (26,)
    The first machine of each kind after 30 and after 1000 updates.

Run it from anywhere: python book/2_rbm/slow/patient_chains.py
"""

from pathlib import Path

import numpy as np

from rgrbm.chapters import in_threads, store_result
from rgrbm.rbm import GaussianBernoulliRBM, train

NOISE, WIDTH, N_HIDDEN = 0.15, 0.3, 8
UNIT = WIDTH**2  # the unit of length in which the machines are trained
RULES = {
    "many_steps": {"n_gibbs": 50, "learning_rate": 0.5, "n_epochs": 600},
    "small_steps": {"learning_rate": 0.005, "n_epochs": 60_000},
}
EARLY = {"many_steps": 30, "small_steps": 1000}


def draw_moons(n_samples, rng):
    angle = rng.uniform(0, np.pi, n_samples)
    sign = rng.choice([-1, 1], (n_samples, 1))
    noise = NOISE * rng.standard_normal((n_samples, 2))
    arc = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=-1)
    return sign * arc + noise


def in_radii(rbm):
    return GaussianBernoulliRBM.from_parameters(
        rbm.weights * UNIT, rbm.visible_bias * UNIT, rbm.hidden_bias, WIDTH
    ).to_vector()


def experiment(name, seed):
    """Return the machine in the end, and early in the training."""
    data = draw_moons(500, np.random.default_rng([2, seed])) / UNIT
    rng = np.random.default_rng([seed, N_HIDDEN])
    w = 0.1 * rng.standard_normal((2, N_HIDDEN))
    rbm = GaussianBernoulliRBM.from_parameters(
        w / UNIT, -w.sum(axis=1) / 2 / UNIT, np.zeros(N_HIDDEN), WIDTH / UNIT
    )
    early = []

    def remember(epoch, rbm):
        if epoch == EARLY[name]:
            early.append(in_radii(rbm))

    rule = {"method": "pcd", "momentum": 0.9, **RULES[name]}
    train(rbm, data, rng=rng, callback=remember, **rule)
    return in_radii(rbm), early[0]


if __name__ == "__main__":
    stored = {}
    runs = in_threads(experiment, {"name": RULES, "seed": range(3)})
    for name, trio in zip(RULES, (runs[:3], runs[3:]), strict=True):
        stored[name] = np.array([end for end, _ in trio])
        stored[f"{name}_early"] = trio[0][1]
    store_result(Path(__file__).with_suffix(".npz"), **stored)
