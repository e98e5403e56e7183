"""Generative models beside the machine: diffusion, adversaries, exact laws; also in PyTorch."""

from rgrbm.networks.adversarial import (
    frechet_distance,
    scale_dissimilarity,
    train_adversaries,
)
from rgrbm.networks.basis import Basis
from rgrbm.networks.diffusion import (
    Losses,
    denoising_losses,
    few_step_divergence,
    generate,
    probability_flow,
)
from rgrbm.networks.laws import (
    autoregressive_law,
    bitflip_law,
    decoder_law,
    evidence_bound,
    flip_bits,
    flip_posterior,
    masked_law,
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
    "autoregressive_law",
    "bitflip_law",
    "decoder_law",
    "denoising_losses",
    "evidence_bound",
    "few_step_divergence",
    "flip_bits",
    "flip_posterior",
    "frechet_distance",
    "gaussian_score",
    "generate",
    "masked_law",
    "mixture_score",
    "phi4_action",
    "phi4_ring_correlations",
    "phi4_ring_log_partition",
    "phi4_samples",
    "probability_flow",
    "scale_dissimilarity",
    "train_adversaries",
    "train_score",
]
