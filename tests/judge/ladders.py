"""Rows of a ladder for functions of one variable, as the judge gets them."""

import numpy as np

from clinometer.judge import rows_of
from clinometer.ladder import Ladder, coordinates
from clinometer.trees import Layout

WIDE = Ladder.of(2.0**-53)
"""The ladder of float64."""


def steps(ladder=WIDE, scale=1.0):
    """(R) every step of a ladder at x = 0."""
    layout = Layout.of(0.0)
    lines = coordinates(layout, np.zeros(1), np.array([scale]))
    return ladder.steps(lines)[:, 0]


def sampled(f, rows=None, *, ladder=WIDE, scale=1.0, count=1, roundoff=2.0**-53):
    """Rows of f(t) at t = 0 where only some rows were evaluated; C = count times.

    f : function of an array of t, of any shape; a noisy one is drawn for each of C.
    rows : numbers of the rows evaluated; without it those tried first.
    """
    chosen = ladder.start if rows is None else rows
    h = steps(ladder, scale)[:, None] * np.ones(count)
    values = np.full((3, *h.shape), np.nan)
    where = np.array(sorted(chosen))
    values[0, where], values[2, where] = f(-h[where]), f(h[where])
    values[1] = f(np.zeros(count))
    return rows_of(values, np.stack([-h, h]), roundoff)


def window(f, *, scale=1.0, count=1):
    """The four rows tried first, alone, as `settle` gets them."""
    h = steps(scale=scale)[np.array(WIDE.start), None] * np.ones(count)
    here = f(np.zeros(count)) * np.ones_like(h)
    return rows_of(np.stack([f(-h), here, f(h)]), np.stack([-h, h]), 2.0**-53)
