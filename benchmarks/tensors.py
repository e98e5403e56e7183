"""Tensor renormalization at the critical coupling, one thread: time by bond, and against quimb.

The time of a step at full bond should grow with the sixth power of the bond for TRG, and with the
seventh for HOTRG; parts that grow less lower what is seen. quimb contracts a finite lattice by
HOTRG, too; its tensors may all differ, and it cuts each bond on both sides, by projectors that know
more of the surroundings. Ours knows that all are the same, so it has one to join where quimb has as
many as there are sites. That is why it is given with the error.
"""

import warnings
from importlib.metadata import version
from statistics import median
from time import process_time  # which neighbours on the machine disturb less

import numpy as np

from rgrbm import tensor
from rgrbm.tensor import square
from rgrbm.transfer_matrix import torus_log_partition

warnings.filterwarnings("ignore", "Couldn't import")  # what quimb can do without
import quimb.tensor  # noqa: E402

COUPLING = np.log(1 + np.sqrt(2)) / 2
HALF_STEPS = {"trg": square._cut_and_join, "hotrg": square._join_and_turn}
BONDS = {"trg": (16, 24, 32), "hotrg": (12, 16, 20)}
EXPECTED = {"trg": 6, "hotrg": 7}
ROUNDS = 3


def ours(method, bond, n_steps):
    started = process_time()
    found = getattr(tensor, method)(COUPLING, bond, n_steps).log_partition[-1]
    return process_time() - started, found


def time_of_a_step(method, bond):
    """Seconds to double the side, when all legs have `bond` values."""
    full = getattr(tensor, method)(COUPLING, bond, 3).tensor
    times = []
    for _ in range(ROUNDS):
        started = process_time()
        half_way = HALF_STEPS[method](full, bond)
        HALF_STEPS[method](half_way, bond)
        times.append(process_time() - started)
    return median(times)


def of_quimb(bond, n_steps):
    size = 2**n_steps
    network = quimb.tensor.TN2D_classical_ising_partition_function(
        size, size, COUPLING, cyclic=True
    )
    started = process_time()
    mantissa, exponent = network.contract_hotrg(bond, cutoff=0.0, strip_exponent=True)
    seconds = process_time() - started
    return seconds, (np.log(abs(mantissa)) + exponent * np.log(10)) / size**2


def main():
    print(f"Tensor renormalization at the critical coupling, one thread, median of {ROUNDS} rounds")
    for method, bonds in BONDS.items():
        times = [time_of_a_step(method, bond) for bond in bonds]
        exponent = np.polyfit(np.log(bonds), np.log(times), 1)[0]
        last = np.diff(np.log(times))[-1] / np.diff(np.log(bonds))[-1]
        steps = ", ".join(f"{bond}: {time:.3f} s" for bond, time in zip(bonds, times, strict=True))
        print(f"{method:6} a step at bond {steps}")
        print(
            f"{'':6} grows as bond**{exponent:.1f}, between the last two bond**{last:.1f}", end=""
        )
        print(f" (at large bond {EXPECTED[method]})")
    n_steps = 4
    exact = torus_log_partition(2**n_steps, COUPLING) / 4**n_steps
    print(
        f"\n{2**n_steps} x {2**n_steps} sites\n{'':16} bond      time  rgrbm is   error of ln Z / N"
    )
    for bond in (8, 16):
        sides = {
            "rgrbm hotrg": lambda bond: ours("hotrg", bond, n_steps),
            "rgrbm trg": lambda bond: ours("trg", bond, n_steps),
            f"quimb {version('quimb')}": lambda bond: of_quimb(bond, n_steps),
        }
        for side in sides.values():
            side(bond)  # to compile, and to find paths
        rounds = [{name: side(bond) for name, side in sides.items()} for _ in range(ROUNDS)]
        times = {name: median(each[name][0] for each in rounds) for name in sides}
        for name, time in times.items():
            ratio, error = time / times["rgrbm hotrg"], abs(rounds[0][name][1] - exact)
            print(f"{name:16} {bond:4} {time:7.3f} s {ratio:7.1f} x   {error:.1e}")


if __name__ == "__main__":
    main()
