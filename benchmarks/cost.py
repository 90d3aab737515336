"""What gradients cost: `python -m benchmarks.cost` prints the page, --write stores it.

Counts are the same everywhere; times are those of the machine that wrote the page.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch

from benchmarks.cost_page import page
from clinometer.costs import CostReport, Way, cost
from clinometer.show.cost import draw_growth
from examples.question import growth, logistic, perceptron, sigmoid

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "cost.md"
PICTURE = ROOT / "docs" / "images" / "cost-growth.png"

WIDTHS = (784, 1000, 256, 10)
SAMPLES = 32
TASKS = 200


@dataclass(frozen=True, eq=False)
class Million:
    """A cost report on a model of a million parameters.

    report : with timings; closed : multiplications of matrix products by the closed
        form, forward and backprop; first, second : seconds of processor time of two
        reports without timings, one after the other.
    """

    library: str
    report: CostReport
    closed: tuple[int, int]
    first: float
    second: float
    widths: tuple[int, ...] = WIDTHS
    samples: int = SAMPLES

    @property
    def counted(self) -> tuple[int, int]:
        """Multiplications of matrix products, as counted."""
        back = self.report.row(Way.BACKPROP)
        assert self.report.operations is not None
        assert back is not None
        assert back.operations is not None
        own, there = self.report.operations, back.operations
        return int(own.matmul_multiplications), int(there.matmul_multiplications)


def in_torch() -> tuple[Callable[[Any], Any], Any]:
    torch.manual_seed(0)
    layers = [
        {
            "w": torch.randn(before, after) / before**0.5,
            "b": torch.zeros(after),
        }
        for before, after in pairwise(WIDTHS)
    ]
    given, labels = torch.randn(SAMPLES, WIDTHS[0]), torch.arange(SAMPLES) % WIDTHS[-1]

    def loss(layers: Any) -> Any:
        values = given
        for layer in layers[:-1]:
            values = torch.tanh(values @ layer["w"] + layer["b"])
        scores = values @ layers[-1]["w"] + layers[-1]["b"]
        return torch.nn.functional.cross_entropy(scores, labels)

    return loss, layers


def in_jax() -> tuple[Callable[[Any], Any], Any]:
    rng = np.random.default_rng(0)
    layers = [
        {
            "w": jnp.asarray(
                rng.normal(size=(before, after)) / before**0.5, jnp.float32
            ),
            "b": jnp.zeros(after, jnp.float32),
        }
        for before, after in pairwise(WIDTHS)
    ]
    given = jnp.asarray(rng.normal(size=(SAMPLES, WIDTHS[0])), jnp.float32)
    labels = jnp.eye(WIDTHS[-1], dtype=jnp.float32)[np.arange(SAMPLES) % WIDTHS[-1]]

    def loss(layers: Any) -> Any:
        values = given
        for layer in layers[:-1]:
            values = jnp.tanh(values @ layer["w"] + layer["b"])
        scores = values @ layers[-1]["w"] + layers[-1]["b"]
        return -(labels * jax.nn.log_softmax(scores)).sum() / SAMPLES

    return loss, layers


def million(library: str, make: Callable[[], Any]) -> Million:
    """Two reports on one model without timings, and one with them."""
    loss, layers = make()
    spent: list[float] = []
    for _ in range(2):
        began = time.process_time()
        cost(loss, layers, timing=0)
        spent.append(time.process_time() - began)
    report = cost(loss, layers)
    pairs = [a * b for a, b in pairwise(WIDTHS)]
    closed = SAMPLES * sum(pairs), SAMPLES * (3 * sum(pairs) - pairs[0])
    return Million(library, report, closed, *spent)


def nothing() -> None:
    """The smallest share of work."""


def handing() -> float:
    """Median seconds from handing a waiting process its share to having its answer."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(nothing).result()
        spent: list[float] = []
        for _ in range(TASKS):
            began = time.perf_counter()
            pool.submit(nothing).result()
            spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def printed(run: Callable[[], object]) -> str:
    """What a function prints."""
    held = io.StringIO()
    with redirect_stdout(held):
        run()
    return held.getvalue().rstrip()


def main() -> None:
    """Measure, print the page, and write it where that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    options = parser.parse_args()
    share = handing()
    families = growth.families()
    loss, _, w = logistic.problem(500)
    text = page(
        neuron=printed(sigmoid.main),
        regression=cost(loss, w),
        network=printed(perceptron.main),
        families=families,
        millions=[million("torch", in_torch), million("JAX", in_jax)],
        handing=share,
    )
    print(text)
    if options.write:
        draw_growth(families, PICTURE)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
