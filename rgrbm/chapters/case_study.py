"""The paper's experiment on the Ising ring, which several chapters share.

Samples of a ring are drawn with the Metropolis algorithm. A machine with half as many hidden units
learns them by CD-1 with an L1 penalty, which makes each unit local. Then the large weights are
trained once more without the penalty, because it holds them too small.
"""

from typing import NamedTuple

import numpy as np

from rgrbm._core import checks
from rgrbm.ising import spins_to_bits
from rgrbm.rbm import BernoulliRBM, order_hidden_units, train
from rgrbm.rbm.machines import checked_bernoulli
from rgrbm.sampler import metropolis_chain

__all__ = ["LearnedRing", "learn_ring", "refit", "ring_bits"]

RELAXATIONS = 20  # how often the slowest mode of a ring may relax before its spins are taken


class LearnedRing(NamedTuple):
    """Two machines, with the hidden units in order.

    Attributes
    ----------
    sparse : BernoulliRBM
        Trained with the L1 penalty.
    refitted : BernoulliRBM
        Trained further, without the penalty, on the large weights of the other only; its small ones
        are zero.
    """

    sparse: BernoulliRBM
    refitted: BernoulliRBM


def ring_bits(n_samples, n_sites, coupling, *, rng):
    r"""Draw samples of the Ising ring with the Metropolis algorithm, as bits.

    Parameters
    ----------
    n_samples, n_sites : int
        At least 1. Each sample has a chain of its own, started from random spins.
    coupling : float
        Reduced coupling K = J/T, at least 0 and at most 3: beyond, the sampling takes too long.
    rng : numpy.random.Generator

    Returns
    -------
    bits : ndarray of uint8, shape (n_samples, n_sites)

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    A chain makes :math:`20 / (1 - \tanh 2K)` sweeps: 20 relaxation times of the slowest mode of
    Glauber's dynamics on the infinite chain (:cite:t:`glauber1963`), which is not faster than
    Metropolis.

    Examples
    --------
    >>> ring_bits(3, 64, 1.0, rng=np.random.default_rng(0)).shape
    (3, 64)
    """
    n_samples = checks.integer("n_samples", n_samples, 1)
    n_sites = checks.integer("n_sites", n_sites, 1)
    checks.size("n_samples and n_sites", n_samples, n_sites)
    coupling = checks.real("coupling", coupling, 0.0, 3.0)
    rng = checks.generator(rng)
    n_sweeps = int(RELAXATIONS / (1 - np.tanh(2 * coupling)))
    return spins_to_bits(metropolis_chain(n_samples, n_sites, coupling, n_sweeps=n_sweeps, rng=rng))


def learn_ring(data, *, l1=0.003, n_epochs=20_000, n_refit_epochs=10_000, threshold=1.0, rng):
    """Train a machine with half as many hidden as visible units, and refit its large weights.

    Parameters
    ----------
    data : array_like, shape (n_samples, n_visible)
        Bits of a ring, in order; at least two sites.
    l1 : float, optional
        Strength of the L1 penalty, at least 0, as in `rgrbm.rbm.train`.
    n_epochs, n_refit_epochs : int, optional
        Epochs with the penalty and without, at least 1. The learning rate is 1, the batch all data.
    threshold : float, optional
        Weights larger than this in size, in bits, are kept in the refit; at least 0.
    rng : numpy.random.Generator

    Returns
    -------
    learned : LearnedRing

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    The experiment of :cite:t:`qiu2022`, section 5.2, which gives neither the strength of the
    penalty nor the learning rate. The refit is not in the paper.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> learned = learn_ring(ring_bits(100, 8, 1.0, rng=rng), n_epochs=100, rng=rng)
    >>> learned.sparse
    BernoulliRBM(n_visible=8, n_hidden=4)
    """
    data = checks.two_valued("data", data, 0, 1, (None, None))
    if data.shape[1] < 2:
        raise ValueError(f"data must have the shape (n_samples, n_visible >= 2), got {data.shape}")
    l1 = checks.real("l1", l1, 0.0)
    n_epochs = checks.integer("n_epochs", n_epochs, 1)
    n_refit_epochs = checks.integer("n_refit_epochs", n_refit_epochs, 1)
    threshold = checks.real("threshold", threshold, 0.0)
    rng = checks.generator(rng)
    n_visible = data.shape[1]
    sparse = BernoulliRBM(n_visible, n_visible // 2, rng=rng)
    train(sparse, data, n_epochs=n_epochs, learning_rate=1.0, l1=l1, rng=rng)
    sparse = order_hidden_units(sparse).rbm
    refitted = refit(sparse, data, n_epochs=n_refit_epochs, threshold=threshold, rng=rng)
    return LearnedRing(sparse, refitted)


def refit(rbm, data, *, method="cd", n_epochs=10_000, learning_rate=1.0, threshold=0.0, rng):
    """Train a machine further, without a penalty, on its large weights only.

    Parameters
    ----------
    rbm : BernoulliRBM
        Not changed.
    data : array_like, shape (n_samples, n_visible)
        Bits; all are one batch.
    method : {"cd", "pcd", "exact"}, optional
    n_epochs : int, optional
    learning_rate : float, optional
        These as in `rgrbm.rbm.train`.
    threshold : float, optional
        Weights larger than this in size, in bits, are kept, and the others are zero; at least 0.
    rng : numpy.random.Generator

    Returns
    -------
    refitted : BernoulliRBM

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rbm = BernoulliRBM.from_parameters([[2.0, 0.1], [0.0, 1.0]], [0, 0], [0, 0])
    >>> refit(rbm, [[0, 0], [1, 1]], n_epochs=5, threshold=0.5, rng=rng).weights != 0
    array([[ True, False],
           [False,  True]])
    """
    refitted = checked_bernoulli(rbm).copy()
    mask = np.abs(rbm.weights) > checks.real("threshold", threshold, 0.0)
    train(
        refitted,
        data,
        n_epochs=n_epochs,
        learning_rate=learning_rate,
        method=method,
        mask=mask,
        rng=rng,
    )
    return refitted
