"""Differences below float64 that rounding explains, told from those that it does not.

A gradient computed in float32 is at best the exact one of an x that lies a few units in
the last place away. Where f cancels most digits of x, as the variance of numbers near
3,000 does, that is further off than rtol, in the library's own rules as well. So where
the claim differs, the rule itself is asked in float64: at x, where it must be right,
and at x moved by rounding, where it may be as far off as what was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import from_float64, to_float64
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.finding import Finding, LeafSummary
from clinometer.check.place import Place, sizes_of
from clinometer.check.plan import along
from clinometer.check.probes.roughness import jumps
from clinometer.check.probes.rule import Pulled, Rule, cotangents
from clinometer.check.probes.trial import MOVED
from clinometer.check.report import Report
from clinometer.check.upcast import in_float64
from clinometer.check.verdict import GUARD, WORST, Verdict
from clinometer.table import counted
from clinometer.trees import Layout

__all__ = ["settled_by_rounding"]

Floats: TypeAlias = NDArray[np.float64]

DRAWS = 4
"""Points beside x at which the rule is asked in float64."""

EXPLAINED = 8.0
"""Factor on the largest change there: entries of x move independently in them, but
together where a mean is off."""

SAME = 0.02
"""Spread of the deviations from 1 of ratios that count as one constant factor."""

RIGHT = 1e-5
"""Relative error with which the rule counts as right in float64."""


@final
@dataclass(frozen=True, eq=False)
class Finer:
    """The rule in float64, leaf by leaf.

    place : x there.
    seed : of the random directions.
    claim : what the rule gives in the dtype of x, flat.
    exact : its gradient at x, flat.
    moved : (E) of each leaf, by how much it changes when x moves by rounding, at most.
    """

    place: Place
    seed: int
    claim: Pulled
    exact: Pulled
    moved: list[Floats]

    def of(self, k: int, found: Finding) -> tuple[float, float, float] | None:
        """Of a finding in leaf k: derivative, natural size, change by rounding.

        None for a direction that is not the one of this number, as the claim along it
        tells: sizes may have been given.
        """
        typical = float(np.sqrt(np.mean(np.square(self.moved[k]))))
        if found.direction is None and found.index is None:  # of the leaf's form
            return None
        if found.direction is None:
            entry = _flat(self.place.layout.shapes[k], found)
            value = float(self.exact[k][entry])
            return value, abs(value), max(float(self.moved[k][entry]), typical)
        rays = along(self.place, k, self.seed).rays
        if found.direction >= len(rays) or found.analytic is None:
            return None
        (part,) = rays[found.direction].parts
        v = rays[found.direction].moved(self.place, part).reshape(-1)
        natural = float(np.linalg.norm(v * self.exact[k]))
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.abs(v @ self.claim[k] - found.analytic)
        if not gap <= RIGHT * natural:  # not finite, too
            return None
        changed = np.maximum(self.moved[k], typical)
        return float(v @ self.exact[k]), natural, float(np.linalg.norm(v * changed))


def settled_by_rounding(rule: Rule, report: Report, seed: int) -> Report:
    """The report with what rounding explains taken back, or PRECISION named as cause.

    rule : what was probed, at x as it was given.
    In float64 only a cause changes: where the claim moves smoothly, no digits are lost.
    Nothing changes where f or the rule does not work in float64.
    """
    wrong = [leaf for leaf in report.leaves if leaf.verdict is Verdict.DIFFERS]
    if report.verdict is not Verdict.DIFFERS or not wrong:
        return report
    try:
        finer = _finer(rule, seed)
    except Exception:  # noqa: BLE001 - whatever the user's code does with float64
        return report
    if finer is None:
        return _smooth_ones_renamed(rule, report, wrong=wrong, seed=seed)
    for leaf in wrong:
        report = _settled(report, leaf, layout=rule.layout, finer=finer)
    verdicts = [leaf.verdict for leaf in report.leaves]
    worst = next((v for v in WORST if v in verdicts), report.verdict)
    return replace(report, verdict=worst)


def _finer(rule: Rule, seed: int) -> Finer | None:
    """The rule's gradients in float64; None where x is in float64, or cannot be."""
    x = in_float64(rule.layout)
    if x is None:
        return None
    u = [np.ones(())] if rule.scalar else cotangents(rule.values, seed, level=True)
    fine = rule.elsewhere(Layout.of(x))

    def at(leaves: Sequence[object]) -> Pulled:
        _, pull = fine.record(list(leaves))
        return fine.flat(pull(fine.like_values(u)))

    exact = at(fine.leaves())
    rng = np.random.default_rng([seed, 0xF1E])
    draws: list[Pulled] = []
    for _ in range(DRAWS):
        leaves: list[object] = []
        for leaf, roundoff in zip(fine.leaves(), rule.layout.roundoff, strict=True):
            own = to_float64(leaf)
            ulps = rng.integers(-MOVED, MOVED, own.shape, endpoint=True)
            leaves.append(from_float64(own * (1 + 2 * roundoff * ulps), leaf))
        draws.append([a - b for a, b in zip(at(leaves), exact, strict=True)])
    moved = [np.abs(np.stack(parts)).max(0) for parts in zip(*draws, strict=True)]
    _, pull = rule.record(rule.leaves())
    claim = rule.flat(pull(rule.like_values(u)))
    return Finer(sizes_of(fine.layout, None), seed, claim, exact, moved)


