"""Nested inputs seen as one flat float64 vector, and back.

A *tree* is an array, a real number, or any nesting of dict, list, tuple, namedtuple
or dataclass registered with optree whose leaves are such arrays or numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import (
    dtype_name,
    is_array,
    is_complex,
    is_real_floating,
    to_float64,
    unit_roundoff,
)
from clinometer.errors import InputError

Tree: TypeAlias = Any
Flattened: TypeAlias = tuple[list[Any], list[str], Callable[[Sequence[Any]], Any]]


class Flatten(Protocol):
    """A way to take trees apart."""

    def __call__(self, tree: Tree, name: str = "x") -> Flattened:
        """Leaves of a tree of that name, the path of each, and the way back."""
        ...


def flatten(tree: Tree, name: str = "x", *, none_is_leaf: bool = False) -> Flattened:
    """Leaves of a tree, the printable path of each, and the way back.

    name : what the tree is called in the paths, such as ``x['w'][0]``.
    none_is_leaf : whether None is a leaf, not an empty tree.
    Returns (leaves, paths, rebuild); rebuild takes as many new leaves.
    """
    if _is_leaf(tree):
        return [tree], [name], only
    import optree  # noqa: PLC0415 (half the time of `import clinometer`)

    accessors, leaves, spec = optree.tree_flatten_with_accessor(
        tree, none_is_leaf=none_is_leaf
    )
    return list(leaves), [a.codify(name) for a in accessors], spec.unflatten


def only(leaves: Sequence[Any]) -> Any:
    """The tree that is a single leaf."""
    (leaf,) = leaves
    return leaf


@final
@dataclass(frozen=True, eq=False)
class Layout:
    """Where each leaf of a tree lies in the flat vector.

    leaves : the arrays or numbers themselves; templates of library, dtype, device.
    paths : printable path of each leaf.
    shapes : shape of each leaf.
    starts : (leaves + 1) where each leaf begins in the vector; the last is its size.
    roundoff : (leaves) unit roundoff of each leaf's dtype, relative.
    rebuild : the tree from as many new leaves.
    apart : the way back; how trees like this one are taken apart.
    """

    leaves: tuple[Any, ...]
    paths: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    starts: tuple[int, ...]
    roundoff: tuple[float, ...]
    rebuild: Callable[[Sequence[Any]], Tree]
    apart: Flatten

    @classmethod
    def of(cls, tree: Tree, apart: Flatten = flatten) -> Layout:
        """The layout of a tree of real floating-point leaves.

        apart : how this tree, and those like it, are taken apart.

        Raises InputError where a leaf is no array, not real and floating, or where
        there is nothing to vary.
        """
        leaves, paths, rebuild = apart(tree)
        for leaf, path in zip(leaves, paths, strict=True):
            require_real(leaf, path)
        shapes = [tuple(np.shape(leaf)) for leaf in leaves]
        starts = [0]
        for shape in shapes:
            starts.append(starts[-1] + int(np.prod(shape, dtype=np.int64)))
        if starts[-1] == 0:
            raise InputError(
                f"x must hold at least one number to vary, got shapes {shapes}; "
                "pass the array or tree that f depends on"
            )
        roundoff = [unit_roundoff(leaf) for leaf in leaves]
        return cls(
            tuple(leaves),
            tuple(paths),
            tuple(shapes),
            tuple(starts),
            tuple(roundoff),
            rebuild,
            apart,
        )

    @property
    def size(self) -> int:
        """Count of numbers in all leaves."""
        return self.starts[-1]

    def named(self, name: str) -> list[str]:
        """Path of each leaf in another tree like the one laid out, of that name."""
        return [name + path.removeprefix("x") for path in self.paths]

    def slices(self) -> list[slice]:
        """The part of the flat vector that each leaf takes."""
        return [slice(a, b) for a, b in zip(self.starts, self.starts[1:], strict=False)]

    def vector(self) -> NDArray[np.float64]:
        """(size) the values of all leaves, float64, a copy."""
        return np.concatenate([to_float64(leaf).reshape(-1) for leaf in self.leaves])

    def roundoff_of(self, entries: NDArray[np.intp]) -> NDArray[np.float64] | float:
        """Unit roundoff of the leaf of each entry; one number where all are alike."""
        if len(set(self.roundoff)) == 1:
            return self.roundoff[0]
        return np.repeat(self.roundoff, np.diff(self.starts))[entries]

    def tree(self, vector: NDArray[Any]) -> Tree:
        """A tree like the one laid out, from (..., size): leaves (..., *shape)."""
        lead = vector.shape[:-1]
        if len(self.shapes) == 1:  # the usual case, at a third of the time
            part = vector.reshape(lead + self.shapes[0])
            return self.rebuild([part[()] if part.ndim == 0 else part])
        parts = [
            vector[..., where].reshape(lead + shape)
            for where, shape in zip(self.slices(), self.shapes, strict=True)
        ]
        return self.rebuild([part[()] if part.ndim == 0 else part for part in parts])

    def tree_of_trees(self, matrix: NDArray[Any]) -> Tree:
        """A tree of trees from (size, size): leaves (*shape, *shape)."""
        rows = [
            self.tree(matrix[where].reshape((*shape, self.size)))
            for where, shape in zip(self.slices(), self.shapes, strict=True)
        ]
        return self.rebuild(rows)

    def place(self, entry: int) -> str:
        """Printable place of one entry of the flat vector, such as ``x['w'][3, 1]``."""
        leaf = int(np.searchsorted(self.starts, entry, side="right")) - 1
        if not self.shapes[leaf]:
            return self.paths[leaf]
        index = np.unravel_index(entry - self.starts[leaf], self.shapes[leaf])
        return f"{self.paths[leaf]}[{', '.join(str(int(i)) for i in index)}]"

    def like(self, tree: Tree, name: str) -> NDArray[np.float64]:
        """(size) the flat vector of another tree of the same structure and shapes.

        A leaf may also be a single number, which then stands for all its entries.
        Raises InputError where structure or shapes differ.
        """
        leaves, paths, _ = self.apart(tree, name)
        own = self.named(name)
        if paths != own:
            raise InputError(
                f"{name} must have the structure of x, with {len(own)} leaves "
                f"{_some(own)}; got {len(paths)} leaves {_some(paths)}"
            )
        flat = np.empty(self.size)
        places = zip(self.slices(), self.shapes, leaves, paths, strict=True)
        for where, shape, leaf, path in places:
            if not _is_leaf(leaf) or is_complex(leaf):
                kind = dtype_name(leaf) if _is_leaf(leaf) else type(leaf).__name__
                raise InputError(
                    f"{path} must be a real number or an array of them, got {kind}"
                )
            values = to_float64(leaf)
            if values.shape not in (shape, ()):
                raise InputError(
                    f"{path} must have the shape {shape} of its leaf in x, "
                    f"got {values.shape}"
                )
            flat[where] = np.broadcast_to(values, shape).reshape(-1)
        return flat


def _some(paths: Sequence[str]) -> str:
    return ", ".join([*paths[:4], *["..."][: len(paths) - 4]])


def _is_leaf(value: object) -> bool:
    return is_array(value) or isinstance(value, int | float | complex)


def require_real(leaf: Any, path: str) -> None:
    """Raise InputError unless a leaf is a real floating-point array or a float."""
    if not _is_leaf(leaf):
        raise InputError(
            f"{path} must be an array or a real number, got {type(leaf).__name__}; "
            "nest arrays in dicts, lists, tuples or dataclasses registered with optree"
        )
    if is_complex(leaf):
        raise InputError(
            f"{path} must be real, got {dtype_name(leaf)}; differentiate with respect "
            "to the real and imaginary parts as two arrays"
        )
    if not is_real_floating(leaf):
        raise InputError(
            f"{path} must be floating-point, got {dtype_name(leaf)}; a step cannot be "
            "added to it: convert it to float64 (or float32)"
        )
