"""Gradients of a field by stencils: against a distance that is known."""

import pytest
import torch

from clinometer.errors import InputError
from clinometer.surface.taps import slopes, stencil_of


class Bowl:
    """The distance to a ball, as a field: its gradient is x / |x|, its laplacian 2 / r.

    Not a stand-in for a trained field, but one whose derivatives have formulas.
    """

    def taps(self, x, stencil, h):
        return stencil.points(x, h).norm(dim=-1) - 0.5

    def slopes(self, x):
        return x / x.norm(dim=1, keepdim=True)


X = torch.tensor([[0.3, 0.5, -0.2], [-0.4, 0.1, 0.6]], dtype=torch.float64)


@pytest.mark.parametrize("taps", ["central", "tetrahedral", "flipped", "analytical"])
def test_the_gradient_of_a_distance_has_length_one(taps):
    """Of 4 taps the error is of first order in h, h |∂²s / ∂y∂z| < h / r."""
    draw = torch.Generator().manual_seed(0)
    reach = 1e-3
    found = slopes(
        Bowl(), X, X.norm(dim=1) - 0.5, stencil=stencil_of(taps, draw), reach=reach
    )
    exact = X / X.norm(dim=1, keepdim=True)
    order_two = taps in {"central", "analytical"}
    bound = reach**2 if order_two else reach
    assert float((found.gradient - exact).abs().max()) < 4 * bound


@pytest.mark.parametrize("taps", ["central", "tetrahedral"])
def test_the_laplacian_of_a_distance_is_two_over_the_radius(taps):
    reach = 1e-2
    found = slopes(
        Bowl(), X, X.norm(dim=1) - 0.5, stencil=stencil_of(taps), reach=reach
    )
    assert found.laplacian is not None
    torch.testing.assert_close(
        found.laplacian, 2 / X.norm(dim=1), rtol=20 * reach, atol=0
    )


def test_taps_lie_as_far_away_as_reach_says():
    seen = []

    class Listening:
        def taps(self, x, stencil, h):
            points = stencil.points(x, h)
            seen.append((points - x).norm(dim=-1))
            return points.sum(dim=-1)

    for taps in ("central", "tetrahedral"):
        slopes(Listening(), X, X.sum(dim=1), stencil=stencil_of(taps), reach=0.07)
    for far in seen:
        torch.testing.assert_close(far, torch.full_like(far, 0.07))


def test_chance_takes_both_of_the_opposite_stencils():
    draw = torch.Generator().manual_seed(0)
    taken = {stencil_of("flipped", draw) for _ in range(20)}
    assert taken == {stencil_of("tetrahedral"), *taken}
    assert len(taken) == 2


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match="taps must be one of analytical, central"):
        stencil_of("octahedral")
