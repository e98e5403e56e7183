"""Random numbers that the networks in JAX start from and are trained with."""

import numpy as np
import pytest

jax = pytest.importorskip("jax")


@pytest.mark.slow
def test_arrays_are_those_that_jax_draws_one_by_one():
    from rgrbm.networks._draws import normal

    key, shapes = jax.random.key(3), [(2, 3), (4, 5), (1, 1)]
    keys = jax.random.split(key, 3)
    for found, own, shape in zip(normal(key, shapes), keys, shapes, strict=True):
        np.testing.assert_allclose(found, jax.random.normal(own, shape), rtol=1e-6)


@pytest.mark.slow
def test_batches_are_independent_and_take_all_samples_alike():
    from rgrbm.networks._draws import batches

    n_steps, batch_size, n_samples = 400, 50, 5
    chosen, keys = batches(
        jax.random.key(0), n_steps=n_steps, batch_size=batch_size, n_samples=n_samples
    )
    assert chosen.shape == (n_steps, batch_size)
    assert keys.shape == (n_steps, 2)
    counts, expected = np.bincount(np.ravel(chosen)), n_steps * batch_size / n_samples
    assert len(counts) == n_samples
    assert ((counts - expected) ** 2 / expected).sum() < 25, "chi squared of four degrees"
    same = np.mean(np.equal(chosen[1:], chosen[:-1]))  # of one step and the next
    assert abs(same - 1 / n_samples) < 5 * np.sqrt(0.16 / (n_steps * batch_size))
    assert len(np.unique(jax.random.key_data(keys).reshape(-1, 2), axis=0)) == 2 * n_steps
