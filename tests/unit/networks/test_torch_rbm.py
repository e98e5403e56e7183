"""The machine in PyTorch: exact gradients, and the library's training step by step."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

from rgrbm._core.counter_rng import keys, uniforms
from rgrbm.networks import TorchRBM
from rgrbm.rbm import (
    BernoulliRBM,
    GaussianBernoulliRBM,
    exact_log_partition,
    exact_moments,
    train,
)

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install rgrbm[torch]")

STATES = (np.arange(2**6)[:, None] >> np.arange(6)) & 1


def drawn(n_visible=6, n_hidden=4, width=1.0, seed=0):
    """Make a machine of the library with all parameters away from zero."""
    rng = np.random.default_rng(seed)
    parameters = rng.normal(0, width, n_visible * n_hidden + n_visible + n_hidden)
    return BernoulliRBM(n_visible, n_hidden, rng=rng).with_vector(parameters)


def data(n_samples=20, n_visible=6, seed=1):
    return np.random.default_rng(seed).integers(2, size=(n_samples, n_visible))


def slopes(machine):
    return [part.grad.numpy() for part in machine.parameters()]


def test_it_is_a_module_of_pytorch_and_a_torch_rbm():
    machine = TorchRBM(3, 2, rng=np.random.default_rng(0))
    assert isinstance(machine, TorchRBM)
    assert isinstance(machine, torch.nn.Module)
    assert [name for name, _ in machine.named_parameters()] == [
        "weights",
        "visible_bias",
        "hidden_bias",
    ]
    assert {part.dtype for part in machine.parameters()} == {torch.float32}
    assert repr(machine) == "TorchRBM()"


def test_it_starts_as_the_machine_of_the_library_does():
    machine = TorchRBM(3, 2, dtype="float64", rng=np.random.default_rng(5))
    there = BernoulliRBM(3, 2, rng=np.random.default_rng(5))
    assert np.array_equal(machine.to_rgrbm().to_vector(), there.to_vector())


def test_the_smallest_machine_has_one_unit_in_each_layer():
    rng = np.random.default_rng(0)
    assert TorchRBM(1, 1, rng=rng).weights.shape == (1, 1)
    for sizes, name in (((0, 1), "n_visible"), ((1, 0), "n_hidden")):
        with pytest.raises(ValueError, match=f"{name} must be at least 1"):
            TorchRBM(*sizes, rng=rng)


@pytest.mark.parametrize("make", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_it_can_be_copied_and_pickled(make):
    machine = TorchRBM.from_rgrbm(drawn())
    again = make(machine)
    with torch.no_grad():
        machine.weights.zero_()
    assert np.array_equal(again.to_rgrbm().weights, drawn().weights)
    machine.load_state_dict(again.state_dict())
    assert np.array_equal(machine.to_rgrbm().to_vector(), drawn().to_vector())


def test_the_free_energy_is_that_of_the_library():
    for width in (1.0, 30.0):  # and where softplus would be replaced by its argument
        rbm = drawn(width=width)
        machine = TorchRBM.from_rgrbm(rbm)
        for visible in (STATES, torch.tensor(STATES), STATES[3], STATES[:6].reshape(2, 3, 6)):
            found = machine.free_energy(visible)
            expected = rbm.free_energy(np.asarray(visible))
            np.testing.assert_allclose(found.detach(), expected, rtol=1e-13)
            assert torch.equal(machine(visible), found)
    there = TorchRBM.from_rgrbm(rbm, dtype="float32").to_rgrbm()
    np.testing.assert_array_equal(there.weights, rbm.weights.astype(np.float32))


def test_the_gradient_of_the_exact_log_likelihood_is_data_minus_model():
    rbm, batch = drawn(), data()
    machine = TorchRBM.from_rgrbm(rbm)
    log_z = torch.logsumexp(-machine.free_energy(STATES), dim=0)
    assert abs(log_z.item() - exact_log_partition(rbm)) < 1e-12
    (-machine.free_energy(batch).mean() - log_z).backward()
    hidden, model = rbm.hidden_probabilities(batch), exact_moments(rbm)
    expected = [
        batch.T @ hidden / len(batch) - model.products,
        batch.mean(axis=0) - model.visible,
        hidden.mean(axis=0) - model.hidden,
    ]
    for found, wanted in zip(slopes(machine), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-13)


def test_the_gradient_of_the_loss_is_that_of_contrastive_divergence():
    rbm, batch, chains = drawn(width=30.0), data(), data(7, seed=2)
    machine = TorchRBM.from_rgrbm(rbm)
    machine.loss(batch, chains).backward()
    here, there = (rbm.hidden_probabilities(visible) for visible in (batch, chains))
    expected = [
        chains.T @ there / 7 - batch.T @ here / 20,
        chains.mean(axis=0) - batch.mean(axis=0),
        there.mean(axis=0) - here.mean(axis=0),
    ]
    for found, wanted in zip(slopes(machine), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-13)


class Numbers:
    """The library's random numbers of a run: one is taken from a generator, as `train` does."""

    def __init__(self, rng):
        self.seed, self.layer = int(rng.integers(2**63)), 0

    def order(self, epoch, n_samples):
        return np.random.default_rng([self.seed, epoch]).permutation(n_samples)

    def chains(self, n_samples, n_chains):
        return np.random.default_rng([self.seed, 0]).integers(n_samples, size=n_chains)

    def layers(self, n_chains, *widths):
        for width in widths:
            yield uniforms(keys(self.seed, self.layer, 1)[0], n_chains, width)
            self.layer += 1


