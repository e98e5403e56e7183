"""A training that diverges ends early and says so; one that is only rough goes on."""

import numpy as np
import pytest

from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM, train


def digits(n_samples=300, n_visible=64):
    """Standardised, and correlated like pictures: three patterns, and noise."""
    rng = np.random.default_rng(0)
    patterns = rng.normal(size=(3, n_visible))
    data = patterns[rng.integers(3, size=n_samples)] + 0.3 * rng.normal(size=(n_samples, n_visible))
    return (data - data.mean(axis=0)) / data.std(axis=0)


def fit(data, rbm=None, n_hidden=20, **changes):
    rng = np.random.default_rng(1)
    if rbm is None:
        rbm = GaussianBernoulliRBM(data.shape[1], n_hidden, rng=rng)
    arguments = {"n_epochs": 200, "learning_rate": 0.1, "batch_size": 20, "rng": rng, **changes}
    return rbm, train(rbm, data, **arguments)


@pytest.mark.parametrize("method", ["cd", "pcd"])
def test_a_diverging_training_ends_within_a_few_epochs(method):
    rng = np.random.default_rng(1)
    rbm, epochs = GaussianBernoulliRBM(64, 20, rng=rng), []
    with pytest.raises(FloatingPointError, match="take a smaller one") as caught:
        fit(digits(), rbm, method=method, learning_rate=0.5, rng=rng,
            callback=lambda epoch, rbm: epochs.append((epoch, rbm.copy())))  # fmt: skip
    assert len(epochs) < 10
    last = epochs[-1][1] if epochs else GaussianBernoulliRBM(64, 20, rng=np.random.default_rng(1))
    words = f"keeps the parameters of epoch {len(epochs)}" if epochs else "is unchanged"
    assert words in str(caught.value)
    np.testing.assert_array_equal(rbm.to_vector(), last.to_vector())


def test_the_last_good_epoch_is_found_within_a_call_of_many():
    """A slow divergence: rates grow, and the error names the epoch that the machine has."""
    data = digits(100, 4)

    def rate(epoch):
        return 0.01 if epoch < 8 else 3.0

    rng = np.random.default_rng(1)
    rbm = GaussianBernoulliRBM(4, 2, rng=rng)
    with pytest.raises(FloatingPointError) as caught:
        fit(data, rbm, rng=rng, learning_rate=rate, batch_size=10)
    kept = int(str(caught.value).split()[-1])
    assert 7 <= kept < 20
    assert f"diverged in epoch {kept + 1} with learning_rate = 3.0" in str(caught.value)
    rng = np.random.default_rng(1)
    other = GaussianBernoulliRBM(4, 2, rng=rng)
    fit(data, other, rng=rng, learning_rate=rate, batch_size=10, n_epochs=kept)
    np.testing.assert_array_equal(rbm.to_vector(), other.to_vector())


@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("method", ["cd", "pcd", "exact"])
@pytest.mark.parametrize(
    ("shift", "scale", "sigma", "rate"),
    [
        (0, 1, 1, 0.05),  # noisy, and near the largest that is stable
        (0, 1e-3, 1e-3, 5e-8),
        (0, 1e4, 1e4, 5e6),  # raw units
        (0, 1, 1e-3, 2e-8),  # widths far smaller than the data
        (0, 1, 100, 100.0),  # and far larger
        (1e4, 1, 1, 1e-10),  # data far from zero and from the machine
        (0, 0, 1, 0.2),  # units that never vary
    ],
)
def test_a_rough_training_goes_on(shift, scale, sigma, rate, method, momentum):
    data = shift + scale * digits(100, 6)
    rbm = GaussianBernoulliRBM(6, 3, sigma=float(sigma), rng=np.random.default_rng(0))
    fit(data, rbm, method=method, learning_rate=rate, momentum=momentum, n_epochs=60)
    assert np.isfinite(rbm.to_vector()).all()


def test_a_machine_far_from_the_data_may_come_back():
    rbm = GaussianBernoulliRBM(3, 1, rng=np.random.default_rng(0))
    rbm.visible_bias = np.full(3, 1e6)
    fit(digits(100, 3), rbm, learning_rate=0.1, batch_size=None, n_epochs=400)
    assert np.abs(rbm.visible_bias).max() < 100


def test_a_callback_may_move_the_machine_far_away_and_it_comes_back():
    def shock(epoch, rbm):
        if epoch == 3:
            rbm.visible_bias = np.full(3, 1e6)

    rbm, _ = fit(digits(100, 3), n_hidden=1, batch_size=None, n_epochs=400, callback=shock)
    assert np.abs(rbm.visible_bias).max() < 100


@pytest.mark.parametrize("kind", [BernoulliRBM, GaussianBernoulliRBM])
def test_a_parameter_made_nan_by_the_callback_is_the_fault_of_the_callback(kind):
    def spoil(epoch, rbm):
        if epoch == 3:
            rbm.weights[0, 0] = np.nan

    data = np.random.default_rng(0).integers(0, 2, (20, 4))
    rbm, reference = (kind(4, 3, rng=np.random.default_rng(0)) for _ in range(2))
    with pytest.raises(ValueError, match=r"callback\(3, rbm\) must leave .* weights must be fin"):
        fit(data, rbm, learning_rate=0.01, callback=spoil)
    fit(data, reference, learning_rate=0.01, n_epochs=3)
    np.testing.assert_array_equal(rbm.to_vector(), reference.to_vector())


def test_what_a_monitor_does_to_the_machine_is_undone():
    def spoil(rbm, rng):
        rbm.weights[0, 0] = np.nan
        return 1.0

    data = np.random.default_rng(0).integers(0, 2, (20, 4))
    rbm, reference = (BernoulliRBM(4, 3, rng=np.random.default_rng(0)) for _ in range(2))
    fit(data, rbm, n_epochs=3, monitors={"one": spoil})
    fit(data, reference, n_epochs=3)
    np.testing.assert_array_equal(rbm.to_vector(), reference.to_vector())


def test_a_parameter_that_is_nan_before_training_is_named():
    rbm = BernoulliRBM(4, 3, rng=np.random.default_rng(0))
    rbm.hidden_bias[1] = np.nan
    with pytest.raises(FloatingPointError, match="hidden_bias must be finite"):
        fit(np.zeros((2, 4)), rbm, batch_size=None)


def test_a_failure_in_the_first_epoch_gives_back_the_weights_that_a_mask_forbids():
    rbm = GaussianBernoulliRBM(6, 3, rng=np.random.default_rng(0))
    before, mask = rbm.weights, np.ones((6, 3), dtype=bool)
    mask[0] = False
    with pytest.raises(FloatingPointError, match="The machine is unchanged"):
        fit(digits(100, 6), rbm, learning_rate=1e6, mask=mask, monitors={"m": lambda rbm, rng: 0})
    np.testing.assert_array_equal(rbm.weights, before)
