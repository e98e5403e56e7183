r"""The renormalization group seen in a restricted Boltzmann machine.

A machine has two marginal laws, and each defines a Hamiltonian up to a constant:

.. math::

    H_\text{visible}(v) = -\ln \sum_h e^{-E(v, h)}, \qquad
    H_\text{hidden}(h) = -\ln \sum_v e^{-E(v, h)}.

If the visible units follow the law of a physical system, the hidden ones follow that of a coarser
one, and the second Hamiltonian is the coarse-grained one. In spins :math:`t_j = 2 h_j - 1` it has
couplings of all orders,

.. math:: H_\text{hidden} = -\text{const} - \sum_j C_j t_j - \sum_{j<k} K_{jk} t_j t_k - \dots

A machine of bits is, up to a constant, one of spins with weights J, visible fields B and hidden
fields C (`BernoulliRBM.spin_parameters`). Its visible spins are independent given t, so

.. math::

    H_\text{hidden}(t) = -\sum_j C_j t_j - \sum_i \ln 2 \cosh\Big(B_i + \sum_j J_{ij} t_j\Big),

and each visible unit couples only the hidden units that it touches.
"""

import math
from itertools import product
from typing import NamedTuple

import numpy as np

from rgrbm._core import checks
from rgrbm._core.numerics import log_two_cosh, widening
from rgrbm.estimate import Estimate
from rgrbm.ising import enumerate_spins, spins_to_bits
from rgrbm.rbm.machines import BernoulliRBM, checked_bernoulli

__all__ = [
    "OrderedMachine",
    "bond_rbm",
    "decimation_rbm",
    "effective_couplings",
    "interaction",
    "order_hidden_units",
    "trace_defect",
    "walsh_couplings",
]

MOST_SITES = 10**6
STRONGEST_BOND = 100.0
MOST_UNITS_LISTED = 12  # of those that one unit touches; of more, states are sampled
FEWEST_SAMPLES = 10
SAMPLES_PER_BLOCK = 64  # drawn at a time
NUMBERS_PER_BLOCK = 2**20  # 8 MB: of a larger table, some rows at a time


def decimation_rbm(n_visible, coupling):
    """Machine whose joint law is the Ising ring of 2 n_visible spins, visible and hidden in turn.

    Parameters
    ----------
    n_visible : int
        At least 1. Hidden spin j sits between the visible spins j and j + 1; the last one closes
        the ring.
    coupling : float
        Reduced coupling K = J/T of the ring, dimensionless.

    Returns
    -------
    rbm : BernoulliRBM
        With as many hidden units. Each marginal is the decimated ring of n_visible spins, with
        tanh K' = tanh(K)**2, exactly.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    See Also
    --------
    rgrbm.decimation.decimate_coupling : the map from K to K'.

    Examples
    --------
    >>> decimation_rbm(3, 0.5).spin_parameters().weights
    array([[0.5, 0. , 0.5],
           [0.5, 0.5, 0. ],
           [0. , 0.5, 0.5]])
    """
    n_visible = checks.integer("n_visible", n_visible, 1)
    checks.size("n_visible", n_visible, n_visible)
    coupling = checks.number("coupling", coupling)
    here = np.eye(n_visible)
    weights = coupling * (here + np.roll(here, 1, axis=0))
    return BernoulliRBM.from_spin_parameters(weights, np.zeros(n_visible), np.zeros(n_visible))


