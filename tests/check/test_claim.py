"""Faults in the form of a claimed gradient are findings with the leaf's path."""

from typing import NamedTuple

import numpy as np
import pytest

from clinometer.check import Verdict, check

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
TREE = {"w": np.array([1.0, 2.0]), "b": np.array([3.0])}
RIGHT = {"w": np.array([2.0, 4.0]), "b": np.array([6.0])}


def _square(x):
    return (x**2).sum()


def _tree_square(p):
    return sum((leaf**2).sum() for leaf in p.values())


def _only_finding(report):
    assert report.verdict is Verdict.DIFFERS
    (finding,) = report.findings
    assert finding.verdict is Verdict.DIFFERS
    return finding


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (None, "return"),
        (lambda x: None, "return"),
        (2 * X.T, "transposed"),
        (2 * X.ravel(), "reshape"),
        (2 * X[0], "shape (3,)"),
        (12.0, "shape ()"),
        (2 * X + 0j, "complex128"),
        ((2 * X).astype(object), "object"),
        (X > 0, "bool"),
        ("2x", "str"),
        ([[1.0, 2.0], [3.0]], "list"),
    ],
)
def test_a_gradient_of_wrong_form_differs_and_says_what_is_wrong(claim, said):
    gradient = (lambda x: claim) if claim is None else claim
    finding = _only_finding(check(_square, X, gradient=gradient))
    assert finding.path == "x"
    assert said in finding.reason


def test_integers_are_compared_as_they_are():
    right = check(lambda x: (3 * x).sum(), X, gradient=lambda x: np.full((2, 3), 3))
    wrong = check(np.linalg.norm, X, gradient=lambda x: (9 * x).astype(int))

    assert right.verdict is Verdict.AGREES
    assert wrong.verdict is Verdict.DIFFERS


def test_a_gradient_function_that_raises_is_a_finding_with_its_message():
    def gradient(x):
        raise KeyError("no such layer")

    finding = _only_finding(check(_square, X, gradient=gradient))
    assert "KeyError" in finding.reason
    assert "no such layer" in finding.reason


def test_a_missing_leaf_is_named_and_the_others_are_compared():
    report = check(_tree_square, TREE, gradient={"w": RIGHT["w"]})
    assert _only_finding(report).where == "x['b']"
    by_leaf = {leaf.path: leaf for leaf in report.leaves}
    assert by_leaf["x['w']"].verdict is Verdict.AGREES
    assert by_leaf["x['b']"].compared == "nothing"


def test_a_leaf_too_many_is_named():
    finding = _only_finding(
        check(_tree_square, TREE, gradient={**RIGHT, "c": np.ones(1)})
    )
    assert finding.where == "x['c']"


def test_another_structure_is_said_so():
    finding = _only_finding(
        check(_tree_square, TREE, gradient=[RIGHT["w"], RIGHT["b"]])
    )
    assert "structure" in finding.reason
    assert "x['w']" in finding.reason


def test_a_namedtuple_of_gradients_is_matched_by_its_fields():
    class Pair(NamedTuple):
        a: np.ndarray
        b: np.ndarray

    x = Pair(np.array([1.0, 2.0]), np.array(3.0))
    claim = Pair(2 * x.a, 7.0)
    report = check(lambda p: (p.a**2).sum() + p.b**2, x, gradient=claim)
    assert _only_finding(report).where == "x.b"


def test_none_for_a_leaf_stands_for_zero():
    """It agrees where f does not use the leaf, and is named where f does."""
    claim = {"w": RIGHT["w"], "b": None}
    unused = check(lambda p: (p["w"] ** 2).sum(), TREE, gradient=claim)
    assert unused.verdict is Verdict.AGREES
    finding = _only_finding(check(_tree_square, TREE, gradient=claim))
    assert finding.where == "x['b'][0]"
    assert "None" in finding.reason
    assert finding.analytic == 0.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_entry_that_is_not_finite_is_named(bad):
    claim = 2 * X
    claim[1, 2] = bad
    finding = _only_finding(check(_square, X, gradient=claim))
    assert finding.index == (1, 2)
    assert finding.ratio is None
    assert str(bad) in finding.reason


def test_an_entry_that_is_not_finite_is_named_in_a_large_leaf_too():
    claim = 2 * X
    claim[1, 2] = np.nan
    x = np.concatenate([X.ravel(), X.ravel()])
    claim = np.concatenate([2 * X.ravel(), claim.ravel()])
    finding = _only_finding(check(_square, x, gradient=claim, entries=0))
    assert "x[11]" in finding.reason


def test_plain_lists_of_numbers_are_gradients_too():
    assert check(_square, X, gradient=(2 * X).tolist()).verdict is Verdict.AGREES
    x = np.array([1.0, 2.0])
    assert check(_square, x, gradient=[2, 4]).verdict is Verdict.AGREES


def test_a_gradient_that_writes_into_its_argument_is_a_finding_and_x_stays():
    x = X.copy()

    def gradient(x):
        x *= 2
        return x

    finding = _only_finding(check(_square, x, gradient=gradient))
    assert "wrote into its argument" in finding.reason
    assert np.array_equal(x, X)


def test_python_numbers_are_points_and_gradients():
    report = check(lambda x: x * x, 3.0, gradient=lambda x: 2 * x)
    assert report.verdict is Verdict.AGREES
    assert check(lambda x: x * x, 3.0, gradient=6).verdict is Verdict.AGREES
