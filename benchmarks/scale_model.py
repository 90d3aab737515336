"""A transformer of GPT-2-small's sizes, its work counted, and checks of it.

GPT-2's initial values (weights of 0.02, biases of zero, layer norms of one), tied
embeddings, and in every block an activation with a backward pass written by hand, which
may be wrong in one of them. All of it is float32, on the CPU.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from clinometer import check

__all__ = ["Sizes", "Transformer", "Work", "checked", "checked_flat", "trained"]

ROOT = (2 / torch.pi) ** 0.5
"""Factor in the usual formula of GELU, dimensionless."""

CUBIC = 0.044715
"""Weight of the cubic term in it."""


class Gelu(torch.autograd.Function):
    """GELU in its tanh form; backward forgets the inner derivative if told so."""

    @staticmethod
    def forward(ctx: Any, x: Any, wrong: bool) -> Any:  # noqa: FBT001 - torch's way
        ctx.save_for_backward(x)
        ctx.wrong = wrong
        return 0.5 * x * (1 + torch.tanh(ROOT * (x + CUBIC * x**3)))

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        (x,) = ctx.saved_tensors
        tanh = torch.tanh(ROOT * (x + CUBIC * x**3))
        slope = 0.5 * (1 + tanh)
        if not ctx.wrong:
            slope = slope + 0.5 * x * (1 - tanh**2) * ROOT * (1 + 3 * CUBIC * x**2)
        return gradients[0] * slope, None


@final
@dataclass(frozen=True)
class Sizes:
    """Sizes of a transformer; those of GPT-2 small unless told otherwise."""

    width: int = 768
    depth: int = 12
    heads: int = 12
    words: int = 50257
    places: int = 1024


class Activation(nn.Module):
    """The activation in a block of its own name."""

    def __init__(self, *, wrong: bool) -> None:
        super().__init__()
        self.wrong = wrong

    def forward(self, x: Any) -> Any:
        return Gelu.apply(x, self.wrong)


class Block(nn.Module):
    """Attention and a multilayer perceptron."""

    def __init__(self, sizes: Sizes, *, wrong: bool) -> None:
        super().__init__()
        width = sizes.width
        self.heads = sizes.heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.act = Activation(wrong=wrong)

    def forward(self, h: Any) -> Any:
        length, width = h.shape
        q, k, v = (
            part.reshape(length, self.heads, -1).transpose(0, 1)
            for part in self.attention(self.first(h)).chunk(3, -1)
        )
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        h = h + self.out(mixed.transpose(0, 1).reshape(length, width))
        return h + self.down(self.act(self.up(self.second(h))))


class Transformer(nn.Module):
    """Logits for the next token; `wrong` is the number of a block at fault."""

    def __init__(self, sizes: Sizes, wrong: int | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.words = nn.Embedding(sizes.words, sizes.width)
        self.places = nn.Embedding(sizes.places, sizes.width)
        self.blocks = nn.Sequential(
            *[Block(sizes, wrong=k == wrong) for k in range(sizes.depth)]
        )
        self.last = nn.LayerNorm(sizes.width)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens: Any) -> Any:
        """(T, words) logits for tokens (T)."""
        h = self.words(tokens) + self.places(torch.arange(len(tokens)))
        return self.last(self.blocks(h)) @ self.words.weight.T


@final
class Work(TorchDispatchMode):
    """Counts the multiplications in matrix products while it is entered.

    They are what a forward pass costs: with them a backward pass counts as two, and a
    part of a model as the part that it is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0

    def __torch_dispatch__(  # noqa: PLR0917 - torch's signature
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)  # noqa: SLF001 - as torch does
        if count is not None:
            self.flops += count(*args, **(kwargs or {}), out_val=out)
        return out


def _loss(tokens: Any) -> Any:
    """The loss of the logits at tokens, as a function of the model's output."""
    return lambda out: nn.functional.cross_entropy(out[:-1], tokens[1:])


def _problem(sizes: Sizes, tokens: int, wrong: int | None = None) -> tuple[Any, Any]:
    """The model, and tokens for it to read."""
    random = torch.Generator().manual_seed(1)
    return Transformer(sizes, wrong), torch.randint(
        0, sizes.words, (tokens,), generator=random
    )


def trained(sizes: Sizes, tokens: int) -> dict[str, Any]:
    """A training step: forward and backward, gradients kept."""
    model, words = _problem(sizes, tokens)
    began = time.perf_counter()
    _loss(words)(model(words)).backward()
    count = sum(p.numel() for p in model.parameters())
    return {
        "said": f"{count:,} parameters",
        "forwards": 3,
        "seconds": time.perf_counter() - began,
    }


def _forward(model: Any, words: Any) -> int:
    """Multiplications in one forward pass."""
    with torch.no_grad(), Work() as work:
        model(words)
    return work.flops


def checked(sizes: Sizes, tokens: int, *, wrong: int | None = None) -> dict[str, Any]:
    """The check of the model as users call it."""
    model, words = _problem(sizes, tokens, wrong)
    one = _forward(model, words)
    began = time.perf_counter()
    with Work() as work:
        report = check(model, words, loss=_loss(words))
    named = {found.path: found.cause.value for found in report.diagnoses}
    said = "; ".join(f"{path} ({cause})" for path, cause in named.items())
    return {
        "said": f"{report.verdict.value}{': ' if said else ''}{said}",
        "forwards": work.flops / one,
        "evaluations": report.evaluations,
        "seconds": time.perf_counter() - began,
    }


def checked_flat(sizes: Sizes, tokens: int) -> dict[str, Any]:
    """The check of the loss as a function of a dict of all parameters."""
    model, words = _problem(sizes, tokens)
    one = _forward(model, words)
    loss = _loss(words)

    def f(parameters: dict[str, Any]) -> Any:
        return loss(torch.func.functional_call(model, parameters, (words,)))

    x = {name: p.detach() for name, p in model.named_parameters()}
    began = time.perf_counter()
    with Work() as work:
        report = check(f, x)
    seen = sorted(power.smallest for power in report.power)
    return {
        "said": f"{report.verdict.value}; smallest error of an entry seen: "
        f"{seen[len(seen) // 2]:.1g} of the largest of its leaf (median of leaves)",
        "forwards": work.flops / one,
        "evaluations": report.evaluations,
        "seconds": time.perf_counter() - began,
    }
