"""The one place where the user's function is called.

`Function` adapts f to a map from rows of a float64 matrix (points) to rows of a
float64 matrix (values): it rebuilds the user's tree, library, dtype and device,
batches, counts, copies, and keeps watch over what f does with its argument.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from clinometer import engines
from clinometer.arguments import Arguments, argument, batch
from clinometer.arrays import to_float64
from clinometer.errors import FunctionError, InputError
from clinometer.outcome import Matrix, Outcome
from clinometer.paths import Leafwise, OnePoint, Points
from clinometer.point import flatten_input, require_finite
from clinometer.trees import Layout, Tree, only

__all__ = ["MEMORY", "Function", "flatten_input"]

MEMORY = 2**28
"""Default bound on the points held at once, in bytes (256 MiB)."""


CACHED = 2**24
"""Bytes of points that one batch of NumPy's holds: past the caches larger batches are
slower (1,000 entries: 75 ms at 256 MiB, 43 ms at 16 MiB)."""


@final
class Function:
    """f as a counted map from points to values, with x laid out flat.

    layout : where each leaf of x lies.
    evaluations : points evaluated so far.
    calls : calls of f so far; fewer than evaluations where f takes batches.
    fault : the first exception that f raised, or None, and where.
    one_by_one : whether f takes one point a call.
    progress : told before each call how many points are done, and how many there will
        be as far as is planned; what it raises, KeyboardInterrupt too, goes to the
        caller.
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
        require_finite(self.layout)
        engine = engines.of(self.layout.leaves)
        self._takes_batch = batched or vmap
        self._library = engine.name
        self._call = self._mapped(engine, f) if vmap else self._rebuilt(f)
        if self._library == "numpy":
            memory = min(memory, CACHED)
        self._chunk = int(max(1, min(memory, 2**62) // (8 * self.layout.size)))
        self._queue = int(max(1, min(memory, CACHED) // (8 * self.layout.size)))
        self._scalar = scalar
        self._outcome: Outcome | None = None
        self.evaluations = 0
        self.calls = 0
        self.fault: tuple[str, Exception] | None = None
        self.one_by_one = not self._takes_batch
        self.progress: Callable[[int, int], None] | None = None
        self._planned = 0
        self._watched = 2  # calls leaf by leaf still to be watched for writes into x

    @cached_property
    def x(self) -> NDArray[np.float64]:
        """(n) the base point; made when it is first asked for."""
        return self.layout.vector()

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
        self._planned = self.evaluations + points.count
        if isinstance(points, Leafwise) and not self._takes_batch:
            with np.errstate(all="ignore"):
                each = [self._leafwise(points, k) for k in range(points.count)]
            return np.concatenate(each)
        step = self._chunk if self._takes_batch else self._queue
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
            self._tell()
            try:
                return self._batch(rows)
            except (InputError, FunctionError):
                raise
            except Exception as error:  # noqa: BLE001 - any fault of f is its point's
                if stop - start == 1:
                    return self._missing(points.describe(start), error)
                # one point of the batch may be to blame: find it, keep the others
                self._planned += stop - start
                return np.concatenate(
                    [
                        self._values(OnePoint(points, k), 0, 1)
                        for k in range(start, stop)
                    ]
                )
        return self._each(rows, points, start)

    def _tell(self) -> None:
        if self.progress is not None:
            self.progress(self.evaluations, self._planned)

    def _batch(self, rows: Matrix) -> Matrix:
        arguments = batch(self.layout, rows)
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

    def _each(self, rows: Matrix, points: Points, start: int) -> Matrix:
        """Values of one chunk, a call for each point."""
        arguments = Arguments(self.layout, rows)
        found: list[Matrix | float] = []
        for k, given in enumerate(arguments):
            if self.progress is not None:
                self._tell()
            try:
                value = self._counted(given)
            except Exception as error:  # noqa: BLE001 - any fault of f is its point's
                found.append(self._missing(points.describe(start + k), error))
                continue
            if k == 0 and len(rows) > 1:  # before thousands of calls
                self._require_unwritten(arguments, points, start)
            number = None if self._outcome is None else self._outcome.number(value)
            if number is None:
                found.append(self._read(value, points, start + k))
            else:
                found.append(number)
        self._require_unwritten(arguments, points, start)
        return _stacked(found)

    def _require_unwritten(
        self, arguments: Arguments, points: Points, start: int
    ) -> None:
        """Raise FunctionError if f changed what it was given."""
        point = arguments.written()
        if point is not None:
            raise FunctionError(_WRITES.format(place=points.describe(start + point)))

    def _leafwise(self, points: Leafwise, point: int) -> Matrix:
        """f at a point that is made leaf by leaf: no float64 vector of all of x.

        Whether f writes into its argument is looked at in the first two calls only.
        """
        leaves = range(len(self.layout.leaves))
        arguments = [argument(self.layout, k, points.leaf(point, k)) for k in leaves]
        self._tell()
        try:
            value = self._counted(arguments)
        except Exception as error:  # noqa: BLE001 - any fault of f is its point's
            return self._missing(points.describe(point), error)
        if self._library != "jax" and self._watched > 0:
            self._watched -= 1
            for k in leaves:
                fresh = argument(self.layout, k, points.leaf(point, k))
                if not np.array_equal(to_float64(arguments[k]), to_float64(fresh)):
                    raise FunctionError(_WRITES.format(place=points.describe(point)))
        return self._read(value, points, point)

    def _counted(self, arguments: list[Any]) -> Any:
        """What f returns at a point."""
        self.calls += 1
        self.evaluations += 1
        return self._call(arguments)

    def _read(self, value: Any, points: Points, point: int) -> Matrix:
        """(1, size) f's value as a row."""
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
        if rebuild is only:  # the usual case, a call less
            return lambda leaves: f(leaves[0])
        return lambda leaves: f(rebuild(leaves))

    def _mapped(
        self, engine: engines.Engine, f: Callable[..., Any]
    ) -> Callable[[list[Any]], Any]:
        """f mapped over the leading axis of every leaf by the library itself."""
        return engine.vmap(self._rebuilt(f))


def _stacked(found: list[Matrix | float]) -> Matrix:
    """(P, size) rows of f's values, some of them mere numbers."""
    if all(isinstance(row, float) for row in found):
        return np.array(found, np.float64)[:, None]
    return np.concatenate([np.reshape(row, (1, -1)) for row in found])


_WRITES = (
    "f must not change its argument, but wrote into it at {place}; let f work on a "
    "copy (x = x.copy() or x.clone()). Your x itself was not touched"
)
