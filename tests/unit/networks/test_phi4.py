"""The field on a ring: the transfer matrix against free fields and plain integrals."""

import numpy as np
import pytest

from rgrbm.networks import (
    phi4_action,
    phi4_ring_correlations,
    phi4_ring_log_partition,
    phi4_samples,
)


def modes(n_sites, mass_squared):
    return mass_squared + 4 * np.sin(np.pi * np.arange(n_sites) / n_sites) ** 2


@pytest.mark.parametrize("n_sites", [2, 3, 16, 200])
@pytest.mark.parametrize("mass_squared", [0.2, 1.0, 7.0])
def test_a_free_field_is_gaussian(n_sites, mass_squared):
    inverse = 1 / modes(n_sites, mass_squared)
    found = phi4_ring_log_partition(n_sites, mass_squared, 0.0)
    assert abs(found - 0.5 * np.log(2 * np.pi * inverse).sum()) < 1e-9 * n_sites
    correlations = phi4_ring_correlations(n_sites, mass_squared, 0.0)
    np.testing.assert_allclose(correlations, np.fft.ifft(inverse).real, atol=1e-10)


@pytest.mark.parametrize(("mass_squared", "quartic"), [(-3.0, 1.0), (0.5, 0.2), (0.0, 2.0)])
def test_two_and_three_sites_against_plain_integrals(mass_squared, quartic):
    grid = np.linspace(-4.5, 4.5, 181)  # of smooth functions that vanish at the ends
    for n_sites in (2, 3):
        fields = np.stack(np.meshgrid(*[grid] * n_sites, indexing="ij"), axis=-1)
        weights = np.exp(-phi4_action(fields, mass_squared, quartic))
        total = weights.sum() * (grid[1] - grid[0]) ** n_sites
        assert abs(phi4_ring_log_partition(n_sites, mass_squared, quartic) - np.log(total)) < 1e-9
        found = phi4_ring_correlations(n_sites, mass_squared, quartic)
        for distance in range(n_sites):
            product = fields[..., 0] * fields[..., distance]
            mean = (weights * product).sum() / weights.sum()
            assert abs(found[distance] - mean) < 1e-9


def test_the_slope_of_log_z_is_the_mean_square():
    step = 1e-4
    ends = [phi4_ring_log_partition(16, -3 + d, 1.0) for d in (step, -step)]
    square = phi4_ring_correlations(16, -3.0, 1.0)[0]
    assert abs(-2 / 16 * (ends[0] - ends[1]) / (2 * step) - square) < 1e-7


def test_the_action_by_hand():
    fields = np.array([1.0, -2.0, 0.5])
    bonds = 0.5 * (9 + 2.5**2 + 0.5**2)
    on_site = 0.5 * -3 * (1 + 4 + 0.25) + 0.7 * (1 + 16 + 0.0625)
    assert abs(phi4_action(fields, -3.0, 0.7) - bonds - on_site) < 1e-12
    both = phi4_action(np.stack([fields, -fields]), -3.0, 0.7)
    assert both[0] == both[1]


def test_too_few_nodes_are_told():
    with pytest.raises(ValueError, match="n_points must be larger"):
        phi4_ring_log_partition(16, -3.0, 1.0, n_points=16)
    with pytest.raises(ValueError, match="n_points must be larger"):
        phi4_ring_log_partition(16, -1000.0, 1e-300)


def test_a_field_without_a_bound_is_refused():
    for function in (phi4_ring_log_partition, phi4_ring_correlations):
        with pytest.raises(ValueError, match="mass_squared must be above 0"):
            function(4, 0.0, 0.0)
    with pytest.raises(ValueError, match="mass_squared must be above 0"):
        phi4_samples(2, 4, -1.0, 0.0, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="two sites"):
        phi4_action([1.0], 1.0, 0.0)
