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
    """Energy of one state of a machine of bits."""
    energy = 0.0
    for i, v in enumerate(visible):
        energy -= rbm.visible_bias[i] * v
    for j, h in enumerate(hidden):
        energy -= rbm.hidden_bias[j] * h
    for i, v in enumerate(visible):
        for j, h in enumerate(hidden):
            energy -= v * rbm.weights[i, j] * h
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


def gradient_by_differences(function, vector, step=1e-5):
    """Central differences of a function of a vector."""
    slopes = []
    for k in range(len(vector)):
        ahead, behind = np.array(vector, dtype=float), np.array(vector, dtype=float)
        ahead[k] += step
        behind[k] -= step
        slopes.append((function(ahead) - function(behind)) / (2 * step))
    return np.array(slopes)
