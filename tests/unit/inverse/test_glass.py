"""The law of fine overlaps given coarse ones: its sums in plain loops, its fit, its blocks."""

from itertools import product
from math import comb

import numpy as np
import pytest

from rgrbm.inverse import fit_upsampler, glass, upsample

N_CLASSES = 10


def random_overlaps(seed, n_samples, size):
    return np.random.default_rng(seed).choice(
        np.array([-1, 1], dtype=np.int8), size=(n_samples, *3 * [size])
    )


def loop_sums(coarse, site):
    """Sums of the coarse overlaps around a fine site, by how many axes lie ahead and behind."""
    sums = {}
    for steps in product((-1, 0, 1), repeat=3):
        place = []
        for x, step in zip(site, steps, strict=True):
            ahead = 1 if x % 2 else -1
            place.append((x // 2 + step * ahead) % len(coarse))
        key = steps.count(1), steps.count(-1)
        sums[key] = sums.get(key, 0) + int(coarse[tuple(place)])
    return [sums[key] for key in sorted(sums)]


def loop_neighbours(fine, site):
    """Sums of the neighbours within the block and outside."""
    inside = outside = 0
    for axis in range(3):
        for step in (-1, 1):
            other = list(site)
            other[axis] = (site[axis] + step) % len(fine)
            if other[axis] // 2 == site[axis] // 2:
                inside += int(fine[tuple(other)])
            else:
                outside += int(fine[tuple(other)])
    return inside, outside


def test_sums_are_those_of_plain_loops():
    fine, coarse = random_overlaps(1, 2, 6), random_overlaps(2, 2, 3)
    far, near = glass._coarse_sums(coarse), glass._fine_sums(fine)
    assert far.shape == (N_CLASSES, 2, 6, 6, 6)
    for n, *site in np.ndindex(2, 6, 6, 6):
        assert far[(slice(None), n, *site)].tolist() == loop_sums(coarse[n], site)
        assert near[(slice(None), n, *site)].tolist() == list(loop_neighbours(fine[n], site))


def drawn(coarse, weights, rng):
    """Draw fine overlaps from the law that is fitted, without a look at their majority."""
    fine = np.zeros((len(coarse), *3 * [2 * coarse.shape[-1]]), dtype=np.int8)
    first = np.indices(fine.shape[1:]).sum(axis=0) % 2 == 0
    far = glass._coarse_sums(coarse)
    for turn, own in ((first, weights[:10]), (~first, weights[10:20])):
        field = np.tensordot(own, far, axes=1)
        if turn is not first:
            field = field + np.tensordot(weights[20:], glass._fine_sums(fine), axes=1)
        up = rng.random(fine.shape) < (1 + np.tanh(field)) / 2
        fine = np.where(turn, np.where(up, 1, -1), fine).astype(np.int8)
    return fine


def test_the_fit_finds_the_weights_that_made_the_samples():
    rng = np.random.default_rng(3)
    true = rng.normal(0, 0.15, size=22)
    coarse = random_overlaps(4, 400, 4)
    found = fit_upsampler(drawn(coarse, true, rng), coarse)
    # 100,000 sites of a colour; the sums vary by some units, and 1 - mean**2 is about a half.
    assert np.abs(found - true).max() < 0.03
    assert np.sqrt(np.mean((found - true) ** 2)) < 0.01


def test_a_turn_of_all_overlaps_changes_nothing():
    coarse = random_overlaps(5, 40, 4)
    fine = drawn(coarse, np.full(22, 0.1), np.random.default_rng(6))
    weights = fit_upsampler(fine, coarse)
    np.testing.assert_allclose(fit_upsampler(-fine, -coarse), weights, atol=1e-9)
    np.testing.assert_allclose(
        fit_upsampler(fine.transpose(0, 2, 3, 1), coarse.transpose(0, 2, 3, 1)), weights, atol=1e-9
    )


def block_law(up):
    """Numbers of +1 in a block of eight with these odds each, given a majority of +1."""
    law = np.array([comb(8, k) * up**k * (1 - up) ** (8 - k) for k in range(9)])
    law[:4], law[4] = 0, law[4] / 2
    return law / law.sum()


@pytest.mark.parametrize("weight", [0.0, 0.3, -0.2])
def test_blocks_have_the_law_given_their_majority(weight):
    weights = np.zeros(22)
    weights[[0, 10]] = weight
    coarse = random_overlaps(7, 200, 4)
    fine = upsample(coarse, weights, np.random.default_rng(8))
    total = fine.reshape(-1, 4, 2, 4, 2, 4, 2).sum(axis=(2, 4, 6)) * coarse
    assert (total >= 0).all()
    counts = np.bincount((total.ravel() + 8) // 2, minlength=9)
    expected = total.size * block_law(1 / (1 + np.exp(-2 * weight)))
    assert (np.abs(counts - expected) <= 5 * np.sqrt(expected + 1e-9) + 1e-9).all()


def test_both_colours_and_all_weights_are_used():
    """Means of each class of weights, with blocks that can hardly be wrong."""
    rng = np.random.default_rng(9)
    small = rng.normal(0, 0.03, size=(2, 9))
    true = np.r_[1.2, small[0], 0.7, small[1], 0.2, 0.1]
    coarse = random_overlaps(10, 400, 4)
    fine = upsample(coarse, true, rng)
    # What the majority forbids is rare, so the fit comes back near the weights.
    found = fit_upsampler(fine, coarse)
    assert np.abs(found - true).max() < 0.1
    others = np.abs(true) < 0.1
    assert np.corrcoef(found[others], true[others])[0, 1] > 0.9


def test_seeds_fix_the_result():
    coarse = random_overlaps(11, 3, 2)
    weights = np.r_[0.5, np.zeros(9), 0.3, np.zeros(9), 0.1, 0.1]
    one, two = (upsample(coarse, weights, np.random.default_rng(12)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.dtype == np.int8


def test_samples_that_do_not_determine_the_weights_are_refused():
    coarse = np.ones((5, 2, 2, 2))
    with pytest.raises(ValueError, match="samples enough"):
        fit_upsampler(np.ones((5, 4, 4, 4)), coarse)
    coarse = random_overlaps(13, 50, 4)
    first = np.indices((8, 8, 8)).sum(axis=0) % 2 == 0
    fine = coarse.repeat(2, 1).repeat(2, 2).repeat(2, 3)
    fine = np.where(first, fine, random_overlaps(14, 50, 8))
    with pytest.raises(ValueError, match="grow without end"):
        fit_upsampler(fine, coarse)


def test_weights_that_forbid_the_majority_are_told():
    weights = np.zeros(22)
    weights[[0, 10]] = -50
    with pytest.raises(ValueError, match="weights must be such"):
        upsample(np.ones((1, 2, 2, 2)), weights, np.random.default_rng(14))
