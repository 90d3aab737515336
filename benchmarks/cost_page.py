"""The page docs/cost.md, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from clinometer.costs import CostReport, Growth, Way
from clinometer.costs.ways import HANDING
from clinometer.costs.words import duration

if TYPE_CHECKING:
    from benchmarks.cost import Million

__all__ = ["page"]

WORKERS = 8

PAGE = """# What a gradient costs

> Is gradient descent with the analytical derivative faster than with finite
> differences? To me it only avoids one evaluation.

It avoids n. `cost` counts and measures it on your own function:

```python
import jax
import jax.numpy as jnp
import numpy as np

from clinometer import cost

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(0)
X, y = rng.normal(size=(200, 20)), np.sign(rng.normal(size=200))


def loss(w):
    return jnp.log1p(jnp.exp(-y * (X @ w))).mean()


print(cost(loss, jnp.asarray(rng.normal(size=20)), timing=0))
```

or on the command line, for a [problem in a file](problem-file.md):
`clinometer cost loss.py:problem --picture cost.png`, with `--json` for programs.

This page is written by `python -m benchmarks.cost --write`; times are of the machine
that wrote it, counts are the same everywhere.

## Reading a report

- **evaluations**: of f, or of a derivative of it. Forward mode runs f with one tangent
  beside it, n times; backprop once and back.
- **× F, mult., add., transc.**: counted in the function's own graph, JAX's jaxpr or
  torch's aten operations, joint with the backward pass; × F are multiplications in
  units of those of one f. Loops count as often as they run at x. NumPy's functions
  cannot be counted: there the table shows evaluations, time and memory.
- **memory**: the most bytes of arrays alive at once, by their lives in the graph; for
  NumPy the peak of one call.
- **time**: one processor. f, backprop and one tangent are timed (compiled in JAX,
  without a record in torch); `~` marks times that follow: the time of one run, times
  how many there are. With w workers evaluations are dealt out evenly, and each worker
  is handed its share once, at {handing_used} (here a process that waits answered after
  {handing}). What is one evaluation stays on one processor.
- **error**: ‖found − known‖ / ‖known‖ on a few entries (`entries=5`) whose derivatives
  are measured with error bars, in float64 where x is coarser and f takes it. `≤` says
  that the error hides in these bars. One random direction is off by √(n − 1): by
  formula.
- **memoized** rows are what `clinometer.memo` takes, told from a few perturbations of
  every array. **Coloured differences** appear where `sparsity=` says which term of f
  depends on which entry: entries that share no term are moved together.
- The first line recommends one way, with the numbers that carry it.

## z = b σ(a x)

By hand s = σ(a x) is worked out once and serves all three derivatives. Counted by
[examples/question/sigmoid.py](../examples/question/sigmoid.py):

```console
{neuron}
```

## Logistic regression, labels −1 and +1

500 weights, 100 samples: the gradient is −Xᵀ(y σ(−y Xw)) / m, two products with X.
From [examples/question/logistic.py](../examples/question/logistic.py):

```console
{regression}
```

Memoized, a difference by one weight adds one column of X to Xw, and so all of them come
down to {sparse}, exponentials apart, of which none is saved. Node perturbation
differences by the entries of Xw instead and goes on to w by one exact product: {nodes}.
Neither can get below F.

## A perceptron as a graph

With v nodes, e edges and N parameters, is it 2·O(v + e) against N·O(v + e)? Counted by
[examples/question/perceptron.py](../examples/question/perceptron.py):

```console
{network}
```

So yes: backprop takes less than 3 passes however deep, as (3 e − e₁) / e says, with e₁
edges in the first layer; differences take N + 1. Sparse deltas take as many passes with
one hidden layer of any width, and lose with depth, for a changed weight changes all
layers behind it.

## Cost against n

![multiplications against n, two families](images/cost-growth.png)

Multiplications in units of one f; drawn by `draw_growth` from counts alone
([examples/question/growth.py](../examples/question/growth.py)):

{break_evens}

Break-even is where lines meet; below the smallest n they are prolonged. Dealing forward
differences out to {workers} workers moves it to {shared}.

## A million parameters

A perceptron of {widths} ({n:,} parameters, float32, {samples} samples):

{millions}

Processor time of a whole report without timings (`timing=0`); the first pays for what
the library loads and compiles. In float32 forward differences are of little use at this
size, whatever they cost: their error is {off:.2g} times the gradient's length.

```console
{report}
```

## What it does not say

Operations are counted as the library states them, before a compiler joins some.
Memoized rows are worked out in NumPy, and their times are NumPy's. Where f is random,
as with dropout, errors include its noise. Evaluations that a library maps over a batch
(`vmap`) may take less time than the model of one processor says, not fewer operations.
"""


def page(
    *,
    neuron: str,
    regression: CostReport,
    network: str,
    families: Mapping[str, Growth],
    millions: Sequence[Million],
    handing: float,
) -> str:
    """The whole page."""
    first = millions[0]
    return PAGE.format(
        handing=duration(handing),
        handing_used=duration(HANDING),
        neuron=neuron,
        regression=regression,
        sparse=_times(regression, Way.SPARSE),
        nodes=_times(regression, Way.NODES),
        network=network,
        break_evens=_break_evens(families),
        workers=WORKERS,
        shared=_shared(families),
        off=_off(first.report),
        widths="-".join(map(str, first.widths)),
        n=first.report.n,
        samples=first.samples,
        millions=_millions(millions),
        report=first.report,
    )


def _times(report: CostReport, way: Way) -> str:
    row = report.row(way)
    times = None if row is None else report.times_f(row)
    return "–" if times is None else f"{times:.3g} F"


def _break_evens(families: Mapping[str, Growth]) -> str:
    heads = [
        f"{title}, n = {grown.n[0]:,} to {grown.n[-1]:,}"
        for title, grown in families.items()
    ]
    lines = ["| way | " + " | ".join(heads) + " |", "| --- |" + " --- |" * len(heads)]
    every = families.values()
    shown = [way for way in Way if any(way in grown.times for grown in every)]
    for way in shown:
        cells = [_cell(grown, way) for grown in every]
        lines.append(f"| {way.value} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(grown: Growth, way: Way) -> str:
    times = grown.times[way]
    met = grown.break_even(way)
    said = f"{times[0]:,.3g} F to {times[-1]:,.6g} F"
    return said + (f"; break-even at n = {met:.2g}" if met > 0 else "")


def _shared(families: Mapping[str, Growth]) -> str:
    met = [grown.break_even(Way.FORWARD, WORKERS) for grown in families.values()]
    return " and ".join(f"n = {at:.2g}" for at in met)


def _off(report: CostReport) -> float:
    row = report.row(Way.FORWARD)
    assert row is not None
    assert row.accuracy is not None
    return row.accuracy.error


def _millions(millions: Sequence[Million]) -> str:
    lines = [
        "| library | matmul multiplications, forward: counted / closed form | "
        "backprop: counted / closed form | first report, s | second report, s |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in millions:
        (own, back), (own_closed, back_closed) = each.counted, each.closed
        lines.append(
            f"| {each.library} | {own:,} / {own_closed:,} | {back:,} / {back_closed:,} "
            f"| {each.first:.1f} | {each.second:.1f} |"
        )
    return "\n".join(lines)
