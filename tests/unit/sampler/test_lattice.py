"""What the samplers of tori promise without statistics: shapes, seeds, limits, looks, bad input."""

import signal
from functools import partial

import numpy as np
import pytest

from rgrbm import sampler
from rgrbm.sampler import _lattice_kernels as kernels
from rgrbm.sampler._runs import UPDATES_AT_ONCE as MOST

STEPS = {
    sampler.metropolis_lattice: "n_sweeps",
    sampler.wolff_lattice: "n_clusters",
    sampler.swendsen_wang_lattice: "n_sweeps",
}
KERNELS = ["metropolis", "wolff", "swendsen_wang"]


def with_steps(sample):
    def run(*arguments, n_steps, **named):
        return sample(*arguments, **{STEPS[sample]: n_steps}, **named)

    return run


SAMPLERS = [pytest.param(with_steps(sample), id=sample.__name__) for sample in STEPS]
METROPOLIS = with_steps(sampler.metropolis_lattice)
each = pytest.mark.parametrize("sample", SAMPLERS)


def seeded(number):
    return np.random.default_rng(number)


@each
@pytest.mark.parametrize("shape", [(1, 2), (63, 3), (64, 4), (65, 5), (130, 2)])
@pytest.mark.parametrize("field", [0.0, 0.4])
@pytest.mark.parametrize("coupling", [0.5, -0.5])
def test_samples_are_spins_of_the_asked_shape(sample, shape, field, coupling):
    spins = sample(*shape, coupling, field=field, n_steps=3, rng=seeded(0))
    assert spins.shape == (*shape, shape[1])
    assert spins.dtype == np.int8
    assert set(np.unique(spins)) <= {-1, 1}
    assert spins.flags.c_contiguous
    again = sample(*shape, coupling, field=field, n_steps=3, rng=seeded(0))
    np.testing.assert_array_equal(spins, again)


@each
def test_one_generator_goes_on(sample):
    rng = seeded(0)
    first, second = (sample(64, 8, 0.3, n_steps=1, rng=rng) for _ in range(2))
    assert (first != second).any()


@each
def test_chains_start_from_fair_coins(sample):
    spins = sample(640, 10, 0.5, n_steps=0, rng=seeded(1))
    assert abs(spins.mean()) < 5 / np.sqrt(64_000)  # standard errors
    assert abs(np.corrcoef(spins[:, 0, 0], spins[:, 0, 1])[0, 1]) < 5 / np.sqrt(640)


@each
def test_without_steps_the_start_comes_back(sample):
    rng = seeded(1)
    start = rng.choice([-1, 1], size=(70, 5, 5))
    result = sample(70, 5, 1.0, n_steps=0, rng=rng, start=start)
    np.testing.assert_array_equal(result, start)
    result[:] = 1
    assert (start == -1).any(), "the start is not changed"


@each
def test_a_start_of_int8_is_not_changed(sample):
    start = np.ones((3, 4, 4), dtype=np.int8)
    result = sample(3, 4, 0.2, n_steps=5, rng=seeded(1), start=start)
    assert (result == -1).any()
    assert (start == 1).all()


@each
def test_without_a_field_means_a_field_of_0(sample):
    given, left_out = (
        sample(64, 4, 0.3, n_steps=3, rng=seeded(2), **field) for field in ({"field": 0.0}, {})
    )
    np.testing.assert_array_equal(given, left_out)


@each
def test_extreme_couplings_and_fields(sample):
    rng = seeded(2)
    ones = np.ones((65, 4, 4), dtype=np.int8)
    neel = np.where(np.indices((4, 4)).sum(axis=0) % 2, -1, 1)
    spins = sample(65, 4, -1e100, n_steps=20, rng=rng, start=ones * neel)
    assert (spins * np.roll(spins, 1, axis=1) == -1).all()
    assert (spins * np.roll(spins, 1, axis=2) == -1).all()
    spins = sample(65, 4, 1e100, n_steps=20, rng=rng, start=ones)
    assert (np.ptp(spins, axis=(1, 2)) == 0).all()
    assert (sample(65, 4, 0.1, field=-1e100, n_steps=500, rng=rng) == -1).all()
    assert (sample(65, 4, 0.1, field=600.0, n_steps=500, rng=rng) == 1).all()


