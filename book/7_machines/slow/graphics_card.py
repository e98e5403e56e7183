"""Train machines of 500 hidden units, twelve at once, on a graphics card.

The chapter on PyTorch reads them. Written to graphics_card.npz, beside this
file. There are two methods, CD-25 and PCD-25. Images become bits in two ways,
as in pytorch.py: "threshold", and "drawn", anew whenever an image is used. Of
each pair there are three machines with random numbers of their own. All twelve
are one stack of matrices, by method, way and machine.

epochs : int64 (4,)
    After how many epochs the machines were judged.
lengths : int64 (3,)
    Temperatures of annealed importance sampling, from the base rates; the
    last only at the end.
log_z : float64 (4, 3, 2, 2, 3, 2)
    By epochs, lengths and machine: value and error, of 100 chains.
test, train : float64 (4, 2, 2, 3, 2)
    By epochs and machine: mean of -F over the 10,000 test images, and over the
    first 10,000 training images, as threshold and as drawn bits.
small : float64 (3, 2)
    By lengths: ln Z of the stored machine of 20 units, value and error.
equal : float64 (2,)
    The machine of the library on the card and on the processor, 200 updates
    of PCD-5 with the same uniforms, in double precision: share of equal bits
    in the chains, and the largest difference of two weights.
seconds : float64 (2, 3)
    An update of 100 units, CD-5, batch 50, and of 500 units, CD-25, batch
    100: `rgrbm.rbm.train` on one thread of the processor beside the card,
    `TorchRBM` on the card, and the twelve machines here.
card : str
    Which card it was, and the version of PyTorch.
weights, visible_bias, hidden_bias : float16
    The first machine of PCD and "drawn", and
rounded : float64 ()
    its mean of -F over the test images as threshold bits, after rounding.

It needs CUDA. Run it from anywhere, with RGRBM_DATA as in load_mnist:
python book/7_machines/slow/graphics_card.py
"""

import os
from functools import partial
from pathlib import Path
from time import perf_counter

