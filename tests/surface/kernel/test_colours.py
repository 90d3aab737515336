"""Colours that rays see by the kernel against plain PyTorch in float64."""

import dataclasses

import pytest
import torch

import clinometer as cm
from clinometer.surface.colour import ColourNetwork
from clinometer.surface.kernel.colours import Placed, fused_colours
from clinometer.surface.kernel.rays import ray_library
from clinometer.surface.render import composite
from tests.surface.kernel.fields import off

TOLERANCE = 1e-5
"""Of the largest number: sums of some hundred float32 numbers, each rounded to 6e-8."""

NAMES = "gradient", "features", "weight"


def question(rays, samples, share, *, features=15, seed=0):
    """Points on rays, of which a share is shown, and what the field says of them."""
    draw = torch.Generator().manual_seed(seed)
    points = rays * samples
    direction = torch.randn(rays, 3, generator=draw)
    sloped = torch.rand(points, generator=draw) < min(1.0, share + 0.1)
    where = sloped.nonzero()[:, 0]
    seen = (torch.rand(len(where), generator=draw) < share / (share + 0.1)).nonzero()
    placed = Placed(
        torch.rand(points, 3, generator=draw) * 2 - 1,
        direction / direction.norm(dim=1, keepdim=True),
        samples,
        at=where[seen[:, 0]],
        sloped=seen[:, 0],
    )
    given = {
        "gradient": torch.randn(len(where), 3, generator=draw),
        "features": torch.randn(points, features, generator=draw),
        "weight": torch.rand(points, generator=draw),
    }
    return placed, given


def network(features, width=64):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        made = ColourNetwork(features, width)
        # biases of a fresh layer are small; these matter
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return made


def fused(made, placed, given):
    library = ray_library(given["features"].shape[1], made.width)
    return fused_colours(library, placed, **given, parameters=tuple(made.parameters()))


def pulled(f, made, placed, given):
    """Colours, and gradients of their sum with fixed factors by everything."""
    given = {name: given[name].clone().requires_grad_() for name in NAMES}
    made.zero_grad()
    colour = f(made, placed, given)
    draw = torch.Generator().manual_seed(5)
    factor = torch.randn(colour.shape, generator=draw).to(colour.dtype)
    (colour * factor).sum().backward()
    found = {name: value.grad for name, value in given.items()}
    found |= {name: p.grad.clone() for name, p in made.named_parameters()}
    return {"colour": colour, **found}


def plainly(made, placed, given):
    return composite(made, placed, **given)


def doubled(made, placed, given):
    wide = ColourNetwork(given["features"].shape[1], made.width).double()
    wide.load_state_dict(made.state_dict())
    placed = dataclasses.replace(
        placed, x=placed.x.double(), direction=placed.direction.double()
    )
    return wide, placed, {name: value.double() for name, value in given.items()}


@pytest.mark.parametrize(
    ("rays", "samples", "share", "features", "width"),
    [
        (301, 16, 0.3, 15, 64),
        (7, 5, 0.5, 15, 64),
        (40, 16, 0.9, 3, 32),
        (33, 8, 0.5, 18, 48),
    ],
)
def test_colours_and_gradients_are_those_of_the_plain_ones(
    rays, samples, share, features, width
):
    placed, given = question(rays, samples, share, features=features)
    made = network(features, width)
    got = pulled(fused, made, placed, given)
    expected = pulled(plainly, *doubled(made, placed, given))
    assert got.keys() == expected.keys()
    for name, value in got.items():
        assert off(value, expected[name]) < TOLERANCE, name


def test_where_nothing_is_shown_all_is_black():
    placed, given = question(9, 4, 0.5)
    none = torch.zeros(0, dtype=torch.long)
    placed = dataclasses.replace(placed, at=none, sloped=none)
    got = pulled(fused, network(15), placed, given)
    assert all(float(value.detach().abs().max()) == 0 for value in got.values())


def test_threads_change_nothing():
    placed, given = question(301, 16, 0.3)
    made, library = network(15), ray_library(15, 64)
    library.use_threads(1)
    one = pulled(fused, made, placed, given)
    library.use_threads(3)
    two = pulled(fused, made, placed, given)
    library.use_threads(1)
    assert all(one[name].equal(two[name]) for name in one)


def test_clinometer_finds_the_gradient_right():
    """Along random directions, and roughly: differences of float32 are noisy."""
    placed, given = question(6, 4, 0.6, features=3)
    made = network(3, 16)
    factor = torch.linspace(-1, 1, 18).reshape(6, 3)

    def f(x):
        return (fused(made, placed, x) * factor).sum()

    report = cm.check(f, given, rtol=0.1, entries=0)
    assert report.verdict is cm.Verdict.AGREES, str(report)
