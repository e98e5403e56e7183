"""Decimation against enumeration: the law, the partition function, and the way back."""

import numpy as np
import pytest

from rgrbm import decimation, ising, transfer_matrix

PAIRS = [(1.0, 0.0), (-1.0, 0.0), (0.4, 0.3), (-0.4, -1.2), (3.0, 0.1), (0.0, 0.7), (1e-6, 0.0)]
pytestmark = pytest.mark.filterwarnings("error")


def marginal(n_sites, coupling, field):
    """Probabilities of the kept spins, in the order of enumerate_spins, by brute force."""
    law = ising.boltzmann_probabilities(n_sites, coupling, field)
    axes = law.reshape((2,) * n_sites)
    return axes.sum(axis=tuple(range(1, n_sites, 2))).ravel()


@pytest.mark.parametrize(("coupling", "field"), PAIRS)
@pytest.mark.parametrize("n_sites", [2, 4, 6, 10])
def test_decimated_states_follow_the_flowed_law(n_sites, coupling, field):
    coupling_new, field_new, log_factor = decimation.decimate_coupling(coupling, field)
    coarse = ising.boltzmann_probabilities(n_sites // 2, coupling_new, field_new)
    np.testing.assert_allclose(marginal(n_sites, coupling, field), coarse, rtol=1e-12)
    total = n_sites / 2 * log_factor
    total += ising.exact_log_partition(n_sites // 2, coupling_new, field_new)
    exact = ising.exact_log_partition(n_sites, coupling, field)
    assert total == pytest.approx(exact, rel=1e-13, abs=0)


@pytest.mark.parametrize("coupling", [0, 1e-12, 0.3, -0.3, 1, 20, -500, 500])
@pytest.mark.parametrize("field", [0, 1e-9, 0.2, -0.7, 40, -600, 2000])
@pytest.mark.parametrize("n_sites", [1, 2, 64, 2**30])
def test_the_partition_function_is_that_of_the_transfer_matrix(n_sites, coupling, field):
    found = decimation.log_partition(n_sites, coupling, field)
    assert found == pytest.approx(
        transfer_matrix.log_partition(n_sites, coupling, field), rel=1e-13, abs=1e-13
    )


def test_the_field_of_the_partition_function_is_0_unless_given():
    assert decimation.log_partition(8, 0.7) == decimation.log_partition(8, 0.7, 0.0)


def test_without_a_field_the_tangents_are_squared():
    couplings = np.array([1e-9, 1e-3, 0.2, 1.0, 4.0, -0.5])
    new, field, log_factor = decimation.decimate_coupling(couplings)
    # Relative precision, also where K' is tiny.
    np.testing.assert_allclose(np.tanh(new), np.tanh(couplings) ** 2, rtol=1e-12)
    np.testing.assert_array_equal(field, 0)
    np.testing.assert_allclose(log_factor, np.log(2 * np.sqrt(np.cosh(2 * couplings))))


@pytest.mark.parametrize("coupling", [-50.0, -10.0, -5.0, -1.0, -0.1, 0.3, 2.0])
@pytest.mark.parametrize("field", [1.07e-8, 1e-6, 0.25, 2.0])
def test_the_field_has_relative_precision_between_antiferromagnetic_neighbours(coupling, field):
    """exp(2K) sinh h does not change under decimation; for K < 0 that makes h' very small."""
    new, field_new, _ = decimation.decimate_coupling(coupling, field)
    invariant = np.exp(2 * coupling) * np.sinh(field)
    found = np.exp(2 * new) * np.sinh(field_new)
    assert found == pytest.approx(invariant, rel=1e-12, abs=0)  # pytest's own abs is 1e-12


def test_the_field_changes_sign_with_itself():
    plus = decimation.decimate_coupling(0.8, 0.3)
    minus = decimation.decimate_coupling(0.8, -0.3)
    np.testing.assert_allclose(minus, [plus[0], -plus[1], plus[2]], rtol=1e-15)


def test_the_correlation_length_is_halved():
    for coupling, field in [(1.0, 0.0), (2.0, 0.1), (0.3, -0.5)]:
        new = decimation.decimate_coupling(coupling, field)[:2]
        length = transfer_matrix.correlation_length(coupling, field)
        assert transfer_matrix.correlation_length(*new) == pytest.approx(length / 2)


def test_the_flow_starts_at_its_start():
    couplings, fields = decimation.coupling_flow([1.0, 2.0], 0.1, 3)
    assert couplings.shape == fields.shape == (4, 2)
    np.testing.assert_array_equal(couplings[0], [1, 2])
    np.testing.assert_array_equal(fields[0], 0.1)
    step = decimation.decimate_coupling(couplings[1], fields[1])
    np.testing.assert_array_equal(couplings[2], step[0])
    np.testing.assert_array_equal(fields[2], step[1])
    np.testing.assert_array_equal(decimation.coupling_flow(1.0, 0.0, 0)[0], [1.0])


def test_a_flow_that_is_too_long_for_the_memory_is_refused_at_once():
    with pytest.raises((MemoryError, ValueError)):
        decimation.coupling_flow(np.ones(4), 0.1, 2**53)


def test_couplings_at_the_limit_of_what_is_accepted_flow_on():
    couplings, fields = decimation.coupling_flow(1e100, 1e100, 5)
    assert np.isfinite(couplings).all()
    assert np.isfinite(fields).all()
    assert np.isfinite(decimation.log_partition(2**20, 1e100, 1e100))


def test_an_empty_batch_stays_empty():
    fine = decimation.undecimate_spins(np.ones((0, 4)), 1.0, 0.0, np.random.default_rng(0))
    assert fine.shape == (0, 8)


def test_thinning_keeps_the_first_and_every_second_spin():
    spins = ising.enumerate_spins(6)
    np.testing.assert_array_equal(decimation.decimate_spins(spins), spins[:, [0, 2, 4]])
    spins[0] = 1
    assert decimation.decimate_spins(np.ones((3, 4))).shape == (3, 2)
    coarse = decimation.decimate_spins(spins)
    coarse[:] = -1
    assert (spins[0] == 1).all(), "the result is a copy"


class Fixed(np.random.Generator):
    """A generator whose uniform numbers are all the same."""

    def __init__(self, uniform):
        super().__init__(np.random.PCG64(0))
        self.uniform = uniform

    def random(self, size=None):
        return np.full(size, self.uniform)


@pytest.mark.parametrize(("coupling", "field"), [(1.0, 0.0), (-0.7, 0.4), (0.2, -1.5)])
def test_missing_spins_have_their_exact_conditional_law(coupling, field):
    """The draw switches from +1 to -1 exactly at the conditional probability by enumeration."""
    law = ising.boltzmann_probabilities(4, coupling, field)
    states = ising.enumerate_spins(4)
    for coarse in ising.enumerate_spins(2):
        fits = (states[:, ::2] == coarse).all(axis=1)
        for place in (1, 3):
            up = law[fits & (states[:, place] == 1)].sum() / law[fits].sum()
            for uniform, expected in [(up - 1e-12, 1), (up + 1e-12, -1)]:
                fine = decimation.undecimate_spins(coarse, coupling, field, Fixed(uniform))
                assert fine[place] == expected
                np.testing.assert_array_equal(fine[::2], coarse)


def test_a_missing_spin_stands_between_its_neighbours():
    coarse = [1, 1, -1, -1]
    fine = decimation.undecimate_spins(coarse, 5.0, 0.1, Fixed(0.5))
    np.testing.assert_array_equal(fine, [1, 1, 1, 1, -1, -1, -1, 1])
    batch = np.array([[coarse, [-1, -1, -1, -1]], [[1, -1, 1, 1], coarse]])
    rows = decimation.undecimate_spins(batch, 5.0, 0.1, Fixed(0.5))
    assert rows.shape == (2, 2, 8)
    for index in np.ndindex(2, 2):
        alone = decimation.undecimate_spins(batch[index], 5.0, 0.1, Fixed(0.5))
        np.testing.assert_array_equal(rows[index], alone)


def test_what_has_probability_0_is_never_drawn():
    fine = decimation.undecimate_spins([1, 1], 0.0, -1000.0, Fixed(0.0))
    np.testing.assert_array_equal(fine, [1, -1, 1, -1])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda d: d.decimate_spins([1, -1, 1]), ValueError, "even number of sites.*got 3"),
        (lambda d: d.decimate_spins(np.ones((2, 3))), ValueError, "even number of sites.*got 3"),
        (lambda d: d.decimate_spins([1, 0]), ValueError, "spins must hold only -1 and 1"),
        (lambda d: d.decimate_spins([np.nan, 1]), ValueError, "spins must hold only -1 and 1"),
        (
            lambda d: d.decimate_spins(1),
            ValueError,
            r"spins must have the shape \(\.\.\., n >= 1\)",
        ),
        (lambda d: d.log_partition(6, 1.0), ValueError, "power of two.*got 6"),
        (lambda d: d.log_partition(0, 1.0), ValueError, "n_sites must be at least 1"),
        (lambda d: d.decimate_coupling(np.nan), ValueError, "coupling must be finite"),
        (lambda d: d.decimate_coupling(1.0, np.inf), ValueError, "field must be finite"),
        (lambda d: d.coupling_flow(1.0, 0.0, -1), ValueError, "n_steps must be at least 0"),
        (lambda d: d.undecimate_spins([1], 1.0, 0.0, 3), TypeError, "rng must be a numpy"),
        (
            lambda d: d.undecimate_spins([1], [1.0], 0.0, None),
            ValueError,
            "must be a single",
        ),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(decimation)
