"""The machine as a scikit-learn estimator: all of their checks, and what they do not check."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from rgrbm.pipeline import RBMTransformer
from rgrbm.rbm import pseudo_log_likelihood
from rgrbm.rbm.pseudo_likelihood import sample_values


@pytest.mark.slow
@parametrize_with_checks([RBMTransformer(random_state=0), RBMTransformer(4, method="pcd")])
def test_scikit_learn_s_checks_pass(estimator, check):
    check(estimator)


def bits(n_samples=60, n_features=8, seed=0):
    return (np.random.default_rng(seed).random((n_samples, n_features)) < 0.3).astype(np.uint8)


def test_it_gives_what_the_machine_says():
    X = bits()
    model = RBMTransformer(5, n_epochs=3, random_state=1).fit(X)
    assert model.bounds_ == (0, 1)
    np.testing.assert_array_equal(model.transform(X), model.machine_.hidden_probabilities(X))
    mean = pseudo_log_likelihood(model.machine_, X).value
    assert model.score_samples(X).mean() == pytest.approx(mean, rel=1e-12)
    assert list(model.get_feature_names_out()) == [f"rbmtransformer{j}" for j in range(5)]


def test_digits_are_told_apart_by_hidden_units():
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    model = make_pipeline(
        RBMTransformer(
            60, n_epochs=30, batch_size=20, learning_rate=0.2, bounds=(0, 16), random_state=0
        ),
        LogisticRegression(max_iter=2000),
    )
    assert model.fit(X[:1200], y[:1200]).score(X[1200:], y[1200:]) > 0.88
    assert model[0].bounds_ == (0, 16)


def test_training_raises_the_score_and_follows_the_seed():
    X = np.repeat([[0, 0, 0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0, 0, 0]], 30, axis=0)
    first, later = (RBMTransformer(4, n_epochs=n, random_state=0).fit(X) for n in (1, 300))
    assert later.score_samples(X).mean() > first.score_samples(X).mean() + 1
    again = clone(later).fit(X)
    np.testing.assert_array_equal(again.machine_.weights, later.machine_.weights)
    np.testing.assert_array_equal(again.fit(X).machine_.weights, later.machine_.weights)
    other = clone(later).set_params(random_state=1).fit(X)
    assert not np.array_equal(other.machine_.weights, later.machine_.weights)


def test_partial_fits_are_epochs():
    X = bits()
    model = RBMTransformer(3, random_state=0).partial_fit(X)
    before = model.machine_.weights.copy()
    assert model.partial_fit(X[:7]) is model
    assert not np.array_equal(model.machine_.weights, before)
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(X[:, :5])
    one = RBMTransformer(3, n_epochs=1, random_state=0).fit(X)
    np.testing.assert_array_equal(one.machine_.weights, before)
    rest = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        rest.partial_fit(X).machine_.weights, model.partial_fit(X).machine_.weights
    )


def test_grey_levels_are_probabilities():
    X = np.random.default_rng(0).random((50, 6))
    model = RBMTransformer(3, n_epochs=2, random_state=0).fit(X)
    assert model.bounds_ == (0, 1)
    expected = model.machine_.hidden_probabilities(X, probabilities=True)
    np.testing.assert_array_equal(model.transform(X), expected)
    np.testing.assert_array_equal(model.score_samples(X), sample_values(model.machine_, X))


def test_bounds_are_taken_from_the_data_unless_given():
    X = 10 * bits() - 5.0
    X[0, 0] = 0.0
    model = RBMTransformer(3, random_state=0).fit(X)
    assert model.bounds_ == (-5, 5)
    np.testing.assert_array_equal(
        model.transform([[-9.0] * 8, [9.0] * 8]),
        model.machine_.hidden_probabilities([[0] * 8, [1] * 8]),
    )
    half = model.machine_.hidden_probabilities([[0.5] * 8], probabilities=True)
    np.testing.assert_array_equal(model.transform([[0.0] * 8]), half)
    given = RBMTransformer(3, bounds=(0, 255), random_state=0).fit(bits())
    assert given.bounds_ == (0, 255)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"n_components": 0}, ValueError, "n_components must be at least 1"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1"),
        ({"n_epochs": 2.5}, TypeError, "n_epochs must be an integer"),
        ({"method": "sml"}, ValueError, "method must be one of"),
        ({"learning_rate": -1}, ValueError, "learning_rate must be"),
        ({"momentum": 1}, ValueError, "momentum must be below 1"),
        ({"l1": -1}, ValueError, "l1 must be"),
        ({"n_gibbs": 0}, ValueError, "n_gibbs must be at least 1"),
        ({"bounds": (1, 0)}, ValueError, "bounds must be two numbers, the lower first"),
        ({"bounds": 3}, ValueError, "bounds must have the shape"),
    ],
)
def test_bad_parameters_are_refused_and_leave_no_machine(parameters, error, message):
    model = RBMTransformer(**parameters)
    with pytest.raises(error, match=message):
        model.fit(bits())
    with pytest.raises(NotFittedError):
        model.transform(bits())


def test_no_other_door_loads_scikit_learn():
    code = "import sys, rgrbm.rbm; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
