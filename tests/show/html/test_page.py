"""The text of a page: what it holds, and what it never loads."""

import re
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from clinometer.check import Verdict, check, check_twin
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.problem import Problem
from clinometer.show.html import html, write


def bowl(x):
    return (x**2).sum()


X = np.array([1.0, 2.0])


@pytest.fixture(scope="module")
def report():
    return check(bowl, X, gradient=lambda x: 3 * x)


def test_a_page_names_no_address(report):
    page = html(report, Problem(bowl, X))

    assert set(re.findall(r"https?://[^\"' ]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page
    assert not re.findall(r"<(?:link|img|iframe|object|embed)\b", page)


def test_without_f_there_is_no_step_curve(report):
    assert 'id="curve"' in html(report, Problem(bowl, X))
    assert 'id="curve"' not in html(report)


def test_a_curve_that_takes_too_long_is_left_out_and_said():
    def slow(x):
        time.sleep(0.001)
        return bowl(x)

    report = check(slow, X, gradient=lambda x: 3 * x)
    page = html(report, Problem(slow, X), patience=0.5)

    assert "Left out: it would take about" in page


def test_a_curve_of_another_f_is_not_shown(report):
    assert 'id="curve"' not in html(report, Problem(lambda x: 5 * bowl(x), X))


def test_where_f_fails_by_now_there_is_a_page_all_the_same(report):
    def broken(x):
        raise ValueError("no more")

    assert 'data-verdict="differs"' in html(report, Problem(broken, X))


def test_the_source_line_is_shown_if_the_file_is_there(report, tmp_path):
    file = tmp_path / "layer.py"
    file.write_text("\n".join(f"line_{k} = {k} < 9" for k in range(1, 8)))

    def said(source):
        cause = Diagnosis(Cause.SIGN, "x", "", Verdict.DIFFERS, "a = -n", source)
        return html(replace(report, diagnoses=(cause,)))

    page = said(f"{file}:4, in backward")
    assert '<span class="at"><i>4</i>line_4 = 4 &lt; 9</span>' in page
    assert "line_2" in page
    assert "line_7" not in page
    assert "excerpt" not in said(f"{file}:99").partition("</style>")[2]
    assert "excerpt" not in said("elsewhere.py:1").partition("</style>")[2]


def test_missing_folders_are_made(report, tmp_path):
    path = write(report, tmp_path / "a" / "b.html", title="é")

    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_directions_have_a_curve_of_their_own():
    x = np.linspace(1, 2, 50)
    report = check(bowl, x, gradient=lambda x: 2 * x * (np.arange(50) != 7), entries=0)
    page = html(report, Problem(bowl, x))

    assert 'id="curve"' in page


def test_arrays_that_f_returns_have_a_curve_along_the_same_cotangents():
    report = check(np.sin, X, vjp=lambda x, u: u * x)
    page = html(report, Problem(np.sin, X, vjp=lambda x, u: u * x))

    assert report.verdict is Verdict.DIFFERS
    assert 'id="curve"' in page


def squared(x):
    return x * x


class OffByHalf(torch.autograd.Function):
    """Squares, whose gradient lacks its factor 2."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x


def test_a_twin_report_has_a_page_with_its_arrays_rules_and_a_script():
    x = torch.randn(32, 16, generator=torch.Generator().manual_seed(0)).bfloat16()
    report = check_twin(OffByHalf.apply, squared, (x,), seed=3)
    page = html(report, Problem(OffByHalf.apply, (x,)), title="squares")

    assert 'data-verdict="differs"' in page
    assert "by more than rounding" in page
    assert "tiles of" in page or "rows" in page
    assert "scale" in page
    script = re.search(r'id="script"[^>]*>(.*?)</pre>', page, re.DOTALL)[1]
    assert "clinometer.check_twin(" in script
    assert "draws=4, slack=2.0, seed=3" in script
    assert "dtype=torch.bfloat16" in script
    assert "reference = ..." in html(report)


def test_a_twin_that_agrees_says_so():
    x = torch.linspace(1, 2, 64).reshape(8, 8).bfloat16()
    report = check_twin(lambda x: x * x, squared, (x,))

    assert 'data-verdict="agrees"' in html(report)
