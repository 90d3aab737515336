"""What matrix products and convolutions cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from clinometer.graph import Node
from clinometer.operations.value import Operations

__all__ = ["PRODUCTS", "Rule", "Shape"]

Shape: TypeAlias = tuple[int, ...]
Rule: TypeAlias = Callable[[Node, Sequence[Shape]], Operations]


def _dot(node: Node, shapes: Sequence[Shape]) -> Operations:
    """m n k for an (m, k) by (k, n) product, with m n (k - 1) additions."""
    contracted: tuple[int, ...] = node.parameters["contract"][0]
    summed = math.prod(shapes[0][k] for k in contracted)
    results = math.prod(node.shapes[0])
    return _product(results * summed, results)


def _conv(node: Node, shapes: Sequence[Shape]) -> Operations:
    """One product for each result, channel and entry of the window it meets."""
    results, kernel = node.shapes[0], shapes[1]
    met = _meetings(shapes[0][2:], kernel[2:], results[2:], parameters=node.parameters)
    products = math.prod(results[:2]) * kernel[1] * met
    return _product(products, math.prod(results))


def _conv_transposed(node: Node, shapes: Sequence[Shape]) -> Operations:
    """The products of the convolution from its result to its operand; then the bias."""
    operand, kernel, result = shapes[0], shapes[1], node.shapes[0]
    met = _meetings(result[2:], kernel[2:], operand[2:], parameters=node.parameters)
    products = math.prod(operand[:2]) * kernel[1] * met
    bias = Operations(additions=math.prod(result) if len(shapes) > 2 else 0)
    return _product(products, math.prod(result)) + bias


def _conv_backward(node: Node, shapes: Sequence[Shape]) -> Operations:
    """Gradients with respect to operand, kernel and bias, as far as they are wanted.

    The first two take the products of the convolution itself, each of them once more:
    every triple of entries (operand, kernel, result) that met then meets again.
    """
    result, operand, kernel = shapes[:3]
    near, far = (result, operand)
    if node.parameters["transposed"]:
        near, far = far, near
    met = _meetings(far[2:], kernel[2:], near[2:], parameters=node.parameters)
    products = math.prod(near[:2]) * kernel[1] * met
    operand_wanted, kernel_wanted, bias_wanted = node.parameters["wanted"]
    total = Operations()
    if operand_wanted:
        total += _product(products, math.prod(operand))
    if kernel_wanted:
        total += _product(products, math.prod(kernel))
    if bias_wanted:
        total += Operations(additions=math.prod(result) - result[1])
    return total


def _product(products: int, results: int) -> Operations:
    """So many products, added up to so many results."""
    return Operations(
        multiplications=products,
        additions=max(products - results, 0),
        matmuls=1,
        matmul_multiplications=products,
    )


def _meetings(
    operand: Shape, window: Shape, results: Shape, *, parameters: Mapping[str, Any]
) -> int:
    """How many pairs of a result's place and a window's entry meet an entry.

    operand, window, results : sizes along the axes of space; axes are independent.
    Where a window reaches into the padding, or between the entries of a stretched
    operand, nothing is multiplied.
    """
    total = 1
    for axis, (size, width, count) in enumerate(
        zip(operand, window, results, strict=True)
    ):
        apart = parameters["input_dilation"][axis]
        first = parameters["strides"][axis] * np.arange(count)
        first -= parameters["padding"][axis][0]
        met = 0
        for k in range(width):
            at = first + k * parameters["dilation"][axis]
            inside = (at >= 0) & (at <= (size - 1) * apart) & (at % apart == 0)
            met += int(np.count_nonzero(inside))
        total *= met
    return total


PRODUCTS: Mapping[str, Rule] = {
    "dot": _dot,
    "conv": _conv,
    "convolution": _conv_transposed,
    "convolution_backward": _conv_backward,
}
