"""Numbers and tables in plain text."""

import math

import pytest

from clinometer.table import aligned, counted, digits, number, quantity, ratio


def test_columns_are_as_wide_as_their_widest_cell():
    assert aligned(["a", "bb"], [["long", "x"], ["s", "yyy"]]) == [
        "a     bb",
        "long  x",
        "s     yyy",
    ]


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1.23456789, 1e-3, "1.2346 ± 0.001"),
        (0.000123, 2e-5, "0.00012 ± 2e-05"),
        (3.0, 0.0, "3 ± 0"),
        (0.0, 1e-9, "0 ± 1e-09"),
        (1e-12, 1.0, "1e-12 ± 1"),
        (2 / 3, 1e-16, "0.666666667 ± 1e-16"),
        (None, math.inf, "not measured"),
    ],
)
def test_a_value_is_printed_no_longer_than_its_bar_allows(value, error, text):
    assert quantity(value, error) == text


def test_a_missing_number_is_a_dash():
    assert number(None) == "–"
    assert ratio(None, near=True) == "–"
    assert number(1 / 3) == "0.333333333"


@pytest.mark.parametrize(
    ("value", "near", "text"),
    [
        (0.5, True, "0.5"),
        (-2 / 3, False, "-0.66667"),
        (1 - 3.5e-6, True, "1-3.5e-06"),
        (1 - 3.5e-6, False, "1"),
    ],
)
def test_a_ratio_near_one_shows_how_near_if_asked(value, near, text):
    assert ratio(value, near=near) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 entries"), (1, "1 entry"), (1234, "1,234 entries")]
)
def test_nouns_follow_their_count(count, text):
    assert counted(count, "entry", "entries") == text


@pytest.mark.parametrize(
    ("resolution", "found"),
    [(0.0, 17), (2e-16, 15), (1e-3, 3), (0.5, 0), (7.0, 0), (math.inf, 0)],
)
def test_digits_are_whole_and_never_negative(resolution, found):
    assert digits(resolution) == found
