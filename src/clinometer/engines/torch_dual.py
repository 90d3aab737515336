"""Dual numbers of PyTorch, and second order by compositions of its two modes."""

# torch.autograd.forward_ad has no types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch.autograd import forward_ad

__all__ = ["compositions", "dual", "plain_copy"]


def compositions(
    f: Callable[[list[Any]], list[Any]], leaves: Sequence[Any], v: Sequence[Any]
) -> dict[str, Callable[[], list[Any] | None]]:
    """The compositions of two modes that give the Hessian of scalar f times v, by name.

    Each returns one tensor (or None for zero) for each leaf, or None where an operation
    lacks a mode. Raises RuntimeError for a rule that can be differentiated only once.
    """

    def scalar(points: list[Any]) -> Any:
        return f(points)[0]

    def at() -> list[Any]:
        return [leaf.detach().clone().requires_grad_() for leaf in leaves]

    def reverse_over_reverse() -> list[Any] | None:
        points = at()
        pairs = zip(_once_more(scalar(points), points), v, strict=True)
        products = [(a * b).sum() for a, b in pairs if a is not None]
        return _once_more(sum(products), points, last=True)

    def forward_over_reverse() -> list[Any] | None:
        with forward_ad.dual_level():
            points = dual(at(), v)
            slopes = _once_more(scalar(points), points)
            found = [
                None if s is None else forward_ad.unpack_dual(s).tangent for s in slopes
            ]
            return [None if s is None else plain_copy(s) for s in found]

    def reverse_over_forward() -> list[Any] | None:
        points = at()
        with forward_ad.dual_level():
            value = scalar(dual(points, v))
            slope = forward_ad.unpack_dual(value).tangent
            return _once_more(slope, points, last=True)

    return {
        "reverse over reverse": _where_possible(reverse_over_reverse),
        "forward over reverse": _where_possible(forward_over_reverse),
        "reverse over forward": _where_possible(reverse_over_forward),
    }


def dual(points: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
    """Dual numbers at the points; torch's own warning on first use stays unheard."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return [
            forward_ad.make_dual(point, tangent)
            for point, tangent in zip(points, tangents, strict=True)
        ]


def plain_copy(slope: torch.Tensor) -> torch.Tensor:
    """A slope outside the graph, in memory of its own: torch's zeros may have none."""
    return torch.empty_like(slope, requires_grad=False).copy_(slope.detach())


def _once_more(value: Any, points: list[Any], *, last: bool = False) -> list[Any]:
    """Gradient of a number, itself in the graph unless it is the last; None for zero.

    value : tensor of shape (), or 0 or None where nothing depends on the points.

    The incoming gradient requires grad, as it does in the middle of any graph: a rule
    marked once_differentiable says so only then, and is silently constant otherwise.
    """
    if not isinstance(value, torch.Tensor) or not value.requires_grad:
        return [None] * len(points)
    with torch.enable_grad():
        unit = torch.ones_like(value).requires_grad_(not last)
        slopes = cast(  # the library's annotation forgets the None of allow_unused
            "tuple[torch.Tensor | None, ...]",
            torch.autograd.grad(
                value, points, unit, create_graph=not last, allow_unused=True
            ),
        )
    if last:
        _require_differentiable(value)
        return [None if slope is None else plain_copy(slope) for slope in slopes]
    return list(slopes)


def _require_differentiable(value: torch.Tensor) -> None:
    """Raise RuntimeError where a rule marked once_differentiable lies in the graph.

    torch itself raises only where the graph goes on behind it, and gives zero
    otherwise.
    """
    waiting: list[Any] = [value.grad_fn]
    seen: set[Any] = set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if node.name() == "torch::autograd::Error":
            raise RuntimeError("a rule in f is marked once_differentiable")
        waiting += [before for before, _ in node.next_functions]


def _where_possible(
    compose: Callable[[], list[Any] | None],
) -> Callable[[], list[Any] | None]:
    """A composition that gives None where an operation has no forward mode."""

    def run() -> list[Any] | None:
        try:
            with torch.enable_grad():
                return compose()
        except NotImplementedError:
            return None

    return run
