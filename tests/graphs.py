"""Graphs of operations run once more: as the library has them, and in NumPy."""

import itertools

import numpy as np

from clinometer.graph import Constant, Kind

REDUCERS = {
    "sum": np.sum,
    "prod": np.prod,
    "max": np.max,
    "min": np.min,
    "any": np.any,
    "all": np.all,
}
RUNNING = {
    "sum": np.cumsum,
    "prod": np.cumprod,
    "max": np.maximum.accumulate,
    "min": np.minimum.accumulate,
}


def run(graph, arrays, *, checked=False, compiled=None):
    """What the graph's outputs are, each node run by the library's own operation.

    checked : whether each node is held against what it says of itself.
    compiled : how all of it is compiled at once, such as jax.jit.
    """

    def read(operand, values):
        if isinstance(operand, Constant):
            return operand.value
        return values[operand.number]

    def every(arrays):
        values = {slot.number: a for slot, a in zip(graph.inputs, arrays, strict=True)}
        for node in graph.nodes:
            out = node.run(*[read(operand, values) for operand in node.operands])
            pairs = zip(node.outputs, out, strict=True)
            values.update({slot.number: each for slot, each in pairs})
        wanted = [read(operand, values) for operand in graph.outputs]
        return wanted, values if checked else {}

    outputs, values = (compiled(every) if compiled else every)(arrays)
    for node in graph.nodes if checked else ():
        operands = [read(operand, values) for operand in node.operands]
        assert_as_described(node, operands, [values[s.number] for s in node.outputs])
    return outputs


def by_kind(node, operands):
    """A node's output as its kind and parameters say, in NumPy; None for the others."""
    arrays = [np.asarray(each) for each in operands]
    how = KINDS.get(node.kind)
    return None if how is None else how(node, node.parameters, *arrays)


def conv(operand, kernel, terms):
    """A convolution by its definition, one product at a time."""
    strides, apart = terms["strides"], terms["input_dilation"]
    places = [
        range(0, low + high + (size - 1) * gap + 1 - (width - 1) * wide, step)
        for size, width, step, (low, high), gap, wide in zip(
            operand.shape[2:],
            kernel.shape[2:],
            strides,
            terms["padding"],
            apart,
            terms["dilation"],
            strict=True,
        )
    ]
    groups = terms["groups"]
    share, wide = kernel.shape[0] // groups, kernel.shape[1]
    out = np.zeros((operand.shape[0], kernel.shape[0], *map(len, places)))
    products = 0
    for here in itertools.product(*map(range, map(len, places))):
        for at in np.ndindex(kernel.shape[2:]):
            spots = [
                places[k][here[k]]
                + at[k] * terms["dilation"][k]
                - terms["padding"][k][0]
                for k in range(len(at))
            ]
            if any(spot % gap for spot, gap in zip(spots, apart, strict=True)):
                continue
            spots = [spot // gap for spot, gap in zip(spots, apart, strict=True)]
            sizes = operand.shape[2:]
            if any(not 0 <= s < n for s, n in zip(spots, sizes, strict=True)):
                continue
            for o in range(kernel.shape[0]):
                first = o // share * wide
                seen = operand[(slice(None), slice(first, first + wide), *spots)]
                out[(slice(None), o, *here)] += seen @ kernel[(o, slice(None), *at)]
                products += seen.size
    return out, products


def _dot(_, terms, a, b):
    (of_a, of_b), (batch_a, batch_b) = terms["contract"], terms["batch"]
    letters = iter("abcdefghijklmnop")
    names_a = [next(letters) for _ in a.shape]
    names_b = [next(letters) for _ in b.shape]
    for k, j in zip((*of_a, *batch_a), (*of_b, *batch_b), strict=True):
        names_b[j] = names_a[k]
    out = [names_a[k] for k in batch_a]
    out += [n for k, n in enumerate(names_a) if k not in {*of_a, *batch_a}]
    out += [n for k, n in enumerate(names_b) if k not in {*of_b, *batch_b}]
    return np.einsum(f"{''.join(names_a)},{''.join(names_b)}->{''.join(out)}", a, b)


def _broadcast(node, terms, x):
    shape = [1] * len(node.shapes[0])
    for axis, size in zip(terms["axes"], x.shape, strict=True):
        shape[axis] = size
    return np.broadcast_to(x.reshape(shape), node.shapes[0])


def _slice(_, terms, x):
    where = zip(terms["starts"], terms["stops"], terms["strides"], strict=True)
    for axis, (start, stop, stride) in enumerate(where):
        x = np.take(x, range(start, stop, stride), axis)
    return x


def _pad(_, terms, x, value):
    low, high, inner = terms["low"], terms["high"], terms["inner"]
    sizes = [
        a + b + n + max(n - 1, 0) * c
        for n, a, b, c in zip(x.shape, low, high, inner, strict=True)
    ]
    out = np.full(sizes, value, x.dtype)
    for at in np.ndindex(x.shape):
        spot = tuple(a + k * (c + 1) for k, a, c in zip(at, low, inner, strict=True))
        if all(0 <= s < n for s, n in zip(spot, sizes, strict=True)):
            out[spot] = x[at]
    return out


def _take(_, terms, x, numbers):
    return np.take(x, numbers[..., 0] if terms.get("last") else numbers, terms["axis"])


KINDS = {
    Kind.DOT: _dot,
    Kind.CONV: lambda _, terms, x, kernel: conv(x, kernel, terms)[0],
    Kind.REDUCE: lambda node, terms, x: REDUCERS[node.name](x, tuple(terms["axes"])),
    Kind.CUMULATE: lambda node, terms, x: RUNNING[node.name](x, axis=terms["axis"]),
    Kind.BROADCAST: _broadcast,
    Kind.RESHAPE: lambda node, _, x: x.reshape(node.shapes[0]),
    Kind.TRANSPOSE: lambda _, terms, x: x.transpose(terms["permutation"]),
    Kind.SLICE: _slice,
    Kind.PAD: _pad,
    Kind.CONCATENATE: lambda _, terms, *parts: np.concatenate(parts, terms["axis"]),
    Kind.SELECT: lambda _, __, *three: np.where(*three),
    Kind.TAKE: _take,
}


def assert_as_described(node, operands, outputs):
    """What a node says of itself is what it does."""
    for out, shape, dtype in zip(outputs, node.shapes, node.dtypes, strict=True):
        assert tuple(out.shape) == shape
        assert str(out.dtype).removeprefix("torch.") == dtype
    if node.kind in {Kind.MAP, Kind.SELECT}:
        assert {np.shape(each) for each in operands} <= {(), node.shapes[0]}
    said = by_kind(node, operands)
    if said is not None:
        # float32 sums in another order: some units in the last place of the largest
        np.testing.assert_allclose(
            np.asarray(outputs[0], said.dtype), said, rtol=1e-4, atol=1e-5
        )
