"""Tensor renormalization at the critical coupling: against quimb, and how time grows with the bond.

quimb contracts a finite lattice by HOTRG, too; its tensors may all differ, and it cuts each bond on
both sides, by projectors that know more of the surroundings. Ours knows that all are the same, so
it has one to join where quimb has as many as there are sites. That is why the error stands beside.

The time of a step at full bond should grow with the sixth power of the bond for TRG, and with the
seventh for HOTRG; parts that grow less lower what is seen.
"""

import warnings

import numpy as np
from harness import compare, growth, package, sides, timed

from rgrbm import tensor
from rgrbm.tensor import square
from rgrbm.transfer_matrix import torus_log_partition

COUPLING = np.log(1 + np.sqrt(2)) / 2
HALF_STEPS = {"trg": square._cut_and_join, "hotrg": square._join_and_turn}
EXPECTED = {"trg": 6, "hotrg": 7}


def rows(settings):
    """Yield what is compared, and how ours grows."""
    n_steps = settings.pick(4, 3)
    size = 2**n_steps
    exact = torus_log_partition(size, COUPLING) / size**2
    for bond in settings.pick((8, 16), (4, 8)):
        mine, *others = sides(
            {"rgrbm": hotrg, "rgrbm, TRG": trg, package("quimb"): quimb},
            lambda run, _, bond=bond: timed(run, bond, n_steps),
            lambda run, bond=bond: f"{abs(run(bond, n_steps) - exact):.1e}",
        )
        yield from compare(
            f"HOTRG, {size} x {size} sites, bond {bond}", "lattice", mine, others, settings,
            quantity="error of ln Z a site",
        )  # fmt: skip
    bonds = {"trg": ([16, 20, 24, 32], [8, 12, 16]), "hotrg": ([10, 12, 16, 20], [6, 8, 10])}
    for method, choice in bonds.items():
        tensors = {bond: full(method, bond) for bond in settings.pick(*choice)}
        yield growth(
            f"{method.upper()}, a step at full bond",
            "bond",
            list(tensors),
            lambda bond, method=method, tensors=tensors: timed(step, method, tensors[bond], bond),
            settings,
            expected=EXPECTED[method],
        )


def hotrg(bond, n_steps):
    """Return ln Z per site, as the other two do."""
    return tensor.hotrg(COUPLING, bond, n_steps).log_partition[-1]


def trg(bond, n_steps):
    return tensor.trg(COUPLING, bond, n_steps).log_partition[-1]


def quimb(bond, n_steps):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Couldn't import")  # what quimb can do without
        from quimb.tensor import TN2D_classical_ising_partition_function as lattice

        size = 2**n_steps
        network = lattice(size, size, COUPLING, cyclic=True)
        mantissa, exponent = network.contract_hotrg(bond, cutoff=0.0, strip_exponent=True)
    return (np.log(abs(mantissa)) + exponent * np.log(10)) / size**2


def full(method, bond):
    """Return a tensor all of whose legs have `bond` values."""
    return getattr(tensor, method)(COUPLING, bond, 3).tensor


def step(method, coarse, bond):
    """Double the side of the lattice."""
    HALF_STEPS[method](HALF_STEPS[method](coarse, bond), bond)
