"""The Ising ring: Metropolis's algorithm, and exact samples.

Metropolis, a ring of 64 sites at K = 1; the unit is an update of a spin. Ours keeps 64 chains in a
machine word. mcising and peapods (both Rust) run one chain, and peapods measures its energy in each
sweep. The NumPy version is the readable twin of our kernel and updates all its chains at once. Each
tells the product of neighbours. Metropolis from site to site never gets it right on a ring: flips
that cost nothing are always accepted, and carry every domain wall along.

Exact samples stand beside the random numbers alone, one for each spin.
"""

import numpy as np
from harness import Side, compare, growth, package, timed

from rgrbm import transfer_matrix
from rgrbm.estimate import Estimate
from rgrbm.sampler import exact_chain, metropolis_chain
from rgrbm.sampler._chain_kernels import plain_metropolis

N_SITES, COUPLING, N_SAMPLES = 64, 1.0, 640
MANY_SAMPLES = 6400  # that NumPy updates at once


def rows(settings):
    """Yield what is compared, and how ours grows."""
    exact = transfer_matrix.correlation(N_SITES, 1, COUPLING)
    checked = {"quantity": "product of neighbours", "exact": exact}
    long, middle, short = settings.pick((20_000, 300_000, 20), (2000, 30_000, 2))
    n_checked = settings.pick(6400, 640)
    n_runs = settings.pick(40, 8)

    def side(name, sample, n_samples, n_sweeps, value):
        n_updates = n_samples * n_sweeps * N_SITES
        return Side(name, lambda seed: timed(sample, seed, n_samples, n_sweeps) / n_updates, value)

    def energies(sample, n_runs, n_sweeps):
        return Estimate.mean([sample(seed, 1, n_sweeps) for seed in range(n_runs)])

    def ends_of_mcising():
        return np.concatenate([mcising(seed, 1, 5000) for seed in range(5 * n_runs)])

    yield from compare(
        f"Metropolis, ring of {N_SITES} spins, K = 1",
        "update",
        side("rgrbm", ours, N_SAMPLES, long, lambda: neighbours(ours(0, n_checked, 2000))),
        [
            side(
                f"{package('mcising')}, from site to site", mcising, 1, middle,
                lambda: neighbours(ends_of_mcising()),
            ),
            side(
                f"{package('peapods')}, from site to site", peapods, 1, middle // 4,
                lambda: energies(peapods, n_runs, 20_000),
            ),
            side(
                f"{package('peapods')}, heat bath", heat_bath_of_peapods, 1, middle // 4,
                lambda: energies(heat_bath_of_peapods, n_runs, 20_000),
            ),
            side(
                "NumPy, all chains at once", with_numpy, MANY_SAMPLES, short,
                lambda: neighbours(with_numpy(0, n_checked, 300)),
            ),
        ],
        settings,
        **checked,
    )  # fmt: skip
    many = settings.pick(100_000, 10_000)
    yield from compare(
        f"exact samples of that ring, {many:,} at once",
        "spin",
        Side(
            "rgrbm",
            lambda seed: timed(exactly, seed, many) / (many * N_SITES),
            lambda: neighbours(exactly(0, many)),
        ),
        [
            Side(
                "NumPy, the random numbers alone",
                lambda seed: timed(random_numbers, seed, many) / (many * N_SITES),
            )
        ],
        settings,
        **checked,
    )
    sites = settings.pick([64, 128, 256, 512, 1024], [64, 128, 256])
    samples = settings.pick([20_000, 40_000, 80_000, 160_000], [10_000, 20_000, 40_000])
    for what, against, sizes, sample in (
        ("Metropolis, 640 rings", "sites", sites, lambda n: ours(0, N_SAMPLES, 200, n)),
        ("Metropolis, rings of 64 sites", "samples", samples, lambda n: ours(0, n, 20)),
        ("exact samples, 20,000 rings", "sites", sites, lambda n: exactly(0, 20_000, n)),
        ("exact samples, rings of 64 sites", "samples", samples, lambda n: exactly(0, n)),
    ):
        yield growth(
            what, against, sizes, lambda n, sample=sample: timed(sample, n), settings, expected=1
        )


def ours(seed, n_samples, n_sweeps, n_sites=N_SITES):
    """Return the spins where our chains end."""
    rng = np.random.default_rng(seed)
    return metropolis_chain(n_samples, n_sites, COUPLING, n_sweeps=n_sweeps, rng=rng)


def exactly(seed, n_samples, n_sites=N_SITES):
    """Return exact samples."""
    return exact_chain(n_samples, n_sites, COUPLING, rng=np.random.default_rng(seed))


def random_numbers(seed, n_samples):
    """Draw what `exact_chain` draws: a number for each spin, a site at a time."""
    rng = np.random.default_rng(seed)
    for _ in range(N_SITES):
        rng.random(n_samples)


def mcising(seed, n_samples, n_sweeps):
    """Return the spins where its one chain ends."""
    from mcising import IsingSimulation

    simulation = IsingSimulation(N_SITES, 1.0, 0.0, 0.0, 0.0, seed, "metropolis", "chain")
    simulation.sweep(n_sweeps, temperature=1 / COUPLING)
    return np.asarray(simulation.get_spins()).reshape(n_samples, N_SITES)


def peapods(seed, n_samples, n_sweeps, sweep_mode="metropolis"):
    """Return the mean product of neighbours along its one chain."""
    from peapods import Ising

    model = Ising((N_SITES,), temperatures=np.array([1 / COUPLING]))
    model._sim.reset(seed=seed)  # it has no other way to begin elsewhere
    model.sample(n_sweeps, sweep_mode=sweep_mode, sequential=True)
    return model.get_energies()[0]


def heat_bath_of_peapods(seed, n_samples, n_sweeps):
    """Return the same for its other sweep, which it calls Gibbs's."""
    return peapods(seed, n_samples, n_sweeps, sweep_mode="gibbs")


def with_numpy(seed, n_samples, n_sweeps):
    """Return the spins where the chains of the plain version end."""
    rng = np.random.default_rng(seed)
    spins = rng.choice(np.array([-1, 1], dtype=np.int8), size=(n_samples, N_SITES))
    plain_metropolis(spins, COUPLING, 0.0, n_sweeps * N_SITES, rng)
    return spins


def neighbours(spins):
    """Return the mean product of neighbours; each row is independent of the others."""
    return Estimate.mean((spins * np.roll(spins, 1, axis=1)).mean(axis=1))
