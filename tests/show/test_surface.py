"""The pictures of the study show the numbers of the study."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from clinometer import InputError
from clinometer.show.surface import PANELS, draw_panel, draw_study
from clinometer.surface.study import Study, along, bias, reached, smoothing


@pytest.fixture(scope="module")
def found():
    """Few samples: what is drawn is compared with these very numbers."""
    return Study(along(), reached(samples=2), smoothing(points=500), bias(points=100))


def lines(found, name):
    """Lines of a panel by their labels."""
    axes = Figure().add_subplot()
    PANELS[name](axes, found)
    return axes, {line.get_label(): line for line in axes.get_lines()}


def test_the_slopes_along_the_line_are_drawn_and_every_face_near_the_middle(found):
    axes, drawn = lines(found, "along")
    unit = found.along.analytical.std()
    labels = ["analytical", "step 0.25 cell", "step 1 cell", "step 2 cells"]
    slopes = [found.along.analytical, *found.along.numerical.values()]
    for label, slope in zip(labels, slopes, strict=True):
        np.testing.assert_allclose(drawn[label].get_ydata(), slope / unit)
    faces = {
        round(float(line.get_xdata()[0]), 6)
        for line in axes.get_lines()
        if len(line.get_xdata()) == 2
    }
    assert set(range(-3, 4)) <= faces


def test_entries_are_drawn_against_the_reach_in_cells(found):
    _, drawn = lines(found, "reached")
    assert set(drawn) == {"analytical", "4 taps", "6 taps"}
    six = drawn["6 taps"]
    np.testing.assert_array_equal(six.get_xdata(), found.reached.cells)
    np.testing.assert_array_equal(six.get_ydata(), found.reached.entries["central"])


def test_smoothing_is_drawn_beside_its_theory(found):
    axes, drawn = lines(found, "smoothing")
    measured, theory = drawn["measured"], drawn["by theory"]
    np.testing.assert_array_equal(measured.get_ydata(), found.smoothing.left)
    np.testing.assert_array_equal(theory.get_ydata(), found.smoothing.theory)
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_the_orders_of_the_errors_stand_in_the_legend(found):
    _, drawn = lines(found, "bias")
    assert {"6 taps, order 2.0", "4 taps, order 1.0"} <= set(drawn)
    foretold = drawn["by moments"].get_ydata()
    np.testing.assert_array_equal(foretold, found.bias.moments["tetrahedral"])


def test_the_picture_is_written(found, tmp_path):
    path = draw_study(found, tmp_path / "new" / "study.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_one_panel_is_drawn_alone_and_an_unknown_one_refused(found, tmp_path):
    one, two = (draw_panel(found, "bias", tmp_path / f"{i}.svg") for i in range(2))
    assert one.read_text() == two.read_text()
    with pytest.raises(InputError, match="along, reached, smoothing, bias"):
        draw_panel(found, "curvature", tmp_path / "none.png")
