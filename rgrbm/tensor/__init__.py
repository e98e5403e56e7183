"""Tensor networks with a bond that is kept: the square lattice as one tensor, a classifier."""

from rgrbm.tensor.mps import MPSClassifier, Sweep, pixel_features, pixel_path
from rgrbm.tensor.square import (
    CoarseTensor,
    hotrg,
    scaling_dimensions,
    square_tensor,
    trg,
)

__all__ = [
    "CoarseTensor",
    "MPSClassifier",
    "Sweep",
    "hotrg",
    "pixel_features",
    "pixel_path",
    "scaling_dimensions",
    "square_tensor",
    "trg",
]
