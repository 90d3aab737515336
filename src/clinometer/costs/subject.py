"""f and x of a cost report, taken apart, and what is asked of all ways alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from clinometer import engines
from clinometer.arrays import from_float64, is_array, to_float64
from clinometer.costs.accuracy import Known
from clinometer.costs.finer import finer, value_at
from clinometer.costs.timing import seconds_of
from clinometer.errors import InputError
from clinometer.evaluate import Function, flatten_input
from clinometer.graph import Graph
from clinometer.ladder import coordinates, scales
from clinometer.trees import Tree

__all__ = ["Listed", "Subject", "wait"]

Floats = NDArray[np.float64]
Listed = Callable[[list[Any]], Any]

SEEN = 1e3
"""Unit roundoffs by which two values at one x may differ: sums in another order."""

COMPILED, PLAIN = "under jit", "under no_grad"
"""Names that engines give to ways of calling f, see `Engine.forwards`."""


@final
class Subject:
    """A scalar function at a point, for all ways to its gradient.

    layout, engine : of x.
    f : function of the list of leaves, returning one number.
    leaves : of x, outside every graph.
    scale : (n) typical size of every entry, in units of x.
    known : derivatives along a few entries, None where no errors are asked for.
    timing : seconds spent on timing so far.
    lean : whether nothing is timed and no errors are asked for: then nothing is run but
        f(x), for counting takes the graphs alone.
    notes : what was found out on the way.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        x: Tree,
        *,
        batched: bool,
        scale: Tree | None,
        budget: float,
        lean: bool,
    ) -> None:
        self._function = Function(f, x, batched=batched, scalar="cost")
        self.layout = self._function.layout
        self.engine = engines.of(self.layout.leaves)
        torch = self.engine.name == "torch"
        self.leaves = [leaf.detach() if torch else leaf for leaf in self.layout.leaves]
        self.f = _of_one(f, self.layout.rebuild, batched=batched)
        given = None if scale is None else self.layout.like(scale, "scale")
        if given is not None and not (0 < given.min() <= given.max() < np.inf):
            raise InputError(
                f"scale must be positive and finite, got {given.min()} to {given.max()}"
            )
        self.scale = scales(self.layout, self._function.x, given)
        self._lines = coordinates(
            self.layout, self._function.x, self.scale, free=given is not None
        )
        value = value_at(self._function, self._lines)
        self._budget, self._batched, self.lean = budget, batched, lean
        self.known: Known | None = None
        self._exact: Function | None = None
        self.timing = 0.0
        self.notes: list[str] = []
        if not lean:
            self._tell_if_random(value)
        self._given = self._quick(f)
        if self._given is not f:
            self._function = Function(self._given, x, batched=batched, scalar="cost")

    @property
    def n(self) -> int:
        """Entries of x."""
        return self.layout.size

    @property
    def point(self) -> Floats:
        """(n) x, flat."""
        return self._function.x

    @property
    def evaluations(self) -> int:
        """Of f, for the errors."""
        more = 0 if self._exact is None else self._exact.evaluations
        return self._function.evaluations + more

    @property
    def held(self) -> int:
        """Bytes that one x takes."""
        return sum(
            int(np.prod(shape))
            * int(getattr(getattr(leaf, "dtype", None), "itemsize", 8))
            for leaf, shape in zip(self.leaves, self.layout.shapes, strict=True)
        )

    def look_at(self, count: int, seed: int, gradient: Floats | None) -> None:
        """Measure the derivatives along some entries, drawn from those that count.

        gradient : (n) what autodiff gives; where it is zero nothing could be learned.
        """
        alive = None if gradient is None else np.flatnonzero(gradient)
        pool = np.arange(self.n) if alive is None or not alive.size else alive
        drawn = np.random.default_rng(seed).choice(
            pool, min(count, pool.size), replace=False
        )
        lines = self._lines.some(np.sort(drawn))
        exact = finer(self._given, self._function, lines, batched=self._batched)
        self.known = Known(self._function, lines, exact)
        if exact is not None:
            self._exact = exact
            self.notes.append("errors are those from f evaluated in float64")

    @cached_property
    def graph(self) -> Graph:
        """The operations of f. What f raises when it is traced comes through."""
        return self.engine.graph(self.f, self.leaves)

    def seconds(self, run: Callable[[], object]) -> float | None:
        """Seconds that a call takes; None where no timing is asked for."""
        if not self._budget:
            return None
        began = time.perf_counter()
        try:
            return seconds_of(run, self._budget)
        finally:
            self.timing += time.perf_counter() - began

    @cached_property
    def plain(self) -> Listed:
        """f as it is called for its value alone: compiled, or without a record."""
        ways = self.engine.forwards(lambda leaves: [self.f(leaves)])
        listed = ways.get(PLAIN) or self._compiled(ways.get(COMPILED), self.leaves, "f")
        return self.f if listed is None else lambda leaves: listed(leaves)[0]

    @cached_property
    def backward(self) -> Listed:
        """The gradient by reverse mode, one array for each leaf.

        What f or the library raises comes through.
        """
        return self.derived(
            lambda leaves: self.engine.gradient(self.f, leaves), "the gradient"
        )

    def derived(
        self, derivative: Listed, name: str, leaves: list[Any] | None = None
    ) -> Listed:
        """A derivative of f, compiled where the library compiles.

        derivative : function of a list like `leaves` (those of x if omitted), giving a
            list of arrays.
        """
        way = self.engine.forwards(derivative).get(COMPILED)
        given = self.leaves if leaves is None else leaves
        return self._compiled(way, given, name) or derivative

    def unit(self, entry: int) -> list[Any]:
        """Leaves of zeros, but for a one in place of an entry of x."""
        made: list[Any] = []
        for where, leaf, shape in zip(
            self.layout.slices(), self.leaves, self.layout.shapes, strict=True
        ):
            own = np.zeros(shape)
            if where.start <= entry < where.stop:
                own.reshape(-1)[entry - where.start] = 1.0
            made.append(from_float64(own, leaf))
        return made

    def flat(self, gradient: list[Any]) -> Floats:
        """(n) a list like the leaves, flat; None stands for zeros."""
        parts = [
            np.zeros(int(np.prod(shape))) if part is None else to_float64(part)
            for part, shape in zip(gradient, self.layout.shapes, strict=True)
        ]
        return np.concatenate([part.reshape(-1) for part in parts])

    def _quick(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """f as the user wrote it, but compiled where the library compiles.

        Loops of JAX would be compiled anew at every call otherwise.
        """
        if self.lean or self.engine.name != "jax" or self._batched:
            return f
        if self.plain is self.f:
            return f

        def quick(x: Tree) -> Any:
            return self.plain(flatten_input(x)[0])

        return quick

    def _tell_if_random(self, value: float) -> None:
        """A note where f gives another value at the same x."""
        again = value_at(self._function, self._lines)
        rounding = SEEN * self._function.outcome.roundoff * abs(value)
        if abs(again - value) > rounding:
            self.notes.append(
                f"f is random: {value:.6g}, then {again:.6g} at the same x; errors "
                "hold its noise, which a fixed seed (or model.eval()) would take away"
            )

    def _compiled(
        self, way: Listed | None, leaves: list[Any], name: str
    ) -> Listed | None:
        """A compiled way, if it can be compiled; a note where it cannot."""
        if way is None:
            return None
        try:
            way(leaves)
        except Exception as error:  # noqa: BLE001 - what f cannot do is its answer
            self.notes.append(
                f"{name} cannot be compiled ({type(error).__name__}), and is timed as "
                "it runs without"
            )
            return None
        return way


def wait(parts: Sequence[Any]) -> None:
    """Come back once a library that works ahead has what it was asked for.

    parts : what one call gave; the smallest is read, for all of them come together.
    """
    given = [part for part in parts if part is not None]
    if given:
        to_float64(min(given, key=lambda part: int(np.prod(np.shape(part)))))


def _of_one(
    f: Callable[..., Any], rebuild: Callable[..., Any], *, batched: bool
) -> Listed:
    """f as a function of the list of leaves of one point."""
    if not batched:
        return lambda leaves: f(rebuild(leaves))

    def lifted(leaf: Any) -> Any:
        return leaf[None] if is_array(leaf) else np.asarray(leaf)[None]

    return lambda leaves: f(rebuild([lifted(leaf) for leaf in leaves]))[0]
