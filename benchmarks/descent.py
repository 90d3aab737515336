"""Descents on the digits classifier: `python -m benchmarks.descent --write`.

Softmax regression on 1,797 handwritten digits, 640 weights, torch in float64:
gradient descent under every slope, every rule under exact gradients and differences.
The losses under gradients with error bars are held against a bound made of those bars.
Traces are kept in out/descents, and what is there is not measured again.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from benchmarks.descent_page import BEGIN, Agreement, measured
from clinometer.descend import (
    LBFGS,
    Adam,
    Analytic,
    Barred,
    CentralDifferences,
    Comparison,
    ForwardDifferences,
    GradientDescent,
    Memoized,
    Momentum,
    Newton,
    RandomDirections,
    Rule,
    Slope,
    Stop,
    Trace,
    compare,
    minimise,
)
from clinometer.show import draw_descent

PAGE = Path(__file__).parents[1] / "docs" / "descent.md"
TRACES = Path("out/descents")  # what is there is not measured again
PICTURE = PAGE.parent / "images" / "descent.png"
Floats = NDArray[np.float64]

LAMBDA = 1e-3  # strength of the regulariser
RATE = 0.25  # of gradient descent
MEMORY = 2**18  # bytes of points at once: the scores of as many images fit the caches
ROUNDOFF = 2.0**-53


def problem() -> tuple[Callable[[Any], Any], Floats, float]:
    """The loss of (64, 10) weights, where descents begin, and a bound on its curvature.

    The Hessian of log-sum-exp is at most half the identity, so that of the mean loss is
    at most half the largest eigenvalue of X'X / N. Source: Boehning 1992, Ann. Inst.
    Statist. Math. 44, 197-200.
    """
    images, labels = load_digits(return_X_y=True)
    X, Y = torch.tensor(images / 16), torch.tensor(np.eye(10)[labels])

    def loss(W: Any) -> Any:
        scores = X @ W
        log_sum = torch.logsumexp(scores, dim=1)
        return (log_sum - (scores * Y).sum(dim=1)).mean() + LAMBDA * (W * W).sum()

    second = (X.T @ X).numpy() / len(images)
    curvature = float(np.linalg.eigvalsh(second)[-1]) / 2 + 2 * LAMBDA
    start = 0.01 * np.random.default_rng(0).standard_normal((64, 10))
    return loss, start, curvature


def agreement(exact: Trace, barred: Trace, curvature: float) -> Agreement:
    """How far two losses lie apart, beside what the gradients' error bars allow.

    A step of gradient descent on a convex f brings no two points further apart, if its
    rate is at most 2 / curvature. So the error e of each gradient moves all later
    points by at most rate * |e|, and their sum d the loss by |gradient| d + curvature
    d**2 / 2. Both losses are sums of 1,797 rounded terms.
    """
    moved = RATE * np.concatenate([[0.0], np.cumsum(barred.error[:-1])])
    bound = exact.gradient * moved + curvature * moved**2 / 2
    rounding = 2 * 1797 * ROUNDOFF * exact.loss
    apart = np.abs(exact.loss - barred.loss)
    nonexpansive = RATE * curvature < 2
    return Agreement(
        bool(nonexpansive and (apart <= bound + rounding).all()),
        float(apart.max()),
        float(bound.max()),
        float(rounding.max()),
        RATE * curvature,
    )


def descend(
    f: Callable[[Any], Any],
    start: Floats,
    rule: Rule,
    *,
    slope: Slope,
    iterations: int,
) -> Trace:
    """One trace, told of on the way, and kept in a file for another page."""
    x0, name = torch.tensor(start), f"{rule} {slope} {iterations}.npz"
    kept = TRACES / name.replace("/", "-")
    if kept.exists():
        return Trace.load(kept, x0)
    trace = minimise(
        f,
        x0,
        rule,
        slope,
        stop=Stop(iterations=iterations),
        vmap=True,
        memory=MEMORY,
        scale=1.0,
    )
    print(f"{rule}; {slope}: {trace.loss[-1]:.12g}, {trace.seconds[-1]:.1f} s")
    trace.save(kept)
    return trace


def measure(every: int) -> tuple[Comparison, Comparison, Agreement]:
    """By slopes under gradient descent, by rules, and the agreement of the losses.

    every : one of so many iterations is done; 1 for all.
    """
    f, start, curvature = problem()
    few, many = 20 // every, 60 // every
    warm = Stop(iterations=1)  # what torch loads at its first gradient is nobody's cost
    minimise(f, torch.tensor(start), GradientDescent(RATE), Analytic(), stop=warm)
    slopes: Sequence[Slope] = [
        Analytic(),
        ForwardDifferences(),
        CentralDifferences(),
        Barred(),
        Memoized(),
        RandomDirections(64),
    ]
    by_slope = [
        descend(f, start, GradientDescent(RATE), slope=slope, iterations=few)
        for slope in slopes
    ]
    rules: Sequence[tuple[Rule, int]] = [
        (GradientDescent(RATE), many),
        (Momentum(0.1), many),
        (Adam(0.02), many),
        (LBFGS(), many),
        (Newton(hessian=torch.func.hessian(f)), 10 // every),
    ]
    by_rule = [
        descend(f, start, rule, slope=slope, iterations=count)
        for rule, count in rules
        for slope in (Analytic(), ForwardDifferences())
    ]
    found = agreement(by_slope[0], by_slope[3], curvature)
    return compare(*by_slope), compare(*by_rule), found


def main() -> None:
    """Measure, and write page and picture where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--write", action="store_true", help="docs/descent.md")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    options = parser.parse_args()
    slopes, rules, found = measure(10 if options.quick else 1)
    written = measured(slopes, rules, found, machine=_machine())
    if not options.write:
        print(written)
        return
    own, _, _ = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(own + written, encoding="utf-8")
    title = "Softmax regression on 1,797 digits, 640 weights: loss against what it cost"
    draw_descent([*slopes.traces, *rules.traces[4::2]], PICTURE, title=title)


def _machine() -> str:
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    return f"Python {platform.python_version()}, {platform.machine()}, {threads} thread"


if __name__ == "__main__":
    main()
