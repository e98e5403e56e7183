"""The shared experiment: its data follow the exact law, its machines are what they claim to be."""

import numpy as np
import pytest

from rgrbm import transfer_matrix
from rgrbm.chapters import learn_ring, refit, ring_bits
from rgrbm.diagnostics import correlation
from rgrbm.ising import bits_to_spins
from rgrbm.rbm import BernoulliRBM, order_hidden_units, train


@pytest.mark.slow
@pytest.mark.parametrize(("coupling", "n_samples"), [(0.0, 2000), (0.5, 2000), (1.5, 20_000)])
def test_the_data_have_the_correlations_of_the_ring(coupling, n_samples):
    # Many at the largest coupling: a third of a relaxation time must be seen to be too short.
    bits = ring_bits(n_samples, 64, coupling, rng=np.random.default_rng(0))
    assert bits.dtype == np.uint8
    measured = correlation(bits_to_spins(bits), 32)
    exact = [transfer_matrix.correlation(64, x, coupling) for x in range(1, 33)]
    apart = np.abs(measured.value[1:] - exact) / measured.error[1:]
    # Of 32 correlated values, one beyond 5 standard errors in some 50,000 seeds.
    assert apart.max() < 5


@pytest.fixture(scope="module")
def data():
    return ring_bits(200, 12, 1.0, rng=np.random.default_rng(1))


def learn(data, **options):
    settings = {"n_epochs": 300, "n_refit_epochs": 50, "rng": np.random.default_rng(2)}
    return learn_ring(data, **settings | options)


def test_it_is_training_with_the_penalty_and_then_on_the_large_weights(data):
    learned = learn(data, l1=0.002, threshold=0.7)
    rng = np.random.default_rng(2)
    rbm = BernoulliRBM(12, 6, rng=rng)
    train(rbm, data, n_epochs=300, learning_rate=1.0, l1=0.002, rng=rng)
    sparse = order_hidden_units(rbm).rbm
    for name in ("weights", "visible_bias", "hidden_bias"):
        np.testing.assert_array_equal(getattr(learned.sparse, name), getattr(sparse, name))
    large = np.abs(sparse.weights) > 0.7
    assert 0 < large.sum() < large.size
    refitted = sparse.copy()
    train(refitted, data, n_epochs=50, learning_rate=1.0, mask=large, rng=rng)
    np.testing.assert_array_equal(learned.refitted.weights, refitted.weights)
    assert not learned.refitted.weights[~large].any()
    assert (learned.refitted.weights[large] != sparse.weights[large]).all()


@pytest.mark.parametrize("method", ["cd", "pcd", "exact"])
def test_a_refit_moves_only_what_is_large_and_leaves_the_machine(data, method):
    sparse = learn(data).sparse
    before = sparse.copy()
    large = np.abs(sparse.weights) > 0.3
    arguments = {"method": method, "n_epochs": 20, "learning_rate": 0.2}
    refitted = refit(sparse, data, threshold=0.3, rng=np.random.default_rng(5), **arguments)
    np.testing.assert_array_equal(sparse.weights, before.weights)
    assert not refitted.weights[~large].any()
    assert (refitted.weights[large] != sparse.weights[large]).all()
    expected = before.copy()
    train(expected, data, mask=large, rng=np.random.default_rng(5), **arguments)
    np.testing.assert_array_equal(refitted.weights, expected.weights)


def test_the_hidden_units_are_in_order(data):
    sparse = learn(data).sparse
    strongest = np.abs(sparse.weights).argmax(axis=0)
    assert (np.diff(strongest) >= 0).all()
    assert (sparse.weights[strongest, np.arange(6)] > 0).all()


