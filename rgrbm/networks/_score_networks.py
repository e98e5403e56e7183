"""Networks that predict noise, in JAX: what they compute, and how they are trained.

A state comes in a basis, and the network sees the field: the basis is turned back before it and
again after it. What it gives is added to sigma times the state, the exact answer for independent
components of unit variance. The last layer starts at zero, so that is where training starts.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from rgrbm.networks._draws import batches, normal


def start(key, network, size, width):
    """Draw weights and biases of three layers."""
    see, channels, out = {"ring": (3, 4, 1), "dense": (1, size + 3, size)}[network]
    shapes = [(see * channels, width), (see * width, width), (see * width, out)]
    scales = [(2 / shapes[0][0]) ** 0.5, (2 / shapes[1][0]) ** 0.5, 0.0]
    return [
        (np.float32(scale) * draw, np.zeros(draw.shape[1], np.float32))
        for scale, draw in zip(scales, normal(key, shapes), strict=True)
    ]


def correction(layers, fields, time, network, activation):
    """Network on fields (..., size) at times (...): what it adds to the Gaussian answer."""
    act = {"relu": jax.nn.relu, "silu": jax.nn.silu}[activation]
    clock = jnp.stack([time - 0.5, jnp.cos(jnp.pi * time), jnp.cos(2 * jnp.pi * time)], axis=-1)
    if network == "ring":  # [..., site, channel]
        clock = jnp.broadcast_to(clock[..., None, :], (*fields.shape, 3))
        fields = fields[..., None]
    hidden = jnp.concatenate([fields, clock], axis=-1)
    for number, (weights, bias) in enumerate(layers):
        if network == "ring":  # a site and its two neighbours
            beside = [jnp.roll(hidden, 1, -2), hidden, jnp.roll(hidden, -1, -2)]
            hidden = jnp.concatenate(beside, axis=-1)
        hidden = hidden @ weights + bias
        hidden = act(hidden) if number < 2 else hidden
    return hidden[..., 0] if network == "ring" else hidden


def in_basis(layers, states, time, into, matrix, network, activation):
    """Turn states into fields, correct, and turn back."""
    return correction(layers, states @ into, time, network, activation) @ matrix.T


@partial(jax.jit, static_argnames=("network", "activation"))
def with_diagonal(layers, states, time, into, matrix, *, network, activation):
    """Correction of states (n, d) at one time, and the diagonal of its derivatives."""

    def one(state):
        return in_basis(layers, state, time, into, matrix, network, activation)

    def both(state):
        return one(state), jnp.diagonal(jax.jacfwd(one)(state))

    return jax.vmap(both)(states)


@partial(jax.jit, static_argnames=("network", "activation"))
def values(layers, states, time, into, matrix, *, network, activation):
    """Correction of states (n, d) at one time."""
    times = jnp.full(len(states), time, jnp.float32)
    return in_basis(layers, states, times, into, matrix, network, activation)


def train(
    key, states, start_gamma, rate, into, matrix, learning_rate,
    *, network, activation, width, n_steps, batch_size,
):  # fmt: skip
    """Minimise the squared error of the noise; Adam, its rate ends at zero. Keep the losses."""
    first, rest = jax.random.split(key)
    layers = start(first, network, states.shape[1], width)
    draws = batches(rest, n_steps=n_steps, batch_size=batch_size, n_samples=len(states))
    return stepped(
        layers, draws, states, start_gamma, rate, into, matrix, learning_rate,
        network=network, activation=activation,
    )  # fmt: skip


@partial(jax.jit, static_argnames=("network", "activation"))
def stepped(
    layers, draws, states, start_gamma, rate, into, matrix, learning_rate, *, network, activation
):
    """Return the layers after these draws, and the loss of each step."""
    n_steps, batch_size = draws[0].shape

    def loss(layers, clean, time, noise):
        gamma = start_gamma + rate * time[:, None]
        alpha, sigma = jnp.sqrt(jax.nn.sigmoid(-gamma)), jnp.sqrt(jax.nn.sigmoid(gamma))
        noisy = alpha * clean + sigma * noise
        added = in_basis(layers, noisy, time, into, matrix, network, activation)
        return ((sigma * noisy + added - noise) ** 2).mean()

    def step(carry, draw):
        layers, memory = carry
        chosen, keys = draw
        shift = jax.random.uniform(keys[0], (), jnp.float32)
        time = (jnp.arange(batch_size, dtype=jnp.float32) + shift) / batch_size
        noise = jax.random.normal(keys[1], (batch_size, states.shape[1]), jnp.float32)
        found, slope = jax.value_and_grad(loss)(layers, states[chosen], time, noise)
        change, memory = optimiser.update(slope, memory, layers)
        return (optax.apply_updates(layers, change), memory), found

    falling = optax.cosine_decay_schedule(learning_rate, n_steps)
    # One long vector is compiled, and stepped, faster than its parts.
    optimiser = optax.flatten(optax.chain(optax.clip_by_global_norm(1.0), optax.adam(falling)))
    (layers, _), losses = jax.lax.scan(step, (layers, optimiser.init(layers)), draws)
    return layers, losses
