"""Evidence made by hand: claims, slopes and bars without any function."""

import numpy as np

from clinometer.check.diagnose import LeafEvidence, diagnose

RANDOM = np.random.default_rng(11)


def evidence(a, n, x=None, *, path="x", bar=1e-11, rtol=1e-6, **more):
    """Evidence on one leaf: bars relative to the largest slope."""
    n = np.asarray(n, float)
    if x is None:
        x = np.random.default_rng(5).normal(size=n.shape)
    a, flat = np.asarray(a, float).ravel(), n.ravel()
    bars = np.full(n.size, bar * max(np.abs(flat).max(), 1e-300))
    with np.errstate(invalid="ignore"):
        gap = np.abs(a - flat)
        wrong = (gap > bars) & (gap > rtol * np.fmax(np.abs(a), np.abs(flat)))
    none = np.zeros(n.size, np.bool_)
    fields = {
        "path": path,
        "shape": n.shape,
        "x": np.asarray(x, float).ravel(),
        "analytic": a,
        "numerical": flat,
        "bar": bars,
        "wrong": wrong | np.isnan(a),
        "unclear": none,
        "kink": none,
        "one_sided": none,
        "rtol": rtol,
    }
    return LeafEvidence(**{**fields, **more})


def first(a, n, x=None, **more):
    """The first diagnosis of one leaf."""
    found = diagnose([evidence(a, n, x, **more)])
    assert found
    return found[0]


def slopes(*shape):
    """Random slopes."""
    return RANDOM.normal(size=shape)
