"""Which views are held out."""

import pytest

from clinometer.errors import InputError
from clinometer.surface.scenes.split import held_out

NAMES = [f"images/view{k}.png" for k in range(9)]


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        (8, {NAMES[0], NAMES[8]}),
        (3, {NAMES[0], NAMES[3], NAMES[6]}),
        (10, set()),
        (0, set()),
        ([], set()),
        (["images/view1.png", "view2.png", "view3"], set(NAMES[1:4])),
    ],
)
def test_views_are_held_out_by_number_or_name(choice, wanted):
    assert held_out(NAMES, choice, None) == wanted


def test_the_files_own_choice_stands_before_every_kth_and_after_names():
    given = (NAMES[5],)

    assert held_out(NAMES, 8, given) == {NAMES[5]}
    assert held_out(NAMES, ["view1"], given) == {NAMES[1]}
    assert held_out(NAMES, 0, given) == set()


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (-1, "got -1"),
        (1, "sets 9 of 9 views apart"),
        ("view1", "a list of names"),
        (["view1", "nobody"], "not there: nobody"),
        (NAMES[:8], "sets 8 of 9 views apart"),
    ],
)
def test_choices_that_leave_nothing_or_mean_nothing_are_refused(choice, words):
    with pytest.raises(InputError, match=words):
        held_out(NAMES, choice, None)
