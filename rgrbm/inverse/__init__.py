"""Renormalization backwards: rules that grow fine configurations out of coarse ones."""

from rgrbm.inverse.compatible import compatible_heat_bath
from rgrbm.inverse.growth import corner_features, fit_rule, grow, match_rule

__all__ = [
    "compatible_heat_bath",
    "corner_features",
    "fit_rule",
    "grow",
    "match_rule",
]
