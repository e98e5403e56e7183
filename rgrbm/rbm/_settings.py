"""What stays the same in a run of training, checked."""

import numpy as np

from rgrbm._core import checks
from rgrbm._core.loading import load
from rgrbm._core.packing import pack_units, unpack_units
from rgrbm.rbm.layers import Bits
from rgrbm.rbm.machines import checked_data

METHODS = ("cd", "pcd", "exact")
EPOCHS_PER_CALL = 100  # of `advance`, at most, and ...
PRODUCTS_PER_CALL = 2**28  # ... weights * samples * epochs: then a key press is heard


class Settings:
    """Data and the arguments of `train` that determine its result."""

    def __init__(
        self,
        rbm,
        data,
        *,
        learning_rate,
        batch_size,
        method,
        n_gibbs,
        n_chains,
        momentum,
        l1,
        mask,
        n_threads,
        rng,
    ):
        self.data = checked_data(rbm, data)
        self.n_samples = len(self.data)
        if not callable(learning_rate):
            learning_rate = checks.real("learning_rate", learning_rate, 0.0, above=True)
        self.learning_rate = learning_rate
        if batch_size is None:
            batch_size = self.n_samples
        self.batch_size = checks.integer("batch_size", batch_size, 1, self.n_samples)
        if method not in METHODS:
            raise ValueError(f"method must be one of {METHODS}, got {method!r}")
        self.method = method
        self.n_gibbs = checks.integer("n_gibbs", n_gibbs, 1)
        if n_chains is not None and method != "pcd":
            raise ValueError(f"n_chains must be None unless method is 'pcd', got {n_chains!r}")
        if n_chains is None:
            self.n_chains = self.batch_size if method == "pcd" else 0
        else:
            self.n_chains = checks.integer("n_chains", n_chains, 1)
        self.momentum = checks.real("momentum", momentum, 0.0)
        if self.momentum >= 1:
            raise ValueError(f"momentum must be below 1, got {momentum}")
        self.l1 = checks.real("l1", l1, 0.0)
        self.penalty = self.l1 / (1 - self.momentum)  # grows as a steady gradient does
        self.mask = None if mask is None else _allowed(mask, rbm.weights.shape)
        self.n_threads = checks.integer("n_threads", n_threads, 1)
        self.seed = int(checks.generator(rng).integers(2**63))
        self.packed_data = pack(rbm.visible, self.data)
        self.n_batches = -(-self.n_samples // self.batch_size)
        n_walkers = max(self.n_samples, self.n_batches * self.n_chains)
        n_products = rbm.weights.size * n_walkers * self.n_gibbs
        n_epochs = 1 if method == "exact" else min(EPOCHS_PER_CALL, PRODUCTS_PER_CALL // n_products)
        self.epochs_per_call = max(1, n_epochs)

    @property
    def for_kernels(self):
        """The same for kernels, if the data are bits."""
        return load("rgrbm.rbm._training_kernels").KernelSettings(  # compiles
            words=self.packed_data,
            batch_size=self.batch_size,
            n_gibbs=self.n_gibbs,
            persistent=self.method == "pcd",
            momentum=self.momentum,
            penalty=self.penalty,
            mask=np.empty((0, 0)) if self.mask is None else self.mask.astype(np.float64),
        )

    def rates(self, epochs):
        """Learning rates of epochs, counted from 1."""
        if not callable(self.learning_rate):
            return np.full(len(epochs), self.learning_rate)
        return np.array(
            [
                checks.real(f"learning_rate({epoch})", self.learning_rate(epoch), 0.0)
                for epoch in epochs
            ]
        )

    def order(self, epoch):
        """Order of the samples in an epoch, or None if all are in one batch."""
        if self.n_batches == 1:
            return None
        return np.random.default_rng([self.seed, epoch]).permutation(self.n_samples)


def pack(layer, states):
    """Pack states if they are bits; real ones stay as they are."""
    return pack_units(states) if isinstance(layer, Bits) else states


def unpack(layer, packed):
    """Undo `pack`, as float64."""
    return unpack_units(packed, layer.n_units) if isinstance(layer, Bits) else packed


def _allowed(mask, shape):
    found = checks.numeric("mask", mask)
    if found.dtype != bool or found.shape != shape:
        raise ValueError(
            f"mask must be an array of truth values of the shape {shape}, "
            f"got dtype {found.dtype} and the shape {found.shape}"
        )
    return found.copy()
