"""What a check of large gradients costs: ten million entries, 124 million parameters.

    python -m benchmarks.scale [--write] [--quick]

Each case runs in a process of its own, so that its peak of memory is its own. With
--write the table goes to docs/scale.md, else it is printed. --quick takes arrays and a
model a hundred times smaller.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from clinometer import check

Case = Callable[[int], dict[str, Any]]

PAGE = Path(__file__).parents[1] / "docs" / "scale.md"

SIZE = 10_000_000
"""Entries of the NumPy gradients."""

TOKENS = 32
"""Length of the sequence that the model reads."""


def _problem(shrink: int) -> tuple[Any, Any, Any]:
    """f, x and the right gradient: a weighted sum of sines of a matrix."""
    shape = (SIZE // shrink // 4000, 4000)
    random = np.random.default_rng(5)
    x, w = random.normal(size=shape), random.uniform(0.5, 2.0, size=shape)
    return lambda x: (w * np.sin(x)).sum(), x, w * np.cos(x)


def _planted(places: list[Any], *, flat: bool) -> Case:
    """A case in which the gradient is 1.5 times too large at some places."""

    def run(shrink: int) -> dict[str, Any]:
        f, x, claim = _problem(shrink)
        shape = x.shape
        if flat:
            x, claim = x.reshape(-1), claim.reshape(-1)
        for place in places:
            claim[place] *= 1.5
        began = time.perf_counter()
        call = (lambda v: f(v.reshape(shape))) if flat else f
        report = check(call, x, gradient=claim)
        return {
            "said": f"{report.verdict.value}: {report.leaves[0].where or '-'}",
            "evaluations": report.evaluations,
            "seconds": time.perf_counter() - began,
        }

    return run


def _model(shrink: int) -> tuple[Any, Any]:
    """A transformer of GPT-2-small's sizes, not trained, and tokens for it."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    width, depth, heads, words = (
        (96, 4, 4, 2000) if shrink > 1 else (768, 12, 12, 50257)
    )

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
            self.attention = nn.Linear(width, 3 * width)
            self.out = nn.Linear(width, width)
            self.up, self.down = (
                nn.Linear(width, 4 * width),
                nn.Linear(4 * width, width),
            )

        def forward(self, h: Any) -> Any:
            length = h.shape[0]
            q, k, v = (
                part.reshape(length, heads, -1).transpose(0, 1)
                for part in self.attention(self.first(h)).chunk(3, -1)
            )
            mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            h = h + self.out(mixed.transpose(0, 1).reshape(length, -1))
            return h + self.down(nn.functional.gelu(self.up(self.second(h))))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(words, width)
            self.places = nn.Embedding(1024, width)
            self.blocks = nn.Sequential(*[Block() for _ in range(depth)])
            self.last = nn.LayerNorm(width)
            nn.init.normal_(self.words.weight, std=0.02)
            nn.init.normal_(self.places.weight, std=0.02)

        def forward(self, tokens: Any) -> Any:
            place = torch.arange(len(tokens) - 1)
            h = self.words(tokens[:-1]) + self.places(place)
            logits = self.last(self.blocks(h)) @ self.words.weight.T
            return nn.functional.cross_entropy(logits, tokens[1:])

    model = Model()
    random = torch.Generator().manual_seed(1)
    return model, torch.randint(0, words, (TOKENS,), generator=random)


def _train(shrink: int) -> dict[str, Any]:
    """One training step with Adam."""
    import torch

    model, tokens = _model(shrink)
    adam = torch.optim.AdamW(model.parameters())
    began = time.perf_counter()
    model(tokens).backward()
    adam.step()
    count = sum(p.numel() for p in model.parameters())
    return {
        "said": f"{count:,} parameters",
        "evaluations": 3,
        "seconds": time.perf_counter() - began,
    }


def _healthy(shrink: int) -> dict[str, Any]:
    """The check of the model's gradient with respect to all parameters."""
    import torch

    model, tokens = _model(shrink)
    calls = 0

    def loss(parameters: dict[str, Any]) -> Any:
        nonlocal calls
        calls += 1
        return torch.func.functional_call(model, parameters, (tokens,))

    x = {name: p.detach() for name, p in model.named_parameters()}
    began = time.perf_counter()
    report = check(loss, x, entries=0, probes=False)
    seen = [power.smallest for power in report.power]
    return {
        "said": f"{report.verdict.value}; smallest error of an entry seen: "
        f"{np.median(seen):.1g} of the largest of its leaf (median of leaves)",
        "evaluations": calls + 2,  # the gradient costs two forwards more
        "seconds": time.perf_counter() - began,
    }


CASES: dict[str, Case] = {
    "10 million entries, right": _planted([], flat=True),
    "1 wrong entry": _planted([3_333_333 % 99_991], flat=True),
    "2 wrong entries": _planted([77_777, 5], flat=True),
    "3 wrong entries": _planted([7, 33_333, -2], flat=True),
    "3 wrong, two neighbours": _planted([1000, 1001, -2], flat=True),
    "3 wrong in a matrix": _planted([(3, 4), (5, 600), (-1, -1)], flat=False),
    "a wrong row": _planted([3], flat=False),
    "a wrong block": _planted([(slice(2, 9), slice(100, 400))], flat=False),
    "GPT-2 small: one training step": _train,
    "GPT-2 small: check": _healthy,
}


def main() -> None:
    """Run all cases, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=list(CASES))
    chosen = parser.parse_args()
    if chosen.only:
        found = CASES[chosen.only](100 if chosen.quick else 1)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({**found, "megabytes": peak / 1024}))
        return
    lines = [
        "| case | outcome | evaluations | s | MB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in CASES:
        row = _run(name, ["--quick"] * chosen.quick)
        lines.append(
            f"| {name} | {row['said']} | {row['evaluations']} | "
            f"{row['seconds']:.0f} | {row['megabytes']:.0f} |"
        )
        print(lines[-1], flush=True)
    if chosen.write:
        PAGE.write_text(_page(lines), encoding="utf-8")


def _run(name: str, options: list[str]) -> dict[str, Any]:
    """What a case gives in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scale", "--only", name]
    done = subprocess.run(command + options, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _page(lines: list[str]) -> str:
    """The page of results."""
    return "\n".join(
        [
            "# What large gradients cost",
            "",
            "Made by `python -m benchmarks.scale --write`. Evaluations are calls of f; "
            "a gradient by autodiff counts as two more. MB is the peak of the process.",
            "",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    main()
