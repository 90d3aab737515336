"""Memoized differences, measured: `python -m benchmarks.memo --write`.

Counts of their arithmetic, their rounding and their time, each beside that of plain
differences and of reverse mode. Writes docs/memo.md.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.memo_models import Model, convolutional, logistic, perceptron, shallow
from benchmarks.memo_page import Counted, Rounded, Timed, page
from clinometer import engines, memoized
from clinometer.memo import memoized_work
from clinometer.operations import count

PAGE = Path(__file__).parents[1] / "docs" / "memo.md"
CHUNKS = (16, 64, 128)
"""Points that plain differences hand to f at once: the best of these counts."""
STEPS = (1e-4, 1e-5, 1e-6, 1e-7)
REPEATS = 8


def models() -> list[Model]:
    """What is counted."""
    hidden = (16, 64, 256, 512)
    return [
        logistic(1000, 500),
        perceptron((64, 10)),
        *(perceptron((64, h, 10)) for h in hidden),
        perceptron((64, 64, 64, 10)),
        perceptron((64, *(64,) * 8, 10)),
        shallow(),
        convolutional(),
    ]


def counted(model: Model) -> Counted:
    """Multiplications in units of those of f, for every way to the gradient."""
    leaves, tree = jax.tree.flatten(model.x)
    engine = engines.of(leaves)

    def f(leaves: list[Any]) -> Any:
        return model.f(tree.unflatten(leaves))

    forward = count(engine.graph(f, leaves)).multiplications
    reverse = count(engine.gradient_graph(f, leaves)).multiplications
    ways: dict[str, float] = {}
    for method in ("per-node", "deltas", "nodes"):
        for difference in ("forward", "central"):
            work = memoized_work(model.f, model.x, method=method, difference=difference)
            ways[f"{method}, {difference}"] = work.multiplications / forward
    return Counted(model.name, model.size, float(reverse / forward), ways)


def plain_logistic(model: Model) -> Callable[[Any], Any]:
    """The loss at points (P, n), in NumPy, with as few passes as there can be."""
    x, y = model.data
    turned = np.ascontiguousarray(-(x * y[:, None]).T)

    def loss(points: Any) -> Any:
        z = points @ turned
        return (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))).mean(1)

    return loss


def plain_perceptron(model: Model) -> Callable[[Any], Any]:
    """The loss at points (P, n), in NumPy, one matrix product a layer and point."""
    x, y = model.data
    shapes = [leaf.shape for leaf in jax.tree.leaves(model.x)]
    rows = np.arange(len(y))

    def loss(points: Any) -> Any:
        h, start = x, 0
        for k in range(0, len(shapes), 2):
            a, b = shapes[k]
            weights = points[:, start : start + a * b].reshape(-1, a, b)
            start += a * b
            h = h @ weights
            h += points[:, None, start : start + b]
            start += b
            if k < len(shapes) - 2:
                np.tanh(h, out=h)
        h -= h.max(2, keepdims=True)
        return (np.log(np.exp(h).sum(2)) - h[:, rows, y]).mean(1)

    return loss


def plain_differences(f: Callable[[Any], Any], x: Any, h: Any, *, chunk: int) -> Any:
    """(n) central differences of a batched f."""
    gradient = np.empty(x.size)
    for start in range(0, x.size, chunk):
        entries = np.arange(start, min(start + chunk, x.size))
        rows, step = np.arange(len(entries)), h[entries]
        values = []
        for sign in (1, -1):
            points = np.repeat(x[None], len(entries), axis=0)
            points[rows, entries] += sign * step
            values.append(np.asarray(f(points)))
        gradient[entries] = (values[0] - values[1]) / (2 * step)
    return gradient


def flat(tree: Any) -> Any:
    """All numbers of a tree."""
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])


def rounded(model: Model, plain: Callable[[Any], Any]) -> list[Rounded]:
    """Root mean square error of the gradient, at steps of one size."""
    x = flat(model.x)
    exact = flat(jax.grad(model.f)(model.x))
    found: list[Rounded] = []
    for step in STEPS:
        deltas = memoized(model.f, model.x, step=step)
        slopes = plain_differences(plain, x, flat(deltas.step), chunk=64)
        errors = [slopes - exact, flat(deltas.value) - exact]
        found.append(Rounded(step, *(float(np.sqrt(np.mean(e**2))) for e in errors)))
    return found


def timed(model: Model, plain: Callable[[Any], Any]) -> Timed:
    """Seconds of the processor for one gradient, the least of some runs, by turns."""
    x, step = flat(model.x), flat(memoized(model.f, model.x).step)
    leaves, tree = jax.tree.flatten(model.x)
    ends = np.cumsum([leaf.size for leaf in leaves])[:-1]

    def at(point: Any) -> Any:
        parts = jax.numpy.split(point, ends)
        shaped = [p.reshape(leaf.shape) for p, leaf in zip(parts, leaves, strict=True)]
        return model.f(tree.unflatten(shaped))

    mapped = jax.jit(jax.vmap(at))
    reverse = jax.jit(jax.grad(model.f))
    ways: dict[str, Callable[[], Any]] = {
        "deltas": lambda: memoized(model.f, model.x),
        "nodes": lambda: memoized(model.f, model.x, method="nodes"),
        "reverse": lambda: jax.block_until_ready(reverse(model.x)),
    }
    for chunk in CHUNKS:
        ways[f"numpy {chunk}"] = lambda chunk=chunk: plain_differences(
            plain, x, step, chunk=chunk
        )
        ways[f"jax {chunk}"] = lambda chunk=chunk: plain_differences(
            mapped, x, step, chunk=chunk
        )
    least = dict.fromkeys(ways, float("inf"))
    for repeat in range(REPEATS + 1):
        for name, way in ways.items():
            start = time.process_time()
            way()
            if repeat:  # the first run compiles
                least[name] = min(least[name], time.process_time() - start)
    return Timed(
        name=model.name,
        numpy=min(least[f"numpy {chunk}"] for chunk in CHUNKS),
        jax=min(least[f"jax {chunk}"] for chunk in CHUNKS),
        deltas=least["deltas"],
        nodes=least["nodes"],
        reverse=least["reverse"],
    )


def main() -> None:
    """Measure, print the page, and write it if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.memo", description=__doc__
    )
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    arguments = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    regression, network = logistic(1000, 500), perceptron((64, 64, 10))
    text = page(
        [counted(model) for model in models()],
        rounded(regression, plain_logistic(regression)),
        [
            timed(regression, plain_logistic(regression)),
            timed(network, plain_perceptron(network)),
        ],
        machine=f"Python {platform.python_version()}, NumPy {np.__version__}, "
        f"JAX {jax.__version__}, one thread",
    )
    print(text)
    if arguments.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
