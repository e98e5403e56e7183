"""Smallest and largest arguments of what is measured on rings, and the parts of the estimate."""

import numpy as np
import pytest

from rgrbm import diagnostics, sampler, transfer_matrix
from rgrbm.diagnostics.chain import _slope

SPINS = sampler.exact_chain(120, 7, 0.4, rng=np.random.default_rng(0))


def test_distances_go_from_0_to_the_size_of_the_ring():
    found = diagnostics.correlation(SPINS[:3], 7)
    assert found.value.shape == (8,)
    assert found.value[0] == found.value[7] == 1
    assert diagnostics.correlation(SPINS, 0).value.tolist() == [1]
    with pytest.raises(ValueError, match="max_distance must be at most 7, got 8"):
        diagnostics.correlation(SPINS, 8)
    with pytest.raises(ValueError, match="max_distance must be at least 0, got -1"):
        diagnostics.correlation(SPINS, -1)


@pytest.mark.parametrize(("n_sites", "farthest"), [(1, 0), (2, 1), (7, 3), (8, 4)])
def test_distances_by_sites_go_to_half_the_ring(n_sites, farthest):
    spins = SPINS[:, :1] if n_sites == 1 else SPINS[:, :2]
    sites = [0] if n_sites == 1 else [0, n_sites - 1]
    found = diagnostics.correlation_by_distance(spins, sites, n_sites, farthest)
    assert found.value[0] == 1
    with pytest.raises(ValueError, match=f"max_distance must be at most {farthest}"):
        diagnostics.correlation_by_distance(spins, sites, n_sites, farthest + 1)
    with pytest.raises(ValueError, match=f"sites must be from 0 to {n_sites - 1}"):
        diagnostics.correlation_by_distance(spins, [n_sites] * len(sites), n_sites, 0)
    if n_sites > 1:  # the two ends are neighbours
        assert found.value[1] == pytest.approx((spins[:, 0] * spins[:, 1]).mean(), rel=1e-14)
        assert np.isnan(found.value[2:]).all()


@pytest.mark.parametrize("n_blocks", [2, 49, 50, 51])
def test_there_are_50_blocks_unless_said_otherwise(n_blocks):
    for measure in (
        lambda **blocks: diagnostics.correlation(SPINS, 3, **blocks),
        lambda **blocks: diagnostics.correlation_by_distance(SPINS, range(7), 7, 3, **blocks),
        lambda **blocks: diagnostics.estimate_coupling(SPINS, **blocks),
    ):
        default, given = measure(), measure(n_blocks=n_blocks)
        assert np.array_equal(default.error, given.error) == (n_blocks == 50)


def test_two_samples_are_enough_and_one_is_not():
    assert diagnostics.correlation(SPINS[:2], 1).value.shape == (2,)
    for wrong in (SPINS[:1], SPINS[0], SPINS[None]):
        with pytest.raises(ValueError, match="n_samples >= 2, got"):
            diagnostics.correlation(wrong, 1)


@pytest.mark.parametrize("n_sites", [2, 3, 4, 7, 64])
@pytest.mark.parametrize("coupling", [-1.3, -0.2, 0.1, 0.9])
def test_the_slope_is_the_derivative_of_the_correlation(n_sites, coupling):
    step = 1e-5
    up, down = (transfer_matrix.correlation(n_sites, 1, coupling + s) for s in (step, -step))
    assert _slope(n_sites, coupling) == pytest.approx((up - down) / (2 * step), rel=1e-7)


@pytest.mark.parametrize("n_sites", [2, 5, 6])
@pytest.mark.parametrize("coupling", [-2.0, -1.0, 0.0, 0.7, 2.0])
def test_the_estimate_reproduces_the_product_of_neighbours(n_sites, coupling):
    """Of large couplings as well, for which the search must go beyond 1."""
    spins = sampler.exact_chain(20_000, n_sites, coupling, rng=np.random.default_rng(1))
    found = diagnostics.estimate_coupling(spins)
    product = (spins * np.roll(spins, -1, axis=1)).mean()
    exact = transfer_matrix.correlation(n_sites, 1, found.value)
    assert exact == pytest.approx(product, rel=1e-11, abs=1e-11)
    assert abs(found.value - coupling) < 5 * found.error


@pytest.mark.parametrize("n_sites", [2, 3, 4, 5])
def test_rings_as_ordered_as_can_be_have_no_coupling(n_sites):
    alternating = np.tile(np.where(np.arange(n_sites) % 2, -1, 1), (4, 1))
    for ordered in (np.ones((4, n_sites)), alternating):
        with pytest.raises(ValueError, match="must not be perfectly ordered"):
            diagnostics.estimate_coupling(ordered)
    with pytest.raises(ValueError, match="at least 2 sites"):
        diagnostics.estimate_coupling(np.ones((4, 1)))


def test_the_error_is_at_least_that_of_the_fisher_information():
    """The samples agree by chance, with a product of 0 each: K = 0, and one bond has variance 1."""
    spins = np.tile([1, 1, -1, -1], (10, 1))
    found = diagnostics.estimate_coupling(spins)
    assert found.value == pytest.approx(0, abs=1e-12)
    assert found.error == pytest.approx(1 / np.sqrt(40), rel=1e-10)
