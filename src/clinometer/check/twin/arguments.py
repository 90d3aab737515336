"""The arguments of a kernel, taken apart."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

from clinometer.arrays import is_array, is_real_floating
from clinometer.errors import InputError
from clinometer.trees import Tree, flatten

__all__ = ["Arguments"]


@final
@dataclass(frozen=True, eq=False)
class Arguments:
    """The arguments of a kernel: arrays to differentiate by, and everything else.

    leaves : all arrays and other leaves of the arguments.
    moving : places of those that are real floating arrays.
    paths : names of these.
    """

    leaves: tuple[Any, ...]
    moving: tuple[int, ...]
    paths: tuple[str, ...]
    rebuild: Callable[[Sequence[Any]], Any]

    @classmethod
    def of(cls, inputs: tuple[Tree, ...], f: Callable[..., Any]) -> Arguments:
        """The arguments, named as f calls them."""
        leaves, paths, rebuild = flatten(inputs, "inputs")
        moving = [
            place
            for place, leaf in enumerate(leaves)
            if is_array(leaf) and is_real_floating(leaf)
        ]
        if not moving:
            raise InputError(
                "inputs must hold a floating array to differentiate by, got none; "
                "pass a tuple of the kernel's arguments"
            )
        names = _names(f, len(inputs))
        return cls(
            tuple(leaves),
            tuple(moving),
            tuple(_named(paths[place], names) for place in moving),
            rebuild,
        )

    @property
    def arrays(self) -> list[Any]:
        """The arrays to differentiate by."""
        return [self.leaves[place] for place in self.moving]

    def calling(self, f: Callable[..., Any]) -> Callable[[Sequence[Any]], list[Any]]:
        """f as a function of these arrays, giving the list of its floating outputs."""

        def called(arrays: Sequence[Any]) -> list[Any]:
            leaves = list(self.leaves)
            for place, array in zip(self.moving, arrays, strict=True):
                leaves[place] = array
            found, _, _ = flatten(f(*self.rebuild(leaves)), "value")
            return [out for out in found if is_array(out) and is_real_floating(out)]

        return called


def _named(path: str, names: Sequence[str]) -> str:
    """inputs[1]['w'] as the function calls it: weights['w']."""
    number, _, rest = path.removeprefix("inputs[").partition("]")
    return names[int(number)] + rest


def _names(f: Callable[..., Any], count: int) -> list[str]:
    """Names of f's first arguments, or inputs[0], inputs[1] ..."""
    numbered = [f"inputs[{place}]" for place in range(count)]
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return numbered
    positional = {
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    }
    names = [p.name for p in parameters[:count] if p.kind in positional]
    return names if len(names) == count else numbered
