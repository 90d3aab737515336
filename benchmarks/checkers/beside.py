"""torch's gradcheck asked about a gradient that is given, as check can be."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from benchmarks.checkers.rivals import PATIENCE, Late, patience

__all__ = ["gradcheck"]


class _Given(torch.autograd.Function):
    """f, whose backward hands out the gradient it was given."""

    @staticmethod
    def forward(ctx: Any, f: Any, gradient: Any, *x: torch.Tensor) -> torch.Tensor:
        ctx.gradient = gradient
        return f([leaf.detach().requires_grad_() for leaf in x]).detach()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[Any, ...]:
        return (None, None, *(grad * slope for slope in ctx.gradient))


def gradcheck(
    f: Callable[[list[torch.Tensor]], torch.Tensor],
    x: Sequence[torch.Tensor],
    gradient: Sequence[np.ndarray],
    *,
    fast: bool,
) -> str:
    """What gradcheck says at its defaults; cannot-tell where it raises.

    f : function of a list of tensors, returning one of shape ().
    """
    inputs = [leaf.detach().clone().requires_grad_() for leaf in x]
    claim = [torch.tensor(slope) for slope in gradient]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with patience(PATIENCE):
                right = torch.autograd.gradcheck(
                    lambda *x: _Given.apply(f, claim, *x),
                    inputs,
                    fast_mode=fast,
                    raise_exception=False,
                )
        except (Late, Exception):  # noqa: BLE001 - no verdict, for whatever reason
            return "cannot-tell"
    return "agrees" if right else "differs"