@pytest.mark.parametrize("sample", SAMPLERS[1:])
def test_frozen_clusters_are_whole_domains(sample):
    start = np.array([[[1, 1, -1, -1]] * 4])
    seen = []
    sample(
        1, 4, 50.0, n_steps=40, rng=seeded(3), start=start,
        observe=lambda spins: seen.append(spins[0]),
    )  # fmt: skip
    rows = {tuple(spins[0]) for spins in seen if (spins == spins[0]).all()}
    assert all((spins == spins[0]).all() for spins in seen)
    assert rows <= {(1, 1, -1, -1), (-1, -1, 1, 1), (1, 1, 1, 1), (-1, -1, -1, -1)}
    assert len(rows) > 1


@pytest.mark.parametrize("sample", SAMPLERS[1:])
def test_frozen_antiferromagnets_of_odd_size_turn_over(sample):
    """On a frustrated torus a cluster meets its own sites along bonds that are not satisfied."""
    spins = sample(200, 3, -40.0, n_steps=50, rng=seeded(3))
    wrong = sum((spins * np.roll(spins, 1, axis=k) == 1).sum(axis=(1, 2)) for k in (1, 2))
    assert (wrong >= 6).all(), "each of three rows and three columns has a wrong bond"


@each
def test_the_number_of_chains_in_a_call_does_not_change_the_first_ones(sample):
    start = np.ones((200, 5, 5), dtype=np.int8)
    few = sample(64, 5, 0.3, n_steps=7, rng=seeded(4), start=start[:64])
    more = sample(200, 5, 0.3, n_steps=7, rng=seeded(4), start=start)
    np.testing.assert_array_equal(more[:64], few)
    assert (more[64:128] != few).any(), "each word or chain has numbers of its own"


@each
@pytest.mark.parametrize("field", [0.0, 0.3])
@pytest.mark.parametrize("n_at_once", [1, 7, 50])
def test_a_long_run_in_pieces_is_the_same_run(sample, field, n_at_once, monkeypatch):
    whole = sample(3, 5, 0.4, field=field, n_steps=50, rng=seeded(5))
    monkeypatch.setattr("rgrbm.sampler._runs.UPDATES_AT_ONCE", n_at_once)
    pieces = sample(3, 5, 0.4, field=field, n_steps=50, rng=seeded(5))
    np.testing.assert_array_equal(whole, pieces)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("size", [2, 5, 64, 300])
def test_between_two_chances_for_ctrl_c_lie_few_updates(name, size, monkeypatch):
    calls = []
    monkeypatch.setattr(kernels, name, lambda *arguments: calls.append(arguments[-2]))
    sample = with_steps(getattr(sampler, f"{name}_lattice"))
    sample(1, size, 0.5, n_steps=1000, rng=seeded(0))
    n_steps = 2 * size if name == "metropolis" else 1  # of a sweep, or a cluster
    assert sum(calls) == 1000 * n_steps
    most = max(calls) * size**2 / n_steps
    assert most <= max(MOST, size**2)
    assert most > MOST / 3 or len(calls) == 1


@pytest.mark.parametrize("name", KERNELS)
def test_each_chain_has_a_generator_of_64_random_bits(name, monkeypatch):
    states = []
    monkeypatch.setattr(kernels, name, lambda *arguments: states.append(arguments[-1].copy()))
    with_steps(getattr(sampler, f"{name}_lattice"))(64 * 40, 2, 0.5, n_steps=1, rng=seeded(0))
    counters, steps = np.transpose(states)
    assert len(states) == (40 if name == "metropolis" else 64 * 40)
    assert (steps % 2 == 1).all()
    for numbers in (counters, steps >> np.uint64(1)):
        assert len(np.unique(numbers)) == len(numbers)
        n_bits = 64 if numbers is counters else 63
        share = [(numbers >> np.uint64(bit) & np.uint64(1)).mean() for bit in range(n_bits)]
        # A fair coin for each bit, within five standard errors.
        assert np.abs(np.array(share) - 0.5).max() < 2.5 / np.sqrt(len(numbers))


