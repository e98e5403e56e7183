"""Rules in time, coarse-grained: cellular automata, diffusion and flocks, laws of similarity."""

from rgrbm.dynamics.automata import (
    block_map,
    commutes,
    projections,
    quotient,
    space_time_encoder,
    step,
)
from rgrbm.dynamics.barenblatt import anomalous_exponent, rg_map
from rgrbm.dynamics.collapse import Collapse, collapse_score
from rgrbm.dynamics.diffusion import fit_kernel, time_scale
from rgrbm.dynamics.flocks import flock
from rgrbm.dynamics.similarity import (
    Similarity,
    callan_symanzik,
    fit_similarity,
    fit_similarity_network,
    similarity_deficit,
)

__all__ = [
    "Collapse",
    "Similarity",
    "anomalous_exponent",
    "block_map",
    "callan_symanzik",
    "collapse_score",
    "commutes",
    "fit_kernel",
    "fit_similarity",
    "fit_similarity_network",
    "flock",
    "projections",
    "quotient",
    "rg_map",
    "similarity_deficit",
    "space_time_encoder",
    "step",
    "time_scale",
]
