"""The reference field: its start, and its slopes against differences."""

import math

import pytest
import torch

from clinometer import check
from clinometer.errors import InputError
from clinometer.stencil import central_gradient
from clinometer.surface.field import FieldShape, PlainField, initial
from clinometer.surface.grid import Grid

SHAPE = FieldShape(Grid(levels=3, coarsest=4, finest=16, entries=2**9), 16, 3)


@pytest.mark.parametrize("seed", range(3))
def test_an_untrained_field_is_close_to_a_sphere(seed):
    """Its mean to 0.01, its spread to 0.02: 32 even directions make it nearly round.

    Near the middle, in the soft bend of softplus(100 z) / 100, it is hidden * log 2 /
    100 * weight = 0.07 too large at most.
    """
    field = PlainField(FieldShape(radius=0.4), seed)
    x = torch.randn(2000, 3, generator=torch.Generator().manual_seed(seed))
    x = 0.4 * x / x.norm(dim=1, keepdim=True)
    distance = field.distances(x)
    assert abs(float(distance.mean())) < 0.01
    assert float(distance.std()) < 0.02
    middle = field.distances(torch.zeros(1, 3)) + 0.4
    assert 0 < float(middle) < 32 * math.log(2) / 100 * math.sqrt(math.pi / 32)


def test_the_same_seed_gives_the_same_numbers():
    one, other = initial(SHAPE, 3), initial(SHAPE, 3)
    assert torch.equal(one.table, other.table)
    assert torch.equal(one.first, other.first)
    assert not torch.equal(one.table, initial(SHAPE, 4).table)


def test_taps_are_distances_at_the_stencils_points():
    field = PlainField(SHAPE).double()
    stencil, h = central_gradient(), 0.05
    x = torch.rand(20, 3, dtype=torch.float64) - 0.5
    taps = field.taps(x, stencil, h)
    for offset, values in zip(stencil.offsets, taps, strict=True):
        torch.testing.assert_close(
            values, field.distances(x + h * torch.tensor(offset))
        )


def test_slopes_agree_with_differences_that_have_error_bars():
    field = PlainField(SHAPE).double()
    with torch.no_grad():
        field.table.normal_(0, 0.1, generator=torch.Generator().manual_seed(0))
    x = torch.tensor([[0.31, -0.22, 0.43], [0.11, 0.52, -0.37]], dtype=torch.float64)
    report = check(lambda p: field.outputs(p)[0].sum(), x, gradient=field.slopes(x))
    report.require()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"hidden": 12}, "a positive multiple of 8, got 12"),
        ({"features": 0}, "features must be at least 1"),
        ({"radius": 1.5}, "radius must lie between 0 and 1, got 1.5"),
        ({"radius": math.nan}, "radius must lie between"),
    ],
)
def test_sizes_that_cannot_be_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        FieldShape(**wrong)
