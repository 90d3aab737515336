"""What spot checks of a training cost, what they find, and whom they accuse wrongly.

    python -m benchmarks.spot            prints the tables
    python -m benchmarks.spot --write    and puts them into docs/training.md
    python -m benchmarks.spot --only costs     one table alone; or finds

Time is that of the processor, on one thread, as a share of a training step (forward,
backward, Adam) of the same model. Wrong gradients are planted in healthy models.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from clinometer import SpotCheck, Verdict

PAGE = Path(__file__).parents[1] / "docs" / "training.md"

Batches: TypeAlias = Callable[[], tuple[Tensor, Tensor]]
Spoil: TypeAlias = Callable[[nn.Module], None]

EVERY = 100
"""Steps between checks in the table of costs."""

ROUNDS = 21
"""Checks, and steps without, that are timed."""


@final
@dataclass(frozen=True)
class Case:
    """A model with its data.

    make : the model, from the current seed.
    batch : inputs and labels, from the current seed.
    """

    name: str
    make: Callable[[], nn.Module]
    batch: Batches


class Residual(nn.Module):
    """A block of a transformer: attention and a perceptron, normed and added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.block = nn.TransformerEncoderLayer(
            width, 4, 4 * width, dropout=0.1, batch_first=True, norm_first=True
        )

    def forward(self, x: Tensor) -> Tensor:
        """Tokens see those before them."""
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.block(x, src_mask=mask, is_causal=True)


