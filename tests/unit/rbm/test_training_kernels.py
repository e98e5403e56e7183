"""The kernels do what the NumPy form of training does, with the same random numbers."""

import numpy as np
import oracles
import pytest

from rgrbm._core.counter_rng import keys, uniforms
from rgrbm._core.packing import pack_units, unpack_units
from rgrbm.rbm import BernoulliRBM, GaussianBernoulliRBM, train
from rgrbm.rbm import _training_kernels as kernels
from rgrbm.rbm import _training_steps as steps
from rgrbm.rbm._settings import Settings


def bits(rng, *shape, share=0.4):
    return (rng.random(shape) < share).astype(np.float64)


def trained(monkeypatch, fewest, n_visible=40, n_hidden=36, n_samples=70, **changes):
    """Train with NumPy (`fewest` infinite) or with kernels (0)."""
    monkeypatch.setattr(steps, "PRODUCTS_FOR_KERNELS", fewest)
    rng = np.random.default_rng(1)
    data = bits(rng, n_samples, n_visible)
    rbm = BernoulliRBM.from_parameters(
        rng.normal(size=(n_visible, n_hidden)),
        rng.normal(size=n_visible),
        rng.normal(size=n_hidden),
    )
    arguments = {"n_epochs": 3, "learning_rate": 0.1, "batch_size": 30, "rng": rng, **changes}
    return rbm, train(rbm, data, **arguments)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"n_gibbs": 3},
        {"method": "pcd"},
        {"method": "pcd", "n_chains": 17, "n_gibbs": 2},
        {"method": "pcd", "n_chains": 900},
        {"momentum": 0.5, "l1": 0.1},
        {"momentum": 0.5, "l2": 0.3},
        {"l1": 0.1, "l2": 0.3, "method": "pcd"},
        {"probabilities": True, "method": "pcd", "n_gibbs": 2},
        {"probabilities": True, "batch_size": None},
        {"mask": np.arange(40)[:, None] % 3 == np.arange(36) % 3, "momentum": 0.9},
        {"learning_rate": lambda epoch: 0.2 / epoch},
        {"batch_size": None},
        {"batch_size": 1, "n_samples": 7},
        {"batch_size": None, "n_samples": 1500},
        {"batch_size": None, "n_samples": 17_000},  # 33 parts: more than are kept at a time
        {"n_visible": 1, "n_hidden": 1},
        {"n_visible": 32, "n_hidden": 64},
        {"n_visible": 100, "n_hidden": 3},
    ],
    ids=lambda changes: " ".join(changes) or "plain",
)
def test_the_two_forms_agree_in_value(monkeypatch, changes):
    plain, plain_history = trained(monkeypatch, np.inf, **changes)
    fast, fast_history = trained(monkeypatch, 0, **changes)
    # All draws are the same. Probabilities are float32 in the kernels: 1e-7 each, a few updates.
    for name in ("weights", "visible_bias", "hidden_bias"):
        np.testing.assert_allclose(getattr(fast, name), getattr(plain, name), rtol=0, atol=1e-6)
    if plain_history.reconstruction_error is not None:
        np.testing.assert_allclose(
            fast_history.reconstruction_error,
            plain_history.reconstruction_error,
            rtol=1e-12,
            atol=0,
        )


def make_settings(rbm, data, **changes):
    arguments = {
        "learning_rate": 0.1, "batch_size": None, "method": "cd", "n_gibbs": 1, "n_chains": None,
        "momentum": 0.0, "l1": 0.0, "l2": 0.0, "mask": None, "n_threads": 1,
        "learn_sigma": False, "probabilities": False, "rng": np.random.default_rng(0),
    }  # fmt: skip
    return Settings(rbm, data, **{**arguments, **changes})


def test_the_choice_goes_by_size():
    rbm = BernoulliRBM(64, 32, rng=np.random.default_rng(0))
    for batch_size, served in [(15, False), (16, True)]:
        settings = make_settings(rbm, np.zeros((100, 64)), batch_size=batch_size)
        assert steps._kernels_serve(rbm, np.array([0.1]), settings) == served
        assert not steps._kernels_serve(rbm, np.array([1e31]), settings), "float32 would overflow"
    for large in (1e31, -1e31, np.nan):
        other = rbm.copy()
        other.weights[3, 4] = large
        assert not steps._kernels_serve(other, np.array([0.1]), settings)
    small = BernoulliRBM(64, 20, rng=np.random.default_rng(0))
    exact = make_settings(small, np.zeros((100, 64)), method="exact")
    assert not steps._kernels_serve(small, np.array([0.1]), exact)
    real = GaussianBernoulliRBM(64, 32, rng=np.random.default_rng(0))
    settings = make_settings(real, np.zeros((100, 64)))
    assert not steps._kernels_serve(real, np.array([0.1]), settings)