def trained(samples, method, n_gibbs, n_epochs, batch_size, rate, seed):
    rng = np.random.default_rng(seed)
    n_visible, n_hidden = samples.shape[1], 5
    machine = TorchRBM(n_visible, n_hidden, dtype="float64", rng=rng)
    optimizer = torch.optim.SGD(machine.parameters(), lr=rate)
    numbers = Numbers(rng)
    samples = torch.tensor(samples, dtype=torch.float64)
    chains = samples[numbers.chains(len(samples), batch_size)]
    for epoch in range(1, n_epochs + 1):
        order = numbers.order(epoch, len(samples))
        for first in range(0, len(samples), batch_size):
            batch = samples[order[first : first + batch_size]]
            start = batch if method == "cd" else chains
            draws = list(numbers.layers(len(start), *[n_hidden, n_visible] * n_gibbs))
            chains = machine.gibbs(start, n_gibbs, uniforms=draws)
            optimizer.zero_grad()
            machine.loss(batch, chains).backward()
            optimizer.step()
    return machine.to_rgrbm()


@pytest.mark.slow
@pytest.mark.parametrize(("method", "n_gibbs"), [("cd", 1), ("cd", 3), ("pcd", 2)])
def test_given_the_same_random_numbers_it_is_trained_as_in_the_library(method, n_gibbs):
    samples = data(100, 12)
    samples[:, 6:] = samples[:, :6]  # something to learn
    found = trained(samples, method, n_gibbs, 40, 25, 0.5, seed=3)
    rng = np.random.default_rng(3)
    rbm = BernoulliRBM(12, 5, rng=rng)
    train(
        rbm, samples, method=method, n_gibbs=n_gibbs,
        n_epochs=40, batch_size=25, learning_rate=0.5, rng=rng,
    )  # fmt: skip
    assert np.abs(rbm.weights).max() > 0.5
    np.testing.assert_allclose(found.to_vector(), rbm.to_vector(), rtol=0, atol=1e-12)


def test_nothing_of_the_chain_is_recorded():
    machine = TorchRBM.from_rgrbm(drawn())
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(saved.append, lambda packed: packed):
        chains = machine.gibbs(data(), 3, generator=torch.Generator().manual_seed(0))
    assert not saved
    assert not chains.requires_grad
    assert chains.dtype == torch.float64
    draws = [np.random.default_rng(0).random((20, width)) for width in (4, 6)]
    one = machine.gibbs(data(), 1, uniforms=draws)
    assert torch.equal(machine.gibbs(data(), uniforms=draws), one), "one step, if it is not said"
    assert machine.gibbs(data(), 0, uniforms=[]).numpy().tolist() == data().tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gibbs_steps_keep_the_law_of_the_machine(dtype):
    rbm = drawn()
    law, n_chains = np.exp(-rbm.free_energy(STATES) - exact_log_partition(rbm)), 40_000
    start = STATES[np.random.default_rng(4).choice(64, p=law, size=n_chains)]
    machine = TorchRBM.from_rgrbm(rbm, dtype=dtype)
    moved = machine.gibbs(start, 2, generator=torch.Generator().manual_seed(1))
    states = moved.numpy().astype(int) @ (1 << np.arange(6))
    counts = np.bincount(states, minlength=64)
    expected = n_chains * law
    chi2 = np.sum((counts - expected) ** 2 / expected)
    assert abs(chi2 - 63) < 4.5 * np.sqrt(2 * 63)


