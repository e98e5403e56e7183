"""Scores of the quartic ring: several starts, and dense networks for long.

Five minutes on two cores. The chapter on unified diffusion reads the result.
"""

from pathlib import Path

import numpy as np

from rgrbm.chapters import store_result
from rgrbm.networks import (
    Basis,
    Schedule,
    denoising_losses,
    phi4_action,
    phi4_ring_correlations,
    phi4_ring_log_partition,
    phi4_samples,
    probability_flow,
    train_score,
)

N_SITES, MASS_SQUARED, QUARTIC = 16, -3.0, 1.0
RING = N_SITES, MASS_SQUARED, QUARTIC
N_STARTS = 4
RESULT = Path(__file__).with_suffix(".npz")


def settings():
    """Return the three bases and schedules of the chapter."""
    correlations = phi4_ring_correlations(*RING)
    site = np.arange(N_SITES)
    covariance = correlations[(site[:, None] - site) % N_SITES]
    made = {}
    for name, kind, steepness in (
        ("pixel", "pixel", 0.0),
        ("waves", "fourier", 0.0),
        ("order", "fourier", 1.0),
    ):
        basis = Basis(kind, (N_SITES,), covariance=covariance, whiten=True)
        labels = -2 * np.log(basis.scale)
        made[name] = basis, Schedule.soft(labels, steepness, -7.0, 7.0)
    return made


def measured(score, basis, schedule, fields, rng):
    """Return the gain, and the divergence per site two ways, with errors."""
    gain = denoising_losses(
        score, schedule, basis.forward(fields), rng=rng
    ).gain
    fresh = phi4_samples(400, *RING, rng=rng)
    _, log_q = probability_flow(
        score, schedule, basis.forward(fresh), n_steps=16
    )
    log_p = -phi4_action(
        fresh, MASS_SQUARED, QUARTIC
    ) - phi4_ring_log_partition(*RING)
    excess = log_p - log_q - basis.log_det
    parts = [excess, np.expm1(-excess) + excess]
    found = [
        (part.mean() / 16, part.std() / 16 / np.sqrt(len(part)))
        for part in parts
    ]
    return np.array([tuple(gain), *found])


if __name__ == "__main__":
    arrays = {}
    for name, (basis, schedule) in settings().items():
        for start in range(N_STARTS):
            rng = np.random.default_rng(100 + start)
            fields = phi4_samples(20_000, *RING, n_sweeps=60, rng=rng)
            score = train_score(fields, basis, schedule, n_steps=2000, rng=rng)
            found = measured(score, basis, schedule, fields, rng)
            arrays[f"{name}_{start}"] = found
            print(name, start, found.round(5).tolist(), flush=True)
    basis, schedule = settings()["waves"]
    for activation in ("silu", "relu"):
        rng = np.random.default_rng(7)
        fields = phi4_samples(20_000, *RING, n_sweeps=60, rng=rng)
        score = train_score(
            fields,
            basis,
            schedule,
            network="dense",
            activation=activation,
            width=128,
            n_steps=20_000,
            batch_size=256,
            learning_rate=1e-3,
            rng=rng,
        )
        found = measured(score, basis, schedule, fields, rng)
        arrays[f"dense_{activation}"] = found
        arrays[f"losses_{activation}"] = score.losses.reshape(-1, 200).mean(
            axis=1
        )
        print(activation, found.round(5).tolist(), flush=True)
    store_result(RESULT, **arrays)
