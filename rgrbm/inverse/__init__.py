"""Renormalization backwards: rules that grow fine configurations out of coarse ones."""

from rgrbm.inverse.compatible import compatible_heat_bath
from rgrbm.inverse.glass import fit_upsampler, upsample
from rgrbm.inverse.growth import corner_features, fit_rule, grow, match_rule

__all__ = [
    "compatible_heat_bath",
    "corner_features",
    "fit_rule",
    "fit_upsampler",
    "grow",
    "match_rule",
    "upsample",
]
