"""What is recorded in training: curves, monitors, a picture."""

import numpy as np
import pytest

from rgrbm.rbm import BernoulliRBM, History, exact_log_partition, log_likelihood, train

DATA = np.random.default_rng(0).integers(0, 2, (12, 5))


def fit(**changes):
    rng = np.random.default_rng(3)
    rbm = BernoulliRBM.from_parameters(rng.normal(0, 2, (5, 3)), np.zeros(5), np.zeros(3))
    arguments = {"n_epochs": 9, "learning_rate": 0.1, "batch_size": 5, "rng": rng, **changes}
    return rbm, train(rbm, DATA, **arguments)


def test_monitors_are_evaluated_when_they_should_be_and_do_not_disturb():
    plain, _ = fit()
    seen = []

    def likelihood(rbm, rng):
        seen.append(rng.random())
        return log_likelihood(rbm, DATA, exact_log_partition(rbm))

    rbm, history = fit(monitors={"likelihood": likelihood}, monitor_every=4)
    np.testing.assert_array_equal(rbm.to_vector(), plain.to_vector())
    assert history.monitor_epochs.tolist() == [0, 4, 8, 9]
    assert history.monitors["likelihood"][-1] == likelihood(rbm, np.random.default_rng(0))
    assert len(set(seen)) == 5, "each look has random numbers of its own"
    again = fit(monitors={"likelihood": likelihood}, monitor_every=4)[1]
    np.testing.assert_array_equal(again.monitors["likelihood"], history.monitors["likelihood"])
    assert seen[:4] == seen[5:9]


def test_a_monitor_must_return_a_number():
    with pytest.raises(TypeError, match="monitor 'word' must return a number, got 'good'"):
        fit(monitors={"word": lambda rbm, rng: "good"})


@pytest.mark.parametrize("value", ["1.5", b"1", None, 1j, [1.0], np.ones(1)], ids=repr)
def test_what_is_nearly_a_number_is_none(value):
    with pytest.raises(TypeError, match="monitor 'odd' must return a number, got "):
        fit(monitors={"odd": lambda rbm, rng: value})


def test_an_integer_too_large_for_a_float_is_refused_by_name():
    with pytest.raises(ValueError, match="monitor 'huge' must return a number that a float can"):
        fit(monitors={"huge": lambda rbm, rng: 10**5000})


def test_a_monitor_may_be_infinite_or_undefined():
    _, history = fit(monitors={"odd": lambda rbm, rng: -np.inf, "nan": lambda rbm, rng: np.nan})
    assert np.all(history.monitors["odd"] == -np.inf)
    assert np.isnan(history.monitors["nan"]).all()


@pytest.mark.parametrize(
    ("method", "curves"), [("cd", (9, None)), ("exact", (None, 9)), ("pcd", (None, None))]
)
def test_each_method_has_its_curve(method, curves):
    _, history = fit(method=method)
    found = history.reconstruction_error, history.log_likelihood
    assert tuple(curve if curve is None else len(curve) for curve in found) == curves
    assert not history.interrupted
    if curves == (None, None):
        with pytest.raises(ValueError, match="history must hold a curve to plot"):
            history.plot()


def test_the_history_can_be_plotted():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    history = History(np.array([0.5, 0.25]))
    given = pyplot.figure().gca()
    assert history.plot(given, label="run") is given
    np.testing.assert_array_equal(given.lines[0].get_xydata(), [[1, 0.5], [2, 0.25]])
    assert given.lines[0].get_label() == "run"
    assert history.plot() is not given
    pyplot.close("all")
