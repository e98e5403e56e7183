"""What stays the same in a run of training, checked."""

from copy import deepcopy
from functools import cache, partial

import numpy as np

from rgrbm._core import checks
from rgrbm._core.loading import load
from rgrbm._core.packing import UNITS_PER_WORD, pack_units, unpack_units
from rgrbm.rbm._blocks import row_slices
from rgrbm.rbm.layers import Bits
from rgrbm.rbm.partition import _smaller_first

METHODS = ("cd", "pcd", "exact")
PARAMETERS = ("weights", "visible_bias", "hidden_bias")  # that are trained, perhaps sigma too
EPOCHS_PER_CALL = 100  # of `advance`, at most, and ...
PRODUCTS_PER_CALL = 2**30  # ... weights * samples * epochs: then a key press is heard
SAMPLES_PER_CALL = 2**20  # ... samples * epochs, if their order is drawn
NUMBERS_PER_PIECE = 2**21  # of float64 that are in work at a time: 16 MB


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
        l2,
        mask,
        learn_sigma,
        probabilities,
        n_threads,
        rng,
    ):
        self.probabilities = checks.flag("probabilities", probabilities)
        self.learn_sigma = checks.flag("learn_sigma", learn_sigma)
        bits = isinstance(rbm.visible, Bits)
        if self.probabilities and not bits:
            raise ValueError("probabilities must be False for Gaussian units: their data are real")
        if self.learn_sigma and bits:
            raise ValueError("learn_sigma must be False for a BernoulliRBM: it has no widths")
        self.data = _checked_data(rbm, data, self.probabilities)
        self.n_samples = len(self.data)
        if self.learn_sigma:
            _check_that_all_units_vary(self.data)
        if not callable(learning_rate):
            learning_rate = checks.real("learning_rate", learning_rate, 0.0, above=True)
        self.learning_rate = learning_rate
        self._rate = cache(learning_rate) if callable(learning_rate) else None
        if batch_size is None:
            batch_size = self.n_samples
        self.batch_size = checks.integer("batch_size", batch_size, 1, self.n_samples)
        self.method = method = checks.choice("method", method, METHODS)
        n_states = 0  # which the exact gradient lists
        if method == "exact":  # what is too large, and what has no law, is refused
            if isinstance(rbm.hidden, Bits):
                n_states = _smaller_first(rbm)[0].n_states
            else:
                rbm.law()
        self.n_gibbs = checks.integer("n_gibbs", n_gibbs, 1)
        if n_chains is not None and method != "pcd":
            raise ValueError(
                f"n_chains must be None unless method is 'pcd', got {checks.shown(n_chains)}"
            )
        if n_chains is None:
            self.n_chains = self.batch_size if method == "pcd" else 0
        else:
            self.n_chains = checks.integer("n_chains", n_chains, 1)
        self.momentum = checks.real("momentum", momentum, 0.0)
        if self.momentum >= 1:
            raise ValueError(f"momentum must be below 1, got {momentum}")
        self.l1 = checks.real("l1", l1, 0.0, checks.LARGEST)
        self.l2 = checks.real("l2", l2, 0.0, checks.LARGEST)
        # Penalties grow with momentum as a steady gradient does.
        self.shrinkage, self.decay = (size / (1 - self.momentum) for size in (self.l1, self.l2))
        self.mask = None if mask is None else _allowed(mask, rbm.weights.shape)
        self.n_threads = checks.integer("n_threads", n_threads, 1)
        self.seed = int(deepcopy(checks.generator(rng)).integers(2**63))  # `train` takes it
        self.trained = (*PARAMETERS, "sigma") if self.learn_sigma else PARAMETERS
        self.extent = None if bits else _largest(self.data) + rbm.sigma
        self.n_batches = -(-self.n_samples // self.batch_size)
        n_walkers = max(self.n_samples, self.n_batches * (self.n_chains + n_states))
        self.products_per_epoch = rbm.weights.size * n_walkers * self.n_gibbs
        n_epochs = min(EPOCHS_PER_CALL, PRODUCTS_PER_CALL // self.products_per_epoch)
        if self.n_batches > 1:
            n_epochs = min(n_epochs, SAMPLES_PER_CALL // self.n_samples)
        if self.probabilities:
            n_epochs = 1
        self.epochs_per_call = max(1, n_epochs)
        self.packed_data = None if self.probabilities else pack(rbm.visible, self.data)

    @property
    def for_kernels(self):
        """The same for kernels, if the data are bits."""
        return load("rgrbm.rbm._training_kernels").KernelSettings(  # compiles
            words=self.packed_data,
            batch_size=self.batch_size,
            n_gibbs=self.n_gibbs,
            persistent=self.method == "pcd",
            momentum=self.momentum,
            shrinkage=self.shrinkage,
            decay=self.decay,
            mask=np.empty((0, 0)) if self.mask is None else self.mask.astype(np.float64),
            stop=np.zeros(1, dtype=np.uint8),
        )

    def rates(self, epochs):
        """Learning rates of epochs, counted from 1."""
        if self._rate is None:
            return np.full(len(epochs), self.learning_rate)
        return np.array(
            [checks.real(f"learning_rate({epoch})", self._rate(epoch), 0.0) for epoch in epochs]
        )

    def order(self, epoch):
        """Order of the samples in an epoch, or None if all are in one batch."""
        if self.n_batches == 1:
            return None
        return np.random.default_rng([self.seed, epoch]).permutation(self.n_samples)

    def samples(self, epoch):
        """Data of an epoch: drawn anew if probabilities were given."""
        if not self.probabilities:
            return self.data
        rng = np.random.default_rng([self.seed, epoch, 3])
        bits = np.empty(self.data.shape, dtype=np.uint8)
        for rows in pieces(*bits.shape):
            bits[rows] = rng.random(bits[rows].shape) < self.data[rows]
        return bits


def pieces(n_rows, n_columns):
    """Cut the rows of large arrays into slices, so that copies of them stay small."""
    return row_slices(n_rows, n_columns, NUMBERS_PER_PIECE)


def pack(layer, states):
    """Pack states if they are bits; real ones stay as they are."""
    if not isinstance(layer, Bits):
        return states
    n_samples, n_units = states.shape
    packed = np.empty((-(-n_units // UNITS_PER_WORD), n_samples), dtype=np.uint32)
    for rows in pieces(n_samples, n_units):
        packed[:, rows] = pack_units(states[rows])
    return packed


def unpack(layer, packed):
    """Undo `pack`; bits are uint8."""
    if not isinstance(layer, Bits):
        return packed
    states = np.empty((packed.shape[1], layer.n_units), dtype=np.uint8)
    for rows in pieces(*states.shape):
        states[rows] = unpack_units(packed[:, rows], layer.n_units)
    return states


def _checked_data(rbm, data, probabilities):
    """Return a copy of the data: bits as uint8, probabilities as given, real numbers as float64."""
    found = checks.numeric("data", data)
    if found.ndim != 2 or found.shape[1] != rbm.n_visible or len(found) == 0:
        raise ValueError(
            f"data must have the shape (n_samples, {rbm.n_visible}) with n_samples >= 1, "
            f"got {found.shape}"
        )
    layer = rbm.visible
    checked = np.empty(found.shape, found.dtype if probabilities else layer.dtype)
    check = layer.check_probabilities if probabilities else partial(_states, layer)
    for rows in pieces(*found.shape):
        checked[rows] = check(found[rows], "data")
    return checked


def _states(layer, piece, name):
    try:
        return layer.check(piece, name)
    except ValueError as error:
        if isinstance(layer, Bits) and np.all((piece >= 0) & (piece <= 1)):
            raise ValueError(f"{error}; for numbers between, see probabilities=True") from None
        raise


def _check_that_all_units_vary(data):
    fixed = data.min(axis=0) == data.max(axis=0)
    if fixed.any():
        unit = int(fixed.argmax())
        raise ValueError(
            "data must vary in every unit if learn_sigma is True, since a width would shrink to 0, "
            f"got {data[0, unit]} throughout in unit {unit}"
        )


def _largest(data):
    return np.maximum(np.abs(data.min(axis=0)), np.abs(data.max(axis=0)))


def _allowed(mask, shape):
    found = checks.numeric("mask", mask)
    if found.dtype != bool or found.shape != shape:
        raise ValueError(
            f"mask must be an array of truth values of the shape {shape}, "
            f"got dtype {found.dtype} and the shape {found.shape}"
        )
    return found.copy()
