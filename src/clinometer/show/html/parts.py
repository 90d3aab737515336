"""The parts of a page that need no script: verdict, causes, tables."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from clinometer.check import Finding, Report, Verdict
from clinometer.check.diagnosis import Diagnosis
from clinometer.show.html.text import isolated, safe, tag
from clinometer.table import counted, number, quantity, ratio

__all__ = [
    "MOST",
    "badge",
    "causes",
    "duration",
    "findings",
    "leaves",
    "listed",
    "remarks",
    "table",
    "verdict",
]

MOST = 2000
"""Findings in the table at most, the worst first."""

WORST = 10
"""Rows shown before all are asked for."""

AROUND = 2
"""Lines shown before and after a line of the user's code."""

LONGEST = 160
"""Characters of a line of code shown."""

SIGNS = {Verdict.AGREES: "✓", Verdict.DIFFERS: "✗", Verdict.CANNOT_TELL: "?"}

SAID = {
    Verdict.AGREES: "The claimed gradient agrees with f.",
    Verdict.DIFFERS: "The claimed gradient is wrong.",
    Verdict.CANNOT_TELL: "This check cannot tell whether the gradient is right.",
}


def verdict(report: Report) -> str:
    """The verdict in a word and a sentence, and what was done to find it."""
    entries = sum(leaf.entries for leaf in report.leaves)
    directions = sum(leaf.directions for leaf in report.leaves)
    compared = [counted(entries, "entry", "entries")] if entries else []
    compared += [counted(directions, "direction", "directions")] if directions else []
    cost = [
        f"{' and '.join(compared) or 'nothing'} compared",
        f"{counted(report.evaluations, 'evaluation', 'evaluations')} of f",
        duration(report.seconds),
        f"seed {report.seed}",
        f"rtol {report.rtol:.2g}",
    ]
    return badge(report.verdict, SAID[report.verdict], cost)


def badge(verdict: Verdict, said: str, cost: Sequence[str]) -> str:
    """A verdict, a sentence that says it, and what it took, item by item."""
    word = verdict.value.replace("-", " ")
    items = "".join(tag("li", safe(item)) for item in cost)
    return (
        f'<p class="badge"><span aria-hidden="true">{SIGNS[verdict]}</span> '
        f"{safe(word)}</p><p class='said'>{safe(said)}</p>"
        f'<ul class="cost">{items}</ul>'
    )


def duration(seconds: float) -> str:
    """A time in seconds."""
    return f"{seconds:,.0f} s" if seconds >= 10 else f"{seconds:.2g} s"


def listed(said: Sequence[str]) -> str:
    """A list of remarks that are HTML; empty if there are none."""
    return tag("ul", "".join(tag("li", one) for one in said)) if said else ""


def table(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """A table of texts: each row with its class and its cells, which are HTML."""
    head = "".join(tag("th", safe(name), scope="col") for name in heads)
    body = "".join(
        tag(
            "tr", "".join(tag("td", cell, class_="text") for cell in cells), class_=kind
        )
        for kind, cells in rows
    )
    whole = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return tag("div", tag("table", whole), class_="scroll")


def causes(diagnoses: Sequence[Diagnosis]) -> str:
    """What is wrong and why, most certain first."""
    return "".join(_cause(diagnosis) for diagnosis in diagnoses)


def _cause(diagnosis: Diagnosis) -> str:
    place = f"{diagnosis.path} {diagnosis.where}".strip()
    where = f'<p class="where">{isolated(place)}</p>' if place else ""
    sentence = diagnosis.cause.sentence
    source = _source(diagnosis.source) if diagnosis.source else ""
    return tag(
        "article",
        f"{where}<h3>{safe(sentence[:1].upper() + sentence[1:])}</h3>"
        f"<p>{isolated(diagnosis.evidence)}</p>{source}"
        f'<p class="advice">{safe(diagnosis.cause.advice)}</p>',
        class_=f"cause {diagnosis.verdict.value}",
    )


def _source(source: str) -> str:
    """Where to look, with the lines around it where the file can be read."""
    return f'<p class="source">{isolated(source)}</p>{_excerpt(source)}'


def _excerpt(source: str) -> str:
    """Lines of the file round "file.py:12"; empty if there is no such line."""
    named = re.match(r"(.+\.py):(\d+)", source)
    if named is None:
        return ""
    file, line = Path(named[1]), int(named[2])
    try:
        text = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError, ValueError):
        return ""
    if not 0 < line <= len(text):
        return ""
    first = max(1, line - AROUND)
    rows = [
        tag(
            "span",
            f"<i>{at}</i>{safe(text[at - 1][:LONGEST])}",
            class_="at" if at == line else None,
        )
        for at in range(first, min(len(text), line + AROUND) + 1)
    ]
    return tag("pre", "\n".join(rows), class_="excerpt", dir="ltr")


