"""The examples of the old question run, and count what their texts say."""

import runpy

from clinometer.costs import Way, cost


def test_a_neuron_is_differentiated_by_hand_in_four_products_more(capsys):
    runpy.run_module("examples.question.sigmoid", run_name="__main__")

    printed = capsys.readouterr().out
    rows = {line[:22].strip(): line[22:].split() for line in printed.splitlines()}
    assert printed.startswith("AGREES  3 entries checked, all agree")
    # a x and b s are products; a sigmoid is an exponential, a sum and a quotient
    assert rows["z itself"] == ["3", "1", "1"]
    # b s is shared: times (1 - s), then x, then a
    assert rows["gradient by hand"] == ["6", "2", "1"]
    assert rows["forward differences"] == ["12", "4", "4"]


def test_a_perceptron_goes_along_its_edges_as_often_as_the_formula_says():
    found = runpy.run_module("examples.question.perceptron")
    widths = (64, 64, 10)
    e, first = found["edges"](widths)

    report = cost(*found["problem"](*widths), timing=0, entries=0)

    own, back = report.operations, report.row(Way.BACKPROP).operations
    assert own.matmul_multiplications == found["SAMPLES"] * e
    assert back.matmul_multiplications == found["SAMPLES"] * (3 * e - first)


def test_logistic_regression_takes_two_products_with_its_data():
    found = runpy.run_module("examples.question.logistic")
    loss, _, w = found["problem"](40, m=30)

    report = cost(loss, w, timing=0, entries=0)

    assert report.operations.matmul_multiplications == 30 * 40
    back = report.row(Way.BACKPROP).operations
    assert back.matmul_multiplications == 2 * 30 * 40
