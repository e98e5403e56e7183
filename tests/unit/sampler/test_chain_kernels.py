"""The parts of the kernels, bit by bit, with Python's integers."""

import numpy as np
import pytest

from rgrbm.sampler import _chain_kernels as kernels
from rgrbm.sampler._runs import binary_digits

GOLDEN = 0x9E3779B97F4A7C15  # the step of SplitMix64
# Its first numbers for the seed 1234567, as published with several implementations.
SPLITMIX = [6457827717110365317, 3203168211198807973, 9817491932198370423]


def mixed(counter):
    return int(kernels._mix(np.uint64(counter % 2**64)))


def test_counters_are_mixed_as_in_splitmix64():
    counters = [1234567 + k * GOLDEN for k in (1, 2, 3)]
    assert [mixed(counter) for counter in counters] == SPLITMIX


@pytest.mark.parametrize("n_sites", [1, 2, 3, 1000])
def test_a_site_is_a_fraction_of_the_ring_and_has_its_neighbours(n_sites):
    word = np.arange(10, 10 + n_sites, dtype=np.uint64)
    for counter in range(300):
        i, left, right = kernels._site(word, np.uint64(counter))
        assert i == (mixed(counter) >> 32) * n_sites >> 32
        assert left == word[(i - 1) % n_sites]
        assert right == word[(i + 1) % n_sites]


@pytest.mark.parametrize("probabilities", [(0.3, 0.5, 0.9), (1e-3, 1.0, 0.0), (2.0**-60, 0.7, 0.1)])
def test_a_lane_draws_1_where_its_random_number_is_below_p(probabilities):
    rng = np.random.default_rng(0)
    digits = binary_digits(probabilities)
    thresholds = [min(int(p * 2**64), 2**64 - 1) for p in probabilities]
    for _ in range(50):
        start, step = (int(n) for n in rng.integers(0, 2**64, size=2, dtype=np.uint64))
        class_of = rng.integers(4, size=64)  # 3: in no class
        words = [sum(1 << lane for lane in range(64) if class_of[lane] == c) for c in range(3)]
        drawn, counter = kernels._draw(
            *map(np.uint64, words), digits, np.uint64(start), np.uint64(step)
        )
        random = [mixed(start + (k + 1) * step) for k in range(64)]
        needed = 0
        for lane in range(64):
            number = sum((random[k] >> lane & 1) << 63 - k for k in range(64))
            below = class_of[lane] < 3 and number < thresholds[class_of[lane]]
            assert int(drawn) >> lane & 1 == below
            if class_of[lane] < 3:  # digits up to the first that differs
                differing = (number ^ thresholds[class_of[lane]]).bit_length()
                needed = max(needed, min(65 - differing, 64))
        n_words = -(-needed // 4) * 4
        assert int(counter) == (start + n_words * step) % 2**64
