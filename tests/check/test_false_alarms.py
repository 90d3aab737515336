"""Right gradients of hard functions are never called wrong, nor wrong ones right.

The functions are the benchmark's, and random ones of a seed that nothing was tuned on:
badly scaled, near-singular, noisy at 1e-12 to 1e-3, float32, at kinks and edges. The
gradient is the formula's, and differs from what is measured by the error of the bars.
"""

import copy

import numpy as np
import pytest

from benchmarks.cases import CASES
from benchmarks.random_functions import random_cases
from clinometer.check import Verdict, check


def _report(case, claim):
    own = copy.deepcopy(case)  # some draw noise: each check starts the same sequence
    f = own.f if case.batched else own.single
    return check(f, case.x, gradient=claim, batched=case.batched)


def _wrong(case):
    """The gradient with the sign of its weightiest entry flipped."""
    size = np.where(case.x == 0, 1.0, np.abs(case.x))
    claim = case.truth.copy()
    claim[np.argmax(np.abs(claim) * size)] *= -1
    return claim


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_on_the_published_set(case):
    assert _report(case, case.truth).verdict is not Verdict.DIFFERS
    if case.truth.any():
        assert _report(case, _wrong(case)).verdict is not Verdict.AGREES


def test_on_random_functions():
    wrongly_called_wrong, wrongly_called_right, decided = [], [], 0
    cases = random_cases(20260801, 200)
    for case in cases:
        right, wrong = _report(case, case.truth), _report(case, _wrong(case))
        if right.verdict is Verdict.DIFFERS:
            wrongly_called_wrong.append(case.name)
        if wrong.verdict is Verdict.AGREES:
            wrongly_called_right.append(case.name)
        decided += wrong.verdict is Verdict.DIFFERS
    assert wrongly_called_wrong == []
    assert wrongly_called_right == []
    assert decided >= 0.95 * len(cases)
