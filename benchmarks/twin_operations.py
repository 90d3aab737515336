"""Operations for the twin benchmark: a reference, healthy kernels, inputs.

Each healthy kernel computes the reference in another order or in float32 inside, as a
fused kernel would, and gets its gradient from autodiff of that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

CHUNK = 32
PARTS = 8

Kernel: TypeAlias = Callable[..., Tensor]


@dataclass(frozen=True)
class Operation:
    """One operation in one dtype.

    healthy : right kernels by name.
    inputs : function of a generator, giving float32 tensors (integers stay).
    cotangent : typical size of the incoming gradient; loss scaling, say.
    """

    name: str
    reference: Kernel
    healthy: dict[str, Kernel]
    inputs: Callable[[torch.Generator], tuple[Tensor, ...]]
    dtype: torch.dtype = torch.bfloat16
    cotangent: float = 1.0

    @property
    def title(self) -> str:
        """Name and dtype."""
        return f"{self.name}, {str(self.dtype).removeprefix('torch.')}"

    def draw(self, seed: int) -> tuple[Tensor, ...]:
        """Inputs of a seed, quantised."""
        generator = torch.Generator().manual_seed(seed)
        return tuple(
            x.to(self.dtype) if x.is_floating_point() else x
            for x in self.inputs(generator)
        )


def normal(*shapes: tuple[int, ...]) -> Callable[[torch.Generator], Any]:
    """Standard normal tensors of these shapes."""
    return lambda g: tuple(torch.randn(shape, generator=g) for shape in shapes)


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    weights = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    return torch.softmax(weights, -1) @ v


def online_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Keys in chunks, with a running maximum and sum; float32 accumulators."""
    top = torch.full(q.shape[:-1], -math.inf)
    total = torch.zeros(q.shape[:-1])
    out = torch.zeros(q.shape)
    for start in range(0, k.shape[2], CHUNK):
        part = slice(start, start + CHUNK)
        scores = (q @ k[:, :, part].transpose(-1, -2)).float()
        scores = scores / math.sqrt(q.shape[-1])
        higher = torch.maximum(top, scores.amax(-1))
        p = torch.exp(scores - higher[..., None])
        shrink = torch.exp(top - higher)
        total = total * shrink + p.sum(-1)
        out = out * shrink[..., None] + (p.to(q.dtype) @ v[:, :, part]).float()
        top = higher
    return (out / total[..., None]).to(q.dtype)


def in_float32(reference: Kernel) -> Kernel:
    """The reference with float32 inside and one rounding at the end."""

    def kernel(*inputs: Tensor) -> Tensor:
        wide = [x.float() if x.is_floating_point() else x for x in inputs]
        return reference(*wide).to(inputs[0].dtype)

    return kernel


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    variance = (centred * centred).mean(-1, keepdim=True)
    return centred * torch.rsqrt(variance + 1e-5) * weight + bias


def one_pass_layer_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    wide = x.float()
    mean = wide.mean(-1, keepdim=True)
    variance = (wide * wide).mean(-1, keepdim=True) - mean * mean
    normed = (wide - mean) * torch.rsqrt(variance + 1e-5)
    return (normed * weight.float() + bias.float()).to(x.dtype)


def rms_norm(x: Tensor, weight: Tensor) -> Tensor:
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6) * weight


def blocked_rms_norm(x: Tensor, weight: Tensor) -> Tensor:
    """The normed row rounded before the weight, as Llama does; sums in blocks."""
    wide = x.float()
    squares = sum((part * part).sum(-1, keepdim=True) for part in wide.split(32, -1))
    normed = wide * torch.rsqrt(squares / x.shape[-1] + 1e-6)
    return normed.to(x.dtype) * weight


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    logs = torch.log_softmax(logits, -1)
    return -logs.gather(-1, targets[:, None])[:, 0].mean()


def chunked_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    wide = logits.float()
    parts = [torch.logsumexp(part, -1) for part in wide.split(125, -1)]
    total = torch.logsumexp(torch.stack(parts, -1), -1)
    picked = wide.gather(-1, targets[:, None])[:, 0]
    return (total - picked).mean().to(logits.dtype)


def logits_and_targets(g: torch.Generator) -> tuple[Tensor, ...]:
    return 2 * torch.randn(128, 500, generator=g), torch.randint(
        500, (128,), generator=g
    )


def convolution(x: Tensor, kernel: Tensor) -> Tensor:
    return functional.conv2d(x, kernel, padding=1)


def unfolded_convolution(x: Tensor, kernel: Tensor) -> Tensor:
    """A product with the patches, as im2col does."""
    batch, _, height, width = x.shape
    patches = functional.unfold(x, kernel.shape[-2:], padding=1)
    out = kernel.reshape(len(kernel), -1) @ patches
    return out.reshape(batch, -1, height, width)


