"""The file from which a run of training goes on."""

import os
from pathlib import Path

import numpy as np

from rgrbm._core import checks
from rgrbm._core.files import checked_path, checksum, read_arrays, write_arrays
from rgrbm._core.packing import pack_units
from rgrbm.rbm._settings import unpack
from rgrbm.rbm._training_steps import State
from rgrbm.rbm.layers import Bits

FORMAT = ("training checkpoint", 2)  # kind and version


def checked_checkpoint(path):
    """Return the argument `checkpoint` as an absolute Path in a folder that exists."""
    path = checked_path(path, "checkpoint").absolute()
    if not Path(os.path.realpath(path)).parent.is_dir():  # that of a link is where it leads to
        raise ValueError(f"checkpoint must be in a folder that exists, got {path}")
    if path.exists() and not path.is_file():
        raise ValueError(f"checkpoint must be a file or a new name, got {path}")
    return path


class Checkpoint:
    """A file for the states of one run."""

    def __init__(self, path, start, settings, monitors):
        self.path = checked_checkpoint(path)
        self.start = start
        self.velocities = [f"velocity_of_{name}" for name in settings.trained]
        self.run = _fingerprint(start, settings, monitors)

    def save(self, state, record):
        """Write a state and what has been recorded up to it."""
        arrays = {
            "run": self.run,
            "epoch": state.epoch,
            "layer": state.layer,
            "curve": record.curve[: state.epoch],
            "looks": record.table(state.epoch),
            "chains": state.chains,
            **state.rbm.parameters(),
            **dict(zip(self.velocities, state.velocity, strict=True)),
        }
        write_arrays(self.path, *FORMAT, arrays)

    def resume(self, record):
        """Return the state in the file and fill the record, or the start if there is no file."""
        start = self.start
        names = {"run", "epoch", "layer", "curve", "looks", "chains", *self.velocities}
        names |= set(start.rbm.parameters())
        try:
            arrays = read_arrays(self.path, *FORMAT, names)
        except FileNotFoundError:
            return start
        if arrays["run"].ndim or str(arrays["run"]) != self.run:
            raise ValueError(
                f"checkpoint {self.path} must be of the same run, with the same machine, data, "
                "settings and seed; remove it to start anew"
            )
        try:
            state, curve, looks = self._checked(arrays, 1 + len(record.monitors))
        except (ValueError, TypeError) as error:
            raise ValueError(f"checkpoint {self.path} holds no state of a run: {error}") from None
        if state.epoch > len(record.curve):
            raise ValueError(
                f"n_epochs must be at least the {state.epoch} epochs in checkpoint {self.path}, "
                f"got {len(record.curve)}"
            )
        record.curve[: state.epoch] = curve
        record.looks = [(int(row[0]), *row[1:]) for row in looks]
        return state

    def _checked(self, arrays, n_columns):
        """Make a state, and the looks up to it, of what a file holds."""
        start = self.start
        epoch, layer = (checks.integer(name, arrays[name][()], 0) for name in ("epoch", "layer"))
        curve = _doubles("curve", arrays["curve"], (epoch,))
        looks = _doubles("looks", arrays["looks"], (len(arrays["looks"]), n_columns))
        if not set(looks[:, 0]) <= set(range(epoch + 1)) or (np.diff(looks[:, 0]) <= 0).any():
            raise ValueError(f"looks must be at epochs from 0 to {epoch}, one after the other")
        rbm = start.rbm.from_parameters(**{name: arrays[name] for name in start.rbm.parameters()})
        checks.array("weights", rbm.weights, start.rbm.weights.shape)
        velocity = tuple(
            checks.array(name, arrays[name], part.shape)
            for name, part in zip(self.velocities, start.velocity, strict=True)
        )
        chains = _checked_chains(rbm.visible, arrays["chains"], start.chains)
        return State(epoch, layer, rbm, velocity, chains), curve, looks


def _doubles(name, found, shape):
    """Return a stored table of numbers of any size: a monitor may return NaN."""
    if found.dtype != np.float64 or found.shape != shape:
        raise ValueError(f"{name} must be float64 of the shape {shape}, got {found.shape}")
    return found


def _checked_chains(visible, chains, like):
    if chains.dtype != like.dtype or chains.shape != like.shape:
        raise ValueError(f"chains must have the shape {like.shape}, got {chains.shape}")
    if not isinstance(visible, Bits):
        return checks.array("chains", chains, like.shape) if chains.size else chains
    if not np.array_equal(chains, pack_units(unpack(visible, chains))):
        raise ValueError("chains must have no bits beyond the last unit")
    return chains


def _fingerprint(start, settings, monitors):
    """Hash what determines the result of a run, but for the number of epochs and for functions."""
    rbm, rate = start.rbm, settings.learning_rate
    numbers = ["function" if callable(rate) else rate, settings.batch_size, settings.n_gibbs]
    numbers += [settings.momentum, settings.l1, settings.l2, settings.seed, settings.n_samples]
    numbers += [settings.probabilities, settings.learn_sigma]
    plain = (type(rbm).__name__, settings.method, numbers, list(monitors))
    arrays = {"plain": repr(plain), "data": settings.data, "chains": start.chains}
    arrays |= {"precision": rbm.visible.precision, **rbm.parameters()}
    arrays |= {} if settings.mask is None else {"mask": settings.mask}
    return checksum(arrays)
