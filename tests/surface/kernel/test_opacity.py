"""Weights along rays by the kernel against plain PyTorch in float64."""

import pytest
import torch

import clinometer as cm
from clinometer.surface.kernel.opacity import fused_weights
from clinometer.surface.kernel.rays import ray_library
from clinometer.surface.opacity import weights
from tests.surface.kernel.fields import off

TOLERANCE = 1e-5
"""Of the largest number: exponents are sums of a few float32 numbers up to some tens,
each rounded to 6e-8 of itself."""


@pytest.fixture(scope="module")
def library():
    library = ray_library(15, 64)
    library.use_threads(1)
    yield library
    library.use_threads(1)


def rows(count, samples, *, seed=0):
    """Distances that fall and rise along rays, some of them faster than they may."""
    draw = torch.Generator().manual_seed(seed)
    t = torch.rand(count, samples, generator=draw).sort(dim=1)[0] * 2
    steps = torch.randn(count, samples, generator=draw) * 1.2 - 0.5
    way = torch.diff(t, dim=1, prepend=t[:, :1])
    return 0.3 + (steps * way).cumsum(dim=1), t


def pulled(f, distance, t, sharpness):
    """Weights, and gradients of their sum with fixed factors."""
    distance = distance.clone().requires_grad_()
    sharpness = torch.tensor(sharpness, dtype=t.dtype, requires_grad=True)
    weight = f(distance, t, sharpness)
    (weight * factors(weight)).sum().backward()
    return weight, distance.grad, sharpness.grad


def by_kernel(library):
    return lambda distance, t, k: fused_weights(library, distance, t, sharpness=k)


def factors(weight):
    draw = torch.Generator().manual_seed(7)
    return torch.randn(weight.shape, generator=draw).to(weight.dtype)


def require_same(library, distance, t, sharpness, tolerance=TOLERANCE):
    """That by the sharpness is a sum over rays, off by a part of all that is summed."""
    got = pulled(by_kernel(library), distance, t, sharpness)
    distance, t = distance.double(), t.double()
    expected = pulled(weights, distance, t, sharpness)
    for one, other in zip(got[:2], expected[:2], strict=True):
        assert one.shape == other.shape
        assert off(one, other) < tolerance
    by_ray = torch.full((len(t), 1), sharpness, dtype=t.dtype, requires_grad=True)
    weight = weights(distance, t, by_ray)
    (weight * factors(weight)).sum().backward()
    summed = float(by_ray.grad.abs().sum())
    assert abs(float(got[2] - expected[2])) < tolerance * summed


@pytest.mark.parametrize("sharpness", [1.0, 20.0, 200.0])
@pytest.mark.parametrize("samples", [2, 9, 16, 32, 77])
def test_weights_and_gradients_are_those_of_the_plain_ones(library, samples, sharpness):
    distance, t = rows(203, samples)
    require_same(library, distance, t, sharpness)


def test_deep_inside_what_divides_is_bounded_as_in_the_plain_ones(library):
    """Φ falls below 1e-12, and light has been stopped altogether before."""
    t = torch.linspace(0, 1, 16)[None]
    distance = 0.4 - t
    # the largest exponent is 60, rounded to 4e-6
    require_same(library, distance, t, 100.0, 2 * TOLERANCE)


def test_places_that_coincide_stop_nothing(library):
    t = torch.tensor([[0.0, 0.5, 0.5, 0.5, 1.0]])
    distance = torch.tensor([[0.3, -0.1, -0.1, -0.1, -0.4]])
    require_same(library, distance, t, 30.0)


def test_what_is_not_a_number_stays_so(library):
    distance, t = rows(3, 16)
    distance[1, 4] = float("nan")
    found = fused_weights(library, distance, t, sharpness=torch.tensor(20.0))
    assert bool(found[1].isnan().any())
    assert bool(found[[0, 2]].isfinite().all())


def test_threads_change_nothing(library):
    distance, t = rows(203, 16)

    def found():
        return pulled(by_kernel(library), distance, t, 50.0)

    one = found()
    library.use_threads(3)
    two = found()
    library.use_threads(1)
    assert all(a.equal(b) for a, b in zip(one, two, strict=True))


def test_clinometer_finds_the_gradient_right(library):
    """Along random directions, and roughly: differences of float32 are noisy."""
    t = torch.linspace(0, 1, 12).repeat(3, 1)
    draw = torch.Generator().manual_seed(1)
    distance = 0.4 - t + 0.02 * torch.randn(3, 12, generator=draw)
    factor = torch.arange(36).reshape(3, 12) / 36

    def f(x):
        return (
            fused_weights(library, x["distance"], t, sharpness=x["k"]) * factor
        ).sum()

    report = cm.check(
        f, {"distance": distance, "k": torch.tensor(20.0)}, rtol=0.1, entries=0
    )
    assert report.verdict is cm.Verdict.AGREES, str(report)
