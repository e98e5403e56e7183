"""Large arrays are worked on in blocks: the memory is bounded, and what comes out is the same."""

import tracemalloc

import numpy as np
import pytest

from rgrbm.rbm import (
    BernoulliRBM,
    GaussianBernoulliRBM,
    _blocks,
    effective_couplings,
    log_likelihood,
    pseudo_log_likelihood,
)

CONSTANT = 50e6  # bytes: some blocks, and the weights


def machine(kind, n_visible, n_hidden, scale=0.1):
    draw = np.random.default_rng(0).normal
    size = (n_visible, n_hidden)
    parameters = draw(0, scale, size), draw(size=n_visible), draw(size=n_hidden)
    return kind.from_parameters(*parameters, *([1.5] if kind is GaussianBernoulliRBM else []))


CALLS = {
    "free_energy": lambda rbm, v, h, rng: rbm.free_energy(v),
    "hidden_free_energy": lambda rbm, v, h, rng: rbm.hidden_free_energy(h),
    "hidden_probabilities": lambda rbm, v, h, rng: rbm.hidden_probabilities(v),
    "sample_hidden": lambda rbm, v, h, rng: rbm.sample_hidden(v, rng),
    "sample_visible": lambda rbm, v, h, rng: rbm.sample_visible(h, rng),
    "gibbs": lambda rbm, v, h, rng: rbm.gibbs(v, 3, rng),
    "no gibbs": lambda rbm, v, h, rng: rbm.gibbs(v, 0, rng),
    "reconstruct": lambda rbm, v, h, rng: rbm.reconstruct(v, rng),
    "log_likelihood": lambda rbm, v, h, rng: np.array(log_likelihood(rbm, v.reshape(-1, 7), 0.0)),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", [BernoulliRBM, GaussianBernoulliRBM])
def test_blocks_change_nothing(monkeypatch, kind, name):
    rbm, rng = machine(kind, 7, 5), np.random.default_rng(1)
    # Columns of a larger array, in another order of memory: no rows that can be seen as a block.
    visible = rng.integers(0, 2, (9, 10, 3), dtype=np.uint8).transpose(2, 1, 0)[..., ::-1][..., :7]
    hidden = rng.integers(0, 2, (3, 10, 5), dtype=np.uint8)
    found = []
    for size in (2**19, 100, 1):
        monkeypatch.setattr(_blocks, "NUMBERS_PER_BLOCK", size)
        rng = np.random.default_rng(2)
        found.append(CALLS[name](rbm, visible, hidden, rng))
        found[-1] = (found[-1], rng.random())
    for values, later in found:
        assert values.dtype == found[0][0].dtype
        assert values.shape == found[0][0].shape
        np.testing.assert_allclose(values, found[0][0], rtol=1e-13)
        assert later == found[0][1]


def test_a_wrong_entry_in_the_last_block_is_found_before_anything_is_drawn(monkeypatch):
    monkeypatch.setattr(_blocks, "NUMBERS_PER_BLOCK", 10)
    rbm, rng = machine(BernoulliRBM, 7, 5), np.random.default_rng(1)
    visible = np.zeros((20, 7))
    visible[-1, -1] = 0.5
    for call in (rbm.sample_hidden, rbm.reconstruct, lambda v, rng: rbm.gibbs(v, 2, rng)):
        with pytest.raises(ValueError, match="visible must hold only 0 and 1"):
            call(visible, rng)
    for call in (lambda data: log_likelihood(rbm, data, 0.0),
                 lambda data: pseudo_log_likelihood(rbm, data)):  # fmt: skip
        with pytest.raises(ValueError, match="data must hold only 0 and 1"):
            call(visible)
    with pytest.raises(ValueError, match=r"data must have the shape \(n_samples, 7\)"):
        log_likelihood(rbm, np.zeros((4, 5, 7)), 0.0)
    assert rng.random() == np.random.default_rng(1).random()


def test_states_are_not_changed_and_not_shared():
    rbm, rng = machine(BernoulliRBM, 7, 5), np.random.default_rng(1)
    for dtype in (np.float64, np.uint8, bool, np.float16):
        visible = np.zeros((4, 7), dtype)
        for call in CALLS.values():
            found = call(rbm, visible, np.zeros((4, 5), dtype), rng)
            assert not visible.any()
            assert not np.shares_memory(found, visible)


@pytest.fixture(scope="module")
def many_bits():
    """Visible and hidden bits, which no call changes."""
    rng = np.random.default_rng(1)
    visible = (rng.random((57_400, 784), dtype=np.float32) < 0.2).astype(np.uint8)
    return visible, (rng.random((57_400, 256), dtype=np.float32) < 0.5).astype(np.uint8)


@pytest.mark.parametrize("name", [*CALLS, "pseudo_log_likelihood"])
@pytest.mark.slow
def test_45_megabytes_of_bytes(name, many_bits):
    """Beside the result, at most as much as four times the data and a constant."""
    n_samples = 2_000 if name == "pseudo_log_likelihood" else 57_400
    rbm, rng = machine(BernoulliRBM, 784, 20 if "pseudo" in name else 256), np.random.default_rng(1)
    if name == "log_likelihood":
        call = lambda v, h: log_likelihood(rbm, v, 0.0)  # noqa: E731
    elif "pseudo" in name:
        call = lambda v, h: pseudo_log_likelihood(rbm, v)  # noqa: E731
    else:
        call = lambda v, h: CALLS[name](rbm, v, h, rng)  # noqa: E731
    visible, hidden = (bits[:n_samples] for bits in many_bits)
    call(visible[:10], hidden[:10])
    tracemalloc.start()
    found = call(visible, hidden)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    unavoidable = found.nbytes if name == "hidden_probabilities" else 0  # floats
    assert peak < 4 * visible.nbytes + CONSTANT + unavoidable, peak / 1e6


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, 2])
def test_couplings_of_many_visible_units_take_blocks(order):
    rbm = machine(BernoulliRBM, 784, 1)
    tracemalloc.start()
    found = effective_couplings(
        rbm, "visible", order, n_samples=64, rng=np.random.default_rng(0)
    ).value
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.shape == (784,) * order
    assert peak < 10 * 784**2 * 8 + CONSTANT, peak / 1e6  # some tables; 64 would be 315 MB


@pytest.mark.parametrize("size", [2**19, 1])
def test_no_gibbs_step_gives_a_copy_as_bytes(monkeypatch, size):
    monkeypatch.setattr(_blocks, "NUMBERS_PER_BLOCK", size)
    visible = np.ones((4, 7), np.uint8)
    found = machine(BernoulliRBM, 7, 5).gibbs(visible, 0, np.random.default_rng(0))
    assert found.dtype == np.uint8
    assert not np.shares_memory(found, visible)
    np.testing.assert_array_equal(found, visible)
