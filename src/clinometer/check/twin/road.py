"""The twin check: a low-precision kernel against its reference in float64."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import dtype_name, from_float64, to_float64
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.twin.cause import Known, diagnose, finite
from clinometer.check.twin.cells import Cells, Sample
from clinometer.check.twin.judge import Judgement, blamed, judge
from clinometer.check.twin.report import TwinLeaf, TwinReport, TwinRule
from clinometer.check.twin.rules import SLACK, Norm, Scale
from clinometer.check.twin.runs import Runner, record
from clinometer.check.verdict import Verdict
from clinometer.errors import InputError
from clinometer.trees import Tree, flatten

__all__ = ["check_twin"]

Floats: TypeAlias = NDArray[np.float64]

BLIND = 0.5
"""Relative error of a whole array that must at least be seen for a verdict."""


def check_twin(
    kernel: Callable[..., Any],
    reference: Callable[..., Any] | None,
    inputs: tuple[Tree, ...],
    *,
    cotangent: Tree = None,
    draws: int = 4,
    slack: float = SLACK,
    seed: int = 0,
) -> TwinReport:
    """Report on whether a low-precision kernel and its gradients are right.

    kernel : function of the inputs, differentiable by the library's autodiff, with its
        own backward rules in it.
    reference : the same function in plain operations that run in any dtype; None for
        the kernel itself, if it runs in float64 (only lost digits can show then).
    inputs : tuple of the kernel's arguments, torch or JAX: floating arrays, to be
        differentiated by, trees of them, and anything else, passed on as it is.
    cotangent : incoming gradient, a number or a tree like the value; each draw scales
        it by another factor of [1, 2), which changes all roundings. Otherwise normal
        numbers, new in each draw.
    draws : cotangents tried, at least 2. Each costs three gradients.
    slack : how many times the error of an eager run a healthy kernel may show.
    seed : of the cotangents.

    The kernel's gradients are set against those of the reference in float64 at the same
    quantised inputs. How much rounding may cost is read off the reference run eagerly
    in the inputs' dtypes; no tolerance is needed.
    Raises InputError for inputs that cannot be used.
    """
    began = time.perf_counter()
    _require(inputs, draws, slack)
    runner = Runner(kernel, reference, inputs)
    cotangents = _cotangents(runner.outputs, cotangent, draws=draws, seed=seed)
    recorded = record(runner, cotangents, seed)
    diagnoses = [
        Diagnosis(
            Cause.NONE if fault.startswith("None") else Cause.FORM,
            path,
            "",
            Verdict.DIFFERS,
            fault,
        )
        for path, fault in recorded.missing
    ]
    leaves: list[TwinLeaf] = []
    dtypes = _dtypes(runner)
    for sample in recorded.samples:
        leaf, found = _leaf(
            sample,
            dtype=dtypes[sample.path],
            slack=slack,
            runner=runner,
            cotangent=cotangents[0],
        )
        leaves.append(leaf)
        diagnoses += found
    verdicts = {leaf.verdict for leaf in leaves}
    verdict = Verdict.AGREES
    if diagnoses:
        verdict = Verdict.DIFFERS
    elif Verdict.CANNOT_TELL in verdicts:
        verdict = Verdict.CANNOT_TELL
    seconds = time.perf_counter() - began
    return TwinReport(
        verdict,
        tuple(diagnoses),
        tuple(leaves),
        recorded.notes,
        draws,
        slack,
        seed,
        seconds,
    )


def _leaf(
    sample: Sample,
    *,
    dtype: str,
    slack: float,
    runner: Runner,
    cotangent: list[Floats],
) -> tuple[TwinLeaf, list[Diagnosis]]:
    """Summary and diagnoses of one array."""
    sample, found, reason = finite(sample)
    judgement = judge(sample, slack)
    if not judgement.passed:
        part = blamed(sample, judgement, slack)
        inputs = zip(runner.arguments.paths, runner.arrays, strict=True)
        known = Known(
            _in_double(runner, sample.path, cotangent),
            tuple((path, to_float64(array)) for path, array in inputs),
        )
        found.append(diagnose(sample, part, known))
    exact = math.sqrt(float((sample.exact**2).sum()))
    verdict = Verdict.AGREES
    if found:
        verdict = Verdict.DIFFERS
    elif exact and judgement.norms[0].sees > BLIND:
        verdict = Verdict.CANNOT_TELL
        reason = (
            "the eager run loses all digits, so nothing can be told: scale the loss, "
            "or use another dtype"
        )
    elif not np.isfinite(sample.exact).any():
        verdict = Verdict.CANNOT_TELL
    leaf = TwinLeaf(
        sample.path,
        sample.shape,
        dtype,
        verdict,
        _relative(sample.kernel, sample.exact),
        _relative(sample.eager, sample.exact),
        tuple(_rules(judgement)),
        reason,
    )
    return leaf, found


def _relative(run: Floats, exact: Floats) -> float:
    """Norm of a run's error beside that of the exact values."""
    error, size = float(((run - exact) ** 2).sum()), float((exact**2).sum())
    if size == 0:
        return math.inf if error else 0.0
    return math.sqrt(error / size)


