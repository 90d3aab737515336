"""A planted fault with its healthy twin: what is asked of check, what it must find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias, final

import numpy as np

from clinometer.arrays import is_complex, to_float64
from clinometer.check import Verdict
from clinometer.check.diagnosis import Cause
from clinometer.trees import flatten

__all__ = ["Base", "Case", "Kind", "Problem", "Right", "claimed", "wrong_entries"]

Where: TypeAlias = Mapping[str, frozenset[tuple[int, ...]]]

MATERIAL = 1e-5
"""Relative to the larger of the two: less than that is no planted fault."""


@final
class Kind(Enum):
    """Kinds of the table of wrong gradients in public trackers, and what is beside."""

    MISSING = "missing term, chain factor or path"
    CONSTANT = "sign or constant factor"
    STRIDES = "strides of the cotangent or input assumed"
    POINTS = "edge or degenerate points, NaN"
    SECOND = "second order or forward mode only"
    AXES = "reduction, broadcast axis, transposition"
    INDICES = "duplicate indices, accumulation, races"
    TAIL = "kernel tails and tiles"
    COTANGENT = "cotangent ignored or only partly applied"
    COMPLEX = "complex conjugation"
    STATE = "state: aliasing, stale saved values, RNG"
    BRANCH = "wrong branch or formula"
    PRECISION = "precision of the backward pass"
    FORM = "form, argument order, single entries"


@final
@dataclass(frozen=True, eq=False)
class Problem:
    """A call of check: check(f, x, **options)."""

    f: Callable[..., Any]
    x: Any
    options: Mapping[str, Any] = field(default_factory=dict)


@final
@dataclass(frozen=True, eq=False)
class Case:
    """A fault, its twin without it, and what a report on the fault must say.

    causes : names that are fair for it; the one named first must be among them.
    where : gives path -> indices of the wrong entries; an empty set stands for the
        whole leaf; None where no entries can be named.
    verdict : of the fault.
    """

    name: str
    library: str
    kind: Kind
    causes: frozenset[Cause]
    fault: Callable[[], Problem]
    twin: Callable[[], Problem]
    where: Callable[[], Where] | None = None
    verdict: Verdict = Verdict.DIFFERS


@final
@dataclass(frozen=True, eq=False)
class Right:
    """A question without a planted fault: hard to pass, or with no answer at all."""

    name: str
    library: str
    problem: Callable[[], Problem]


@final
@dataclass(frozen=True, eq=False)
class Base:
    """A function of a dict of arrays with its gradient, by hand.

    x : the point.
    f : the function.
    gradient : its gradient, a new dict each time.
    """

    name: str
    x: Mapping[str, Any]
    f: Callable[..., Any]
    gradient: Callable[..., Any]

    def problem(self, claim: Any = None) -> Problem:
        """The question whether the claim (the right gradient if None) is right."""
        x = {name: np.array(leaf) for name, leaf in self.x.items()}
        return Problem(self.f, x, {"gradient": claim or self.gradient})


def claimed(problem: Problem) -> dict[str, np.ndarray | None]:
    """The gradient claimed in a problem, by path; complex leaves in two parts."""
    gradient = problem.options.get("gradient")
    _, paths, _ = flatten(problem.x)
    if gradient is None:
        from clinometer import engines

        leaves, _, rebuild = flatten(problem.x)
        found = engines.of(leaves).gradient(
            lambda some: problem.f(rebuild(some)), leaves
        )
    else:
        claim = gradient(problem.x) if callable(gradient) else gradient
        leaves, given, _ = flatten(claim, none_is_leaf=True)
        by_path = dict(zip(given, leaves, strict=True))
        found = [by_path.get(path) for path in paths]
    parts: dict[str, np.ndarray | None] = {}
    for path, leaf in zip(paths, found, strict=True):
        if leaf is not None and is_complex(leaf):
            parts[f"{path}.real"] = to_float64(leaf.real)
            parts[f"{path}.imag"] = to_float64(leaf.imag)
        else:
            parts[path] = None if leaf is None else to_float64(leaf)
    return parts


def wrong_entries(fault: Problem, twin: Problem) -> Where:
    """Entries in which the two claims differ materially, by path."""
    wrong: dict[str, frozenset[tuple[int, ...]]] = {}
    right = claimed(twin)
    for path, given in claimed(fault).items():
        truth = right[path]
        claim = np.zeros_like(truth) if given is None else given
        if claim.shape != truth.shape:
            wrong[path] = frozenset()
            continue
        with np.errstate(invalid="ignore"):
            largest = np.maximum(np.abs(claim), np.abs(truth))
            apart = ~(np.abs(claim - truth) <= MATERIAL * largest)
        apart |= ~np.isfinite(claim)
        if apart.any():
            wrong[path] = frozenset(map(tuple, np.argwhere(apart).tolist()))
    return wrong
