"""Renormalization group and restricted Boltzmann machines.

The tested library under the executable book. Its doors are loaded when they are first used
(`SPEC 1 <https://scientific-python.org/specs/spec-0001/>`_), so ``import rgrbm`` costs nothing:

===================  ==============================================================
`ising`              the Ising ring and the square lattice by enumeration; spins and bits
`transfer_matrix`    the ring solved exactly: log Z, correlations, correlation length; the square
                     lattice on a torus: log Z, energy, specific heat, numbers of states
`tensor`             the square lattice as a tensor network, coarse-grained: TRG and HOTRG
`decimation`         exact renormalization: coupling maps, flows, spins thinned and drawn back
`sampler`            Metropolis, heat bath, and exact samples of the ring
`inverse`            renormalization backwards: fine configurations grown out of coarse ones
`diagnostics`        autocorrelation time, correlations and couplings from samples, with errors
`quantum`            machines as amplitudes: the quantum Ising ring, two electrons in a trap; exact
                     energies, and trial functions that learn theirs
`dynamics`           rules in time: cellular automata and their projections, diffusion, flocks,
                     laws of similarity and their exponents
`entropy`            maximum entropy on several scales at once
`estimate`           `Estimate`: a value and its standard error, printed as 0.995(6)
`rbm`                restricted Boltzmann machines: `BernoulliRBM`, `GaussianBernoulliRBM`, `train`,
                     ln Z exactly and by annealed importance sampling, effective couplings
`networks`           laws carried to noise and back: bases, noise schedules, scores, exact and
                     learned (these need JAX and optax); the scalar field on a ring, solved
`datasets`           the bundled MNIST zeros and ones; the full MNIST set, by checksum
`pipeline`           `RBMTransformer`, a machine as a step of scikit-learn (needs scikit-learn)
`scan`               experiments over seeds and parameters, on threads or a cluster
`chapters`           what the book's chapters share (needs matplotlib and IPython)
===================  ==============================================================
"""

from importlib import import_module

__version__ = "0.1.0"
__all__ = [
    "chapters",
    "datasets",
    "decimation",
    "diagnostics",
    "dynamics",
    "entropy",
    "estimate",
    "inverse",
    "ising",
    "networks",
    "pipeline",
    "quantum",
    "rbm",
    "sampler",
    "scan",
    "tensor",
    "transfer_matrix",
]


def __getattr__(name):
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
