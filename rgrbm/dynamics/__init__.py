"""Rules in time, coarse-grained: cellular automata, diffusion and flocks, laws of similarity."""

__all__ = []
