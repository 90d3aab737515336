"""The benchmark's results as a Markdown page; every number in its text is computed."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version

import numpy as np

from benchmarks import tables
from benchmarks.case import Category
from benchmarks.results import Results, Times, libraries, ours
from benchmarks.rivals import CLINOMETER
from benchmarks.score import MATERIAL, Summary, summarise

PACKAGES = ("clinometer", "numpy", "scipy", "numdifftools", "jacobi", "statsmodels")


def _better(results: Results) -> str:
    """Every library that beats clinometer in a column, column by column."""
    totals = {
        rival.name: summarise(results.published[rival.name], bars=rival.has_bar)
        for rival in libraries(results.published)
    }
    numbers: dict[str, tuple[str, Callable[[Summary], float | None]]] = {
        "median error": ("{:.1e}", lambda t: t.median),
        "functions off by > 1e-3": ("{:.0f}", lambda t: t.off),
        "share not covered": ("{:.4f}", lambda t: _rest(t.cover)),
        "confidently wrong": ("{:.0f}", lambda t: t.wrong),
        "share not certified": ("{:.4f}", lambda t: _rest(t.certified)),
        "evaluations per coordinate": ("{:.1f}", lambda t: t.per_coordinate),
        "calls": ("{:.0f}", lambda t: t.calls),
        "crashes": ("{:.0f}", lambda t: t.crashes),
    }
    columns = {
        what: (form, {name: read(total) for name, total in totals.items()})
        for what, (form, read) in numbers.items()
    }
    times = {ratio.name: ratio.median for ratio in results.times.ratios}
    if times:
        columns["time over jacobi's, one coordinate"] = ("{:.2f}", dict(times))
    lines: list[str] = []
    for what, (form, values) in columns.items():
        own = values[CLINOMETER.name] or 0.0
        winners = [
            f"{name} {form.format(value)}"
            for name, value in values.items()
            if value is not None and value < own
        ]
        names = ", ".join(winners) or "none"
        lines.append(f"- {what}: clinometer {form.format(own)}; better: {names}.")
    return "\n".join(lines)


def _rest(share: float | None) -> float | None:
    return None if share is None else 1 - share


def _complex_step(results: Results) -> str:
    """How exact the complex step is where it works, and how often it does not."""
    scores = results.published.get("statsmodels complex step", [])
    done = [s for s in scores if s.answer.fault is None]
    right = [s for s in done if s.error <= MATERIAL]
    if not right:
        return ""
    own = {s.case.name: s.error for s in ours(results.published)}
    return (
        f"- The complex step runs on {len(done)} of {len(scores)} functions and is off "
        f"by > 1e-3 in {len(done) - len(right)} of these, without a sign of it. On the "
        f"{len(right)} left its median error is "
        f"{np.median([s.error for s in right]):.1e} for one evaluation a coordinate; "
        f"clinometer's is {np.median([own[s.case.name] for s in right]):.1e}. Where f "
        "is analytic and accepts complex numbers, use the complex step."
    )


def _times(times: Times) -> str:
    own, numpys = times.imports
    imports = (
        f"`import clinometer` (NumPy included) takes {tables.milliseconds(own)}, "
        f"`import numpy` {tables.milliseconds(numpys)}: **{own / numpys:.2f}** times "
        "(medians of 7 fresh processes each, alternating)."
    )
    if not times.ratios:
        return imports
    return "\n\n".join(
        [
            tables.one_coordinate(times),
            "One batched `gradient` call beside `jacobi(f, x)`, functions of the set:",
            tables.beside(times.gradients, "1,000 coordinates", "jacobi"),
            "1,000 separate functions of one coordinate each, as one elementwise f. "
            "`jacobi(f, x, diagonal=True)` moves all coordinates at once, as does "
            "`slope(f, x, ones, batched=True)`:",
            tables.beside(times.along_ones, "slope along ones", "jacobi, diagonal"),
            "`gradient` of their sum does not know that they are separate, so jacobi "
            "wins where its diagonal applies:",
            tables.beside(times.of_the_sum, "gradient of the sum", "jacobi, diagonal"),
            imports,
        ]
    )


def _faults(results: Results) -> str:
    lines = [
        f"- {name}, {score.case.name}: {score.answer.fault[:100]}"
        for name, scores in results.published.items()
        for score in scores
        if score.answer.fault is not None and "complex" not in name
    ]
    return "\n".join(lines) or "None."


EXPLAINED = """\
- **Error** of a function: the worst relative error of its components. Relative to what,
  also where the truth is zero, stands at the head of `benchmarks/score.py`. A crash or
  a NaN is an infinite error. The median is over functions.
- **Cover**: share of components whose bar contains the true error, averaged over
  functions so that those of 1,000 coordinates do not decide alone; beside it the plain
  share of all components. No value is not covered.
  Bars are taken as they are given. jacobi calls its own a standard deviation, which
  would cover about two thirds; the others call theirs an error estimate.
- **Confidently wrong**: functions with a component that is off by more than 1e-3 and
  has a bar less than a tenth of its error.
- **Certified to 1e-3**: share of components with a bar that covers and is at most 1e-3
  of the component; averaged as cover is.
- **Calls** of f for one gradient: the median. clinometer and scipy.differentiate hand
  over a batch in one call. Evaluations: mean over functions, in brackets over those
  without noise. Both where the library did not crash.
- **Time over jacobi's**: median over the functions of one coordinate without noise."""


def page(results: Results) -> str:
    """The whole page as Markdown."""
    published = ours(results.published)
    coordinates = sum(score.case.x.size for score in published)
    drawn = len(ours(results.random))
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    parts: Sequence[str] = [
        "# Benchmark",
        f"Written by `{results.command}`\n({versions},\nPython "
        f"{platform.python_version()}, one thread). `make bench` runs the same and "
        "prints it; for other random functions\n`.venv/bin/python -m benchmarks.run "
        "--seed 5`. Times depend on the machine; they are measured in\npairs that "
        "alternate in the same run, and given as ratios.",
        f"The set: {len(published)} functions in {len(Category)} categories, "
        f"{coordinates:,} coordinates, in `benchmarks/corpus`,\nwith exact gradients "
        "checked in the tests at 50 digits. Every library runs at its defaults.",
        EXPLAINED,
        tables.overview(results),
        "## Cover in each category",
        tables.by_category(results.published),
        "## Random functions",
        f"{drawn} functions A φ(w·(x − c)) + B of seed {results.source.seed}, on which "
        "nothing was tuned: 16 smooth φ, 1 to 5\ncoordinates of 1e-6 to 1e6, widths of "
        "0.01 to 100 |x|, sizes A of 1e-8 to 1e8, offsets B of 1e-3 to 1e3 A in\nhalf "
        "of them; 50 % clean, 40 % with relative noise of 1e-13 to 1e-4, 10 % in "
        "float32.",
        tables.on_random(results.random),
        "## Time",
        _times(results.times),
        "## Where others win",
        _better(results) + "\n" + _complex_step(results),
        "## What clinometer does not cover or does not certify",
        tables.misses(results.published),
        "## Crashes",
        "A complex step on a function that takes real numbers only counts as a crash "
        "in the table and is not\nlisted here.",
        _faults(results),
    ]
    return "\n\n".join(parts) + "\n"
