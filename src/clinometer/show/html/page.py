"""The whole page: its parts in their order, with style and script inside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from clinometer.check import Report, Verdict
from clinometer.check.twin.report import TwinReport
from clinometer.problem import Problem
from clinometer.show.html import maps, parts, twin
from clinometer.show.html.curve import drawn
from clinometer.show.html.repeat import reproducer, twin_reproducer
from clinometer.show.html.text import data, isolated, safe, tag
from clinometer.show.html.worst import worst_curve
from clinometer.table import Json

__all__ = ["html", "write"]

Sections: TypeAlias = list[tuple[str, str, str]]
"""Of each its heading, what it holds (HTML; none if empty), and its id."""

HERE = Path(__file__).parent

PATIENCE = 30.0
"""Seconds that a step curve may take unless told otherwise."""

EVALUATIONS = 1000
"""Evaluations of f for a step curve, about."""


def html(
    report: Report | TwinReport,
    problem: Problem | None = None,
    *,
    title: str = "",
    patience: float = PATIENCE,
) -> str:
    """The page of a report, as HTML text.

    report : of `check` or its kin, or of `check_twin`.
    problem : what was checked, with the options it was checked with; with it the page
        has the step curve of the worst place (some 1,000 evaluations of f), and its
        script the values of x. For a twin check f is the kernel, x its inputs.
    title : what was checked, in words; the name of f if it is empty.
    patience : seconds that the step curve may take, as fast as the check was; it is
        left out if it would take longer.
    """
    title = title or ("" if problem is None else _name(problem.f))
    if isinstance(report, TwinReport):
        return _page(report.verdict, title, sections=_of_twin(report, problem))
    sections = _sections(report, problem, _steps(report, problem, patience))
    drawn = maps.map_data(report)
    return _page(report.verdict, title, sections=sections, drawn=drawn)


def write(
    report: Report | TwinReport,
    path: str | Path,
    problem: Problem | None = None,
    *,
    title: str = "",
    patience: float = PATIENCE,
) -> Path:
    """The file that now holds the page; missing folders are made.

    problem, title, patience : as for `html`.
    """
    page = html(report, problem, title=title, patience=patience)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__qualname__", "").replace("<locals>.", "")


def _steps(report: Report, problem: Problem | None, patience: float) -> str:
    """The step curve, or why there is none; empty where nothing was measured."""
    if problem is None:
        return ""
    wait = EVALUATIONS * report.seconds / max(1, report.evaluations)
    if wait > patience:
        return f"<p>Left out: it would take about {wait:.2g} s.</p>"
    worst = worst_curve(report, problem)
    return "" if worst is None else drawn(worst)


def _page(
    verdict: Verdict, title: str, *, sections: Sections, drawn: Sequence[Json] = ()
) -> str:
    """The page, from its sections and from what the script draws in their maps."""
    script = (HERE / "page.js").read_text(encoding="utf-8")
    style = (HERE / "page.css").read_text(encoding="utf-8")
    word = verdict.value
    heading = f"{word.replace('-', ' ')}: {title}" if title else word.replace("-", " ")
    main = "".join(
        tag("section", (f"<h2>{name}</h2>" if name else "") + inside, id=key)
        for name, inside, key in sections
        if inside
    )
    return (
        f'<!doctype html>\n<html lang="en" data-verdict="{word}"><head>'
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{safe(heading)}</title><style>{style}</style></head>"
        f"<body>{_top(title)}<main>{main}</main>"
        f"{data({'maps': list(drawn)}, 'data')}"
        f"<script>{script}</script></body></html>\n"
    )


def _policy(script: str) -> str:
    """Nothing is loaded from anywhere, and no script runs but the page's own."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def _top(title: str) -> str:
    name = f"<b>{isolated(title)}</b>" if title else ""
    return (
        f'<header><p>Gradient check {name}</p><button type="button" id="theme" '
        'aria-label="Colours: as the system">◐</button></header>'
    )


def _sections(report: Report, problem: Problem | None, steps: str) -> Sections:
    return [
        ("", f"{parts.verdict(report)}{parts.causes(report.diagnoses)}", "verdict"),
        ("Remarks", parts.remarks(report), "remarks"),
        ("Where", maps.maps(report), "maps"),
        (_listed(report), parts.findings(report), "places"),
        ("Step by step", steps, "steps"),
        ("Power", _power(report), "power"),
        ("Repeat it", _repeat(reproducer(report, problem)), "repeat"),
    ]


def _of_twin(report: TwinReport, problem: Problem | None) -> Sections:
    return [
        ("", twin.verdict(report), "verdict"),
        ("Remarks", twin.remarks(report), "remarks"),
        ("Arrays", twin.arrays(report), "power"),
        ("Closest to a limit", twin.closest(report), "rules"),
        ("Repeat it", _repeat(twin_reproducer(report, problem)), "repeat"),
    ]


def _listed(report: Report) -> str:
    """What stands in the table: where all agrees, one comparison of each array."""
    return "Furthest apart" if report.verdict is Verdict.AGREES else "Findings"


def _power(report: Report) -> str:
    probes = ""
    if report.probes:
        listed = ", ".join(safe(name) for name in report.probes)
        probes = f"<p>Probes without differences: {listed}.</p>"
    return f"{parts.leaves(report)}{probes}"


def _repeat(script: str) -> str:
    return (
        '<div class="code"><button type="button" id="copy">Copy</button>'
        f'<pre id="script" dir="ltr" tabindex="0">{safe(script)}</pre></div>'
    )
