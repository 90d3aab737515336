"""The field before the package's own checks of gradients, as a user would ask them."""

import pytest
import torch
from torch.func import functional_call

from clinometer import Verdict, check
from clinometer.stencil import tetrahedral
from tests.surface.kernel.fields import SHAPES, inner, pair, points


class Model(torch.nn.Module):
    """All that a field gives at some points."""

    def __init__(self, field, x):
        super().__init__()
        self.field, self.x = field, x

    def forward(self):
        """Distances, features, taps and slopes."""
        return (
            *self.field.outputs(self.x),
            self.field.taps(self.x, tetrahedral(), 0.1),
            self.field.slopes(self.x),
        )


@pytest.fixture
def model():
    _, fused = pair(SHAPES["small"])
    return Model(fused, inner(points(20), fused.shape))


def test_its_gradients_agree_with_measured_ones(model):
    def f(parameters):
        return functional_call(model, parameters, ())

    report = check(f, dict(model.named_parameters()))

    assert report.verdict is Verdict.AGREES, str(report)
