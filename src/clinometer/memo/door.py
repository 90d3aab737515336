"""Gradients by differences in which nothing is computed twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.errors import InputError
from clinometer.ladder import FLOAT64
from clinometer.memo.cuts import pilot
from clinometer.memo.differences import differences
from clinometer.memo.outcome import MemoizedGradient, Work
from clinometer.memo.preparation import Difference, Method, Prepared, prepared
from clinometer.memo.pullback import pulled
from clinometer.memo.steps import steps_for
from clinometer.memo.tally import Tally
from clinometer.operations import Operations
from clinometer.trees import Layout, Tree

__all__ = ["memoized", "memoized_work"]

Floats: TypeAlias = NDArray[np.float64]

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
    relative = STEPS.get(difference, 1.0) if step is None else float(step)
    if not (np.isfinite(relative) and relative > 0):
        raise InputError(
            f"step must be positive and finite, got {step}; omit it to have one chosen"
        )
    if not memory >= 1:
        raise InputError(f"memory must be a positive number of bytes, got {memory}")
    ready = prepared(f, x, method=method, difference=difference)
    sizes = None if scale is None else ready.layout.like(scale, "scale")
    if sizes is not None and not (np.isfinite(sizes) & (sizes > 0)).all():
        raise InputError(f"scale must be positive and finite, got {sizes.min()}")
    layout, base, tally = ready.layout, ready.base, Tally()
    exact = replace(layout, roundoff=(FLOAT64,) * len(layout.roundoff))
    steps = steps_for(exact, ready.point, relative, sizes=sizes)
    slopes: dict[int, Floats] = {}
    gradient, taken = np.empty(layout.size), steps.copy()
    for cut, where in zip(ready.cuts, layout.slices(), strict=True):
        number = cut.slot.number
        if number not in slopes:
            h = steps[where]
            if cut.links:
                at = Layout.of(base.value(cut.slot))
                h = steps_for(at, at.vector(), relative, sizes=None)
            found = differences(
                ready.propagation, cut.slot, h, tally=tally, memory=memory
            )
            slopes[number] = found.reshape(base.shape(cut.slot))
        slope = pulled(base, cut.links, slopes[number], tally=tally)
        gradient[where] = slope.reshape(-1)
        if cut.links:
            taken[where] = np.nan
    return _outcome(ready, gradient, taken, tally=tally)


def _outcome(
    ready: Prepared, gradient: Floats, steps: Floats, *, tally: Tally
) -> MemoizedGradient:
    """The gradient with what is to be said of it."""
    base, layout, nodes = ready.base, ready.layout, ready.base.graph.nodes
    places = {cut.slot.number: base.shape(cut.slot) for cut in ready.cuts}
    shapes = [base.shape(cut.slot) for cut in ready.cuts]
    return MemoizedGradient(
        value=layout.tree(gradient),
        step=layout.tree(steps),
        differenced=dict(zip(layout.paths, shapes, strict=True)),
        work=_work(ready.forward, tally),
        forward=_work(ready.forward),
        perturbations=sum(math.prod(shape) for shape in places.values()),
        full=tuple(sorted({nodes[k].name for k in ready.propagation.full})),
        foreign=tuple(sorted({nodes[k].name for k in base.foreign})),
    )


def memoized_work(
    f: Callable[..., Any],
    x: Tree,
    *,
    method: Method = "deltas",
    difference: Difference = "central",
) -> Work:
    """The arithmetic that `memoized` would do, from a few entries of every array.

    Arguments and Raises as for `memoized`. Exact where all entries of an array take the
    same operations, as they do unless a choice in f depends on them, or a box leaves an
    array at some entries and not at others.
    """
    ready = prepared(f, x, method=method, difference=difference)
    tally, done = Tally(), set[int]()
    for cut in ready.cuts:
        shape = ready.base.shape(cut.slot)
        pulled(ready.base, cut.links, np.zeros(shape), tally=tally)
        if cut.slot.number not in done and math.prod(shape):
            done.add(cut.slot.number)
            tally.add(pilot(ready.propagation, cut.slot).each, math.prod(shape))
    return _work(ready.forward, tally)


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
