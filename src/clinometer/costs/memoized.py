"""What memoized differences would take, from a few perturbations of every array.

All entries of one array move through f in boxes of one shape, so that one of them costs
as much as any other: the gradient itself is not worked out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np

from clinometer.costs.accuracy import Accuracy
from clinometer.costs.report import CostRow, Missing, Way
from clinometer.costs.subject import Subject
from clinometer.graph import Graph, Kind, Slot
from clinometer.memo.base import Base, Library
from clinometer.memo.cuts import SAMPLES, Cut, cheapest
from clinometer.memo.differences import CACHED, HELD
from clinometer.memo.propagate import Propagation
from clinometer.memo.pullback import pulled
from clinometer.memo.tally import Tally
from clinometer.operations import Operations, count

__all__ = ["Shared", "memoized_rows"]

LONGEST = 20_000
"""Operations of a graph, loops unrolled, that are laid out at most."""

STEP = 2.0**-26
"""Of a forward difference, over the typical size of an entry: the root of eps."""

WAYS = (Way.PER_NODE, Way.SPARSE, Way.NODES)


@final
@dataclass(frozen=True)
class Shared:
    """The model of work that is dealt out: how many workers, and what handing costs."""

    workers: int
    handing: float

    def seconds(self, pieces: int, each: float | None) -> float | None:
        """Seconds for so many pieces of so many seconds."""
        if each is None:
            return None
        return math.ceil(pieces / self.workers) * each + self.handing


def memoized_rows(subject: Subject, shared: Shared) -> list[CostRow | Missing]:
    """The three ways of memoized forward differences."""
    if subject.engine.name == "numpy":
        return [Missing(way, "needs the operations of torch or JAX") for way in WAYS]
    try:
        graph = subject.graph
        length = _length(graph)
        if length > LONGEST:
            reason = f"loops unrolled are {length:,} operations, too many to lay out"
            return [Missing(way, reason) for way in WAYS]
        if any(node.kind is Kind.LOOP for node in graph.nodes):
            graph = subject.engine.graph(subject.f, subject.leaves, unroll=True)
    except Exception as error:  # noqa: BLE001 - what cannot be traced has no row
        reason = f"tracing f raised {type(error).__name__}"
        return [Missing(way, reason) for way in WAYS]
    base = _based(subject, graph)
    return [_Row(subject, base, way).made(count(graph), shared) for way in WAYS]


def _length(graph: Graph) -> int:
    """Operations of a graph with its loops unrolled."""
    total = 0
    for node in graph.nodes:
        inner = 0 if node.body is None else _length(node.body)
        inner += sum(_length(branch) for branch in node.branches)
        passes = math.ceil(node.repeats or 1) if node.kind is Kind.LOOP else 1
        total += max(1, passes * inner)
    return total


def _based(subject: Subject, graph: Graph) -> Base:
    """All values of f at x."""
    layout, point = subject.layout, subject.point
    leaves = [
        point[where].reshape(shape)
        for where, shape in zip(layout.slices(), layout.shapes, strict=True)
    ]
    own = Library(subject.leaves[0], subject.engine.vmap)
    with np.errstate(all="ignore"):
        return Base(graph, leaves, own)


@final
@dataclass(frozen=True, eq=False)
class _Tried:
    """What perturbing all entries of one array takes.

    work : operations; entries : how many; seconds : or None where nothing is timed;
    widest : most numbers that one change holds.
    """

    work: Operations
    entries: int
    seconds: float | None
    held: int


@final
class _Row:
    """One way of memoizing, tried out."""

    def __init__(self, subject: Subject, base: Base, way: Way) -> None:
        self.subject, self.base, self.way = subject, base, way
        self.moving = Propagation(base, signs=1, boxes=way is not Way.PER_NODE)

    def made(self, forward: Operations, shared: Shared) -> CostRow:
        """The row.

        forward : operations of one evaluation of f, which comes first.
        """
        cuts = self._cuts()
        numbers = dict.fromkeys(cut.slot.number for cut in cuts)
        tried = [self._tried(Slot(number)) for number in numbers]
        total = forward
        for each in tried:
            total += each.work
        for cut in cuts:
            total += self._pulled(cut)
        changes = sum(each.entries for each in tried)
        spent = [each.seconds for each in tried if each.seconds is not None]
        seconds = sum(spent) if len(spent) == len(tried) else None
        own = changes == self.subject.n
        each_seconds = None if seconds is None else seconds / changes
        return CostRow(
            self.way,
            f"1, {'n' if own else 'k'} changes",
            1 + changes,
            total,
            self._values() + max(each.held for each in tried),
            seconds,
            shared=shared.seconds(changes, each_seconds),
            accuracy=self._accuracy() if own else None,
            note=self._note(),
        )

    def _cuts(self) -> list[Cut]:
        """Where f is differenced for every array, the largest planned first."""
        inputs = self.base.graph.inputs
        if self.way is not Way.NODES:
            return [Cut(slot, ()) for slot in inputs]
        found: list[Cut] = []
        for slot in sorted(inputs, key=lambda s: -math.prod(self.base.shape(s))):
            found.append(cheapest(self.moving, slot, found))
        return found

    def _tried(self, slot: Slot) -> _Tried:
        """A few entries of a slot perturbed, and a full chunk of them timed."""
        size = math.prod(self.base.shape(slot))
        tally = Tally()
        few = np.unique(np.linspace(0, size - 1, SAMPLES).astype(np.intp))
        self.moving.run(slot, (few, np.zeros(len(few))), tally)
        widest = max(self.moving.widest, 1)
        chunk = min(size, max(1, CACHED // (8 * widest)))
        some = np.arange(chunk)

        def run() -> object:
            return self.moving.run(slot, (some, np.zeros(chunk)), Tally())

        seconds = self.subject.seconds(run)
        return _Tried(
            _operations(tally) * Fraction(size, len(few)),
            size,
            None if seconds is None else seconds * size / chunk,
            HELD * 8 * widest * chunk,
        )

    def _pulled(self, cut: Cut) -> Operations:
        """From the derivatives of where f was differenced to those of an array."""
        tally = Tally()
        slopes = np.zeros(self.base.shape(cut.slot))
        pulled(self.base, cut.links, slopes, tally=tally)
        return _operations(tally)

    def _values(self) -> int:
        """Bytes of all values of f at x, which are kept."""
        return 8 * sum(math.prod(shape) for shape in self.base.graph.shapes)

    def _accuracy(self) -> Accuracy | None:
        """How far off the slopes along the entries looked at are."""
        known = self.subject.known
        if known is None:
            return None
        found = np.empty(known.entries.size)
        starts = self.subject.layout.starts
        step = STEP * self.subject.scale[known.entries]
        for k, slot in enumerate(self.base.graph.inputs):
            here = (known.entries >= starts[k]) & (known.entries < starts[k + 1])
            if here.any():
                seeds = known.entries[here] - starts[k], step[here]
                found[here] = self.moving.run(slot, seeds, Tally())[0] / step[here]
        return known.accuracy(found)

    def _note(self) -> str:
        """What could not be held in boxes, and what NumPy has no operation for."""
        full = sorted({self.base.graph.nodes[k].name for k in self.moving.full})
        foreign = sorted({self.base.graph.nodes[k].name for k in self.base.foreign})
        said = [f"done again in full: {', '.join(full)}"] if full else []
        said += [f"by the library of x: {', '.join(foreign)}"] if foreign else []
        return "; ".join(said)


def _operations(tally: Tally) -> Operations:
    return Operations(
        tally.multiplications,
        tally.additions,
        tally.transcendentals,
        tally.comparisons,
        uncounted=dict(tally.uncounted),
    )
