"""How often JAX's loops and branches ran: a jaxpr run once, with counters."""

# JAX's compiled half (jaxlib) has no types: what comes out of it is unknown to pyright.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false
# pyright: reportUnknownParameterType=false

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

__all__ = ["called", "passes"]

Path: TypeAlias = tuple[int | str, ...]
Counts: TypeAlias = dict[Path, Any]

CALLS = (
    *("jit", "pjit", "closed_call", "core_call", "core_closed_call"),
    *("remat", "remat2", "checkpoint"),
    *("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr"),
)
"""Primitives that run the jaxpr among their parameters once, on their operands."""


def called(equation: Any) -> tuple[Any, Sequence[int]] | None:
    """The jaxpr that a call enters, closed, and which operands it gets.

    None where the operation is no call.
    """
    name, parameters = equation.primitive.name, equation.params
    every = range(len(equation.invars))
    if name == "custom_linear_solve":
        lengths = parameters["const_lengths"]
        start = lengths.matvec + lengths.vecmat
        right = start + lengths.solve + lengths.transpose_solve
        own = [*every[start : start + lengths.solve], *every[right:]]
        return parameters["jaxprs"].solve, own
    if name not in CALLS:
        return None
    for key in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
        inner = parameters.get(key)
        if isinstance(inner, core.ClosedJaxpr):
            return inner, every
        if isinstance(inner, core.Jaxpr):
            return core.ClosedJaxpr(inner, ()), every
    return None


def passes(
    jaxpr: Any, consts: Sequence[Any], leaves: Sequence[Any]
) -> dict[Path, tuple[int, ...]]:
    """How often each while loop and each branch of a choice ran, by its place.

    Of a while: how often it was entered, and its passes; of a choice: how often each
    branch was taken. Empty, and nothing is run, where the jaxpr has neither.
    """
    closed = core.ClosedJaxpr(jaxpr, consts)
    if not list(_places(closed, ())):
        return {}
    _, counts = _run(closed, list(leaves), ())
    return {
        place: tuple(int(k) for k in np.asarray(count))
        for place, count in counts.items()
    }


def _places(closed: Any, at: Path) -> Iterator[tuple[Path, int]]:
    """The place of each while and choice, with how many counters it has."""
    for k, equation in enumerate(closed.jaxpr.eqns):
        here, parameters = (*at, k), equation.params
        name = equation.primitive.name
        if name == "while":
            yield here, 2
            yield from _places(parameters["body_jaxpr"], (*here, "body"))
        elif name == "cond":
            yield here, len(parameters["branches"])
            for j, branch in enumerate(parameters["branches"]):
                yield from _places(branch, (*here, "branches", j))
        elif name == "scan":
            yield from _places(parameters["jaxpr"], (*here, "body"))
        elif (call := called(equation)) is not None:
            yield from _places(call[0], here)


def _none(closed: Any, at: Path) -> Counts:
    """Counters of a jaxpr that has not run."""
    return {place: jnp.zeros(size, jnp.int32) for place, size in _places(closed, at)}


def _run(closed: Any, operands: Sequence[Any], at: Path) -> tuple[list[Any], Counts]:
    """What a jaxpr returns, and the counters of all that it holds."""
    jaxpr, counts = closed.jaxpr, Counts()
    known: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    known.update(zip(jaxpr.invars, operands, strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else known[atom]

    for k, equation in enumerate(jaxpr.eqns):
        given = [read(atom) for atom in equation.invars]
        out, inner = _equation(equation, given, (*at, k))
        counts.update(inner)
        known.update(zip(equation.outvars, out, strict=True))
    return [read(atom) for atom in jaxpr.outvars], counts


def _equation(
    equation: Any, given: list[Any], at: Path
) -> tuple[Sequence[Any], Counts]:
    name, parameters = equation.primitive.name, equation.params
    if name == "while":
        return _while(parameters, given, at)
    if name == "cond":
        return _cond(parameters["branches"], given, at)
    if name == "scan" and list(_places(parameters["jaxpr"], at)):
        return _scan(parameters, given, at)
    if (call := called(equation)) is not None:
        return _run(call[0], [given[k] for k in call[1]], at)
    out = equation.primitive.bind(
        *given, **equation.primitive.get_bind_params(parameters)
    )
    return (out if equation.primitive.multiple_results else [out]), {}


def _while(parameters: Any, given: list[Any], at: Path) -> tuple[list[Any], Counts]:
    going, body = parameters["cond_jaxpr"], parameters["body_jaxpr"]
    first = parameters["cond_nconsts"]
    second = first + parameters["body_nconsts"]
    inside = (*at, "body")

    def again(state: Any) -> Any:
        return core.jaxpr_as_fun(going)(*given[:first], *state[0])[0]

    def once(state: Any) -> Any:
        carry, trips, counts = state
        out, more = _run(body, [*given[first:second], *carry], inside)
        return out, trips + 1, {place: counts[place] + more[place] for place in counts}

    start = (given[second:], jnp.int32(0), _none(body, inside))
    carry, trips, counts = jax.lax.while_loop(again, once, start)
    return carry, {at: jnp.stack([jnp.int32(1), trips]), **counts}


def _cond(branches: Any, given: list[Any], at: Path) -> tuple[list[Any], Counts]:
    every = Counts()
    for j, branch in enumerate(branches):
        every.update(_none(branch, (*at, "branches", j)))

    def taking(j: int) -> Any:
        def run(*operands: Any) -> Any:
            out, counts = _run(branches[j], operands, (*at, "branches", j))
            return out, {**every, **counts}

        return run

    which = jnp.clip(jnp.asarray(given[0], jnp.int32), 0, len(branches) - 1)
    out, counts = jax.lax.switch(
        which, [taking(j) for j in range(len(branches))], *given[1:]
    )
    taken = (jnp.arange(len(branches)) == which).astype(jnp.int32)
    return out, {at: taken, **counts}


def _scan(parameters: Any, given: list[Any], at: Path) -> tuple[list[Any], Counts]:
    body = parameters["jaxpr"]
    fixed = parameters["num_consts"]
    carries = fixed + parameters["num_carry"]

    def once(carry: Any, row: Any) -> Any:
        out, counts = _run(body, [*given[:fixed], *carry, *row], (*at, "body"))
        split = carries - fixed
        return out[:split], (out[split:], counts)

    carry, (rows, counts) = jax.lax.scan(
        once,
        given[fixed:carries],
        given[carries:],
        length=parameters["length"],
        reverse=parameters["reverse"],
    )
    return [*carry, *rows], {place: each.sum(0) for place, each in counts.items()}
