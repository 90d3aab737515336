"""The rows of a cost report: what every way takes, from what was counted and timed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np

from clinometer.arrays import to_float64
from clinometer.costs.accuracy import Accuracy
from clinometer.costs.colouring import colours
from clinometer.costs.complexes import SMALL, complex_slopes
from clinometer.costs.memoized import Shared, memoized_rows
from clinometer.costs.report import CostRow, Missing, Way
from clinometer.costs.subject import Floats, Subject, wait
from clinometer.graph import Graph
from clinometer.operations import Operations, count, peak
from clinometer.stencil import stencil
from clinometer.table import counted

__all__ = ["HANDING", "Forward", "ways"]

HANDING = 3e-4
"""Seconds to hand a worker its share and to have its answer, for a process that waits.
Measured by `python -m benchmarks.cost`."""

Found: TypeAlias = CostRow | Missing

NO_AUTODIFF = "NumPy has no autodiff; an f written in torch or JAX has"
SMOOTH = 8
"""Evaluations an entry of `clinometer.gradient` where f is smooth."""


@final
@dataclass(frozen=True)
class Forward:
    """One evaluation of f: operations, bytes and seconds, as far as they are known."""

    operations: Operations | None
    memory: int | None
    seconds: float | None


@final
class Rows:
    """Makes the rows of one subject."""

    def __init__(self, subject: Subject, forward: Forward, workers: int) -> None:
        self.subject, self.forward = subject, forward
        self.shared = Shared(workers, HANDING)

    def repeated(
        self,
        way: Way,
        formula: str,
        evaluations: int,
        *,
        accuracy: Accuracy | None,
        note: str = "",
    ) -> CostRow:
        """A way that evaluates f alone, so often, beside a second x."""
        forward = self.forward
        memory = forward.memory
        return CostRow(
            way,
            formula,
            evaluations,
            _times(forward.operations, evaluations),
            None if memory is None else memory + self.subject.held,
            None if forward.seconds is None else evaluations * forward.seconds,
            shared=self.shared.seconds(evaluations, forward.seconds),
            accuracy=accuracy,
            note=note,
        )


def ways(
    subject: Subject,
    forward: Forward,
    gradient: Floats | str,
    *,
    workers: int,
    sparsity: Any,
) -> list[Found]:
    """Every way to the gradient, open or not.

    gradient : (n) autodiff's; or why there is none.
    workers : processors of the model.
    sparsity : which term of f depends on which entry of x, or None.
    """
    rows = Rows(subject, forward, workers)
    found = [_backprop(rows, gradient), _forward_mode(rows)]
    forwards, centrals = _plain(rows, Way.FORWARD), _plain(rows, Way.CENTRAL)
    found += [forwards, centrals, _extrapolated(rows), _complex(rows)]
    if sparsity is not None:
        found.append(_coloured(rows, sparsity, forwards.accuracy))
    found += memoized_rows(subject, rows.shared)
    return [*found, _random(rows, centrals.accuracy)]


def graph_costs(
    trace: Callable[[], Graph], notes: list[str], name: str
) -> tuple[Operations | None, int | None]:
    """Operations and peak bytes of a graph; unknown where none is made, with a note."""
    try:
        graph = trace()
    except Exception as error:  # noqa: BLE001 - what cannot be traced is not counted
        notes.append(
            f"the operations of {name} cannot be counted: tracing it raised "
            f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        )
        return None, None
    operations = count(graph)
    if not operations.complete:
        names = ", ".join(operations.uncounted)
        notes.append(f"without a rule to count them, in {name}: {names}")
    return operations, peak(graph)


def _times(operations: Operations | None, times: int) -> Operations | None:
    return None if operations is None else operations * times


def _backprop(rows: Rows, gradient: Floats | str) -> Found:
    subject = rows.subject
    if isinstance(gradient, str):
        return Missing(Way.BACKPROP, gradient)
    engine, f, leaves = subject.engine, subject.f, subject.leaves
    operations, memory = graph_costs(
        lambda: engine.gradient_graph(f, leaves), subject.notes, "backprop"
    )
    seconds = None
    if not subject.lean:
        run = subject.backward
        seconds = subject.seconds(lambda: wait(run(leaves)))
    known = subject.known
    return CostRow(
        Way.BACKPROP,
        "1 and back",
        1,
        operations,
        memory,
        seconds,
        timed=True,
        shared=seconds,
        accuracy=None if known is None else known.accuracy(gradient[known.entries]),
    )


def _forward_mode(rows: Rows) -> Found:
    subject, n = rows.subject, rows.subject.n
    if subject.engine.name == "numpy":
        return Missing(Way.FORWARD_MODE, NO_AUTODIFF)
    engine, f, leaves = subject.engine, subject.f, subject.leaves
    known = subject.known
    entries = [0] if known is None else known.entries.tolist()

    def along(given: list[Any], tangent: list[Any]) -> Any:
        pair = engine.jvp(lambda each: [f(each)], given, tangent)
        return None if pair is None else pair[1]

    try:
        lacks = not subject.lean and along(leaves, subject.unit(entries[0])) is None
        graph = None if lacks else engine.tangent_graph(f, leaves)
    except Exception as error:  # noqa: BLE001 - what f cannot do is its answer
        return Missing(Way.FORWARD_MODE, f"raised {type(error).__name__}")
    if graph is None:
        return Missing(Way.FORWARD_MODE, "a rule that f uses has no forward mode")
    operations, memory = graph_costs(lambda: graph, subject.notes, "forward mode")
    seconds, accuracy = None, None
    if not subject.lean:
        half, first = len(leaves), [*leaves, *subject.unit(entries[0])]
        run = subject.derived(
            lambda both: along(both[:half], both[half:]), "forward mode", first
        )
        seconds = subject.seconds(lambda: wait(run(first)))
        if known is not None:
            each = [run([*leaves, *subject.unit(k)])[0] for k in entries]
            accuracy = known.accuracy(np.array([float(to_float64(s)) for s in each]))
    return CostRow(
        Way.FORWARD_MODE,
        "n tangents",
        n,
        _times(operations, n),
        memory,
        None if seconds is None else n * seconds,
        shared=rows.shared.seconds(n, seconds),
        accuracy=accuracy,
    )


OFFSETS = {Way.FORWARD: (0, 1), Way.CENTRAL: (-1, 1)}


def _plain(rows: Rows, way: Way) -> CostRow:
    """Forward or central differences."""
    known, n = rows.subject.known, rows.subject.n
    by = stencil(OFFSETS[way])
    accuracy = None if known is None else known.accuracy(known.by(by))
    formula, evaluations = ("n + 1", n + 1) if by.order == 1 else ("2 n", 2 * n)
    return rows.repeated(way, formula, evaluations, accuracy=accuracy)


def _extrapolated(rows: Rows) -> CostRow:
    """Differences at several steps, as `clinometer.gradient` takes them."""
    known, n = rows.subject.known, rows.subject.n
    each = (
        float(SMOOTH) if known is None else (known.evaluations - 1) / known.value.size
    )
    smooth = each == SMOOTH
    return rows.repeated(
        Way.EXTRAPOLATED,
        f"{each:.3g} n + 1",
        round(each * n) + 1,
        accuracy=None if known is None else known.accuracy(known.extrapolated),
        note=""
        if smooth
        else f"evaluations as those of {known.value.size} entries"
        if known is not None
        else "",
    )


def _complex(rows: Rows) -> Found:
    subject = rows.subject
    if subject.engine.name != "numpy":
        return Missing(Way.COMPLEX, "asked of NumPy functions only; autodiff is exact")
    known = subject.known
    entries = [0] if known is None else known.entries.tolist()
    steps = {k: SMALL * float(subject.scale[k]) for k in entries}
    slopes = complex_slopes(subject.f, subject.layout, steps)
    if isinstance(slopes, str):
        return Missing(Way.COMPLEX, slopes)
    accuracy = None if known is None else known.accuracy(slopes)
    if accuracy is not None and accuracy.error > max(2 * accuracy.bar, COARSE):
        return Missing(
            Way.COMPLEX,
            f"gives another slope, off by {accuracy.error:.1e}: f is not analytic "
            "(abs, max, conj and comparisons are not)",
        )
    run = subject.seconds(
        lambda: complex_slopes(subject.f, subject.layout, dict([*steps.items()][:1]))
    )
    n = subject.n
    return CostRow(
        Way.COMPLEX,
        "n",
        n,
        seconds=None if run is None else n * run,
        shared=rows.shared.seconds(n, run),
        accuracy=accuracy,
        note="operations on complex numbers",
    )


COARSE = 1e-6
"""Relative error that no complex step of an analytic f has, whatever its dtype."""


def _random(rows: Rows, along: Accuracy | None) -> CostRow:
    """Simultaneous perturbation: the slope along random signs, times these signs.

    along : of the slope.
    Its mean is the gradient g; its squared distance from g is (n - 1) |g|**2 in the
    mean, as every other entry enters each entry with a random sign.
    Source: Spall 1992, IEEE Trans. Automatic Control 37, 332-341; the variance from
    E (sum_j g_j z_j z_i - g_i)**2 = sum_(j != i) g_j**2.
    """
    others = rows.subject.n - 1
    by_formula = None if along is None else math.hypot(math.sqrt(others), along.error)
    return rows.repeated(
        Way.RANDOM,
        "2",
        2,
        accuracy=None
        if along is None or by_formula is None
        else Accuracy(by_formula, along.bar),
        note="its error is √(n − 1) by formula; the mean of k directions takes 2 k "
        "evaluations and is off by √((n − 1) / k)",
    )


def _coloured(rows: Rows, sparsity: Any, accuracy: Accuracy | None) -> CostRow:
    """Forward differences along all entries of one colour at once."""
    n = rows.subject.n
    used = int(colours(sparsity, n).max(initial=-1)) + 1
    return rows.repeated(
        Way.COLOURED,
        "colours + 1",
        used + 1,
        accuracy=accuracy,
        note=f"{counted(used, 'colour', 'colours')} for {n:,} entries; f has to return "
        "its terms",
    )
