"""What samples say, with an error: correlations, couplings, and how many samples are worth one."""

from rgrbm.diagnostics.chain import correlation, correlation_by_distance, estimate_coupling
from rgrbm.diagnostics.convergence import r_hat
from rgrbm.diagnostics.information import mutual_information
from rgrbm.diagnostics.lattice import binder, pseudo_likelihood_couplings
from rgrbm.diagnostics.series import (
    ChainsDisagreeError,
    SeriesTooShortError,
    autocorrelation_time,
    effective_sample_size,
)
from rgrbm.diagnostics.weighted import TooFewEffectiveSamplesError, importance

__all__ = [
    "ChainsDisagreeError",
    "SeriesTooShortError",
    "TooFewEffectiveSamplesError",
    "autocorrelation_time",
    "binder",
    "correlation",
    "correlation_by_distance",
    "effective_sample_size",
    "estimate_coupling",
    "importance",
    "mutual_information",
    "pseudo_likelihood_couplings",
    "r_hat",
]
