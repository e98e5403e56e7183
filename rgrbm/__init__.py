"""Renormalization group and restricted Boltzmann machines.

The tested library under the executable book. Its submodules are loaded when they are first used
(`SPEC 1 <https://scientific-python.org/specs/spec-0001/>`_), so ``import rgrbm`` costs nothing:

=============  ====================================================================
`datasets`     the bundled MNIST zeros and ones; the full MNIST set, by checksum
`ising`        spins and bits
`plotting`     figures that chapters share (needs matplotlib)
`rbm`          `BernoulliRBM`: energies, conditionals, free energies, sampling
`training`     `train`: contrastive divergence, with its history
=============  ====================================================================
"""

from importlib import import_module

__version__ = "0.1.0"
__all__ = ["datasets", "ising", "plotting", "rbm", "training"]


def __getattr__(name):
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
