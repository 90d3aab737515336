"""What f's evaluation tells while it goes on, and how a check is interrupted."""

import numpy as np
import pytest

from clinometer.evaluate import Function
from clinometer.ladder import LinePoints, directions, scales

X = np.array([1.0, 2.0])


def points(function, count):
    layout, x = function.layout, function.x
    lines = directions(layout, x, np.array([[1.0, 0.0]]), scale=scales(layout, x, None))
    return LinePoints(lines, np.zeros(count, np.intp), np.linspace(0, 1, count))


def test_before_each_call_progress_hears_what_is_done_and_what_is_planned():
    function = Function(lambda x: x.sum(), X)
    heard = []
    function.progress = lambda done, planned: heard.append((done, planned))

    function.values(points(function, 3))
    function.values(points(function, 2))

    assert heard == [(0, 3), (1, 3), (2, 3), (3, 5), (4, 5)]


def test_a_batch_tells_once():
    function = Function(lambda x: x.sum(axis=-1), X, batched=True)
    heard = []
    function.progress = lambda done, planned: heard.append((done, planned))

    function.values(points(function, 5))

    assert heard == [(0, 5)]


@pytest.mark.parametrize("batched", [False, True])
def test_what_progress_raises_is_not_taken_for_a_fault_of_f(batched):
    function = Function(lambda x: x.sum(axis=-1), X, batched=batched)
    function.values(points(function, 1))

    def refuse(done, planned):
        raise ZeroDivisionError

    function.progress = refuse
    with pytest.raises(ZeroDivisionError):
        function.values(points(function, 2))
    assert function.fault is None
