"""f at any point of a descent: asked, counted, and turned from trees to vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer import engines
from clinometer.arguments import argument
from clinometer.arrays import to_float64
from clinometer.derivative import Options
from clinometer.errors import InputError
from clinometer.evaluate import Function, flatten_input
from clinometer.ladder import scales
from clinometer.paths import GivenPoints
from clinometer.trees import Tree

__all__ = ["Counts", "Memory", "Objective", "Seen"]

Floats: TypeAlias = NDArray[np.float64]
F: TypeAlias = Callable[..., Any]

SECOND = ("reverse over reverse", "forward over reverse")
"""Ways to a product with the Hessian, in the order in which they are tried."""

Memory: TypeAlias = Mapping[str, Any]
"""What a rule carries from one iteration to the next: arrays by name."""


@final
@dataclass(frozen=True, eq=False)
class Seen:
    """f at a point, with its gradient there.

    loss : f(x).
    gradient : (n) in units of f / x.
    error : norm of the gradient's error bar, in the same units; inf where unknown.
    """

    loss: float
    gradient: Floats
    error: float


@final
@dataclass(frozen=True)
class Counts:
    """What has been asked so far.

    evaluations : points at which f was evaluated, those under autodiff among them.
    gradients : gradients that a formula or autodiff gave.
    hessians : matrices of second derivatives that a formula or autodiff gave.
    other : operations spent by a method that counts its own.
    looks : points at which the slope was asked for.
    """

    evaluations: int = 0
    gradients: int = 0
    hessians: int = 0
    other: float = 0.0
    looks: int = 0


@final
class Objective:
    """f as a function of flat vectors (n), counted.

    f : as the user gave it, of trees like x0.
    layout : of x0.
    start : (n) x0.
    options : those of `clinometer.gradient`, for slopes that ask it.
    """

    def __init__(self, f: F, x0: Tree, options: Options, *, counts: Counts) -> None:
        """Adapt f at x0; counting starts from `counts`.

        Raises InputError as `clinometer.gradient` does.
        """
        self.f = f
        self.options = options
        self.function = Function(
            f,
            x0,
            batched=options.get("batched", False),
            vmap=options.get("vmap", False),
            memory=options.get("memory", 2**28),
            scalar="minimise",
        )
        self.layout, self.start = self.function.layout, self.function.x
        given = options.get("scale")
        self._scale = None if given is None else self.layout.like(given, "scale")
        if self._scale is not None and not (self._scale > 0).all():
            raise InputError(f"scale must be positive, got {self._scale.min()}")
        self._before = counts
        self._added = Counts()
        self.engine = engines.of(self.layout.leaves)

    @property
    def counts(self) -> Counts:
        """What has been asked so far, in earlier runs too."""
        one, two = self._before, self._added
        asked = self.function.evaluations
        return Counts(
            one.evaluations + two.evaluations + asked,
            one.gradients + two.gradients,
            one.hessians + two.hessians,
            one.other + two.other,
            one.looks + two.looks,
        )

    def count(
        self,
        *,
        evaluations: int = 0,
        gradients: int = 0,
        hessians: int = 0,
        other: float = 0.0,
        looks: int = 0,
    ) -> None:
        """Count what was asked beside `values`."""
        now = self._added
        self._added = Counts(
            now.evaluations + evaluations,
            now.gradients + gradients,
            now.hessians + hessians,
            now.other + other,
            now.looks + looks,
        )

    def values(self, rows: Floats) -> Floats:
        """(P) f at the points (P, n); NaN where it raised."""
        return self.function.values(GivenPoints(rows, _trial))[:, 0]

    def loss(self, x: Floats) -> float:
        """F at a point (n); NaN where it raised."""
        return float(self.values(x[None].copy())[0])

    def leaves(self, x: Floats) -> list[Any]:
        """The leaves of x in the user's library, dtype and device."""
        return [
            argument(self.layout, k, x[where].copy())
            for k, where in enumerate(self.layout.slices())
        ]

    def tree(self, x: Floats) -> Tree:
        """A tree like x0 at a point (n)."""
        return self.layout.rebuild(self.leaves(x))

    def rounded(self, x: Floats) -> Floats:
        """(n) the point that f sees: x in the dtypes of its leaves."""
        flat = [to_float64(leaf).reshape(-1) for leaf in self.leaves(x)]
        return np.concatenate(flat)

    def vector(self, tree: Tree, name: str) -> Floats:
        """(n) a tree like x0, such as a gradient, as a flat vector.

        Raises InputError where its structure or a shape is another.
        """
        return self.layout.like(tree, name)

    def sizes(self, x: Floats) -> Floats:
        """(n) typical size of every entry at x, > 0: at least its leaf's RMS.

        Steps of differences hang on it. In a descent entries pass through zero, so
        that the entry alone would make steps that rounding swallows.
        """
        if self._scale is not None:
            return self._scale
        size = scales(self.layout, x, None).copy()
        for where in self.layout.slices():
            leaf = size[where]
            if leaf.size:
                np.maximum(leaf, np.sqrt(np.mean(np.square(leaf))), out=leaf)
        return size

    def options_at(self, x: Floats) -> Options:
        """The options for derivatives at a point, the sizes of its entries among them.

        Giving sizes allows steps to cross zero, as the descent itself does.
        """
        return {**self.options, "scale": self.layout.tree(self.sizes(x))}

    @property
    def roundoff(self) -> float:
        """Unit roundoff of f's values, or of x where that is coarser or alone known."""
        seen = [self.function.outcome.roundoff] if self.function.calls else []
        return max(*seen, *self.layout.roundoff, 0.0)

    def at_one_point(self) -> F:
        """F as a function of one tree like x, whether it takes batches or not."""
        if not self.options.get("batched", False):
            return self.f
        layout, f = self.layout, self.f

        def one(x: Tree) -> Any:
            leaves, _, _ = layout.apart(x)
            return f(layout.rebuild([leaf[None] for leaf in leaves]))[0]

        return one

    def listed(self) -> Callable[[list[Any]], Any]:
        """F of the list of its leaves at one point, for the engine."""
        rebuild, f = self.layout.rebuild, self.f
        if self.options.get("batched", False):
            return lambda leaves: f(rebuild([leaf[None] for leaf in leaves]))[0]
        return lambda leaves: f(rebuild(leaves))

    def products(self, x: Floats) -> Floats:
        """(n, n) the Hessian by the library's own second derivatives, by columns.

        Raises InputError for NumPy, or where f cannot be differentiated twice.
        """
        scalar, leaves = self.listed(), self.leaves(x)
        whole = np.zeros((len(x), len(x)))
        for j in range(len(x)):
            unit = np.zeros(len(x))
            unit[j] = 1.0
            ways = self.engine.second(
                lambda at: [scalar(at)], leaves, self.leaves(unit)
            )
            found = (ways[name]() for name in SECOND)
            column = next((product for product in found if product is not None), None)
            if column is None:
                raise InputError(
                    f"an exact Hessian needs an f that {self.engine.name} "
                    "differentiates twice, but a rule in f lacks a mode; use "
                    "Newton() with its Hessian from differences"
                )
            for where, part in zip(self.layout.slices(), column, strict=True):
                if part is not None:
                    whole[where, j] = to_float64(part).reshape(-1)
        return whole

    def matrix(self, tree: Tree) -> Floats:
        """(n, n) a tree like x0 of trees like x0, such as a Hessian."""
        blocks, _, _ = flatten_input(tree, "hessian")
        layout = self.layout
        count = len(layout.shapes)
        if len(blocks) != count**2:
            raise InputError(
                f"hessian must return a tree like x of trees like x, {count**2} arrays "
                f"here, got {len(blocks)}"
            )
        whole = np.empty((layout.size, layout.size))
        slices = layout.slices()
        for k, block in enumerate(blocks):
            i, j = divmod(k, count)
            shape = layout.shapes[i] + layout.shapes[j]
            if tuple(np.shape(block)) != shape:
                raise InputError(
                    f"hessian's block {layout.paths[i]}, {layout.paths[j]} must have "
                    f"shape {shape}, got {tuple(np.shape(block))}"
                )
            part = to_float64(block)
            width = slices[j].stop - slices[j].start
            whole[slices[i], slices[j]] = part.reshape(-1, width)
        return whole


def _trial(point: int) -> str:
    return f"trial point {point} of a descent"