def bond_rbm(bonds, coupling):
    r"""Machine whose visible units are an Ising model on any graph, with a hidden unit per bond.

    Parameters
    ----------
    bonds : array_like of int, shape (n_bonds, 2)
        The two sites of each bond, numbered from 0. Bonds may repeat, and then count as often.
    coupling : float or ndarray, shape (n_bonds,)
        Reduced K = J/T of the bonds, dimensionless, from -100 to 100.

    Returns
    -------
    rbm : BernoulliRBM
        Its visible spins have the law exp(sum of K s_i s_j) / Z, exactly. The hidden spin of a bond
        has the weight w on one of its sites, and w or, if K < 0, -w on the other.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or a bond ties a site to itself.

    Notes
    -----
    The sum over a hidden spin gives :math:`2 \cosh w(s_i + s_j)`, which is
    :math:`e^{K s_i s_j}` up to a factor if :math:`K = \tfrac12 \ln \cosh 2w`.

    Examples
    --------
    >>> ring = bond_rbm([[0, 1], [1, 2], [2, 0]], 0.5)
    >>> effective_couplings(ring, "visible").value.round(12)
    array([[0. , 0.5, 0.5],
           [0.5, 0. , 0.5],
           [0.5, 0.5, 0. ]])
    """
    bonds = checks.integers("bonds", bonds, 0, MOST_SITES - 1)
    if bonds.ndim != 2 or bonds.shape[1:] != (2,) or not len(bonds):
        raise ValueError(f"bonds must have the shape (n_bonds, 2), got {bonds.shape}")
    if (bonds[:, 0] == bonds[:, 1]).any():
        raise ValueError("bonds must tie two different sites")
    coupling = checks.array("coupling", coupling)
    if coupling.shape not in ((), bonds.shape[:1]):
        raise ValueError(
            f"coupling must be a number or have the shape {bonds.shape[:1]}, got {coupling.shape}"
        )
    if coupling.size and np.abs(coupling).max() > STRONGEST_BOND:
        raise ValueError(f"coupling must be at most {STRONGEST_BOND:g} in size, got {coupling}")
    size = np.abs(coupling)
    weight = size + np.log1p(np.sqrt(-np.expm1(-4 * size))) / 2  # arcosh(exp 2K) / 2
    checks.size("bonds", int(bonds.max()) + 1, len(bonds))
    weights = np.zeros((bonds.max() + 1, len(bonds)))
    hidden = np.arange(len(bonds))
    weights[bonds[:, 0], hidden] = weight
    weights[bonds[:, 1], hidden] = np.where(coupling < 0, -weight, weight)
    return BernoulliRBM.from_spin_parameters(weights, np.zeros(len(weights)), np.zeros(len(bonds)))


def walsh_couplings(log_weights):
    r"""All couplings of a law of spins, from the logarithms of its weights.

    Parameters
    ----------
    log_weights : array_like, shape (2**n,)
        ln p(s) up to a constant, in the order of `rgrbm.ising.enumerate_spins`; n from 1 to 20.

    Returns
    -------
    couplings : ndarray of float64, shape (2**n,)
        K of each set of sites: ln p(s) is the sum of K times the product of the spins of the set.
        The index of a set has a binary 1 for each of its sites, the first site counting most; 0 is
        the constant. `rgrbm.ising.state_index` finds it from such bits.

    Raises
    ------
    ValueError, TypeError
        If `log_weights` is not as described.

    Examples
    --------
    >>> from rgrbm.ising import chain_energy, enumerate_spins
    >>> walsh_couplings(-chain_energy(enumerate_spins(3), 0.5, 0.25)).round(12)
    array([0.  , 0.25, 0.25, 0.5 , 0.25, 0.5 , 0.5 , 0.  ])
    """
    log_weights = checks.array("log_weights", log_weights, (None,))
    n_sites = len(log_weights).bit_length() - 1
    if len(log_weights) != 2**n_sites or not 1 <= n_sites <= 20:
        raise ValueError(
            f"log_weights must have 2**n entries, n from 1 to 20, got {len(log_weights)}"
        )
    for site in range(n_sites):
        down, up = np.moveaxis(log_weights.reshape(2**site, 2, -1), 1, 0)
        log_weights = np.stack([(up + down) / 2, (up - down) / 2], axis=1)
    return log_weights.ravel()


def interaction(rbm, hamiltonian, visible, hidden):
    r"""Operator :math:`T(v, h) = -E(v, h) + H(v)` that ties hidden to visible units.

    Parameters
    ----------
    rbm : BernoulliRBM
    hamiltonian : callable
        The Hamiltonian H of the data: of bits, shape (..., n_visible), it returns the shape (...).
    visible : array_like, shape (..., n_visible)
    hidden : array_like, shape (..., n_hidden)
        Entries 0 and 1; the leading axes of the two broadcast.

    Returns
    -------
    interaction : ndarray, shape (...)
        In units of the temperature.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    :cite:t:`qiu2022`, Eq. 15, with the Hamiltonian of the data. The paper has that of the machine
    there. Then T would be ln p(h | v) for every machine, and sum_h exp(T) = 1 would say nothing.

    Examples
    --------
    >>> rbm = decimation_rbm(2, 0.5)
    >>> flat = lambda visible: np.zeros(np.shape(visible)[:-1])
    >>> interaction(rbm, flat, [1, 1], [1, 1]) == -rbm.energy([1, 1], [1, 1])
    np.True_
    """
    energy = checked_bernoulli(rbm).energy(visible, hidden)
    return _values(hamiltonian, np.asarray(visible)) - energy


