"""`TorchRBM` as the subclass of PyTorch's that it is once PyTorch has been loaded."""

import torch

from rgrbm.networks import torch_rbm


class TorchRBM(torch_rbm.TorchRBM, torch.nn.Module):
    """What `rgrbm.networks.TorchRBM` makes."""
