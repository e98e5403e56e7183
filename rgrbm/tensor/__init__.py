"""Tensor networks: the square lattice as one tensor, coarse-grained with a bond that is kept."""

from rgrbm.tensor.square import (
    CoarseTensor,
    hotrg,
    scaling_dimensions,
    square_tensor,
    trg,
)

__all__ = ["CoarseTensor", "hotrg", "scaling_dimensions", "square_tensor", "trg"]