def trace_defect(rbm, hamiltonian):
    r"""How far :math:`\ln \sum_h e^{T(v, h)}` is from a constant: its range over all v.

    Parameters
    ----------
    rbm : BernoulliRBM
        With at most 20 visible units.
    hamiltonian : callable
        As in `interaction`.

    Returns
    -------
    defect : float
        The largest minus the smallest value: 0, up to rounding, if and only if the machine's law
        of v is exp(-H) / Z.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    The sum is exp(H(v) - F(v)), F the free energy of the machine. For the laws P and p of the data
    and of the machine, it is p/P up to a factor. So neither ln(p/P) nor KL(P || p) exceeds the
    defect in size.

    Examples
    --------
    >>> from rgrbm import ising
    >>> from rgrbm.decimation import decimate_coupling
    >>> coarse = decimate_coupling(1.0)[0]
    >>> exact = lambda bits: ising.chain_energy(ising.bits_to_spins(bits), coarse)
    >>> trace_defect(decimation_rbm(6, 1.0), exact) < 1e-13
    True
    """
    states = spins_to_bits(enumerate_spins(checked_bernoulli(rbm).n_visible))
    log_trace = _values(hamiltonian, states) - rbm.free_energy(states)
    return float(np.ptp(log_trace))


def effective_couplings(rbm, layer="hidden", order=2, *, n_samples=4096, rng=None):
    r"""Couplings of the marginal Hamiltonian of a layer, in spins.

    They are the coefficients of :math:`H(t) = -\sum_S K_S \prod_{j \in S} t_j` over all sets S of
    units, so :math:`K_S = -2^{-n} \sum_t H(t) \prod_{j \in S} t_j`.

    Parameters
    ----------
    rbm : BernoulliRBM
    layer : {"hidden", "visible"}, optional
        Whose Hamiltonian.
    order : {1, 2}, optional
        1 for the fields, 2 for the couplings of pairs.
    n_samples : int, optional
        Random states for each unit of the other layer that touches more than 12 units, at least 10:
        of fewer, the scatter says too little of the error.
    rng : numpy.random.Generator, optional
        Needed where there are such units.

    Returns
    -------
    couplings : Estimate
        Value and standard error, each of the shape (n_units,) or (n_units, n_units), the latter
        symmetric with a zero diagonal. Where no unit of the other layer touches more than 12, the
        value is exact and the error 0.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or `rng` is None where it is needed.

    Notes
    -----
    Each unit of the other layer contributes ln 2 cosh of a sum over the spins that it touches. So a
    sum over the states of these is enough, however many units the layer has. Where they are too
    many, all but the spins in S are drawn at random, and the sum over S is done. The error then
    comes from the scatter of the samples, times the factor of Student's law for so many; it is not
    to be trusted with few samples of a unit with large weights, where nearly all samples agree.

    Examples
    --------
    >>> chain = decimation_rbm(8, 1.0)
    >>> effective_couplings(chain).value[0, :3].round(6)
    array([0.      , 0.662501, 0.      ])
    """
    checked_bernoulli(rbm)
    layer = checks.choice("layer", layer, ("hidden", "visible"))
    order = checks.integer("order", order, 1, 2)
    n_samples = checks.integer("n_samples", n_samples, FEWEST_SAMPLES)
    if rng is not None:
        checks.generator(rng)
    weights, fields, own = rbm.spin_parameters()
    if layer == "visible":
        weights, fields, own = weights.T, own, fields
    n_units = weights.shape[1]
    shape = (n_units,) * order
    value, variance = np.zeros(shape), np.zeros(shape)
    if order == 1:
        value += own
    for row, field in zip(weights, fields, strict=True):
        touched = np.flatnonzero(row)
        if len(touched) > MOST_UNITS_LISTED and rng is None:
            raise ValueError(
                f"rng must be given: a unit touches {len(touched)} others, more than the "
                f"{MOST_UNITS_LISTED} whose states are listed"
            )
        if len(touched) <= MOST_UNITS_LISTED:
            part, error = _listed(row[touched], field, order), 0.0
        else:
            part, error = _sampled(row[touched], field, order, n_samples, rng)
        where = np.ix_(*[touched] * order)
        value[where] += part
        variance[where] += np.square(error)
    return Estimate(value, np.sqrt(variance))


def _listed(row, field, order):
    """Couplings in ln 2 cosh(field + row . t), from all states t."""
    spins = np.array(list(product((-1.0, 1.0), repeat=len(row)))).reshape(2 ** len(row), len(row))
    energy = log_two_cosh(field + spins @ row)
    if order == 1:
        return spins.T @ energy / len(spins)
    pairs = (spins * energy[:, None]).T @ spins / len(spins)
    pairs = (pairs + pairs.T) / 2  # the two halves are summed in different orders
    np.fill_diagonal(pairs, 0.0)
    return pairs


