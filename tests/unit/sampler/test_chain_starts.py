"""Where chains start, what an argument is if left out, and what the kernels are given."""

import numpy as np
import pytest

from rgrbm import sampler, transfer_matrix
from rgrbm.sampler import _chain_kernels as kernels
from rgrbm.sampler._runs import binary_digits

CHAINS = [sampler.metropolis_chain, sampler.heat_bath_chain]


@pytest.mark.parametrize("sample", CHAINS)
def test_chains_start_from_fair_coins(sample):
    spins = sample(640, 100, 0.5, n_sweeps=0, rng=np.random.default_rng(1))
    assert abs(spins.mean()) < 5 / np.sqrt(64_000)  # standard errors
    assert np.abs(np.corrcoef(spins[:, 0], spins[:, 1])[0, 1]) < 5 / np.sqrt(640)


@pytest.mark.parametrize("sample", [*CHAINS, sampler.exact_chain])
def test_without_a_field_means_a_field_of_0(sample):
    sweeps = {} if sample is sampler.exact_chain else {"n_sweeps": 3}
    given, left_out = (
        sample(64, 20, 0.3, rng=np.random.default_rng(2), **sweeps, **field)
        for field in ({"field": 0.0}, {})
    )
    np.testing.assert_array_equal(given, left_out)


@pytest.mark.parametrize("sample", CHAINS)
def test_a_look_is_taken_after_every_sweep_unless_said_otherwise(sample):
    _, series = sample(
        2, 3, 0.3, n_sweeps=4, rng=np.random.default_rng(3), observe=lambda spins: spins.sum()
    )
    assert series.shape == (4,)


@pytest.mark.parametrize("sample", CHAINS)
@pytest.mark.parametrize("coupling", [-0.5, 0.0, 0.5])
@pytest.mark.parametrize("field", [-1.0, -0.25, 0.25, 1.0])
def test_rings_have_their_magnetization(sample, coupling, field):
    """A flip costs energy or not, with any number of neighbours, in every combination."""
    rng = np.random.default_rng(4)
    spins = sample(640, 100, coupling, field=field, n_sweeps=30, rng=rng)
    means = spins.reshape(10, 64, 100).mean(axis=(1, 2))  # of a word: its chains share their sites
    exact = transfer_matrix.magnetization(100, coupling, field)
    assert abs(means.mean() - exact) < 6 * means.std(ddof=1) / np.sqrt(10)  # Student's t of 9


def test_probabilities_have_64binary_digits():
    digits = binary_digits([0.5, 0.25, 1.0])
    assert digits.shape == (64, 3)
    ones = np.uint64(2**64 - 1)
    assert digits[0].tolist() == [ones, 0, ones]
    assert digits[1].tolist() == [0, ones, ones]
    assert (digits[2:, :2] == 0).all()
    assert (digits[2:, 2] == ones).all()


def test_the_counters_of_words_start_anywhere_and_have_odd_steps(monkeypatch):
    seen = []

    def record(*arguments):
        seen.append(arguments[-1].copy())  # of the random numbers of the word

    monkeypatch.setattr(kernels, "heat_bath", record)
    sampler.heat_bath_chain(64 * 30, 3, 0.5, n_sweeps=1, rng=np.random.default_rng(5))
    states = np.array(seen)
    assert len(np.unique(states)) == 60
    assert (states[:, 1] & np.uint64(1) == 1).all()
    assert 0.1 < (states >> np.uint64(63)).mean() < 0.9
