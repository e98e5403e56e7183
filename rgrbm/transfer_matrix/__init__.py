"""Ising models solved exactly with the transfer matrix: ln Z, correlations, their length."""

from rgrbm.transfer_matrix.chain import (
    correlation,
    correlation_length,
    free_energy_density,
    log_partition,
    magnetization,
    spectrum,
)
from rgrbm.transfer_matrix.cylinder import cylinder_correlation_length, cylinder_row_correlation
from rgrbm.transfer_matrix.glass import glass_log_partition
from rgrbm.transfer_matrix.lattice import (
    onsager_free_energy,
    spontaneous_magnetization,
    temperature_of_energy,
    torus_log_partition,
    torus_thermodynamics,
)
from rgrbm.transfer_matrix.lattice_laws import density_of_states, total_spin_law
from rgrbm.transfer_matrix.strip import strip_law

__all__ = [
    "correlation",
    "correlation_length",
    "cylinder_correlation_length",
    "cylinder_row_correlation",
    "density_of_states",
    "free_energy_density",
    "glass_log_partition",
    "log_partition",
    "magnetization",
    "onsager_free_energy",
    "spectrum",
    "spontaneous_magnetization",
    "strip_law",
    "temperature_of_energy",
    "torus_log_partition",
    "torus_thermodynamics",
    "total_spin_law",
]
