"""JAX's jaxprs as graphs of operations.

Calls (jit, custom rules, checkpoints) are entered, so that only plain operations are
left; loops and branches are kept as such, or unrolled for who has to rerun parts.
"""

# JAX's compiled half (jaxlib) has no types: what comes out of it is unknown to pyright.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false
# pyright: reportUnknownParameterType=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

import jax
import numpy as np
from jax.extend import core

from clinometer.engines.jax_kinds import kind_of
from clinometer.graph import Constant, Graph, Kind, Node, Operand, Slot

__all__ = ["graph_of"]

LOOPS = ("scan", "while")


def graph_of(
    f: Callable[[list[Any]], Any], leaves: Sequence[Any], *, unroll: bool = False
) -> Graph:
    """The graph of f at the leaves, as traced by jax.make_jaxpr.

    f : function of the list of leaves.
    unroll : whether the passes of a scan are laid out one after the other.
    What f raises when traced comes through unchanged.
    """
    closed = jax.make_jaxpr(lambda *leaves: f(list(leaves)))(*leaves)
    return _graph(closed.jaxpr, closed.consts, unroll=unroll)


def _graph(jaxpr: Any, consts: Sequence[Any], *, unroll: bool) -> Graph:
    builder = _Builder(unroll=unroll)
    inputs = tuple(builder.slot(var.aval) for var in jaxpr.invars)
    outputs = builder.enter(jaxpr, consts, inputs)
    return Graph(
        library="jax",
        inputs=inputs,
        nodes=tuple(builder.nodes),
        outputs=outputs,
        shapes=builder.shapes,
        dtypes=builder.dtypes,
    )


