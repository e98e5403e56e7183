r"""Training a restricted Boltzmann machine: the exact gradient, contrastive divergence, and PCD.

The log-likelihood of data grows fastest along

.. math::

    \frac{\partial}{\partial w_{ij}} \big\langle \ln p(v) \big\rangle_\text{data}
    = \langle v_i h_j \rangle_\text{data} - \langle v_i h_j \rangle_\text{model},

where "data" means v from the data and h from p(h | v), and "model" means both from the machine.
The second average is a sum over all states of the smaller layer: the exact gradient, for small
machines. Contrastive divergence, CD-k, replaces it by an average over chains that start at the data
and take k Gibbs steps. Persistent contrastive divergence, PCD-k, lets the chains go on from where
they were at the last update.
"""

import hashlib
import warnings
from dataclasses import dataclass, field, replace

import numpy as np
from tqdm import tqdm

from rgrbm._core import checks
from rgrbm._core.blas import single_threaded_blas
from rgrbm._core.files import checked_path, read_arrays, write_arrays
from rgrbm._core.packing import pack_units
from rgrbm.rbm._training_steps import Settings, State, advance
from rgrbm.rbm.machines import BernoulliRBM, checked_machine

__all__ = ["History", "train"]

METHODS = ("cd", "pcd", "exact")
LONGEST = 100  # epochs at most, and ...
PARAMETERS = ("weights", "visible_bias", "hidden_bias")
VELOCITIES = tuple(f"velocity_of_{name}" for name in PARAMETERS)
PATIENCE = 2**28  # weights * samples * epochs at most, until a key press is heard
CHECKPOINT = ("training checkpoint", 1)  # kind and version of the file


@dataclass(frozen=True, eq=False)
class History:
    """What was recorded in training.

    Attributes
    ----------
    reconstruction_error : ndarray of float64, shape (n_epochs,), or None
        With ``method="cd"``: the fraction of bits that differ between the training data and their
        first reconstruction, averaged over the batches of the epoch, each before its update; for
        Gaussian units the mean squared difference. It is not a likelihood: a machine may
        reconstruct well and be a poor model.
    log_likelihood : ndarray of float64, shape (n_epochs,), or None
        With ``method="exact"``: the mean of ln p(v) over the training data, likewise.
    monitor_epochs : ndarray of int64, shape (n_looks,)
        The epochs after which monitors were evaluated; 0 is before training.
    monitors : dict of str to ndarray of float64, shape (n_looks,)
        What they returned.
    interrupted : bool
        Whether Ctrl-C ended the training.
    """

    reconstruction_error: np.ndarray | None = None
    log_likelihood: np.ndarray | None = None
    monitor_epochs: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    monitors: dict = field(default_factory=dict)
    interrupted: bool = False

    def plot(self, ax=None, **line):
        """Draw the reconstruction error, or the log-likelihood, against the epoch.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default on a new figure.
        **line
            Passed on to ``Axes.plot``, such as ``label`` or ``color``.

        Returns
        -------
        ax : matplotlib.axes.Axes

        Raises
        ------
        ValueError
            If neither was recorded, as with ``method="pcd"``: plot a monitor then.
        """
        if self.reconstruction_error is not None:
            curve, label = self.reconstruction_error, "reconstruction error"
        elif self.log_likelihood is not None:
            curve, label = self.log_likelihood, "log-likelihood per sample"
        else:
            raise ValueError("history must hold a curve to plot: use a monitor with method='pcd'")
        if ax is None:
            from matplotlib.pyplot import subplots

            ax = subplots()[1]
        ax.plot(np.arange(1, len(curve) + 1), curve, **line)
        ax.set(xlabel="epoch", ylabel=label)
        return ax


