"""What a stencil does to the gradient of a hash grid, in numbers: nothing is trained.

Four questions, each answered by a value that `show.surface` draws: what the gradient
looks like along a line, how far one sample's correction reaches, how much a step
smooths, and what a stencil of four taps gets wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clinometer.stencil import Stencil, central_gradient, tetrahedral
from clinometer.surface.field import FieldShape, PlainField
from clinometer.surface.grid import Grid, encode
from clinometer.surface.taps import slopes
from clinometer.surface.vectors import length
from clinometer.table import aligned

__all__ = [
    "Along",
    "Bias",
    "Reached",
    "Smoothing",
    "Study",
    "along",
    "bias",
    "reached",
    "smoothing",
    "study",
]

Floats = NDArray[np.float64]

STEPS = 0.25, 1.0, 2.0
"""Steps that are compared, in cells of the finest level."""


@final
@dataclass(frozen=True, eq=False)
class Along:
    """Slopes of one level of a grid along a line.

    t : (T) places on the line, scene units. value : (T) the grid's number there.
    analytical : (T) its slope along the line. numerical : step in cells -> (T) central
    differences. faces : where the line crosses faces of cells. jumps : by how much, on
    average, the analytical slope changes there, in units of its own spread.
    """

    t: Floats
    value: Floats
    analytical: Floats
    numerical: dict[float, Floats]
    faces: Floats
    jumps: float


def along(cells: int = 16, *, seed: int = 0, points: int = 2048) -> Along:
    """Slopes of a grid of random numbers along a line parallel to an axis.

    cells : of the grid's one level, per axis. points : middles of as many equal parts
    of the line; where both are powers of two, none of them lies on a face.
    """
    grid = Grid(levels=1, coarsest=cells, finest=cells, features=1)
    draw = torch.Generator().manual_seed(seed)
    table = torch.randn(grid.total, 1, generator=draw, dtype=torch.float64)
    t = (torch.arange(points, dtype=torch.float64) + 0.5) / points - 0.5

    def value(shift: float) -> Tensor:
        line = torch.full((points, 3), 0.123, dtype=torch.float64)
        line[:, 0] = t + shift
        return encode(grid, table, line, active=1)[:, 0]

    cell = grid.cell(0)
    place = t.clone().requires_grad_()
    line = torch.stack([place, *torch.full((2, points), 0.123).double()], dim=1)
    total = encode(grid, table, line, active=1).sum()
    analytical = torch.autograd.grad(total, place)[0].numpy()
    numerical = {
        step: ((value(step * cell) - value(-step * cell)) / (2 * step * cell)).numpy()
        for step in STEPS
    }
    faces = np.arange(-1, 1 + cell / 2, cell)
    faces = faces[(faces > -0.5) & (faces < 0.5)]
    before = np.searchsorted(t.numpy(), faces) - 1
    jump = np.abs(analytical[before + 1] - analytical[before]).mean()
    return Along(
        t=t.numpy(),
        value=value(0.0).numpy(),
        analytical=analytical,
        numerical=numerical,
        faces=faces,
        jumps=float(jump / analytical.std()),
    )


@final
@dataclass(frozen=True, eq=False)
class Reached:
    """Entries of the table that one sample's eikonal term moves, mean over samples.

    level : (L) numbers of levels, from 0. cells : (L) the reach in cells of each level.
    entries : way -> (L) means.
    """

    level: NDArray[np.int64]
    cells: Floats
    entries: dict[str, Floats]


def reached(
    shape: FieldShape | None = None,
    *,
    reach: float | None = None,
    samples: int = 50,
    seed: int = 0,
) -> Reached:
    """How far one sample's correction of the gradient's length reaches.

    reach : of the taps, scene units; None takes a cell of the finest level.
    """
    shape = shape or FieldShape(Grid(levels=8, coarsest=8, finest=64, entries=2**19))
    grid = shape.grid
    reach = grid.cell(grid.levels - 1) if reach is None else reach
    field = PlainField(shape, seed)
    draw = torch.Generator().manual_seed(seed)
    x = torch.nn.functional.normalize(torch.randn(samples, 3, generator=draw), dim=1)
    ways: dict[str, Stencil | None] = {
        "analytical": None,
        "tetrahedral": tetrahedral(),
        "central": central_gradient(),
    }
    entries = {
        name: _entries(field, x * shape.radius, stencil=stencil, reach=reach)
        for name, stencil in ways.items()
    }
    cells = np.array([reach / grid.cell(level) for level in range(grid.levels)])
    return Reached(np.arange(grid.levels), cells, entries)


def _entries(
    field: PlainField, x: Tensor, *, stencil: Stencil | None, reach: float
) -> Floats:
    """(L) mean number of entries with a gradient, over points taken one by one."""
    starts = field.shape.grid.starts
    counts = np.zeros(len(starts) - 1)
    for k in range(len(x)):
        one = x[k : k + 1]
        found = slopes(field, one, field.outputs(one)[0], stencil=stencil, reach=reach)
        loss = ((length(found.gradient) - 1) ** 2).sum()
        (moved,) = torch.autograd.grad(loss, field.table)
        met = (moved != 0).any(dim=1).numpy()
        counts += [met[a:b].sum() for a, b in itertools.pairwise(starts)]
    return counts / len(x)


@final
@dataclass(frozen=True, eq=False)
class Smoothing:
    """What is left of a grid's roughness in its slopes, against the step.

    cells : (S) steps, in cells. left : (S) spread of the numerical slope over that of
    the analytical one. theory : (S) the same, derived.
    """

    cells: Floats
    left: Floats
    theory: Floats


def smoothing(
    cells: Sequence[float] = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0),
    *,
    seed: int = 0,
    points: int = 20_000,
) -> Smoothing:
    """How much of the roughness of a random level a central difference leaves.

    A central difference is the mean of the slope over 2 h. On a lattice of independent
    numbers, interpolated linearly with cells of width 1, the slope has the variance 2,
    and its mean over 2 h the variance 2 (R(0) - R(2 h)) / (2 h)², where R is the
    covariance of the interpolated numbers: that of a sum of hat functions.
    """
    grid = Grid(levels=1, coarsest=64, finest=64, features=1, entries=2**24)
    draw = torch.Generator().manual_seed(seed)
    table = torch.randn(grid.total, 1, generator=draw, dtype=torch.float64)
    x = torch.rand(points, 3, generator=draw, dtype=torch.float64) * 1.4 - 0.7
    cell = grid.cell(0)

    def spread(h: float) -> float:
        shift = torch.tensor([h, 0.0, 0.0], dtype=torch.float64)
        ends = [encode(grid, table, x + s * shift, active=1)[:, 0] for s in (1, -1)]
        return float((ends[0] - ends[1]).std() / (2 * h))

    steps = np.array(cells, dtype=np.float64)
    tiny = 1e-6
    left = np.array([spread(step * cell) for step in steps]) / spread(tiny * cell)
    theory = np.sqrt((_covariance(0.0) - _covariance(2 * steps)) / (2 * steps) ** 2)
    return Smoothing(steps, left, theory)


def _covariance(lag: Floats | float) -> Floats:
    """Mean over places of the covariance of linear interpolation at a lag in cells.

    With independent numbers of variance 1 at the integers it is the mean of
    Σ_k hat(x - k) hat(x + lag - k), the convolution of two hats: the cubic B-spline.
    """
    s = np.abs(np.asarray(lag, dtype=np.float64))
    inner = 2 / 3 - s**2 + s**3 / 2
    outer = (2 - np.minimum(s, 2)) ** 3 / 6
    return np.where(s < 1, inner, outer)


@final
@dataclass(frozen=True, eq=False)
class Bias:
    """Errors of stencils on a smooth function, against the step.

    steps : (S) reach of the taps. errors : way -> (S) root mean square error of the
    gradient. moments : way -> (S) the same as the stencil's lowest moments foretell.
    """

    steps: Floats
    errors: dict[str, Floats]
    moments: dict[str, Floats]

    @property
    def orders(self) -> dict[str, float]:
        """p in error = O(reach**p), way by way, from the two smallest steps."""
        small = np.argsort(self.steps)[:2]
        return {
            way: float(
                np.polyfit(np.log(self.steps[small]), np.log(error[small]), 1)[0]
            )
            for way, error in self.errors.items()
        }


def bias(
    steps: Sequence[float] = (0.2, 0.1, 0.05, 0.025, 0.0125),
    *,
    seed: int = 0,
    points: int = 2000,
) -> Bias:
    """Errors of six and four taps on f = sin x sin y + sin y sin z + sin z sin x.

    "flipped" is the mean of the four taps and the opposite four: what many iterations
    with a chance sign amount to.
    """
    draw = np.random.default_rng(seed)
    x = draw.uniform(-1, 1, (points, 3))
    sines, cosines = np.sin(x), np.cos(x)
    others = sines.sum(axis=1, keepdims=True) - sines
    exact = cosines * others
    # ∂²f / ∂y∂z = cos y cos z, and in turn
    mixed = np.stack([cosines[:, [1, 2]], cosines[:, [2, 0]], cosines[:, [0, 1]]])
    crossed = mixed.prod(axis=2).T
    errors: dict[str, list[float]] = {"central": [], "tetrahedral": [], "flipped": []}
    foretold: dict[str, list[float]] = {"tetrahedral": []}
    for reach in steps:
        h = reach / np.sqrt(3)
        four = [_gradient(s, x, h) for s in (tetrahedral(), tetrahedral(flip=True))]
        found = {
            "central": _gradient(central_gradient(), x, reach),
            "tetrahedral": four[0],
            "flipped": (four[0] + four[1]) / 2,
        }
        for name, gradient in found.items():
            errors[name].append(_rms(gradient - exact))
        weights = [
            tetrahedral().moment(powers)[axis]
            for axis, powers in enumerate([(0, 1, 1), (1, 0, 1), (1, 1, 0)])
        ]
        foretold["tetrahedral"].append(_rms(h * crossed * np.array(weights)))
    return Bias(
        np.array(steps),
        {name: np.array(values) for name, values in errors.items()},
        {name: np.array(values) for name, values in foretold.items()},
    )


def _gradient(stencil: Stencil, x: Floats, h: float) -> Floats:
    p = np.sin(stencil.points(x, h))
    values = p[..., 0] * p[..., 1] + p[..., 1] * p[..., 2] + p[..., 2] * p[..., 0]
    return stencil.combine(values, h).T


def _rms(error: Floats) -> float:
    return float(np.sqrt((error**2).mean()))


@final
@dataclass(frozen=True, eq=False)
class Study:
    """The four together; prints as tables."""

    along: Along
    reached: Reached
    smoothing: Smoothing
    bias: Bias

    def __str__(self) -> str:
        along, reached = self.along, self.reached
        smoothing, bias = self.smoothing, self.bias
        jump = (
            "At a face of a cell the analytical slope of a random level jumps by "
            f"{along.jumps:.2f} of its spread; a difference does not jump."
        )
        entries = aligned(
            ["level", "reach, cells", *(f"entries, {way}" for way in reached.entries)],
            [
                [str(level), f"{cells:.3g}"]
                + [f"{n[level]:.1f}" for n in reached.entries.values()]
                for level, cells in zip(reached.level, reached.cells, strict=True)
            ],
        )
        smooth = aligned(
            ["step, cells", "spread left", "by theory"],
            [
                [f"{step:.3g}", f"{left:.3f}", f"{theory:.3f}"]
                for step, left, theory in zip(
                    smoothing.cells, smoothing.left, smoothing.theory, strict=True
                )
            ],
        )
        foretold = bias.moments["tetrahedral"]
        biased = aligned(
            ["reach", *(f"error, {way}" for way in bias.errors), "four, by moments"],
            [
                [
                    f"{reach:g}",
                    *(f"{error[k]:.2e}" for error in bias.errors.values()),
                    f"{foretold[k]:.2e}",
                ]
                for k, reach in enumerate(bias.steps)
            ],
        )
        orders = ", ".join(f"{way} {p:.2f}" for way, p in bias.orders.items())
        tables = ["\n".join(table) for table in (entries, smooth, biased)]
        return "\n\n".join([jump, *tables, f"orders of the errors: {orders}"])

    def as_dict(self) -> dict[str, Any]:
        """All figures, as numbers and lists of them, by the names of the four."""
        return {
            "along": {
                "jumps": self.along.jumps,
                "faces": self.along.faces.tolist(),
            },
            "reached": {
                "cells": self.reached.cells.tolist(),
                **{way: n.tolist() for way, n in self.reached.entries.items()},
            },
            "smoothing": {
                "cells": self.smoothing.cells.tolist(),
                "left": self.smoothing.left.tolist(),
                "theory": self.smoothing.theory.tolist(),
            },
            "bias": {
                "steps": self.bias.steps.tolist(),
                **{way: e.tolist() for way, e in self.bias.errors.items()},
                "orders": self.bias.orders,
            },
        }


def study(seed: int = 0) -> Study:
    """All four, with random numbers of one seed."""
    return Study(
        along(seed=seed), reached(seed=seed), smoothing(seed=seed), bias(seed=seed)
    )
