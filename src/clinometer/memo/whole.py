"""Operations without a rule for boxes: copies of entries, or run again in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from clinometer.graph import Node
from clinometer.memo.delta import Delta
from clinometer.memo.mover import Deltas, Mover
from clinometer.memo.stacks import evaluated

__all__ = ["COPIES", "by_library", "by_numpy", "copied"]

Values: TypeAlias = NDArray[Any]

NAMES = """
gather dynamic_slice dynamic_update_slice scatter index index_select stack
select_scatter slice_scatter index_put take_along_dim
"""
COPIES = frozenset(NAMES.split())
"""Operations each of whose numbers is one of the operands' floating numbers, if what
they are told by whole numbers is in range."""


def copied(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """A change through an operation that copies entries; None where it does not.

    Which entry goes where is found by running it on the entries' own numbers.
    """
    source = _sources(node, deltas, mover)
    if source is None:
        return None
    operands, found = source
    shapes = [mover.base.shape(node.operands[k]) for k in operands]
    ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
    terms: list[Delta] = []
    box = (None,) * len(node.shapes[0])
    for start, stop, k in zip(ends[:-1], ends[1:], operands, strict=True):
        delta = deltas[k]
        if delta is None or start == stop:
            continue
        change = mover.whole(delta, node.operands[k]).change
        own = (found >= start) & (found < stop)
        flat = change.reshape(*change.shape[:2], -1)
        out = np.take(flat, np.where(own, found - start, 0), axis=2)
        if not own.all():
            out = np.where(own, out, 0).astype(change.dtype, copy=False)
        terms.append(mover.changed(node.outputs[0], box, out))
    return mover.summed(node.outputs[0], terms) if terms else None


def _sources(
    node: Node, deltas: Deltas, mover: Mover
) -> tuple[list[int], NDArray[np.intp]] | None:
    """Operands with entries to copy, and the place of each entry in all of them."""
    key = id(node)
    if key not in mover.base.sources:
        mover.base.sources[key] = _probed(node, mover)
    probed = mover.base.sources[key]
    if probed is None:
        return None
    operands = probed[0]
    moved_too = any(
        delta is not None and k not in operands for k, delta in enumerate(deltas)
    )
    return None if moved_too else probed


def _probed(node: Node, mover: Mover) -> tuple[list[int], NDArray[np.intp]] | None:
    if node.name not in COPIES:
        return None
    given: list[Any] = []
    operands: list[int] = []
    dtypes: list[str] = []
    start = 0
    for k, value in enumerate(mover.base.foreign_operands(node)):
        operand = node.operands[k]
        dtype = mover.base.dtype(operand)
        if dtype.startswith(("float", "bfloat", "complex")):
            size = int(np.prod(mover.base.shape(operand)))
            numbers = np.arange(start, start + size, dtype=np.int32)
            given.append(numbers.reshape(mover.base.shape(operand)))
            start, dtype = start + size, "int32"
            operands.append(k)
        else:
            given.append(value)
        dtypes.append(dtype)
    if start >= 2**31:
        return None
    try:
        (found,) = mover.base.library.run(node, given, dtypes)
    except Exception:  # noqa: BLE001 - not on whole numbers: then it is run again
        return None
    inside = found.shape == node.shapes[0] and found.dtype.kind in "iu"
    if not inside or (found.size and not (found.min() >= 0 and found.max() < start)):
        return None
    return operands, found.astype(np.intp)


def by_numpy(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """All of the node's value again, from changed operands, for each perturbation."""
    if len(node.outputs) != 1:
        return None
    given: list[Values] = []
    for k, delta in enumerate(deltas):
        if delta is not None:
            given.append(mover.whole(delta, node.operands[k]).new)
            continue
        value = mover.base.value(node.operands[k])
        if not isinstance(value, np.ndarray):
            return None
        given.append(cast("Values", value)[None, None])
    out = evaluated(node, given, mover.tally)
    if out is None:
        return None
    return mover.renewed(node.outputs[0], (None,) * len(node.shapes[0]), out)


def by_library(node: Node, deltas: Deltas, mover: Mover) -> Sequence[Delta | None]:
    """All of the node's values again, by the library's own operation."""
    live = [k for k, delta in enumerate(deltas) if delta is not None]
    news = [mover.whole(_live(deltas, k), node.operands[k]).new for k in live]
    signs, count = news[0].shape[:2]
    stacked = [new.reshape(signs * count, *new.shape[2:]) for new in news]
    own, base = mover.base.library, mover.base
    dtypes = base.dtypes(node)
    fixed = [
        None if k in live else own.there(value, dtypes[k])
        for k, value in enumerate(base.foreign_operands(node))
    ]

    def run(changed: Sequence[Any]) -> list[Any]:
        given = list(fixed)
        for k, each in zip(live, changed, strict=True):
            given[k] = each
        return list(node.run(*given))

    changed = [
        own.there(each, dtypes[k]) for k, each in zip(live, stacked, strict=True)
    ]
    try:
        outs = own.vmap(run)(changed)
    except Exception:  # noqa: BLE001 - what cannot be mapped is called again and again
        rows = [run([each[row] for each in changed]) for row in range(signs * count)]
        outs = [
            np.stack([own.here(row[j]) for row in rows])
            for j in range(len(node.outputs))
        ]
    shapes = [base.shape(operand) for operand in node.operands]
    mover.tally.runs(node, shapes, signs * count)
    found: list[Delta | None] = []
    for slot, shape, out in zip(node.outputs, node.shapes, outs, strict=True):
        values: Any = own.here(out)
        if not isinstance(values, np.ndarray):
            found.append(None)
            continue
        new = cast("Values", values).reshape(signs, count, *shape)
        found.append(mover.renewed(slot, (None,) * len(shape), new))
    return found


def _live(deltas: Deltas, k: int) -> Delta:
    delta = deltas[k]
    assert delta is not None
    return delta