def train(
    rbm,
    data,
    *,
    n_epochs,
    learning_rate,
    batch_size=None,
    method="cd",
    n_gibbs=1,
    n_chains=None,
    momentum=0.0,
    l1=0.0,
    mask=None,
    rng,
    n_threads=1,
    progress=False,
    callback=None,
    monitors=None,
    monitor_every=1,
    checkpoint=None,
    checkpoint_every=100,
):
    r"""Train a machine on data.

    For each batch, the parameters climb along

    .. math::

        g_{ij} = \langle v_i \, p(h_j = 1 | v) \rangle_\text{batch}
        - \langle \hat v_i \, p(h_j = 1 | \hat v) \rangle, \qquad
        u \leftarrow \mu u + g, \qquad w \leftarrow w + \epsilon u,

    and likewise for the biases. With ``method="cd"`` (CD-k, k = `n_gibbs`), :math:`\hat v` are the
    states after k Gibbs steps from the batch; with ``"pcd"``, after k more steps of chains that are
    kept from update to update; with ``"exact"`` the average is over the machine's law. Then every
    weight moves toward zero by :math:`\epsilon \gamma / (1 - \mu)`, with :math:`\gamma` = `l1`, and
    stops there: the proximal step of an L1 penalty, so that zeros are exact. With Gaussian units, v
    is divided by :math:`\sigma_i^2` in the averages; the widths are not trained.

    Parameters
    ----------
    rbm : BernoulliRBM or GaussianBernoulliRBM
        Changed in place.
    data : array_like, shape (n_samples, n_visible)
        Entries 0 and 1; finite numbers for Gaussian units.
    n_epochs : int
        Passes through the data, at least 1.
    learning_rate : float or callable
        The :math:`\epsilon` above, positive; or a function of the epoch, counted from 1, that
        returns it, at least 0.
    batch_size : int, optional
        Samples in an update, from 1 to n_samples; by default all. Batches are drawn anew in each
        epoch, the last one may be smaller.
    method : {"cd", "pcd", "exact"}, optional
        "exact" sums over all states of the smaller layer (Gaussian units: of the hidden layer), at
        most 25 units.
    n_gibbs : int, optional
        Gibbs steps k of "cd" and "pcd", at least 1.
    n_chains : int, optional
        Chains of "pcd", by default as many as samples in a batch. They start at samples.
    momentum : float, optional
        The :math:`\mu` above, at least 0 and below 1.
    l1 : float, optional
        Strength of the L1 penalty on the weights, at least 0, per sample like the likelihood.
    mask : array_like of bool, shape (n_visible, n_hidden), optional
        Where weights are allowed; the others are zero from the start.
    rng : numpy.random.Generator
        One number is taken from it, the seed of all that is drawn.
    n_threads : int, optional
        Threads that share large batches (two, from 768 samples on), at least 1. The result does not
        depend on it. For many small runs, run several at once instead.
    progress : bool, optional
        Show a progress bar.
    callback : callable, optional
        Called as ``callback(epoch, rbm)`` after each epoch, counted from 1. Training goes on from
        the parameters that it leaves.
    monitors : dict of str to callable, optional
        Each is called as ``monitor(rbm, rng)``, with a generator of its own, before training, after
        every `monitor_every`-th epoch, and after the last, and returns a number for the history.
    monitor_every : int, optional
        At least 1.
    checkpoint : path, optional
        A file from which the training goes on if it exists, and which is written every
        `checkpoint_every` epochs, at the end, and on Ctrl-C. Call with the same arguments, and a
        machine and a `rng` made in the same way; only `n_epochs` may grow.
    checkpoint_every : int, optional
        At least 1.

    Returns
    -------
    history : History

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the checkpoint is damaged or of another run; the
        machine is then unchanged, or that of the last good epoch if a function misbehaves later.
    OSError
        If the checkpoint cannot be written.
    FloatingPointError
        If a parameter exceeds 1e100: the machine keeps the parameters that it had before.

    Warns
    -----
    UserWarning
        If Ctrl-C ends the training. The machine is then that of the last epoch in the history.

    Notes
    -----
    CD-1 is [Qiu2022]_, Eq. 12, with three corrections: hidden states of the negative phase belong
    to the reconstruction, the averages carry 1/N, and the biases learn too. In the averages the
    probability of a hidden unit stands for its drawn value: the same mean, with less noise. PCD is
    [Tieleman2008]_.

    .. [Qiu2022] W. Qiu, "Renormalization group and restricted Boltzmann machines", 2022.
    .. [Tieleman2008] T. Tieleman, "Training restricted Boltzmann machines using approximations to
       the likelihood gradient", ICML 2008.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rbm = BernoulliRBM(2, 2, rng=rng)
    >>> history = train(rbm, [[0, 0], [1, 1]], n_epochs=1000, learning_rate=0.5, rng=rng)
    >>> history.reconstruction_error.shape
    (1000,)
    >>> rbm.free_energy([0, 0]) < rbm.free_energy([0, 1])
    np.True_
    """
    rbm_at_start = checked_machine(rbm).copy()
    data = rbm._samples(data)
    n_samples = len(data)
    n_epochs = checks.integer("n_epochs", n_epochs, 1)
    if batch_size is None:
        batch_size = n_samples
    batch_size = checks.integer("batch_size", batch_size, 1, n_samples)
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}")
    if n_chains is not None and method != "pcd":
        raise ValueError(f"n_chains must be None unless method is 'pcd', got {n_chains!r}")
    n_chains = batch_size if n_chains is None else checks.integer("n_chains", n_chains, 1)
    n_gibbs = checks.integer("n_gibbs", n_gibbs, 1)
    momentum = checks.real("momentum", momentum, 0.0)
    if momentum >= 1:
        raise ValueError(f"momentum must be below 1, got {momentum}")
    l1 = checks.real("l1", l1, 0.0)
    mask = None if mask is None else _allowed("mask", mask, rbm.weights.shape)
    rate = _schedule(learning_rate)
    n_threads = checks.integer("n_threads", n_threads, 1)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be callable or None, got {callback!r}")
    monitors = _functions("monitors", monitors)
    monitor_every = checks.integer("monitor_every", monitor_every, 1)
    checkpoint_every = checks.integer("checkpoint_every", checkpoint_every, 1)
    seed = int(checks.generator(rng).integers(2**63))

    if mask is not None:
        rbm_at_start.weights = np.where(mask, rbm.weights, 0.0)
    settings = Settings(
        data=data,
        words=pack_units(data) if isinstance(rbm, BernoulliRBM) else None,
        learning_rate=rate,
        batch_size=batch_size,
        method=method,
        n_gibbs=n_gibbs,
        momentum=momentum,
        l1=l1,
        mask=mask,
        n_threads=n_threads,
        seed=seed,
    )
    start = state = _start(rbm_at_start, settings, n_chains)
    record = _Record(n_epochs, monitors, seed)
    if checkpoint is not None:
        checkpoint = _in_a_folder(checkpoint)
        run = _fingerprint(state, settings, learning_rate, monitors)
        state = _resume(checkpoint, run, state, record)
    work = rbm.weights.size * max(n_samples, n_samples // batch_size * n_chains) * n_gibbs
    longest = 1 if method == "exact" else max(1, min(LONGEST, PATIENCE // work))
    stops = [monitor_every] * bool(monitors) + [checkpoint_every] * (checkpoint is not None)
    interrupted = False
    latest = state
    try:
        with (
            single_threaded_blas(),
            tqdm(total=n_epochs, initial=state.epoch, disable=not progress, unit="epoch") as bar,
        ):
            if monitors and not record.looks:
                _show(rbm, state)
                record.look(rbm, 0)
            while state.epoch < n_epochs:
                epoch = state.epoch
                stop = epoch + 1 if callback else min(epoch + longest, n_epochs)
                stop = min([stop, *(epoch + every - epoch % every for every in stops)])
                after, record.curve[epoch:stop] = advance(state, stop, settings)
                _check_finite(after.rbm, learning_rate)
                latest = after
                if callback is not None:
                    _show(rbm, after)
                    callback(stop, rbm)
                    latest = after = replace(after, rbm=rbm.copy())
                if monitors and (stop % monitor_every == 0 or stop == n_epochs):
                    _show(rbm, after)
                    record.look(rbm, stop)
                state = after
                bar.update(stop - epoch)
                if checkpoint is not None and (stop % checkpoint_every == 0 or stop == n_epochs):
                    _save(checkpoint, run, state, record)
    except KeyboardInterrupt:
        interrupted = True
    except BaseException:
        if latest is not start:
            _show(rbm, latest)
        raise
    _show(rbm, state)
    if interrupted:
        if checkpoint is not None:
            _save(checkpoint, run, state, record)
        warnings.warn(f"training stopped after {state.epoch} of {n_epochs} epochs", stacklevel=2)
    return record.history(method, state.epoch, interrupted)


class _Record:
    """The history while it is written."""

    def __init__(self, n_epochs, monitors, seed):
        self.curve = np.zeros(n_epochs)
        self.monitors, self.seed = monitors, seed
        self.looks = []  # of an epoch and the values of the monitors

    def look(self, rbm, epoch):
        values = []
        for k, (name, monitor) in enumerate(self.monitors.items()):
            value = monitor(rbm, np.random.default_rng([self.seed, epoch, 2, k]))
            try:
                values.append(float(value))
            except (TypeError, ValueError):
                raise TypeError(f"monitor {name!r} must return a number, got {value!r}") from None
        self.looks.append((epoch, *values))

    def table(self, n_epochs):
        """Rows of an epoch and the values of the monitors, up to an epoch."""
        rows = [row for row in self.looks if row[0] <= n_epochs]
        return np.array(rows, dtype=np.float64).reshape(len(rows), 1 + len(self.monitors))

    def history(self, method, n_epochs, interrupted):
        curve, table = self.curve[:n_epochs].copy(), self.table(n_epochs)
        return History(
            reconstruction_error=curve if method == "cd" else None,
            log_likelihood=curve if method == "exact" else None,
            monitor_epochs=table[:, 0].astype(np.int64),
            monitors=dict(zip(self.monitors, table[:, 1:].T, strict=True)),
            interrupted=interrupted,
        )


def _start(rbm, settings, n_chains):
    chains = None
    if settings.method == "pcd":
        rng = np.random.default_rng([settings.seed, 0])
        chains = settings.data[rng.integers(len(settings.data), size=n_chains)]
    velocity = tuple(np.zeros_like(part) for part in _parameters(rbm))
    return State(0, 0, rbm, velocity, chains)


def _parameters(rbm):
    return [getattr(rbm, name) for name in PARAMETERS]


def _show(rbm, state):
    """Give the user's machine the parameters of a state."""
    for name in state.rbm._parameters:
        setattr(rbm, name, getattr(state.rbm, name))


def _check_finite(rbm, learning_rate):
    try:
        for name, part in zip(PARAMETERS, _parameters(rbm), strict=True):
            checks.array(name, part, part.shape)
    except ValueError as error:
        raise FloatingPointError(
            f"training diverged with learning_rate = {learning_rate}: take a smaller one ({error})"
        ) from None


def _fingerprint(state, settings, learning_rate, monitors):
    """Hash what determines the result of a run, but for the number of epochs and for functions."""
    rate = "function" if callable(learning_rate) else float(learning_rate)
    numbers = [rate, settings.batch_size, settings.n_gibbs, settings.momentum, settings.l1]
    numbers += [settings.seed, len(settings.data), *state.rbm.weights.shape]
    plain = (type(state.rbm).__name__, settings.method, numbers, list(monitors))
    arrays = [settings.data, *_parameters(state.rbm), state.rbm._precision]
    arrays += [part for part in (settings.mask, state.chains) if part is not None]
    parts = [repr(plain).encode(), *(np.ascontiguousarray(part).tobytes() for part in arrays)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _save(path, run, state, record):
    arrays = {
        "run": run,
        "epoch": state.epoch,
        "layer": state.layer,
        "curve": record.curve[: state.epoch],
        "looks": record.table(state.epoch),
        "chains": np.empty((0, 0)) if state.chains is None else state.chains,
    }
    arrays |= {name: getattr(state.rbm, name) for name in state.rbm._parameters}
    arrays |= dict(zip(VELOCITIES, state.velocity, strict=True))
    write_arrays(path, *CHECKPOINT, arrays)


def _resume(path, run, start, record):
    """Return the state in the checkpoint and fill the record, or the start if there is no file."""
    names = {"run", "epoch", "layer", "curve", "looks", "chains", *VELOCITIES}
    names |= set(start.rbm._parameters)
    try:
        arrays = read_arrays(path, *CHECKPOINT, names)
    except FileNotFoundError:
        return start
    if str(arrays["run"]) != run:
        raise ValueError(
            f"checkpoint {path} must be of the same run, with the same machine, data, settings and "
            "seed; remove it to start anew"
        )
    epoch = int(arrays["epoch"])
    if epoch > len(record.curve):
        raise ValueError(
            f"n_epochs must be at least the {epoch} epochs in checkpoint {path}, "
            f"got {len(record.curve)}"
        )
    record.curve[:epoch] = arrays["curve"]
    record.looks = [(int(row[0]), *row[1:]) for row in arrays["looks"]]
    rbm = start.rbm.copy()
    for name in rbm._parameters:
        setattr(rbm, name, arrays[name])
    velocity = tuple(arrays[name] for name in VELOCITIES)
    chains = None if start.chains is None else arrays["chains"]
    return State(epoch, int(arrays["layer"]), rbm, velocity, chains)


def _in_a_folder(path):
    """Return the absolute path of a checkpoint, whose folder must exist."""
    path = checked_path(path).absolute()
    if not path.parent.is_dir():
        raise ValueError(f"checkpoint must be in a folder that exists, got {path}")
    return path


def _allowed(name, value, shape):
    mask = checks.numeric(name, value)
    if mask.dtype != bool or mask.shape != shape:
        raise ValueError(
            f"{name} must be an array of truth values of the shape {shape}, "
            f"got dtype {mask.dtype} and the shape {mask.shape}"
        )
    return mask.copy()


def _schedule(learning_rate):
    """Return the learning rate as a function of the epoch."""
    if not callable(learning_rate):
        rate = checks.real("learning_rate", learning_rate, 0.0, above=True)
        return lambda epoch: rate
    return lambda epoch: checks.real(f"learning_rate({epoch})", learning_rate(epoch), 0.0)


def _functions(name, value):
    functions = {} if value is None else value
    if not isinstance(functions, dict) or not all(
        isinstance(key, str) and callable(function) for key, function in functions.items()
    ):
        raise TypeError(f"{name} must be a dict of names to functions, got {value!r}")
    return dict(functions)
