"""A small transformer with a custom Function in each block; one may be wrong."""

import torch

WIDTH = 8


class Scale(torch.autograd.Function):
    """x tanh(gain); backward is wrong by a factor where it is told so."""

    @staticmethod
    def forward(ctx, x, gain, factor):
        ctx.save_for_backward(x, gain)
        ctx.factor = factor
        return x * torch.tanh(gain)

    @staticmethod
    def backward(ctx, g):
        x, gain = ctx.saved_tensors
        slope = 1 - torch.tanh(gain) ** 2
        return g * torch.tanh(gain), ctx.factor * (g * x * slope).sum((0, 1)), None


scale = Scale.apply  # as many do: kept under another name


class Gain(torch.nn.Module):
    """A module round the Function."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.full((WIDTH,), 0.5))
        self.factor = factor

    def forward(self, x):
        return scale(x, self.gain, self.factor)


class Block(torch.nn.Module):
    """Attention and a multilayer perceptron, with dropout."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.norm = torch.nn.LayerNorm(WIDTH)
        self.attention = torch.nn.MultiheadAttention(WIDTH, 2, batch_first=True)
        self.gain = Gain(factor)
        self.mlp = torch.nn.Sequential(
            torch.nn.Linear(WIDTH, WIDTH), torch.nn.GELU(), torch.nn.Dropout(0.2)
        )

    def forward(self, x):
        y = self.norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.gain(self.mlp(x))


class Cut(torch.nn.Module):
    """A module whose own forward cuts the graph; healthy if told not to."""

    def __init__(self, *, cut=True):
        super().__init__()
        self.inside = torch.nn.Linear(WIDTH, WIDTH)
        self.gate = torch.nn.Linear(WIDTH, WIDTH)
        self.cut = cut

    def forward(self, x):
        gate = torch.sigmoid(self.gate(x))
        return self.inside(x) * (gate.detach() if self.cut else gate)


class Net(torch.nn.Module):
    """Six blocks; `wrong` is the number of one whose rule is off by a factor of 2."""

    def __init__(self, wrong=None, *, last=None):
        super().__init__()
        torch.manual_seed(0)
        self.embed = torch.nn.Embedding(20, WIDTH)
        self.blocks = torch.nn.ModuleList(
            Block(2.0 if k == wrong else 1.0) for k in range(6)
        )
        self.batch = torch.nn.BatchNorm1d(WIDTH)
        self.last = torch.nn.Linear(WIDTH, WIDTH) if last is None else last

    def forward(self, words):
        x = self.embed(words)
        for block in self.blocks:
            x = block(x)
        x = self.batch(x.transpose(1, 2)).transpose(1, 2)
        return self.last(x)
