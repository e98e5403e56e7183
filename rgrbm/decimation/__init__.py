"""Renormalization of the ring by decimation, forwards and backwards; of the lattice by blocks."""

from rgrbm.decimation.chain import (
    coupling_flow,
    decimate_coupling,
    decimate_spins,
    log_partition,
    undecimate_spins,
)
from rgrbm.decimation.lattice import (
    block_spins,
    lattice_operators,
    monte_carlo_rg,
    stability_matrix,
)

__all__ = [
    "block_spins",
    "coupling_flow",
    "decimate_coupling",
    "decimate_spins",
    "lattice_operators",
    "log_partition",
    "monte_carlo_rg",
    "stability_matrix",
    "undecimate_spins",
]