def test_gibbs_steps_arrive_at_the_law_of_the_machine():
    rbm = drawn()
    machine = TorchRBM.from_rgrbm(rbm)
    generator = torch.Generator().manual_seed(2)
    moved = machine.gibbs(np.zeros((40_000, 6)), 60, generator=generator).numpy()
    model = exact_moments(rbm).visible
    error = np.sqrt(model * (1 - model) / len(moved))
    assert np.all(np.abs(moved.mean(axis=0) - model) < 4.5 * error)


@pytest.mark.parametrize(
    ("error", "name", "arguments"),
    [
        (ValueError, "uniforms", {}),
        (ValueError, "uniforms", {"generator": True, "uniforms": []}),
        (ValueError, "uniforms", {"uniforms": [np.zeros((20, 4))]}),
        (ValueError, "uniforms", {"uniforms": [np.zeros((20, 4)), np.zeros((20, 5))]}),
        (ValueError, "uniforms", {"uniforms": [np.zeros((20, 4)), np.full((20, 6), 1.5)]}),
        (TypeError, "generator", {"generator": np.random.default_rng(0)}),
    ],
)
def test_random_numbers_that_do_not_fit_are_refused(error, name, arguments):
    with pytest.raises(error, match=name):
        TorchRBM.from_rgrbm(drawn()).gibbs(data(), **arguments)


def test_tensors_that_hold_no_bits_are_refused():
    machine = TorchRBM.from_rgrbm(drawn())
    with pytest.raises(ValueError, match="n_steps must be at least 0"):
        machine.gibbs(data(), -1, generator=torch.Generator())
    with pytest.raises(ValueError, match="uniforms must be a list of 4 arrays"):
        machine.gibbs(data(), 2, uniforms=[])
    for wrong in (torch.full((2, 6), 0.5), torch.full((2, 6), torch.nan), torch.zeros(2, 5)):
        with pytest.raises(ValueError, match="visible must"):
            machine.free_energy(wrong)
    with pytest.raises(ValueError, match="chains must have the shape"):
        machine.loss(data(), torch.zeros(6))
    with pytest.raises(ValueError, match="data must have the shape"):
        machine.loss(torch.zeros(0, 6), data())
    with pytest.raises(ValueError, match="visible must have the shape"):
        machine.free_energy(torch.tensor(1.0))


def test_machines_that_it_cannot_be_are_refused():
    with pytest.raises(TypeError, match="rbm must be a BernoulliRBM"):
        TorchRBM.from_rgrbm(GaussianBernoulliRBM(3, 2, rng=np.random.default_rng(0)))
    large = BernoulliRBM.from_parameters([[1e60]], [0.0], [0.0])
    assert TorchRBM.from_rgrbm(large).to_rgrbm().weights == [[1e60]]
    with pytest.raises(FloatingPointError, match="weights of rbm is too large"):
        TorchRBM.from_rgrbm(large, dtype="float32")
    machine = TorchRBM.from_rgrbm(drawn())
    with torch.no_grad():
        machine.hidden_bias[0] = torch.nan
    with pytest.raises(ValueError, match="hidden_bias must be finite"):
        machine.to_rgrbm()


def test_a_device_that_is_not_there_is_refused():
    for wrong in ("abacus", "meta", "cpu:x"):
        with pytest.raises(ValueError, match="device must be one that PyTorch finds"):
            TorchRBM(3, 2, device=wrong, rng=np.random.default_rng(0))
    with pytest.raises(TypeError, match="device must be a string"):
        TorchRBM(3, 2, device=0, rng=np.random.default_rng(0))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no GPU")
def test_on_a_gpu_only_the_random_numbers_differ():
    machine = TorchRBM.from_rgrbm(drawn(), device="cuda")
    np.testing.assert_allclose(
        machine.free_energy(STATES).detach().cpu(), drawn().free_energy(STATES), rtol=1e-12
    )
    draws = [np.random.default_rng(0).random((20, width)) for width in (4, 6)]
    here = TorchRBM.from_rgrbm(drawn()).gibbs(data(), uniforms=draws)
    assert torch.equal(machine.gibbs(data(), uniforms=draws).cpu(), here)
    generator = torch.Generator("cuda").manual_seed(0)
    assert machine.gibbs(data(), generator=generator).device.type == "cuda"
    with pytest.raises(ValueError, match="generator must be on cuda"):
        machine.gibbs(data(), generator=torch.Generator())


def test_the_door_opens_without_pytorch():
    code = "import sys, rgrbm.networks; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