def _rules(judgement: Judgement) -> list[TwinRule]:
    """Every rule in every division, at the cell where it comes closest to its limit."""
    found = [_worst("norm", rule, rule.measured) for rule in judgement.norms]
    scales = [_worst("scale", rule, np.abs(rule.measured)) for rule in judgement.scales]
    return found + scales


def _worst(name: str, rule: Norm | Scale, size: NDArray[np.float64]) -> TwinRule:
    """A rule at the cell where this size comes closest to the limit."""
    worst = int(np.argmax(size / rule.limit))
    return TwinRule(
        name,
        _division(rule.cells),
        _place(rule.cells, worst),
        float(rule.measured.flat[worst]),
        float(rule.limit.flat[worst]),
        rule.sees,
        int(rule.failed.sum()),
    )


def _division(cells: Cells) -> str:
    if cells.whole:
        return "whole"
    if cells.entries:
        return "entries"
    if len(cells.shape) > 1 and cells.rows:
        return "rows"
    axes = ", ".join(map(str, cells.kept))
    if cells.width > 1:
        return f"tiles of {cells.width} along axis {axes}"
    return f"axis {axes}" if len(cells.kept) == 1 else f"axes {axes}"


def _place(cells: Cells, flat: int) -> str:
    index = np.unravel_index(flat, cells.counts) if cells.kept else ()
    return cells.name([int(i) for i in index])


def _in_double(runner: Runner, path: str, cotangent: list[Floats]) -> float | None:
    """Relative error of one of the kernel's arrays in float64; None if unknown."""
    try:
        found, exact = runner.kernel_in_double(path, cotangent)
    except (RuntimeError, TypeError, ValueError, AssertionError, NotImplementedError):
        return None
    if found is None or exact is None or found.shape != exact.shape:
        return None
    error = _relative(found, exact)
    return error if math.isfinite(error) else None


def _cotangents(
    outputs: Sequence[Any], cotangent: Tree, *, draws: int, seed: int
) -> list[list[Floats]]:
    """For each draw one array for each output, as the outputs' dtypes hold them."""
    random = np.random.default_rng(seed)
    given = None if cotangent is None else _given(cotangent, outputs)
    drawn: list[list[Floats]] = []
    for _ in range(draws):
        factor = random.uniform(1, 2)
        row: list[Floats] = []
        for place, out in enumerate(outputs):
            if given is None:
                values = random.standard_normal(tuple(out.shape))
            else:
                values = factor * given[place]
            held = to_float64(from_float64(np.asarray(values), out))
            _require_held(held, dtype_name(out))
            row.append(held)
        drawn.append(row)
    return drawn


def _given(cotangent: Tree, outputs: Sequence[Any]) -> list[Floats]:
    """The cotangent of every output, from a number or a tree like the value."""
    if isinstance(cotangent, int | float):
        return [np.full(tuple(out.shape), float(cotangent)) for out in outputs]
    leaves, _, _ = flatten(cotangent, "cotangent")
    arrays = [to_float64(leaf) for leaf in leaves]
    mine = [array.shape for array in arrays]
    theirs = [tuple(out.shape) for out in outputs]
    if mine != theirs:
        raise InputError(
            f"cotangent must have the shapes of the kernel's value, {theirs}, got "
            f"{mine}; or pass a number"
        )
    return arrays


def _require_held(cotangent: Floats, dtype: str) -> None:
    """Raise InputError where rounding to its dtype leaves nothing of a cotangent."""
    if cotangent.size and not cotangent.any():
        raise InputError(
            f"the cotangent is zero in {dtype}; scale the loss, and cotangent= with it"
        )
    if not np.isfinite(cotangent).all():
        raise InputError(
            f"the cotangent is not finite in {dtype}; pass a smaller cotangent="
        )


def _dtypes(runner: Runner) -> dict[str, str]:
    """The dtype of each array in the report."""
    dtypes = {
        path: dtype_name(array)
        for path, array in zip(runner.arguments.paths, runner.arrays, strict=True)
    }
    paths = runner.value_paths
    return dtypes | {
        path: dtype_name(out) for path, out in zip(paths, runner.outputs, strict=True)
    }


def _require(inputs: object, draws: int, slack: float) -> None:
    if not isinstance(inputs, tuple):
        raise InputError(
            "inputs must be the tuple of the kernel's arguments, got "
            f"{type(inputs).__name__}; for a single argument write (x,)"
        )
    if draws < 2:
        raise InputError(
            f"draws must be at least 2, got {draws!r}: one is judged by others"
        )
    if not (math.isfinite(slack) and slack >= 1):
        raise InputError(f"slack must be finite and at least 1, got {slack!r}")
