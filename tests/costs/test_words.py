"""Counts and times are short and keep their size."""

import pytest

from clinometer.costs.words import duration, multiple, short


@pytest.mark.parametrize(
    ("count", "text"),
    [(7, "7"), (999, "999"), (1_000, "1k"), (37_888, "37.9k"), (2.5e12, "2.5T")],
)
def test_a_count_is_shown_in_three_digits(count, text):
    assert short(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3.14e-8, "0.031 µs"),
        (2e-4, "200 µs"),
        (0.0031, "3.1 ms"),
        (59, "59 s"),
        (90, "1.5 min"),
        (1e6, "12 d"),
    ],
)
def test_a_time_is_shown_in_two_digits(seconds, text):
    assert duration(seconds) == text


def test_a_large_ratio_has_commas():
    assert [multiple(2.149), multiple(37_888.4)] == ["2.15", "37,888"]
