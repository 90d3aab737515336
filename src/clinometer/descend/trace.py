"""A descent as a value: what it reached, what it cost, and how to go on from it."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias, cast, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import from_float64, is_array
from clinometer.descend.objective import Memory
from clinometer.descend.stop import Ending
from clinometer.errors import InputError
from clinometer.point import flatten_input
from clinometer.table import Json, aligned, number, plain
from clinometer.trees import Layout, Tree

__all__ = ["Iteration", "State", "Trace"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

FORMAT = "clinometer trace 1"
"""First word of a trace file, with the version of its form."""

SHOWN = 12
"""Iterations printed at most."""


@final
@dataclass(frozen=True)
class Iteration:
    """Where a descent stood after one iteration; number 0 is x0.

    loss : f(x).
    gradient : Euclidean norm of the gradient that the slope gave, in units of f / x.
    error : norm of that gradient's error bar, in the same units; inf where unknown.
    step : norm of the step that led here, in units of x.
    evaluations : points at which f was evaluated so far, those under autodiff too.
    gradients, hessians : so far, by formula or autodiff.
    operations : arithmetic operations so far, NaN where they cannot be counted.
    seconds : so far, all included.
    """

    number: int
    loss: float
    gradient: float
    error: float
    step: float
    evaluations: int
    gradients: int
    hessians: int
    operations: float
    seconds: float

    def __str__(self) -> str:
        """One line, for `progress=print`."""
        asked = f"{self.evaluations:,} evaluations"
        if self.gradients:
            asked += f", {self.gradients:,} gradients"
        return (
            f"iteration {self.number}: loss {number(self.loss)}, |gradient| "
            f"{self.gradient:.3g}, {asked}, {self.seconds:.2g} s"
        )


COLUMNS = tuple(field.name for field in fields(Iteration))[1:]
WHOLE = {"evaluations", "gradients", "hessians"}


@final
@dataclass(frozen=True, eq=False)
class State:
    """What is needed to go on, all of it flat float64.

    start, point : (n) x0, and x after the last iteration.
    memory : what the rule remembers, arrays by name.
    looks : how often the slope was asked.
    other : operations that a slope counted itself.
    """

    start: Floats
    point: Floats
    memory: Memory
    looks: int
    other: float


@final
@dataclass(frozen=True, eq=False)
class Trace:
    """A descent: T iterations after x0, one entry of each array for each, x0's first.

    rule, slope : in words.
    x : tree like x0, where the descent ended.
    loss, gradient, error, step, operations, seconds : (T + 1) float64, as in
        `Iteration`.
    evaluations, gradients, hessians : (T + 1) int64.
    ending : what ended it; message : the same, and more where the rule gave up.
    state : from which `minimise(..., after=trace)` goes on.
    """

    rule: str
    slope: str
    x: Tree
    loss: Floats
    gradient: Floats
    error: Floats
    step: Floats
    evaluations: Ints
    gradients: Ints
    hessians: Ints
    operations: Floats
    seconds: Floats
    ending: Ending
    message: str
    state: State

    @property
    def iterations(self) -> int:
        """T, how many iterations were done."""
        return len(self.loss) - 1

    def __getitem__(self, number: int) -> Iteration:
        """An iteration by its number; -1 is the last. Raises IndexError beyond."""
        row = {name: getattr(self, name)[number].item() for name in COLUMNS}
        return Iteration(range(len(self.loss))[number], **row)

    def __str__(self) -> str:
        """The two names, some iterations, and why it ended."""
        places = np.linspace(0, self.iterations, min(SHOWN, len(self.loss)))
        rows = [self[int(place)] for place in np.unique(np.rint(places))]
        names = ["iteration", "loss", "|gradient|", "evaluations", "gradients"]
        names += ["operations", "seconds"]
        cells = [
            [
                str(row.number),
                number(row.loss),
                f"{row.gradient:.3g}",
                f"{row.evaluations:,}",
                f"{row.gradients:,}",
                "–" if np.isnan(row.operations) else f"{row.operations:.3g}",
                f"{row.seconds:.2g}",
            ]
            for row in rows
        ]
        head = f"{self.rule}; slope: {self.slope}"
        return "\n".join([head, "", *aligned(names, cells), f"ended by {self.message}"])

    def as_dict(self) -> dict[str, Json]:
        """The trace without x and state, in types that JSON knows."""
        columns: dict[str, Json] = {
            name: [plain(value) for value in getattr(self, name).tolist()]
            for name in COLUMNS
        }
        words: dict[str, Json] = {"rule": self.rule, "slope": self.slope}
        ended: dict[str, Json] = {
            "ending": self.ending.value,
            "message": self.message,
        }
        return words | columns | ended

    def save(self, path: str | Path) -> Path:
        """The file that now holds the trace: NumPy's .npz, without pickles.

        It is written beside its place and then moved there, so that a file which an
        interruption leaves behind is whole. Missing folders are made.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        words = {
            "format": FORMAT,
            "rule": self.rule,
            "slope": self.slope,
            "ending": self.ending.value,
            "message": self.message,
            "looks": self.state.looks,
        }
        arrays: dict[str, Any] = {f"column {k}": getattr(self, k) for k in COLUMNS}
        arrays |= {f"memory {k}": np.asarray(v) for k, v in self.state.memory.items()}
        arrays |= {
            "text": np.array(json.dumps(words)),
            "start": self.state.start,
            "point": self.state.point,
            "other": np.array(self.state.other),
        }
        beside = path.with_name(path.name + ".part")
        with beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        beside.replace(path)
        return path

    @classmethod
    def load(cls, path: str | Path, x0: Tree) -> Trace:
        """The trace that a file holds.

        x0 : the tree that the descent began from, or one like it: structure, library,
            dtypes and device of `x`.
        Raises InputError if the file is none of ours, or belongs to another x0.
        """
        arrays = _read(Path(path))
        words = json.loads(str(arrays["text"]))
        layout = Layout.of(x0, flatten_input)
        point = arrays["point"]
        if point.size != layout.size:
            raise InputError(
                f"x0 must be like the one that the trace began from, of {point.size} "
                f"numbers, got {layout.size}"
            )
        prefix = "memory "
        memory = {
            name.removeprefix(prefix): array
            for name, array in arrays.items()
            if name.startswith(prefix)
        }
        state = State(
            arrays["start"], point, memory, words["looks"], float(arrays["other"])
        )
        return cls(
            rule=words["rule"],
            slope=words["slope"],
            x=tree_at(layout, point),
            ending=Ending(words["ending"]),
            message=words["message"],
            state=state,
            **{name: arrays[f"column {name}"] for name in COLUMNS},
        )


