"""Samples of Ising models: Metropolis, heat bath, and exact sampling."""

from rgrbm.sampler.chain import exact_chain, heat_bath_chain, metropolis_chain

__all__ = ["exact_chain", "heat_bath_chain", "metropolis_chain"]
