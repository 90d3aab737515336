"""The door of a cost report."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from clinometer.costs.advice import advised
from clinometer.costs.memory import peak_of_call
from clinometer.costs.report import CostReport, CostRow, Missing
from clinometer.costs.subject import Floats, Subject, wait
from clinometer.costs.ways import HANDING, NO_AUTODIFF, Forward, graph_costs, ways
from clinometer.errors import InputError
from clinometer.trees import Tree

__all__ = ["cost"]


def cost(
    f: Callable[..., Any],
    x: Tree,
    *,
    sparsity: Any = None,
    workers: int = 8,
    entries: int = 5,
    timing: float = 0.2,
    scale: Tree | None = None,
    batched: bool = False,
    seed: int = 0,
) -> CostReport:
    """What each way to the gradient of scalar f at x costs, and what it is worth.

    f : function of x returning one number. For the parameters of a torch model:
        lambda p: loss(torch.func.functional_call(model, p, inputs)), with x =
        dict(model.named_parameters()).
    x : real floating array of NumPy, torch or JAX, or a nesting of them.
    sparsity : (m, n) array or SciPy sparse array, not zero where term i of f depends on
        entry j of x (in the order of the leaves): then entries that share no term are
        differenced together in one more row.
    workers : processors in the model of parallel evaluation, >= 1.
    entries : so many derivatives are measured with error bars, and every way's compared
        with them; 0 for no errors.
    timing : seconds spent on each timing; 0 for none.
    scale : tree like x of typical sizes > 0, in units of x; |x| without it.
    batched : f takes a leading axis of points, and returns one value a point.
    seed : of the entries looked at.

    Operations are counted in the graphs of torch and JAX, at x: loops as often as they
    run there. NumPy's functions show evaluations, time and memory only.
    Raises InputError for an x, f or option that cannot be used, FunctionError if f
    fails at x, or on both sides of it.
    """
    _require_options(workers, entries, timing)
    began = time.perf_counter()
    lean = not timing and not entries
    subject = Subject(f, x, batched=batched, scale=scale, budget=timing, lean=lean)
    gradient = _gradient(subject)
    if entries:
        known = None if isinstance(gradient, str) else gradient
        subject.look_at(entries, seed, known)
    forward = _forward(subject)
    found = ways(subject, forward, gradient, workers=workers, sparsity=sparsity)
    rows = tuple(each for each in found if isinstance(each, CostRow))
    return CostReport(
        n=subject.n,
        library=subject.engine.name,
        operations=forward.operations,
        memory=forward.memory,
        seconds=forward.seconds,
        workers=workers,
        handing=HANDING,
        rows=rows,
        missing=tuple(each for each in found if isinstance(each, Missing)),
        recommendation=advised(
            rows,
            subject.n,
            library=subject.engine.name,
            operations=forward.operations,
            seconds=forward.seconds,
            workers=workers,
        ),
        notes=tuple(subject.notes),
        evaluations=subject.evaluations,
        seed=seed,
        timing=subject.timing,
        spent=time.perf_counter() - began,
    )


def _require_options(workers: int, entries: int, timing: float) -> None:
    """Raise InputError for numbers that mean nothing."""
    if isinstance(workers, bool) or workers != int(workers) or workers < 1:
        raise InputError(f"workers must be a whole number >= 1, got {workers!r}")
    if isinstance(entries, bool) or entries != int(entries) or entries < 0:
        raise InputError(
            f"entries must be a whole number >= 0, got {entries!r}; 0 measures no "
            "errors"
        )
    if not 0 <= timing < np.inf:
        raise InputError(
            f"timing must be a finite number of seconds >= 0, got {timing!r}; 0 times "
            "nothing"
        )


def _gradient(subject: Subject) -> Floats | str:
    """(n) autodiff's gradient, zeros where nobody asks for it; or why there is none."""
    if subject.engine.name == "numpy":
        return NO_AUTODIFF
    try:
        if subject.lean:
            subject.engine.gradient_graph(subject.f, subject.leaves)
            return np.zeros(subject.n)
        found = subject.backward(subject.leaves)
    except Exception as error:  # noqa: BLE001 - what f cannot do is its answer
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    return subject.flat(found)


def _forward(subject: Subject) -> Forward:
    """One evaluation of f."""
    run = subject.f if subject.lean else subject.plain
    seconds = subject.seconds(lambda: wait([run(subject.leaves)]))
    if subject.engine.name == "numpy":
        memory = peak_of_call(lambda: subject.f(subject.leaves))
        return Forward(None, memory, seconds)
    operations, memory = graph_costs(lambda: subject.graph, subject.notes, "f")
    return Forward(operations, memory, seconds)
