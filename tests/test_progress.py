"""What f's evaluation tells while it goes on, and how a check is interrupted."""

import numpy as np
import pytest

from clinometer.check import Interrupted, Verdict, check
from clinometer.check.interruption import groups
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


def stopped_at(call, gradient, **options):
    """Report of a check of a sum of cubes that is interrupted at that call of f."""
    calls = 0

    def f(x):
        nonlocal calls
        calls += 1
        if calls == call:
            raise KeyboardInterrupt
        return float((x["a"] ** 3).sum() + (x["b"] ** 3).sum())

    x = {"a": np.linspace(1, 2, 30), "b": np.linspace(2, 3, 30)}
    with pytest.raises(KeyboardInterrupt) as stop:
        check(f, x, gradient=gradient, **options)
    assert isinstance(stop.value, Interrupted)
    assert calls == call  # it is not called again
    return stop.value.report


def cubed(x):
    return {name: 3 * leaf**2 for name, leaf in x.items()}


def wrong_early(x):
    claim = cubed(x)
    claim["a"][3] *= 1.1
    return claim


def test_an_interrupted_check_tells_what_it_reached():
    """Entries come in groups of 8, 32, ... and cost two calls each where they agree."""
    report = stopped_at(40, cubed)

    assert report.verdict is Verdict.CANNOT_TELL
    first, second = report.leaves
    assert (first.entries, second.entries) == (8, 0)
    assert "22 of 30" in first.reason
    assert "not reached" in second.reason
    assert "interrupted" in report.notes[0]
    assert 20 <= report.evaluations <= 40  # probes call f as well


def test_what_differs_already_is_told_after_an_interruption():
    report = stopped_at(40, wrong_early)

    assert report.verdict is Verdict.DIFFERS
    assert [(found.path, found.index) for found in report.findings] == [
        ("x['a']", (3,))
    ]


def test_an_interruption_among_directions_keeps_the_leaves_before():
    report = stopped_at(110, wrong_early, entries=0)

    assert report.verdict is Verdict.DIFFERS
    assert [leaf.verdict for leaf in report.leaves] == [
        Verdict.DIFFERS,
        Verdict.CANNOT_TELL,
    ]


def test_an_interruption_at_the_first_call_is_left_alone():
    def f(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stop:
        check(f, X, gradient=X)
    assert not isinstance(stop.value, Interrupted)


def test_interruptions_pass_handlers_of_exceptions():
    assert not issubclass(Interrupted, Exception)


@pytest.mark.parametrize("count", [1, 8, 9, 500])
def test_groups_hold_every_line_once(count):
    members = [line for group in groups(count) for line in group]

    assert members == list(range(count))
