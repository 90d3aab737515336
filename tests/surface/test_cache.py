"""The cache of distances: what it holds, and where it puts samples."""

import pytest
import torch

from clinometer.surface.cache import LOOKS, SIDE, DistanceCache
from clinometer.surface.field import FieldShape, PlainField
from clinometer.surface.grid import Grid
from clinometer.surface.pixels import Rays


@pytest.fixture(scope="module")
def cache():
    cache = DistanceCache(torch.device("cpu"))
    cache.renew(PlainField(FieldShape(Grid(levels=2, coarsest=4, finest=8))), 0)
    return cache


def head_on(count):
    """Rays along z through the middle: an untrained sphere is met at t = 1.5."""
    origin = torch.tensor([0.01, 0.02, -2.0]).repeat(count, 1)
    direction = torch.tensor([0.0, 0.0, 1.0]).repeat(count, 1)
    near, far = torch.full((count,), 1.0), torch.full((count,), 3.0)
    view = torch.zeros(count, dtype=torch.long)
    return Rays(origin, direction, near, far, origin, None, view)


def test_it_knows_the_field_between_its_places(cache):
    """Interpolation of a smooth distance is off by its bend over a cell, at most."""
    x = torch.rand(500, 3, generator=torch.Generator().manual_seed(0)) - 0.5
    field = PlainField(FieldShape(Grid(levels=2, coarsest=4, finest=8)))
    assert float((cache.look(x) - field.distances(x)).abs().max()) < 2 / SIDE


@pytest.mark.parametrize("draw", [None, 0])
def test_samples_gather_at_the_surface_and_ascend(cache, draw):
    draw = None if draw is None else torch.Generator().manual_seed(draw)
    t = cache.place(head_on(50), 16, sharpness=200.0, draw=draw)
    assert t.shape == (50, 16)
    assert bool((t[:, 1:] >= t[:, :-1]).all())
    # two of the places looked at lie 2 / LOOKS apart
    close = (t - 1.5).abs() < 3 * 2 / LOOKS
    assert float(close.float().mean()) > 0.7
    assert float(t.min()) >= 1.0
    assert float(t.max()) <= 3.0


def test_samples_spread_where_there_is_no_surface(cache):
    aside = head_on(20)
    away = Rays(
        aside.origin + torch.tensor([0.8, 0.0, 0.0]),
        aside.direction,
        aside.near + 0.4,
        aside.far - 0.4,
        aside.colour,
        None,
        aside.view,
    )
    t = cache.place(away, 16, sharpness=200.0, draw=None)
    gaps = t[:, 1:] - t[:, :-1]
    assert float(gaps.max()) < 4 * float(gaps.mean())


def test_the_closest_a_ray_comes_is_found(cache):
    assert float(cache.closest(head_on(1))) < -0.3


def test_near_cells_are_renewed_more_often_than_all(cache):
    before = cache.values.clone()
    other = PlainField(FieldShape(Grid(levels=2, coarsest=4, finest=8), radius=0.3))
    cache.renew(other, 16)
    changed = (cache.values != before).nonzero()[:, 0]
    assert 0 < len(changed) < SIDE**3 / 4
    assert float(before[changed].abs().max()) < 0.15
    cache.renew(other, 256)
    assert int((cache.values != before).sum()) > len(changed)
