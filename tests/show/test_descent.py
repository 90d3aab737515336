"""The picture of descents is written, whatever can be counted of them."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from clinometer import InputError, minimise
from clinometer.descend import (
    Adam,
    CentralDifferences,
    ForwardDifferences,
    GradientDescent,
    Stop,
)
from clinometer.show import draw_descent


def traces(f):
    stop = Stop(iterations=5)
    return [
        minimise(f, np.ones(2), rule, slope, stop=stop)
        for rule in (GradientDescent(0.1), Adam())
        for slope in (ForwardDifferences(), CentralDifferences())
    ]


def test_negative_losses_are_drawn(tmp_path):
    found = traces(lambda x: (x**2).sum() - 5.0)

    path = draw_descent(found, tmp_path / "new" / "descent.png")

    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_svg_names_every_rule_and_slope_and_is_the_same_twice(tmp_path):
    found = traces(lambda x: (x**2).sum())

    one, two = (draw_descent(found, tmp_path / f"{i}.svg") for i in range(2))

    assert one.read_text() == two.read_text()
    assert ET.parse(one).getroot().tag.endswith("svg")


def test_without_a_trace_there_is_nothing_to_draw(tmp_path):
    with pytest.raises(InputError, match="at least one trace"):
        draw_descent([], tmp_path / "none.png")
