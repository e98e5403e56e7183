"""Restricted Boltzmann machines: their training, their ln Z, and the renormalization in them."""

from rgrbm.rbm.history import History
from rgrbm.rbm.layers import Bits, Gaussian
from rgrbm.rbm.machines import (
    BernoulliRBM,
    GaussianBernoulliRBM,
    GaussianGaussianRBM,
    SpinParameters,
)
from rgrbm.rbm.mapping import (
    OrderedMachine,
    bond_rbm,
    decimation_rbm,
    effective_couplings,
    interaction,
    order_hidden_units,
    trace_defect,
    walsh_couplings,
)
from rgrbm.rbm.partition import (
    Moments,
    ais_log_partition,
    exact_distribution,
    exact_log_partition,
    exact_moments,
    gibbs_matrix,
    kl_divergence,
    log_likelihood,
)
from rgrbm.rbm.pseudo_likelihood import pseudo_log_likelihood
from rgrbm.rbm.training import train

__all__ = [
    "BernoulliRBM",
    "Bits",
    "Gaussian",
    "GaussianBernoulliRBM",
    "GaussianGaussianRBM",
    "History",
    "Moments",
    "OrderedMachine",
    "SpinParameters",
    "ais_log_partition",
    "bond_rbm",
    "decimation_rbm",
    "effective_couplings",
    "exact_distribution",
    "exact_log_partition",
    "exact_moments",
    "gibbs_matrix",
    "interaction",
    "kl_divergence",
    "log_likelihood",
    "order_hidden_units",
    "pseudo_log_likelihood",
    "trace_defect",
    "train",
    "walsh_couplings",
]
