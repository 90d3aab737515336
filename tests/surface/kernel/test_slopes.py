"""The analytical gradient of the fused field against the plain one in float64."""

import pytest
import torch

from clinometer.surface.kernel import FusedField
from tests.surface.kernel.fields import BEYOND, SHAPES, inner, off, pair, points

TOLERANCE = 1e-5
"""Of the largest number; sums of float32 numbers, each rounded to 6e-8."""


def backward_of(field, x, pull):
    slope = field.slopes(x)
    field.zero_grad()
    (slope * pull.to(slope.dtype)).sum().backward()
    return {name: p.grad for name, p in field.named_parameters()}


def pull_of(x, seed=3):
    return torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))


def compared(plain, fused, x, bound):
    """Slopes and their gradients on both sides, these to a bound; the fused ones'."""
    pull = pull_of(x)
    assert off(fused.slopes(x), plain.slopes(x.double())) < TOLERANCE
    expected = backward_of(plain, x.double(), pull)
    got = backward_of(fused, x, pull)
    for name in ("table", "first", "first_bias", "second"):
        assert off(got[name], expected[name]) < bound, name
    return got


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("seed", [0, 1])
def test_slopes_and_their_gradients_are_those_of_the_plain_field(shape, seed):
    plain, fused = pair(shape, seed=seed)
    got = compared(
        plain, fused, inner(points(400, seed=seed, reach=1.0), shape), TOLERANCE
    )
    assert not got["second_bias"].any()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_outside_of_the_grid_the_nearest_cell_is_prolonged(shape):
    plain, fused = pair(shape)
    x = inner(points(2000), shape)
    compared(plain, fused, x[x.abs().amax(dim=1) > 1], BEYOND)


@pytest.mark.parametrize("active", range(1, 6))
def test_closed_levels_count_for_nothing(active):
    shape = SHAPES["small"]
    plain, fused = pair(shape, active=active)
    x = inner(points(100, reach=1.0), shape)

    got = compared(plain, fused, x, TOLERANCE)

    assert not got["table"][shape.grid.starts[active] :].any()


@pytest.mark.parametrize("n", [0, 1, 47, 48, 97])
def test_any_number_of_points_will_do(n):
    plain, fused = pair(SHAPES["small"])
    x = points(n, reach=1.0)

    got = backward_of(fused, x, pull_of(x))

    assert fused.slopes(x).shape == (n, 3)
    if n:
        expected = backward_of(plain, x.double(), pull_of(x))
        assert off(got["table"], expected["table"]) < TOLERANCE


def test_results_do_not_depend_on_threads_nor_on_chance():
    _, fused = pair(SHAPES["default"], threads=1)
    x = points(1000)

    once = backward_of(fused, x, pull_of(x))
    for threads in (1, 2, 5):
        fused.use_threads(threads)
        for name, again in backward_of(fused, x, pull_of(x)).items():
            assert torch.equal(once[name], again), (threads, name)


def test_without_a_record_they_are_the_same():
    fused = FusedField(SHAPES["small"])
    x = points(60)

    with torch.no_grad():
        silent = fused.slopes(x)

    assert torch.equal(silent, fused.slopes(x))
