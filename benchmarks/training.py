"""Epochs of contrastive divergence, CD-1, on the two tasks of the book.

All train the same machine on the same data with the same number of updates. After it, the wrong
bits of reconstructions are counted by one function: all must have learnt the same. scikit-learn
keeps its chains (PCD-1). PyTorch is written by hand in three ways (`pytorch_by_hand`).

The arithmetic of an update is five products of matrices. What a perfect BLAS would need for it is
the time of these products at the rate of a large product in float32.
"""

import contextlib
import io
import logging
from functools import partial

import numpy as np
from harness import Side, compare, growth, package, sides, timed
from scipy.special import expit

from rgrbm.datasets import load_mnist01
from rgrbm.rbm import BernoulliRBM, train
from rgrbm.sampler import exact_chain

LARGE = 1536  # rows of the large product


def rows(settings):
    """Yield what is compared, and how ours grows."""
    by_hand = f"{package('torch')} by hand"
    packages = {
        "rgrbm": ours,
        f"{package('scikit-learn')}, float64": partial(scikit_learn, np.float64),
        f"{package('scikit-learn')}, float32": partial(scikit_learn, np.float32),
        f"{by_hand}, plain": partial(pytorch, "plain"),
        f"{by_hand}, tuned": partial(pytorch, "tuned"),
        f"{by_hand}, compiled": partial(pytorch, "compiled"),
        package("learnergy"): learnergy,
        f"{package('rbms')}, its functions": rbms,
        "NumPy": with_numpy,
    }
    tasks = (
        ("Ising", ising(), 32, 800, 0.5, settings.pick(300, 50)),
        ("MNIST", mnist(), 144, 100, 0.1, settings.pick(8, 2)),
    )
    for name, *task in tasks:
        data, n_hidden, batch_size, _, n_epochs = task

        def seconds(run, seed, task=task, n_epochs=n_epochs):
            return run(*task, seed)[0] / n_epochs

        def value(run, task=task):
            return wrong_bits(run(*task, 0)[1], task[0])

        def perfect(_, n_products=data.size * n_hidden):
            return seconds_of_products(n_products)

        mine, *others = sides(packages, seconds, value)
        others.append(Side("a perfect BLAS, the products alone", perfect))
        shape = f"{len(data)} x {data.shape[1]} x {n_hidden}, batch {batch_size}"
        yield from compare(
            f"{name} training, {shape}", "epoch", mine, others, settings,
            quantity=f"wrong bits after {n_epochs} epochs, %",
        )  # fmt: skip
    n_epochs = settings.pick(50, 10)
    yield growth(
        "Ising training, 32 hidden units",
        "samples",
        settings.pick([800, 1600, 3200, 6400, 12_800], [400, 800, 1600]),
        lambda n: ours(ising(n), 32, n, 0.5, n_epochs, 0)[0],
        settings,
        expected=1,
    )
    yield growth(
        "Ising training, 800 samples",
        "hidden units",
        settings.pick([32, 64, 128, 256, 512], [32, 64, 128]),
        lambda n: ours(ising(), n, 800, 0.5, n_epochs, 0)[0],
        settings,
        expected=1,
    )


def ising(n_samples=800):
    """Return bits of rings of 64 spins at K = 1."""
    return (exact_chain(n_samples, 64, 1.0, rng=np.random.default_rng(0)) > 0).astype(np.float64)


def mnist():
    """Return 1600 handwritten zeros and ones, of bits."""
    images = load_mnist01()[0]
    return images[np.random.default_rng(0).permutation(2000)[:1600]].astype(np.float64)


def wrong_bits(machine, data):
    """Return how many bits of a reconstruction are wrong, in per cent."""
    rng = np.random.default_rng(0)
    return float(100 * np.mean([machine.reconstruct(data, rng) != data for _ in range(20)]))


def seconds_of_products(n_products):
    """Return the seconds of the five products of an epoch, at the rate of a large one."""
    a, b = np.random.default_rng(0).random((2, LARGE, LARGE), dtype=np.float32)
    return timed(np.matmul, a, b) * 5 * n_products / LARGE**3


def ours(data, n_hidden, batch_size, rate, n_epochs, seed):
    """Return the seconds of training, and the machine, as all that follow do."""
    rng = np.random.default_rng(seed)
    rbm = BernoulliRBM(data.shape[1], n_hidden, rng=rng)
    options = {"n_epochs": n_epochs, "learning_rate": rate, "batch_size": batch_size}
    return timed(train, rbm, data, rng=rng, **options), rbm