def recurrence(decay: Tensor, x: Tensor) -> Tensor:
    """h[t] = sigmoid(decay[t]) h[t - 1] + x[t], along axis 1."""
    factor = torch.sigmoid(decay)
    state, states = torch.zeros_like(x[:, 0]), []
    for t in range(x.shape[1]):
        state = factor[:, t] * state + x[:, t]
        states.append(state)
    return torch.stack(states, 1)


def doubling_scan(decay: Tensor, x: Tensor) -> Tensor:
    """The same by doubling: in each pass every step takes in the one 2^k before."""
    factor, state, reach = torch.sigmoid(decay.float()), x.float(), 1
    while reach < x.shape[1]:
        before = functional.pad(state, (0, 0, reach, 0))[:, :-reach]
        decays = functional.pad(factor, (0, 0, reach, 0), value=1.0)[:, :-reach]
        state, factor = state + factor * before, factor * decays
        reach *= 2
    return state.to(x.dtype)


def product(a: Tensor, b: Tensor) -> Tensor:
    return a @ b


def split_product(a: Tensor, b: Tensor) -> Tensor:
    """Split-K: partial products of low precision, added in float32."""
    pairs = zip(a.chunk(PARTS, -1), b.chunk(PARTS, 0), strict=True)
    return sum((left @ right).float() for left, right in pairs).to(a.dtype)


def perceptron(x: Tensor, first: Tensor, second: Tensor) -> Tensor:
    hidden = x @ first / math.sqrt(x.shape[-1])
    return functional.gelu(hidden) @ second / math.sqrt(second.shape[0])


def blocked_perceptron(x: Tensor, first: Tensor, second: Tensor) -> Tensor:
    out = torch.zeros(len(x), second.shape[1])
    for left, right in zip(first.split(32, -1), second.split(32, 0), strict=True):
        hidden = functional.gelu((x @ left).float() / math.sqrt(x.shape[-1]))
        out = out + (hidden.to(x.dtype) @ right).float()
    return (out / math.sqrt(second.shape[0])).to(x.dtype)


HEADS = (2, 4, 128, 64)
LOSS_SCALE = 1024.0
"""What mixed-precision training multiplies losses with, lest float16 underflow."""

ATTENTION, *OTHERS = (
    Operation(
        "attention",
        attention,
        {"online softmax": online_attention, "float32 inside": in_float32(attention)},
        normal(HEADS, HEADS, HEADS),
    ),
    Operation(
        "layer norm",
        layer_norm,
        {"one pass": one_pass_layer_norm, "float32 inside": in_float32(layer_norm)},
        normal((128, 256), (256,), (256,)),
    ),
    Operation(
        "RMS norm",
        rms_norm,
        {"in blocks": blocked_rms_norm, "float32 inside": in_float32(rms_norm)},
        normal((4, 64, 128), (128,)),
    ),
    Operation(
        "cross-entropy",
        cross_entropy,
        {"in chunks": chunked_cross_entropy},
        logits_and_targets,
    ),
    Operation(
        "convolution",
        convolution,
        {"im2col": unfolded_convolution, "float32 inside": in_float32(convolution)},
        normal((4, 16, 12, 12), (16, 16, 3, 3)),
    ),
    Operation(
        "scan",
        recurrence,
        {"by doubling": doubling_scan, "float32 inside": in_float32(recurrence)},
        normal((4, 48, 32), (4, 48, 32)),
    ),
    Operation(
        "matrix product",
        product,
        {"split-K": split_product, "float32 inside": in_float32(product)},
        normal((96, 512), (512, 64)),
    ),
    Operation(
        "perceptron",
        perceptron,
        {"in blocks": blocked_perceptron, "float32 inside": in_float32(perceptron)},
        normal((64, 96), (96, 128), (128, 48)),
    ),
)


def _in_float16(operation: Operation) -> Operation:
    """The loss scaled where gradients are means, and would underflow."""
    scaled = {"cross-entropy": LOSS_SCALE, "perceptron": LOSS_SCALE / 64}
    cotangent = scaled.get(operation.name, 1.0)
    return replace(operation, dtype=torch.float16, cotangent=cotangent)


def _in_float32(operation: Operation) -> Operation:
    """Without the kernel that is the reference there."""
    healthy = {
        name: kernel
        for name, kernel in operation.healthy.items()
        if name != "float32 inside"
    }
    return replace(operation, dtype=torch.float32, healthy=healthy)


SMALL = replace(ATTENTION, inputs=normal(*[(2, 2, 64, 32)] * 3))
"""The same on fewer heads, shorter and narrower: half of the time is attention's."""

OPERATIONS: dict[str, tuple[Operation, ...]] = {
    "bfloat16": (ATTENTION, *OTHERS),
    "float16": tuple(map(_in_float16, (SMALL, *OTHERS))),
    "float32": tuple(map(_in_float32, (SMALL, *OTHERS))),
}
"""By dtype."""