@pytest.mark.parametrize("fewest", [np.inf, 0], ids=["numpy", "kernels"])
def test_the_chains_are_packed_and_both_forms_move_them_alike(monkeypatch, fewest):
    rng = np.random.default_rng(4)
    rbm = BernoulliRBM.from_parameters(rng.normal(0, 1, (40, 36)), np.zeros(40), np.zeros(36))
    settings = make_settings(rbm, bits(rng, 50, 40), method="pcd", n_chains=13)
    state = steps.start(rbm, settings)
    assert state.chains.dtype == np.uint32
    assert state.chains.shape == (2, 13)
    starts = unpack_units(state.chains, 40)
    assert all(any(np.array_equal(row, sample) for sample in settings.data) for row in starts)
    monkeypatch.setattr(steps, "PRODUCTS_FOR_KERNELS", fewest)
    after, _ = steps.advance(state, np.array([0.1]), settings)
    np.testing.assert_array_equal(unpack_units(state.chains, 40), starts)  # an interrupt needs it
    draws = steps.Draws(settings.seed, 0)
    hidden = draws.layer_of(13).random((13, 36)) < rbm.hidden_probabilities(starts)
    visible = draws.layer_of(13).random((13, 40)) < rbm.visible_probabilities(hidden)
    np.testing.assert_array_equal(after.chains, pack_units(visible))
    assert after.layer == draws.layer


@pytest.mark.parametrize("fewest", [np.inf, 0], ids=["numpy", "kernels"])
def test_the_state_before_stays_for_an_interrupt(monkeypatch, fewest):
    monkeypatch.setattr(steps, "PRODUCTS_FOR_KERNELS", fewest)
    rng = np.random.default_rng(7)
    settings = make_settings(BernoulliRBM(40, 36, rng=rng), bits(rng, 50, 40), momentum=0.5)
    state = steps.start(BernoulliRBM(40, 36, rng=rng), settings)
    moving, _ = steps.advance(state, np.array([0.1]), settings)
    before = [part.copy() for part in (*moving.velocity, moving.rbm.weights)]
    steps.advance(moving, np.array([0.1]), settings)
    for part, kept in zip((*moving.velocity, moving.rbm.weights), before, strict=True):
        assert np.any(kept)
        np.testing.assert_array_equal(part, kept)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["cd", "pcd"])
def test_the_result_does_not_depend_on_the_threads(monkeypatch, method):
    one, two = (
        trained(
            monkeypatch, 0, n_samples=2000, batch_size=1600, method=method, n_threads=n_threads
        )[0]
        for n_threads in (1, 2)
    )
    np.testing.assert_array_equal(one.weights, two.weights)
    np.testing.assert_array_equal(one.visible_bias, two.visible_bias)
    np.testing.assert_array_equal(one.hidden_bias, two.hidden_bias)


def test_one_part_of_samples_needs_no_threads(monkeypatch):
    monkeypatch.setattr(kernels, "parallel_epochs", None)
    trained(monkeypatch, 0, n_samples=1000, batch_size=700, n_threads=2)
    with pytest.raises(AttributeError):  # the kernel was asked for
        trained(monkeypatch, 0, n_samples=1000, batch_size=800, n_threads=2)


