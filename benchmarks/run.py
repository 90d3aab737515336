"""Run the benchmark: `python -m benchmarks.run` prints the page, --write stores it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.case import Case, Category
from benchmarks.page import page
from benchmarks.panel import Source, scores
from benchmarks.results import Results, Scores, Times
from benchmarks.rivals import CLINOMETER, JACOBI, RIVALS, Rival
from benchmarks.timing import (
    along_ones,
    import_seconds,
    of_the_sum,
    one_coordinate,
    thousand,
)

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
SEED = 7


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run", description=__doc__
    )
    names = [rival.name for rival in RIVALS]
    parser.add_argument(
        "--seed", type=int, default=SEED, help="of the random functions"
    )
    parser.add_argument("--count", type=int, default=1000, help="of random functions")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of everything, in seconds"
    )
    parser.add_argument(
        "--rivals",
        nargs="*",
        choices=names,
        default=names,
        metavar="NAME",
        help="libraries beside clinometer, of: " + ", ".join(names[1:]),
    )
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    return parser.parse_args(arguments)


def _ask(rivals: Sequence[Rival], source: Source, what: str) -> Scores:
    found: Scores = {}
    for rival in rivals:
        start = time.perf_counter()
        found[rival.name] = list(scores(rival, source))
        spent = time.perf_counter() - start
        print(f"{what}: {rival.name}, {spent:.0f} s", file=sys.stderr)
    return found


def _answered(published: Scores, rivals: Sequence[Rival]) -> list[Case]:
    """The functions on which none of these libraries crashed or hung."""
    rows = zip(*(published[rival.name] for rival in rivals), strict=True)
    return [
        row[0].case for row in rows if all(score.answer.fault is None for score in row)
    ]


def _times(rivals: Sequence[Rival], published: Scores, rounds: int) -> Times:
    """Times on clean functions that all answer; noise costs more than a library."""
    if JACOBI not in rivals:
        return Times([], [], [], [], import_seconds())
    small = [
        case
        for case in _answered(published, rivals)
        if case.x.size == 1 and case.clean and case.batched
    ]
    large = [
        case
        for case in _answered(published, [CLINOMETER, JACOBI])
        if case.category is Category.LARGE
    ]
    return Times(
        one_coordinate(rivals, small, rounds),
        thousand(large, min(rounds, 3)),
        along_ones(rounds),
        of_the_sum(rounds),
        import_seconds(),
    )


def _measure(options: argparse.Namespace) -> Results:
    wanted = {CLINOMETER.name, *options.rivals}
    rivals = [rival for rival in RIVALS if rival.name in wanted]
    every, rounds = (10, 1) if options.quick else (1, 5)
    source = Source(options.seed, options.count // every)
    published = _ask(rivals, Source(every=every), "set")
    random = _ask([rival for rival in rivals if rival.has_bar], source, "random")
    command = " ".join([".venv/bin/python -m benchmarks.run", *sys.argv[1:]])
    times = _times(rivals, published, rounds)
    return Results(published, random, source, times, command)


def _on_one_thread() -> None:
    """Start over with one BLAS thread, which must be settled before NumPy is loaded."""
    if any(os.environ.get(name) != "1" for name in THREADS):
        settled = os.environ | dict.fromkeys(THREADS, "1")
        command = [sys.executable, "-m", "benchmarks.run", *sys.argv[1:]]
        os.execve(sys.executable, command, settled)


def main() -> None:
    """Measure, print the page, and write it where that was asked for."""
    options = _options(sys.argv[1:])
    _on_one_thread()
    written = page(_measure(options))
    print(written)
    if options.write:
        PAGE.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
