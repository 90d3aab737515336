"""What a report advises where it cannot tell."""

import numpy as np
import pytest

from clinometer.check import Verdict, check

X = np.array([[30.0, 0.0, 0.5], [31.0, 1.0, -1.0]])  # saturated: a loss of 2e-13


def _loss(z):
    return -np.log(np.exp(z[:, 0]) / np.exp(z).sum(1)).mean()


def _gradient(z):
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    p[:, 0] -= 1
    return p / len(z)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_float64_is_not_advised_where_f_was_evaluated_there(dtype):
    report = check(_loss, X.astype(dtype), gradient=_gradient(X))
    assert report.verdict is Verdict.CANNOT_TELL
    assert "evaluate f in float64" not in str(report)
    assert "cancellation" in str(report)
