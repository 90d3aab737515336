"""Complex x, checked as two real arrays: its real and its imaginary part.

Convention. With z = a + i b and real f, the gradient of NumPy's users and of torch is
df/da + i df/db, the direction of steepest ascent; JAX returns its conjugate. A claim in
the other convention, or a rule that conjugates too much or too little, has the
imaginary part of the wrong sign.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, final

from clinometer import engines
from clinometer.arrays import is_array, is_complex
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.report import Report
from clinometer.check.verdict import Verdict
from clinometer.errors import InputError
from clinometer.evaluate import flatten_input
from clinometer.trees import Tree

__all__ = ["ByParts", "Parts", "holds_complex", "with_conjugation"]


BOTH = 2
"""Parts of a complex number; entries at least for a pattern in them."""

ALIKE = 1e-4
"""Relative gap within which two sizes count as equal."""

APART = 1e-2
"""Gap of two phases, in radians, that are not the same."""


@final
class Parts(NamedTuple):
    """A complex leaf as two real ones."""

    real: Any
    imag: Any


def holds_complex(x: Tree) -> bool:
    """Whether x is, or holds, a complex array or number."""
    leaves, _, _ = flatten_input(x)
    return any(_complex(leaf) for leaf in leaves)


@final
class ByParts:
    """The way from trees like x to trees whose complex leaves are split, and back."""

    def __init__(self, x: Tree) -> None:
        """Note which leaves of x are complex."""
        leaves, _, self._rebuild = flatten_input(x)
        self._which = [_complex(leaf) for leaf in leaves]
        arrays = [leaf for leaf in leaves if is_array(leaf)]
        self._conjugate = bool(arrays) and engines.of(arrays[:1]).name == "jax"

    def split(self, tree: Tree, *, gradient: bool = False) -> Tree:
        """A tree like x with its complex leaves split.

        gradient : whether it is a gradient, in the convention of its library.
        Raises InputError if it has not as many leaves as x.
        """
        leaves, _, _ = flatten_input(tree)
        if len(leaves) != len(self._which):
            raise InputError(
                f"a tree with the {len(self._which)} leaves of x is needed, got "
                f"{len(leaves)}"
            )
        sign = -1.0 if gradient and self._conjugate else 1.0
        parts: list[Any] = []
        for leaf, cut in zip(leaves, self._which, strict=True):
            if not cut:
                parts.append(leaf)
            elif _complex(leaf):
                parts.append(Parts(leaf.real, sign * leaf.imag))
            else:
                parts.append(Parts(leaf, 0 * leaf if gradient else leaf))
        return self._rebuild(parts)

    def joined(self, tree: Tree) -> Tree:
        """A tree like x from one whose complex leaves are split."""
        leaves, _, _ = flatten_input(tree)
        rest = iter(leaves)
        whole = [
            next(rest) + 1j * next(rest) if cut else next(rest) for cut in self._which
        ]
        return self._rebuild(whole)

    def function(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """f as a function of the split tree, and of whatever else it takes."""

        def of_parts(x: Tree, *others: Any) -> Any:
            return f(self.joined(x), *others)

        return of_parts

    def claim(self, gradient: Any) -> Any:
        """A claimed gradient (None, a function or a tree) for the split tree."""
        if gradient is None:
            return None
        if callable(gradient):
            own = self.function(gradient)

            def of_parts(x: Tree, *others: Any) -> Any:
                return self.split(own(x, *others), gradient=True)

            return of_parts
        return self.split(gradient, gradient=True)


def with_conjugation(report: Report) -> Report:
    """The report with CONJUGATED where one of the two parts has the wrong sign.

    Also where both parts differ, and each entry has the right size but another phase:
    as of a product whose other factor was not conjugated.
    """
    fine = {leaf.path for leaf in report.leaves if leaf.verdict is Verdict.AGREES}

    def renamed(found: Diagnosis) -> Diagnosis:
        stem, _, part = found.path.rpartition(".")
        other = {"imag": "real", "real": "imag"}.get(part, "")
        if found.cause is not Cause.SIGN or f"{stem}.{other}" not in fine:
            return found
        return replace(found, cause=Cause.CONJUGATED, path=stem)

    found = [*map(renamed, report.diagnoses)]
    stems = [leaf.path.removesuffix(".real") for leaf in report.leaves]
    for stem in stems:
        own = [each for each in found if each.path in (f"{stem}.real", f"{stem}.imag")]
        count = _turned(report, stem) if own else 0
        if count:
            evidence = f"|a| = |n| at {count:,} entries, and a is no multiple of n"
            turned = replace(
                own[0], cause=Cause.CONJUGATED, path=stem, evidence=evidence
            )
            first = found.index(own[0])
            found = [each for each in found if each not in own]
            found.insert(first, turned)
    return replace(report, diagnoses=tuple(found))


def _turned(report: Report, stem: str) -> int:
    """How many entries of a complex leaf differ; 0 unless all do, and in phase only."""
    claims: dict[Any, complex] = {}
    slopes: dict[Any, complex] = {}
    parts: dict[Any, int] = {}
    for each in report.findings:
        unit = {f"{stem}.real": 1.0, f"{stem}.imag": 1j}.get(each.path)
        if unit is None or each.analytic is None or each.numerical is None:
            continue
        claims[each.index] = claims.get(each.index, 0) + unit * each.analytic
        slopes[each.index] = slopes.get(each.index, 0) + unit * each.numerical
        parts[each.index] = parts.get(each.index, 0) + 1
    whole = [place for place, count in parts.items() if count == BOTH and place]
    if len(whole) < BOTH or len(whole) < len(parts):
        return 0
    turns = [claims[place] / slopes[place] for place in whole if slopes[place]]
    level = all(abs(abs(turn) - 1) <= ALIKE for turn in turns)
    apart = any(abs(turn - turns[0]) > APART for turn in turns)
    return len(whole) if turns and level and apart else 0


def _complex(leaf: Any) -> bool:
    return isinstance(leaf, complex) or (is_array(leaf) and is_complex(leaf))
