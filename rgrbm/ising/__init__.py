"""Ising models by enumeration: energies, states, probabilities; spins and bits."""

from rgrbm.ising.chain import (
    bits_to_spins,
    boltzmann_probabilities,
    chain_energy,
    enumerate_spins,
    exact_log_partition,
    spins_to_bits,
    state_index,
)

__all__ = [
    "bits_to_spins",
    "boltzmann_probabilities",
    "chain_energy",
    "enumerate_spins",
    "exact_log_partition",
    "spins_to_bits",
    "state_index",
]
