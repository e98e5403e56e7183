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
        i, left, right = kernels._site(word, np.uint64(mixed(counter)))
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
        rng_state = np.array([start, step], dtype=np.uint64)
        buffer = np.empty(100, dtype=np.uint64)
        assert kernels._refill(buffer, np.uint64(0), rng_state) == 0
        drawn, place = kernels._draw(*map(np.uint64, words), digits, buffer, np.uint64(0))
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
        assert place == n_words
        assert kernels._refill(buffer, np.uint64(place), rng_state) == 0
        assert int(rng_state[0]) == (start + n_words * step) % 2**64
        assert buffer[0] == mixed(start + (n_words + 1) * step)


def test_words_run_out_where_an_update_could_need_more():
    random = np.empty(100, dtype=np.uint64)
    for place in range(101):
        assert kernels._runs_out(random, np.uint64(place)) == (place + 65 > 100)


def one_by_one(kind, word, digits, n_updates, rng):
    """Do what a kernel does, with the next random words made anew for each update."""
    random, zero = np.empty(70, dtype=np.uint64), np.uint64(0)
    for k in range(n_updates):
        kernels._refill(random, zero, rng)
        i, left, right = map(np.uint64, kernels._site(word, random[0]))
        if kind == "heat bath":
            i = k % len(word)
            left, right = word[i - 1], word[(i + 1) % len(word)]
        spin, first = word[i], np.uint64(kind != "heat bath")  # which chooses no site
        none, one, two = ~(left | right), left ^ right, left & right
        if kind == "metropolis":
            classes = ~((spin ^ left) | (spin ^ right)), zero, zero
        elif kind == "metropolis with a field":
            classes = none & ~spin, one & spin, two & spin
        else:
            classes = none, one, two
        drawn, place = kernels._draw(*classes, digits, random, first)
        old = zero if kind == "heat bath" else spin ^ ~(classes[0] | classes[1] | classes[2])
        word[i] = old ^ np.uint64(drawn)
        rng[0] += np.uint64(place) * rng[1]


@pytest.mark.parametrize("kind", ["metropolis", "metropolis with a field", "heat bath"])
def test_no_random_word_is_used_twice_and_none_is_left_out(kind):
    digits = binary_digits((0.02, 0.6, 0.9))
    lows = np.array([2**64 - 1, 0, 0], dtype=np.uint64)
    found = []
    for kernel in (False, True):
        rng = np.array([12345, GOLDEN], dtype=np.uint64)
        word = np.random.default_rng(0).integers(2**64, size=5, dtype=np.uint64)
        with np.errstate(over="ignore"):
            if not kernel:
                one_by_one(kind, word, digits, 700, rng)
            elif kind == "metropolis":
                kernels.metropolis(word, np.uint64(0), digits, 700, rng)
            elif kind == "heat bath":
                kernels.heat_bath(word, digits, 0, 700, rng)
            else:
                kernels.metropolis_field(word, lows, digits, 700, rng)
        found.append([*word, *rng])
    assert found[0] == found[1]
