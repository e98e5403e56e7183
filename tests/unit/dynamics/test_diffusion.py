"""Kernels and their time scales: against kernels that are known, and the waves of a ring."""

import numpy as np
import pytest

from rgrbm.dynamics import fit_kernel, time_scale

OFFSETS = np.arange(-6, 7)
NORMAL = np.exp(-(OFFSETS**2) / 2) / np.sqrt(2 * np.pi)
LOPSIDED = np.array([0.5, 0.25, 0.125, 0.0, 0.125])


def spread(fields, kernel):
    """One step, site by site, as the definition says."""
    n_sites, radius = fields.shape[-1], len(kernel) // 2
    out = np.zeros_like(fields)
    for i in range(n_sites):
        for d in range(-radius, radius + 1):
            out[..., i] += kernel[radius + d] * fields[..., (i - d) % n_sites]
    return out


def evolve(start, n_times, exponent, strength=0.5):
    """Fields at the times 0, 1, ...; each wave decays by exp(-strength * |k|**exponent) a step."""
    k = 2 * np.pi * np.fft.rfftfreq(start.shape[-1])
    decay = np.exp(-strength * k**exponent)
    waves = [np.fft.rfft(start) * decay**time for time in range(n_times)]
    return np.fft.irfft(waves, start.shape[-1])


def smooth(n_sites, width=10.0, n_fields=3):
    rough = np.random.default_rng(0).normal(size=(n_fields, n_sites))
    return evolve(rough, 2, 2.0, width**2 / 2)[1]


@pytest.mark.parametrize("radius", [2, 3])
@pytest.mark.parametrize("shape", [(40,), (2, 3, 17)])
def test_a_kernel_comes_back(radius, shape):
    before = np.random.default_rng(1).normal(size=shape)
    kernel = fit_kernel(before, spread(before, LOPSIDED), radius)
    assert np.allclose(kernel, np.pad(LOPSIDED, radius - 2), atol=1e-13)


def test_a_kernel_that_is_too_narrow_minimises_the_squares():
    before = np.random.default_rng(1).normal(size=(4, 50))
    after = spread(before, LOPSIDED)
    kernel = fit_kernel(before, after, 1)
    rest = after - spread(before, kernel)
    slopes = [np.sum(rest * np.roll(before, d, axis=-1)) for d in (-1, 0, 1)]
    assert np.allclose(slopes, 0, atol=1e-11)
    assert np.sum(rest**2) > 1


def test_fields_that_are_too_smooth_or_few_are_told():
    with pytest.raises(ValueError, match="tell 3 weights apart, got fields that tell 1"):
        fit_kernel(np.ones(10), np.ones(10), 1)
    wave = np.cos(2 * np.pi * np.arange(10) / 10)
    with pytest.raises(ValueError, match="tell 5 weights apart, got fields that tell 2"):
        fit_kernel(wave, wave, 2)


@pytest.mark.parametrize("block", [1, 2, 3, 4, 5, 6])
def test_blocks_of_a_diffusing_field_take_the_square_of_their_side(block):
    fields = evolve(smooth(240), 40, 2.0)
    assert abs(time_scale(NORMAL, block, fields) - block**2) < 1e-4


@pytest.mark.parametrize("exponent", [0.8, 1.0, 1.5])
def test_a_kernel_with_a_power_law_takes_that_power(exponent):
    n_sites = 960
    kernel = np.roll(evolve(np.eye(1, n_sites), 2, exponent)[1, 0], n_sites // 2)[1:]
    fields = evolve(smooth(n_sites, 20.0), 16, exponent)
    for block in (2, 3, 4):
        # Between two times a cubic stands for an exponential: that is what is left.
        assert abs(time_scale(kernel, block, fields) - block**exponent) < 2e-3


@pytest.mark.parametrize("wanted", [0.75, 1.0, 1.25, 2.5])
def test_the_time_need_not_be_whole(wanted):
    field = np.random.default_rng(2).normal(size=(3, 8))
    growing = [field * (1 + time / wanted) for time in range(4)]  # twice the first at that time
    assert abs(time_scale([2.0], 1, growing) - wanted) < 1e-6


def test_only_the_means_of_blocks_count():
    field, rough = np.random.default_rng(3).normal(size=(2, 4, 12))
    rough[:, 1::2] = -rough[:, ::2]
    growing = [field * (1 + time / 1.25) + (time > 0) * rough for time in range(4)]
    assert abs(time_scale([2.0], 2, growing) - 1.25) < 1e-6


def test_a_drift_is_carried_along():
    # A kernel that moves a field by one site: a block is crossed in as many steps as it has sites.
    fields = np.array([np.roll(smooth(60), time, axis=-1) for time in range(8)])
    for block in (2, 3, 5):
        assert abs(time_scale([0, 0, 1], block, fields) - block) < 1e-6
        assert time_scale([1, 0, 0], block, fields) < 1e-4  # to the other side: never nearer


def test_a_long_kernel_winds_around():
    fields = evolve(smooth(24, 4.0), 6, 2.0)
    wound = np.zeros(13)
    for d, weight in zip(OFFSETS, NORMAL, strict=True):
        wound[(d + 6) % 12] += weight
    assert abs(time_scale(NORMAL, 2, fields) - time_scale(wound, 2, fields)) < 1e-6


def test_fields_that_end_too_early_are_told():
    fields = evolve(smooth(240), 8, 2.0)
    assert abs(time_scale(NORMAL, 2, fields) - 4) < 1e-4
    with pytest.raises(ValueError, match="fields must hold more times than 8"):
        time_scale(NORMAL, 3, fields)
    with pytest.raises(ValueError, match="block must divide the 240 sites"):
        time_scale(NORMAL, 7, fields)
    with pytest.raises(ValueError, match="kernel must have an odd length"):
        time_scale(NORMAL[1:], 2, fields)


def test_the_unit_of_the_fields_does_not_matter():
    fields = evolve(smooth(240), 8, 2.0)
    for unit in (1e-200, -1.0, 1e90):
        assert abs(time_scale(NORMAL, 2, unit * fields) - 4) < 1e-4
