"""CD-1 in PyTorch by hand, in three forms, each a function that returns an update.

`plain` is what most people write, with bits drawn by ``rand < p``: that takes half the time of
``torch.bernoulli``. `tuned` is the fastest that we found: nothing is allocated, and a coin takes 16
random bits, of which PyTorch makes four at a time. So its probabilities are rounded to 1/65536.
`compiled` lets `torch.compile` fuse the plain form, with these coins; it needs a C++ compiler. What
it gains by fusing, it loses by its own exponential, and by 50 microseconds a call.
"""

import math

import torch

SHORT = 2**16  # values of 16 bits


def train(update, data, batch_size, n_epochs):
    """Take all batches through an update, in an order that is new in each epoch."""
    torch.set_num_threads(1)
    batch = torch.empty(batch_size, data.shape[1])
    with torch.no_grad():
        for _ in range(n_epochs):
            if batch_size == len(data):
                update(data)
                continue
            order = torch.randperm(len(data))
            for start in range(0, len(data), batch_size):
                update(torch.index_select(data, 0, order[start : start + batch_size], out=batch))


def plain(weights, visible_bias, hidden_bias, batch_size, rate):
    """Write it down."""

    def draw(probabilities):
        return torch.rand(probabilities.shape).lt_(probabilities)

    step = rate / batch_size

    def update(batch):
        hidden = torch.sigmoid(torch.addmm(hidden_bias, batch, weights))
        visible = torch.sigmoid(torch.addmm(visible_bias, draw(hidden), weights.T))
        visible = draw(visible)
        hidden_model = torch.sigmoid(torch.addmm(hidden_bias, visible, weights))
        weights.add_(batch.T @ hidden - visible.T @ hidden_model, alpha=step)
        visible_bias.add_((batch - visible).sum(dim=0), alpha=step)
        hidden_bias.add_((hidden - hidden_model).sum(dim=0), alpha=step)

    return update


class Coins:
    """Random numbers of 16 bits, from -32768 on, four of them from a word of 64."""

    def __init__(self, *shape):
        n_numbers = math.prod(shape)
        self.words = torch.empty(-(-n_numbers // 4), dtype=torch.int64)
        self.numbers = self.words.view(torch.int16)[:n_numbers].view(shape)
        self.as_floats, self.thresholds = torch.empty(shape), torch.empty(shape)
        self.lowest = torch.tensor(-(SHORT + 1) / 2)

    def toss(self):
        """Draw the numbers anew."""
        self.words.random_(-(2**63), None)

    def bits(self, probabilities, out):
        """Draw bits, as floats."""
        self.toss()
        self.as_floats.copy_(self.numbers)
        torch.add(self.lowest, probabilities, alpha=SHORT, out=self.thresholds)
        return torch.lt(self.as_floats, self.thresholds, out=out)


def tuned(weights, visible_bias, hidden_bias, batch_size, rate):
    """Allocate nothing, add products in place, and toss cheap coins."""
    n_visible, n_hidden = weights.shape
    hidden, hidden_bits, hidden_model = torch.empty(3, batch_size, n_hidden)
    visible, visible_bits = torch.empty(2, batch_size, n_visible)
    visible_coins, hidden_coins = Coins(batch_size, n_visible), Coins(batch_size, n_hidden)
    visible_sum, hidden_sum = torch.empty(n_visible), torch.empty(n_hidden)
    step = rate / batch_size

    def update(batch):
        torch.addmm(hidden_bias, batch, weights, out=hidden).sigmoid_()
        hidden_coins.bits(hidden, hidden_bits)
        torch.addmm(visible_bias, hidden_bits, weights.T, out=visible).sigmoid_()
        visible_coins.bits(visible, visible_bits)
        torch.addmm(hidden_bias, visible_bits, weights, out=hidden_model).sigmoid_()
        weights.addmm_(batch.T, hidden, alpha=step)
        weights.addmm_(visible_bits.T, hidden_model, alpha=-step)
        torch.sub(batch, visible_bits, out=visible)
        visible_bias.add_(torch.sum(visible, dim=0, out=visible_sum), alpha=step)
        hidden_bias.add_(torch.sum(hidden.sub_(hidden_model), dim=0, out=hidden_sum), alpha=step)

    return update


def compiled(weights, visible_bias, hidden_bias, batch_size, rate):
    """Let `torch.compile` fuse what it can."""
    n_visible, n_hidden = weights.shape
    visible_coins, hidden_coins = Coins(batch_size, n_visible), Coins(batch_size, n_hidden)
    step = rate / batch_size

    def draw(probabilities, numbers):
        return (numbers < SHORT * probabilities - (SHORT + 1) / 2).float()

    @torch.compile(fullgraph=True, dynamic=False)
    def fused(batch, weights, visible_bias, hidden_bias, visible_numbers, hidden_numbers):
        hidden = torch.sigmoid(torch.addmm(hidden_bias, batch, weights))
        bits = draw(hidden, hidden_numbers)
        visible = draw(torch.sigmoid(torch.addmm(visible_bias, bits, weights.T)), visible_numbers)
        hidden_model = torch.sigmoid(torch.addmm(hidden_bias, visible, weights))
        weights.addmm_(batch.T, hidden, alpha=step)
        weights.addmm_(visible.T, hidden_model, alpha=-step)
        visible_bias.add_((batch - visible).sum(dim=0), alpha=step)
        hidden_bias.add_((hidden - hidden_model).sum(dim=0), alpha=step)

    def update(batch):
        visible_coins.toss()
        hidden_coins.toss()
        numbers = visible_coins.numbers, hidden_coins.numbers
        fused(batch, weights, visible_bias, hidden_bias, *numbers)

    return update
