"""Time of contrastive divergence, CD-1, on the two tasks of the book, beside other packages.

All train the same machine on the same data with the same number of updates, on one thread. PyTorch
is written by hand in two ways: as most people write it, and as fast as we could. After the timing,
each machine's reconstruction error is measured by one function: they must have learnt the same.

The arithmetic of an update is five products of matrices. What a perfect BLAS would need for it is
the time of these products at the rate of a large product in float32.
"""

import contextlib
import io
import logging
from functools import partial
from importlib.metadata import version
from statistics import median
from time import perf_counter

import numpy as np
import torch
from blas import seconds_of_products
from sklearn.neural_network import BernoulliRBM as ScikitRBM

from rgrbm.datasets import load_mnist01
from rgrbm.rbm import BernoulliRBM, train
from rgrbm.sampler import exact_chain

ROUNDS = 7
RATE = 0.1


def ours(data, n_hidden, batch_size, n_epochs, seed):
    rng = np.random.default_rng(seed)
    rbm = BernoulliRBM(data.shape[1], n_hidden, rng=rng)
    started = perf_counter()
    train(rbm, data, n_epochs=n_epochs, learning_rate=RATE, batch_size=batch_size, rng=rng)
    return perf_counter() - started, rbm


def scikit_learn(precision, data, n_hidden, batch_size, n_epochs, seed):
    """Train with scikit-learn, whose machine has the precision of the data; it is PCD-1."""
    data = data.astype(precision)
    machine = ScikitRBM(
        n_hidden, learning_rate=RATE, batch_size=batch_size, n_iter=n_epochs, random_state=seed
    )
    started = perf_counter()
    machine.fit(data)
    seconds = perf_counter() - started
    return seconds, BernoulliRBM.from_parameters(
        machine.components_.T, machine.intercept_visible_, machine.intercept_hidden_
    )


def pytorch(draw, data, n_hidden, batch_size, n_epochs, seed):
    """Train with PyTorch; `draw` turns probabilities into bits."""
    torch.manual_seed(seed)
    data = torch.from_numpy(data.astype(np.float32))
    n_samples, n_visible = data.shape
    weights = 0.01 * torch.randn(n_visible, n_hidden)
    visible_bias, hidden_bias = torch.zeros(n_visible), torch.zeros(n_hidden)
    started = perf_counter()
    with torch.no_grad():
        for _ in range(n_epochs):
            order = torch.randperm(n_samples) if batch_size < n_samples else None
            for start in range(0, n_samples, batch_size):
                batch = data if order is None else data[order[start : start + batch_size]]
                hidden = torch.sigmoid(torch.addmm(hidden_bias, batch, weights))
                visible = torch.sigmoid(torch.addmm(visible_bias, draw(hidden), weights.T))
                visible = draw(visible)
                hidden_model = torch.sigmoid(torch.addmm(hidden_bias, visible, weights))
                step = RATE / len(batch)
                weights += step * (batch.T @ hidden - visible.T @ hidden_model)
                visible_bias += step * (batch - visible).sum(dim=0)
                hidden_bias += step * (hidden - hidden_model).sum(dim=0)
    seconds = perf_counter() - started
    return seconds, BernoulliRBM.from_parameters(
        weights.numpy(), visible_bias.numpy(), hidden_bias.numpy()
    )


def compare_with_uniform(probabilities):
    """Draw bits as `torch.bernoulli` does, in half the time."""
    return torch.rand(probabilities.shape).lt_(probabilities)


def learnergy(data, n_hidden, batch_size, n_epochs, seed):
    logging.disable(logging.CRITICAL)
    from learnergy.models.bernoulli import RBM

    torch.manual_seed(seed)
    inputs = torch.from_numpy(data.astype(np.float32))
    dataset = torch.utils.data.TensorDataset(inputs, torch.zeros(len(data)))
    machine = RBM(n_visible=data.shape[1], n_hidden=n_hidden, learning_rate=RATE)
    started = perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
        machine.fit(dataset, batch_size=batch_size, epochs=n_epochs)
    seconds = perf_counter() - started
    parameters = (part.detach().numpy() for part in (machine.W, machine.a, machine.b))
    return seconds, BernoulliRBM.from_parameters(*parameters)


def compare(title, data, n_hidden, batch_size, n_epochs, packages):
    """Time all packages in turn, several rounds, and print ratios."""
    for run in packages.values():
        run(data, n_hidden, batch_size, 1, 0)  # compile, and warm up
    times, machines = {name: [] for name in packages}, {}
    for seed in range(ROUNDS):
        for name, run in packages.items():
            seconds, machines[name] = run(data, n_hidden, batch_size, n_epochs, seed)
            times[name].append(seconds / n_epochs)
    fastest = median(times["rgrbm"])
    rng = np.random.default_rng(0)
    print(f"\n{title}: {len(data)} x {data.shape[1]} x {n_hidden}, batch {batch_size}, one thread")
    print(f"{'':32} ms/epoch  rgrbm is  wrong bits after {n_epochs} epochs")
    for name, machine in machines.items():
        wrong = np.mean([np.mean(machine.reconstruct(data, rng) != data) for _ in range(20)])
        time = median(times[name])
        print(f"{name:32} {1e3 * time:8.3f} {time / fastest:7.1f} x  {100 * wrong:6.2f} %")
    blas = seconds_of_products(*data.shape, n_hidden)
    print(f"{'the five products, perfect BLAS':32} {1e3 * blas:8.3f} {blas / fastest:7.1f} x")


def ising():
    return (exact_chain(800, 64, 1.0, rng=np.random.default_rng(0)) > 0).astype(np.float64)


def mnist():
    images = load_mnist01()[0]
    return images[np.random.default_rng(0).permutation(2000)[:1600]].astype(np.float64)


def main():
    torch.set_num_threads(1)
    scikit, pytorch_version = version("scikit-learn"), version("torch").split("+")[0]
    packages = {
        "rgrbm": ours,
        f"scikit-learn {scikit}, float64": partial(scikit_learn, np.float64),
        f"scikit-learn {scikit}, float32": partial(scikit_learn, np.float32),
        f"PyTorch {pytorch_version}, bernoulli(p)": partial(pytorch, torch.bernoulli),
        f"PyTorch {pytorch_version}, rand < p": partial(pytorch, compare_with_uniform),
        f"learnergy {version('learnergy')}": learnergy,
    }
    compare("Ising", ising(), 32, 800, 300, packages)
    packages.popitem()
    compare("MNIST", mnist(), 144, 100, 8, packages)


if __name__ == "__main__":
    main()
