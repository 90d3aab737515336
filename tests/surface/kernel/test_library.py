"""The kernel's own functions, below the field."""

import math

import pytest
import torch

from clinometer.surface.field import SHARPNESS
from clinometer.surface.kernel.library import address, library_for, processors
from tests.surface.kernel.fields import SHAPES


@pytest.fixture
def softplus():
    library = library_for(SHAPES["default"])

    def values(z):
        value, slope = torch.empty_like(z), torch.empty_like(z)
        library.softplus(address(z), z.numel(), address(value), address(slope))
        return value, slope

    return values


@pytest.mark.parametrize("reach", [1e-3, 0.1, 1.0, 30.0])
def test_softplus_is_as_near_as_it_says(softplus, reach):
    """1e-8 + 2e-7 |z|, and its slope to 1e-6; truth is float64."""
    z = torch.linspace(-reach, reach, 2**14)
    sharp = z.double() * SHARPNESS
    truth = torch.logaddexp(sharp, torch.zeros_like(sharp)) / SHARPNESS

    value, slope = softplus(z)

    assert bool(((value - truth).abs() <= 1.2e-8 + 2e-7 * z.abs()).all())
    assert bool(((slope - sharp.sigmoid()).abs() <= 1e-6).all())


def test_softplus_passes_on_what_is_no_number(softplus):
    z = torch.zeros(64)
    z[5], z[6], z[7] = torch.nan, torch.inf, -torch.inf

    value, _ = softplus(z)

    assert value[5].isnan()
    assert value[6] == torch.inf
    assert value[7].abs() < 1e-12
    assert value[[0, 4, 8, 63]].tolist() == [value[0]] * 4
    assert value[0] == pytest.approx(math.log(2) / SHARPNESS, rel=2e-6)


def test_there_is_a_processor_to_compute_with():
    assert processors() >= 1