def rows_of(numbers):
    """Copy numbers to rows of 32."""
    rows = kernels._rows(numbers.size // 32)
    rows[:] = numbers.reshape(-1, 32)
    return rows


def one_for_each_row(n_rows):
    """States of as many units as samples: unit k is on in sample k, and looks up row k."""
    return pack_units(np.eye(n_rows, 32 * -(-n_rows // 32)))


NOTHING = np.zeros((1, 32), dtype=np.float32)


def test_the_logistic_function_is_good_to_float32():
    x = np.concatenate([np.linspace(-90, 90, 20_001), [-1e30, 1e30, 0.0]])
    x = np.resize(x, (640, 32)).astype(np.float32)
    exact = 1 / (1 + np.exp(-x.astype(np.float64).clip(-700, 700)))
    words, table, out = one_for_each_row(640), kernels._rows(128), kernels._rows(640)
    kernels._means(words, 0, rows_of(x), NOTHING, table, out, np.float32(-2.0))
    # Four units in the last place of a float32, for probabilities that can be drawn at all.
    np.testing.assert_allclose(out / -2.0, exact, rtol=5e-7, atol=2.0**-25)


@pytest.mark.parametrize("n_rows", [20, 100], ids=["one word", "four words"])
@pytest.mark.parametrize("weight", [0.0, 0.25])
def test_kernels_draw_the_same_numbers_as_numpy(n_rows, weight):
    key = keys(seed=3, first_layer=5, n_layers=1)[0]
    inputs = np.random.default_rng(0).normal(0, 3, (3, n_rows, 32)).astype(np.float32)
    inputs[1, :, 7] = -1e30
    probabilities = 1 / (1 + np.exp(-inputs.astype(np.float64).clip(-700, 700)))
    every = probabilities.transpose(1, 0, 2).reshape(n_rows, 96)
    expected = uniforms(key, n_rows, 96) < every
    n_first = 7  # the others are drawn by a second call
    words, table = one_for_each_row(n_rows), kernels._rows(128)
    drawn = np.zeros((3, n_rows), dtype=np.uint32)
    for block in range(3):
        rows = kernels._rows(32 * len(words))
        rows[:] = 0.0
        rows[:n_rows] = inputs[block]
        for first, stop in ((0, n_first), (n_first, n_rows)):
            out, n_before = kernels._rows(stop - first), 32 * (n_rows * block + first)
            kernels._draw(
                words, first, rows, NOTHING, table,
                out, np.float32(weight), key, n_before, drawn[block, first:stop],
            )  # fmt: skip
            if weight:
                means = weight * probabilities[block, first:stop]
                np.testing.assert_allclose(out, means, rtol=5e-7, atol=2.0**-25)
    np.testing.assert_array_equal(unpack_units(drawn, 96), expected)
    assert not expected[:, 39].any()


def test_sums_of_looked_up_rows_are_products_of_matrices():
    rng = np.random.default_rng(2)
    states = bits(rng, 9, 64)
    states[4] = 0
    weights = rng.normal(size=(64, 96)).astype(np.float32)
    bias = rng.normal(size=(3, 1, 32)).astype(np.float32)
    out, table = np.empty((4, 32), dtype=np.float32), np.empty((128, 32), dtype=np.float32)
    for block in range(3):
        rows = np.ascontiguousarray(weights[:, 32 * block : 32 * (block + 1)])
        kernels._product(pack_units(states), 2, 3, rows, bias[block], table, out)
        expected = states[3:7] @ rows + bias[block]
        np.testing.assert_allclose(out, expected, rtol=0, atol=2e-5)  # sums of 64 float32


def test_a_matrix_goes_to_blocks_of_columns_and_back():
    matrix = np.random.default_rng(5).normal(size=(50, 70))
    blocks = kernels._in_blocks(matrix, 64, -1.0)
    assert blocks.shape == (3, 64, 32)
    filled = np.full((64, 96), -1.0)
    filled[:50, :70] = matrix
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), filled)
    back = np.zeros_like(matrix)
    kernels._copy_back(blocks, back)
    np.testing.assert_array_equal(back, matrix)


def test_the_weights_of_a_machine_are_copied_in_the_other_order():
    down = np.random.default_rng(6).normal(size=(3, 64, 32)).astype(np.float32)
    up = np.zeros((2, 96, 32), dtype=np.float32)
    kernels._turn(kernels._Machine(down, up, NOTHING[None], NOTHING[None]))
    down, up = (np.concatenate(part, axis=1) for part in (down, up))
    np.testing.assert_array_equal(up, down.T)


@pytest.mark.parametrize("n_samples", [1, 31, 32, 33, 100])
def test_words_of_units_are_turned_into_words_of_samples(n_samples):
    states = bits(np.random.default_rng(3), n_samples, 64)
    words = kernels._words(2, n_samples)
    words[:] = pack_units(states)
    flipped = np.full((-(-n_samples // 32), 64), 0xFFFFFFFF, dtype=np.uint32)
    kernels._flip(words, flipped)
    np.testing.assert_array_equal(flipped, pack_units(states.T))
    for n_data in (0, 1, 31, 32, n_samples):
        weights = np.where(np.arange(n_samples) < n_data, 0.25, -0.5)
        sums = np.ones(64)
        kernels._add_means(flipped, n_data, 0.25, -0.5, sums)
        np.testing.assert_array_equal(sums, 1 + weights @ states)


@pytest.mark.slow
@pytest.mark.parametrize("n_gibbs", [1, 2])
def test_the_mean_update_of_the_kernels_is_the_exact_expectation(monkeypatch, n_gibbs):
    """The whole kernel against the transition matrix of a tiny machine; no random number shared."""
    monkeypatch.setattr(steps, "PRODUCTS_FOR_KERNELS", 0)
    rng = np.random.default_rng(5)
    start = BernoulliRBM.from_parameters(
        rng.normal(0, 1, (3, 2)), rng.normal(0, 0.5, 3), rng.normal(0, 0.5, 2)
    )
    rows = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 1], [1, 0, 1]])
    visible, step = oracles.bits(3), oracles.machine_step(start)
    begin = np.bincount(rows @ [4, 2, 1], minlength=8) / len(rows)
    end = np.linalg.matrix_power(step, n_gibbs) @ begin
    means = start.hidden_probabilities(visible)
    change = begin - end
    expected = np.einsum("s,si,sj->ij", change, visible, means)

    updates = []
    for _ in range(300):
        rbm = start.copy()
        train(rbm, np.tile(rows, (250, 1)), n_epochs=1, learning_rate=1.0, n_gibbs=n_gibbs, rng=rng)
        updates.append(rbm.weights - start.weights)
    error = np.std(updates, axis=0) / np.sqrt(len(updates))
    # 5 standard errors: a false alarm in any of 6 Gaussian comparisons has probability 4e-6.
    assert np.all(np.abs(np.mean(updates, axis=0) - expected) < 5 * error)
    assert np.abs(expected).max() > 50 * error.max()
