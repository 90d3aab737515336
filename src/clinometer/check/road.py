"""The road of a check: claim, plan, measure, compare, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from clinometer.check.claim import read
from clinometer.check.compiled import compiled
from clinometer.check.complexes import ByParts, holds_complex, with_conjugation
from clinometer.check.inspection import Inspection
from clinometer.check.interruption import Interrupted, cut_short
from clinometer.check.options import Options
from clinometer.check.place import sizes_of
from clinometer.check.probes.rounding import settled_by_rounding
from clinometer.check.probes.second import second_order
from clinometer.check.question import Claimed, Question
from clinometer.check.report import Report
from clinometer.check.subject import Subject
from clinometer.check.upcast import left_coarse
from clinometer.check.verdict import Verdict, default_rtol
from clinometer.errors import InputError
from clinometer.evaluate import Function
from clinometer.trees import Layout, Tree

if TYPE_CHECKING:
    from clinometer.check.locate.road import Located

__all__ = ["inspected"]

Adapt: TypeAlias = Callable[[Callable[..., Any], Tree], Function]
"""Makes a function to evaluate of f and x."""


def inspected(f: Callable[..., Any], x: Tree, options: Options) -> Report:
    """The report on one function at one point, real or complex.

    Raises what `check` raises.
    """
    return _by_parts(f, x, options) if holds_complex(x) else _checked(f, x, options)


def _by_parts(f: Callable[..., Any], x: Tree, options: Options) -> Report:
    """The report on a complex x, split into real and imaginary part."""
    claimed, scale = options.claimed, options.scale
    if claimed.jacobian is not None or options.second.given:
        raise InputError(
            "for a complex x only gradient= and vjp= are read; give f and its "
            "Jacobian or Hessian in terms of the real and the imaginary part"
        )
    parts = ByParts(x)
    split = replace(
        options,
        claimed=Claimed(parts.claim(claimed.gradient), parts.claim(claimed.vjp)),
        scale=None if scale is None else parts.split(scale),
    )
    return with_conjugation(_checked(parts.function(f), parts.split(x), split))


def _checked(f: Callable[..., Any], x: Tree, options: Options) -> Report:
    """The report on a real x."""
    began = time.perf_counter()
    rtol, seed, batched = options.rtol, options.seed, options.batched

    def adapt(f: Callable[..., Any], x: Tree) -> Function:
        return Function(f, x, batched=batched, vmap=options.vmap, scalar="check")

    function = adapt(f, x)
    layout = function.layout
    question = Question.of(
        f, layout, claimed=options.claimed, batched=batched, seed=seed
    )
    if question.paired:
        function = adapt(question.f, x)
    subject = Subject(function, sizes_of(layout, options.scale))
    claims = read(question.source_for(probes=options.probes), layout)
    from clinometer.check.probes.road import Probed, probe  # noqa: PLC0415 (when asked)

    probed, progress = Probed((), ()), options.progress
    if options.probes and question.rule is not None and not claims.findings:
        question.rule.progress = progress
        try:
            again = () if question.paired else subject.values
            probed = probe(question.rule, rtol=rtol, seed=seed, again=again)
        except KeyboardInterrupt:
            progress = _stopped
    if rtol is None:
        coarsest = max(claim.roundoff for claim in claims.leaves)
        rtol = default_rtol(max(coarsest, subject.roundoff))
    notes: tuple[str, ...] = ()
    if progress is not _stopped:
        subject, notes = _faster_or_finer(subject, question, adapt, options=options)
    inspection = Inspection(subject, claims, rtol=rtol, seed=seed, progress=progress)

    def told(report: Report) -> Report:
        return probed.added_to(_with_blocks(report, inspection.located))

    try:
        report = inspection.report(options.entries, began)
        if probed.trial is None and subject.repeatable:  # else `told` does it
            report = _settled(report, question, seed=seed)
    except Interrupted as stop:
        raise Interrupted(told(stop.report)) from None
    report = told(report)
    report = replace(report, notes=(*report.notes, *notes))
    second = options.second
    if (options.order == 1 and not second.given) or report.verdict is Verdict.DIFFERS:
        return report
    curved = _second_order(report, question, layout, options=options)
    return replace(curved, seconds=time.perf_counter() - began)


def _faster_or_finer(
    subject: Subject, question: Question, adapt: Adapt, *, options: Options
) -> tuple[Subject, tuple[str, ...]]:
    """What is measured, compiled or in float64 where that helps, and what to say."""
    layout = subject.function.layout
    x = layout.rebuild(layout.leaves)

    def same_x(f: Callable[..., Any]) -> Function:
        return adapt(f, x)

    subject, notes = compiled(subject, question.f, same_x)
    if not options.upcast:
        return subject, notes
    subject = subject.finer(lambda x: adapt(question.f, x), options.scale)
    return subject, (*left_coarse(subject.native), *notes)


def _settled(report: Report, question: Question, *, seed: int) -> Report:
    """The report without what rounding of x explains below float64."""
    if question.rule is None:
        return report
    try:
        return settled_by_rounding(question.rule, report, seed)
    except KeyboardInterrupt:
        raise cut_short(report, "the check of what rounding does") from None


def _second_order(
    report: Report, question: Question, layout: Layout, *, options: Options
) -> Report:
    """The report with what is wrong in second order."""
    try:
        found = second_order(
            question,
            layout,
            options.second,
            rtol=report.rtol,
            seed=options.seed,
            progress=options.progress,
        )
    except KeyboardInterrupt:
        raise cut_short(report, "the check of second order") from None
    return found.added_to(report)


def _stopped(_done: int, _planned: int) -> None:
    """Progress of a check that Ctrl-C ended before the first call of f."""
    raise KeyboardInterrupt


def _with_blocks(report: Report, located: Mapping[int, Located]) -> Report:
    """The report with the parts of large leaves that are wrong, by number of leaf."""
    if not located:
        return report
    leaves = list(report.leaves)
    for k, found in located.items():
        boxes = (*found.blocks, *found.parts)
        blocks = tuple(
            tuple((int(start), int(stop)) for start, stop in box.ranges)
            for box in boxes
            if box.count > 1
        )
        leaves[k] = replace(leaves[k], blocks=blocks)
    return replace(report, leaves=tuple(leaves))
