"""Experiments over seeds and parameters: on threads, processes or a cluster, and they resume."""

from rgrbm.scan.grid import ScanError, map_grid

__all__ = ["ScanError", "map_grid"]
