"""The one place where the user's function is called.

`Function` adapts f to a map from rows of a float64 matrix (points) to rows of a
float64 matrix (values): it rebuilds the user's tree, library, dtype and device,
batches, counts, copies, and keeps watch over what f does with its argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, final

import numpy as np

from clinometer import engines
from clinometer.arrays import (
    dtype_name,
    from_float64,
    is_array,
    to_float64,
)
from clinometer.errors import FunctionError, InputError
from clinometer.outcome import Matrix, Outcome
from clinometer.trees import Flattened, Layout, Tree, flatten

MEMORY = 2**28
"""Default bound on the points held at once, in bytes (256 MiB)."""


CACHED = 2**24
"""Bytes of points that one batch of NumPy's holds: past the caches larger batches are
slower (1,000 entries: 75 ms at 256 MiB, 43 ms at 16 MiB)."""


class Points(Protocol):
    """A plan: points to be made a chunk at a time."""

    @property
    def count(self) -> int:
        """How many points."""
        ...

    def rows(self, start: int, stop: int) -> Matrix:
        """(stop - start, n) the points of that range, a new array."""
        ...

    def describe(self, point: int) -> str:
        """Where a point lies, in words for an error message."""
        ...


def flatten_input(tree: Tree, name: str = "x") -> Flattened:
    """Leaves, paths and way back of a user's tree, whoever knows its containers."""
    flattened = flatten(tree, name)
    if all(is_array(v) or isinstance(v, int | float | complex) for v in flattened[0]):
        return flattened
    registered = engines.flatten_registered(tree)
    if registered is None:
        return flattened
    leaves, paths, rebuild = registered
    return leaves, [name + path.removeprefix("x") for path in paths], rebuild


