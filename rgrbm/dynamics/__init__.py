"""Rules in time, coarse-grained: cellular automata, diffusion and flocks, laws of similarity."""

from rgrbm.dynamics.collapse import Collapse, collapse_score

__all__ = ["Collapse", "collapse_score"]
