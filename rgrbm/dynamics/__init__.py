"""Rules in time, coarse-grained: cellular automata, diffusion and flocks, laws of similarity."""

from rgrbm.dynamics.barenblatt import anomalous_exponent, rg_map
from rgrbm.dynamics.similarity import (
    Similarity,
    callan_symanzik,
    fit_similarity,
    fit_similarity_network,
    similarity_deficit,
)

__all__ = [
    "Similarity",
    "anomalous_exponent",
    "callan_symanzik",
    "fit_similarity",
    "fit_similarity_network",
    "rg_map",
    "similarity_deficit",
]
