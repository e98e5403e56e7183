"""Samples of the field on a ring: they keep the law, and arrive there."""

import numpy as np
import pytest

from rgrbm.estimate import Estimate
from rgrbm.networks import phi4_action, phi4_ring_correlations, phi4_samples

N_SAMPLES = 20_000


@pytest.mark.parametrize("n_sites", [2, 3, 8])
@pytest.mark.parametrize(("mass_squared", "quartic"), [(-3.0, 1.0), (1.0, 0.0), (0.0, 2.0)])
def test_chains_arrive_at_the_exact_correlations(n_sites, mass_squared, quartic):
    rng = np.random.default_rng(n_sites)
    fields = phi4_samples(N_SAMPLES, n_sites, mass_squared, quartic, n_sweeps=100, rng=rng)
    exact = phi4_ring_correlations(n_sites, mass_squared, quartic)
    for distance in range(n_sites // 2 + 1):
        products = (fields * np.roll(fields, distance, axis=1)).mean(axis=1)
        found = Estimate.mean(products)
        assert abs(found.value - exact[distance]) < 4.5 * found.error
    # The virial theorem: 2 <quadratic part> + 4 <quartic part> = the number of sites.
    quadratic = n_sites * (exact[0] * (1 + mass_squared / 2) - exact[1])
    action = Estimate.mean(phi4_action(fields, mass_squared, quartic))
    assert abs(action.value - n_sites / 4 - quadratic / 2) < 4.5 * action.error
    mean = Estimate.mean(fields.mean(axis=1))
    assert abs(mean.value) < 4.5 * mean.error


def test_no_sweep_leaves_the_start_and_one_does_not():
    start, one = (
        phi4_samples(100, 5, -3.0, 1.0, n_sweeps=n, rng=np.random.default_rng(0)) for n in (0, 1)
    )
    moved = (start != one).mean(axis=0)
    assert (moved > 0.2).all()
    assert (moved < 0.9).all()
