"""Updates of spin glasses on a cubic lattice of 8 sites a side, tempered at 8 temperatures.

A sweep updates each spin of two replicas of each glass once by a heat bath, and then offers
exchanges. Ours keeps 64 glasses in a machine word. peapods (Rust) measures energies and overlaps in
each sweep, and has no way not to. The NumPy version is the readable twin of our kernel.

Each also tells the energy a site of the same few glasses of 3 sites a side, at the coldest
temperature; there a transfer matrix gives the exact mean, and the deviations scatter over glasses.
"""

from functools import cache

import numpy as np
from harness import compare, growth, package, sides, timed

from rgrbm.estimate import Estimate
from rgrbm.ising import glass_energy
from rgrbm.sampler import EdwardsAnderson
from rgrbm.sampler._glass_kernels import plain_temper
from rgrbm.transfer_matrix import glass_log_partition

SIZE, SMALL = 8, 3
TEMPERATURES = np.linspace(1.1, 2.0, 8)
N_GLASSES, N_CHECKED = 64, 16
N_OF_PEAPODS = 4  # glasses that it runs at once: its time grows with them
STEP = 1e-4  # of the inverse temperature, for a derivative


def rows(settings):
    """Yield what is compared, and how ours grows."""
    shorter = settings.pick(1, 10)
    runs = {
        "rgrbm": (ours, N_GLASSES, 500, energies_of_ours),
        package("peapods"): (peapods, N_OF_PEAPODS, 200, energies_of_peapods),
        "NumPy, all glasses at once": (with_numpy, N_GLASSES, 10, energies_with_numpy),
    }

    def seconds(run, seed):
        sweep, n_glasses, n_sweeps, _ = run
        n_sweeps = max(1, n_sweeps // shorter)
        n_updates = n_glasses * n_sweeps * 2 * len(TEMPERATURES) * SIZE**3
        return timed(sweep, n_glasses, n_sweeps, seed) / n_updates

    def value(run):
        apart = run[-1](2000 // shorter) - exact_energies()
        return Estimate(exact_energies().mean() + apart.mean(), Estimate.mean(apart).error)

    mine, *others = sides(runs, seconds, value)
    yield from compare(
        f"spin glasses, {SIZE} x {SIZE} x {SIZE} sites, tempered", "update", mine, others, settings,
        quantity=f"energy a site, {SMALL} sites a side",
        exact=exact_energies().mean(),
    )  # fmt: skip
    n_sweeps = settings.pick(50, 5)
    for against, cases, expected in (
        ("sites a side", {n: (n, N_GLASSES) for n in settings.pick([6, 8, 12, 16], [4, 6, 8])}, 3),
        ("glasses", {n: (SIZE, n) for n in settings.pick([64, 128, 256, 512], [64, 128, 256])}, 1),
    ):
        yield growth(
            "spin glasses, tempered",
            against,
            list(cases),
            lambda n, cases=cases: time_of_sweeps(*cases[n], n_sweeps),
            settings,
            expected=expected,
        )


def glasses(size, n_glasses, seed=0):
    """Return ours, with bonds that the others take, too."""
    rng = np.random.default_rng(seed)
    return EdwardsAnderson(size, TEMPERATURES, n_samples=n_glasses, rng=rng)


def ours(n_glasses, n_sweeps, seed):
    """Take glasses through sweeps, as the other two do."""
    glasses(SIZE, n_glasses, seed).run(n_sweeps)


def peapods(n_glasses, n_sweeps, seed):
    model = model_of_peapods(glasses(SIZE, n_glasses, seed).bonds, seed)
    sample(model, n_sweeps)


def with_numpy(n_glasses, n_sweeps, seed):
    glass = glasses(SIZE, n_glasses, seed)
    plain_temper(glass.spins(), glass.bonds, TEMPERATURES, n_sweeps, np.random.default_rng(seed))


def time_of_sweeps(size, n_glasses, n_sweeps):
    """Return the seconds of sweeps alone."""
    return timed(glasses(size, n_glasses).run, n_sweeps)


def model_of_peapods(bonds, seed):
    """Return glasses of peapods, which has the axes of bonds last."""
    from peapods import Ising

    shape = bonds.shape[2:]
    couplings = np.moveaxis(bonds, 1, -1)
    couplings = couplings if len(bonds) > 1 else couplings[0]
    options = {"temperatures": TEMPERATURES, "n_replicas": 2, "n_disorder": len(bonds)}
    model = Ising(shape, couplings=np.ascontiguousarray(couplings), **options)
    model._sim.reset(seed=seed)  # it has no other way to begin elsewhere
    return model


def sample(model, n_sweeps):
    """Take it through sweeps of a heat bath, which it calls Gibbs's."""
    model.sample(n_sweeps, sweep_mode="gibbs", pt_interval=1, sequential=True)


@cache
def exact_energies():
    """Return the mean energy a site of each small glass, from the slope of ln Z."""
    bonds = glasses(SMALL, N_CHECKED).bonds
    beta = 1 / TEMPERATURES[0]
    low, high = (
        np.array([glass_log_partition((beta + shift) * one) for one in bonds])
        for shift in (-STEP, STEP)
    )
    return (low - high) / (2 * STEP) / SMALL**3


def energies_of_ours(n_sweeps):
    """Return the sampled means, as the other two do; the first quarter of the way is left out."""
    glass = glasses(SMALL, N_CHECKED)
    glass.run(n_sweeps // 4)
    found = glass.run(n_sweeps, observe=EdwardsAnderson.energies)
    return found[:, 0].mean(axis=(0, 1)) / SMALL**3


def energies_of_peapods(n_sweeps):
    found = []
    for seed, one in enumerate(glasses(SMALL, N_CHECKED).bonds):
        model = model_of_peapods(one[None], seed)
        sample(model, n_sweeps)
        found.append(-model.get_energies()[0])  # its sign is the other one
    return np.array(found)


def energies_with_numpy(n_sweeps):
    glass, rng = glasses(SMALL, N_CHECKED), np.random.default_rng(0)
    spins, found = glass.spins(), []
    for _ in range(n_sweeps // 4):
        plain_temper(spins, glass.bonds, TEMPERATURES, 2, rng)  # two: both kinds of exchanges
        found.append(glass_energy(spins[0], glass.bonds).mean(axis=0) / SMALL**3)
    return np.mean(found[len(found) // 4 :], axis=0)
