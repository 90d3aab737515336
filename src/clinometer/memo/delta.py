"""A change of an array under many perturbations at once, held in a box for each.

Along every axis the box is either all of the axis or one place on it; outside the box
nothing changes. Perturbing W[i, j] changes one column of x @ W: its box is all rows
and column j.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "Delta", "Place", "moved", "same_place", "widened"]

Values: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]

Place: TypeAlias = NDArray[np.intp] | None
"""(P) where on an axis the box of each perturbation stands; None: all of the axis."""

Box: TypeAlias = tuple[Place, ...]
"""A place for every axis of the array."""


@final
class Delta:
    """Changes of an array of some shape in boxes, for P perturbations.

    box : where; an axis that has a place has extent 1 in `change` and `new`.
    change : (S, P, *extent) difference to the base values; for booleans, whether they
        turned. S is 2 where both signs of the step are carried; it is 1 where only one
        is asked for, or where the change for the other sign is the negative of this.
    new : (signs, P, *extent) the changed values themselves.
    signs : 1 or 2, how many signs are asked for.

    Each of `change` and `new` is worked out from the other when first asked for: what
    is linear moves changes, what is not needs values.
    """

    def __init__(
        self,
        box: Box,
        old: Callable[[], Values],
        signs: int,
        *,
        change: Values | None = None,
        new: Values | None = None,
    ) -> None:
        """Take one of `change` and `new`; old gives the base values in the box."""
        self.box = box
        self.signs = signs
        self._old = old
        self._change = change
        self._new = new

    @property
    def count(self) -> int:
        """P, how many perturbations."""
        held = self._new if self._change is None else self._change
        assert held is not None
        return held.shape[1]

    @property
    def odd(self) -> bool:
        """Whether the other sign's change is the negative of the one that is held."""
        return self.signs == 2 and self._change is not None and len(self._change) == 1

    @property
    def has_change(self) -> bool:
        """Whether the change is known, and not only the values."""
        return self._change is not None

    @property
    def change(self) -> Values:
        """(S, P, *extent) difference to the base values."""
        if self._change is None:
            new, old = self._new, self._old()
            assert new is not None
            self._change = new ^ old if old.dtype == np.bool_ else new - old
        return self._change

    @property
    def changes(self) -> Values:
        """(signs, P, *extent) as `change`, both signs laid out."""
        if self.odd:
            return np.concatenate([self.change, -self.change])
        return self.change

    @property
    def new(self) -> Values:
        """(signs, P, *extent) the changed values."""
        if self._new is None:
            change, old = self.change, self._old()
            if old.dtype == np.bool_:
                self._new = change ^ old
            elif self.odd:
                self._new = np.concatenate([old + change, old - change])
            else:
                self._new = old + change
        return self._new

    @property
    def entries(self) -> int:
        """Numbers held for one perturbation and one sign."""
        held = self._new if self._change is None else self._change
        assert held is not None
        return int(np.prod(held.shape[2:], dtype=np.int64))


def same_place(a: Place, b: Place) -> bool:
    """Whether two boxes stand at the same place of an axis."""
    if a is b:
        return True
    return a is not None and b is not None and np.array_equal(a, b)


def widened(change: Values, box: Box, shape: Shape, *, axes: Sequence[int]) -> Values:
    """Changes in a box that spans some of the axes: zero where nothing changed.

    change : (S, P, *extent) in the box.
    shape : of the array.
    axes : those that are to be spanned; ones that are spanned already are left.
    """
    held = [axis for axis in axes if box[axis] is not None]
    if not held:
        return change
    extent = list(change.shape)
    for axis in held:
        extent[axis + 2] = shape[axis]
    out = np.zeros(extent, change.dtype)
    front = list(range(1, len(held) + 1))
    places = [box[axis] for axis in held]
    # P first, then the axes that are widened: one place in each for every perturbation
    within = np.moveaxis(out, 0, 1)
    within = np.moveaxis(within, [axis + 2 for axis in held], front)
    given = np.moveaxis(change, 0, 1)
    given = np.moveaxis(given, [axis + 2 for axis in held], front)
    within[(np.arange(change.shape[1]), *places)] = given.reshape(
        given.shape[:1] + given.shape[1 + len(held) :]
    )
    return out


def moved(
    delta: Delta,
    box: Box,
    move: Callable[[Values], Values],
    *,
    old: Callable[[], Values],
) -> Delta:
    """The delta of an array that holds the same numbers at other places.

    move : what becomes of (S, P, *extent), changes or values alike.
    """
    if delta.has_change:
        return Delta(box, old, delta.signs, change=move(delta.change))
    return Delta(box, old, delta.signs, new=move(delta.new))