def remarks(report: Report) -> str:
    """Notes on the whole, faults of form, and why leaves could not be judged."""
    form = [found for found in report.findings if found.analytic is None]
    known = {found.evidence for found in report.diagnoses}
    said = [isolated(note) for note in report.notes]
    said += [f"{isolated(found.path)}: {isolated(found.reason)}" for found in form]
    said += [
        f"{isolated(leaf.path)} is wrong: {isolated(leaf.where)}"
        for leaf in report.leaves
        if leaf.where
    ]
    said += [
        f"{isolated(leaf.path)}: {isolated(leaf.reason)}"
        for leaf in report.leaves
        if leaf.reason and leaf.reason not in known
    ]
    return listed(said)


def findings(report: Report) -> str:
    """The table of findings, worst first; sorted and filtered by the script."""
    measured = [found for found in report.findings if found.analytic is not None]
    if not measured:
        return ""
    shown = measured[:MOST]
    heads = (
        ("where", "text"),
        ("claimed", "number"),
        ("measured ± bar", "number"),
        ("ratio", "number"),
        ("bars apart", "number"),
        ("verdict", "text"),
    )
    head = "".join(
        tag(
            "th",
            f'<button type="button">{safe(name)}</button>',
            scope="col",
            class_=kind,
            aria_sort="none",
        )
        for name, kind in heads
    )
    body = "".join(_row(found, place) for place, found in enumerate(shown))
    rest = ""
    if len(measured) > MOST:
        rest = f"<p>The worst {MOST:,} of {len(measured):,}; all are in the data.</p>"
    return (
        '<div class="controls"><label>Filter <input type="search" id="filter" '
        'placeholder="path, index or verdict"></label> '
        f'<button type="button" id="all" hidden>Show all {len(shown):,}</button> '
        '<output id="count"></output></div><div class="scroll">'
        f'<table id="findings" data-worst="{WORST}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{rest}"
    )


def _row(found: Finding, place: int) -> str:
    wrong = found.verdict is Verdict.DIFFERS
    said = found.verdict.value.replace("-", " ")
    if found.reason:
        said += f": {found.reason}"
    apart = _apart(found)
    cells = [
        tag("td", isolated(found.where), data_v=place, class_="text"),
        _number(number(found.analytic), found.analytic),
        _number(quantity(found.numerical, found.error), found.numerical),
        _number(ratio(found.ratio, near=wrong), found.ratio),
        _number("–" if apart is None else f"{apart:.2g}", apart),
        tag("td", isolated(said), data_v=said, class_="text"),
    ]
    return tag("tr", "".join(cells), class_=found.verdict.value)


def _number(said: str, value: float | None) -> str:
    """A cell with a number, and the number to sort by."""
    by = None if value is None or math.isnan(value) else repr(float(value))
    return tag("td", safe(said), data_v=by, class_="number")


def _apart(found: Finding) -> float | None:
    """Distance of claim and measurement in bars; None if one of them is missing."""
    if found.analytic is None or found.numerical is None:
        return None
    off = abs(found.analytic - found.numerical)
    if off == 0:
        return 0.0
    return off / found.error if found.error > 0 else math.inf


def leaves(report: Report) -> str:
    """One row for each array of x: what was compared, and what would have been seen."""
    power = {known.path: known for known in report.power}
    order = sorted(report.leaves, key=lambda leaf: leaf.verdict is Verdict.AGREES)
    rows: list[tuple[str, list[str]]] = []
    for leaf in order:
        known = power.get(leaf.path)
        seen = "–"
        if known is not None and math.isfinite(known.smallest):
            seen = f"{known.smallest:.1e} of the largest, in {known.probability:.3g}"
        cells = [
            isolated(leaf.path),
            safe(leaf.shape),
            safe(leaf.dtype),
            safe(leaf.verdict.value.replace("-", " ")),
            safe(leaf.compared),
            safe(leaf.resolved),
        ]
        cells += [safe(seen)] if power else []
        rows.append((leaf.verdict.value, cells))
    heads = ("array", "shape", "dtype", "verdict", "compared", "resolved to")
    seen = "smallest error that is seen, and how often"
    return table((*heads, seen) if power else heads, rows)
