r"""Training a restricted Boltzmann machine by contrastive divergence.

The log-likelihood of data grows fastest along

.. math::

    \frac{\partial}{\partial w_{ij}} \big\langle \ln p(v) \big\rangle_\text{data}
    = \langle v_i h_j \rangle_\text{data} - \langle v_i h_j \rangle_\text{model},

where "data" means v from the data and h from p(h | v), and "model" means both from the machine.
The second average is out of reach for a large machine. CD-k replaces it by an average over chains
that start at the data and take k Gibbs steps.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from tqdm import tqdm

from rgrbm import _checks
from rgrbm._threads import single_threaded_blas
from rgrbm.rbm import BernoulliRBM

__all__ = ["History", "train"]


@dataclass(frozen=True, eq=False)
class History:
    """What was recorded in training, one entry an epoch.

    Attributes
    ----------
    reconstruction_error : ndarray of float64, shape (n_epochs,)
        Fraction of bits that differ between the training data and their first reconstruction,
        averaged over the batches of the epoch, each before its update. It is not a likelihood:
        a machine may reconstruct well and be a poor model.
    """

    reconstruction_error: np.ndarray

    def plot(self, ax=None, **line):
        """Draw the reconstruction error against the epoch.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default on a new figure.
        **line
            Passed on to ``Axes.plot``, such as ``label`` or ``color``.

        Returns
        -------
        ax : matplotlib.axes.Axes
        """
        if ax is None:
            from matplotlib.pyplot import subplots

            ax = subplots()[1]
        ax.plot(np.arange(1, len(self.reconstruction_error) + 1), self.reconstruction_error, **line)
        ax.set(xlabel="epoch", ylabel="fraction of wrong bits")
        return ax


def train(
    rbm,
    data,
    *,
    n_epochs,
    learning_rate,
    batch_size=None,
    n_gibbs=1,
    l1=0.0,
    rng,
    progress=False,
    callback=None,
):
    r"""Train a machine on data by contrastive divergence, CD-k with k = `n_gibbs`.

    For each batch, with :math:`\hat v` the visible states after k Gibbs steps from the data v,

    .. math::

        \Delta w_{ij} = \epsilon \big( \langle v_i \, p(h_j = 1 | v) \rangle
        - \langle \hat v_i \, p(h_j = 1 | \hat v) \rangle \big),

    and likewise for the biases; the angles average over the batch. Then every weight moves toward
    zero by :math:`\epsilon \cdot` `l1` and stops there (the proximal step of an L1 penalty).

    Parameters
    ----------
    rbm : BernoulliRBM
        Changed in place, at the end of each epoch.
    data : array_like, shape (n_samples, n_visible)
        Entries 0 and 1.
    n_epochs : int
        Passes through the data, at least 1.
    learning_rate : float
        The :math:`\epsilon` above, positive.
    batch_size : int, optional
        Samples in an update, from 1 to n_samples; by default all. Batches are drawn anew in each
        epoch, the last one may be smaller.
    n_gibbs : int, optional
        Gibbs steps k of the negative phase, at least 1.
    l1 : float, optional
        Strength of the L1 penalty on the weights, at least 0, per sample like the likelihood.
    rng : numpy.random.Generator
        Draws batches, hidden and visible states.
    progress : bool, optional
        Show a progress bar.
    callback : callable, optional
        Called as ``callback(epoch, rbm)`` after each epoch, counted from 1. Training goes on from
        the parameters that it leaves.

    Returns
    -------
    history : History

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described; the machine is then unchanged.
    FloatingPointError
        If a parameter exceeds 1e100: the machine stays as it was after the last good epoch.

    Notes
    -----
    This is [Qiu2022]_, Eq. 12, with three corrections: hidden states of the negative phase belong
    to the reconstruction, the averages carry 1/N, and the biases learn too. In the averages the
    probability of a hidden unit stands for its drawn value: the same mean, with less noise.

    .. [Qiu2022] W. Qiu, "Renormalization group and restricted Boltzmann machines", 2022.

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
    if not isinstance(rbm, BernoulliRBM):
        raise TypeError(f"rbm must be a BernoulliRBM, got {rbm!r}")
    data = _checks.two_valued("data", data, 0, 1, rbm.n_visible)
    if data.ndim != 2 or len(data) == 0:
        raise ValueError(
            f"data must have the shape (n_samples, {rbm.n_visible}) with n_samples >= 1, "
            f"got {data.shape}"
        )
    n_samples = len(data)
    n_epochs = _checks.integer("n_epochs", n_epochs, 1)
    n_gibbs = _checks.integer("n_gibbs", n_gibbs, 1)
    batch_size = n_samples if batch_size is None else _checks.integer("batch_size", batch_size, 1)
    if batch_size > n_samples:
        raise ValueError(f"batch_size must be at most n_samples = {n_samples}, got {batch_size}")
    learning_rate = _checks.real("learning_rate", learning_rate, 0.0, above=True)
    l1 = _checks.real("l1", l1, 0.0)
    rng = _checks.generator(rng)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be callable or None, got {callback!r}")

    data = data.astype(np.float64)
    learner = _copy(rbm)
    errors = np.empty(n_epochs)
    with single_threaded_blas():
        for epoch in tqdm(range(n_epochs), disable=not progress, unit="epoch"):
            order = rng.permutation(n_samples)
            n_wrong = 0
            for start in range(0, n_samples, batch_size):
                batch = data[order[start : start + batch_size]]
                n_wrong += _update(learner, batch, learning_rate, n_gibbs, l1, rng)
            errors[epoch] = n_wrong / data.size
            _assign(rbm, learner, learning_rate)
            if callback is not None:
                callback(epoch + 1, rbm)
                learner = _copy(rbm)
    return History(errors)


def _update(rbm, batch, learning_rate, n_gibbs, l1, rng):
    """Take one CD-k step; return how many bits the first reconstruction gets wrong."""
    hidden_data = hidden_model = expit(rbm._hidden_input(batch))
    for step in range(n_gibbs):
        hidden = (rng.random(hidden_model.shape) < hidden_model).astype(np.float64)
        visible_probabilities = expit(rbm._visible_input(hidden))
        visible = (rng.random(batch.shape) < visible_probabilities).astype(np.float64)
        hidden_model = expit(rbm._hidden_input(visible))
        if step == 0:
            n_wrong = np.count_nonzero(visible != batch)

    step_size = learning_rate / len(batch)
    weights, visible_bias, hidden_bias = rbm.weights, rbm.visible_bias, rbm.hidden_bias
    weights += step_size * (batch.T @ hidden_data - visible.T @ hidden_model)
    visible_bias += step_size * (batch - visible).sum(axis=0)
    hidden_bias += step_size * (hidden_data - hidden_model).sum(axis=0)
    if l1 > 0:
        shrunk = np.maximum(np.abs(weights) - learning_rate * l1, 0.0)
        np.copysign(shrunk, weights, out=weights)
    return n_wrong


def _copy(rbm):
    return BernoulliRBM.from_parameters(rbm.weights, rbm.visible_bias, rbm.hidden_bias)


def _assign(rbm, learner, learning_rate):
    try:
        learner = _copy(learner)  # checks all parameters before the first is changed
    except ValueError as error:
        raise FloatingPointError(
            f"training diverged with learning_rate = {learning_rate}: take a smaller one ({error})"
        ) from None
    rbm.weights = learner.weights
    rbm.visible_bias = learner.visible_bias
    rbm.hidden_bias = learner.hidden_bias