os.environ["RGRBM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch

from rgrbm.chapters import store_result
from rgrbm.datasets import load_mnist
from rgrbm.networks import TorchRBM
from rgrbm.rbm import BernoulliRBM, train

HERE = Path(__file__).parent
EPOCHS, LENGTHS = (8, 16, 32, 64), (1000, 10_000, 100_000)
BATCH, N_GIBBS, N_HIDDEN, RATE = 100, 25, 500, 0.05
METHODS, WAYS, SEEDS = 2, 2, 3
KINDS = (METHODS, WAYS, SEEDS)
N_MACHINES = METHODS * WAYS * SEEDS


def probabilities(v, weights, bias):
    return torch.sigmoid(torch.baddbmm(bias[:, None], v, weights))


def draw(p):
    return (torch.rand_like(p) < p).to(p)


class Stack:
    """Machines of one size, one beside the other; all arrays lead with them."""

    def __init__(self, weights, visible_bias, hidden_bias):
        self.w, self.c, self.b = weights, visible_bias, hidden_bias

    def hidden(self, v):
        return probabilities(v, self.w, self.b)

    def visible(self, h):
        return probabilities(h, self.w.mT, self.c)

    def update(self, bits, chains, persistent, rate):
        """Climb by a step of PCD where `persistent` is true, else of CD."""
        start = self.hidden(bits)
        h = self.hidden(torch.where(persistent, chains, bits))
        for _ in range(N_GIBBS):
            v = draw(self.visible(draw(h)))
            h = self.hidden(v)
        chains.copy_(v)
        step = rate / bits.shape[1]
        self.w += step * (bits.mT @ start - v.mT @ h)
        self.c += step * (bits - v).sum(1)
        self.b += step * (start - h).sum(1)

    def mean_log_weight(self, images):
        """Mean of -F over images that all machines are shown."""
        w, c, b = (part.double() for part in (self.w, self.c, self.b))
        parts = []
        for v in images.double().split(1000):
            push = v @ w + b[:, None]
            softplus = push.logaddexp(torch.zeros_like(push)).sum(2)
            parts.append((c @ v.T + softplus).mean(1))
        return torch.stack(parts).mean(0)

    def log_z(self, base, n_temperatures, n_chains=100):
        """Annealed importance sampling from independent units with base rates.

        At x, from 0 to 1: ln f(v) = (1 - x) base v + x c v + the softpluses of
        x (b + v w), summed. A chain's weight is the product of the ratios f at
        the next x over f at this one.
        """
        v = draw(torch.sigmoid(base)[:, None].repeat(1, n_chains, 1))
        gain = torch.zeros(v.shape[:2], device=v.device, dtype=torch.float64)
        zero = torch.zeros((), device=v.device)
        x = torch.linspace(0, 1, n_temperatures + 1, device=v.device)
        for k in range(n_temperatures):
            push = torch.baddbmm(self.b[:, None], v, self.w)
            up = (x[k + 1] * push).logaddexp(zero) - (x[k] * push).logaddexp(
                zero
            )
            linear = v @ (self.c - base)[:, :, None]
            gain += up.sum(2) + (x[k + 1] - x[k]) * linear[:, :, 0]
            h = draw(torch.sigmoid(x[k + 1] * push))
            bias = (1 - x[k + 1]) * base + x[k + 1] * self.c
            v = draw(probabilities(h, x[k + 1] * self.w.mT, bias))
        start = base.double().logaddexp(zero.double()).sum(1)
        start += self.b.shape[1] * np.log(2)
        most = gain.max(1, keepdim=True).values
        ratio = (gain - most).exp()
        mean = ratio.mean(1)
        value = start + most[:, 0] + mean.log()
        error = ratio.std(1) / mean / n_chains**0.5
        return torch.stack([value, error], dim=-1).cpu().numpy()


def trained(levels, device):
    """Yield the stack at the end of each of EPOCHS."""
    n_images, n_visible = levels.shape[1:]
    kinds = np.indices(KINDS).reshape(3, N_MACHINES)
    method, way, _ = torch.tensor(kinds, device=device)
    mean = levels.mean(1).clamp(0.5 / n_images, 1 - 0.5 / n_images)
    stack = Stack(
        0.01 * torch.randn(N_MACHINES, n_visible, N_HIDDEN, device=device),
        torch.logit(mean)[way],
        torch.zeros(N_MACHINES, N_HIDDEN, device=device),
    )
    bits = torch.zeros(N_MACHINES, BATCH, n_visible, device=device)
    chains = torch.rand_like(bits).round()
    persistent = (method == 1)[:, None, None]
    rate = torch.zeros((), device=device)
    step = partial(stack.update, bits, chains, persistent, rate)
    if device == "cuda":  # one launch an update, where there were hundreds
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            step()  # at rate zero
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        step = graph.replay
    for epoch in range(max(EPOCHS)):
        rate.fill_(RATE * (1 - epoch / max(EPOCHS)))
        order = torch.rand(N_MACHINES, n_images, device=device).argsort(1)
        for some in order.split(BATCH, dim=1):
            bits.copy_(draw(levels[way[:, None], some]))
            step()
        if epoch + 1 in EPOCHS:
            yield torch.logit(mean)[way], stack


def equal(device):
    """Train the library's machine here and there on the same uniforms."""
    rng = np.random.default_rng(0)
    data = rng.integers(2, size=(50, 784))
    start = BernoulliRBM(784, 100, rng=rng)
    ends = []
    for place in ("cpu", device):
        machine = TorchRBM.from_rgrbm(start, device=place)
        optimizer = torch.optim.SGD(machine.parameters(), lr=0.1)
        batch = torch.tensor(data, dtype=torch.float64, device=place)
        chains = batch
        numbers = np.random.default_rng(1)
        for _ in range(200):
            uniforms = [numbers.random((50, n)) for n in 5 * [100, 784]]
            chains = machine.gibbs(chains, 5, uniforms=uniforms)
            loss = machine.free_energy(batch) - machine.free_energy(chains)
            optimizer.zero_grad()
            loss.mean().backward()
            optimizer.step()
        ends.append((chains.cpu(), machine.weights.detach().cpu()))
    (chains, weights), (chains_there, weights_there) = ends
    same = (chains == chains_there).double().mean()
    return same, (weights - weights_there).abs().max()


def seconds(bits, device):
    """Time an update of the kernel, and of the library's machine in PyTorch."""
    found = np.zeros((2, 2))
    for row, (n_hidden, k, size, n) in enumerate(
        [(100, 5, 50, 100), (N_HIDDEN, N_GIBBS, BATCH, 20)]
    ):
        rng = np.random.default_rng(0)
        some = bits[: n * size]
        rbm = BernoulliRBM(784, n_hidden, rng=rng)
        settings = {"method": "cd", "n_gibbs": k, "batch_size": size}
        settings |= {"learning_rate": 0.05, "rng": rng}
        train(rbm, some[: 2 * size], n_epochs=1, **settings)  # compiles
        started = perf_counter()
        train(rbm, some, n_epochs=1, **settings)
        found[row, 0] = (perf_counter() - started) / n
        machine = TorchRBM.from_rgrbm(rbm, device=device, dtype="float32")
        generator = torch.Generator(device).manual_seed(0)
        optimizer = torch.optim.SGD(machine.parameters(), lr=0.05)
        there = torch.tensor(some, dtype=torch.float32, device=device)
        for _ in range(2):  # the first round warms up
            started = perf_counter()
            for batch in there.split(size):
                chains = machine.gibbs(batch, k, generator=generator)
                loss = machine.free_energy(batch) - machine.free_energy(chains)
                optimizer.zero_grad()
                loss.mean().backward()
                optimizer.step()
            machine.weights.sum().item()  # waits until all is done
            found[row, 1] = (perf_counter() - started) / n
    return found


def main(device="cuda"):
    torch.manual_seed(0)
    mnist = load_mnist()
    threshold = (mnist.train_images > 127).astype(np.uint8)
    levels = np.stack([threshold, mnist.train_images / 255]).astype(np.float32)
    levels = torch.tensor(levels, device=device)
    sets = {"test": mnist.test_images, "train": mnist.train_images[:10_000]}
    for name, images in sets.items():
        uniforms = np.random.default_rng(2026).random(images.shape)
        both = np.stack([images > 127, uniforms < images / 255])
        sets[name] = torch.tensor(both, dtype=torch.float32, device=device)
    results = {
        "epochs": np.array(EPOCHS),
        "lengths": np.array(LENGTHS),
        "log_z": np.zeros((len(EPOCHS), len(LENGTHS), *KINDS, 2)),
        "test": np.zeros((len(EPOCHS), *KINDS, 2)),
        "train": np.zeros((len(EPOCHS), *KINDS, 2)),
        "seconds": np.zeros((2, 3)),
        "equal": np.array(equal(device)),
    }
    print("equal", results["equal"])
    results["seconds"][:, :2] = seconds(threshold, device)
    with np.load(HERE / "pytorch.npz") as file:
        names = ("weights", "visible_bias", "hidden_bias")
        parts = [file[f"small_{name}"] for name in names]
    small = Stack(
        *(torch.tensor(part[None], device=device).float() for part in parts)
    )
    base = torch.logit(levels[:1].mean(1).clamp(1e-5, 1 - 1e-5))
    results["small"] = np.array([small.log_z(base, n)[0] for n in LENGTHS])
    print("small", results["small"])
    started, judged = perf_counter(), 0.0
    for k, (base, stack) in enumerate(trained(levels, device)):
        begun = perf_counter()
        for name, both in sets.items():
            means = [stack.mean_log_weight(bits).cpu() for bits in both]
            results[name][k] = np.stack(means, axis=-1).reshape(*KINDS, 2)
        for j, n in enumerate(LENGTHS):
            if n < max(LENGTHS) or EPOCHS[k] == max(EPOCHS):
                results["log_z"][k, j] = stack.log_z(base, n).reshape(*KINDS, 2)
        judged += perf_counter() - begun
        nats = [
            results[name][k] - results["log_z"][k, 1, ..., :1] for name in sets
        ]
        print(EPOCHS[k], np.mean(nats, axis=3).round(1).tolist(), flush=True)
        print(perf_counter() - started, flush=True)
    n_updates = max(EPOCHS) * levels.shape[1] / BATCH
    results["seconds"][1, 2] = (perf_counter() - started - judged) / n_updates
    print("seconds", results["seconds"])
    last = N_MACHINES - SEEDS
    halves = [
        part[last : last + 1].half() for part in (stack.w, stack.c, stack.b)
    ]
    first = Stack(*(part.float() for part in halves))
    card = torch.cuda.get_device_name() if device == "cuda" else "none"
    store_result(
        Path(__file__).with_suffix(".npz"),
        **results,
        **{
            name: half[0].cpu().numpy()
            for name, half in zip(names, halves, strict=True)
        },
        rounded=first.mean_log_weight(sets["test"][0]).item(),
        card=f"{card}, PyTorch {torch.__version__}",
    )


if __name__ == "__main__":
    main()