def _sampled(row, field, order, n_samples, rng):
    """Estimate the same from random states, with a standard error."""
    shape = (len(row),) * order
    total, squares = np.zeros(shape), np.zeros(shape)
    units_per_block = max(1, NUMBERS_PER_BLOCK // SAMPLES_PER_BLOCK // math.prod(shape[1:]))
    for start in range(0, n_samples, SAMPLES_PER_BLOCK):
        size = min(SAMPLES_PER_BLOCK, n_samples - start)
        spins = rng.choice(np.array([-1.0, 1.0]), size=(size, len(row)))
        inputs = field + spins @ row
        for first in range(0, len(row), units_per_block):
            units = slice(first, first + units_per_block)
            terms = _terms(row, spins, inputs, units, order)
            total[units] += terms.sum(axis=0)
            squares[units] += np.square(terms, out=terms).sum(axis=0)
    mean = total / n_samples
    variance = np.maximum(squares / n_samples - mean**2, 0.0) / (n_samples - 1)
    if order == 2:  # the two halves are rounded in different orders
        mean, variance = (mean + mean.T) / 2, (variance + variance.T) / 2
        np.fill_diagonal(mean, 0.0)
        np.fill_diagonal(variance, 0.0)
    return mean, widening(n_samples) * np.sqrt(variance)


def _terms(row, spins, inputs, units, order):
    """What samples say of the sets S whose first unit is one of `units`."""
    terms = 0.0
    for state in product((-1.0, 1.0), repeat=order):
        # The spins of S are set to `state`. On the diagonal, which is dropped, this is wrong.
        moved = inputs[:, None] + (state[0] - spins[:, units]) * row[units]
        if order == 2:
            moved = moved[:, :, None] + ((state[1] - spins) * row)[:, None, :]
        terms = terms + np.prod(state) * log_two_cosh(moved) / 2**order
    return terms


class OrderedMachine(NamedTuple):
    """A machine with its hidden units in order, and how they were chosen.

    Attributes
    ----------
    rbm : BernoulliRBM
        Hidden unit j is ``order[j]`` of the given machine, flipped where ``sign[j]`` is -1.
    order : ndarray of int64, shape (n_hidden,)
    sign : ndarray of int64, shape (n_hidden,)
    strongest : ndarray of int64, shape (n_hidden,)
        The visible unit that decides each hidden unit: that of the largest weight in size; -1 for a
        hidden unit without weights, which none decides.
    n_unique : int
        How many hidden units are decided by a visible unit that decides no other.
    """

    rbm: BernoulliRBM
    order: np.ndarray
    sign: np.ndarray
    strongest: np.ndarray
    n_unique: int


def order_hidden_units(rbm):
    """Sort the hidden units by the visible unit that decides them, and turn them its way.

    Parameters
    ----------
    rbm : BernoulliRBM
        Its visible units lie on a line or a ring, in order.

    Returns
    -------
    ordered : OrderedMachine
        The law of its visible units is that of `rbm`. Flipping a hidden unit is h -> 1 - h.

    Raises
    ------
    TypeError
        If `rbm` is no BernoulliRBM.
    FloatingPointError
        If a parameter was made NaN in place.

    Notes
    -----
    Hidden units carry no names: any order, and any choice of which of their two states is called 1,
    gives the same law. Units without weights come first: they are dead, as a strong L1 penalty
    leaves them, and `strongest` is no index for them.

    Examples
    --------
    >>> rbm = BernoulliRBM.from_parameters([[1, -3], [2, 1]], [0, 0], [0, 0])
    >>> ordered = order_hidden_units(rbm)
    >>> ordered.strongest, ordered.order, ordered.sign
    (array([0, 1]), array([1, 0]), array([-1,  1]))
    >>> ordered.rbm.weights
    array([[ 3.,  1.],
           [-1.,  2.]])
    """
    weights, visible_field, hidden_field = checked_bernoulli(rbm).spin_parameters()
    strongest = np.where(weights.any(axis=0), np.abs(weights).argmax(axis=0), -1)
    order = np.argsort(strongest, kind="stable")
    strongest = strongest[order]
    sign = np.where(weights[strongest, order] < 0, -1, 1)
    _, counts = np.unique(strongest[strongest >= 0], return_counts=True)
    turned = BernoulliRBM.from_spin_parameters(
        weights[:, order] * sign, visible_field, hidden_field[order] * sign
    )
    return OrderedMachine(turned, order, sign, strongest, int(np.sum(counts == 1)))


def _values(hamiltonian, visible):
    checks.function("hamiltonian", hamiltonian)
    values = checks.array("hamiltonian(visible)", hamiltonian(visible.copy()))
    if values.shape != visible.shape[:-1]:
        raise ValueError(
            f"hamiltonian must return the shape {visible.shape[:-1]} for visible states of the "
            f"shape {visible.shape}, got {values.shape}"
        )
    return values