@final
class _Builder:
    """Nodes and slots as they come."""

    def __init__(self, *, unroll: bool) -> None:
        self.unroll = unroll
        self.nodes: list[Node] = []
        self.shapes: list[tuple[int, ...]] = []
        self.dtypes: list[str] = []

    def slot(self, aval: Any) -> Slot:
        """A new slot for a value of that shape and dtype."""
        self.shapes.append(tuple(aval.shape))
        self.dtypes.append(str(aval.dtype))
        return Slot(len(self.shapes) - 1)

    def enter(
        self, jaxpr: Any, consts: Sequence[Any], operands: Sequence[Operand]
    ) -> tuple[Operand, ...]:
        """Lay out a jaxpr's operations for some operands; what it returns."""
        known: dict[Any, Operand] = {
            var: Constant(value, tuple(np.shape(value)))
            for var, value in zip(jaxpr.constvars, consts, strict=True)
        }
        known.update(zip(jaxpr.invars, operands, strict=True))

        def read(atom: Any) -> Operand:
            if isinstance(atom, core.Literal):
                return Constant(atom.val, tuple(np.shape(atom.val)))
            return known[atom]

        for equation in jaxpr.eqns:
            given = [read(atom) for atom in equation.invars]
            known.update(zip(equation.outvars, self._add(equation, given), strict=True))
        return tuple(read(atom) for atom in jaxpr.outvars)

    def _add(self, equation: Any, operands: list[Operand]) -> Sequence[Operand]:
        """What an equation's outputs are, once its nodes are laid out."""
        name, parameters = equation.primitive.name, equation.params
        if name == "scan" and self.unroll:
            return self._passes(parameters, operands)
        called = None if name in LOOPS else _called(parameters)
        if called is not None:
            return self.enter(called.jaxpr, called.consts, operands)
        return self._node(equation, operands)

    def _node(self, equation: Any, operands: list[Operand]) -> Sequence[Operand]:
        outputs = tuple(self.slot(var.aval) for var in equation.outvars)
        name, parameters = equation.primitive.name, equation.params
        shapes = [
            self.shapes[each.number] if isinstance(each, Slot) else each.shape
            for each in operands
        ]
        kind, own, ordered, terms = kind_of(
            name,
            parameters,
            shapes,
            [tuple(var.aval.shape) for var in equation.outvars],
        )
        node = Node(
            kind=kind,
            name=own,
            operands=tuple(operands[k] for k in ordered),
            outputs=outputs,
            shapes=tuple(self.shapes[slot.number] for slot in outputs),
            dtypes=tuple(self.dtypes[slot.number] for slot in outputs),
            run=_run(equation, ordered),
            parameters=terms,
            **self._inner(equation),
        )
        self.nodes.append(node)
        return outputs

    def _inner(self, equation: Any) -> dict[str, Any]:
        """Body and passes of a loop, or the branches of a choice."""
        name, parameters = equation.primitive.name, equation.params
        if name == "scan":
            body = parameters["jaxpr"]
            return {
                "body": _graph(body.jaxpr, body.consts, unroll=False),
                "repeats": parameters["length"],
            }
        if name == "while":
            body = parameters["body_jaxpr"]
            return {
                "body": _graph(body.jaxpr, body.consts, unroll=False),
                "repeats": None,
            }
        if name == "cond":
            return {
                "branches": tuple(
                    _graph(each.jaxpr, each.consts, unroll=self.unroll)
                    for each in parameters["branches"]
                )
            }
        return {}

    def _passes(
        self, parameters: Any, operands: Sequence[Operand]
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
            out = self.enter(body.jaxpr, body.consts, [*fixed, *carry, *at_k])
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
        shape, dtype = self.shapes[operand.number], self.dtypes[operand.number]
        rest = shape[1:]
        cut = self._plain(
            Kind.SLICE,
            "slice",
            [operand],
            (1, *rest),
            dtype,
            lambda x: x[k : k + 1],
            starts=(k, *(0 for _ in rest)),
            stops=(k + 1, *rest),
            strides=(1,) * len(shape),
        )
        return self._plain(
            Kind.RESHAPE, "reshape", [cut], rest, dtype, lambda x: x.reshape(rest)
        )

    def _stacked(self, rows: list[Operand], aval: Any) -> Operand:
        """Rows as one array."""
        shape, dtype = tuple(aval.shape), str(aval.dtype)
        if not rows:
            return Constant(np.zeros((0, *shape), dtype), (0, *shape))
        high = [
            self._plain(
                Kind.RESHAPE,
                "reshape",
                [row],
                (1, *shape),
                dtype,
                lambda x: x.reshape((1, *shape)),
            )
            for row in rows
        ]
        return self._plain(
            Kind.CONCATENATE,
            "concatenate",
            high,
            (len(rows), *shape),
            dtype,
            lambda *parts: jax.numpy.concatenate(parts, 0),
            axis=0,
        )

    def _plain(  # noqa: PLR0917 - a node has that many parts
        self,
        kind: Kind,
        name: str,
        operands: Sequence[Operand],
        shape: tuple[int, ...],
        dtype: str,
        run: Callable[..., Any],
        **parameters: Any,
    ) -> Slot:
        """A node that JAX did not trace."""
        self.shapes.append(shape)
        self.dtypes.append(dtype)
        slot = Slot(len(self.shapes) - 1)
        self.nodes.append(
            Node(
                kind=kind,
                name=name,
                operands=tuple(operands),
                outputs=(slot,),
                shapes=(shape,),
                dtypes=(dtype,),
                run=lambda *arrays: (run(*arrays),),
                parameters=parameters,
            )
        )
        return slot


def _called(parameters: Any) -> Any:
    """The jaxpr that a call enters, closed; None where the operation is no call."""
    for key in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
        inner = parameters.get(key)
        if isinstance(inner, core.ClosedJaxpr):
            return inner
        if isinstance(inner, core.Jaxpr):
            return core.ClosedJaxpr(inner, ())
    return None


def _run(equation: Any, ordered: Sequence[int]) -> Callable[..., tuple[Any, ...]]:
    """The equation's own primitive; operands come in the node's order."""
    place = {k: at for at, k in enumerate(ordered)}

    def run(*arrays: Any) -> tuple[Any, ...]:
        given = [arrays[place[k]] for k in range(len(equation.invars))]
        terms = equation.primitive.get_bind_params(equation.params)
        out = equation.primitive.bind(*given, **terms)
        return tuple(out) if equation.primitive.multiple_results else (out,)

    return run
