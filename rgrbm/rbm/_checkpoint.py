"""The file from which a run of training goes on."""

import hashlib

import numpy as np

from rgrbm._core.files import checked_path, read_arrays, write_arrays
from rgrbm.rbm._settings import pack, pieces, unpack
from rgrbm.rbm._training_steps import State

FORMAT = ("training checkpoint", 1)  # kind and version


class Checkpoint:
    """A file for the states of one run."""

    def __init__(self, path, start, settings, monitors):
        self.path = checked_path(path).absolute()
        if not self.path.parent.is_dir():
            raise ValueError(f"checkpoint must be in a folder that exists, got {self.path}")
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
            "chains": unpack(state.rbm.visible, state.chains),
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
        if str(arrays["run"]) != self.run:
            raise ValueError(
                f"checkpoint {self.path} must be of the same run, with the same machine, data, "
                "settings and seed; remove it to start anew"
            )
        epoch = int(arrays["epoch"])
        if epoch > len(record.curve):
            raise ValueError(
                f"n_epochs must be at least the {epoch} epochs in checkpoint {self.path}, "
                f"got {len(record.curve)}"
            )
        record.curve[:epoch] = arrays["curve"]
        record.looks = [(int(row[0]), *row[1:]) for row in arrays["looks"]]
        rbm = start.rbm.from_parameters(**{name: arrays[name] for name in start.rbm.parameters()})
        velocity = tuple(arrays[name] for name in self.velocities)
        chains = pack(rbm.visible, arrays["chains"].reshape(-1, rbm.n_visible))
        return State(epoch, int(arrays["layer"]), rbm, velocity, chains)


def _fingerprint(start, settings, monitors):
    """Hash what determines the result of a run, but for the number of epochs and for functions."""
    rbm, rate = start.rbm, settings.learning_rate
    numbers = ["function" if callable(rate) else rate, settings.batch_size, settings.n_gibbs]
    numbers += [settings.momentum, settings.l1, settings.l2, settings.seed, settings.n_samples]
    numbers += [settings.probabilities, settings.learn_sigma]
    plain = (type(rbm).__name__, settings.method, [*numbers, *rbm.weights.shape], list(monitors))
    arrays = [settings.data, rbm.weights, rbm.visible_bias, rbm.hidden_bias, rbm.visible.precision]
    arrays += [] if settings.mask is None else [settings.mask]
    arrays += [start.chains]
    digest = hashlib.sha256(repr(plain).encode())
    for array in arrays:
        for rows in pieces(len(array), max(1, array.size // max(1, len(array)))):
            digest.update(np.ascontiguousarray(array[rows]))
    return digest.hexdigest()
