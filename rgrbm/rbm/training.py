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

import warnings
from dataclasses import replace

from rgrbm._core import checks
from rgrbm._core.blas import single_threaded_blas
from rgrbm._core.progress import progress_bar
from rgrbm.rbm._checkpoint import Checkpoint
from rgrbm.rbm._settings import Settings
from rgrbm.rbm._training_steps import advance, start
from rgrbm.rbm.history import Record, checked_monitors
from rgrbm.rbm.machines import checked_machine

__all__ = ["train"]


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
    l2=0.0,
    mask=None,
    learn_sigma=False,
    probabilities=False,
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
    stops there; and it is divided by :math:`1 + \epsilon \lambda / (1 - \mu)`, with
    :math:`\lambda` = `l2`. These are proximal steps of the penalties
    :math:`\gamma \sum |w_{ij}|` and :math:`\lambda \sum w_{ij}^2 / 2`: zeros are exact, no
    strength is too large, and at rest :math:`g_{ij} = \gamma \, \text{sign}(w_{ij}) +
    \lambda w_{ij}`, whatever the momentum. With Gaussian units, v is divided by
    :math:`\sigma_i^2` in the averages.

    Parameters
    ----------
    rbm : BernoulliRBM, GaussianBernoulliRBM or GaussianGaussianRBM
        Changed in place.
    data : array_like, shape (n_samples, n_visible)
        Entries 0 and 1; finite numbers for Gaussian units; from 0 to 1 with `probabilities`.
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
        most 25 units. If all units are Gaussian the averages are known, for any number of units.
    n_gibbs : int, optional
        Gibbs steps k of "cd" and "pcd", at least 1.
    n_chains : int, optional
        Chains of "pcd", by default as many as samples in a batch. They start at samples.
    momentum : float, optional
        The :math:`\mu` above, at least 0 and below 1.
    l1 : float, optional
        Strength of the L1 penalty on the weights, at least 0, per sample like the likelihood.
    l2 : float, optional
        Strength of the L2 penalty, likewise: weight decay.
    mask : array_like of bool, shape (n_visible, n_hidden), optional
        Where weights are allowed; the others are zero from the start.
    learn_sigma : bool, optional
        Learn the widths of Gaussian units too: :math:`\ln \sigma_i^2` climbs along its gradient.
        Each unit must vary in the data.
    probabilities : bool, optional
        Take each number in the data as the probability that the bit is 1, and draw bits anew in
        every epoch: for grey levels.
    rng : numpy.random.Generator
        One number is taken from it, the seed of all that is drawn; none if an argument is refused.
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
        If the training diverges: a bias or weight of a Gaussian unit is 10,000 times as large as
        its data and its width, and grows; or a parameter exceeds 1e100. The machine keeps the
        parameters of the last epoch before, which the message names.

    Warns
    -----
    UserWarning
        If Ctrl-C ends the training, if need be within an epoch. The machine is then that of the
        last epoch in the history. Before the training starts, KeyboardInterrupt goes through.

    Notes
    -----
    CD-1 is Eq. 12 of :cite:t:`qiu2022`, with three corrections: hidden states of the negative phase
    belong to the reconstruction, the averages carry 1/N, and the biases learn too. In the averages
    the probability of a hidden unit stands for its drawn value: the same mean, with less noise. PCD
    is that of :cite:t:`tieleman2008`.

    The gradient for a width, with h as above for its mean, is the data's average minus the model's
    of

    .. math::

        -\frac{\partial E}{\partial \ln \sigma_i^2}
        = \frac{(v_i - c_i)^2}{2 \sigma_i^2} - \frac{v_i}{\sigma_i^2} \sum_j w_{ij} h_j.

    *Memory.* Data are kept as bytes (real ones as float64, probabilities in their own type), so
    that training takes at most four times their size beside them, 16 bytes for each sample, 200
    for each weight, and 150 MB. Sums over more than two million numbers are taken in pieces.

    Examples
    --------
    >>> import numpy as np
    >>> from rgrbm.rbm import BernoulliRBM
    >>> rng = np.random.default_rng(0)
    >>> rbm = BernoulliRBM(2, 2, rng=rng)
    >>> history = train(rbm, [[0, 0], [1, 1]], n_epochs=1000, learning_rate=0.5, rng=rng)
    >>> history.reconstruction_error.shape
    (1000,)
    >>> rbm.free_energy([0, 0]) < rbm.free_energy([0, 1])
    np.True_
    """
    checked_machine(rbm)
    n_epochs = checks.integer("n_epochs", n_epochs, 1)
    if callback is not None:
        checks.function("callback", callback)
    progress = checks.flag("progress", progress)
    monitors = checked_monitors(monitors)
    monitor_every = checks.integer("monitor_every", monitor_every, 1)
    checkpoint_every = checks.integer("checkpoint_every", checkpoint_every, 1)
    settings = Settings(
        rbm,
        data,
        learning_rate=learning_rate,
        batch_size=batch_size,
        method=method,
        n_gibbs=n_gibbs,
        n_chains=n_chains,
        momentum=momentum,
        l1=l1,
        l2=l2,
        mask=mask,
        learn_sigma=learn_sigma,
        probabilities=probabilities,
        n_threads=n_threads,
        rng=rng,
    )
    first = state = start(rbm, settings)
    record = Record(n_epochs, monitors, settings.seed)
    if checkpoint is not None:
        checkpoint = Checkpoint(checkpoint, state, settings, monitors)
        state = checkpoint.resume(record)
    settings.rates(range(state.epoch + 1, n_epochs + 1)[:1])
    pauses = [1] * (callback is not None) + [monitor_every] * bool(monitors)
    pauses += [checkpoint_every] * (checkpoint is not None)
    # Before the first epoch, the machine is the caller's own, which no mask has touched.
    latest = state if state is not first else replace(first, rbm=rbm.copy())
    interrupted = False
    rng.integers(2**63)  # the seed: all arguments are good
    try:
        with (
            single_threaded_blas(),
            progress_bar(progress, total=n_epochs, initial=state.epoch, unit="epoch") as bar,
        ):
            if monitors and not record.looks:
                _show(rbm, state)
                record.look(rbm, 0)
            while state.epoch < n_epochs:
                epoch = state.epoch
                stop = min(epoch + settings.epochs_per_call, n_epochs)
                stop = min([stop, *(epoch + every - epoch % every for every in pauses)])
                rates = settings.rates(range(epoch + 1, stop + 1))
                try:
                    after, record.curve[epoch:stop] = advance(state, rates, settings)
                except FloatingPointError as error:
                    if len(rates) > 1:  # again, one by one: the last good epoch is to be kept
                        settings.epochs_per_call = 1
                        continue
                    raise FloatingPointError(_advice(error, epoch, rates[0])) from None
                latest = after
                if callback is not None:
                    _show(rbm, after)
                    callback(stop, rbm)
                    latest = after = replace(after, rbm=_left_by_callback(rbm, stop))
                if monitors and (stop % monitor_every == 0 or stop == n_epochs):
                    _show(rbm, after)
                    record.look(rbm, stop)
                state = after
                bar.update(stop - epoch)
                if checkpoint is not None and (stop % checkpoint_every == 0 or stop == n_epochs):
                    checkpoint.save(state, record)
    except KeyboardInterrupt:
        interrupted = True
    except BaseException:
        _show(rbm, latest)
        raise
    _show(rbm, state)
    if interrupted:
        if checkpoint is not None:
            checkpoint.save(state, record)
        warnings.warn(f"training stopped after {state.epoch} of {n_epochs} epochs", stacklevel=2)
    return record.history(settings.method, state.epoch, interrupted)


def _advice(error, epoch, rate):
    kept = f"keeps the parameters of epoch {epoch}" if epoch else "is unchanged"
    return (
        f"training diverged in epoch {epoch + 1} with learning_rate = {rate}: "
        f"take a smaller one ({error}). The machine {kept}"
    )


def _left_by_callback(rbm, epoch):
    try:
        return rbm.copy()
    except ValueError as error:
        raise ValueError(f"callback({epoch}, rbm) must leave a fit machine: {error}") from None


def _show(rbm, state):
    """Give the user's machine the parameters of a state, all of them."""
    try:
        _assign(rbm, state.rbm.parameters())
    except KeyboardInterrupt:
        _assign(rbm, state.rbm.parameters())
        raise


def _assign(rbm, parameters):
    for name, value in parameters.items():
        setattr(rbm, name, value)
