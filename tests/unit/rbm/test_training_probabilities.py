"""Grey levels: data that say how probable it is that a bit is on."""

import numpy as np
import pytest

from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM, train
from rgrbm.rbm import _training_steps as steps

GREY = np.random.default_rng(0).random((40, 5))


def make():
    rng = np.random.default_rng(3)
    return BernoulliRBM.from_parameters(
        rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=3)
    )


def fit(data=GREY, **changes):
    rbm = make()
    arguments = {"n_epochs": 6, "learning_rate": 0.1, "rng": np.random.default_rng(1)}
    history = train(rbm, data, **{**arguments, "probabilities": True, **changes})
    return rbm, history


def test_grey_levels_need_the_argument():
    with pytest.raises(ValueError, match=r"data must hold only 0 and 1, got .*probabilities=True"):
        fit(probabilities=False)
    with pytest.raises(ValueError, match=r"data must hold only 0 and 1, got 2 in it$"):
        fit([[0, 0, 0, 0, 2]], probabilities=False)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.nan, np.inf])
def test_what_is_no_probability_is_refused(wrong):
    data = GREY.copy()
    data[3, 2] = wrong
    message = "hold probabilities, from 0 to 1, got" if np.isfinite(wrong) else "be finite"
    with pytest.raises(ValueError, match=f"data must {message}"):
        fit(data)


def test_probabilities_are_for_bits():
    rbm = GaussianBernoulliRBM(5, 3, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="probabilities must be False for Gaussian units"):
        train(rbm, GREY, n_epochs=1, learning_rate=0.1, rng=np.random.default_rng(0),
              probabilities=True)  # fmt: skip
    with pytest.raises(TypeError, match="probabilities must be True or False, got 'yes'"):
        fit(probabilities="yes")


@pytest.mark.parametrize("method", ["cd", "pcd", "exact"])
def test_certain_levels_are_bits(method):
    data = np.random.default_rng(0).integers(0, 2, (40, 5))
    grey, plain = (
        fit(data.astype(float), method=method, batch_size=15, probabilities=given)[0]
        for given in (True, False)
    )
    np.testing.assert_array_equal(grey.to_vector(), plain.to_vector())


def test_bits_are_drawn_anew_in_each_epoch_with_the_given_probabilities():
    """With chains held at zero, an update of the visible bias is the mean of the drawn bits."""
    grey = np.tile([0.0, 0.1, 0.5, 0.9, 1.0], (400, 1))
    rbm = BernoulliRBM.from_parameters(np.zeros((5, 3)), np.full(5, -800.0), np.zeros(3))
    means, last = [], [np.full(5, -800.0)]

    def look(epoch, rbm):
        means.append(rbm.visible_bias - last[0])
        last[0] = rbm.visible_bias

    train(rbm, grey, n_epochs=50, learning_rate=1.0, rng=np.random.default_rng(0),
          probabilities=True, callback=look)  # fmt: skip
    means = np.array(means)
    assert len(np.unique(means[:, 2])) > 20
    np.testing.assert_allclose(means[:, [0, 4]], [[0, 1]] * 50, rtol=0, atol=1e-9)
    error = np.sqrt(grey[0] * (1 - grey[0]) / (400 * 50))
    # 4.5 standard errors: a false alarm in any of three comparisons has probability 2e-5.
    assert np.all(np.abs(means.mean(axis=0) - grey[0]) <= 4.5 * error + 1e-9)


@pytest.mark.parametrize("fewest", [0, np.inf], ids=["kernels", "numpy"])
@pytest.mark.parametrize("method", ["cd", "pcd"])
def test_a_run_in_two_pieces_is_the_run(monkeypatch, tmp_path, fewest, method):
    monkeypatch.setattr(steps, "PRODUCTS_FOR_KERNELS", fewest)
    changes = {"method": method, "batch_size": 15}
    whole, _ = fit(**changes)
    fit(n_epochs=2, checkpoint=tmp_path / "run", **changes)
    halves, _ = fit(checkpoint=tmp_path / "run", **changes)
    np.testing.assert_array_equal(halves.to_vector(), whole.to_vector())
    with pytest.raises(ValueError, match="must be of the same run"):
        fit(np.round(GREY), checkpoint=tmp_path / "run", probabilities=False, **changes)


@pytest.mark.slow
def test_the_result_does_not_depend_on_the_threads():
    data = np.random.default_rng(0).random((1600, 40)).astype(np.float32)
    machines = [BernoulliRBM(40, 36, rng=np.random.default_rng(1)) for _ in range(2)]
    for rbm, n_threads in zip(machines, (1, 2), strict=True):
        train(rbm, data, n_epochs=2, learning_rate=0.1, rng=np.random.default_rng(2),
              n_threads=n_threads, probabilities=True)  # fmt: skip
    np.testing.assert_array_equal(machines[0].to_vector(), machines[1].to_vector())
