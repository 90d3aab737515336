"""Sets of places in words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinometer.check.words import Box, boxes_in_words, places_in_words


def _wrong(shape, *places):
    wrong = np.zeros(shape, np.bool_)
    for place in places:
        wrong[place] = True
    return wrong


@pytest.mark.parametrize(
    ("shape", "places", "said"),
    [
        ((6,), [np.s_[:]], "everywhere"),
        ((), [()], "everywhere"),
        ((6,), [3], "entry 3"),
        ((200,), [np.s_[128:]], "entries from 128 on"),
        ((200,), [np.s_[:10]], "entries 0 to 9"),
        ((200,), [np.s_[1::2]], "every 2nd entry from 1 to 199"),
        ((9, 5), [3], "row 3"),
        ((9, 5), [3, 7], "rows 3 and 7"),
        ((9, 5), [np.s_[:, 0]], "column 0"),
        ((9, 5), [np.s_[:, 2:]], "columns from 2 on"),
        ((9, 8), [np.s_[:, ::2]], "every 2nd column from 0 to 6"),
        ((9, 5), [np.s_[2:4, 1:3]], "the block [2:4, 1:3]"),
        ((9, 5), [np.s_[2, 1:3]], "the block [2, 1:3]"),
        ((9, 5), [(0, 0), (3, 4)], "[0, 0] and [3, 4]"),
        ((4, 5, 6), [np.s_[:, 2]], "index of axis 1: 2"),
        ((4, 5, 6), [np.s_[:, 2:4]], "indices of axis 1: 2 and 3"),
    ],
)
def test_regular_sets_are_recognised(shape, places, said):
    assert places_in_words(_wrong(shape, *places)) == said


def test_irregular_sets_are_counted():
    wrong = _wrong((10, 10), (0, 1), (2, 2), (3, 9), (4, 4), (7, 1), (8, 8))
    said = "6 entries: [0, 1], [2, 2], [3, 9], [4, 4], [7, 1], …"
    assert places_in_words(wrong) == said


def test_nothing_wrong_needs_no_words():
    assert places_in_words(_wrong((3, 4))) == ""


@given(
    shape=st.lists(st.integers(2, 6), min_size=1, max_size=3),
    data=st.data(),
)
def test_a_box_is_called_the_same_whether_it_is_a_mask_or_ranges(shape, data):
    ranges: list[tuple[int, int]] = []
    for length in shape:
        start = data.draw(st.integers(0, length - 1))
        ranges.append((start, data.draw(st.integers(start + 1, length))))
    box = Box(tuple(ranges))
    said = places_in_words(_wrong(tuple(shape), box.index))
    assert boxes_in_words([box], tuple(shape)) == said
