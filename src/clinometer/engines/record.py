"""Rules met while real code ran, each ready to be checked alone.

A *rule* is a piece of code that brings its own backward pass: a custom Function of
torch, a module, a custom_vjp or custom_jvp of JAX. What a check needs of it is the same
for all: where it stands, what it claims along some directions, and how to measure that.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any, Protocol, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Alone", "ModelParts", "Rule", "Screen", "place", "place_of"]

Floats: TypeAlias = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Screen:
    """A rule's claim along K directions, and the function that they are slopes of.

    f : of (K) moves t, in units of the directions; one number <u, rule(x + t d)>.
    claims : (K) claimed slopes, an array of the rule's own dtype.
    labels : (K) which input each direction moves; "" where all move.
    unused : labels whose gradient is None.
    note : what is special about the measuring side; empty if nothing.
    fault : what the backward pass raised, in words; empty if nothing.
    """

    f: Callable[[Floats], float]
    claims: Any
    labels: tuple[str, ...]
    unused: tuple[str, ...]
    note: str
    fault: str


@final
@dataclass(frozen=True, eq=False)
class Alone:
    """A rule as an ordinary question for a check: f, x and the claimed gradient.

    f : function of a dict of arrays, one number.
    x : dict of arrays by label.
    gradient : dict like x; None where no gradient arrives.
    """

    f: Callable[[dict[str, Any]], Any]
    x: dict[str, Any]
    gradient: dict[str, Any]


class Rule(Protocol):
    """A rule with the inputs it met."""

    @property
    def path(self) -> str:
        """Where it was met, such as "blocks.3.attn"; "" for the outermost level."""
        ...

    @property
    def name(self) -> str:
        """What it is called, such as the name of its class."""
        ...

    @property
    def source(self) -> str | None:
        """The line of its backward pass: "model.py:57, in Scale.backward"."""
        ...

    @property
    def roundoff(self) -> float:
        """Unit roundoff of the coarsest dtype among inputs and outputs."""
        ...

    def screen(self, seed: int, *, each: bool, count: int) -> Screen | None:
        """Claims along directions; None where nothing is to be differentiated.

        each : directions move one input each, else all inputs together.
        count : directions, of each input or in all.
        What its forward raises comes through unchanged.
        """
        ...

    def alone(self, seed: int) -> Alone:
        """The whole question, for a check of every entry."""
        ...

    def plain(self) -> tuple[Callable[[dict[str, Any]], Any], dict[str, Any]] | None:
        """The rule as a function of a dict, that autodiff sees, and its inputs.

        None for a module: its rules are those inside it.
        """
        ...


class ModelParts(Protocol):
    """A model at real inputs, taken apart."""

    @property
    def name(self) -> str:
        """Name of its class."""
        ...

    def whole(self) -> Rule:
        """The model with its loss."""
        ...

    def functions(self) -> tuple[list[Rule], int]:
        """Its custom Functions at the inputs they met, and how many were left out."""
        ...

    def children(self, path: str) -> list[Rule]:
        """The modules right below one that are worth a check."""
        ...

    def unchanged(self) -> AbstractContextManager[None]:
        """Within it, nothing outside of the model's copy changes for good."""
        ...


def place_of(code: CodeType, what: str) -> str:
    """The line at which a function is defined: "model.py:57, in Scale.backward"."""
    return place(code.co_filename, _def_line(code), what)


def place(name: str, line: int, what: str) -> str:
    """A line of a file in print, its path as seen from the working folder."""
    file = Path(name)
    try:
        shown = file.resolve().relative_to(Path.cwd())
    except (ValueError, OSError):
        shown = Path(file.name)
    return f"{shown}:{line}, in {what}"


def _def_line(code: CodeType) -> int:
    """Line of the `def` itself, below its decorators; the first one if unreadable."""
    import linecache

    first = code.co_firstlineno
    for line in range(first, first + 20):
        if linecache.getline(code.co_filename, line).lstrip().startswith("def "):
            return line
    return first
