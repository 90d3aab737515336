"""The study of the step, against formulas."""

import json
import math

import numpy as np
import pytest

from clinometer.surface.study import Study, along, bias, reached, smoothing


@pytest.fixture(scope="module")
def fine():
    """A line across 128 cells, so that means over faces are known well."""
    return along(256, points=2**14)


@pytest.fixture(scope="module")
def met():
    return reached()


@pytest.fixture(scope="module")
def biased():
    return bias()


# --- along a line -------------------------------------------------------------


def test_the_analytical_slope_is_constant_in_a_cell_and_jumps_at_its_faces():
    found = along(16)
    cell = np.searchsorted(found.faces, found.t)
    for number in range(cell.max() + 1):
        inside = found.analytical[cell == number]
        np.testing.assert_allclose(inside, inside[0], rtol=1e-12)
    assert len(np.unique(np.round(found.analytical, 9))) == cell.max() + 1


def test_the_analytical_slope_is_that_of_the_values():
    found = along(16)
    cell = np.searchsorted(found.faces, found.t)
    within = cell[1:] == cell[:-1]
    quotient = np.diff(found.value) / np.diff(found.t)
    np.testing.assert_allclose(
        *(quotient[within], found.analytical[1:][within]), rtol=1e-6, atol=1e-9
    )


def test_a_central_difference_is_the_mean_of_the_slope_over_its_width(fine):
    """By the trapezoidal rule, exact but at faces: there off by a jump a place."""
    cell = fine.faces[1] - fine.faces[0]
    spacing = fine.t[1] - fine.t[0]
    for step, slopes in fine.numerical.items():
        h = step * cell
        whole = np.concatenate(
            [[0], np.cumsum((fine.analytical[1:] + fine.analytical[:-1]) / 2)]
        )
        inside = (fine.t > fine.t[0] + h) & (fine.t < fine.t[-1] - h)
        ends = [np.interp(fine.t[inside] + s * h, fine.t, whole) for s in (1, -1)]
        mean = (ends[0] - ends[1]) * spacing / (2 * h)
        jump = np.abs(np.diff(fine.analytical)).max()
        faces = 2 * step + 2
        np.testing.assert_allclose(
            slopes[inside], mean, atol=faces * jump * spacing / (2 * h)
        )


def test_jumps_are_as_large_as_chance_makes_them(fine):
    """Neighbouring slopes a - b and b - c differ by a - 2 b + c, of variance 6, where
    the slopes have 2: a mean of sqrt(2 / pi) sqrt(6) / sqrt(2) = 1.38. The mean of
    |N(0, 1)| over n faces has a spread of 0.60 / sqrt(n), neighbours and the spread of
    the slopes itself about double that.
    """
    n = len(fine.faces)
    assert n == 127
    theory = math.sqrt(6 / math.pi)
    assert abs(fine.jumps - theory) < 3 * 2 * 0.6 * math.sqrt(3) / math.sqrt(n)


def test_a_difference_does_not_jump(fine):
    """Its own slope is (f'(t + h) - f'(t - h)) / 2 h, which is bounded."""
    cell = fine.faces[1] - fine.faces[0]
    widest = np.ptp(fine.analytical)
    for step, slopes in fine.numerical.items():
        steepest = np.abs(np.diff(slopes) / np.diff(fine.t)).max()
        assert steepest <= widest / (2 * step * cell) * (1 + 1e-6)


# --- entries that one sample moves --------------------------------------------


def test_an_analytical_gradient_moves_the_eight_corners_of_a_cell(met):
    assert met.entries["analytical"].tolist() == [8] * len(met.level)


def test_six_taps_move_24_more_for_each_cell_of_reach(met):
    """With a reach of c <= 1 cells, each tap leaves the cell in a share c of all
    places, and meets four new corners. 50 samples leave a spread of 4 sqrt(6 c) /
    sqrt(50) at most: four of those.
    """
    expected = 8 + 24 * met.cells
    spread = 4 * np.sqrt(6 * met.cells) / math.sqrt(50)
    assert (np.abs(met.entries["central"] - expected) < 4 * spread).all()
    assert met.entries["central"][-1] == 32  # a whole cell: every tap leaves


def test_four_taps_move_fewer_than_six_and_more_than_none(met):
    four = met.entries["tetrahedral"]
    assert (four > met.entries["analytical"]).all()
    assert (four < met.entries["central"]).all()


# --- smoothing ----------------------------------------------------------------


def test_what_a_step_leaves_is_what_theory_says():
    """20,000 places: a spread has an error of 1 / sqrt(40,000), a ratio of two about
    0.7 %; four of those.
    """
    found = smoothing()
    np.testing.assert_allclose(found.left, found.theory, rtol=0.028)


def test_the_theory_agrees_with_its_closed_forms():
    """Of the cubic B-spline R: sqrt(1 - h) for h <= 1/2, sqrt(1/6) / h from 1 on."""
    found = smoothing(points=100)
    h = found.cells
    small, large = h <= 0.5, h >= 1
    np.testing.assert_allclose(found.theory[small], np.sqrt(1 - h[small]), rtol=1e-12)
    np.testing.assert_allclose(found.theory[large], math.sqrt(1 / 6) / h[large])


# --- bias ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "order"), [("central", 2), ("tetrahedral", 1), ("flipped", 2)]
)
def test_the_error_falls_with_the_order_of_the_stencil(biased, way, order):
    assert biased.orders[way] == pytest.approx(order, abs=0.02)


def test_the_bias_of_four_taps_is_what_their_moments_foretell(biased):
    """The next term is of the third order and falls with the square of the reach."""
    ratio = biased.errors["tetrahedral"] / biased.moments["tetrahedral"] - 1
    assert (np.abs(ratio) < 0.1 * biased.steps**2 + 1e-9).all()


def test_six_taps_err_by_a_sixth_of_the_third_derivative(biased):
    """Which of sin x (sin y + sin z) is -cos x (sin y + sin z)."""
    x = np.random.default_rng(0).uniform(-1, 1, (2000, 3))
    sines = np.sin(x)
    third = np.cos(x) * (sines.sum(axis=1, keepdims=True) - sines)
    reach = biased.steps[-1]
    expected = reach**2 / 6 * math.sqrt((third**2).mean())
    assert biased.errors["central"][-1] == pytest.approx(expected, rel=1e-4)


# --- all four -----------------------------------------------------------------


def test_the_study_prints_and_is_json(fine, met, biased):
    found = Study(fine, met, smoothing(points=2000), biased)
    data = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert list(data) == ["along", "reached", "smoothing", "bias"]
    assert data["bias"]["orders"]["tetrahedral"] == pytest.approx(1, abs=0.02)
    text = str(found)
    assert "32.0" in text  # entries of six taps, one cell away
    assert "0.408" in text  # sqrt(1 / 6)
