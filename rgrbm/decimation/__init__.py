"""Renormalization by decimation: maps of couplings, flows, spins thinned and drawn back."""

from rgrbm.decimation.chain import (
    coupling_flow,
    decimate_coupling,
    decimate_spins,
    log_partition,
    undecimate_spins,
)

__all__ = [
    "coupling_flow",
    "decimate_coupling",
    "decimate_spins",
    "log_partition",
    "undecimate_spins",
]