def perceptron() -> nn.Module:
    """38,000 parameters, dropout, batch norm, ReLU: kinks everywhere."""
    return nn.Sequential(
        nn.Linear(64, 256),
        nn.BatchNorm1d(256),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(256, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def convolutions() -> nn.Module:
    """20,000 parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.GELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.GELU(),
        nn.Flatten(),
        nn.Linear(512, 29),
        nn.Linear(29, 10),
    )


def transformer() -> nn.Module:
    """A language model of 120,000 parameters."""
    width = 64
    return nn.Sequential(
        nn.Embedding(128, width),
        Residual(width),
        Residual(width),
        nn.Linear(width, 128),
    )


def flat() -> tuple[Tensor, Tensor]:
    x = torch.randn(256, 64)
    return x, (x[:, 0] > 0).long() + 2 * (x[:, 1] > 0).long()


def images() -> tuple[Tensor, Tensor]:
    x, y = flat()
    return x.reshape(256, 1, 8, 8), y


def tokens() -> tuple[Tensor, Tensor]:
    x = torch.randint(128, (16, 33))
    return x[:, :-1], x[:, 1:]


CASES = (
    Case("perceptron, ReLU, dropout, batch norm", perceptron, flat),
    Case("convolutions, GELU, batch norm", convolutions, images),
    Case("transformer, dropout", transformer, tokens),
)


class Half(torch.autograd.Function):
    """The identity, with half of its derivative."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """The same."""
        del ctx
        return x * 1

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Wrong on purpose."""
        del ctx
        return gradient / 2


def halved(model: nn.Module) -> None:
    """Behind the first layer."""
    part = next(model.children())
    part.register_forward_hook(lambda _, __, out: Half.apply(out))


def detached(model: nn.Module) -> None:
    """Half of what comes out of the layer before the last."""
    part = [*model.children()][-2]
    part.register_forward_hook(lambda _, __, out: out / 2 + out.detach() / 2)


def scaled(model: nn.Module) -> None:
    """One weight matrix's gradient, by 1.2."""
    weights = [p for p in model.parameters() if p.ndim > 1]
    weights[1].register_hook(lambda gradient: gradient * 1.2)


def lost(model: nn.Module) -> None:
    """The gradient of one bias."""
    bias = [p for p in model.parameters() if p.ndim == 1][-1]
    bias.register_hook(torch.zeros_like)


FAULTS: tuple[tuple[str, Spoil], ...] = (
    ("backward of a layer forgets a factor of two", halved),
    ("half of a layer's output detached", detached),
    ("gradient of one matrix 20 % too large", scaled),
    ("gradient of the last bias lost", lost),
)


def steps(
    case: Case, *, seed: int, low: bool, spoil: Spoil | None = None, **options: Any
) -> Iterator[SpotCheck]:
    """A training of Adam, one step at a time; low: under autocast to bfloat16."""
    torch.manual_seed(seed)
    model = case.make()
    if spoil is not None:
        spoil(model)
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    spot = SpotCheck(model, seed=seed, **options)
    while True:
        x, y = case.batch()

        def closure(x: Tensor = x, y: Tensor = y) -> Tensor:
            with torch.autocast("cpu", torch.bfloat16, enabled=low):
                out = model(x)
            return functional.cross_entropy(out.float().flatten(0, -2), y.flatten())

        optimiser.zero_grad()
        spot.loss(closure).backward()
        spot.check()
        optimiser.step()
        yield spot


def overhead(case: Case, *, low: bool) -> str:
    """A row: what the first check and the later ones cost, in training steps.

    Steps with and without a check take turns, so that both meet the same machine.
    """
    alone = steps(case, seed=0, low=low, every=10**9)
    watched = steps(case, seed=0, low=low, every=1)
    next(alone)  # checked, as every first step is
    _, first = timed(watched)
    plain: list[float] = []
    later: list[float] = []
    while len(later) < ROUNDS:
        plain.append(timed(alone)[1])
        spot, seconds = timed(watched)
        if spot.found[-1].forwards == 2:
            later.append(seconds)
    step = statistics.median(plain)
    more = statistics.median(later) / step - 1
    anew = sum(found.forwards > 2 for found in spot.found[1:])
    dtype = "float64" if spot.found[-1].double else "its own"
    name = f"{case.name}{', bfloat16' if low else ''}"
    return (
        f"| {name} | {1e3 * step:.1f} ms | {first / step - 1:.0f} steps | "
        f"{more:.1f} steps, {dtype} | {more / EVERY:.1%} | "
        f"{anew} of {len(spot.found) - 1} |"
    )


def timed(run: Iterator[SpotCheck]) -> tuple[SpotCheck, float]:
    """One step, and the processor's time for it in seconds."""
    start = time.process_time()
    spot = next(run)
    return spot, time.process_time() - start


def verdicts(*, seeds: range, checks: int, low: bool, spoil: Spoil | None) -> list[str]:
    """Verdicts of some checks, ten steps from one to the next, of every case."""
    found: list[str] = []
    for case in CASES:
        for seed in seeds:
            run = steps(case, seed=seed, low=low, spoil=spoil, every=10)
            for _ in range(10 * (checks - 1) + 1):
                spot = next(run)
            found += [spot_found.verdict.value for spot_found in spot.found]
    return found


def row(name: str, found: list[str]) -> str:
    """Counts of verdicts."""
    counts = [found.count(verdict.value) for verdict in Verdict]
    return f"| {name} | {len(found)} | " + " | ".join(map(str, counts)) + " |"


def costs() -> Iterator[str]:
    """Lines of the table of costs."""
    yield (
        f"| model | a step | first check | a later one | at every={EVERY} | "
        "measured anew |"
    )
    yield "| --- | --- | --- | --- | --- | --- |"
    for case in CASES:
        for low in (False, True):
            yield overhead(case, low=low)


def finds(*, seeds: int, checks: int) -> Iterator[str]:
    """Lines of the table of verdicts."""
    heads = " | ".join(verdict.value.replace("-", " ") for verdict in Verdict)
    yield f"| gradient | checks | {heads} |"
    yield "| --- | --- | --- | --- | --- |"
    many = range(200, 200 + seeds)
    for low in (False, True):
        end = ", bfloat16" if low else ""
        healthy = verdicts(seeds=many, checks=checks, low=low, spoil=None)
        yield row(f"right{end}", healthy)
        for name, spoil in FAULTS:
            few = verdicts(seeds=many, checks=2, low=low, spoil=spoil)
            yield row(f"{name}{end}", few)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into docs/training.md")
    parser.add_argument("--only", choices=("costs", "finds"), help="one of the tables")
    parser.add_argument("--seeds", type=int, default=2, help="trainings a model")
    parser.add_argument("--checks", type=int, default=12, help="in a healthy training")
    given = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("clinometer").setLevel(logging.ERROR)
    tables = {"costs": costs(), "finds": finds(seeds=given.seeds, checks=given.checks)}
    for name, table in tables.items():
        if given.only in {None, name}:
            lines: list[str] = []
            for line in table:
                print(line, flush=True)
                lines.append(line)
            print()
            if given.write:
                write(name, lines)


def write(name: str, lines: list[str]) -> None:
    """Put a table between its marks on the page."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, rest = PAGE.read_text(encoding="utf-8").split(begin)
    table = "\n".join([begin, "", *lines, "", end])
    PAGE.write_text(head + table + rest.split(end)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
