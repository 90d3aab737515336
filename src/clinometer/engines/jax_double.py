"""A JAX function's equations evaluated again in float64, where they allow it."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from clinometer.engines.jax_record import INLINED, RULES

__all__ = ["double_precision", "doubled", "evaluate"]

NARROW = ("float32", "float16", "bfloat16")


def double_precision() -> AbstractContextManager[Any]:
    """Within it, JAX knows float64."""
    library: Any = jax  # its types know only one of the two names
    if "enable_x64" in vars(library):
        return library.enable_x64(True)
    from jax import experimental

    older: Any = experimental
    return older.enable_x64()


def doubled(value: Any) -> Any:
    """A floating value in float64, anything else as it is; within double precision."""
    name = str(jnp.result_type(value))
    return jnp.asarray(value, "float64") if name in NARROW else value


def evaluate(closed: Any, inputs: list[Any]) -> list[Any]:
    """Values of a closed jaxpr, all that is floating in float64.

    Raises what a primitive raises that insists on its dtype, as a traced loop does.
    """
    jaxpr = closed.jaxpr
    known: dict[Any, Any] = {}
    for variable, value in zip(jaxpr.constvars, closed.consts, strict=True):
        known[variable] = doubled(value)
    known.update(zip(jaxpr.invars, map(doubled, inputs), strict=True))

    def read(atom: Any) -> Any:
        return doubled(atom.val) if isinstance(atom, core.Literal) else known[atom]

    for equation in jaxpr.eqns:
        values = [read(atom) for atom in equation.invars]
        name = equation.primitive.name
        params = {key: _widened(part) for key, part in equation.params.items()}
        if name in INLINED or name in RULES:
            inner: Any = params.get("jaxpr", params.get("call_jaxpr"))
            closed = inner if hasattr(inner, "consts") else core.ClosedJaxpr(inner, ())
            outputs = evaluate(closed, values)
        else:
            outputs = equation.primitive.bind(*values, **params)
            if not equation.primitive.multiple_results:
                outputs = [outputs]
        known.update(zip(equation.outvars, outputs, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _widened(param: Any) -> Any:
    """A parameter that is a narrow floating dtype as float64."""
    if isinstance(param, np.dtype | type) and str(np.dtype(param)) in NARROW:
        return np.dtype(np.float64)
    return param
