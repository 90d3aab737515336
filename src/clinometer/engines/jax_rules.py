"""A custom_vjp or custom_jvp of JAX alone, at the inputs it met.

The claim is what the rule gives; what is measured is the function it belongs to, by its
own equations, in float64 where they allow it.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, final

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core
from numpy.typing import NDArray

from clinometer.arrays import from_float64, to_float64, unit_roundoff
from clinometer.engines.jax_double import double_precision, evaluate
from clinometer.engines.jax_record import Met, Walk, name_of, only, rule_place
from clinometer.engines.record import Alone, Rule, Screen, place

__all__ = ["JaxRule", "rules_of"]

Floats: TypeAlias = NDArray[np.float64]

DRAWS = 8
PLAIN = 0.3
"""Draws of one direction, and the share of the root-sum-square of its terms at which it
is kept, as in `clinometer.engines.torch_directions`."""


def rules_of(
    f: Callable[[list[Any]], Any], leaves: Sequence[Any], *, everything: bool
) -> tuple[list[Rule], list[str]]:
    """The rules that f meets at the leaves, and primitives not looked into."""
    walk = Walk(f, leaves, everything=everything)
    rules: list[Rule] = [JaxRule(met) for met in walk.met]
    return rules, sorted(walk.skipped)


@final
class JaxRule:
    """One use of a rule: see `clinometer.engines.record.Rule`."""

    def __init__(self, met: Met) -> None:
        self._met = met
        self._call = only(met.jaxpr, met.equation)
        self._inner = met.equation.params["call_jaxpr"]
        self._places = [k for k, moves in enumerate(met.moving) if moves]
        self.path = met.path
        self.name = name_of(met.equation)
        rule, file, line = rule_place(met.equation)
        self.source = place(file, line, rule) if file else None
        self.labels = tuple(f"input {k}" for k in self._places)
        self._leaves = [jnp.asarray(met.inputs[k]) for k in self._places]
        self.roundoff = max(unit_roundoff(leaf) for leaf in self._leaves)

    def screen(self, seed: int, *, each: bool, count: int) -> Screen | None:
        """Claims along random directions, and the function to measure."""
        claim = self._claim(seed)
        if claim is None:
            return None
        slopes, weights, fault = claim
        moves = self._directions(slopes, seed=seed, each=each, count=count)
        claims = [
            sum(float(np.sum(to_float64(slopes[k]) * way)) for k, way in move.items())
            for move in moves
        ]
        value, note = self._value(weights)
        points = [to_float64(leaf) for leaf in self._leaves]

        def f(t: Floats) -> float:
            here = [point.copy() for point in points]
            for move, step in zip(moves, t, strict=True):
                for k, way in move.items():
                    here[k] += float(step) * way
            return value(here)

        names = [self.labels[next(iter(move))] if each else "" for move in moves]
        coarsest = max(self._leaves, key=unit_roundoff)
        return Screen(
            f=f,
            claims=from_float64(np.asarray(claims), coarsest),
            labels=tuple(names),
            unused=(),
            note=note,
            fault=fault,
        )

    def alone(self, seed: int) -> Alone:
        """The question for a check: every input, in float64 where that is possible."""
        claim = self._claim(seed)
        assert claim is not None  # only what a screen has seen is asked for
        slopes, weights, _ = claim
        value, _ = self._value(weights)

        def f(x: dict[str, Floats]) -> float:
            return value([x[label] for label in self.labels])

        points = [to_float64(leaf) for leaf in self._leaves]
        return Alone(
            f=f,
            x=dict(zip(self.labels, points, strict=True)),
            gradient=dict(zip(self.labels, slopes, strict=True)),
        )

    def plain(self) -> tuple[Callable[[dict[str, Any]], Any], dict[str, Any]]:
        """The rule as a function of a dict, and its inputs."""

        def plain(x: dict[str, Any]) -> list[Any]:
            return self._call(*self._with([x[label] for label in self.labels]))

        return plain, dict(zip(self.labels, self._leaves, strict=True))

    def _with(self, moving: Sequence[Any]) -> list[Any]:
        """All inputs of the rule, those that move replaced."""
        inputs = list(self._met.inputs)
        for k, leaf in zip(self._places, moving, strict=True):
            inputs[k] = leaf
        return inputs

    def _claim(self, seed: int) -> tuple[list[Any], list[Floats], str] | None:
        """Slopes by leaf, the cotangent of every output, and what the rule raised."""

        def outputs(*moving: Any) -> list[Any]:
            out = self._call(*self._with(moving))
            return [x for x in out if jnp.issubdtype(jnp.result_type(x), jnp.floating)]

        random = np.random.default_rng(seed)
        shapes = jax.eval_shape(outputs, *self._leaves)
        if not shapes:
            return None
        weights = [
            to_float64(jnp.asarray(random.normal(size=x.shape), x.dtype))
            if x.size > 1
            else np.ones(x.shape)
            for x in shapes
        ]
        try:
            out, pull = jax.vjp(outputs, *self._leaves)
            cotangent = [
                from_float64(weight, x) for weight, x in zip(weights, out, strict=True)
            ]
            return list(pull(cotangent)), weights, ""
        except Exception as error:  # noqa: BLE001 - a user's rule may raise anything
            if self._forward_only:
                return self._by_columns(outputs, weights), weights, ""
            said = str(error).strip().partition("\n")[0][:100]
            zeros = [jnp.zeros_like(leaf) for leaf in self._leaves]
            return zeros, weights, f"the rule raised {type(error).__name__}: {said}"

    @property
    def _forward_only(self) -> bool:
        """Whether the rule may be one that reverse mode cannot transpose."""
        return self._met.equation.primitive.name == "custom_jvp_call"

    def _by_columns(
        self, outputs: Callable[..., list[Any]], weights: list[Floats]
    ) -> list[Any]:
        """Slopes by leaf in forward mode, one call an entry."""

        def weighed(*moving: Any) -> Any:
            pairs = zip(outputs(*moving), weights, strict=True)
            return sum(jnp.sum(x * from_float64(w, x)) for x, w in pairs)

        every = tuple(range(len(self._leaves)))
        return list(jax.jacfwd(weighed, every)(*self._leaves))

    def _value(
        self, weights: list[Floats]
    ) -> tuple[Callable[[list[Floats]], float], str]:
        """<u, function> at given leaves: in float64, or natively with a note why."""
        plain = jax.jit(core.jaxpr_as_fun(self._inner))

        @jax.jit
        def wide(inputs: list[Any]) -> list[Any]:
            return evaluate(self._inner, inputs)

        def weighed(out: list[Any]) -> float:
            real = [x for x in out if jnp.issubdtype(jnp.result_type(x), jnp.floating)]
            pairs = zip(weights, real, strict=True)
            return sum(float(np.sum(w * to_float64(x))) for w, x in pairs)

        def native(here: list[Floats]) -> float:
            leaves = [
                from_float64(p, x) for p, x in zip(here, self._leaves, strict=True)
            ]
            return weighed(plain(*self._with(leaves)))

        def double(here: list[Floats]) -> float:
            with double_precision():
                return weighed(wide(self._with(here)))

        if self.roundoff <= unit_roundoff(np.float64):
            return native, ""
        points = [to_float64(leaf) for leaf in self._leaves]
        size = sum(float(np.sum(np.abs(w))) for w in weights)
        try:
            there, here = double(points), native(points)
        except Exception as error:  # noqa: BLE001 - primitives may insist on a dtype
            return (
                native,
                f"measured in its own dtype: {type(error).__name__} in float64",
            )
        if abs(there - here) <= np.sqrt(self.roundoff) * max(abs(here), size):
            return double, ""
        return native, "measured in its own dtype: float64 gives another value"

    def _directions(
        self, slopes: list[Any], *, seed: int, each: bool, count: int
    ) -> list[dict[int, Floats]]:
        """Random directions, by the number of the leaf that they move."""
        every = range(len(self._leaves))
        groups = [[k] for k in every] if each else [[*every]]
        return [
            {
                k: _direction(
                    to_float64(self._leaves[k]), to_float64(slopes[k]), [seed, k, turn]
                )
                for k in group
            }
            for group in groups
            for turn in range(count)
        ]


def _direction(leaf: Floats, slope: Floats, seed: list[int]) -> Floats:
    """Random signs times sizes, along which the claim's terms do not cancel."""
    size = np.abs(leaf)
    largest = size.max()
    typical = largest * np.sqrt(np.mean(np.square(size / largest))) if largest else 1.0
    one_signed = bool((leaf > 0).all() or (leaf < 0).all())
    size = size if one_signed else np.maximum(size, typical)
    random = np.random.default_rng(seed)
    best, most = size, -1.0
    with np.errstate(invalid="ignore", over="ignore"):
        spread = float(np.sqrt(np.sum(np.square(slope * size))))
        for _ in range(DRAWS):
            way = np.where(random.integers(0, 2, leaf.shape) == 1, size, -size)
            share = abs(float(np.sum(slope * way)))
            if share > most:
                best, most = way, share
            if not share < PLAIN * spread:
                break
    return best
