"""Losses: on values made up by hand."""

import pytest
import torch

from clinometer.stencil import central_gradient
from clinometer.surface.losses import (
    colour_loss,
    composed,
    curvature_loss,
    eikonal_loss,
)
from clinometer.surface.model import Model
from clinometer.surface.pixels import Rays
from clinometer.surface.render import Rendered
from clinometer.surface.taps import Sloped


def seen(opacity, gradient, laplacian=None):
    opacity = torch.tensor(opacity)
    gradient = torch.tensor(gradient)
    laplacian = None if laplacian is None else torch.tensor(laplacian)
    red = torch.tensor([1.0, 0.0, 0.0])
    return Rendered(
        colour=opacity[:, None] * red,
        opacity=opacity,
        sloped=Sloped(gradient, laplacian),
        weight=opacity,
        ray=torch.arange(len(opacity)),
        depth=opacity,
    )


def rays(count, colour, mask=None):
    one = torch.tensor([0.0, 0.0, 1.0]).repeat(count, 1)
    return Rays(
        -2 * one,
        one,
        torch.ones(count),
        3 * torch.ones(count),
        torch.tensor(colour).repeat(count, 1),
        mask,
        torch.zeros(count, dtype=torch.long),
    )


@pytest.mark.parametrize(("background", "level"), [("white", 1.0), ("black", 0.0)])
def test_what_stands_behind_shows_where_the_surface_is_clear(small, background, level):
    model = Model(small, views=1, background=background)
    colour, target = composed(
        model,
        seen([0.25, 1.0], [[1.0, 0, 0]] * 2),
        rays(2, [0.1, 0.2, 0.3]),
        background=background,
        draw=torch.Generator(),
    )
    faint = [0.25 + 0.75 * level, 0.75 * level, 0.75 * level]
    torch.testing.assert_close(colour, torch.tensor([faint, [1.0, 0.0, 0.0]]))
    torch.testing.assert_close(target[0], torch.tensor([0.1, 0.2, 0.3]))


def test_chance_colours_show_on_both_sides_outside_of_a_mask(small):
    """A clear ray beside the mask costs nothing; a solid one there does."""
    model = Model(small, views=1, background="random")
    draw = torch.Generator().manual_seed(0)
    outside = rays(2, [0.5, 0.5, 0.5], mask=torch.zeros(2))
    colour, target = composed(
        model,
        seen([0.0, 1.0], [[1.0, 0, 0]] * 2),
        outside,
        background="random",
        draw=draw,
    )
    torch.testing.assert_close(colour[0], target[0])
    assert float((colour[1] - target[1]).abs().max()) > 0.1


def test_exposures_multiply_what_is_seen(small):
    model = Model(
        small.__class__(**{**vars(small), "exposure": True}),
        views=1,
        background="black",
    )
    with torch.no_grad():
        model.gains += torch.log(torch.tensor(2.0))
    colour, _ = composed(
        model,
        seen([0.25], [[1.0, 0, 0]]),
        rays(1, [0.0, 0.0, 0.0]),
        background="black",
        draw=torch.Generator(),
    )
    torch.testing.assert_close(colour, torch.tensor([[0.5, 0.0, 0.0]]))


def test_the_terms_are_the_means_that_their_equations_say():
    found = seen([1.0, 1.0], [[3.0, 0.0, 4.0], [0.0, 1.0, 0.0]], [-2.0, 6.0])
    assert float(eikonal_loss(found)) == pytest.approx((4.0**2 + 0) / 2)
    assert float(curvature_loss(found)) == pytest.approx(4.0)
    assert float(
        colour_loss(torch.tensor([[1.0, 0, 0]]), torch.zeros(1, 3))
    ) == pytest.approx(1 / 3)


def test_slack_lets_a_gradient_be_shorter_where_it_bends_and_nowhere_longer():
    found = seen([1.0] * 4, [[0.5, 0, 0]] * 3 + [[1.5, 0, 0]], [0.0, -2.0, 6.0, 6.0])
    # of 0.5 that it is short: all, 0.3, nothing; and 0.5 too long
    squares = 0.5**2, 0.3**2, 0.0, 0.5**2
    assert float(eikonal_loss(found, 0.1)) == pytest.approx(sum(squares) / 4)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_slack_takes_the_loss_off_an_edge_that_is_a_true_distance(sign):
    """Two planes at right angles, a ridge or a groove, with taps on both of them."""
    reach, stencil = 0.01, central_gradient()
    values = sign * torch.tensor(stencil.offsets * reach)[:, :2].amax(dim=1)
    gradient = stencil.combine(values[:, None], reach).T
    laplacian = stencil.laplacian(values[:, None], torch.zeros(1), reach)
    found = seen([1.0], gradient.tolist(), laplacian.tolist())
    assert float(eikonal_loss(found)) == pytest.approx((1 - 0.5**0.5) ** 2)
    assert float(eikonal_loss(found, 0.15 * reach)) == 0.0
    # half as long is more than the edge explains
    squeezed = seen([1.0], (gradient / 2).tolist(), laplacian.tolist())
    assert float(eikonal_loss(squeezed, 0.15 * reach)) > 0.1


def test_nothing_is_drawn_to_bend_so_that_it_may_be_short():
    found = seen([1.0], [[0.5, 0.0, 0.0]], [2.0])
    found.sloped.gradient.requires_grad_()
    assert found.sloped.laplacian is not None
    found.sloped.laplacian.requires_grad_()
    eikonal_loss(found, 0.1).backward()
    assert found.sloped.laplacian.grad is None
    # of (1 - |g| - slack |l|)², 0.3 short
    torch.testing.assert_close(
        found.sloped.gradient.grad, torch.tensor([[-0.6, 0.0, 0.0]])
    )


def test_without_a_laplacian_there_is_no_slack():
    found = seen([1.0], [[0.5, 0.0, 0.0]])
    assert float(eikonal_loss(found, 0.1)) == pytest.approx(0.25)


def test_a_bound_makes_large_laplacians_count_alike():
    found = seen([1.0] * 3, [[1.0, 0, 0]] * 3, [-30.0, 3000.0, 0.03])
    assert float(curvature_loss(found, 30.0)) == pytest.approx(
        (15.0 + 3000 / 101 + 0.03 / 1.001) / 3
    )


def test_hollows_may_count_less_than_bulges():
    found = seen([1.0] * 2, [[1.0, 0, 0]] * 2, [-20.0, 20.0])
    assert float(curvature_loss(found, hollows=0.25)) == pytest.approx((5 + 20) / 2)
    assert float(curvature_loss(found, hollows=0.0)) == pytest.approx(20 / 2)
    assert float(curvature_loss(found, 10.0, hollows=0.5)) == pytest.approx(
        (10 / 2 + 20 / 3) / 2
    )


def test_there_is_no_curvature_without_a_stencil():
    assert float(curvature_loss(seen([1.0], [[1.0, 0, 0]]))) == 0
