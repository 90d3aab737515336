"""One recommendation in words, with the numbers that carry it."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from clinometer.costs.report import CostRow, Way
from clinometer.costs.words import duration, multiple, ratio
from clinometer.operations import Operations

__all__ = ["advised"]

CHEAP = 5
"""Evaluations of f that a gradient by reverse mode takes at most, in operations.
Source: Griewank & Walther 2008, Evaluating Derivatives, sec. 3.3 (4 to 5)."""


def advised(
    rows: Sequence[CostRow],
    n: int,
    *,
    library: str,
    operations: Operations | None,
    seconds: float | None,
    workers: int,
) -> str:
    """Which way to take.

    library : of x.
    operations, seconds : of one evaluation of f, as far as they are known.
    """
    given = {row.way: row for row in rows}
    if Way.BACKPROP not in given:
        return _without_backprop(given, n, plain=library == "numpy")
    backprop, forward = given[Way.BACKPROP], given[Way.FORWARD]
    times = _in_evaluations(backprop, operations, seconds)
    tangents = given.get(Way.FORWARD_MODE)
    if tangents is not None and _faster(tangents, backprop):
        said = (
            f"Take forward mode: with n = {n} its {_runs(n, 'tangent')} cost less than "
            f"backprop ({_times_of(tangents, backprop)}), and both are exact."
        )
    elif _faster(forward, backprop):
        said = (
            f"Take backprop for its digits ({_errors(backprop, forward)}): with "
            f"n = {n} forward differences, n + 1 evaluations, cost no more "
            f"({_times_of(forward, backprop)})."
        )
    else:
        said = (
            f"Take backprop: the whole gradient costs {times}, where forward "
            f"differences need n + 1 = {n + 1:,}{_against(forward, backprop, workers)}"
            f"{_errors_after(backprop, forward)}."
        )
    return " ".join(
        filter(
            None,
            [
                said,
                _break_even(backprop, operations, seconds),
                _memo(given, operations),
            ],
        )
    )


def _without_backprop(given: dict[Way, CostRow], n: int, *, plain: bool) -> str:
    """Where there is no reverse mode; plain: because f is NumPy's."""
    forward, central = given[Way.FORWARD], given[Way.CENTRAL]
    exact, coloured = given.get(Way.COMPLEX), given.get(Way.COLOURED)
    tangents = given.get(Way.FORWARD_MODE)
    if coloured is not None and coloured.evaluations < n:
        said = (
            f"Take coloured differences: {coloured.evaluations:,} evaluations of the "
            f"terms of f in place of n + 1 = {n + 1:,}{_spent(coloured)}."
        )
    elif tangents is not None:
        said = (
            f"Take forward mode: {_runs(n, 'tangent')}{_spent(tangents)}"
            f"{_errors_after(tangents, forward)}."
        )
    elif exact is not None:
        said = (
            f"Take the complex step: n = {n:,} evaluations{_spent(exact)}, about as "
            f"many as forward differences{_errors_after(exact, forward)}."
        )
    else:
        said = (
            f"Take central differences: 2 n = {2 * n:,} evaluations{_spent(central)}"
            f"{_errors_after(central, forward)}."
        )
    if n > CHEAP and plain:
        said += (
            f" Written in torch or JAX, the whole gradient would cost at most about "
            f"{CHEAP} evaluations of f in operations, whatever n."
        )
    return said


def _in_evaluations(
    row: CostRow, operations: Operations | None, seconds: float | None
) -> str:
    """Cost of a row in evaluations of f, by operations and by time."""
    counted = ratio(row.operations, operations)
    said = [f"{multiple(counted)} F in multiplications"] if counted else []
    if row.seconds is not None and seconds:
        taken = f"{multiple(row.seconds / seconds)} evaluations of f in time"
        said.append(f"{taken}, {duration(row.seconds)}")
    return f"{said[0]} ({said[1]})" if len(said) == 2 else "".join(said) or "one run"


def _break_even(
    backprop: CostRow, operations: Operations | None, seconds: float | None
) -> str:
    """Entries up to which forward differences, n + 1 evaluations, cost no more."""
    counted = ratio(backprop.operations, operations)
    said = [f"{_entries(counted)} in multiplications"] if counted else []
    if backprop.seconds is not None and seconds:
        said.append(f"{_entries(backprop.seconds / seconds)} in time")
    return f"Forward differences break even at {' and '.join(said)}." if said else ""


def _entries(times: float) -> str:
    """Entries n for which n + 1 evaluations are that many times one."""
    n = int(times) - 1
    return f"n = {n}" if n >= 1 else "no n"


def _memo(given: dict[Way, CostRow], operations: Operations | None) -> str:
    """How far memoization closes the gap."""
    known = [
        (ratio(given[way].operations, operations), way)
        for way in (Way.PER_NODE, Way.SPARSE, Way.NODES)
        if way in given
    ]
    counted = [(times, way) for times, way in known if times is not None]
    if not counted:
        return ""
    times, way = min(counted, key=lambda pair: pair[0])
    return (
        f"The best that memoized differences do is {multiple(times)} F ({way.value})."
    )


def _faster(one: CostRow, other: CostRow) -> bool:
    """Whether one way costs less, in time where both were timed, else in operations."""
    if one.seconds is not None and other.seconds is not None:
        return one.seconds < other.seconds
    counted = ratio(one.operations, other.operations)
    return counted is not None and counted < 1


def _times_of(one: CostRow, other: CostRow) -> str:
    if one.seconds is not None and other.seconds is not None:
        return f"{duration(one.seconds)} against {duration(other.seconds)}"
    counted = ratio(one.operations, other.operations)
    return "" if counted is None else f"{multiple(counted)} times its multiplications"


def _spent(row: CostRow) -> str:
    return "" if row.seconds is None else f" ({duration(row.seconds)})"


def _against(forward: CostRow, backprop: CostRow, workers: int) -> str:
    """Times of two ways, on one processor and on several."""
    if forward.seconds is None or not backprop.seconds:
        return ""
    longer = multiple(forward.seconds / backprop.seconds)
    said = f"{duration(forward.seconds)}, {longer} times as long"
    if forward.shared is not None:
        longer = multiple(forward.shared / backprop.seconds)
        said += f"; {longer} times with {workers} workers"
    return f" ({said})"


def _errors(one: CostRow, other: CostRow) -> str:
    """Errors of two ways."""
    if one.accuracy is None or other.accuracy is None:
        return "exact but for rounding"
    return f"error {one.accuracy} against {other.accuracy}"


def _errors_after(one: CostRow, other: CostRow) -> str:
    given = [row.accuracy for row in (one, other)]
    if any(each is None or not isfinite(each.bound) for each in given):
        return ""
    return f"; {_errors(one, other)}"


def _runs(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