def tree_at(layout: Layout, point: Floats) -> Tree:
    """A tree like the one laid out at a point (n), in its library and dtypes."""
    places = zip(layout.leaves, layout.slices(), layout.shapes, strict=True)
    return layout.rebuild(
        [
            from_float64(point[where].reshape(shape), leaf)
            if is_array(leaf)
            else float(point[where][0])
            for leaf, where, shape in places
        ]
    )


def column(name: str, rows: list[Iteration]) -> NDArray[Any]:
    """(T + 1) one column of iterations."""
    dtype = np.int64 if name in WHOLE else np.float64
    return np.array([getattr(row, name) for row in rows], dtype)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a trace file. Raises InputError if it is none."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: cast("NDArray[Any]", file[name]) for name in file.files}
    except FileNotFoundError as error:
        raise InputError(f"no trace file {path}; Trace.save writes one") from error
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        # NumPy's own words advise to load it unsafely: they stay in the cause
        raise InputError(
            f"{path} is no trace file: Trace.save did not write it, or not to its end"
        ) from error
    text = arrays.get("text")
    if text is None or FORMAT not in str(text):
        raise InputError(
            f"{path} must be a file that Trace.save wrote ({FORMAT}), got arrays "
            f"{sorted(arrays)[:4]}"
        )
    return arrays
