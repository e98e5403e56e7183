"""What determines a run: arguments are checked before anything changes."""

import numpy as np
import pytest

from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM, train
from rgrbm.rbm._settings import EPOCHS_PER_CALL, PRODUCTS_PER_CALL, Settings

DATA = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 1], [1, 0, 1]])


def make_rbm():
    rng = np.random.default_rng(5)
    return BernoulliRBM.from_parameters(
        rng.normal(0, 1, (3, 2)), rng.normal(0, 0.5, 3), rng.normal(0, 0.5, 2)
    )


def fit(rbm, data=DATA, **changes):
    arguments = {"n_epochs": 1, "learning_rate": 0.1, "rng": np.random.default_rng(0), **changes}
    return train(rbm, data, **arguments)


def make_settings(rbm, data, **changes):
    arguments = {
        "learning_rate": 0.1, "batch_size": None, "method": "cd", "n_gibbs": 1, "n_chains": None,
        "momentum": 0.0, "l1": 0.0, "l2": 0.0, "mask": None, "n_threads": 1,
        "learn_sigma": False, "probabilities": False, "rng": np.random.default_rng(0),
    }  # fmt: skip
    return Settings(rbm, data, **{**arguments, **changes})


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"data": [[0, 1, 2]]}, ValueError, "data must hold only 0 and 1, got 2"),
        ({"data": [[0, 1, np.nan]]}, ValueError, "data must hold only 0 and 1, got nan"),
        ({"data": [[-1, 1, 1]]}, ValueError, "data must hold only 0 and 1, got -1"),
        (
            {"data": [[0, 1]]},
            ValueError,
            r"data must have the shape \(n_samples, 3\) .* got \(1, 2\)",
        ),
        ({"data": [0, 1, 1]}, ValueError, r"data must have the shape \(n_samples, 3\)"),
        ({"data": np.empty((0, 3))}, ValueError, r"data must have the shape \(n_samples, 3\)"),
        ({"data": [["a", "b", "c"]]}, TypeError, "data must be an array of real numbers"),
        ({"n_epochs": 0}, ValueError, "n_epochs must be at least 1, got 0"),
        ({"n_epochs": 1.0}, TypeError, "n_epochs must be an integer, got 1.0"),
        ({"n_gibbs": 0}, ValueError, "n_gibbs must be at least 1, got 0"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"batch_size": -3}, ValueError, "batch_size must be at least 1, got -3"),
        ({"batch_size": 5}, ValueError, "batch_size must be at most 4, got 5"),
        ({"learning_rate": 0}, ValueError, "learning_rate must be finite and greater than 0"),
        ({"learning_rate": -0.1}, ValueError, "learning_rate must be finite and greater than 0"),
        ({"learning_rate": np.nan}, ValueError, "learning_rate must be finite"),
        ({"learning_rate": "0.1"}, TypeError, "learning_rate must be a real number"),
        ({"l1": -1.0}, ValueError, "l1 must be finite and at least 0"),
        ({"l1": 1e300}, ValueError, r"l1 must be at most 1e\+100"),
        ({"l2": -1.0}, ValueError, "l2 must be finite and at least 0"),
        ({"l2": "a"}, TypeError, "l2 must be a real number"),
        ({"method": np.array(["cd"])}, TypeError, "method must be one of"),
        ({"method": np.array(["cd", "pcd"])}, TypeError, "method must be one of"),
        ({"method": ["cd"]}, TypeError, "method must be one of"),
        ({"method": None}, TypeError, "method must be one of"),
        ({"mask": np.ma.ones((3, 2), dtype=bool)}, TypeError, "mask must not be a masked array"),
        ({"mask": "all"}, TypeError, "mask must be an array of real numbers"),
        ({"mask": [[True], [True, False]]}, ValueError, "mask must be a rectangular array"),
        ({"mask": 1}, ValueError, "mask must be an array of truth values"),
        ({"learning_rate": lambda epoch: None}, TypeError, r"learning_rate\(1\) must be a real"),
        (
            {"learning_rate": lambda epoch: np.array([0.1, 0.2])},
            TypeError,
            r"learning_rate\(1\) must be a real",
        ),
        ({"learning_rate": lambda epoch: True}, TypeError, r"learning_rate\(1\) must be a real"),
        ({"learning_rate": lambda epoch: 1 / 0}, ZeroDivisionError, "division"),
        ({"checkpoint": "no/such/folder/file"}, ValueError, "checkpoint must be in a folder"),
        ({"checkpoint": "."}, ValueError, "checkpoint must be a file or a new name"),
        ({"rng": 0}, TypeError, r"rng must be a numpy\.random\.Generator"),
        ({"callback": 3}, TypeError, "callback must be callable"),
        ({"method": "CD"}, ValueError, r"method must be one of \('cd', 'pcd', 'exact'\), got 'CD'"),
        ({"n_chains": 3}, ValueError, "n_chains must be None unless method is 'pcd', got 3"),
        ({"method": "pcd", "n_chains": 0}, ValueError, "n_chains must be at least 1, got 0"),
        ({"momentum": 1.0}, ValueError, "momentum must be below 1, got 1"),
        ({"momentum": -0.1}, ValueError, "momentum must be finite and at least 0"),
        ({"mask": np.ones((3, 2))}, ValueError, "mask must be an array of truth values"),
        ({"mask": np.ones((2, 3), dtype=bool)}, ValueError, r"mask must .* shape \(3, 2\), got"),
        ({"n_threads": 0}, ValueError, "n_threads must be at least 1"),
        ({"monitors": [len]}, TypeError, "monitors must be a dict of names to functions"),
        ({"monitors": {"a": 3}}, TypeError, "monitors must be a dict of names to functions"),
        ({"monitor_every": 0}, ValueError, "monitor_every must be at least 1"),
        ({"checkpoint_every": 0}, ValueError, "checkpoint_every must be at least 1"),
        ({"checkpoint": 3}, TypeError, "checkpoint must be a path, got 3"),
        ({"learning_rate": lambda epoch: -1.0}, ValueError, r"learning_rate\(1\) must be finite"),
        ({"learning_rate": lambda epoch: "a"}, TypeError, r"learning_rate\(1\) must be a real"),
    ],
)
def test_bad_input_is_refused_before_anything_changes(changes, error, message):
    rbm, rng = make_rbm(), np.random.default_rng(0)
    with pytest.raises(error, match=message):
        fit(rbm, **{"rng": rng, **changes})
    np.testing.assert_array_equal(rbm.to_vector(), make_rbm().to_vector())
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_a_checkpoint_that_does_not_serve_leaves_the_generator_alone(tmp_path):
    run = {"checkpoint": tmp_path / "run"}
    fit(make_rbm(), **run)
    (tmp_path / "damaged").write_bytes((tmp_path / "run").read_bytes()[:-50])
    (tmp_path / "foreign").write_bytes(b"nothing of ours")
    for changes in (
        {**run, "l2": 0.1}, {"checkpoint": tmp_path / "damaged"},
        {"checkpoint": tmp_path / "foreign"},
    ):  # fmt: skip
        rbm, rng = make_rbm(), np.random.default_rng(0)
        with pytest.raises(ValueError, match=r"run|damaged"):
            fit(rbm, rng=rng, **changes)
        np.testing.assert_array_equal(rbm.to_vector(), make_rbm().to_vector())
        assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_a_layer_too_large_for_the_exact_gradient_leaves_the_generator_alone():
    rbm, rng = BernoulliRBM(26, 26, rng=np.random.default_rng(0)), np.random.default_rng(0)
    with pytest.raises(ValueError, match="at most 25 units"):
        fit(rbm, np.zeros((1, 26)), method="exact", rng=rng)
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_a_run_takes_one_number_from_the_generator():
    rng, other = np.random.default_rng(0), np.random.default_rng(0)
    fit(make_rbm(), rng=rng)
    other.integers(2**63)
    assert rng.bit_generator.state == other.bit_generator.state


