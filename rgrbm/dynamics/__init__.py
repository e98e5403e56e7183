"""Rules in time, coarse-grained: cellular automata, diffusion and flocks, laws of similarity."""

from rgrbm.dynamics.automata import (
    block_map,
    commutes,
    projections,
    quotient,
    space_time_encoder,
    step,
)
from rgrbm.dynamics.collapse import (
    Collapse,
    collapse_score,
)
from rgrbm.dynamics.diffusion import (
    fit_kernel,
    time_scale,
)
from rgrbm.dynamics.flocks import (
    flock,
)

__all__ = [
    "Collapse",
    "block_map",
    "collapse_score",
    "commutes",
    "fit_kernel",
    "flock",
    "projections",
    "quotient",
    "space_time_encoder",
    "step",
    "time_scale",
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
