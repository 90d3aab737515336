"""The tables of the benchmark's page, in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.case import Category
from benchmarks.results import Results, Scores, Times, libraries, ours
from benchmarks.score import Score, mean, summarise
from benchmarks.timing import Pair


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, its first column left, the others right."""
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def percent(share: float | None) -> str:
    """A share in per cent, rounded down: 99.96 % is not 100.0 %."""
    if share is None:
        return "no bar"
    if np.isnan(share):
        return "–"
    return f"{np.floor(share * 1000 + 1e-9) / 10:.1f} %"


def milliseconds(seconds: float) -> str:
    """A time in ms, three digits."""
    return f"{1000 * seconds:.3g} ms"


def overview(results: Results) -> str:
    """The main table: every library on the published set."""
    times = {ratio.name: f"{ratio.median:.2f}" for ratio in results.times.ratios}
    head = [
        "",
        "median error",
        "off by > 1e-3",
        "cover",
        "of all components",
        "confidently wrong",
        "certified to 1e-3",
        "evaluations per coordinate (clean)",
        "calls",
        "crashes",
        "time over jacobi's",
    ]
    rows: list[list[str]] = []
    for rival in libraries(results.published):
        total = summarise(results.published[rival.name], bars=rival.has_bar)
        row = [
            rival.name,
            f"{total.median:.1e}",
            str(total.off),
            percent(total.cover),
            percent(total.components),
            "–" if total.wrong is None else str(total.wrong),
            percent(total.certified),
            f"{total.per_coordinate:.1f} ({total.per_clean:.1f})",
            f"{total.calls:.0f}",
            str(total.crashes),
            times.get(rival.name, "–"),
        ]
        rows.append(row)
    return table(head, rows)


def by_category(scores: Scores) -> str:
    """Cover of the libraries with bars, and certified by clinometer, per category."""
    with_bars = [rival for rival in libraries(scores) if rival.has_bar]
    head = ["cover", "functions", *(rival.name for rival in with_bars)]
    head.append("certified by clinometer")
    rows: list[list[str]] = []
    for category in Category:
        chosen = [
            [s for s in scores[rival.name] if s.case.category is category]
            for rival in with_bars
        ]
        shares = [percent(mean(s.covered for s in part)) for part in chosen]
        own = [s for s in ours(scores) if s.case.category is category]
        certified = percent(mean(s.certified for s in own))
        rows.append([category.value, str(len(own)), *shares, certified])
    return table(head, rows)


KINDS: tuple[tuple[str, Callable[[Score], bool]], ...] = (
    ("clean", lambda s: s.case.clean),
    ("noisy", lambda s: s.case.category is Category.NOISY),
    ("float32", lambda s: s.case.category is Category.FLOAT32),
)


def on_random(scores: Scores) -> str:
    """The libraries with bars on random functions."""
    head = [
        "",
        *(f"cover, {kind}" for kind, _ in KINDS),
        "all",
        "of all components",
        "confidently wrong",
        "certified to 1e-3",
        "median error",
        "evaluations per coordinate (clean)",
        "calls",
    ]
    rows: list[list[str]] = []
    for rival in libraries(scores):
        found = scores[rival.name]
        total = summarise(found, bars=rival.has_bar)
        covers = [
            percent(mean(s.covered for s in found if wanted(s))) for _, wanted in KINDS
        ]
        row = [
            rival.name,
            *covers,
            percent(total.cover),
            percent(total.components),
            str(total.wrong),
            percent(total.certified),
            f"{total.median:.1e}",
            f"{total.per_coordinate:.1f} ({total.per_clean:.1f})",
            f"{total.calls:.0f}",
        ]
        rows.append(row)
    return table(head, rows)


def one_coordinate(times: Times) -> str:
    """Times of all libraries on one coordinate."""
    head = ["one coordinate", "time", "over jacobi's", "10 – 90 %"]
    rows = [
        [
            ratio.name,
            milliseconds(ratio.seconds),
            f"{ratio.median:.2f}",
            f"{ratio.low:.2f} – {ratio.high:.2f}",
        ]
        for ratio in times.ratios
    ]
    return table(head, rows)


def beside(pairs: Sequence[Pair], what: str, theirs: str) -> str:
    """Times of clinometer and jacobi on 1,000 coordinates, with the median ratio."""
    rows = [
        [
            pair.name,
            milliseconds(pair.ours),
            milliseconds(pair.theirs),
            f"{pair.ours / pair.theirs:.3f}",
        ]
        for pair in pairs
    ]
    middle = float(np.median([pair.ours / pair.theirs for pair in pairs]))
    rows.append(["median", "", "", f"**{middle:.3f}**"])
    return table([what, "clinometer", theirs, "ratio"], rows)


def misses(scores: Scores) -> str:
    """Functions of the set that clinometer does not cover or does not certify."""
    rows = [
        [
            score.case.name,
            score.case.category.value,
            f"{score.error:.1e}",
            percent(score.covered),
            percent(score.certified),
        ]
        for score in ours(scores)
        if score.covered < 1 or score.certified < 1
    ]
    head = ["function", "category", "worst error", "cover", "certified to 1e-3"]
    return table(head, rows)
