"""Rules in time, coarse-grained: cellular automata, diffusion and flocks, laws of similarity."""

from rgrbm.dynamics.diffusion import fit_kernel, time_scale
from rgrbm.dynamics.flocks import flock

__all__ = ["fit_kernel", "flock", "time_scale"]
