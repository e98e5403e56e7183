"""Trial functions: machines as amplitudes of quantum states, and exact results to hold them to."""

from rgrbm.quantum.chains import (
    ising_chain_correlations,
    ising_chain_ground_energy,
    ising_chain_ground_state,
    ising_chain_hamiltonian,
)
from rgrbm.quantum.reconfiguration import estimate_energy, optimize, optimize_exactly
from rgrbm.quantum.states import RBMState
from rgrbm.quantum.trap import GaussianTrap, trap_local_energy

__all__ = [
    "GaussianTrap",
    "RBMState",
    "estimate_energy",
    "ising_chain_correlations",
    "ising_chain_ground_energy",
    "ising_chain_ground_state",
    "ising_chain_hamiltonian",
    "optimize",
    "optimize_exactly",
    "trap_local_energy",
]
