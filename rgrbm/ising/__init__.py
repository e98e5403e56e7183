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
from rgrbm.ising.glass import glass_energy, glass_moments
from rgrbm.ising.lattice import enumerate_lattice, lattice_energy

__all__ = [
    "bits_to_spins",
    "boltzmann_probabilities",
    "chain_energy",
    "enumerate_lattice",
    "enumerate_spins",
    "exact_log_partition",
    "glass_energy",
    "glass_moments",
    "lattice_energy",
    "spins_to_bits",
    "state_index",
]
