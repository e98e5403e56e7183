"""Renormalization group and restricted Boltzmann machines.

The tested library under the executable book. Its submodules are loaded when they are first used
(`SPEC 1 <https://scientific-python.org/specs/spec-0001/>`_), so ``import rgrbm`` costs nothing:

=================  ================================================================
`datasets`         the bundled MNIST zeros and ones; the full MNIST set, by checksum
`ising`            the Ising ring by enumeration; spins and bits
`transfer_matrix`  the ring solved exactly: log Z, correlations, correlation length
`decimation`       exact renormalization: coupling maps, flows, spins thinned and drawn back
`sampler`          Metropolis, heat bath, and exact samples of the ring
`diagnostics`      autocorrelation time, correlations and couplings from samples, with errors
`rbm`              `BernoulliRBM`, `GaussianBernoulliRBM`: energies, conditionals, free energies,
                   sampling, files
`partition`        the partition function of a machine: by enumeration, and by annealed importance
                   sampling
`mapping`          the renormalization group seen in a machine: Hamiltonians, effective couplings
`training`         `train`: exact gradient, contrastive divergence, PCD; history, checkpoints
`case_study`       the paper's experiment on the Ising ring: data, machine, refit
`scan`             experiments over seeds and parameters
`plotting`         figures that chapters share (needs matplotlib)
`widgets`          figures under a slider, for pages without a kernel (needs IPython too)
=================  ================================================================
"""

from importlib import import_module

__version__ = "0.1.0"
__all__ = [
    "case_study",
    "datasets",
    "decimation",
    "diagnostics",
    "ising",
    "mapping",
    "partition",
    "plotting",
    "rbm",
    "sampler",
    "scan",
    "training",
    "transfer_matrix",
    "widgets",
]


def __getattr__(name):
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