def test_small_integer_types_are_numbers_like_others():
    plain, odd = make_rbm(), make_rbm()
    data = np.tile(DATA, (50, 1))
    fit(plain, data, n_epochs=3, batch_size=100, n_gibbs=2, learning_rate=0.5, momentum=0.5)
    fit(odd, data.astype(np.int8), n_epochs=np.int8(3), batch_size=np.int8(100),
        n_gibbs=np.uint8(2), learning_rate=np.float16(0.5), momentum=np.float16(0.5))  # fmt: skip
    np.testing.assert_array_equal(odd.to_vector(), plain.to_vector())


def test_what_is_no_machine_is_refused():
    with pytest.raises(TypeError, match="rbm must be a BernoulliRBM"):
        fit("machine")


def test_real_data_are_for_gaussian_units_only():
    gaussian = GaussianBernoulliRBM(3, 2, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="data must hold only 0 and 1"):
        fit(make_rbm(), np.full((2, 3), 0.5))
    with pytest.raises(ValueError, match="data must be finite"):
        fit(gaussian, np.full((2, 3), np.nan))
    with pytest.raises(
        ValueError, match=r"data must have the shape \(n_samples, 3\) .* got \(2, 4\)"
    ):
        fit(gaussian, np.zeros((2, 4)))


def test_batches_are_drawn_anew_in_each_epoch():
    rbm = BernoulliRBM(2, 2, rng=np.random.default_rng(0))
    settings = make_settings(rbm, np.zeros((50, 2)), batch_size=10)
    orders = [settings.order(epoch) for epoch in (1, 2, 1)]
    assert sorted(orders[0]) == list(range(50))
    assert (orders[0] != orders[1]).any()
    np.testing.assert_array_equal(orders[0], orders[2])
    assert make_settings(rbm, np.zeros((50, 2))).order(1) is None


