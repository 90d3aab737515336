"""From distances along a ray to how much of it each sample stops."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["weights"]

STEEPEST = 1.5
"""Fall per length of the ray that counts: a distance falls by 1 at most, one in
training by a little more."""


def weights(distance: Tensor, t: Tensor, sharpness: Tensor) -> Tensor:
    """Share of the light that each sample of a ray stops.

    distance : (R, S) signed distances at the samples, in scene units.
    t : (R, S) places of the samples on their rays, ascending.
    sharpness : () k of the logistic function Φ(s) = 1 / (1 + exp(-k s)), in 1 / scene
        unit.
    Returns (R, S), not negative, each row's sum at most 1. Of an interval, half counts
    to either of its ends.
    Source: Wang et al. 2021 (NeuS), arXiv 2106.10689, equation 13: an interval stops
    max(0, (Φ(s₀) - Φ(s₁)) / Φ(s₀)) of what reaches it.
    """
    step = t[:, 1:] - t[:, :-1]
    fall = (distance[:, :-1] - distance[:, 1:]).clamp_min(0)
    fall = torch.minimum(fall, STEEPEST * step)
    middle = (distance[:, :-1] + distance[:, 1:]) / 2
    before = torch.sigmoid((middle + fall / 2) * sharpness)
    after = torch.sigmoid((middle - fall / 2) * sharpness)
    stopped = ((before - after) / before.clamp_min(1e-12)).clamp(0, 1)
    passed = torch.cumprod(1 - stopped, dim=1)
    reaching = torch.cat([torch.ones_like(passed[:, :1]), passed[:, :-1]], dim=1)
    half = reaching * stopped / 2
    none = torch.zeros_like(half[:, :1])
    return torch.cat([half, none], dim=1) + torch.cat([none, half], dim=1)
