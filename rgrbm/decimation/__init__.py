"""Renormalization: of rings and springs by decimation, of the lattice by blocks."""

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
from rgrbm.decimation.springs import (
    bridge_stiffness,
    chain_density_of_states,
    chain_stiffness,
    condense,
    decimate_springs,
    dual_network,
    network_stiffness,
)

__all__ = [
    "block_spins",
    "bridge_stiffness",
    "chain_density_of_states",
    "chain_stiffness",
    "condense",
    "coupling_flow",
    "decimate_coupling",
    "decimate_spins",
    "decimate_springs",
    "dual_network",
    "lattice_operators",
    "log_partition",
    "monte_carlo_rg",
    "network_stiffness",
    "stability_matrix",
    "undecimate_spins",
]
