"""A generator and a critic in JAX: what they compute, and how they are trained.

The penalties hold the gradient of the critic with respect to an image, and the training takes the
gradient of that with respect to the weights: backpropagation through backpropagation.
"""

from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import optax

from rgrbm.networks._draws import batches, normal
from rgrbm.networks.adversarial import scale_dissimilarity

N_LATENT = 32


def start(key, sizes):
    """Draw weights and biases of layers with these numbers of units."""
    shapes = list(pairwise(sizes))
    return [
        (np.float32(np.sqrt(2 / n)) * draw, np.zeros(m, np.float32))
        for (n, m), draw in zip(shapes, normal(key, shapes), strict=True)
    ]


def dense(layers, states):
    for weights, bias in layers[:-1]:
        states = jax.nn.silu(states @ weights + bias)
    weights, bias = layers[-1]
    return states @ weights + bias


def generator(layers, latent):
    return jax.nn.sigmoid(dense(layers, latent))


def critic(layers, images):
    """Return one number for each image (..., height, width)."""
    return dense(layers, images.reshape(*images.shape[:-2], -1))[..., 0]


def gradient(layers, images):
    return jax.vmap(jax.grad(critic, argnums=1), in_axes=(None, 0))(layers, images)


def penalties(field, penalty, levels):
    """Return the penalty of each gradient field (n, height, width)."""
    if penalty == "ms3d-normalized":
        return scale_dissimilarity(field, levels, normalize=True).sum(axis=-1)
    if penalty == "ms3d":
        pixels = field.shape[-2] * field.shape[-1]
        return pixels * scale_dissimilarity(field, levels).sum(axis=-1)
    return (field**2).sum(axis=(-2, -1)) / 2


def critic_loss(layers, real, fake, weight, penalty, levels):
    """Return the loss with its penalty, and the two apart."""
    of_real, of_fake = jnp.split(critic(layers, jnp.concatenate([real, fake])), 2)
    plain = jax.nn.softplus(-of_real).mean() + jax.nn.softplus(of_fake).mean()
    if penalty == "none":
        return plain, (plain, jnp.zeros_like(plain))
    field = gradient(layers, real if penalty == "r1" else fake)
    size = weight * penalties(field, penalty, levels).mean()
    return plain + size, (plain, size)


def generator_loss(layers, critic_layers, latent, shape):
    images = generator(layers, latent).reshape(-1, *shape)
    return jax.nn.softplus(-critic(critic_layers, images)).mean()


def train(key, images, weight, learning_rate, *, penalty, levels, n_steps, batch_size):
    """Step the critic, then the generator, `n_steps` times."""
    n_pixels = images[0].size
    keys = jax.random.split(key, 3)
    makes = start(keys[0], (N_LATENT, 64, 128, n_pixels))
    tells = start(keys[1], (n_pixels, 128, 64, 1))
    draws = batches(keys[2], n_steps=n_steps, batch_size=batch_size, n_samples=len(images))
    return stepped(makes, tells, draws, images, weight, learning_rate, penalty, levels)


@partial(jax.jit, static_argnames=("penalty", "levels"))
def stepped(makes, tells, draws, images, weight, learning_rate, penalty, levels):
    """Return the layers of both after these draws, and what each step has lost."""
    shape, batch_size = images.shape[1:], draws[0].shape[1]
    # One long vector is compiled, and stepped, faster than its parts.
    optimiser = optax.flatten(optax.adam(learning_rate, b1=0.5, b2=0.99))

    def step(carry, draw):
        makes, tells, makes_memory, tells_memory = carry
        chosen, keys = draw
        latent = jax.random.normal(keys[0], (batch_size, N_LATENT), jnp.float32)
        fake = generator(makes, latent).reshape(-1, *shape)
        (_, (plain, size)), slope = jax.value_and_grad(critic_loss, has_aux=True)(
            tells, images[chosen], fake, weight, penalty, levels
        )
        change, tells_memory = optimiser.update(slope, tells_memory)
        tells = optax.apply_updates(tells, change)

        latent = jax.random.normal(keys[1], (batch_size, N_LATENT), jnp.float32)
        loss, slope = jax.value_and_grad(generator_loss)(makes, tells, latent, shape)
        change, makes_memory = optimiser.update(slope, makes_memory)
        makes = optax.apply_updates(makes, change)
        return (makes, tells, makes_memory, tells_memory), (jnp.stack([plain, loss]), size)

    carry = makes, tells, optimiser.init(makes), optimiser.init(tells)
    (makes, tells, _, _), (losses, sizes) = jax.lax.scan(step, carry, draws)
    return makes, tells, losses, sizes


generated, values, gradients = jax.jit(generator), jax.jit(critic), jax.jit(gradient)
