"""JAX's convolutions, whatever the order of their axes, as plain ones."""

# JAX's compiled half (jaxlib) has no types: what comes out of it is unknown to pyright.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false
# pyright: reportUnknownParameterType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from clinometer.engines.laying import Laying
from clinometer.graph import Kind, Operand

__all__ = ["lay_conv"]


def lay_conv(laying: Laying, equation: Any, operands: Sequence[Operand]) -> Operand:
    """A convolution: axes of both operands brought in order, and those of the result.

    One whose batch is split in groups, as in the gradient of a grouped convolution with
    respect to the kernel, is known to the graph by its value only.
    """
    parameters, aval = equation.params, equation.outvars[0].aval
    spec, dtype = parameters["dimension_numbers"], str(aval.dtype)
    x = _ordered(laying, operands[0], spec.lhs_spec, dtype=dtype)
    kernel = _ordered(laying, operands[1], spec.rhs_spec, dtype=dtype)
    terms: dict[str, Any] = {
        "strides": tuple(parameters["window_strides"]),
        "padding": tuple((low, high) for low, high in parameters["padding"]),
        "dilation": tuple(parameters["rhs_dilation"]),
        "input_dilation": tuple(parameters["lhs_dilation"]),
        "groups": parameters["feature_group_count"],
    }
    batches = parameters["batch_group_count"]

    def run(x: Any, kernel: Any) -> Any:
        return jax.lax.conv_general_dilated(
            x,
            kernel,
            terms["strides"],
            terms["padding"],
            lhs_dilation=terms["input_dilation"],
            rhs_dilation=terms["dilation"],
            feature_group_count=terms["groups"],
            batch_group_count=batches,
            precision=parameters["precision"],
            preferred_element_type=parameters["preferred_element_type"],
        )

    out = laying.single(
        Kind.CONV if batches == 1 else Kind.OTHER,
        [x, kernel],
        run,
        shape=[aval.shape[k] for k in spec.out_spec],
        dtype=dtype,
        name="conv",
        **terms,
    )
    back = tuple(int(k) for k in np.argsort(spec.out_spec))
    return _ordered(laying, out, back, dtype=dtype)


def _ordered(
    laying: Laying, operand: Operand, order: Sequence[int], *, dtype: str
) -> Operand:
    """An operand's axes in another order."""
    order = tuple(order)
    if order == tuple(range(len(order))):
        return operand
    shape = laying.shape(operand)
    return laying.single(
        Kind.TRANSPOSE,
        [operand],
        lambda x: jnp.transpose(x, order),
        shape=[shape[k] for k in order],
        dtype=dtype,
        permutation=order,
    )
