"""Enumerations in plain loops: slow, and short enough to be believed. Tests hold all else to them.

The states of n units are listed in binary order, the last unit changing fastest.
"""

import math
from itertools import product

import numpy as np


def bits(n_units):
    """All states of bits, shape (2**n_units, n_units)."""
    return np.array(list(product([0, 1], repeat=n_units)))


def spins(n_sites):
    """All states of spins, shape (2**n_sites, n_sites)."""
    return np.array(list(product([-1, 1], repeat=n_sites)))


def ring_energy(state, coupling, field):
    """Reduced energy of one state of the ring."""
    energy = 0.0
    for i, spin in enumerate(state):
        energy -= coupling * spin * state[(i + 1) % len(state)] + field * spin
    return energy


def ring_law(n_sites, coupling, field):
    """Probabilities of all states of the ring, and ln Z."""
    energies = [ring_energy(state, coupling, field) for state in spins(n_sites)]
    lowest = min(energies)
    weights = [math.exp(lowest - energy) for energy in energies]
    total = math.fsum(weights)
    return np.array(weights) / total, math.log(total) - lowest


def machine_energy(rbm, visible, hidden):
    """Energy of one state of a machine, whose visible units are bits or, with widths, real."""
    energy = 0.0
    widths = getattr(rbm, "sigma", [None] * rbm.n_visible)
    for c, v, sigma in zip(rbm.visible_bias, visible, widths, strict=True):
        energy += -c * v if sigma is None else (v - c) ** 2 / (2 * sigma**2)
    for b, h in zip(rbm.hidden_bias, hidden, strict=True):
        energy -= b * h
    for i, v in enumerate(visible):
        for j, h in enumerate(hidden):
            energy -= v * rbm.weights[i, j] * h / (1 if widths[i] is None else widths[i] ** 2)
    return energy


def machine_law(rbm):
    """Joint probabilities of a machine of bits, visible states in rows, and ln Z."""
    energies = np.array(
        [[machine_energy(rbm, v, h) for h in bits(rbm.n_hidden)] for v in bits(rbm.n_visible)]
    )
    lowest = energies.min()
    weights = np.exp(lowest - energies)
    total = math.fsum(weights.ravel())
    return weights / total, math.log(total) - lowest


def machine_moments(rbm):
    """Means <v_i>, <h_j> and <v_i h_j> of a machine of bits."""
    law, _ = machine_law(rbm)
    visible, hidden = bits(rbm.n_visible), bits(rbm.n_hidden)
    return law.sum(axis=1) @ visible, law.sum(axis=0) @ hidden, visible.T @ law @ hidden


def machine_step(rbm):
    """Probabilities of a Gibbs step of a machine of bits: of v' (rows) after v (columns)."""
    visible, hidden = bits(rbm.n_visible), bits(rbm.n_hidden)
    on, bright = rbm.hidden_probabilities(visible), rbm.visible_probabilities(hidden)
    up = np.array([[independent(p, h) for p in on] for h in hidden])
    down = np.array([[independent(p, v) for p in bright] for v in visible])
    return down @ up


def independent(probabilities, state):
    """Probability of a state of independent bits."""
    return math.prod(p if unit else 1 - p for p, unit in zip(probabilities, state, strict=True))
