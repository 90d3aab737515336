"""What the recorded steps of a training script show."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from clinometer.check.modules.judge import Judge
from clinometer.check.modules.road import Visit, report_of
from clinometer.check.report import Report

if TYPE_CHECKING:
    from clinometer.engines.torch_watch import Watch

__all__ = ["report_on"]

ENTRIES = 100
"""Entries of a Function that differs, compared one by one."""


def report_on(watch: Watch, *, seed: int = 0) -> Report:
    """Report on the custom Functions and outermost modules of the recorded steps."""
    began = time.perf_counter()
    visit = Visit(Judge(rtol=None, seed=seed, entries=ENTRIES))
    with watch.unchanged():
        functions, cut = watch.functions()
        visit.functions(functions, cut)
        for model in watch.models():
            visit.model(model)
    visit.notes += watch.notes
    seconds = time.perf_counter() - began
    return report_of(visit, rtol=None, seed=seed, seconds=seconds)
