"""Ising models solved exactly with the transfer matrix: ln Z, correlations, their length."""

from rgrbm.transfer_matrix.chain import (
    correlation,
    correlation_length,
    free_energy_density,
    log_partition,
    magnetization,
    spectrum,
)

__all__ = [
    "correlation",
    "correlation_length",
    "free_energy_density",
    "log_partition",
    "magnetization",
    "spectrum",
]
