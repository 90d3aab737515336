"""JAX's jaxprs as graphs of operations.

Calls (jit, custom rules, checkpoints) are entered, so that only plain operations are
left; loops and branches are kept as such, or unrolled for who has to rerun parts.
"""

# JAX's compiled half (jaxlib) has no types: what comes out of it is unknown to pyright.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false
# pyright: reportUnknownParameterType=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias, final

import jax
import numpy as np
from jax.extend import core
from jax.interpreters import partial_eval

from clinometer.engines.jax_conv import lay_conv
from clinometer.engines.jax_kinds import kind_of
from clinometer.engines.jax_passes import called, passes
from clinometer.engines.laying import Laying
from clinometer.graph import Constant, Graph, Kind, Operand, Slot

__all__ = ["graph_of"]

Path: TypeAlias = tuple[int | str, ...]


def graph_of(
    f: Callable[[list[Any]], Any], leaves: Sequence[Any], *, unroll: bool = False
) -> Graph:
    """The graph of f at the leaves, as traced by jax.make_jaxpr.

    f : function of the list of leaves, returning an array or a list of them.
    unroll : whether the passes of a scan are laid out one after the other.
    Passes of while loops and branches taken are those at the leaves: f is run once
    where it has any. What is computed and not used is left out, as a compiler would.
    What f raises when traced comes through unchanged.
    """
    closed = jax.make_jaxpr(lambda *leaves: f(list(leaves)))(*leaves)
    wanted = [True] * len(closed.jaxpr.outvars)
    jaxpr, _ = partial_eval.dce_jaxpr(closed.jaxpr, wanted, instantiate=True)
    counted = passes(jaxpr, closed.consts, leaves)
    return _graph(core.ClosedJaxpr(jaxpr, closed.consts), _Plan(unroll, counted))


@final
@dataclass(frozen=True, eq=False)
class _Plan:
    """How a jaxpr is laid out.

    unroll : whether the passes of scans are.
    counted : how often loops and branches ran, by their place.
    at : the place of what is laid out now.
    """

    unroll: bool
    counted: Mapping[Path, tuple[int, ...]]
    at: Path = ()

    def inside(self, *steps: int | str) -> _Plan:
        """The plan for what stands there."""
        return _Plan(self.unroll, self.counted, (*self.at, *steps))


def _graph(closed: Any, plan: _Plan) -> Graph:
    builder = _Builder()
    inputs = [builder.slot(var.aval) for var in closed.jaxpr.invars]
    outputs = builder.enter(closed, inputs, plan)
    return builder.laying.graph("jax", inputs, outputs)


