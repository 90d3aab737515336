"""f and x made ready for differences: its values, and where it is differenced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final, get_args

import numpy as np
from numpy.typing import NDArray

from clinometer import engines
from clinometer.errors import FunctionError, InputError
from clinometer.graph import Graph, Slot
from clinometer.memo.base import Base, Library
from clinometer.memo.cuts import Cut, cheapest
from clinometer.memo.propagate import Propagation
from clinometer.operations import Operations, count
from clinometer.point import flatten_input, require_finite
from clinometer.trees import Layout, Tree

__all__ = ["Difference", "Method", "Prepared", "prepared"]

Floats: TypeAlias = NDArray[np.float64]
Method: TypeAlias = Literal["deltas", "nodes", "per-node"]
Difference: TypeAlias = Literal["central", "forward"]


@final
@dataclass(frozen=True, eq=False)
class Prepared:
    """f at x.

    layout : of x; point : (n) its entries.
    base : all values of f's operations at x.
    propagation : what moves changes to the value of f.
    cuts : for each leaf of x, where f is differenced.
    forward : the operations of f itself.
    """

    layout: Layout
    point: Floats
    base: Base
    propagation: Propagation
    cuts: list[Cut]
    forward: Operations


def prepared(
    f: Callable[..., Any], x: Tree, *, method: Method, difference: Difference
) -> Prepared:
    """f at x, made ready; Raises as `memoized`."""
    _require_known("method", method, get_args(Method))
    _require_known("difference", difference, get_args(Difference))
    if not callable(f):
        raise InputError(f"f must be callable, got {type(f).__name__}")
    layout = Layout.of(x, flatten_input)
    require_finite(layout)
    point = layout.vector()
    signs = 2 if difference == "central" else 1
    with np.errstate(all="ignore"):  # beyond an edge of the domain f may overflow
        base = _base(f, layout, point)
        propagation = Propagation(base, signs=signs, boxes=method != "per-node")
        cuts = _cuts(propagation, method)
    return Prepared(layout, point, base, propagation, cuts, count(base.graph))


def _require_known(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        every = ", ".join(repr(each) for each in known)
        raise InputError(f"{name} must be one of {every}, got {value!r}")


def _base(f: Callable[..., Any], layout: Layout, point: Floats) -> Base:
    """All values of f's operations at x."""
    engine = engines.of(layout.leaves)
    graph = engine.graph(
        lambda leaves: f(layout.rebuild(leaves)), layout.leaves, unroll=True
    )
    _require_scalar(graph)
    own = Library(layout.leaves[0], engine.vmap)
    leaves = [
        point[where].reshape(shape)
        for where, shape in zip(layout.slices(), layout.shapes, strict=True)
    ]
    base = Base(graph, leaves, own)
    (value,) = graph.outputs
    if not np.isfinite(base.value(value)):
        raise FunctionError(
            f"f must be finite at x, got {base.value(value)}; choose another x"
        )
    return base


def _require_scalar(graph: Graph) -> None:
    value = graph.outputs[0]
    shape = graph.shapes[value.number] if isinstance(value, Slot) else value.shape
    if len(graph.outputs) != 1 or shape != ():
        raise InputError(
            f"f must return one number, an array of shape (), got {shape}; reduce it "
            "in f, as by a sum"
        )


def _cuts(propagation: Propagation, method: Method) -> list[Cut]:
    """Where f is differenced for each input, the largest planned first."""
    base = propagation.base
    inputs = base.graph.inputs
    if method != "nodes":
        return [Cut(slot, ()) for slot in inputs]
    found: dict[int, Cut] = {}
    size = {slot: np.prod(base.shape(slot)) for slot in inputs}
    for slot in sorted(inputs, key=lambda slot: -size[slot]):
        found[slot.number] = cheapest(propagation, slot, [*found.values()])
    return [found[slot.number] for slot in inputs]
