"""Hessian times a direction: as autodiff composes it, or as a user claims it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer import engines
from clinometer.arrays import from_float64, is_array, to_float64
from clinometer.evaluate import flatten_input
from clinometer.trees import Layout, Tree

__all__ = ["Product", "Second", "claimed_product", "composed_products"]

Floats: TypeAlias = NDArray[np.float64]
Product: TypeAlias = Callable[[Sequence[Floats]], Floats]
"""(n) Hessian times v; raises NotImplementedError where there is none."""

FEW = 64
"""Entries of x up to which forward over forward is taken: it goes entry by entry."""


@final
@dataclass(frozen=True, eq=False)
class Second:
    """What a user claims of second order, beside what autodiff makes of f.

    hessian : function of x giving a tree like x of trees like x.
    product : function of x and of v, a tree like x, giving a tree like x.
    """

    hessian: Callable[..., Any] | None = None
    product: Callable[..., Any] | None = None

    @property
    def given(self) -> bool:
        """Whether there is a claim."""
        return self.hessian is not None or self.product is not None


def composed_products(
    engine: engines.Engine, number: Callable[[list[Any]], Any], layout: Layout
) -> dict[str, Product]:
    """The compositions of two modes, as functions of v."""

    def by(name: str) -> Product:
        def product(v: Sequence[Floats]) -> Floats:
            pairs = zip(v, layout.leaves, strict=True)
            raw = [from_float64(part, leaf) for part, leaf in pairs]
            ways = engine.second(lambda x: [number(x)], layout.leaves, raw)
            parts = ways[name]()
            if parts is None:
                raise NotImplementedError
            return _flat(parts, layout)

        return product

    names = engine.second(lambda x: [number(x)], layout.leaves, layout.leaves)
    return {
        name: by(name)
        for name in names
        if name != "forward over forward" or layout.size <= FEW
    }


def claimed_product(claimed: Second, layout: Layout) -> Product:
    """The user's Hessian, or its product, as a function of v."""
    x = layout.rebuild(
        [
            from_float64(to_float64(leaf), leaf) if is_array(leaf) else leaf
            for leaf in layout.leaves
        ]
    )

    def product(v: Sequence[Floats]) -> Floats:
        if claimed.hessian is not None:
            matrix = _matrix(claimed.hessian(x), layout)
            return matrix @ np.concatenate([part.reshape(-1) for part in v])
        assert claimed.product is not None  # one of the two is given
        pairs = zip(v, layout.leaves, strict=True)
        direction = layout.rebuild([from_float64(part, leaf) for part, leaf in pairs])
        return layout.like(claimed.product(x, direction), "hessian_product")

    return product


def _flat(parts: Sequence[Any], layout: Layout) -> Floats:
    """(n) leaves as one vector, zeros for None."""
    pairs = zip(parts, layout.leaves, strict=True)
    return np.concatenate(
        [
            np.zeros(np.size(to_float64(leaf)))
            if part is None
            else to_float64(part).reshape(-1)
            for part, leaf in pairs
        ]
    )


def _matrix(hessian: Tree, layout: Layout) -> Floats:
    """(n, n) a claimed Hessian as a matrix. Raises ValueError for a wrong shape."""
    leaves, _, _ = flatten_input(hessian)
    shapes = [one + other for one in layout.shapes for other in layout.shapes]
    got = [tuple(np.shape(leaf)) for leaf in leaves]
    if got != shapes:
        raise ValueError(f"the Hessian must have leaves of the shapes {shapes}: {got}")
    blocks = iter(leaves)
    sizes = np.diff(layout.starts)
    rows = [
        np.hstack([to_float64(next(blocks)).reshape(a, b) for b in sizes])
        for a in sizes
    ]
    return np.vstack(rows)
