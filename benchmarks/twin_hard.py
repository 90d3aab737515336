"""Healthy kernels that look like wrong ones: `python -m benchmarks.twin_hard`.

Channels of other sizes, saturated softmax, cancellation, padding, tiny rows; each
kernel in three dtypes. Whatever does not agree is printed.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.twin_operations import (
    Operation,
    attention,
    blocked_rms_norm,
    doubling_scan,
    in_float32,
    layer_norm,
    normal,
    one_pass_layer_norm,
    online_attention,
    product,
    recurrence,
    rms_norm,
    split_product,
)
from clinometer import Verdict, check_twin

HEADS = (1, 3, 48, 32)
DTYPES = (torch.bfloat16, torch.float16, torch.float32)
LOUD = 30.0
"""Size of one channel beside the others."""


def loud(x: Tensor) -> Tensor:
    """One channel much larger than the others."""
    x = x.clone()
    x[..., 3] *= LOUD
    return x


def causal(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    mask = torch.ones(q.shape[2], q.shape[2], dtype=torch.bool).tril()
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    return torch.softmax(scores.masked_fill(~mask, -math.inf), -1) @ v


def chunked_causal(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """An online softmax over chunks of 16 keys, float32 accumulators."""
    mask = torch.ones(q.shape[2], q.shape[2], dtype=torch.bool).tril()
    top = torch.full(q.shape[:-1], -1e30)
    total, out = torch.zeros(q.shape[:-1]), torch.zeros(q.shape)
    for start in range(0, k.shape[2], 16):
        part = slice(start, start + 16)
        scores = (q @ k[:, :, part].transpose(-1, -2)).float()
        scores = scores / math.sqrt(q.shape[-1])
        scores = scores.masked_fill(~mask[:, part], -math.inf)
        higher = torch.maximum(top, scores.amax(-1))
        p, shrink = torch.exp(scores - higher[..., None]), torch.exp(top - higher)
        total = total * shrink + p.sum(-1)
        out = out * shrink[..., None] + (p.to(q.dtype) @ v[:, :, part]).float()
        top = higher
    return (out / total[..., None]).to(q.dtype)


def softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, -1)


def plain_softmax(x: Tensor) -> Tensor:
    powers = torch.exp(x - x.amax(-1, keepdim=True))
    return powers / powers.sum(-1, keepdim=True)


def summed_entropy(x: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(x, targets, reduction="sum")


def entropy_of_logs(x: Tensor, targets: Tensor) -> Tensor:
    wide = x.float()
    picked = wide.gather(-1, targets[:, None])[:, 0]
    return (torch.logsumexp(wide, -1) - picked).sum().to(x.dtype)


def composed_silu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


def padded(g: torch.Generator) -> tuple[Tensor, ...]:
    return tuple(functional.pad(x, (0, 0, 0, 16)) for x in normal(*[HEADS] * 3)(g))


OPERATIONS = (
    Operation(
        "causal attention, 80 channels",
        causal,
        {"chunks": chunked_causal, "float32": in_float32(causal)},
        normal(*[(1, 3, 48, 80)] * 3),
    ),
    Operation(
        "causal attention, a loud channel",
        causal,
        {"chunks": chunked_causal, "float32": in_float32(causal)},
        lambda g: tuple(loud(x) for x in normal(*[HEADS] * 3)(g)),
    ),
    Operation(
        "attention, almost one-hot",
        attention,
        {"online": online_attention, "float32": in_float32(attention)},
        lambda g: tuple(4 * x for x in normal(*[HEADS] * 3)(g)),
    ),
    Operation(
        "attention, padded with zeros",
        attention,
        {"online": online_attention, "float32": in_float32(attention)},
        padded,
    ),
    Operation(
        "layer norm, a loud channel",
        layer_norm,
        {"one pass": one_pass_layer_norm, "float32": in_float32(layer_norm)},
        lambda g: (loud(torch.randn(32, 64, generator=g)), *normal((64,), (64,))(g)),
    ),
    Operation(
        "RMS norm, rows of sizes 1e-2 to 1e2",
        rms_norm,
        {"in blocks": blocked_rms_norm, "float32": in_float32(rms_norm)},
        lambda g: (
            torch.randn(16, 64, generator=g) * torch.logspace(-2, 2, 16)[:, None],
            torch.logspace(-1, 1, 64),
        ),
    ),
    Operation(
        "softmax",
        softmax,
        {"composed": plain_softmax, "float32": in_float32(softmax)},
        lambda g: (3 * torch.randn(64, 64, generator=g),),
    ),
    Operation(
        "cross-entropy, summed",
        summed_entropy,
        {"of logs": entropy_of_logs},
        lambda g: (
            3 * torch.randn(64, 100, generator=g),
            torch.randint(100, (64,), generator=g),
        ),
    ),
    Operation("SiLU", functional.silu, {"composed": composed_silu}, normal((64, 64))),
    Operation(
        "matrix product, 4096 terms",
        product,
        {"split-K": split_product, "float32": in_float32(product)},
        normal((16, 4096), (4096, 24)),
    ),
    Operation(
        "recurrence, 200 steps",
        recurrence,
        {"by doubling": doubling_scan},
        lambda g: (
            3 + torch.randn(2, 200, 8, generator=g),
            torch.randn(2, 200, 8, generator=g),
        ),
    ),
)


def main() -> None:
    """Check all, print what does not agree, and the counts."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.twin_hard", description=__doc__
    )
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--first", type=int, default=5000, help="the first of them")
    options = parser.parse_args()
    torch.set_num_threads(1)
    counts = dict.fromkeys(Verdict, 0)
    for operation in OPERATIONS:
        for dtype in DTYPES:
            there = replace(operation, dtype=dtype)
            for name, kernel in operation.healthy.items():
                for seed in range(options.first, options.first + options.seeds):
                    report = check_twin(
                        kernel, operation.reference, there.draw(seed), seed=seed
                    )
                    counts[report.verdict] += 1
                    if report.verdict is not Verdict.AGREES:
                        print(f"{operation.name}, {name}, {dtype}, seed {seed}")
                        print(report, end="\n\n")
    print(", ".join(f"{verdict.value}: {n}" for verdict, n in counts.items()))


if __name__ == "__main__":
    main()
