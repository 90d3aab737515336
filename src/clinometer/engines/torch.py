"""The engine of PyTorch: torch.autograd and torch.func.

Importing this module imports torch; `clinometer.engines.of` does so only for leaves
that are torch tensors already.
"""

# torch.autograd.forward_ad has no types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast, final

import torch
from torch.autograd import forward_ad

from clinometer.engines.torch_dual import compositions, dual, plain_copy
from clinometer.errors import InputError
from clinometer.graph import Graph

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

    def vjp(
        self, f: Callable[[list[Any]], list[Any]], leaves: Sequence[Any]
    ) -> tuple[list[Any], Callable[[Sequence[Any]], list[Any]]]:
        """Values of f and the way back from cotangents to gradients.

        f : function of the list of leaves, returning a list of real floating tensors.
        leaves : f receives them detached, in the same memory, requiring grad.
        Returns (values, pullback); the graph is kept as long as pullback is.
        Source: torch.autograd.grad with grad_outputs.
        """
        fresh = [leaf.detach().requires_grad_() for leaf in leaves]
        with torch.enable_grad():
            values = f(list(fresh))
        return values, lambda cotangents: _pulled(values, fresh, cotangents)

    def jvp(
        self,
        f: Callable[[list[Any]], list[Any]],
        leaves: Sequence[Any],
        tangents: Sequence[Any],
    ) -> tuple[list[Any], list[Any]] | None:
        """Values of f and their derivatives along tangents, by dual numbers.

        leaves : f receives them detached, requiring grad as in `vjp`: an f that asks
            whether they do takes the same way through its code.
        Returns None where an operation or a custom Function in f has no jvp.
        Source: torch.autograd.forward_ad.
        """
        fresh = [leaf.detach().requires_grad_() for leaf in leaves]
        try:
            with torch.enable_grad(), forward_ad.dual_level():
                values = f(dual(fresh, tangents))
                pairs = [forward_ad.unpack_dual(value) for value in values]
        except NotImplementedError:
            return None
        slopes = [
            torch.zeros_like(pair.primal) if pair.tangent is None else pair.tangent
            for pair in pairs
        ]
        return [plain_copy(pair.primal) for pair in pairs], [
            plain_copy(s) for s in slopes
        ]

    def forwards(
        self, f: Callable[[list[Any]], list[Any]]
    ) -> dict[str, Callable[[list[Any]], list[Any]]]:
        """f under torch.no_grad, where custom Functions record nothing."""

        def plain(leaves: list[Any]) -> list[Any]:
            with torch.no_grad():
                return f([leaf.detach() for leaf in leaves])

        return {"under no_grad": plain}

    def graph(
        self,
        f: Callable[[list[Any]], Any],
        leaves: Sequence[Any],
        *,
        unroll: bool = False,
    ) -> Graph:
        """The aten operations of scalar f; Python's loops are laid out in any case.

        unroll : whether parts of the graph are going to be run again; then it must be
            all of f. Raises InputError where f reads tensors as Python numbers.
        """
        from clinometer.engines import torch_graph, torch_retrace

        graph = torch_graph.graph_of(_scalar(f), leaves)
        if unroll:
            torch_retrace.require_all_traced(graph, f, leaves)
        return graph

    def gradient_graph(
        self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]
    ) -> Graph:
        """The aten operations of f and torch.autograd.grad: value, then gradients."""
        from clinometer.engines import torch_graph

        return torch_graph.graph_of(torch_graph.with_gradient(_scalar(f)), leaves)

    def tangent_graph(
        self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]
    ) -> Graph:
        """The aten operations of f and its forward mode along one direction.

        Raises InputError where an operation or a custom Function in f has no jvp.
        """
        from clinometer.engines import torch_graph

        along = torch_graph.with_tangent(_scalar(f))
        return torch_graph.graph_of(along, [*leaves, *leaves])

    def layouts(self, array: Any) -> dict[str, Any]:
        """Equal tensors at an offset, sliced, transposed, channels last, expanded."""
        own = array.detach()
        if own.numel() < 2:
            return {}
        longer = own.new_full((*own.shape[:-1], 2 * own.shape[-1]), FILL)
        found = {
            "at an offset": own.new_full((own.numel() + 1,), FILL)[1:].view(own.shape),
            "sliced": longer[..., ::2],
        }
        if sum(size > 1 for size in own.shape) > 1:
            found["transposed"] = own.new_empty(own.shape[::-1]).permute(
                *reversed(range(own.ndim))
            )
        if own.ndim == 4 and own.shape[1] > 1:
            found["channels last"] = torch.empty_like(
                own, memory_format=torch.channels_last
            )
        for tensor in found.values():
            tensor.copy_(own)
        first = own.reshape(-1)[0]
        if bool((own == first).all()):
            found["expanded"] = first.clone().expand(own.shape)
        return found

    def disturb(self, array: Any) -> bool:
        """Change a tensor in place, as an optimiser's step does, outside the graph."""
        try:
            with torch.no_grad():
                array.mul_(0.5).add_(0.25)
        except RuntimeError:  # a view that must not be written to
            return False
        return True

    def second(
        self,
        f: Callable[[list[Any]], list[Any]],
        leaves: Sequence[Any],
        v: Sequence[Any],
    ) -> dict[str, Callable[[], list[Any] | None]]:
        """The compositions of two modes that give Hessian times v, by name."""
        return compositions(f, leaves, v)


FILL = -7.0
"""Stands between the entries of a sliced tensor; who ignores its strides reads it."""


def _pulled(
    values: Sequence[Any], fresh: Sequence[Any], cotangents: Sequence[Any]
) -> list[Any]:
    """Gradients for the leaves; None for all if nothing recorded depends on them."""
    pairs = [
        (value, u)
        for value, u in zip(values, cotangents, strict=True)
        if value.requires_grad
    ]
    if not pairs:
        return [None] * len(fresh)
    slopes = torch.autograd.grad(
        [value for value, _ in pairs],
        list(fresh),
        [u for _, u in pairs],
        retain_graph=True,
        allow_unused=True,
    )
    found = cast("tuple[torch.Tensor | None, ...]", slopes)
    return [None if slope is None else _dense(slope) for slope in found]


def _scalar(f: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    """f, whose value is looked at."""

    def scalar(points: list[Any]) -> Any:
        value = f(points)
        _require_scalar(value)
        return value

    return scalar


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