@final
class _Builder:
    """A jaxpr laid out."""

    def __init__(self) -> None:
        self.laying = Laying()

    def slot(self, aval: Any) -> Slot:
        """A new slot for a value of that shape and dtype."""
        return self.laying.slot(aval.shape, str(aval.dtype))

    def enter(
        self, closed: Any, operands: Sequence[Operand], plan: _Plan
    ) -> tuple[Operand, ...]:
        """Lay out a jaxpr's operations for some operands; what it returns."""
        jaxpr = closed.jaxpr
        known: dict[Any, Operand] = {
            var: Constant(value, tuple(np.shape(value)))
            for var, value in zip(jaxpr.constvars, closed.consts, strict=True)
        }
        known.update(zip(jaxpr.invars, operands, strict=True))

        def read(atom: Any) -> Operand:
            if isinstance(atom, core.Literal):
                return Constant(atom.val, tuple(np.shape(atom.val)))
            return known[atom]

        for k, equation in enumerate(jaxpr.eqns):
            given = [read(atom) for atom in equation.invars]
            out = self._add(equation, given, plan.inside(k))
            known.update(zip(equation.outvars, out, strict=True))
        return tuple(read(atom) for atom in jaxpr.outvars)

    def _add(
        self, equation: Any, operands: list[Operand], plan: _Plan
    ) -> Sequence[Operand]:
        """What an equation's outputs are, once its nodes are laid out."""
        if equation.primitive.name == "scan" and plan.unroll:
            return self._passes(equation.params, operands, plan.inside("body"))
        if equation.primitive.name == "conv_general_dilated":
            return [lay_conv(self.laying, equation, operands)]
        call = called(equation)
        if call is not None:
            inner, which = call
            return self.enter(inner, [operands[k] for k in which], plan)
        return self._node(equation, operands, plan)

    def _node(
        self, equation: Any, operands: list[Operand], plan: _Plan
    ) -> Sequence[Operand]:
        outputs = [self.slot(var.aval) for var in equation.outvars]
        kind, own, ordered, terms = kind_of(
            equation.primitive.name,
            equation.params,
            shapes=[self.laying.shape(each) for each in operands],
            outputs=[tuple(var.aval.shape) for var in equation.outvars],
        )
        given = [operands[k] for k in ordered]
        if kind in {Kind.MAP, Kind.SELECT}:
            given = [self._stretched(each, equation.outvars[0].aval) for each in given]
        self.laying.node(
            kind,
            own,
            given,
            outputs=outputs,
            run=_run(equation, ordered),
            parameters=dict(terms),
            **_inner(equation, plan),
        )
        return outputs

    def _stretched(self, operand: Operand, aval: Any) -> Operand:
        """An operand with axes of size 1 as large as the result; of shape () it stays.

        JAX's elementwise primitives stretch such axes on their own.
        """
        own, shape = self.laying.shape(operand), tuple(aval.shape)
        if own in ((), shape):
            return operand
        dtype = str(aval.dtype)
        if isinstance(operand, Slot):
            dtype = self.laying.dtypes[operand.number]
        return self.laying.single(
            Kind.BROADCAST,
            [operand],
            lambda x: jax.numpy.broadcast_to(x, shape),
            shape=shape,
            dtype=dtype,
            axes=tuple(range(len(shape))),
        )

    def _passes(
        self, parameters: Any, operands: Sequence[Operand], plan: _Plan
    ) -> Sequence[Operand]:
        """The passes of a scan, one after the other."""
        body, length = parameters["jaxpr"], parameters["length"]
        consts, carries = parameters["num_consts"], parameters["num_carry"]
        fixed, carry = operands[:consts], operands[consts : consts + carries]
        rows = operands[consts + carries :]
        order = range(length)
        stacked: list[list[Operand]] = []
        for k in reversed(order) if parameters["reverse"] else order:
            at_k = [self._row(each, k) for each in rows]
            out = self.enter(body, [*fixed, *carry, *at_k], plan)
            carry = out[:carries]
            stacked.append(list(out[carries:]))
        if parameters["reverse"]:
            stacked.reverse()
        avals = [var.aval for var in body.jaxpr.outvars[carries:]]
        ends = [
            self._stacked([each[j] for each in stacked], aval)
            for j, aval in enumerate(avals)
        ]
        return [*carry, *ends]

    def _row(self, operand: Operand, k: int) -> Operand:
        """Row k of an array."""
        if isinstance(operand, Constant):
            row = operand.value[k]
            return Constant(row, tuple(np.shape(row)))
        shape = self.laying.shape(operand)
        dtype = self.laying.dtypes[operand.number]
        rest = shape[1:]
        cut = self.laying.single(
            Kind.SLICE,
            [operand],
            lambda x: x[k : k + 1],
            shape=(1, *rest),
            dtype=dtype,
            starts=(k, *(0 for _ in rest)),
            stops=(k + 1, *rest),
            strides=(1,) * len(shape),
        )
        return self.laying.single(
            Kind.RESHAPE, [cut], lambda x: x.reshape(rest), shape=rest, dtype=dtype
        )

    def _stacked(self, rows: list[Operand], aval: Any) -> Operand:
        """Rows as one array."""
        shape, dtype = tuple(aval.shape), str(aval.dtype)
        if not rows:
            return Constant(np.zeros((0, *shape), dtype), (0, *shape))
        high = (1, *shape)
        return self.laying.single(
            Kind.CONCATENATE,
            [
                self.laying.single(
                    Kind.RESHAPE,
                    [row],
                    lambda x: jax.numpy.reshape(x, high),
                    shape=high,
                    dtype=dtype,
                )
                for row in rows
            ],
            lambda *parts: jax.numpy.concatenate(parts, 0),
            shape=(len(rows), *shape),
            dtype=dtype,
            axis=0,
        )


def _inner(equation: Any, plan: _Plan) -> dict[str, Any]:
    """Body and passes of a loop, or the branches of a choice."""
    name, parameters = equation.primitive.name, equation.params

    def graph(closed: Any, *steps: int | str) -> Graph:
        return _graph(closed, plan.inside(*steps))

    if name == "scan":
        body = graph(parameters["jaxpr"], "body")
        return {"body": body, "repeats": parameters["length"]}
    if name == "while":
        entered, ran = plan.counted.get(plan.at, (0, 0))
        return {
            "body": graph(parameters["body_jaxpr"], "body"),
            "condition": graph(parameters["cond_jaxpr"], "condition"),
            "repeats": Fraction(ran, entered) if entered else None,
        }
    if name == "cond":
        ran = plan.counted.get(plan.at, ())
        return {
            "branches": tuple(
                graph(each, "branches", k)
                for k, each in enumerate(parameters["branches"])
            ),
            "taken": tuple(Fraction(k, sum(ran)) for k in ran) if any(ran) else (),
        }
    return {}


def _run(equation: Any, ordered: Sequence[int]) -> Callable[..., tuple[Any, ...]]:
    """The equation's own primitive; operands come in the node's order."""
    place = {k: at for at, k in enumerate(ordered)}

    def run(*arrays: Any) -> tuple[Any, ...]:
        given = [arrays[place[k]] for k in range(len(equation.invars))]
        terms = equation.primitive.get_bind_params(equation.params)
        out = equation.primitive.bind(*given, **terms)
        return tuple(out) if equation.primitive.multiple_results else (out,)

    return run
