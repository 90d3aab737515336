"""What `benchmarks.memo` measured, as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

__all__ = ["Counted", "Rounded", "Timed", "page"]

WAYS = ("per-node", "deltas", "nodes")


@final
@dataclass(frozen=True)
class Counted:
    """Multiplications of one gradient, in units of those of f.

    size : parameters; reverse : of reverse mode; ways : by method and difference.
    """

    name: str
    size: int
    reverse: float
    ways: dict[str, float]


@final
@dataclass(frozen=True)
class Rounded:
    """Root mean square error of a gradient at one step, in units of f / x."""

    step: float
    plain: float
    deltas: float


@final
@dataclass(frozen=True)
class Timed:
    """Seconds for one gradient: plain in NumPy, in JAX, memoized, reverse mode."""

    name: str
    numpy: float
    jax: float
    deltas: float
    nodes: float
    reverse: float


HEAD = """# Memoized differences

`clinometer.memoized(f, x)` takes the gradient of a function of JAX or torch by
differences in which nothing is computed twice. f is traced once, and the values of all
its operations are kept. An entry of x that moves changes only part of each array behind
it:

- `method="per-node"` runs again every operation that the entry reaches.
- `method="deltas"` (the default) moves a *box*: perturbing `W[i, j]` changes column j
  of `x @ W` and no other number. Linear operations move the change itself, and so do
  not round what stays the same; others are worked out again inside the box alone.
- `method="nodes"` differences f by pre-activations such as `x @ W + b` wherever that
  takes less arithmetic, and goes on from there to `W` and `b` by the transposed
  products, exact.

```python
import jax.numpy as jnp
from clinometer import memoized

x, y = jnp.ones((5, 3)), jnp.ones(5) found = memoized(lambda w: jnp.logaddexp(0.0, -y *
(x @ w)).mean(), jnp.zeros(3)) print(found.value) # a tree like x, float64 print(found)
# perturbations, arithmetic, and what was not memoized ```

Plain differences evaluate f again for every entry. What they would give at the same
steps is what this gives, but for rounding, which is less. An operation without a rule
is run again in full, by NumPy or by the library of x, and named in `found.full` and
`found.foreign`. There is no error bar: for one, see `clinometer.gradient`.
`clinometer.memo.memoized_work` counts the arithmetic without doing it all.
"""


def page(
    counts: Sequence[Counted],
    rounding: Sequence[Rounded],
    times: Sequence[Timed],
    *,
    machine: str,
) -> str:
    """The page; every number in it is one of those given."""
    parts = [
        HEAD,
        f"All below is measured by `python -m benchmarks.memo --write` ({machine}).",
        "",
        _counts(counts),
        _rounding(rounding),
        _times(times),
    ]
    return "\n".join(parts)


def _counts(rows: Sequence[Counted]) -> str:
    names = [f"{way}, {side}" for way in WAYS for side in ("forward", "central")]
    lines = [
        "## Arithmetic",
        "",
        "Multiplications for one gradient, in units of those for one value of f (F). "
        "Plain differences take n + 1 of them (forward) or 2 n (central). Where both "
        "signs of a step pass linear operations, their change is worked out once.",
        "",
        "| f | n | reverse mode | " + " | ".join(names) + " |",
        "| --- |" + " ---: |" * (len(names) + 2),
    ]
    lines += [
        f"| {row.name} | {row.size:,} | {row.reverse:.2f} | "
        + " | ".join(f"{row.ways[name]:,.4g}" for name in names)
        + " |"
        for row in rows
    ]
    return "\n".join([*lines, ""])


def _rounding(rows: Sequence[Rounded]) -> str:
    lines = [
        "## Rounding",
        "",
        "Root mean square error of the gradient of logistic regression with 500 "
        "parameters, 1,000 samples, by central differences at the same steps (over the "
        "typical size of an entry).",
        "",
        "| step | plain | deltas | ratio |",
        "| ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.step:.0e} | {row.plain:.1e} | {row.deltas:.1e} | "
        f"{row.plain / row.deltas:.1f} |"
        for row in rows
    ]
    return "\n".join([*lines, ""])


def _times(rows: Sequence[Timed]) -> str:
    lines = [
        "## Time",
        "",
        "Milliseconds of the processor for one gradient by central differences, the "
        "least of some runs, tracing included. Plain differences take f written by "
        "hand for a batch of points, and the best of three sizes of it; in JAX, "
        "`jax.jit(jax.vmap(f))`, compiled beforehand. Logistic regression has 1,000 "
        "samples, the perceptron 64.",
        "",
        "| f | plain, NumPy | plain, JAX | deltas | nodes | reverse mode, JAX | "
        "NumPy / deltas | NumPy / nodes | JAX / nodes |",
        "| --- |" + " ---: |" * 8,
    ]
    for row in rows:
        each = [row.numpy, row.jax, row.deltas, row.nodes, row.reverse]
        ratios = [row.numpy / row.deltas, row.numpy / row.nodes, row.jax / row.nodes]
        numbers = [f"{1e3 * t:.3g}" for t in each] + [f"{r:.1f}" for r in ratios]
        lines.append(f"| {row.name} | " + " | ".join(numbers) + " |")
    lines += ["", _verdict(rows)]
    return "\n".join([*lines, ""])


def _verdict(rows: Sequence[Timed]) -> str:
    """What the times say, computed from them."""
    ahead = min(row.numpy / row.nodes for row in rows)
    least = min(row.numpy / row.deltas for row in rows)
    most = max(row.numpy / row.deltas for row in rows)
    return (
        "Differencing pre-activations (`nodes`) is here at least "
        f"{ahead:.1f} times as fast as plain differences in NumPy. Moving boxes from "
        f"every parameter (`deltas`) is {least:.1f} to {most:.1f} times as fast: it "
        "saves the matrix products, which are the cheapest operations there are, and "
        "not the exponentials and sums behind them, and each of these passes over "
        "memory once more to take a change from values or to add it."
    )
