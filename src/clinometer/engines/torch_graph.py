"""PyTorch's aten operations as graphs, forward and with either mode of autodiff.

f is traced below autograd, so that backward passes are seen. Where it writes to memory,
what was traced is traced once more, with mutations made functional: no value changes
once computed.
"""

# What torch's tracer returns has no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
# pyright: reportPrivateImportUsage=false

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.attention import SDPBackend, sdpa_kernel

from clinometer.engines.torch_laid import laid_out
from clinometer.errors import InputError
from clinometer.graph import Graph

__all__ = ["graph_of", "with_gradient", "with_tangent"]

Leaves = Sequence[torch.Tensor]

FURTHER = """
addmm addmv baddbmm _softmax _log_softmax native_layer_norm native_group_norm
native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training
_native_batch_norm_legit_functional gelu elu leaky_relu hardtanh index_select embedding
split_with_sizes native_dropout linalg_vector_norm
"""
"""Operators that torch's core set keeps whole, and that are sums of others in truth."""

WHOLE = ("mv", "dot", "vdot")
"""Products that torch would take apart into a multiplication and a sum."""


def graph_of(f: Callable[[list[Any]], Any], leaves: Leaves) -> Graph:
    """The graph of f at the leaves.

    f : function of the list of leaves, returning a tensor or a tuple of them. Loops
        and branches are Python's, and laid out as they ran.
    What f raises comes through unchanged.
    Source: torch.fx.experimental.proxy_tensor.make_fx, torch.func.functionalize.
    """
    own = [leaf.detach() for leaf in leaves]
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # of torch's tracer about itself
        # attention and recurrent layers as plain operations, not as one fused kernel
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        stack.enter_context(torch.backends.mkldnn.flags(enabled=False))
        traced = _traced(lambda *leaves: f(list(leaves)), own)
        if not _writes(traced):
            return laid_out(traced, len(own), [])
        held = _held(traced)

        def again(leaves: list[torch.Tensor], constants: list[torch.Tensor]) -> Any:
            for name, constant in zip(held, constants, strict=True):
                setattr(traced, name, constant)
            return traced(*leaves)

        pure = torch.func.functionalize(again, remove="mutations")
        # copies: the second trace must not write to what the first has written to
        copies = [value.detach().clone() for value in held.values()]
        plain = _traced(pure, own, copies)
    return laid_out(plain, len(own), [*held.values()])


def _writes(traced: torch.fx.GraphModule) -> bool:
    """Whether an operation writes to memory that another may read."""
    return any(
        node.op == "call_function"
        and ("out" in node.kwargs or str(node.target).split(".")[-2].endswith("_"))
        for node in traced.graph.nodes
        if "." in str(node.target)
    )


def _traced(f: Callable[..., Any], *arguments: Any) -> torch.fx.GraphModule:
    given = arguments[0] if len(arguments) == 1 else arguments
    return make_fx(
        f,
        decomposition_table=_table(),
        _allow_non_fake_inputs=True,
        _error_on_data_dependent_ops=False,  # branches are those taken at x
    )(*given)


def _held(traced: torch.fx.GraphModule) -> dict[str, torch.Tensor]:
    """Tensors that f reads besides its argument, taken out of the module."""
    held: dict[str, torch.Tensor] = {}
    for node in traced.graph.nodes:
        if node.op == "get_attr" and node.target not in held:
            value = getattr(traced, node.target)
            if isinstance(value, torch.Tensor):
                held[node.target] = value.detach()
    for name in held:
        delattr(traced, name)
    return held


@functools.cache
def _table() -> dict[Any, Any]:
    """How operators are taken apart: torch's core set, and a little further."""
    from torch import _decomp as parts

    table = dict(parts.core_aten_decompositions())
    operators = torch.ops.aten
    table.update(
        parts.get_decompositions([getattr(operators, n) for n in FURTHER.split()])
    )
    for name in WHOLE:
        packet = getattr(operators, name)
        for overload in packet.overloads():
            table.pop(getattr(packet, overload), None)
    return table


def with_gradient(f: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    """f and torch.autograd.grad: value, then one gradient a leaf, zeros where none."""

    def both(leaves: list[Any]) -> Any:
        fresh = [leaf.detach().requires_grad_() for leaf in leaves]
        with torch.enable_grad():
            value = f(list(fresh))
        slopes: Sequence[Any] = [None] * len(fresh)
        if value.requires_grad:
            slopes = torch.autograd.grad(value, fresh, allow_unused=True)
        pairs = zip(slopes, leaves, strict=True)
        zero = [torch.zeros_like(x) if s is None else s for s, x in pairs]
        return value.detach(), *zero

    return both


def with_tangent(f: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    """f and torch's forward mode, of leaves followed by tangents: value, slope."""

    def both(given: list[Any]) -> Any:
        half = len(given) // 2
        try:
            with forward_ad.dual_level():
                pairs = zip(given[:half], given[half:], strict=True)
                pair = forward_ad.unpack_dual(
                    f([forward_ad.make_dual(x, v) for x, v in pairs])
                )
        except NotImplementedError as error:
            raise InputError(
                "forward mode needs a rule for each operation of f, got one without: "
                f"{error}; count the gradient instead"
            ) from error
        slope = pair.tangent
        return pair.primal, torch.zeros_like(pair.primal) if slope is None else slope

    return both
