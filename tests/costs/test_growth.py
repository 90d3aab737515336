"""Where lines of cost meet."""

import math

import numpy as np
import pytest

from clinometer.costs import Growth, Way, cost, growth
from clinometer.errors import InputError
from clinometer.show.cost import draw_cost, draw_growth

N = np.array([10, 30, 100])
GROWN = Growth(
    N,
    {
        Way.BACKPROP: np.full(3, 2.5),
        Way.FORWARD: N + 1.0,
        Way.SPARSE: np.array([2.0, 3.0, 3.0]),
        Way.NODES: np.full(3, 4.0),
    },
)


@pytest.mark.parametrize(
    ("way", "workers", "n"),
    [
        (Way.FORWARD, 1, 1.5),  # n + 1 = 2.5, below the sizes seen
        (Way.FORWARD, 8, 19.0),  # (n + 1) / 8 = 2.5, between them
        (Way.SPARSE, 1, 20.0),  # halfway from 2 to 3
        (Way.NODES, 1, math.nan),  # parallel
        (Way.CENTRAL, 1, math.nan),  # not counted
        (Way.BACKPROP, 1, math.nan),
    ],
)
def test_the_break_even_is_where_the_lines_meet(way, workers, n):
    assert GROWN.break_even(way, workers) == pytest.approx(n, nan_ok=True)


def test_reports_of_one_size_tell_no_growth():
    report = cost(lambda x: (x**2).sum(), np.ones(3), timing=0, entries=0)

    with pytest.raises(InputError, match="two or more different n, got"):
        growth([report, report])


def test_both_pictures_are_drawn(tmp_path):
    report = cost(lambda x: (x**2).sum(), np.ones(3), timing=1e-3)

    bars = draw_cost(report, tmp_path / "new" / "bars.png")
    lines = draw_growth({"one": GROWN, "two": GROWN}, tmp_path / "lines.svg")

    assert bars.read_bytes().startswith(b"\x89PNG")
    assert "perturbation" in lines.read_text()


def test_a_report_without_times_or_counts_cannot_be_drawn(tmp_path):
    report = cost(lambda x: (x**2).sum(), np.ones(3), timing=0, entries=0)

    with pytest.raises(InputError, match="call cost with timing > 0"):
        draw_cost(report, tmp_path / "bars.png")
    with pytest.raises(InputError, match="one family or more, got none"):
        draw_growth({}, tmp_path / "lines.png")
