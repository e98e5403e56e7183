"""The renormalization group backwards: rules that grow configurations."""

from rgrbm.inverse.glass import fit_upsampler, upsample

__all__ = ["fit_upsampler", "upsample"]
