"""A multilayer perceptron as a graph of v nodes and e edges: 2 O(v + e), or N O(v + e)?

Every edge is a weight, every node an activation. One pass goes along every edge once.
Going back passes every edge once more towards the weights, and once more towards the
nodes before, but for the first layer, whose inputs are data. So with e₁ edges in the
first layer, and for each sample,

    forward             e           multiplications
    backprop        3 e - e₁
    differences    (N + 1) e        with N = e + nodes that have a bias

What is counted beside stands for the nodes: activations and their derivatives.
"""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from clinometer import cost
from clinometer.costs import Way
from clinometer.costs.words import multiple
from clinometer.table import aligned

jax.config.update("jax_enable_x64", True)

SAMPLES = 32


def problem(*widths, seed=0):
    """Loss of a perceptron of tanh, and its weights, for layers of these widths."""
    rng = np.random.default_rng(seed)
    weights = [
        {
            "w": jnp.asarray(rng.normal(size=(before, after)) / np.sqrt(before)),
            "b": jnp.asarray(rng.normal(size=after)),
        }
        for before, after in pairwise(widths)
    ]
    X = jnp.asarray(rng.normal(size=(SAMPLES, widths[0])))
    Y = jnp.asarray(np.eye(widths[-1])[rng.integers(0, widths[-1], SAMPLES)])

    def loss(layers):
        values = X
        for layer in layers[:-1]:
            values = jnp.tanh(values @ layer["w"] + layer["b"])
        scores = values @ layers[-1]["w"] + layers[-1]["b"]
        return -(Y * jax.nn.log_softmax(scores)).sum() / SAMPLES

    return loss, weights


def edges(widths):
    """All edges of the graph, and those of its first layer."""
    pairs = [a * b for a, b in pairwise(widths)]
    return sum(pairs), pairs[0]


def main():
    head = ["layers", "v", "e", "N", "forward", "backprop", "(3 e - e₁) / e"]
    head += ["differences", "sparse deltas", "node perturbation"]
    rows = []
    for widths in [(64, 64, 10), (64, 512, 10), (64, 64, 64, 10), (64, *[64] * 8, 10)]:
        report = cost(*problem(*widths), timing=0, entries=0)
        e, first = edges(widths)

        def each(operations, e=e):
            return multiple(operations.multiplications / SAMPLES / e)

        ways = [Way.FORWARD, Way.SPARSE, Way.NODES]
        inner = f"{len(widths) - 2} x {widths[1]}"
        row = [f"{widths[0]}, {inner}, {widths[-1]}", sum(widths), e, report.n]
        row += [each(report.operations), each(report.row(Way.BACKPROP).operations)]
        row += [f"{(3 * e - first) / e:.4g}"]
        row += [each(report.row(way).operations) for way in ways]
        rows.append([*map(str, row)])
    print("multiplications for each sample and edge")
    print("\n".join(aligned(head, rows)))


if __name__ == "__main__":
    main()