def scikit_learn(precision, data, n_hidden, batch_size, rate, n_epochs, seed):
    """Train with scikit-learn; its machine has the precision of the data."""
    from sklearn.neural_network import BernoulliRBM as Machine

    options = {"learning_rate": rate, "batch_size": batch_size, "n_iter": n_epochs}
    machine = Machine(n_hidden, random_state=seed, **options)
    seconds = timed(machine.fit, data.astype(precision))
    return seconds, BernoulliRBM.from_parameters(
        machine.components_.T, machine.intercept_visible_, machine.intercept_hidden_
    )


def pytorch(form, data, n_hidden, batch_size, rate, n_epochs, seed):
    """Train with PyTorch by hand."""
    import pytorch_by_hand
    import torch

    torch.manual_seed(seed)
    data = torch.from_numpy(data.astype(np.float32))
    weights = 0.01 * torch.randn(data.shape[1], n_hidden)
    parameters = weights, torch.zeros(data.shape[1]), torch.zeros(n_hidden)
    update = getattr(pytorch_by_hand, form)(*parameters, batch_size, rate)
    seconds = timed(pytorch_by_hand.train, update, data, batch_size, n_epochs)
    return seconds, BernoulliRBM.from_parameters(*(part.numpy() for part in parameters))


def learnergy(data, n_hidden, batch_size, rate, n_epochs, seed):
    """Train with learnergy, which is PyTorch."""
    logging.disable(logging.CRITICAL)
    import torch
    from learnergy.models.bernoulli import RBM

    torch.manual_seed(seed)
    inputs = torch.from_numpy(data.astype(np.float32))
    dataset = torch.utils.data.TensorDataset(inputs, torch.zeros(len(data)))
    machine = RBM(n_visible=data.shape[1], n_hidden=n_hidden, learning_rate=rate)
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
        seconds = timed(machine.fit, dataset, batch_size=batch_size, epochs=n_epochs)
    parameters = (part.detach().numpy() for part in (machine.W, machine.a, machine.b))
    return seconds, BernoulliRBM.from_parameters(*parameters)


def rbms(data, n_hidden, batch_size, rate, n_epochs, seed):
    """Train with the functions of rbms; its own loop writes a file after each update."""
    import pytorch_by_hand
    import torch
    from rbms.bernoulli_bernoulli.classes import BBRBM

    torch.manual_seed(seed)
    data = torch.from_numpy(data.astype(np.float32))
    weights = 0.01 * torch.randn(data.shape[1], n_hidden)
    machine = BBRBM(weights, torch.zeros(data.shape[1]), torch.zeros(n_hidden))
    machine.init_grad()
    optimizer = torch.optim.SGD(machine.parameters(), lr=rate, maximize=True)

    def update(batch):
        up = machine.init_chains(len(batch), start_v=batch)
        machine.compute_gradient(up, machine.sample_state(n_steps=1, chains=up), centered=False)
        optimizer.step()

    seconds = timed(pytorch_by_hand.train, update, data, batch_size, n_epochs)
    parameters = machine.weight_matrix, machine.vbias, machine.hbias
    return seconds, BernoulliRBM.from_parameters(*(part.numpy() for part in parameters))


def with_numpy(data, n_hidden, batch_size, rate, n_epochs, seed):
    """Train with NumPy in float32, as it is written down."""
    rng = np.random.default_rng(seed)
    data = data.astype(np.float32)
    weights = 0.01 * rng.standard_normal((data.shape[1], n_hidden), dtype=np.float32)
    visible_bias, hidden_bias = (np.zeros(n, dtype=np.float32) for n in weights.shape)

    def draw(probabilities):
        uniform = rng.random(probabilities.shape, dtype=np.float32)
        return (uniform < probabilities).astype(np.float32)

    def epoch():
        nonlocal weights, visible_bias, hidden_bias
        order = rng.permutation(len(data))
        for start in range(0, len(data), batch_size):
            batch = data[order[start : start + batch_size]]
            hidden = expit(batch @ weights + hidden_bias)
            visible = draw(expit(draw(hidden) @ weights.T + visible_bias))
            hidden_model = expit(visible @ weights + hidden_bias)
            step = np.float32(rate / len(batch))
            weights += step * (batch.T @ hidden - visible.T @ hidden_model)
            visible_bias += step * (batch - visible).sum(axis=0)
            hidden_bias += step * (hidden - hidden_model).sum(axis=0)

    seconds = sum(timed(epoch) for _ in range(n_epochs))
    return seconds, BernoulliRBM.from_parameters(weights, visible_bias, hidden_bias)
