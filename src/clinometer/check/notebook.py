"""A report as a small table of HTML, for Jupyter: no script, no style of the page's.

`clinometer.show.html` makes the whole page.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from clinometer.check.finding import Finding
from clinometer.check.verdict import Verdict
from clinometer.table import number, quantity, ratio

__all__ = ["cell"]

WORST = 10
"""Findings and causes shown; the others are counted."""

COLOURS = {
    Verdict.AGREES: "#1c8a55",
    Verdict.DIFFERS: "#d13a52",
    Verdict.CANNOT_TELL: "#b9770e",
}
"""Readable on white and on black."""

MONO = "font-family: monospace; white-space: nowrap"


def cell(
    verdict: Verdict,
    *,
    said: str,
    notes: Sequence[str],
    causes: Sequence[str],
    findings: Sequence[Finding],
    cost: str,
) -> str:
    """Verdict, causes, the worst findings, and what it cost.

    said, causes, cost : as the report prints them.
    """
    word = verdict.value.replace("-", " ")
    rest = said.removeprefix(word.upper()).strip()
    parts = [
        f'<p><b style="color: {COLOURS[verdict]}">{html.escape(word)}</b> '
        f"{html.escape(rest)}</p>"
    ]
    parts += [f"<p>{html.escape(note)}</p>" for note in notes]
    if causes:
        listed = [_cause(cause) for cause in causes[:WORST]]
        parts.append(f"<ul>{''.join(listed)}</ul>")
    parts.append(_table(findings))
    return f'<div class="clinometer">{"".join(parts)}<p>{html.escape(cost)}</p></div>'


def _cause(said: str) -> str:
    """What a diagnosis prints; its first line is the sentence."""
    first, *others = (html.escape(line.strip()) for line in said.splitlines())
    return f"<li><b>{first}</b><br>{'<br>'.join(others)}</li>"


def _table(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    heads = ("where", "analytic", "numerical ± bar", "ratio", "status")
    head = "".join(f'<th style="text-align: left">{name}</th>' for name in heads)
    rows = "".join(_row(found) for found in findings[:WORST])
    others = len(findings) - WORST
    more = f"<p>… and {others:,} more</p>" if others > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}"


def _row(found: Finding) -> str:
    said = found.verdict.value.replace("-", " ")
    cells = (
        found.where,
        number(found.analytic),
        quantity(found.numerical, found.error),
        ratio(found.ratio, near=found.verdict is Verdict.DIFFERS),
    )
    row = "".join(f'<td style="{MONO}">{html.escape(text)}</td>' for text in cells)
    reason = f"{said}: {found.reason}" if found.reason else said
    return f'<tr>{row}<td style="text-align: left">{html.escape(reason)}</td></tr>'
