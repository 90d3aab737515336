"""Samples placed by the kernel against plain PyTorch in float64."""

import pytest
import torch

from clinometer.surface.cache import LOOKS, UNCERTAIN, PlainMarcher
from clinometer.surface.kernel.march import FusedMarcher
from clinometer.surface.kernel.rays import ray_library
from clinometer.surface.pixels import Rays

TOLERANCE = 1e-5
"""Of the largest distance: interpolation of float32 numbers, each rounded to 6e-8, at
places that float32 rounds to 1e-5 of a cell."""

PLACED = 1e-4
"""Of the largest t: a weight is off by 1e-6 at most, and the running sum rises by
`always` / LOOKS = 4e-4 at least in a step of 2 / LOOKS: 1e-6 * 0.04 / 4e-4."""

SIDE = 24


@pytest.fixture(scope="module")
def fused():
    library = ray_library(15, 64)
    library.use_threads(1)
    yield FusedMarcher(library)
    library.use_threads(1)


def lattice(seed=0):
    """A bumpy sphere of radius 0.6."""
    draw = torch.Generator().manual_seed(seed)
    middle = (torch.arange(SIDE) + 0.5) / SIDE * 2 - 1
    z, y, x = torch.meshgrid(middle, middle, middle, indexing="ij")
    bumps = 0.02 * torch.randn(SIDE, SIDE, SIDE, generator=draw)
    return (x**2 + y**2 + z**2).sqrt() - 0.6 + bumps


def rays(count, seed=0):
    """Through the ball, some beside the lattice's outermost middles."""
    draw = torch.Generator().manual_seed(seed)
    target = torch.rand(count, 3, generator=draw) * 1.6 - 0.8
    origin = torch.nn.functional.normalize(torch.randn(count, 3, generator=draw), dim=1)
    way = target - 3 * origin
    direction = way / way.norm(dim=1, keepdim=True)
    near = torch.full((count,), 1.9)
    view = torch.zeros(count, dtype=torch.long)
    return Rays(3 * origin, direction, near, near + 2.2, origin, None, view)


def doubled(some):
    return Rays(
        some.origin.double(),
        some.direction.double(),
        some.near.double(),
        some.far.double(),
        some.colour,
        None,
        some.view,
    )


def shares(rows, count, seed):
    draw = torch.Generator().manual_seed(seed)
    return (torch.arange(count) + torch.rand(rows, count, generator=draw)) / count


def test_the_closest_is_that_of_the_plain_marcher(fused):
    share = (torch.arange(13) + 0.5) / 13
    got = fused.closest(lattice(), rays(301), share)
    expected = PlainMarcher().closest(
        lattice().double(), doubled(rays(301)), share.double()
    )
    assert float((got - expected).abs().max()) < TOLERANCE


@pytest.mark.parametrize("sharpness", [20.0, 140.0])
@pytest.mark.parametrize("looks", [LOOKS, 37])
@pytest.mark.parametrize("seed", [0, 1])
def test_places_are_those_of_the_plain_marcher(fused, sharpness, looks, seed):
    looked, share = shares(301, looks, seed), shares(301, 16, seed + 5)
    got = fused.place(
        lattice(seed),
        rays(301, seed),
        looked=looked,
        share=share,
        sharpness=sharpness,
        uncertain=UNCERTAIN,
    )
    expected = PlainMarcher().place(
        lattice(seed).double(),
        doubled(rays(301, seed)),
        looked=looked.double(),
        share=share.double(),
        sharpness=sharpness,
        uncertain=UNCERTAIN,
    )
    assert got.shape == expected.shape
    assert bool((got[:, 1:] >= got[:, :-1]).all())
    away = (got - expected).abs()
    assert float(away.max()) < PLACED * 4.1
    assert float(away.mean()) < TOLERANCE


def test_threads_change_nothing(fused):
    looked, share = shares(301, LOOKS, 0), shares(301, 16, 1)

    def placed():
        return fused.place(
            lattice(),
            rays(301),
            looked=looked,
            share=share,
            sharpness=90.0,
            uncertain=UNCERTAIN,
        )

    one = placed()
    fused._library.use_threads(3)
    assert placed().equal(one)


def test_what_is_not_a_number_breaks_nothing(fused):
    """Rays that are spoilt stay so; the others are placed as without them."""
    some, share = rays(40), (torch.arange(12) + 0.5) / 12
    before = fused.closest(lattice(), some, share)
    some.origin[3] = float("nan")
    some.direction[7] = float("inf")
    after = fused.closest(lattice(), some, share)
    others = [i for i in range(40) if i not in {3, 7}]
    assert after[others].equal(before[others])
