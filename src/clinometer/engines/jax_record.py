"""Every custom_vjp and custom_jvp that a JAX function meets, with its real inputs.

The function is traced once; its equations are then evaluated one by one, going into
jit, checkpoint, cond (the branch taken), while (its first round) and scan (the first, a
middle and the last round).
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, final

import jax
import jax.numpy as jnp
from jax.extend import core

__all__ = ["RULES", "Met", "Walk", "only"]

Equation: TypeAlias = Any
Jaxpr: TypeAlias = Any

RULES = {"custom_vjp_call", "custom_vjp_call_jaxpr", "custom_jvp_call"}
"""Names of JAX's primitives that carry a rule of the user's."""

INLINED = {"jit", "pjit", "closed_call", "core_call", "remat", "remat2", "checkpoint"}
"""Those that only call what is inside them."""

OWN = Path(jax.__file__).parent
"""The folder of JAX, whose own rules are left out."""


@final
@dataclass(frozen=True, eq=False)
class Met:
    """One use of a rule.

    jaxpr, equation : where it stands.
    inputs : its real inputs, constants among them.
    moving : which of them depend on what is differentiated by, and are real.
    path : the calls and loops around it, such as "step/scan[0]".
    """

    jaxpr: Jaxpr
    equation: Equation
    inputs: tuple[Any, ...]
    moving: tuple[bool, ...]
    path: str


@final
@dataclass(frozen=True, eq=False)
class _Value:
    """A value on the way, and whether it depends on what is differentiated by."""

    value: Any
    moves: bool


@final
class Walk:
    """Evaluates f at the leaves, equation by equation; `met` is what came along.

    everything : whether the rules of JAX itself count, too.
    skipped : names of primitives with rules inside that were not looked into.
    """

    def __init__(
        self,
        f: Callable[[list[Any]], Any],
        leaves: Sequence[Any],
        *,
        everything: bool = False,
    ) -> None:
        self.met: list[Met] = []
        self.skipped: set[str] = set()
        self._everything = everything
        closed = jax.make_jaxpr(f)(list(leaves))
        values = [_Value(leaf, _is_real(leaf)) for leaf in leaves]
        self._closed(closed, values, "")

    def _closed(self, closed: Any, values: list[_Value], path: str) -> list[_Value]:
        """Values of a closed jaxpr."""
        jaxpr = closed.jaxpr
        consts = [_Value(const, moves=False) for const in closed.consts]
        known = dict(zip(jaxpr.constvars, consts, strict=True))
        known.update(zip(jaxpr.invars, values, strict=True))

        def read(atom: Any) -> _Value:
            literal = isinstance(atom, core.Literal)
            return _Value(atom.val, moves=False) if literal else known[atom]

        for equation in jaxpr.eqns:
            inputs = [read(atom) for atom in equation.invars]
            outputs = self._equation(jaxpr, equation, inputs, path=path)
            known.update(zip(equation.outvars, outputs, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def _equation(
        self, jaxpr: Jaxpr, equation: Equation, inputs: list[_Value], *, path: str
    ) -> list[_Value]:
        """Values of one equation; rules on the way are recorded."""
        name, params = equation.primitive.name, equation.params
        if name in RULES:
            self._record(jaxpr, equation, inputs, path=path)
        elif name in INLINED:
            inner = params.get("jaxpr", params.get("call_jaxpr"))
            return self._closed(_as_closed(inner), inputs, _inside(path, params))
        elif name == "cond":
            taken = params["branches"][int(inputs[0].value)]
            return self._closed(taken, inputs[1:], f"{path}/cond".strip("/"))
        elif any(_has_rule(inner) for inner in _jaxprs_in(params)):
            if name == "scan":
                self._scan(params, inputs, path)
            elif name == "while":
                self._while(params, inputs, path)
            else:
                self.skipped.add(name)
        values = only(jaxpr, equation)(*(given.value for given in inputs))
        moves = any(given.moves for given in inputs) and name != "stop_gradient"
        return [_Value(value, moves and _is_real(value)) for value in values]

    def _record(
        self, jaxpr: Jaxpr, equation: Equation, inputs: list[_Value], *, path: str
    ) -> None:
        file = rule_place(equation)[1]
        if not self._everything and OWN in Path(file).parents:
            return
        consts = equation.params.get("num_consts", 0)
        moving = [
            given.moves and k >= consts and _is_real(given.value)
            for k, given in enumerate(inputs)
        ]
        if any(moving):
            values = tuple(given.value for given in inputs)
            self.met.append(Met(jaxpr, equation, values, tuple(moving), path))

    def _scan(self, params: Any, inputs: list[_Value], path: str) -> None:
        """Walk through the first, a middle and the last round of a scan."""
        consts, carried = params["num_consts"], params["num_carry"]
        fixed, carry = inputs[:consts], inputs[consts : consts + carried]
        rows = inputs[consts + carried :]
        if any(given.moves for given in inputs):
            carry = [_Value(x.value, _is_real(x.value)) for x in carry]
        body = jax.jit(core.jaxpr_as_fun(params["jaxpr"]))
        length = params["length"]
        for turn in range(length):
            k = length - 1 - turn if params["reverse"] else turn
            here = [_Value(row.value[k], row.moves) for row in rows]
            values = [*fixed, *carry, *here]
            if turn in {0, length // 2, length - 1}:
                self._closed(params["jaxpr"], values, f"{path}/scan[{k}]".strip("/"))
            out = body(*(given.value for given in values))[:carried]
            carry = [_Value(x, old.moves) for x, old in zip(out, carry, strict=True)]

    def _while(self, params: Any, inputs: list[_Value], path: str) -> None:
        """Walk through the first round of a while loop, if there is one."""
        tests, consts = params["cond_nconsts"], params["body_nconsts"]
        carry = inputs[tests + consts :]
        test = core.jaxpr_as_fun(params["cond_jaxpr"])
        asked = [*inputs[:tests], *carry]
        if bool(test(*(given.value for given in asked))[0]):
            values = [*inputs[tests : tests + consts], *carry]
            self._closed(params["body_jaxpr"], values, f"{path}/while".strip("/"))


def only(jaxpr: Jaxpr, equation: Equation) -> Callable[..., list[Any]]:
    """One equation as a function of its inputs, literals among them."""
    variables = [atom for atom in equation.invars if not isinstance(atom, core.Literal)]
    unique = list(dict.fromkeys(variables))
    alone = core.Jaxpr(
        (),
        unique,
        list(equation.outvars),
        [equation],
        equation.effects,
        debug_info=jaxpr.debug_info._replace(arg_names=None, result_paths=None),
    )
    function = core.jaxpr_as_fun(core.ClosedJaxpr(alone, ()))

    def call(*inputs: Any) -> list[Any]:
        pairs = zip(equation.invars, inputs, strict=True)
        given = {at: x for at, x in pairs if not isinstance(at, core.Literal)}
        return function(*(given[variable] for variable in unique))

    return call


def rule_place(equation: Equation) -> tuple[str, str, int]:
    """Name, file and line of the function that is the rule."""
    params = equation.params
    rule = params.get("bwd", params.get("jvp_jaxpr_fun"))
    said = getattr(getattr(rule, "debug_info", None), "func_src_info", None) or ""
    name, _, where = str(said).rpartition(" at ")
    file, _, line = where.rpartition(":")
    return name, file, int(line) if line.isdigit() else 0


def name_of(equation: Equation) -> str:
    """Name of the function that carries the rule."""
    info = getattr(equation.params["call_jaxpr"].jaxpr, "debug_info", None)
    said = str(getattr(info, "func_src_info", None) or "")
    return said.partition(" at ")[0] or equation.primitive.name


def _inside(path: str, params: Any) -> str:
    name = params.get("name", "")
    return f"{path}/{name}".strip("/") if name else path


def _as_closed(jaxpr: Any) -> Any:
    return jaxpr if hasattr(jaxpr, "consts") else core.ClosedJaxpr(jaxpr, ())


def _jaxprs_in(params: Any) -> list[Any]:
    """All jaxprs among an equation's parameters."""
    found: list[Any] = []
    for value in params.values():
        for part in value if isinstance(value, tuple | list) else (value,):
            if isinstance(part, core.ClosedJaxpr):
                found.append(part.jaxpr)
            elif isinstance(part, core.Jaxpr):
                found.append(part)
    return found


def _has_rule(jaxpr: Jaxpr) -> bool:
    return any(
        equation.primitive.name in RULES
        or any(_has_rule(inner) for inner in _jaxprs_in(equation.params))
        for equation in jaxpr.eqns
    )


def _is_real(value: Any) -> bool:
    dtype = jnp.result_type(value)
    return bool(jnp.issubdtype(dtype, jnp.floating)) and math.prod(jnp.shape(value)) > 0
