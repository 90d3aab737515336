"""Weights along a ray: against formulas of light that is stopped bit by bit."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from clinometer.surface.opacity import weights


def ray(count, start, end):
    """A ray that meets a plane at t = 0.5 head on: its distance falls by its way."""
    t = torch.linspace(start, end, count, dtype=torch.float64)[None]
    return 0.5 - t, t


@pytest.mark.parametrize("sharpness", [20.0, 200.0, 2000.0])
def test_all_light_is_stopped_at_a_plane_and_seen_there(sharpness):
    """What passes is Φ(end) / Φ(start); the mean depth is that of a soft edge."""
    distance, t = ray(2001, 0.0, 1.0)
    found = weights(distance, t, torch.tensor(sharpness))
    passed = 1 - float(found.sum())
    logistic = expit(sharpness * np.array([-0.5, 0.5]))
    assert passed == pytest.approx(logistic[0] / logistic[1], abs=1e-9)
    depth = float((found * t).sum() / found.sum())
    # the peak of NeuS's weights lies at the plane; their mean within 1 / sharpness
    assert abs(depth - 0.5) < 1 / sharpness


def test_a_ray_that_leaves_the_surface_sees_nothing():
    distance, t = ray(50, 0.0, 1.0)
    assert float(weights(-distance, t, torch.tensor(100.0)).abs().max()) == 0


def test_the_nearer_of_two_walls_hides_the_other():
    t = torch.linspace(0, 3, 601, dtype=torch.float64)[None]
    distance = 0.5 - (t % 1.5).clamp(max=1.0)  # falls through 0 at 0.5, and at 2
    found = weights(distance, t, torch.tensor(300.0))
    assert float(found[0, t[0] < 1].sum()) > 0.999
    assert float(found[0, t[0] > 1.6].sum()) < 1e-3


def test_rows_are_shares():
    draw = torch.Generator().manual_seed(0)
    distance = torch.randn(300, 16, generator=draw)
    t = torch.rand(300, 16, generator=draw).sort(dim=1)[0]
    found = weights(distance, t, torch.tensor(50.0))
    assert float(found.min()) >= 0
    assert float(found.sum(dim=1).max()) <= 1 + 1e-6


def test_it_can_be_trained_through():
    draw = torch.Generator().manual_seed(1)
    t = torch.linspace(0, 1, 8, dtype=torch.float64).repeat(3, 1)
    distance = 0.4 - t + 0.05 * torch.randn(3, 8, dtype=torch.float64, generator=draw)
    distance.requires_grad_()
    sharpness = torch.tensor(20.0, dtype=torch.float64, requires_grad=True)
    mixed = torch.arange(8, dtype=torch.float64)

    def f(d, k):
        return weights(d, t, k) @ mixed

    assert torch.autograd.gradcheck(f, (distance, sharpness))
