"""Gaps between both sides of x that close where f is smooth, and not at a kink."""

import numpy as np
import pytest

from clinometer.judge.gaps import unclosed_gap, unresolved_gap
from clinometer.judge.rows import rows_of

STEPS = 4.0 ** -np.arange(1, 8)[:, None]
U = 2.0**-24


def rows(f):
    """The rows of f around 0, with f in float32's precision."""
    offsets = np.stack([-STEPS, STEPS])
    values = np.stack([f(-STEPS), np.full_like(STEPS, f(0.0)), f(STEPS)])
    return rows_of(values.astype(np.float32).astype(np.float64), offsets, U)


def noise(found):
    """Four roundings of one value in float32, as in f+ - 2 f(x) + f-."""
    return 4 * found.floor


@pytest.mark.parametrize("f", [np.exp, np.sin, lambda t: 1 + t - 3 * t**2])
def test_a_smooth_f_leaves_no_gap(f):
    found = rows(f)
    assert unresolved_gap(found, noise(found)) == 0
    # even quotients of exp, h = 1/4: (h**2 - h**2 / 16) / 12 = 0.5 % of f'' apart
    assert unclosed_gap(found)[0, 0] <= 0.006 * STEPS[1, 0]


@pytest.mark.parametrize("place", [0.0, 1e-6, -1e-6])
def test_a_kink_too_close_to_be_resolved_leaves_its_gap(place):
    found = rows(lambda t: 1 + 0.1 * t**2 + 0.3 * np.abs(t - place))
    # rounding over the finest step is 0.4 %, place over that step 2 %
    assert unresolved_gap(found, noise(found))[0] == pytest.approx(0.6, rel=0.03)


@pytest.mark.parametrize("place", [0.01, -0.01])
def test_a_kink_that_finer_rows_resolve_leaves_none(place):
    found = rows(lambda t: 1 + 0.1 * t**2 + 0.3 * np.abs(t - place))
    assert unresolved_gap(found, noise(found)) == 0
    # one row lies across the kink: half of its gap may be missing there
    assert unclosed_gap(found).max() > 0.2


def test_a_missing_row_leaves_its_neighbours_to_compare():
    found = rows(lambda t: 1 + 0.3 * np.abs(t))
    found.even[2] = np.nan
    gap = unclosed_gap(found)
    assert gap[2] == 0
    # f'' as of row 1 explains 1/16 of the gap of 0.6 two rows on
    assert gap[1, 0] == pytest.approx(0.6 * 15 / 16, rel=0.01)