@each
def test_ctrl_c_is_heard_in_the_midst(sample, monkeypatch):
    for name in KERNELS:
        kernel = getattr(kernels, name)

        def interrupted(*arguments, kernel=kernel):
            kernel(*arguments)
            signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(kernels, name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        sample(1, 300, 0.5, n_steps=2, rng=seeded(0))


@each
def test_looks_at_an_endless_run_cost_no_memory(sample):
    looks = []

    def observe(spins):
        looks.append(spins)
        if len(looks) == 3:
            raise StopIteration("enough")

    with pytest.raises(StopIteration, match="enough"):
        sample(1, 2, 0.5, n_steps=2**53, rng=seeded(0), observe=observe)


@each
@pytest.mark.parametrize("every", [1, 3, 10, 11])
def test_a_look_sees_the_chains_and_changes_nothing(sample, every):
    sample = partial(sample, 70, 3, 0.3, field=0.2, start=np.ones((70, 3, 3)))
    looks = []

    def observe(spins):
        looks.append(spins.copy())
        found = spins.sum(axis=(1, 2))
        spins[:] = 1  # touches nothing
        return found

    spins, series = sample(n_steps=10, rng=seeded(6), observe=observe, every=every)
    np.testing.assert_array_equal(spins, sample(n_steps=10, rng=seeded(6)))
    assert len(looks) == 10 // every
    assert series.shape == ((10 // every, 70) if looks else (0,))
    for number, seen in enumerate(looks, start=1):
        assert seen.dtype == np.int8
        shorter = sample(n_steps=number * every, rng=seeded(6))
        np.testing.assert_array_equal(seen, shorter)
        np.testing.assert_array_equal(series[number - 1], shorter.sum(axis=(1, 2)))


@each
def test_a_look_is_taken_after_every_step_unless_said_otherwise(sample):
    _, series = sample(2, 3, 0.3, n_steps=4, rng=seeded(3), observe=np.sum)
    assert series.shape == (4,)


@pytest.mark.parametrize(
    ("name", "unit"), [("metropolis", "row"), ("wolff", "cluster"), ("swendsen_wang", "sweep")]
)
def test_progress_is_shown_on_demand(name, unit, capsys):
    sample = with_steps(getattr(sampler, f"{name}_lattice"))
    sample(3, 4, 0.5, n_steps=5, rng=seeded(0))
    assert capsys.readouterr().err == ""
    sample(3, 4, 0.5, n_steps=5, rng=seeded(0), progress=True)
    shown = capsys.readouterr().err
    assert "100%" in shown
    assert f"{unit}/s" in shown or f"s/{unit}" in shown


@pytest.mark.parametrize("sample", STEPS)
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"n_samples": 0}, ValueError, "n_samples must be at least 1, got 0"),
        ({"size": 1}, ValueError, "size must be at least 2, got 1"),
        ({"size": 2**40}, ValueError, "n_samples and size must ask for at most"),
        ({"size": 4.0}, TypeError, "size must be an integer"),
        ({"coupling": np.nan}, ValueError, "coupling must be finite"),
        ({"coupling": [1.0, 2.0]}, ValueError, "coupling must be a single number"),
        ({"field": -np.inf}, ValueError, "field must be finite"),
        ({"n_steps": -1}, ValueError, "{steps} must be at least 0, got -1"),
        ({"n_steps": 1.5}, TypeError, "{steps} must be an integer"),
        ({"start": np.zeros((2, 4, 4))}, ValueError, "start must hold only -1 and 1, got 0"),
        ({"start": np.ones((3, 4, 4))}, ValueError, r"start must have the shape \(2, 4, 4\), got"),
        ({"start": np.ones((2, 4, 5))}, ValueError, "start must have the shape"),
        ({"start": np.ones((2, 16))}, ValueError, "start must have the shape"),
        ({"observe": 3}, TypeError, "observe must be callable, got 3"),
        ({"observe": len, "every": 0}, ValueError, "every must be at least 1, got 0"),
        ({"every": 1.0}, TypeError, "every must be an integer"),
        ({"progress": 1}, TypeError, "progress must be True or False"),
        ({"rng": 42}, TypeError, r"rng must be a numpy\.random\.Generator"),
    ],
)
def test_bad_input_is_refused_before_anything_is_drawn(sample, changes, error, message):
    rng = seeded(0)
    before = rng.bit_generator.state
    arguments = {"n_samples": 2, "size": 4, "coupling": 1.0, "n_steps": 1, "rng": rng, **changes}
    arguments[STEPS[sample]] = arguments.pop("n_steps")
    with pytest.raises(error, match=message.replace("{steps}", STEPS[sample])):
        sample(**arguments)
    assert rng.bit_generator.state == before
