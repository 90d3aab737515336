"""The road of a check: claim, plan, measure, compare, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clinometer.check.claim import read
from clinometer.check.complexes import ByParts, holds_complex, with_conjugation
from clinometer.check.inspection import Inspection
from clinometer.check.interruption import Interrupted, cut_short
from clinometer.check.options import Options
from clinometer.check.place import sizes_of
from clinometer.check.probes.second import second_order
from clinometer.check.question import Claimed, Question
from clinometer.check.report import Report
from clinometer.check.subject import Subject
from clinometer.check.upcast import left_coarse
from clinometer.check.verdict import Verdict, default_rtol
from clinometer.errors import InputError
from clinometer.evaluate import Function
from clinometer.trees import Tree

if TYPE_CHECKING:
    from clinometer.check.locate.road import Located

__all__ = ["inspected"]


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
    claims = read(question.source, layout)
    from clinometer.check.probes.road import Probed, probe  # noqa: PLC0415 (when asked)

    probed, progress = Probed((), ()), options.progress
    if options.probes and question.rule is not None and not claims.findings:
        question.rule.progress = progress
        try:
            probed = probe(question.rule, rtol=rtol, seed=seed)
        except KeyboardInterrupt:
            progress = _stopped
    if rtol is None:
        coarsest = max(claim.roundoff for claim in claims.leaves)
        rtol = default_rtol(max(coarsest, subject.roundoff))
    if options.upcast and progress is not _stopped:
        subject = subject.finer(lambda x: adapt(question.f, x), options.scale)
    inspection = Inspection(subject, claims, rtol=rtol, seed=seed, progress=progress)

    def told(report: Report) -> Report:
        return probed.added_to(_with_blocks(report, inspection.located))

    try:
        report = told(inspection.report(options.entries, began))
    except Interrupted as stop:
        raise Interrupted(told(stop.report)) from None
    if options.upcast:
        report = replace(report, notes=(*report.notes, *left_coarse(subject.native)))
    second = options.second
    if (options.order == 1 and not second.given) or report.verdict is Verdict.DIFFERS:
        return report
    try:
        curved = second_order(question, layout, second, rtol=rtol, seed=seed)
    except KeyboardInterrupt:
        raise cut_short(report, "the check of second order") from None
    return replace(curved.added_to(report), seconds=time.perf_counter() - began)


def _stopped(_done: int, _planned: int) -> None:
    """Progress of a check that Ctrl-C ended before the first call of f."""
    raise KeyboardInterrupt


def _with_blocks(report: Report, located: Mapping[int, Located]) -> Report:
    """The report with the parts of large leaves that are wrong, by number of leaf."""
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
