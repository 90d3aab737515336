"""What a check of large gradients costs: ten million entries, 124 million parameters.

    python -m benchmarks.scale [--write] [--quick] [--only CASE]

Each case runs in a process of its own, so that its peak of memory is its own. With
--write the table goes to docs/scale.md, else it is printed. --quick takes arrays and a
model a hundred times smaller.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scale_page import Row, page, row_of
from clinometer import check

Case = Callable[[int], dict[str, Any]]

PAGE = Path(__file__).parents[1] / "docs" / "scale.md"

SIZE = 10_000_000
"""Entries of the NumPy gradients."""

TOKENS = 32
"""Length of the sequence that the model reads."""

BLOCK = 7
"""Number of the block whose backward pass is wrong; that of the small model is 2."""


def _problem(shrink: int) -> tuple[Any, Any, Any]:
    """f, x and the right gradient: a weighted sum of sines of a matrix."""
    shape = (SIZE // shrink // 4000, 4000)
    random = np.random.default_rng(5)
    x, w = random.normal(size=shape), random.uniform(0.5, 2.0, size=shape)
    return lambda x: (w * np.sin(x)).sum(), x, w * np.cos(x)


def _planted(places: list[Any], *, flat: bool) -> Case:
    """A case in which the gradient is 1.5 times too large at some places."""

    def run(shrink: int) -> dict[str, Any]:
        f, x, claim = _problem(shrink)
        shape = x.shape
        if flat:
            x, claim = x.reshape(-1), claim.reshape(-1)
        for place in places:
            claim[place] *= 1.5
        began = time.perf_counter()
        call = (lambda v: f(v.reshape(shape))) if flat else f
        report = check(call, x, gradient=claim)
        return {
            "said": f"{report.verdict.value}: {report.leaves[0].where or '-'}",
            "evaluations": report.evaluations,
            "seconds": time.perf_counter() - began,
        }

    return run


def _model(name: str) -> Case:
    """A case of the module of models, which loads torch."""

    def run(shrink: int) -> dict[str, Any]:
        from benchmarks import scale_model as models

        small = shrink > 1
        sizes = models.Sizes(96, 4, 4, 8000, 128) if small else models.Sizes()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if name == "step":
            found = models.trained(sizes, TOKENS)
        elif name == "flat":
            found = models.checked_flat(sizes, TOKENS)
        else:
            wrong = (2 if small else BLOCK) if name == "wrong" else None
            found = models.checked(sizes, TOKENS, wrong=wrong)
        return {**found, "before": before}

    return run


CASES: dict[str, Case] = {
    "10 million entries, right": _planted([], flat=True),
    "1 wrong entry": _planted([3_333_333 % 99_991], flat=True),
    "2 wrong entries": _planted([77_777, 5], flat=True),
    "3 wrong entries": _planted([7, 33_333, -2], flat=True),
    "3 wrong, two neighbours": _planted([1000, 1001, -2], flat=True),
    "3 wrong in a matrix": _planted([(3, 4), (5, 600), (-1, -1)], flat=False),
    "a wrong row": _planted([3], flat=False),
    "a wrong block": _planted([(slice(2, 9), slice(100, 400))], flat=False),
    "GPT-2 small, one training step": _model("step"),
    "GPT-2 small, `check(model, tokens, loss=…)`": _model("right"),
    "the same, a backward wrong in one block": _model("wrong"),
    "GPT-2 small, `check(f, parameters)`": _model("flat"),
}


def main() -> None:
    """Run all cases, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=list(CASES))
    chosen = parser.parse_args()
    if chosen.only:
        found = CASES[chosen.only](100 if chosen.quick else 1)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({**found, "megabytes": peak / 1024}))
        return
    rows: list[Row] = []
    for name in CASES:
        rows.append(_run(name, ["--quick"] * chosen.quick))
        print(rows[-1].line, flush=True)
    written = page(rows, _machine())
    if chosen.write:
        PAGE.write_text(written, encoding="utf-8")
    else:
        print(written)


def _run(name: str, options: list[str]) -> Row:
    """What a case gives in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scale", "--only", name]
    done = subprocess.run(command + options, capture_output=True, text=True, check=True)
    return row_of(name, json.loads(done.stdout.splitlines()[-1]))


def _machine() -> str:
    """What it ran on, in words."""
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    return f"Python {platform.python_version()}, {platform.machine()}, {threads} thread"


if __name__ == "__main__":
    main()
