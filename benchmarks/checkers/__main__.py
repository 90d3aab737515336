"""Compare checkers: `python -m benchmarks.checkers` prints the page; --write it.

The answers on PyTorch's operators are kept in out/checkers/ as they come: a run that
was stopped goes on from there, as long as the code is the same.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "checkers.md"
STORE = ROOT / "out" / "checkers" / "operators.jsonl"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

OPERATORS = """\
Samples of PyTorch's operator database in float64 with at most 64 input entries that
give a differentiable, repeatable output; operators whose gradient PyTorch's own
tests skip are left out. {part} The value is a weighted sum of all outputs. Then one
entry of the gradient, drawn among those of at least a thousandth of the largest, is
changed, where clinometer could tell the right one. It cannot where x is not finite,
where f jumps at x (labels among the inputs), and where rounding of f hides the slope
or f is constant and the gradient nothing but rounding. gradcheck gets the same
gradients through an `autograd.Function`; it passes what is within 1e-5 + 1e-3 |n|,
as documented."""

ESTIMATORS = """\
Losses of `sklearn._loss` at three sizes, linear models with a penalty, log likelihoods
of Gaussian processes; one entry changed as above."""


def _part(every: int, samples: int | None) -> str:
    """Which part of the database was taken, in words."""
    taken = "All samples" if samples is None else f"At most {samples} samples each"
    of = "all operators" if every == 1 else f"one operator in {every}"
    return f"{taken} of {of} were taken."


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.checkers", description=__doc__
    )
    parser.add_argument(
        "--every", type=int, default=1, help="take every so many-th operator"
    )
    parser.add_argument(
        "--samples", type=int, default=None, help="at most so many of each operator"
    )
    parser.add_argument(
        "--cost",
        nargs="*",
        metavar="LIBRARY",
        help="only what a check of a healthy gradient costs; takes a minute, less if "
        "only some of NumPy, torch, JAX are named",
    )
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    return parser.parse_args()


def _on_one_thread() -> None:
    """Start over with one thread, which must be settled before NumPy is loaded."""
    if any(os.environ.get(name) != "1" for name in THREADS):
        settled = os.environ | dict.fromkeys(THREADS, "1")
        command = [sys.executable, "-m", "benchmarks.checkers", *sys.argv[1:]]
        os.execve(sys.executable, command, settled)


def _page(options: argparse.Namespace) -> str:
    """Ask all checkers all questions."""
    from benchmarks.checkers.cost import costs, section
    from benchmarks.checkers.page import Set, page
    from benchmarks.checkers.planted import planted
    from benchmarks.checkers.scaled import asked_estimators, asked_operators
    from benchmarks.checkers.store import Store, stamp

    cost = section(costs())
    store = Store(STORE, stamp(ROOT / "src", ROOT / "benchmarks" / "checkers"))
    operators = asked_operators(
        every=options.every, samples=options.samples, store=store
    )
    part = _part(options.every, options.samples)
    sets = [
        Set("PyTorch's operators", OPERATORS.format(part=part), operators),
        Set("scikit-learn's gradients", ESTIMATORS, asked_estimators()),
    ]
    command = " ".join(["python -m benchmarks.checkers", *sys.argv[1:]])
    return page(planted(), sets, cost=cost, command=command)


def main() -> None:
    """Print the page, and write it where that was asked for."""
    options = _options()
    _on_one_thread()
    if options.cost is not None:
        from benchmarks.checkers.cost import OURS, costs, section

        print(section(costs(options.cost or OURS)))
        return
    written = _page(options)
    print(written)
    if options.write:
        PAGE.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