def test_rates_are_those_of_the_epochs():
    constant = make_settings(make_rbm(), DATA, learning_rate=0.25)
    np.testing.assert_array_equal(constant.rates(range(3, 6)), [0.25] * 3)
    falling = make_settings(make_rbm(), DATA, learning_rate=lambda epoch: 1 / epoch)
    np.testing.assert_array_equal(falling.rates(range(2, 5)), [1 / 2, 1 / 3, 1 / 4])


def test_chains_are_as_many_as_samples_in_a_batch_unless_said_otherwise():
    def count(**changes):
        return make_settings(make_rbm(), DATA, **changes).n_chains

    assert count(method="pcd", batch_size=3) == 3
    assert count(method="pcd", n_chains=7) == 7
    assert count(method="cd") == count(method="exact") == 0


def test_a_key_press_is_heard_soon():
    def epochs(n_samples, **changes):
        rbm = BernoulliRBM(64, 32, rng=np.random.default_rng(0))
        return make_settings(rbm, np.zeros((n_samples, 64)), **changes).epochs_per_call

    assert epochs(1) == EPOCHS_PER_CALL
    assert make_settings(make_rbm(), DATA, method="exact").epochs_per_call == EPOCHS_PER_CALL
    assert epochs(8000) == PRODUCTS_PER_CALL // (64 * 32 * 8000)
    assert epochs(8000, n_gibbs=3) == PRODUCTS_PER_CALL // (64 * 32 * 8000 * 3)
    assert epochs(100, batch_size=50, method="pcd", n_chains=8000) == PRODUCTS_PER_CALL // (
        64 * 32 * 2 * 8000
    )
    assert epochs(1000, n_gibbs=10**6) == 1
    rbm = BernoulliRBM(64, 14, rng=np.random.default_rng(0))
    settings = make_settings(rbm, np.zeros((100, 64)), method="exact", batch_size=50)
    assert settings.epochs_per_call == PRODUCTS_PER_CALL // (64 * 14 * 2 * 2**14)
