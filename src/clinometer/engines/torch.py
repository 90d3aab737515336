"""The engine of PyTorch: torch.autograd and torch.func.

Importing this module imports torch; `clinometer.engines.of` does so only for leaves
that are torch tensors already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast, final

import torch

from clinometer.errors import InputError

__all__ = ["TorchEngine"]


@final
class TorchEngine:
    """PyTorch's reverse mode and vmap."""

    @property
    def name(self) -> str:
        """The library's name."""
        return "torch"

    def vmap(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """The map of f over the leading axis of every tensor of its argument.

        f : function of one point, taking the list of its leaves, each a tensor.
        Returns a function of the list of leaves with a leading axis (P, ...). A
        random operation in f raises (torch's randomness="error"): every point would
        see other numbers.
        """
        return torch.func.vmap(f, randomness="error")

    def gradient(
        self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]
    ) -> list[Any]:
        """Reverse-mode gradient of scalar f at the leaves, as torch computes it.

        f : function of the list of leaves, returning a real tensor of shape ().
        leaves : floating tensors; f receives detached copies that require grad.
        Returns tensors of the leaves' shapes, dense; None for a leaf that no
        operation of f's graph uses.
        Raises InputError if f returns anything but a real floating tensor of shape ().
        """
        fresh = [leaf.detach().clone().requires_grad_() for leaf in leaves]
        with torch.enable_grad():
            value = f(list(fresh))
        _require_scalar(value)
        if not value.requires_grad:
            return [None] * len(fresh)
        slopes = cast(  # the library's annotation forgets the None of allow_unused
            "tuple[torch.Tensor | None, ...]",
            torch.autograd.grad(value, fresh, allow_unused=True),
        )
        return [None if slope is None else _dense(slope) for slope in slopes]


def _require_scalar(value: object) -> None:
    """Raise InputError unless value is a real floating tensor of shape ()."""
    if not isinstance(value, torch.Tensor):
        raise InputError(
            "for torch's autodiff f must return a tensor of shape (), "
            f"got {type(value).__name__}; drop .item(), float() and .numpy() in f, "
            "or pass gradient="
        )
    if value.shape != ():
        raise InputError(
            "the gradient needs an f that returns one number, a tensor of shape (), "
            f"got shape {tuple(value.shape)}; reduce it in f, e.g. with .sum()"
        )
    if not value.dtype.is_floating_point:
        raise InputError(
            "the gradient needs an f that returns a real floating-point number, "
            f"got dtype {value.dtype}; return e.g. its real part"
        )


def _dense(slope: torch.Tensor) -> torch.Tensor:
    """A strided tensor with the entries of slope, which may be sparse."""
    return slope if slope.layout == torch.strided else slope.to_dense()
