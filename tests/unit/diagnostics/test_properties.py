"""Whatever is drawn gives a right answer, or an error that names the argument."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rgrbm import diagnostics
from rgrbm.estimate import Estimate

pytestmark = pytest.mark.filterwarnings("error")
drawn = settings(derandomize=True, deadline=None, max_examples=200)
types = st.sampled_from([np.int8, np.uint8, np.int64, np.float16, np.float32, np.float64, bool])
number = st.one_of(
    st.integers(-(10**25), 10**25),
    st.floats(),
    st.sampled_from([None, "3", b"3", 1j, True, np.nan, np.int8(-3), np.array(2), [], [1], {}]),
)
odd_arrays = st.one_of(
    number,
    st.lists(number, max_size=4),
    st.lists(st.lists(st.floats(-3, 3), max_size=3), max_size=3),
    arrays.arrays(types, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6)),
    st.just(np.ma.masked_equal([1, 2, 1], 2)),
    st.just(np.array([1, None, "x"], dtype=object)),
)


def is_right_or_named(call, is_right, *arguments):
    try:
        answer = call()
    except (ValueError, TypeError) as error:
        return any(argument in str(error) for argument in arguments)
    return is_right(answer)


@drawn
@given(odd_arrays)
def test_any_series(series):
    for ask in (
        diagnostics.autocorrelation_time,
        diagnostics.effective_sample_size,
        diagnostics.r_hat,
    ):
        assert is_right_or_named(lambda ask=ask: ask(series), lambda found: found > 0, "series")


@drawn
@given(
    arrays.arrays(
        np.float64, st.tuples(st.integers(1, 4), st.integers(100, 300)), elements=st.integers(-9, 9)
    ),
    st.sampled_from([1e-90, 0.5, 1e60]),
    st.randoms(use_true_random=False),
)
def test_the_unit_and_the_order_of_chains_do_not_matter(series, unit, random):
    order = random.sample(range(len(series)), len(series))

    def ask(series):
        try:
            return diagnostics.autocorrelation_time(series)
        except ValueError as error:
            return type(error)

    first, second = ask(series), ask(unit * series[order])
    if isinstance(first, float) and isinstance(second, float):
        assert second == pytest.approx(first, rel=1e-6)
    else:
        assert first == second


@drawn
@given(odd_arrays, number, number)
def test_any_samples(spins, max_distance, n_blocks):
    for ask in (
        lambda: diagnostics.correlation(spins, max_distance, n_blocks=n_blocks),
        lambda: diagnostics.correlation_by_distance(spins, [0, 1], 4, 1, n_blocks=n_blocks),
        lambda: diagnostics.estimate_coupling(spins, n_blocks=n_blocks),
    ):
        assert is_right_or_named(
            ask,
            lambda found: not np.any(found.error < 0),
            "spins",
            "max_distance",
            "n_blocks",
            "sites",
        )


@drawn
@given(
    arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=9)),
    st.sampled_from([np.int8, np.int32, np.float32, np.float64, list]),
    st.integers(2, 60),
)
def test_spins_of_any_type(bits, kind, n_blocks):
    spins = 2 * bits.astype(int) - 1
    given_spins = spins.tolist() if kind is list else spins.astype(kind)
    n_sites = spins.shape[1]
    found = diagnostics.correlation(given_spins, np.int8(n_sites), n_blocks=np.int16(n_blocks))
    for x in range(n_sites + 1):
        expected = np.mean(
            [row[i] * row[(i + x) % n_sites] for row in spins for i in range(n_sites)]
        )
        assert found.value[x] == pytest.approx(expected, abs=1e-14)
        assert (found.error[x] == 0) == (x % n_sites == 0)
    sites = np.arange(n_sites, dtype=np.int8)
    by_distance = diagnostics.correlation_by_distance(
        given_spins, sites, np.int8(n_sites), n_sites // 2, n_blocks=n_blocks
    )
    half = slice(n_sites // 2 + 1)
    np.testing.assert_allclose(by_distance.value, found.value[half], rtol=0, atol=1e-14)
    np.testing.assert_allclose(by_distance.error, found.error[half], rtol=0, atol=1e-12)


@drawn
@given(odd_arrays, odd_arrays, st.sampled_from(["", ".0", ".3", ".12", ".", "3", ".3f", ".x"]))
def test_any_estimate(value, error, spec):
    assert is_right_or_named(
        lambda: format(2 * Estimate(value, error), spec),
        lambda text: text.count("(") == np.size(value),
        "value",
        "error",
        "format",
        "factor",
    )


@drawn
@given(odd_arrays, number)
def test_any_mean(values, axis):
    assert is_right_or_named(
        lambda: Estimate.mean(values, axis=axis),
        lambda found: np.allclose(
            found.value, np.mean(np.asarray(values, dtype=float), axis=int(axis)), rtol=1e-12
        ),
        "values",
        "axis",
    )
