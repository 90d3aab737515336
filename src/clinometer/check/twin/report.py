"""What a twin check found, as data and in print."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.verdict import Verdict
from clinometer.errors import GradientError
from clinometer.table import Json, aligned, counted, plain

__all__ = ["TwinLeaf", "TwinReport", "TwinRule"]


@final
@dataclass(frozen=True)
class TwinRule:
    """One rule in one division of an array, at the place where it comes closest.

    rule : "norm" or "scale".
    cells : what was judged: "whole", "tiles of 32 along axis 0", "axis 2",
        "axes 0, 1", "rows", "entries".
    where : the worst of them, as Python would index it; empty for the whole.
    measured, limit : norm: error in units of the one expected of an eager run; scale:
        relative scale error. The rule fails beyond the limit.
    sees : smallest relative error of a typical cell that would have been seen.
    failed : how many cells fail.
    """

    rule: str
    cells: str
    where: str
    measured: float
    limit: float
    sees: float
    failed: int

    def as_dict(self) -> dict[str, Json]:
        """The rule in types that JSON knows."""
        return {
            "rule": self.rule,
            "cells": self.cells,
            "where": self.where,
            "measured": plain(self.measured),
            "limit": plain(self.limit),
            "sees": plain(self.sees),
            "failed": self.failed,
        }


@final
@dataclass(frozen=True)
class TwinLeaf:
    """What the check says of one array: a value, or the gradient of one input.

    error, eager : relative error of the kernel and of the eager runs, as norms.
    rules : every rule in every division; empty where the array was not compared.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    verdict: Verdict
    error: float
    eager: float
    rules: tuple[TwinRule, ...]
    reason: str = ""

    def as_dict(self) -> dict[str, Json]:
        """The array's summary in types that JSON knows."""
        return {
            "path": self.path,
            "shape": list(self.shape),
            "dtype": self.dtype,
            "verdict": self.verdict.value,
            "error": plain(self.error),
            "eager": plain(self.eager),
            "reason": self.reason,
            "rules": [rule.as_dict() for rule in self.rules],
        }


@final
@dataclass(frozen=True, eq=False)
class TwinReport:
    """What a twin check found; `str(report)` is a short table, verdict first.

    verdict : DIFFERS if any array does, else CANNOT_TELL if one could not be judged.
    diagnoses : what is wrong, where and why; empty where all agrees.
    leaves : every array compared, values first.
    notes : how the yardstick was made, what was left out.
    draws : cotangents drawn.
    slack : how many times the eager error a healthy kernel may show.
    """

    verdict: Verdict
    diagnoses: tuple[Diagnosis, ...]
    leaves: tuple[TwinLeaf, ...]
    notes: tuple[str, ...]
    draws: int
    slack: float
    seed: int
    seconds: float

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The causes named, each once."""
        return tuple(dict.fromkeys(found.cause for found in self.diagnoses))

    def require(self) -> None:
        """Pass if kernel and reference agree.

        Raises GradientError with the table if they differ or the check cannot tell.
        """
        if self.verdict is not Verdict.AGREES:
            raise GradientError(str(self))

    def as_dict(self) -> dict[str, Json]:
        """The report in types that JSON knows, under the names of its attributes."""
        return {
            "verdict": self.verdict.value,
            "diagnoses": [dict(found.as_dict()) for found in self.diagnoses],
            "leaves": [leaf.as_dict() for leaf in self.leaves],
            "notes": list(self.notes),
            "draws": self.draws,
            "slack": self.slack,
            "seed": self.seed,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        word = self.verdict.value.upper().replace("-", " ")
        arrays = counted(len(self.leaves), "array", "arrays")
        head = f"{word}  kernel against its float64 twin, {arrays}"
        reasons = [f"{leaf.path}: {leaf.reason}" for leaf in self.leaves if leaf.reason]
        columns = ["array", "shape", "dtype", "error", "eager", "sees: scale", "row"]
        rows = [
            [
                leaf.path,
                str(leaf.shape),
                leaf.dtype,
                f"{leaf.error:.1e}",
                f"{leaf.eager:.1e}",
                _sees(leaf, "scale", "whole"),
                _sees(leaf, "norm", "rows"),
            ]
            for leaf in self.leaves
        ]
        cost = (
            f"{counted(self.draws, 'cotangent', 'cotangents')} in {self.seconds:.2g} s,"
            f" slack {self.slack:.2g}, seed {self.seed}"
        )
        blocks = [
            [head],
            [str(found) for found in self.diagnoses],
            [*self.notes, *reasons],
            [*aligned(columns, rows), cost],
        ]
        return "\n\n".join("\n".join(block) for block in blocks if block)


def _sees(leaf: TwinLeaf, rule: str, cells: str) -> str:
    """Smallest error that a rule would have seen in one division, in print."""
    found = [one for one in leaf.rules if (one.rule, one.cells) == (rule, cells)]
    seen = found[0].sees if found else math.inf
    return f"{100 * seen:.2g} %" if math.isfinite(seen) else "–"
