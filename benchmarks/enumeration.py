"""Exact sums over all states: ln Z of a machine, the couplings of a law, and the transfer matrix.

The machine has 64 visible units and few hidden ones, over whose states is summed. NumPy lists them
all, in one table; rbms (PyTorch) does, too, in float32. The couplings of a law of n spins are 2**n
sums of 2**n logarithms: NumPy takes the products of all spins, ours a butterfly for each spin.
"""

import numpy as np
from harness import compare, growth, package, sides, timed

from rgrbm import transfer_matrix
from rgrbm.ising import chain_energy, enumerate_spins
from rgrbm.rbm import BernoulliRBM, exact_log_partition, walsh_couplings

COUPLING = 0.7


def rows(settings):
    """Yield what is compared, and how ours grows."""
    n_hidden = settings.pick(16, 12)
    rbm = machine(n_hidden)
    mine, *others = sides(
        {
            "rgrbm": exact_log_partition,
            "NumPy, all states in a table": with_numpy,
            package("rbms"): rbms,
        },
        lambda run, _: timed(run, rbm),
        lambda run: f"{run(rbm):.6f}",
    )
    yield from compare(
        f"exact ln Z, 64 x {n_hidden} units", "sum", mine, others, settings, quantity="ln Z"
    )
    n_spins = settings.pick(12, 10)
    logs = -chain_energy(enumerate_spins(n_spins), COUPLING)
    mine, other = sides(
        {"rgrbm": walsh_couplings, "NumPy, by the sums": couplings_with_numpy},
        lambda run, _: timed(run, logs),
        lambda run: largest_error(run(logs)),
    )
    yield from compare(
        f"all couplings of a law of {n_spins} spins", "law", mine, [other], settings,
        quantity="largest error",
    )  # fmt: skip
    yield growth(
        "exact ln Z of a machine, 64 visible units",
        "hidden units",
        settings.pick([12, 14, 16, 18, 20], [8, 10, 12]),
        lambda n: timed(exact_log_partition, machine(n)),
        settings,
        expected=1,
        law="2^(x n)",
    )
    yield growth(
        "ln Z of a ring, transfer matrix",
        "sites",
        [100, 10_000, 1_000_000],
        lambda n: timed(rings, n),
        settings,
        expected=0,
    )
    sizes = settings.pick([7, 8, 9, 10], [6, 7, 8])
    yield growth(
        "law of the total spin of a torus, transfer matrix",
        "sites a side",
        sizes,
        lambda n: timed(transfer_matrix.total_spin_law, n, COUPLING),
        settings,
        expected=np.polyfit(sizes, [2 * n + 3 * np.log2(n) for n in sizes], 1)[0],
        law="2^(x n)",
    )


def machine(n_hidden):
    """Return a machine with random weights."""
    rng = np.random.default_rng(n_hidden)
    shapes = (64, n_hidden), 64, n_hidden
    return BernoulliRBM.from_parameters(*(rng.normal(0, 0.5, shape) for shape in shapes))


def rings(n_sites):
    """Sum rings of one size, a thousand times: once takes some microseconds."""
    for _ in range(1000):
        transfer_matrix.log_partition(n_sites, COUPLING)


def states(n_units):
    """List the states of bits in a table."""
    return (np.arange(2**n_units)[:, None] >> np.arange(n_units) & 1).astype(np.float64)


def with_numpy(rbm):
    """Return ln Z, as rbms does below."""
    hidden = states(rbm.n_hidden)
    inputs = hidden @ rbm.weights.T + rbm.visible_bias
    logs = hidden @ rbm.hidden_bias + np.logaddexp(0, inputs).sum(axis=1)
    return np.logaddexp.reduce(logs)


def rbms(rbm):
    import torch
    from rbms.bernoulli_bernoulli.classes import BBRBM
    from rbms.partition_function.exact import compute_partition_function
    from rbms.utils import get_categorical_configurations

    torch.set_num_threads(1)
    parts = rbm.weights, rbm.visible_bias, rbm.hidden_bias
    theirs = BBRBM(*(torch.from_numpy(part.astype(np.float32)) for part in parts))
    return compute_partition_function(theirs, get_categorical_configurations(2, rbm.n_hidden))


def couplings_with_numpy(log_weights):
    """Return all couplings: means of the logarithms times a product of spins."""
    n_states = len(log_weights)
    both = np.arange(n_states)[:, None] & np.arange(n_states)
    signs = 1 - 2 * (np.bitwise_count(~both & np.arange(n_states)[:, None]) % 2).astype(np.int8)
    return signs @ log_weights / n_states


def largest_error(couplings):
    """Return how far the couplings of the ring are from what they are."""
    n_spins = len(couplings).bit_length() - 1
    exact = np.zeros(len(couplings))
    exact[[1 << k | 1 << (k + 1) % n_spins for k in range(n_spins)]] = COUPLING
    return float(np.abs(couplings - exact).max())
