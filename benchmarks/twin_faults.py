"""Faults planted in a kernel's gradient, and acceptance rules that others published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from clinometer.check.diagnosis import Cause

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Fault:
    """A wrong gradient of one input.

    change : (K, ...) right values to wrong ones; written for any number of axes.
    causes : what may be named for it.
    """

    name: str
    change: Callable[[Floats], Floats]
    causes: tuple[Cause, ...]


def _row(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A row in the middle: of all axes but the last."""
    return tuple(n // 2 for n in shape[:-1])


def _in_row(factor: float) -> Callable[[Floats], Floats]:
    def change(g: Floats) -> Floats:
        g = g.copy()
        g[(slice(None), *_row(g.shape[1:]))] *= factor
        return g

    return change


def _in_head(factor: float) -> Callable[[Floats], Floats]:
    """One head, image or block of rows: the first index of all but the last two axes.

    A matrix has no heads: there, its first quarter of rows.
    """

    def change(g: Floats) -> Floats:
        g = g.copy()
        if g.ndim == 3:
            g[:, : g.shape[1] // 4] *= factor
        else:
            g[(slice(None), *[0] * (g.ndim - 3))] *= factor
        return g

    return change


def _tail(g: Floats) -> Floats:
    g = g.copy()
    g[..., -1, :] = 0
    return g


def _leak(g: Floats) -> Floats:
    """A fiftieth of the neighbouring row added, as by a mask that is off by one."""
    return g + 0.02 * np.roll(g, 1, axis=-2)


def _entry(g: Floats) -> Floats:
    """The sign of one entry flipped: the largest of the first draw."""
    g = g.copy()
    place = np.unravel_index(int(np.abs(g[0]).argmax()), g.shape[1:])
    g[(slice(None), *place)] *= -1
    return g


FAULTS = (
    Fault("×1.003", lambda g: g * 1.003, (Cause.FACTOR,)),
    Fault("×1.01", lambda g: g * 1.01, (Cause.FACTOR,)),
    Fault("×1.1", lambda g: g * 1.1, (Cause.FACTOR,)),
    Fault("mean for sum", lambda g: g / g.shape[-1], (Cause.FACTOR,)),
    Fault("one head ×1.01", _in_head(1.01), (Cause.FACTOR,)),
    Fault("one head ×1.05", _in_head(1.05), (Cause.FACTOR,)),
    Fault("one row ×1.05", _in_row(1.05), (Cause.FACTOR,)),
    Fault("one row ×1.2", _in_row(1.2), (Cause.FACTOR,)),
    Fault("one row zero", _in_row(0.0), (Cause.ZERO,)),
    Fault("one row, sign flipped", _in_row(-1.0), (Cause.SIGN,)),
    Fault("last rows zero", _tail, (Cause.TAIL,)),
    Fault(
        "2 % of the next row added",
        _leak,
        (Cause.MISSING_TERM, Cause.UNEXPLAINED, Cause.ENTRIES, Cause.PRECISION),
    ),
    Fault("one entry, sign flipped", _entry, (Cause.SIGN, Cause.ENTRIES)),
)


@dataclass(frozen=True, eq=False)
class Runs:
    """One gradient: of the kernel, exact, and of the eager run; float64 tensors."""

    kernel: torch.Tensor
    exact: torch.Tensor
    eager: torch.Tensor


def flash_attention(runs: Runs) -> bool:
    """Dao-AILab/flash-attention, tests/cute/test_flash_attn.py (bf16)."""
    rounded = runs.exact.bfloat16()
    grain = (rounded + 0.3 - 0.3 - rounded).abs().max().double()
    own = (runs.kernel - runs.exact).abs().max()
    return bool(own <= 2 * (runs.eager - runs.exact).abs().max() + 2 * grain)


def xformers(runs: Runs) -> bool:
    """facebookresearch/xformers, backward in bf16: atol 0.7, rtol 0.1."""
    return torch.allclose(runs.kernel, runs.exact, atol=0.7, rtol=0.1)


def mamba(runs: Runs) -> bool:
    """state-spaces/mamba, selective scan in bf16: twice rtol 3e-2, atol 5e-2."""
    return torch.allclose(runs.kernel, runs.exact, atol=1e-1, rtol=6e-2)


def liger(runs: Runs) -> bool:
    """linkedin/Liger-Kernel, usual in bf16: rtol 5e-2, atol 5e-3."""
    return torch.allclose(runs.kernel, runs.exact, atol=5e-3, rtol=5e-2)


def cosine(runs: Runs) -> bool:
    """Cosine of the angle to the exact gradient at least 0.999."""
    kernel, exact = runs.kernel.flatten(), runs.exact.flatten()
    return bool(torch.cosine_similarity(kernel, exact, 0) >= 0.999)


RULES: dict[str, Callable[[Runs], bool]] = {
    "flash-attn": flash_attention,
    "xformers": xformers,
    "mamba": mamba,
    "liger": liger,
    "cosine": cosine,
}
"""Published acceptance rules for bf16, with the tolerances of the projects' tests."""
