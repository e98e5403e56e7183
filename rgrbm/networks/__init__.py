"""Laws carried to noise and back: bases, noise schedules, exact and learned scores."""

from rgrbm.networks.basis import Basis
from rgrbm.networks.diffusion import (
    Losses,
    denoising_losses,
    few_step_divergence,
    generate,
    probability_flow,
)
from rgrbm.networks.phi4 import (
    phi4_action,
    phi4_ring_correlations,
    phi4_ring_log_partition,
    phi4_samples,
)
from rgrbm.networks.schedule import Schedule
from rgrbm.networks.scores import gaussian_score, mixture_score
from rgrbm.networks.torch_rbm import TorchRBM
from rgrbm.networks.training import train_score

__all__ = [
    "Basis",
    "Losses",
    "Schedule",
    "TorchRBM",
    "denoising_losses",
    "few_step_divergence",
    "gaussian_score",
    "generate",
    "mixture_score",
    "phi4_action",
    "phi4_ring_correlations",
    "phi4_ring_log_partition",
    "phi4_samples",
    "probability_flow",
    "train_score",
]