@final
class Function:
    """f as a counted map from points to values, with x laid out flat.

    layout : where each leaf of x lies.
    x : (n) float64, the base point.
    evaluations : points evaluated so far.
    calls : calls of f so far; fewer than evaluations where f takes batches.
    fault : the first exception that f raised, or None, and where.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        x: Tree,
        *,
        batched: bool = False,
        vmap: bool = False,
        memory: int = MEMORY,
        scalar: str | None = None,
    ) -> None:
        """Adapt f at x.

        scalar : what is asked for, if it needs an f that returns a single number.

        Raises InputError if f is not callable, if x holds anything but finite real
        floating-point numbers of one library, or if the options contradict.
        """
        if not callable(f):
            raise InputError(f"f must be callable, got {type(f).__name__}")
        if batched and vmap:
            raise InputError(
                "batched=True (f takes a leading axis) and vmap=True (f takes one "
                "point) exclude each other, got both; keep the one that is true of f"
            )
        if not memory >= 1:
            raise InputError(f"memory must be a positive number of bytes, got {memory}")
        self.layout = Layout.of(x, flatten_input)
        self.x = self.layout.vector()
        if not np.isfinite(self.x).all():
            bad = int(np.flatnonzero(~np.isfinite(self.x))[0])
            raise InputError(
                f"x must be finite, got {self.layout.place(bad)} = {self.x[bad]}"
            )
        engine = engines.of(self.layout.leaves)
        self._takes_batch = batched or vmap
        self._plain = _is_plain(self.layout)
        self._library = engine.name
        self._call = self._mapped(engine, f) if vmap else self._rebuilt(f)
        if self._library == "numpy":
            memory = min(memory, CACHED)
        self._chunk = int(max(1, min(memory, 2**62) // (8 * self.x.size)))
        self._scalar = scalar
        self._outcome: Outcome | None = None
        self.evaluations = 0
        self.calls = 0
        self.fault: tuple[str, Exception] | None = None

    @property
    def outcome(self) -> Outcome:
        """Structure of f's value; known once a point has been evaluated."""
        if self._outcome is None:
            raise FunctionError("f has not returned a value at any point yet")
        return self._outcome

    def values(self, points: Points) -> Matrix:
        """(P, size of f's value) at the points, in chunks; NaN where f raised.

        Raises InputError if f returns anything but real numbers, FunctionError if f
        raised before it returned any value, writes into its argument, or returns
        another shape than before.
        """
        step = self._chunk if self._takes_batch else min(self._chunk, 4096)
        with np.errstate(all="ignore"):  # beyond an edge of the domain f may overflow
            parts = [
                self._values(points, start, min(start + step, points.count))
                for start in range(0, points.count, step)
            ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _values(self, points: Points, start: int, stop: int) -> Matrix:
        """Values of one chunk."""
        rows = points.rows(start, stop)
        if self._takes_batch:
            try:
                return self._batch(rows)
            except (InputError, FunctionError):
                raise
            except Exception as error:  # noqa: BLE001 - any fault of f is its point's
                if stop - start == 1:
                    return self._missing(points.describe(start), error)
                # one point of the batch may be to blame: find it, keep the others
                return np.concatenate(
                    [self._values(_Part(points, k), 0, 1) for k in range(start, stop)]
                )
        return np.concatenate(
            [self._single(rows[k], points, start + k) for k in range(len(rows))]
        )

    def _batch(self, rows: Matrix) -> Matrix:
        arguments = self._arguments(rows, lead=(len(rows),))
        frozen = self._library == "numpy"
        if frozen:
            for argument in arguments:
                argument.flags.writeable = False
        before = None if frozen else [to_float64(a) for a in arguments]
        self.calls += 1
        self.evaluations += len(rows)
        try:
            value = self._call(arguments)
        except ValueError as error:
            if frozen and "read-only" in str(error):
                raise FunctionError(
                    _WRITES.format(place="a batch of points")
                ) from error
            raise
        if before is not None and self._library == "torch":
            for argument, kept in zip(arguments, before, strict=True):
                if not np.array_equal(to_float64(argument), kept):
                    raise FunctionError(_WRITES.format(place="a batch of points"))
        self._learn(value, len(rows))
        return self.outcome.matrix(value, len(rows))

    def _single(self, row: Matrix, points: Points, point: int) -> Matrix:
        arguments = self._arguments(row, lead=())
        self.calls += 1
        self.evaluations += 1
        try:
            value = self._call(arguments)
        except Exception as error:  # noqa: BLE001 - any fault of f is its point's
            return self._missing(points.describe(point), error)
        if self._library != "jax" and self._written(arguments, row):
            raise FunctionError(_WRITES.format(place=points.describe(point)))
        self._learn(value, None)
        try:
            return self.outcome.matrix(value, None)
        except InputError as error:  # a complex value beyond the domain's edge, as of
            return self._missing(points.describe(point), error)  # (-0.1) ** 1.5

    def _learn(self, value: Any, points: int | None) -> None:
        """Read structure and precision off f's first value."""
        if self._outcome is not None:
            return
        outcome = Outcome(value, points, flatten_input)
        if self._scalar is not None and not outcome.scalar:
            raise InputError(
                f"{self._scalar} needs an f that returns a single number, got "
                f"{outcome}; use jacobian, or reduce it in f, as by a sum"
            )
        self._outcome = outcome

    def _arguments(self, rows: Matrix, lead: tuple[int, ...]) -> list[Any]:
        """The leaves of x's library and dtype, with the values of rows; copies."""
        layout = self.layout
        if self._plain:
            own = rows.reshape(lead + layout.shapes[0])
            return [own if lead else own.copy()]  # a batch is built anew for f alone
        arguments: list[Any] = []
        for leaf, shape, where in zip(
            layout.leaves, layout.shapes, layout.slices(), strict=True
        ):
            part = rows[..., where].reshape(lead + shape)
            if lead == () and not is_array(leaf):
                arguments.append(float(part))
            else:
                arguments.append(from_float64(part, leaf))
        return arguments

    def _written(self, arguments: Sequence[Any], row: Matrix) -> bool:
        """Whether f changed what it was given."""
        if self._plain:
            return arguments[0].tobytes() != row.tobytes()
        for argument, fresh in zip(
            arguments, self._arguments(row, lead=()), strict=True
        ):
            if is_array(argument) and not np.array_equal(
                to_float64(argument), to_float64(fresh)
            ):
                return True
        return False

    def _missing(self, place: str, error: Exception) -> Matrix:
        """(1, size) NaN for a point where f raised; the first such place is kept.

        Raises FunctionError if f has not returned a value yet.
        """
        if self._outcome is None:  # thousands of calls would only raise again
            raise FunctionError(
                f"f raised {type(error).__name__} at {place}: {error}"
            ) from error
        if self.fault is None:
            self.fault = (place, error)
        return np.full((1, self._outcome.size), np.nan)

    def _rebuilt(self, f: Callable[..., Any]) -> Callable[[list[Any]], Any]:
        rebuild = self.layout.rebuild
        return lambda leaves: f(rebuild(leaves))

    def _mapped(
        self, engine: engines.Engine, f: Callable[..., Any]
    ) -> Callable[[list[Any]], Any]:
        """f mapped over the leading axis of every leaf by the library itself."""
        return engine.vmap(self._rebuilt(f))


@final
class _Part:
    """One point of a plan, as a plan."""

    count = 1

    def __init__(self, points: Points, point: int) -> None:
        self._points = points
        self._point = point

    def rows(self, start: int, stop: int) -> Matrix:
        """The point, whatever the range."""
        del start, stop
        return self._points.rows(self._point, self._point + 1)

    def describe(self, point: int) -> str:
        """Where the point lies."""
        del point
        return self._points.describe(self._point)


_WRITES = (
    "f must not change its argument, but wrote into it at {place}; let f work on a "
    "copy (x = x.copy() or x.clone()). Your x itself was not touched"
)


def _is_plain(layout: Layout) -> bool:
    """Whether x is one float64 array of NumPy, what most callers pass."""
    (leaf, *others) = layout.leaves
    return type(leaf) is np.ndarray and dtype_name(leaf) == "float64" and not others
