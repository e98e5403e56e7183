"""Samples of Ising models: Metropolis, heat bath, clusters, and exact sampling."""

from rgrbm.sampler.chain import exact_chain, heat_bath_chain, metropolis_chain
from rgrbm.sampler.lattice import metropolis_lattice, swendsen_wang_lattice, wolff_lattice
from rgrbm.sampler.multilevel import MultilevelSampler

__all__ = [
    "MultilevelSampler",
    "exact_chain",
    "heat_bath_chain",
    "metropolis_chain",
    "metropolis_lattice",
    "swendsen_wang_lattice",
    "wolff_lattice",
]
