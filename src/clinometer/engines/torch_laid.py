"""A traced aten graph, laid out in the terms of `clinometer.graph`."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
# pyright: reportUnknownLambdaType=false

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.fx.node import map_arg

from clinometer.engines.torch_kinds import ELEMENTWISE, TOTALS, value_of
from clinometer.engines.torch_laying import Translation, dtype_of
from clinometer.engines.torch_moves import MOVES, PRODUCTS, conv_terms
from clinometer.graph import Constant, Graph, Kind, Operand, Slot

__all__ = ["laid_out"]

RULES = {**ELEMENTWISE, **TOTALS, **PRODUCTS, **MOVES}


def laid_out(
    traced: torch.fx.GraphModule, leaves: int, constants: Sequence[torch.Tensor]
) -> Graph:
    """The graph of a traced function.

    leaves : how many of its arguments are inputs; the others are these constants.
    """
    t = Translation()
    inputs: list[Slot] = []
    given: Sequence[Any] = ()
    waiting = iter(constants)
    for node in traced.graph.nodes:
        if node.op == "placeholder" and len(inputs) < leaves:
            like = value_of(node)
            inputs.append(t.laying.slot(tuple(like.shape), dtype_of(like)))
            t.known[node] = inputs[-1]
        elif node.op == "placeholder":
            held = next(waiting)
            t.known[node] = Constant(held, tuple(held.shape))
        elif node.op == "get_attr":
            held = getattr(traced, node.target)
            held = held.detach() if isinstance(held, torch.Tensor) else held
            t.known[node] = Constant(held, tuple(getattr(held, "shape", ())))
        elif node.op == "output":
            (given,) = node.args
        else:
            t.known[node] = _known(t, node)
    outputs = given if isinstance(given, tuple | list) else [given]
    return t.laying.graph("torch", inputs, [t.operand(each) for each in outputs])


def _known(t: Translation, node: Any) -> Operand | tuple[Operand, ...]:
    """What an operation has become."""
    if node.target is operator.getitem:
        several = t.known[node.args[0]]
        return several[node.args[1]] if isinstance(several, tuple) else several
    own = getattr(node.target, "namespace", None) == "aten"  # not a user's operator
    rule = RULES.get(_name(node.target)) if own else None
    found = rule(t, node) if rule else None
    return _other(t, node) if found is None else found


def _name(target: Any) -> str:
    """Of an operator, without its overload and without what says that it copies."""
    packet = getattr(target, "overloadpacket", None)
    name = getattr(packet, "__name__", None) or str(target)
    return name.removesuffix("_copy") if name != "_to_copy" else name


def _other(t: Translation, node: Any) -> Operand | tuple[Operand, ...]:
    """An operation as torch does it, known by its value only."""
    target = node.target
    found = value_of(node) if _has_value(node) else None
    several = isinstance(found, tuple | list)
    likes = [each for each in (found if several else [found]) if each is not None]
    read = list(node.all_input_nodes)
    operands = [t.operand(each) for each in read]
    random = torch.Tag.nondeterministic_seeded in getattr(target, "tags", ())
    run, name = _run(node, read), _name(target)
    fixed = [o.value for o in operands if isinstance(o, Constant)]
    bound = len(fixed) == len(operands)
    if bound and likes and not random:
        values = run(*fixed)
        whole = tuple(Constant(v, tuple(getattr(v, "shape", ()))) for v in values)
        return whole if several else whole[0]
    outputs = [t.laying.slot(tuple(each.shape), dtype_of(each)) for each in likes]
    t.laying.node(
        Kind.CONSTANT if bound else Kind.OTHER,
        name,
        [] if bound else operands,
        outputs=outputs,
        run=(lambda: run(*fixed)) if bound else run,
        parameters=_terms(t, node, name),
    )
    # where torch gives None in place of a tensor, numbers must not shift
    slots = iter(outputs)
    if several:
        return tuple(
            Constant(None, ()) if each is None else next(slots) for each in found
        )
    return outputs[0] if outputs else Constant(None, ())


def _has_value(node: Any) -> bool:
    return "val" in node.meta or "tensor_meta" in node.meta


def _run(node: Any, read: Sequence[Any]) -> Callable[..., tuple[Any, ...]]:
    """The operation itself, on new arrays in place of those it read."""

    def run(*arrays: Any) -> tuple[Any, ...]:
        new = dict(zip(read, arrays, strict=True))
        args = map_arg(node.args, lambda old: new[old])
        terms = map_arg(node.kwargs, lambda old: new[old])
        out = node.target(*args, **terms)
        out = out if isinstance(out, tuple | list) else (out,)
        return tuple(each for each in out if each is not None)

    return run


def _terms(t: Translation, node: Any, name: str) -> dict[str, Any]:
    """What counting needs to know of an operation that is no plain one."""
    if name in {"convolution", "convolution_backward"}:
        kernel, first = (1, 3) if name == "convolution" else (2, 4)
        window = len(t.shape(t.operand(node.args[kernel]))) - 2
        stride, padding, dilation, transposed, _, groups, *wanted = node.args[first:]
        terms = conv_terms((stride, padding, dilation, groups), window)
        return {
            **terms,
            "transposed": transposed,
            "wanted": wanted[0] if wanted else (),
        }
    if name.startswith(("max_pool", "avg_pool")):
        return {"window": node.args[2 if name.endswith("backward") else 1]}
    return {}