def test_the_same_seed_gives_the_same_machines(data):
    first, again, other = (learn(data), learn(data), learn(data, rng=np.random.default_rng(3)))
    np.testing.assert_array_equal(first.refitted.weights, again.refitted.weights)
    assert (first.refitted.weights != other.refitted.weights).any()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda rng: ring_bits(2, 8, -0.1, rng=rng), ValueError, "coupling must be finite and at"),
        (lambda rng: ring_bits(2, 8, 3.1, rng=rng), ValueError, "coupling must be at most 3, got"),
        (lambda rng: ring_bits(0, 8, 1.0, rng=rng), ValueError, "n_samples must be at least 1"),
        (lambda rng: ring_bits(2, 8, 1.0, rng=0), TypeError, "rng must be"),
        (lambda rng: learn_ring([0, 1], rng=rng), ValueError, r"data must have the shape"),
        (lambda rng: learn_ring([[0], [1]], rng=rng), ValueError, r"data must have the shape"),
        (lambda rng: learn_ring([[0, 2]], rng=rng), ValueError, "data must"),
        (lambda rng: learn_ring([[0, 1]], threshold=-1, rng=rng), ValueError, "threshold must be"),
        (lambda rng: learn_ring([[0, 1]], l1=-1, rng=rng), ValueError, "l1 must be"),
        (lambda rng: learn_ring([[0, 1]], rng=None), TypeError, "rng must be"),
        (
            lambda rng: ring_bits(2**53, 2**53, 1.0, rng=rng),
            ValueError,
            "n_samples and n_sites must",
        ),
        (lambda rng: refit("rbm", [[0, 1]], rng=rng), TypeError, "rbm must be a BernoulliRBM"),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(np.random.default_rng(0))


WRONG = {
    "n_epochs": (0, -1, 1.5, True, None, "2", 2**60),
    "n_refit_epochs": (0, -1, 1.5, True, None, "2", 2**60),
    "l1": (-1, np.nan, np.inf, None, "x", 1j, [0.1]),
    "threshold": (-1, np.nan, np.inf, None, "x", 1j, [0.1]),
    "rng": (None, 0, np.random.RandomState(0), np.random),
}


@pytest.mark.parametrize("name", WRONG)
def test_all_is_checked_before_anything_is_drawn_or_trained(name, monkeypatch):
    def fail(*arguments, **options):
        raise AssertionError("it began")

    monkeypatch.setattr("rgrbm.chapters.case_study.train", fail)
    monkeypatch.setattr("rgrbm.chapters.case_study.BernoulliRBM", fail)
    for value in WRONG[name]:
        rng = np.random.default_rng(0)
        before = rng.bit_generator.state
        with pytest.raises((ValueError, TypeError), match=f"^{name} must"):
            learn_ring([[0, 1], [1, 0]], **{"rng": rng, name: value})
        assert rng.bit_generator.state == before


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("n_samples", (0, 1.5, None, "2", 2**60)),
        ("n_sites", (0, 1.5, None, "2", 2**60)),
        ("coupling", (-1, 4, np.nan, None, "x", [1.0])),
        ("rng", (None, 0, np.random)),
    ],
)
def test_a_ring_is_checked_before_it_is_drawn(name, values):
    for value in values:
        rng = np.random.default_rng(0)
        before = rng.bit_generator.state
        with pytest.raises((ValueError, TypeError), match=f"^{name} must"):
            ring_bits(**{"n_samples": 2, "n_sites": 8, "coupling": 1.0, "rng": rng, name: value})
        assert rng.bit_generator.state == before


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("data", ([[0, 1], [1]], [[0, 2]], [[0]], None, "x", [np.ma.array([0, 1], mask=[1, 0])])),
        ("method", ("CD", "", "cd ")),
        ("n_epochs", (0, 1.5, None)),
        ("learning_rate", (0, -1, np.nan, None, "x")),
        ("threshold", (-1, np.nan, None, "x")),
        ("rng", (None, 0)),
    ],
)
def test_a_refit_is_checked_before_it_begins(name, values):
    rbm = BernoulliRBM(2, 1, rng=np.random.default_rng(0))
    for value in values:
        rng = np.random.default_rng(0)
        before = rng.bit_generator.state
        with pytest.raises((ValueError, TypeError), match=f"^{name} must"):
            refit(**{"rbm": rbm, "data": [[0, 1]], "n_epochs": 1, "rng": rng, name: value})
        assert rng.bit_generator.state == before
