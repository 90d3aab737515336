"""The hash grid: sizes, interpolation, and what its gradient does."""

import numpy as np
import pytest
import torch

from clinometer.errors import InputError
from clinometer.surface.grid import Grid, encode

SMALL = Grid(levels=3, coarsest=4, finest=16, entries=2**9, features=2)


def test_resolutions_grow_by_a_constant_factor():
    grid = Grid(levels=5, coarsest=16, finest=256)
    assert grid.resolutions == (16, 32, 64, 128, 256)
    assert grid.cell(0) == 2 / 16


def test_coarse_levels_have_an_entry_for_every_vertex():
    assert SMALL.dense == (True, False, False)
    assert SMALL.sizes == (128, 512, 512)  # 5 ** 3 = 125, rounded up to 16s
    assert SMALL.starts == (0, 128, 640, 1152)


@pytest.mark.parametrize("grid", [SMALL, Grid(levels=2, coarsest=3, finest=5)])
def test_a_linear_function_at_the_vertices_is_interpolated_exactly(grid):
    """Trilinear interpolation has no error on linear functions; dense levels only."""
    slope = np.array([0.3, -0.7, 0.2])
    table = torch.zeros(grid.total, grid.features, dtype=torch.float64)
    levels = [level for level in range(grid.levels) if grid.dense[level]]
    for level in levels:
        side = grid.resolutions[level] + 1
        z, y, x = np.mgrid[:side, :side, :side].reshape(3, -1)
        vertex = np.stack([x, y, z], axis=1) * grid.cell(level) - 1
        start = grid.starts[level]
        table[start : start + side**3, 0] = torch.tensor(vertex @ slope)
    x = torch.rand(200, 3, dtype=torch.float64, generator=seeded()) * 2 - 1
    found = encode(grid, table, x, active=len(levels))
    for level in levels:
        exact = x @ torch.tensor(slope)
        torch.testing.assert_close(found[:, level * grid.features], exact)


def test_an_entry_of_a_hashed_level_is_found_by_the_published_hash():
    """There all weight is on one entry, (x ^ 2654435761 y ^ 805459861 z) mod T."""
    level, vertex = 2, np.array([3, 7, 11])
    table = torch.arange(SMALL.total, dtype=torch.float64)[:, None].repeat(1, 2)
    x = torch.tensor(vertex * SMALL.cell(level) - 1)[None]
    found = encode(SMALL, table, x, active=3)[0, 2 * level]
    entry = (3 ^ (7 * 2654435761) ^ (11 * 805459861)) % 512
    assert float(found) == pytest.approx(SMALL.starts[level] + entry, rel=1e-12)


def test_closed_levels_give_zeros():
    table = torch.ones(SMALL.total, 2)
    found = encode(SMALL, table, torch.zeros(5, 3), active=1)
    torch.testing.assert_close(found, torch.tensor([1.0, 1, 0, 0, 0, 0]).repeat(5, 1))


def test_it_can_be_differentiated_twice():
    """By x and the table: the mixed second derivative against a difference."""
    grid = Grid(levels=2, coarsest=2, finest=3, entries=2**5, features=1)
    x = torch.rand(3, 3, dtype=torch.float64, generator=seeded()).requires_grad_()
    table = torch.randn(grid.total, 1, dtype=torch.float64, generator=seeded())
    table.requires_grad_()

    def f(table, x):
        return encode(grid, table, x, active=2).sin()

    assert torch.autograd.gradcheck(f, (table, x))
    assert torch.autograd.gradgradcheck(f, (table, x))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"levels": 0}, "levels must be an integer from 1 to 32, got 0"),
        ({"entries": 1000}, "a power of two, got 1000; the next is 1024"),
        ({"finest": 4}, "finest must be an integer from 16 to 8192, got 4"),
        ({"features": 2.0}, "features must be an integer"),
        ({"levels": 1}, "one level has one resolution"),
    ],
)
def test_sizes_that_cannot_be_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        Grid(**wrong)


def seeded():
    return torch.Generator().manual_seed(0)
