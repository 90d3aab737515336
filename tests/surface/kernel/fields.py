"""Fields, points and losses that the tests of the kernel share."""

import torch

from clinometer.stencil import central_gradient, tetrahedral
from clinometer.surface.field import FieldShape, PlainField
from clinometer.surface.grid import Grid
from clinometer.surface.kernel import FusedField

SMALL = Grid(levels=6, coarsest=4, finest=40, entries=2**12)
"""Two of its six levels are dense: 5³ and 7³ vertices; 41³ share 4096 entries."""

SHAPES = {
    "default": FieldShape(),
    "small": FieldShape(grid=SMALL, hidden=8, features=1),
    "four": FieldShape(
        grid=Grid(levels=5, coarsest=8, finest=64, entries=2**14, features=4),
        hidden=64,
        features=15,
    ),
    "odd": FieldShape(
        grid=Grid(levels=3, coarsest=5, finest=31, entries=2**10, features=8),
        hidden=24,
        features=6,
    ),
}

BEYOND = 2e-3
"""How far, as a part of the largest number, gradients of slopes may be off where points
stand outside of the grid, up to 0.1 from it. The nearest cell is prolonged there, by a
dozen cells of the finest level: weights of some thousand, of both signs, whose sums in
float32 are off by some 1e-4, and softplus bends within 1 / 100. 8e-4 were seen."""

STENCILS = {"central": central_gradient(), "tetrahedral": tetrahedral()}


def pair(shape, *, seed=0, spread=0.02, active=None, **options):
    """The same field twice: plain in float64, and fused; tables of normal numbers."""
    plain, fused = PlainField(shape, seed), FusedField(shape, seed, **options)
    draw = torch.Generator().manual_seed(seed + 100)
    table = torch.randn(plain.table.shape, generator=draw) * spread
    for field in (plain, fused):
        field.active = shape.grid.levels if active is None else active
        with torch.no_grad():
            field.table.copy_(table)
    return plain.double(), fused


def points(n, *, seed=0, reach=1.1):
    """(n, 3) float32 points in a cube, a few of them outside of the grid's."""
    draw = torch.Generator().manual_seed(seed)
    return (torch.rand(n, 3, generator=draw) * 2 - 1) * reach


def inner(x, shape, *, margin=1e-3):
    """Those of the points that stand off the faces of all cells, by a part of a cell.

    At a face the analytical gradient jumps, and rounding decides on which side it is.
    """
    clear = torch.ones(len(x), dtype=torch.bool)
    for resolution in shape.grid.resolutions:
        place = (x.double() * 0.5 + 0.5) * resolution
        clear &= ((place - place.round()).abs() > margin).all(dim=1)
    return x[clear]


def off(got, expected):
    """Largest difference, as a part of the largest number expected."""
    got, expected = got.detach(), expected.detach()
    return float((got - expected).abs().max() / expected.abs().max())
