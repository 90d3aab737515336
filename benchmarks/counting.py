"""Counted products of models of a million parameters, beside their closed forms.

`python -m benchmarks.counting` prints the page, --write stores it.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

from benchmarks.counting_models import MODELS, Model
from clinometer import engines
from clinometer.operations import count, peak

PAGE = Path(__file__).parents[1] / "docs" / "counting.md"


def row(model: Model) -> str:
    """One row of the table."""
    engine = engines.of(model.leaves)
    cells: list[str] = []
    start = time.process_time()
    graphs = [
        engine.graph(model.f, model.leaves),
        engine.gradient_graph(model.f, model.leaves),
    ]
    found = [count(graph) for graph in graphs]
    memory = [peak(graph) for graph in graphs]
    seconds = time.process_time() - start
    for one, wanted, own in zip(
        found, (model.forward, model.gradient), model.own(), strict=True
    ):
        products = int(one.matmul_multiplications)
        same = "equal" if products == wanted else f"**{wanted:,}**"
        cells += [f"{products:,}", same, f"{own / wanted:.3f}"]
    size = sum(math.prod(leaf.shape) for leaf in model.leaves)
    most = memory[1] / 2**20
    left = sorted({name for one in found for name in one.uncounted})
    return (
        f"| {model.name} | {size:,} | {' | '.join(cells)} | {most:.0f} "
        f"| {', '.join(left) or '–'} | {seconds:.1f} |"
    )


def page() -> str:
    """The page."""
    rows = "\n".join(row(model()) for model in MODELS)
    head = " | ".join(COLUMNS)
    head = f"| {head} |\n|{' --- |' * len(COLUMNS)}"
    return TEXT.format(head=head, rows=rows)


COLUMNS = (
    *("model", "parameters", "forward", "closed form", "library"),
    *("gradient", "closed form", "library", "memory", "uncounted", "seconds"),
)


TEXT = """# How operations are counted

`engines.of(leaves).graph(f, leaves)` gives a computation as a value
(`clinometer.graph`): a list of operations on arrays, the same for JAX's jaxprs and for
PyTorch's aten operations. `gradient_graph` gives value and reverse mode,
`tangent_graph` value and slope along one direction. `clinometer.operations.count` adds
up what the operations cost, `peak` the bytes that are alive at once.

## What counts as what

| operation | counts as |
| --- | --- |
| product or quotient of two numbers | a multiplication |
| sum or difference | an addition; a change of sign costs nothing |
| exp, log, tanh, sqrt, a power with a broken exponent, erf … | a transcendental |
| x ** 3 | products by squaring: two |
| sigmoid | a transcendental, an addition, a multiplication |
| max, clip, sort, < | comparisons |
| matrix product (m, k) by (k, n) | m n k multiplications, m n (k − 1) additions |
| convolution | a multiplication where a window meets an entry: in the padding none |
| Cholesky, LU, triangular solve | what their loops take |
| pool, window of k entries | k − 1 comparisons, or k − 1 sums and a quotient |
| reshape, transpose, slice, gather, scatter, select | nothing |
| a product with a constant 1, a sum with a constant 0 | nothing |
| whatever no entry of x enters | nothing: it is computed once, before |
| a scan, a loop | its body, as often as it is passed; its condition once more |
| a branch | as often as it is taken at x |
| anything else | is named in `uncounted` |

Passes of a `while_loop` and branches taken are found by running f once at x, and only
where f has any; in PyTorch, Python's own loops and branches are laid out as they run.
Calls are entered: jit, checkpoints, custom rules, `torch.autograd.Function`.
PyTorch's fused operators (softmax, layer norm, attention, recurrent layers) are taken
apart, and what is written in place is laid out as if it were not.

## Models of a million parameters

Products inside matrix products and convolutions, counted, beside the closed form:
forward, one for each weight and row (and step, and place); back, as many for the
weights, and as many for what enters the layer, except for the data. *Library* is the
library's own counter over the closed form: half of torch's `FlopCounterMode`, half of
the flops in JAX's `cost_analysis`, which has elementwise operations, too, and counts a
scan's body once. Memory: `peak` of the gradient, MiB. Seconds of one core: both graphs
traced and counted.

{head}
{rows}

`python -m benchmarks.counting --write` writes this page.

## Where it stops

- Operations are counted as traced: what a compiler joins, or computes twice to save
  memory, is not seen. `bytes_moved` is an upper bound for the same reason.
- Complex arithmetic counts as arithmetic on pairs of real numbers.
- PyTorch's forward mode multiplies zeros where one operand of a product is data; they
  are counted, because they are multiplied.
- Loops inside the condition of a `while_loop` are named in `uncounted`.
- FFTs, eigenvalues, singular values, interpolation and Pallas kernels have no rule:
  they are named.
- In PyTorch numbers read by `.item()`, `float()` or `.numpy()` are held fixed in the
  graph. It is all there to be counted; to be run again, as memoized differences do,
  such a graph is refused: it is compared with f at a point beside x.
- NumPy leaves no trace, and nothing is counted.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.counting", description=__doc__
    )
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    text = page()
    print(text)
    if parser.parse_args().write:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
