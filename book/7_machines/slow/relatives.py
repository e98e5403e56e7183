"""Five families on one law: three starts each, unlimited and 1000 samples.

Ten minutes on two cores. It runs the cells of the chapter that have the tag
"models", so both train the same machines. The chapter on the relatives reads
the result.
"""

import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import nbformat
import numpy as np
import optax
from jax.lax import stop_gradient as hold
from jax.nn import log_sigmoid, sigmoid

from rgrbm import networks
from rgrbm.chapters import store_result
from rgrbm.ising import enumerate_spins
from rgrbm.networks import evidence_bound
from rgrbm.rbm import BernoulliRBM, exact_distribution, kl_divergence

HERE = Path(__file__)
CHAPTER = HERE.parents[1] / "02_relatives.ipynb"
N_STARTS, N_LOOKS = 3, 10
USED = partial, jax, jnp, optax, hold, log_sigmoid, sigmoid, networks
USED += enumerate_spins, BernoulliRBM, exact_distribution

for cell in nbformat.read(CHAPTER, as_version=4).cells:
    if "models" in cell.metadata.get("tags", []):
        exec(cell.source)  # defines MODELS, and what it is made of


def normalised(law):
    assert abs(law.sum() - 1) < 1e-5
    return law / law.sum()


if __name__ == "__main__":
    law_P, spins, bonds = (globals()[name] for name in ("P", "SPINS", "BONDS"))
    arrays = {}
    if sys.argv[1:]:  # some families only: keep what is there of the others
        with np.load(HERE.with_suffix(".npz")) as file:
            arrays = {name: file[name] for name in file.files}
    for name in sys.argv[1:] or MODELS:  # noqa: F821
        start, loss, law_of, *settings = MODELS[name]  # noqa: F821
        shape = 2, N_STARTS, N_LOOKS
        along, ends = np.zeros(shape), np.zeros((2, N_STARTS, 4))
        gaps = np.zeros((2, N_STARTS))
        for k in range(2 * N_STARTS):
            few, seed = divmod(k, N_STARTS)
            data = thousand(seed) if few else law_P  # noqa: F821
            keys = jax.random.split(jax.random.key(100 * few + seed))
            looks = fit(  # noqa: F821
                loss, start(keys[0]), jnp.float32(data), keys[1], *settings
            )
            for look in range(N_LOOKS):
                there = double(jax.tree.map(lambda a, i=look: a[i], looks))  # noqa: F821
                raw = law_of(there)
                q = normalised(raw)
                along[few, seed, look] = kl_divergence(law_P, q)
            ends[few, seed] = (
                kl_divergence(q, law_P),
                -(q @ bonds) / 12,
                q @ spins.mean(axis=1) ** 2,
                raw.sum() - 1,
            )
            if name == "vae":
                bound = evidence_bound(
                    partial(run, there[1]),  # noqa: F821
                    partial(encode, there[0]),  # noqa: F821
                    12,
                )
                gaps[few, seed] = law_P @ (np.log(raw) - bound)
            if k == 0:
                for number, part in enumerate(jax.tree.leaves(there)):
                    arrays[f"{name}_{number}"] = part.astype(np.float32)
            print(name, few, seed, along[few, seed].round(4), ends[few, seed])
            sys.stdout.flush()
        arrays[f"{name}_along"], arrays[f"{name}_ends"] = along, ends
        if name == "vae":
            arrays["vae_gaps"] = gaps
    store_result(HERE.with_suffix(".npz"), **arrays)
