"""Random numbers of the networks in JAX, compiled apart from what is trained.

Most of a short training is its compilation, and random numbers are most of that. Trainings of the
same shape, with other penalties or networks, share what is compiled here.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np


@partial(jax.jit, static_argnames="length")
def _normal(keys, *, length):
    return jax.vmap(lambda key: jax.random.normal(key, (length,), jnp.float32))(keys)


def normal(key, shapes):
    """Draw an array of normal numbers for each shape. All have the longest, and are cut."""
    lengths = [int(np.prod(shape)) for shape in shapes]
    draws = np.asarray(_normal(jax.random.split(key, len(shapes)), length=max(lengths)))
    cut = zip(draws, lengths, shapes, strict=True)
    return [draw[:length].reshape(shape) for draw, length, shape in cut]


@partial(jax.jit, static_argnames=("n_steps", "batch_size", "n_samples"))
def batches(key, *, n_steps, batch_size, n_samples):
    """Draw the samples (n_steps, batch_size) of each step, and two keys (n_steps, 2) for others."""

    def one(key):
        keys = jax.random.split(key, 3)
        return jax.random.randint(keys[0], (batch_size,), 0, n_samples), keys[1:]

    return jax.lax.map(one, jax.random.split(key, n_steps))
