"""Derivatives of any function, each with an error bar.

Options that all of them share:

    batched : f takes a leading axis of points on every leaf, and returns one value a
        point along its own leading axis.
    vmap : f of one point is mapped by torch.func.vmap or jax.vmap.
    scale : typical size of every entry, a tree like x (or of single numbers), > 0, in
        units of x. Without it |x|; where x is zero, the median of its leaf.
    rtol : bar over value at which an entry is left alone, dimensionless.
    memory : bound on the points held at once, bytes.

Every one raises InputError if x is no finite real floating-point input, if f returns
anything but real numbers or of the wrong shape, or for a bad option; and FunctionError
if f fails at x itself, raises on both sides of it, or writes into its argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from clinometer.errors import InputError
from clinometer.estimate import CONVERGED, OUTCOMES, Estimate
from clinometer.evaluate import MEMORY, Function
from clinometer.ladder import Lines, coordinates, directions, pairs, scales
from clinometer.measure import Measured, measure
from clinometer.trees import Tree

Floats = NDArray[np.float64]
F = Callable[..., Any]


class Options(TypedDict, total=False):
    """The options that all derivatives share; see the head of this file."""

    batched: bool
    vmap: bool
    scale: Tree
    rtol: float
    memory: int


def slope(f: F, x: Tree, v: Tree, **options: Unpack[Options]) -> Estimate:
    """Derivative of t -> f(x + t v) at t = 0, with a bar for each number in f's value.

    v : tree like x, the direction; not normalised.
    Returns value in units of f / t; structure and shape of f's value.
    """
    problem = _Problem(f, x, options)
    found = problem.measure(problem.along(problem.direction(v)[None]))
    return problem.by_output(found, _only_line)


def gradient(f: F, x: Tree, **options: Unpack[Options]) -> Estimate:
    """Gradient of scalar f at x; value, error, step and status are trees like x.

    Costs 8 evaluations an entry where f is smooth there, and one for f(x).
    """
    problem = _Problem(f, x, options, scalar="gradient")
    found = problem.measure(problem.coordinates())
    return problem.estimate(
        lambda part: problem.layout.tree(part[:, 0]),
        found,
    )


def jacobian(f: F, x: Tree, **options: Unpack[Options]) -> Estimate:
    """Jacobian of array-valued f: each leaf has f's shape, then the shape of x's leaf.

    Where x is nested, every leaf of f's value holds a tree like x.
    """
    problem = _Problem(f, x, options)
    found = problem.measure(problem.coordinates())
    return problem.by_output(found, problem.layout.tree)


def laplacian(f: F, x: Tree, **options: Unpack[Options]) -> Estimate:
    """Sum of second derivatives along all entries; structure and shape of f's value.

    The bar is the sum of the bars; step is the finest, status the worst of the entries.
    """
    problem = _Problem(f, x, options)
    found = problem.measure(problem.coordinates(), derivative=2)
    total = Measured(
        found.value.sum(axis=0, keepdims=True),
        found.error.sum(axis=0, keepdims=True),
        found.step.min(axis=0, keepdims=True),
        found.code.max(axis=0, keepdims=True),
    )
    return problem.by_output(total, _only_line)


def hessian(f: F, x: Tree, **options: Unpack[Options]) -> Estimate:
    """Matrix of second derivatives of scalar f: a tree like x of trees like x.

    For a single array x of shape S the value has shape S + S. It is symmetric: entry
    i, j is a quarter of the difference between the second derivatives along +i +j and
    +i -j, in units of f / (x_i x_j). Costs 8 n**2 evaluations where f is smooth.
    """
    problem = _Problem(f, x, options, scalar="hessian")
    n = problem.x.size
    straight = problem.measure(problem.coordinates(), derivative=2)
    value, error, step = (
        np.diag(part[:, 0]) for part in (straight.value, straight.error, straight.step)
    )
    code = np.diag(straight.code[:, 0])
    if n > 1:
        lines = pairs(problem.layout, problem.x, problem.scale)
        cross = problem.measure(lines, derivative=2)
        i, j = np.triu_indices(n, 1)
        mixed = _polarised(cross, 4 * problem.scale[i], problem.scale[j])
        for whole, part in zip(
            (value, error, step, code),
            (mixed.value, mixed.error, mixed.step, mixed.code),
            strict=True,
        ):
            whole[i, j] = whole[j, i] = part[:, 0]
    return problem.estimate(
        problem.layout.tree_of_trees,
        Measured(value, error, step, code),
    )


def hessian_product(
    f: F,
    x: Tree,
    v: Tree,
    *,
    gradient: F | None = None,
    **options: Unpack[Options],
) -> Estimate:
    """Product of the Hessian of scalar f with v, a tree like x.

    v : tree like x.
    gradient : function of x giving f's gradient, a tree like x; then one line is
        differenced instead of 2 n, about 8 evaluations of it. Its own errors count.
    """
    if gradient is not None:
        return _slope_of_gradient(gradient, x, v, options=options)
    problem = _Problem(f, x, options, scalar="hessian_product")
    direction = problem.direction(v)
    size = np.max(np.abs(direction) / problem.scale)
    n = problem.x.size
    both = np.empty((2 * n, n))
    both[0::2] = direction / size + np.diag(problem.scale)
    both[1::2] = direction / size - np.diag(problem.scale)
    zero = ~both.any(axis=1)  # v along one entry: one of the two lines stands still
    both[zero] = direction / size
    cross = problem.measure(problem.along(both), derivative=2)
    cross.value[zero], cross.error[zero] = 0.0, 0.0
    cross.code[zero] = CONVERGED
    found = _polarised(cross, 4 / size, problem.scale)
    return problem.estimate(lambda part: problem.layout.tree(part[:, 0]), found)


def _slope_of_gradient(gradient: F, x: Tree, v: Tree, *, options: Options) -> Estimate:
    """Derivative along v of a gradient, a tree like x."""
    problem = _Problem(gradient, x, options)
    found = problem.measure(problem.along(problem.direction(v)[None]))
    layout, outcome = problem.layout, problem.function.outcome
    if outcome.paths != layout.named("f(x)") or outcome.shapes != [*layout.shapes]:
        raise InputError(
            f"gradient must return a tree like x, with leaves of the shapes "
            f"{[*layout.shapes]}, got {outcome}".replace("f(x)", "gradient(x)")
        )
    return problem.estimate(lambda part: layout.tree(part[0]), found)


def _only_line(rows: NDArray[Any]) -> Any:
    """Values (...) of the only line, from (..., 1); a number where f is scalar."""
    return rows[..., 0][()]


def _polarised(cross: Measured, a: Floats | float, b: Floats) -> Measured:
    """Mixed derivatives from lines along a + b and a - b, in turn; `a` times four.

    One is divided by after the other, for their product may leave float64's range.
    """
    plus, minus = slice(0, None, 2), slice(1, None, 2)
    a, b = np.reshape(a, (-1, 1)), b[:, None]
    with np.errstate(all="ignore"):
        return Measured(
            (cross.value[plus] - cross.value[minus]) / a / b,
            (cross.error[plus] + cross.error[minus]) / a / b,
            np.fmin(cross.step[plus], cross.step[minus]),
            np.maximum(cross.code[plus], cross.code[minus]),
        )


class _Problem:
    """f and x with checked options, and the way back from lines to the user's trees."""

    def __init__(
        self, f: F, x: Tree, options: Options, *, scalar: str | None = None
    ) -> None:
        given = options.get("scale")
        self.function = Function(
            f,
            x,
            batched=options.get("batched", False),
            vmap=options.get("vmap", False),
            memory=options.get("memory", MEMORY),
            scalar=scalar,
        )
        unknown = set(options) - Options.__annotations__.keys()
        if unknown:
            raise InputError(
                f"unknown option {min(unknown)!r}; the options are "
                f"{', '.join(Options.__annotations__)}"
            )
        self.layout, self.x = self.function.layout, self.function.x
        self._rtol = options.get("rtol", 1e-10)
        sizes = None if given is None else self.vector(given, "scale")
        if sizes is not None and not (sizes > 0).all():
            raise InputError(f"scale must be positive, got {sizes.min()}")
        self._free = given is not None
        self.scale = scales(self.layout, self.x, sizes)

    def vector(self, tree: Tree, name: str) -> Floats:
        """(n) a tree like x, flat and finite."""
        flat = self.layout.like(tree, name)
        if not np.isfinite(flat).all():
            raise InputError(
                f"{name} must be finite, got {flat[~np.isfinite(flat)][0]}"
            )
        return flat

    def direction(self, v: Tree) -> Floats:
        """(n) v, which must not be zero."""
        flat = self.vector(v, "v")
        if not flat.any():
            raise InputError("v must point somewhere, got all zeros; pass a direction")
        return flat

    def along(self, v: Floats) -> Lines:
        """One line along every row of v (L, n)."""
        return directions(self.layout, self.x, v, scale=self.scale)

    def coordinates(self) -> Lines:
        """One line along every entry of x."""
        return coordinates(self.layout, self.x, self.scale, free=self._free)

    def measure(self, lines: Lines, derivative: int = 1) -> Measured:
        """Derivatives along lines."""
        return measure(self.function, lines, derivative=derivative, rtol=self._rtol)

    def estimate(self, shape: Callable[[Any], Any], found: Measured) -> Estimate:
        """The estimate whose parts are shaped from (L, M) by `shape`."""
        parts = (found.value, found.error, found.step, OUTCOMES[found.code])
        value, error, step, status = (shape(part) for part in parts)
        return Estimate(value, error, step, self.function.evaluations, status)

    def by_output(self, found: Measured, build: Callable[[Any], Any]) -> Estimate:
        """The estimate structured as f's value; build makes a leaf from (*shape, L)."""
        outcome = self.function.outcome
        return self.estimate(lambda part: outcome.tree(part.T, build), found)
