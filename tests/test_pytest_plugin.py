"""The pytest plugin in real runs of pytest."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import clinometer

pytest_plugins = ["pytester"]

TESTS = """
import numpy as np

from clinometer import assert_gradient

X = np.array([1.0, 2.0, 3.0])


def cubes(x):
    return (x**3).sum()


def slope(x):
    return 3 * x**2


def wrong(x):
    return 3 * x**2 * np.array([1, 1, 2])


def test_right(check_gradient):
    report = check_gradient(cubes, X, gradient=slope)
    assert report.evaluations > 3


def test_wrong(check_gradient):
    check_gradient(cubes, X, gradient=wrong, seed=7)


def test_unclear(check_gradient):
    check_gradient(lambda x: np.abs(x).sum(), 0 * X, gradient=np.sign)


def test_asserted():
    assert_gradient(cubes, X, gradient=wrong)


def test_twice(check_gradient):
    check_gradient(cubes, X, gradient=slope)
    check_gradient(cubes, -X, gradient=slope)


def test_other():
    assert 1 == 2
"""


@pytest.fixture
def run(pytester):
    """Runs pytest on those tests, in this process."""
    pytester.makepyfile(test_user=TESTS)

    def run(*arguments):
        return pytester.runpytest(*arguments)

    return run


def test_failures_show_the_test_and_the_table_and_no_line_of_the_package(run):
    result = run()

    result.assert_outcomes(passed=2, failed=4)
    text = result.stdout.str()
    assert ">       check_gradient(cubes, X, gradient=wrong, seed=7)" in text
    result.stdout.fnmatch_lines(
        ["E *GradientError: DIFFERS  3 entries checked, 1 differs", "E *x?2? *54 *27*"]
    )
    assert str(Path(clinometer.__file__).parent) not in text
    assert "pytest_clinometer.py" not in text


def test_the_summary_says_the_verdict_in_a_line(run):
    result = run()

    result.stdout.fnmatch_lines_random(
        [
            "FAILED test_user.py::test_wrong - DIFFERS  3 entries checked, 1 differs",
            "FAILED test_user.py::test_unclear - CANNOT TELL *",
            "FAILED test_user.py::test_asserted - DIFFERS *",
            "FAILED test_user.py::test_other - assert 1 == 2",
        ]
    )


def test_junit_has_the_verdict_as_message_and_the_table_as_details(run, pytester):
    run("--junit-xml=out.xml")

    cases = {
        case.get("name"): case
        for case in ET.parse(pytester.path / "out.xml").iter("testcase")
    }
    failure = cases["test_wrong"].find("failure")
    assert failure.get("message") == "DIFFERS  3 entries checked, 1 differs"
    assert "numerical ± bar" in failure.text
    assert "x[2]" in failure.text
    properties = {
        name: {p.get("name"): p.get("value") for p in case.iter("property")}
        for name, case in cases.items()
    }
    assert properties["test_wrong"]["gradient_verdict"] == "differs"
    assert properties["test_wrong"]["gradient_seed"] == "7"
    assert int(properties["test_right"]["gradient_evaluations"]) > 3
    assert properties["test_twice"]["gradient_verdict_2"] == "agrees"


def test_pages_are_written_for_what_failed(run, pytester):
    result = run("--gradient-report=pages")

    pages = sorted(page.name for page in (pytester.path / "pages").iterdir())
    assert pages == ["test_user.py_test_unclear.html", "test_user.py_test_wrong.html"]
    text = (pytester.path / "pages" / pages[1]).read_text(encoding="utf-8")
    assert 'data-verdict="differs"' in text
    assert "test_user.py::test_wrong" in text
    result.stdout.fnmatch_lines(["*gradient report*", "*test_user.py_test_wrong.html"])


def test_pages_are_written_for_all_on_demand(run, pytester):
    run("--gradient-report=pages", "--gradient-report-all")

    pages = {page.name for page in (pytester.path / "pages").iterdir()}
    assert pages == {
        f"test_user.py_test_{name}.html"
        for name in ("right", "wrong", "unclear", "twice", "twice_2")
    }


def test_names_of_parametrised_tests_make_files_of_their_own(pytester):
    pytester.makepyfile(
        """
        import numpy as np
        import pytest

        @pytest.mark.parametrize("name", ["a/b", "a:b", "<é>"])
        def test_it(check_gradient, name):
            check_gradient(lambda x: (x**2).sum(), np.ones(2), gradient=np.zeros(2))
        """
    )
    pytester.runpytest("--gradient-report=pages").assert_outcomes(failed=3)

    assert len(list((pytester.path / "pages").iterdir())) == 3


def test_starting_pytest_with_the_plugin_loads_nothing_of_the_package(tmp_path):
    """In a process of its own: this one has loaded it all."""
    (tmp_path / "test_none.py").write_text(
        "import sys\n\n\n"
        "def test_modules():\n"
        "    assert 'pytest_clinometer' in sys.modules\n"
        "    assert 'clinometer' not in sys.modules\n"
        "    assert 'numpy' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "pytest_clinometer"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert done.returncode == 0, done.stdout
