"""Gradients by differences in which nothing is computed twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from clinometer import engines
from clinometer.errors import FunctionError, InputError
from clinometer.graph import Graph, Slot
from clinometer.ladder import FLOAT64, coordinates, scales
from clinometer.memo.base import Base, Library
from clinometer.memo.cuts import Cut, cheapest
from clinometer.memo.differences import differences
from clinometer.memo.outcome import MemoizedGradient, Work
from clinometer.memo.propagate import Propagation
from clinometer.memo.pullback import pulled
from clinometer.memo.tally import Tally
from clinometer.operations import Operations, count
from clinometer.point import flatten_input, require_finite
from clinometer.trees import Layout, Tree

__all__ = ["Difference", "Method", "memoized"]

Floats: TypeAlias = NDArray[np.float64]
Method: TypeAlias = Literal["deltas", "nodes", "per-node"]
Difference: TypeAlias = Literal["central", "forward"]

MEMORY = 2**28
"""Default bound on what is held for perturbations, bytes (256 MiB)."""

STEPS = {"central": (3 * 2.0**-52) ** (1 / 3), "forward": 2.0**-26}
"""Steps over the typical size of an entry, dimensionless: where rounding and
truncation cost least, for an f whose derivatives are all of the size of f / x**k."""


def memoized(
    f: Callable[..., Any],
    x: Tree,
    *,
    method: Method = "deltas",
    difference: Difference = "central",
    step: float | None = None,
    scale: Tree | None = None,
    memory: int = MEMORY,
) -> MemoizedGradient:
    """Gradient of scalar f at x by differences that keep all that does not change.

    f : function of a tree like x, of JAX or torch, returning one number; it is traced
        once, and its operations are run in NumPy, in float64 whatever the dtype of x.
    x : array or tree of arrays of that library.
    method : "per-node" runs again each operation that an entry reaches. "deltas" moves
        only the changed part of every array: as it is through linear operations, by
        new values of that part through others. "nodes" differences f by arrays that
        are linear in one of x, such as a @ W + b, wherever that costs less
        arithmetic, and goes on to the array itself by the transposed operations.
    difference : "central" takes a step to both sides, "forward" to one.
    step : over the typical size of an entry, dimensionless, > 0; 8.7e-6 for central
        and 1.5e-8 for forward differences unless given.
    scale : typical size of every entry, a tree like x (or of single numbers), > 0, in
        units of x; as for `clinometer.gradient`.
    memory : bound on what is held for perturbations, bytes; f's own values come on top.

    The same as plain differences at the same steps, but for rounding, which is less:
    what does not change cancels exactly. There is no bar: for one, see `gradient`.

    Raises InputError if x is no finite real floating input of JAX or torch, if f does
    not return one real number, or for a bad option; FunctionError if f(x) is not
    finite. What f raises when it is traced comes through unchanged.
    Source: forward accumulation of differences; the transposed operations are those of
    reverse mode (Griewank and Walther, Evaluating Derivatives, 2nd ed., ch. 3).
    """
    _require_known("method", method, get_args(Method))
    _require_known("difference", difference, get_args(Difference))
    relative = STEPS[difference] if step is None else float(step)
    if not (np.isfinite(relative) and relative > 0):
        raise InputError(
            f"step must be positive and finite, got {step}; omit it to have one chosen"
        )
    if not memory >= 1:
        raise InputError(f"memory must be a positive number of bytes, got {memory}")
    layout = Layout.of(x, flatten_input)
    require_finite(layout)
    point = layout.vector()
    sizes = None if scale is None else layout.like(scale, "scale")
    if sizes is not None and not (np.isfinite(sizes) & (sizes > 0)).all():
        raise InputError(f"scale must be positive and finite, got {sizes.min()}")
    base = _base(f, layout, point)
    tally, forward = Tally(), count(base.graph)
    propagation = Propagation(
        base, signs=2 if difference == "central" else 1, boxes=method != "per-node"
    )
    with np.errstate(all="ignore"):  # beyond an edge of the domain f may overflow
        cuts = _cuts(propagation, method)
    exact = replace(layout, roundoff=(FLOAT64,) * len(layout.roundoff))
    steps = _steps(exact, point, relative, sizes=sizes)
    slopes: dict[int, Floats] = {}
    gradient, taken = np.empty(layout.size), steps.copy()
    for cut, where in zip(cuts, layout.slices(), strict=True):
        number = cut.slot.number
        if number not in slopes:
            h = steps[where]
            if cut.links:
                at = Layout.of(base.value(cut.slot))
                h = _steps(at, at.vector(), relative, sizes=None)
            with np.errstate(all="ignore"):
                found = differences(
                    propagation, cut.slot, h, tally=tally, memory=memory
                )
            slopes[number] = found.reshape(base.shape(cut.slot))
        slope = pulled(base, cut.links, slopes[number], tally=tally)
        gradient[where] = slope.reshape(-1)
        if cut.links:
            taken[where] = np.nan
    nodes, shapes = base.graph.nodes, [base.shape(cut.slot) for cut in cuts]
    return MemoizedGradient(
        value=layout.tree(gradient),
        step=layout.tree(taken),
        differenced=dict(zip(layout.paths, shapes, strict=True)),
        work=_work(forward, tally),
        forward=_work(forward),
        perturbations=sum(found.size for found in slopes.values()),
        full=tuple(sorted({nodes[k].name for k in propagation.full})),
        foreign=tuple(sorted({nodes[k].name for k in base.foreign})),
    )


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
    with np.errstate(all="ignore"):
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


def _steps(
    layout: Layout, x: Floats, relative: float, *, sizes: Floats | None
) -> Floats:
    """(n) the step of every entry, such that x + h and x - h are exact.

    Where no sizes are given, an entry counts as large as is typical of its array if it
    is smaller than that; still, no step takes it across zero.
    """
    own = scales(layout, x, sizes)
    if sizes is None:
        for where in layout.slices():
            part = own[where]
            if part.size:
                most = float(part.max())  # taken out, or squares of 1e200 overflow
                typical = most * float(np.sqrt(np.mean(np.square(part / most))))
                own[where] = np.maximum(part, typical)
    lines = coordinates(layout, x, own, free=sizes is not None)
    h = np.minimum(relative * own, lines.reach)
    return lines.representable(h[None])[0]


def _work(*parts: Tally | Operations) -> Work:
    """Arithmetic of some parts together."""
    return Work(
        *(
            math.ceil(sum(getattr(part, name) for part in parts))
            for name in (
                "multiplications",
                "additions",
                "transcendentals",
                "comparisons",
            )
        ),
        uncounted=tuple(sorted({name for part in parts for name in part.uncounted})),
    )
