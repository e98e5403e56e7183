"""The samplers' promises that need no statistics: shapes, seeds, limits, bad input."""

import signal
import time

import numpy as np
import pytest

from rgrbm import sampler
from rgrbm.sampler import _chain_kernels as kernels
from rgrbm.sampler import _runs, chain
from rgrbm.sampler._runs import UPDATES_AT_ONCE as MOST

CHAINS = [sampler.metropolis_chain, sampler.heat_bath_chain]


def exact(n_samples, n_sites, coupling, *, n_sweeps=None, **rest):
    return sampler.exact_chain(n_samples, n_sites, coupling, **rest)


@pytest.mark.parametrize("sample", [*CHAINS, exact])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (63, 2), (64, 64), (65, 65), (130, 3)])
@pytest.mark.parametrize("field", [0.0, 0.4])
def test_samples_are_spins_of_the_asked_shape(sample, shape, field):
    spins = sample(*shape, 0.5, field=field, n_sweeps=2, rng=np.random.default_rng(0))
    assert spins.shape == shape
    assert spins.dtype == np.int8
    assert set(np.unique(spins)) <= {-1, 1}
    assert spins.flags.c_contiguous
    again = sample(*shape, 0.5, field=field, n_sweeps=2, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(spins, again)


@pytest.mark.parametrize("sample", CHAINS)
def test_another_seed_gives_other_samples_and_one_generator_goes_on(sample):
    rng = np.random.default_rng(0)
    first, second = (sample(64, 32, 0.5, n_sweeps=1, rng=rng) for _ in range(2))
    assert (first != second).any()


@pytest.mark.parametrize("sample", CHAINS)
def test_without_sweeps_the_start_comes_back(sample):
    rng = np.random.default_rng(1)
    start = rng.choice([-1, 1], size=(70, 5))
    result = sample(70, 5, 1.0, n_sweeps=0, rng=rng, start=start)
    np.testing.assert_array_equal(result, start)
    result[:] = 1
    assert (start == -1).any(), "the start is not changed"


@pytest.mark.parametrize("sample", [*CHAINS, exact])
def test_extreme_couplings_and_fields(sample):
    rng = np.random.default_rng(2)
    ones = np.ones((65, 6), dtype=np.int8)
    neel = ones * np.array([1, -1] * 3, dtype=np.int8)
    extra = {} if sample is exact else {"start": neel}
    spins = sample(65, 6, -500.0, n_sweeps=20, rng=rng, **extra)
    assert (spins * np.roll(spins, 1, axis=1) == -1).all()
    extra = {} if sample is exact else {"start": ones}
    spins = sample(65, 6, 500.0, n_sweeps=20, rng=rng, **extra)
    assert (spins * np.roll(spins, 1, axis=1) == 1).all()
    assert (sample(65, 6, 0.5, field=-600.0, n_sweeps=20, rng=rng) == -1).all()
    assert (sample(65, 6, -500.0, field=1e6, n_sweeps=20, rng=rng) == 1).all()


def test_exact_samples_of_a_frozen_frustrated_ring_have_one_wrong_bond():
    spins = sampler.exact_chain(500, 7, -500.0, rng=np.random.default_rng(3))
    wrong = (spins * np.roll(spins, 1, axis=1) == 1).sum(axis=1)
    np.testing.assert_array_equal(wrong, 1)
    assert len(np.unique(spins, axis=0)) == 14, "all ground states occur"


@pytest.mark.parametrize(
    ("n_sites", "coupling", "field", "exact"),
    [
        (4, 1e16, 1.0, np.tanh(4.0)),  # all spins flip together
        (1000, 1e14, 1e-3, np.tanh(1.0)),
        (3, -1e17, 0.5, np.tanh(0.5) / 3),  # frustrated: one spin is left over
    ],
)
def test_exact_samples_of_frozen_rings_still_feel_the_field(n_sites, coupling, field, exact):
    rng = np.random.default_rng(6)
    means = sampler.exact_chain(20_000, n_sites, coupling, field=field, rng=rng).mean(axis=1)
    assert abs(means.mean() - exact) < 5 * means.std() / np.sqrt(20_000)


@pytest.mark.parametrize("sample", CHAINS)
def test_the_number_of_chains_in_a_call_does_not_change_the_first_word(sample):
    """The 64 chains of a word depend on its generator alone, not on the other words."""
    start = np.ones((64, 9), dtype=np.int8)
    many = np.ones((200, 9), dtype=np.int8)
    few = sample(64, 9, 0.5, n_sweeps=7, rng=np.random.default_rng(4), start=start)
    more = sample(200, 9, 0.5, n_sweeps=7, rng=np.random.default_rng(4), start=many)
    np.testing.assert_array_equal(more[:64], few)
    assert (more[64:128] != few).any(), "each word has numbers of its own"


def test_a_long_run_in_pieces_is_the_same_run(monkeypatch):
    for sample in CHAINS:
        whole = sample(3, 5, 0.5, n_sweeps=50, rng=np.random.default_rng(5))
        with monkeypatch.context() as patch:
            patch.setattr("rgrbm.sampler._runs.UPDATES_AT_ONCE", 7)
            pieces = sample(3, 5, 0.5, n_sweeps=50, rng=np.random.default_rng(5))
        np.testing.assert_array_equal(whole, pieces)


@pytest.mark.parametrize("field", [0.0, 0.3])
@pytest.mark.parametrize("sample", CHAINS)
@pytest.mark.parametrize("size", [(1, 2 * MOST + 5, 2), (70, 3, MOST + 1), (1, MOST, 1)])
def test_between_two_chances_for_ctrl_c_lie_few_updates(monkeypatch, sample, field, size):
    n_samples, n_sites, n_sweeps = size
    calls = []

    def record(word, *arguments):
        n_updates, rng = arguments[-2:]
        calls.append(n_updates)
        rng[0] += np.uint64(n_updates)

    for kernel in ["metropolis", "metropolis_field", "heat_bath"]:
        monkeypatch.setattr(kernels, kernel, record)
    sample(n_samples, n_sites, 0.5, field=field, n_sweeps=n_sweeps, rng=np.random.default_rng(0))
    assert max(calls) <= MOST
    n_words = -(-n_samples // 64)
    assert sum(calls) == n_words * n_sites * n_sweeps


def test_these_few_updates_take_no_time():
    """Some 1.5 ms on a laptop: a limit that only another order of magnitude would miss."""
    word, rng = np.zeros(64, dtype=np.uint64), np.array([0, 1], dtype=np.uint64)
    digits = np.zeros((64, 3), dtype=np.uint64)
    kernels.heat_bath(word, digits, 0, 1, rng)
    started = time.perf_counter()
    kernels.heat_bath(word, digits, 0, MOST, rng)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("sample", CHAINS)
def test_ctrl_c_is_heard_in_the_midst_of_a_sweep(monkeypatch, sample):
    for name in ["metropolis", "heat_bath"]:
        kernel = getattr(kernels, name)

        def interrupted(*arguments, kernel=kernel):
            kernel(*arguments)
            signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(kernels, name, interrupted)
    rng = np.random.default_rng(0)
    with pytest.raises(KeyboardInterrupt):
        sample(1, 3 * MOST, 0.5, n_sweeps=1, rng=rng)


@pytest.mark.parametrize("generator", [np.random.PCG64, np.random.MT19937, np.random.Philox])
def test_spins_that_are_drawn_in_parts_are_those_drawn_at_once(monkeypatch, generator):
    whole, parts = (np.random.Generator(generator(0)) for _ in range(2))
    expected = 2 * whole.integers(2, size=(13, 7), dtype=np.int8) - 1
    monkeypatch.setattr(_runs, "SPINS_AT_ONCE", 8)
    assert len(_runs.parts(13 * 7)) == 12
    np.testing.assert_array_equal(_runs.random_spins((13, 7), parts), expected)
    assert whole.random() == parts.random(), "and the generator stands where it would"


def test_exact_samples_in_parts_are_the_same_samples(monkeypatch):
    whole = sampler.exact_chain(37, 5, 0.5, field=0.2, rng=np.random.default_rng(0))
    for module in (_runs, chain):
        monkeypatch.setattr(module, "SPINS_AT_ONCE", 8)
    parts = sampler.exact_chain(37, 5, 0.5, field=0.2, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(whole, parts)
    assert parts.flags.c_contiguous


@pytest.mark.parametrize("sample", [*CHAINS, exact])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint32, np.uint64])
def test_integers_of_any_type_are_the_same_integers(sample, dtype):
    extra = {} if sample is exact else {"observe": np.sum, "every": 2}
    small = {} if sample is exact else {"observe": np.sum, "every": dtype(2)}
    expected = sample(100, 90, 0.5, n_sweeps=3, rng=np.random.default_rng(0), **extra)
    found = sample(
        dtype(100), dtype(90), 0.5, n_sweeps=dtype(3), rng=np.random.default_rng(0), **small
    )
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("sample", CHAINS)
def test_looks_at_an_endless_run_cost_no_memory(sample):
    looks = []

    def observe(spins):
        looks.append(spins)
        if len(looks) == 3:
            raise StopIteration("enough")

    with pytest.raises(StopIteration, match="enough"):
        sample(1, 2, 0.5, n_sweeps=2**53, rng=np.random.default_rng(0), observe=observe)


@pytest.mark.parametrize("sample", CHAINS)
@pytest.mark.parametrize("every", [1, 3, 10, 11])
def test_a_look_sees_the_chains_and_changes_nothing(sample, every):
    arguments = {"field": 0.2, "start": np.ones((70, 6))}
    looks = []
    spins, series = sample(
        70, 6, 0.5, n_sweeps=10, rng=np.random.default_rng(6), **arguments,
        observe=lambda spins: looks.append(spins) or spins.sum(axis=1), every=every,
    )  # fmt: skip
    unseen = sample(70, 6, 0.5, n_sweeps=10, rng=np.random.default_rng(6), **arguments)
    np.testing.assert_array_equal(spins, unseen)
    assert len(looks) == 10 // every
    assert series.shape == (10 // every, 70) if looks else series.shape == (0,)
    for number, seen in enumerate(looks, start=1):
        assert seen.dtype == np.int8
        rng = np.random.default_rng(6)
        shorter = sample(70, 6, 0.5, n_sweeps=number * every, rng=rng, **arguments)
        np.testing.assert_array_equal(seen, shorter)
        np.testing.assert_array_equal(series[number - 1], shorter.sum(axis=1))


@pytest.mark.parametrize("sample", CHAINS)
def test_what_a_look_changes_does_not_touch_the_chains(sample):
    def spoil(spins):
        spins[:] = 1
        return 0.0

    spins, series = sample(
        64, 5, 0.0, n_sweeps=3, rng=np.random.default_rng(7), observe=spoil, every=1
    )
    assert (spins == -1).any()
    assert series.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("sample", CHAINS)
@pytest.mark.parametrize(
    ("looks", "error", "message"),
    [
        ({"observe": 3}, TypeError, "observe must be callable, got 3"),
        ({"observe": len, "every": 0}, ValueError, "every must be at least 1, got 0"),
        ({"every": 1.0}, TypeError, "every must be an integer"),
    ],
)
def test_bad_looks_are_refused_before_anything_is_drawn(sample, looks, error, message):
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    with pytest.raises(error, match=message):
        sample(3, 4, 0.5, n_sweeps=5, rng=rng, **looks)
    assert rng.bit_generator.state == before


@pytest.mark.parametrize("sample", CHAINS)
def test_progress_is_shown_on_demand(sample, capsys):
    sample(3, 4, 0.5, n_sweeps=5, rng=np.random.default_rng(0))
    assert capsys.readouterr().err == ""
    sample(3, 4, 0.5, n_sweeps=5, rng=np.random.default_rng(0), progress=True)
    assert "100%" in capsys.readouterr().err


@pytest.mark.parametrize("sample", [*CHAINS, exact])
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"n_samples": 0}, ValueError, "n_samples must be at least 1, got 0"),
        ({"n_sites": 0}, ValueError, "n_sites must be at least 1, got 0"),
        ({"n_sites": 2.0}, TypeError, "n_sites must be an integer"),
        ({"n_samples": True}, TypeError, "n_samples must be an integer"),
        ({"coupling": np.nan}, ValueError, "coupling must be finite"),
        ({"coupling": [1.0, 2.0]}, ValueError, "coupling must be a single number"),
        ({"field": -np.inf}, ValueError, "field must be finite"),
        ({"field": None}, TypeError, "field must be an array of real numbers"),
        ({"rng": 42}, TypeError, r"rng must be a numpy\.random\.Generator"),
    ],
)
def test_bad_input_is_refused(sample, changes, error, message):
    arguments = {"n_samples": 2, "n_sites": 4, "coupling": 1.0, "field": 0.0, "n_sweeps": 1}
    arguments = {**arguments, "rng": np.random.default_rng(0), **changes}
    with pytest.raises(error, match=message):
        sample(**arguments)


@pytest.mark.parametrize("sample", CHAINS)
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"n_sweeps": -1}, ValueError, "n_sweeps must be at least 0, got -1"),
        ({"n_sweeps": 1.5}, TypeError, "n_sweeps must be an integer"),
        ({"start": np.zeros((2, 4))}, ValueError, "start must hold only -1 and 1, got 0"),
        ({"start": np.ones((3, 4))}, ValueError, r"start must have the shape \(2, 4\), got \(3, 4"),
        ({"start": np.ones((2, 5))}, ValueError, r"start must have the shape \(\.\.\., 4\)"),
    ],
)
def test_bad_sweeps_and_starts_are_refused(sample, changes, error, message):
    arguments = {"n_sweeps": 1, "rng": np.random.default_rng(0), **changes}
    with pytest.raises(error, match=message):
        sample(2, 4, 1.0, **arguments)
