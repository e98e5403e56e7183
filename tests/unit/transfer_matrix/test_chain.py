"""The transfer matrix against enumeration, and where enumeration cannot go."""

import math
from functools import partial

import numpy as np
import pytest

from rgrbm import ising, transfer_matrix

COUPLINGS = [0, 1e-9, 0.3, -0.3, 1, -1, 5, -5, 20, -20, 500, -500]
FIELDS = [0, 1e-7, 0.2, -0.7, 3, 40, -600]
pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("n_sites", [1, 2, 3, 4, 5, 8, 11])
@pytest.mark.parametrize("field", FIELDS)
def test_everything_equals_enumeration(n_sites, field):
    spins = ising.enumerate_spins(n_sites).astype(float)
    for coupling in COUPLINGS:
        log_partition = ising.exact_log_partition(n_sites, coupling, field)
        found = transfer_matrix.log_partition(n_sites, coupling, field)
        assert found == pytest.approx(log_partition, rel=1e-12, abs=1e-12)
        law = ising.boltzmann_probabilities(n_sites, coupling, field)
        found = transfer_matrix.magnetization(n_sites, coupling, field)
        assert found == pytest.approx((law @ spins).mean(), rel=1e-11, abs=1e-12)
        products = law @ (spins[:, :1] * spins)
        found = transfer_matrix.correlation(n_sites, np.arange(n_sites), coupling, field)
        np.testing.assert_allclose(found, products, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("coupling", [0.8, -0.8])
@pytest.mark.parametrize("field", [0, 0.3])
def test_sixteen_sites(coupling, field):
    exact = ising.exact_log_partition(16, coupling, field)
    assert transfer_matrix.log_partition(16, coupling, field) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("coupling", [-2.0, -0.4, 0.4, 2.0])
@pytest.mark.parametrize("field", [-1.0, 0.0, 0.3])
def test_the_spectrum_is_that_of_the_matrix(coupling, field):
    matrix = np.exp([[coupling + field, -coupling], [-coupling, coupling - field]])
    log_sizes, signs = transfer_matrix.spectrum(coupling, field)
    second, largest = np.sort(np.linalg.eigvalsh(matrix))
    np.testing.assert_allclose(signs * np.exp(log_sizes), [largest, second], rtol=1e-12)
    length = 1 / np.log(abs(largest / second))
    assert transfer_matrix.correlation_length(coupling, field) == pytest.approx(length)
    assert transfer_matrix.free_energy_density(coupling, field) == pytest.approx(-np.log(largest))


@pytest.mark.parametrize("coupling", [500.0, -500.0])
@pytest.mark.parametrize("n_sites", [10**9, 10**9 + 1])
def test_huge_rings_and_couplings_do_not_overflow(n_sites, coupling):
    # At this temperature only ground states count: 2 of them, or 2 N if the ring is frustrated.
    frustrated = coupling < 0 and n_sites % 2
    expected = 500 * n_sites + math.log(2)
    if frustrated:
        expected = 500 * (n_sites - 2) + math.log(2 * n_sites)
    found = transfer_matrix.log_partition(n_sites, coupling)
    assert found == pytest.approx(expected, rel=1e-15)
    nearest = transfer_matrix.correlation(n_sites, 1, coupling)
    assert nearest == pytest.approx(math.copysign(1 - (2 / n_sites if frustrated else 0), coupling))
    assert transfer_matrix.magnetization(n_sites, coupling, 1e3) == 1.0 or coupling < 0


@pytest.mark.parametrize("n_sites", [1, 3, 5])
@pytest.mark.parametrize("coupling", [-5.135, -10.99, -11.0, -1e4, -1e10, -1e16])
@pytest.mark.parametrize("field", [-0.0032, 0.5])
def test_frozen_frustrated_rings_have_relative_precision(n_sites, coupling, field):
    found = transfer_matrix.magnetization(n_sites, coupling, field)
    if n_sites == 1:
        assert found == pytest.approx(np.tanh(field), rel=1e-12)
    elif coupling < -100:
        # One wrong bond, at any place: the rest alternates, and one spin is left over.
        assert found == pytest.approx(np.tanh(field) / n_sites, rel=1e-12)
    exact = ising.exact_log_partition(n_sites, coupling, field)
    found = transfer_matrix.log_partition(n_sites, coupling, field)
    assert found == pytest.approx(exact, rel=1e-12, abs=1e-12)


def test_a_spin_agrees_with_itself_in_any_field():
    for coupling in (-100.0, -1e10, -1e15):
        field = 2 * abs(coupling) + 1
        found = transfer_matrix.correlation(math.inf, 0, coupling, field)
        assert found == pytest.approx(1, rel=1e-13, abs=0)


def test_the_limit_is_approached_by_large_rings():
    distance = np.arange(10)
    for coupling, field in [(1.0, 0.0), (-0.7, 0.0), (0.5, 0.4), (-0.5, 0.4)]:
        limit = transfer_matrix.correlation(math.inf, distance, coupling, field)
        ring = transfer_matrix.correlation(1001, distance, coupling, field)
        np.testing.assert_allclose(ring, limit, atol=1e-12)
        assert transfer_matrix.magnetization(np.inf, coupling, field) == pytest.approx(
            transfer_matrix.magnetization(1001, coupling, field)
        )
        density = -transfer_matrix.log_partition(10**6, coupling, field) / 10**6
        assert transfer_matrix.free_energy_density(coupling, field) == pytest.approx(density)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_infinity_is_infinite_in_every_type(kind):
    for function in (
        transfer_matrix.magnetization,
        partial(transfer_matrix.correlation, distance=3),
    ):
        assert function(kind(np.inf), coupling=0.5, field=0.2) == function(
            math.inf, coupling=0.5, field=0.2
        )


def test_without_a_coupling_spins_are_independent():
    np.testing.assert_array_equal(transfer_matrix.correlation(math.inf, [0, 1, 2], 0.0), [1, 0, 0])
    np.testing.assert_array_equal(transfer_matrix.correlation(5, [0, 1, 5], 0.0), [1, 0, 1])
    assert transfer_matrix.correlation_length(0.0) == 0
    np.testing.assert_array_equal(transfer_matrix.spectrum(0.0)[0], [np.log(2), -np.inf])


def test_derivatives_of_the_partition_function_are_averages():
    """A dropped field or a doubled coupling would break these."""
    n_sites, coupling, field, step = 7, 0.6, 0.25, 1e-6

    def log_partition(coupling, field):
        return transfer_matrix.log_partition(n_sites, coupling, field)

    by_coupling = (
        log_partition(coupling + step, field) - log_partition(coupling - step, field)
    ) / (2 * step * n_sites)
    by_field = (log_partition(coupling, field + step) - log_partition(coupling, field - step)) / (
        2 * step * n_sites
    )
    nearest = transfer_matrix.correlation(n_sites, 1, coupling, field)
    assert by_coupling == pytest.approx(nearest, abs=1e-8)
    magnetization = transfer_matrix.magnetization(n_sites, coupling, field)
    assert by_field == pytest.approx(magnetization, abs=1e-8)


def test_arrays_broadcast():
    couplings, fields = np.linspace(-1, 1, 4)[:, None], np.array([0.0, 0.5, 1.0])
    assert transfer_matrix.log_partition(5, couplings, fields).shape == (4, 3)
    log_sizes, signs = transfer_matrix.spectrum(couplings, fields)
    assert log_sizes.shape == signs.shape == (4, 3, 2)
    assert transfer_matrix.correlation(5, np.arange(4)[:, None, None], couplings, fields).shape == (
        4,
        4,
        3,
    )
    assert isinstance(transfer_matrix.log_partition(5, 1.0), float)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda tm: tm.log_partition(0, 1.0), ValueError, "n_sites must be at least 1, got 0"),
        (lambda tm: tm.log_partition(2.5, 1.0), TypeError, "n_sites must be an integer"),
        (lambda tm: tm.log_partition(np.inf, 1.0), TypeError, "n_sites must be an integer"),
        (lambda tm: tm.log_partition(4, np.nan), ValueError, "coupling must be finite"),
        (lambda tm: tm.log_partition(4, 1.0, np.inf), ValueError, "field must be finite"),
        (lambda tm: tm.log_partition(4, "1"), TypeError, "coupling must be an array of real"),
        (lambda tm: tm.log_partition(4, [1, 2], [1, 2, 3]), ValueError, "shapes that broadcast"),
        (lambda tm: tm.correlation(4, 5, 1.0), ValueError, "distance must be from 0 to 4"),
        (lambda tm: tm.correlation(4, -1, 1.0), ValueError, "distance must be from 0 to 4"),
        (lambda tm: tm.correlation(np.inf, 2**63, 1.0), ValueError, "distance must be from 0"),
        (
            lambda tm: tm.correlation(8, [1, 2, 3], [0.5, 1.0]),
            ValueError,
            "distance must have a sh",
        ),
        (lambda tm: tm.log_partition(10**20, 1.0), ValueError, "n_sites must be at most"),
        (lambda tm: tm.log_partition(4, True), TypeError, "coupling must be an array of real"),
        (lambda tm: tm.correlation(4, 1.0, 1.0), TypeError, "distance must be an integer"),
        (lambda tm: tm.magnetization(0, 1.0), ValueError, "n_sites must be at least 1, got 0"),
        (lambda tm: tm.correlation(0, 0, 1.0), ValueError, "n_sites must be at least 1, got 0"),
        (lambda tm: tm.magnetization(-np.inf, 1.0), TypeError, "n_sites must be an integer"),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(transfer_matrix)