def _smooth_ones_renamed(
    rule: Rule, report: Report, *, wrong: Sequence[LeafSummary], seed: int
) -> Report:
    """The report in float64, where only what jumps about is called PRECISION."""
    suspects = {each.path for each in report.diagnoses if each.cause is Cause.PRECISION}
    for leaf in wrong:
        own = [each for each in _differing(report, leaf) if each.index is not None]
        if leaf.path not in suspects or not own:
            continue
        k = rule.layout.paths.index(leaf.path)
        gap = np.zeros(int(np.prod(leaf.shape, dtype=np.int64)))
        a = _numbers(each.analytic for each in own)
        n = _numbers(each.numerical for each in own)
        gap[[_flat(leaf.shape, each) for each in own]] = np.abs(a - n)
        if jumps(rule, k, gap, seed=seed) is False:
            why = "it moves smoothly with x, so no digits are lost"
            report = _wrong_anyway(report, leaf, ratio=_ratio(a, n), why=why)
    return report


def _differing(report: Report, leaf: LeafSummary) -> list[Finding]:
    """The findings that differ in a leaf."""
    return [
        found
        for found in report.findings
        if found.path == leaf.path and found.verdict is Verdict.DIFFERS
    ]


def _settled(
    report: Report, leaf: LeafSummary, *, layout: Layout, finer: Finer
) -> Report:
    """The report with one leaf settled, if the rule is right there in float64."""
    k = layout.paths.index(leaf.path)
    own = _differing(report, leaf)
    sides = [finer.of(k, each) for each in own]
    if not sides or None in sides:
        return report
    known = [side for side in sides if side is not None]
    exact = np.array([side[0] for side in known])
    natural = np.array([side[1] for side in known])
    moved = np.array([side[2] for side in known])
    a = _numbers(each.analytic for each in own)
    n = _numbers(each.numerical for each in own)
    bar = _numbers(each.error for each in own)
    with np.errstate(invalid="ignore"):
        right = np.abs(exact - n) <= GUARD * bar + RIGHT * natural
        explained = np.abs(a - n) <= EXPLAINED * moved
    if not right.all():
        why = "in float64 the rule is off as well, so it is no lost digits"
        return _wrong_anyway(report, leaf, ratio=_ratio(a, n), why=why)
    if explained.all():
        return _taken_back(report, leaf, own)
    gap = float(np.nanmax(np.abs(a - n)) / natural.max())
    return _precision(report, leaf, len(own), gap=gap)


def _numbers(values: Iterable[float | None]) -> Floats:
    """Values of findings; NaN for one that is missing."""
    return np.array([np.nan if value is None else value for value in values])


def _ratio(a: Floats, n: Floats) -> Floats:
    """Claimed over measured; +-inf or NaN where nothing was measured."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return a / n


def _flat(shape: tuple[int, ...], found: Finding) -> int:
    """Number of a finding's entry in its leaf."""
    return int(np.ravel_multi_index(found.index or (), shape)) if shape else 0


def _taken_back(report: Report, leaf: LeafSummary, own: list[Finding]) -> Report:
    """The report with the differences of a leaf counted as rounding."""
    share = max(
        (abs(each.ratio - 1) for each in own if each.ratio is not None), default=0.0
    )
    verdict = Verdict.CANNOT_TELL if leaf.cannot_tell else Verdict.AGREES
    fine = replace(leaf, verdict=verdict, differ=0, where="", blocks=(), wrong=())
    others = [each for each in report.findings if each not in own]
    if not any(each.path == leaf.path for each in others):
        others.append(replace(own[0], verdict=Verdict.AGREES, reason="rounding of x"))
    said = (
        f"{leaf.path}: {counted(len(own), 'derivative is', 'derivatives are')} off by "
        f"up to {share:.1g} of the value, as rounding of x in {leaf.dtype} explains; "
        "in float64 the rule is right"
    )
    kept = [
        each
        for each in report.diagnoses
        if each.path != leaf.path or each.verdict is not Verdict.DIFFERS
    ]
    return replace(
        report,
        findings=tuple(others),
        leaves=tuple(fine if each is leaf else each for each in report.leaves),
        diagnoses=tuple(kept),
        notes=(*report.notes, said),
    )


def _wrong_anyway(
    report: Report, leaf: LeafSummary, *, ratio: Floats, why: str
) -> Report:
    """The report with another cause than PRECISION for a leaf, for that reason.

    ratio : claimed over measured, of the entries that differ.
    """
    constant = float(np.median(ratio))
    with np.errstate(invalid="ignore"):  # infinite all of them
        spread = float(np.abs(ratio - constant).max())
    if ratio.size > 1 and spread <= SAME * abs(constant - 1):
        cause, said = Cause.FACTOR, f"a = {constant:.6g} n within {spread:.0e}"
    else:
        most = float(np.abs(ratio - 1).max())
        said = f"a and n lie up to {most:.1g} of their size apart"
        cause = Cause.UNEXPLAINED
    evidence = f"{said}; {why}"
    renamed = [
        replace(each, cause=cause, evidence=evidence)
        if each.path == leaf.path and each.cause is Cause.PRECISION
        else each
        for each in report.diagnoses
    ]
    return replace(report, diagnoses=tuple(renamed))


def _precision(report: Report, leaf: LeafSummary, count: int, *, gap: float) -> Report:
    """The report with one cause for a leaf whose rule is right in float64."""
    where = leaf.where or "everywhere"
    evidence = (
        f"at the same x the rule is right in float64; in {leaf.dtype} "
        f"{counted(count, 'derivative is', 'derivatives are')} off, by up to {gap:.1g} "
        "of the largest"
    )
    cause = Diagnosis(Cause.PRECISION, leaf.path, where, Verdict.DIFFERS, evidence)
    others = [each for each in report.diagnoses if each.path != leaf.path]
    first = next(
        (i for i, each in enumerate(report.diagnoses) if each.path == leaf.path), 0
    )
    return replace(report, diagnoses=(*others[:first], cause, *others[first:]))
