"""The pytest plugin: the fixture `check_gradient`, and pages of checks that failed.

It stands beside the package, not in it: pytest imports every plugin at every start, and
importing anything of clinometer loads NumPy. This file imports pytest alone; the
package follows when a test first asks for it.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Generator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from clinometer.check import Report
    from clinometer.check.door import CheckGradient

__all__ = ["CheckGradient", "check_gradient"]

PAGES = pytest.StashKey[list[Path]]()
"""Pages written for a test."""

LONGEST = 120
"""Characters of a file's name that a test's own name may take."""


def __getattr__(name: str) -> Any:
    """The type of the fixture, for annotations; it stands with what it is like."""
    if name != "CheckGradient":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from clinometer.check.door import CheckGradient  # noqa: PLC0415 - see above

    return CheckGradient


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that say where pages go."""
    group = parser.getgroup("clinometer", "gradient checks (clinometer)")
    group.addoption(
        "--gradient-report",
        metavar="DIR",
        type=Path,
        help="write a page (HTML) into DIR for each check_gradient that fails",
    )
    group.addoption(
        "--gradient-report-all",
        action="store_true",
        help="with --gradient-report: a page for each check, also where all agrees",
    )


@pytest.fixture
def check_gradient(request: pytest.FixtureRequest) -> CheckGradient:
    """Check a gradient; fail the test, with the report's table, unless it agrees.

    check_gradient(f, x, gradient=g) returns the report. Its arguments are those of
    clinometer.check. Verdict, evaluations and seed become properties of the test.
    """
    count = 0

    def check_gradient(f: Any, x: Any, **options: Any) -> Report:
        __tracebackhide__ = True
        from clinometer.check import check  # noqa: PLC0415 - see above

        nonlocal count
        count += 1
        report = check(f, x, **options)
        suffix = f"_{count}" if count > 1 else ""
        request.node.user_properties += [
            (f"gradient_{name}{suffix}", value)
            for name, value in (
                ("verdict", report.verdict.value),
                ("evaluations", report.evaluations),
                ("seed", report.seed),
            )
        ]
        page = _page(request, report, suffix)
        if page is not None:
            _write(request, report, page, f=f, x=x, options=options)
        report.require()
        return report

    return check_gradient


def _page(request: pytest.FixtureRequest, report: Report, suffix: str) -> Path | None:
    """The file for the page of a check; None if it is not asked for."""
    folder: Path | None = request.config.getoption("--gradient-report")
    agrees = report.verdict.value == "agrees"
    every = request.config.getoption("--gradient-report-all")
    if folder is None or (agrees and not every):
        return None
    test = request.node.nodeid
    name = re.sub(r"[^\w.-]+", "_", test)
    plain = test.replace("/", "_").replace("::", "_")
    if name != plain or len(name) > LONGEST:  # others may read the same
        name = f"{name[:LONGEST]}_{zlib.crc32(test.encode()):08x}"
    return request.config.invocation_params.dir / folder / f"{name}{suffix}.html"


def _write(
    request: pytest.FixtureRequest,
    report: Report,
    page: Path,
    *,
    f: Any,
    x: Any,
    options: dict[str, Any],
) -> None:
    """Write the page of a check, and note it for the test's own report."""
    from clinometer.problem import Problem  # noqa: PLC0415 - see above
    from clinometer.show.html import write  # noqa: PLC0415 - see above

    known = {field.name for field in fields(Problem)}
    asked = {name: value for name, value in options.items() if name in known}
    write(report, page, Problem(f, x, **asked), title=request.node.nodeid)
    request.node.stash.setdefault(PAGES, []).append(page)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed check in one line for summaries and JUnit; the table stays below it."""
    report = yield
    said = _headline(call)
    crash = getattr(report.longrepr, "reprcrash", None)
    if said and crash is not None:
        crash.message = said
    if call.when == "call" and report.failed:
        pages = item.stash.get(PAGES, None)
        if pages is not None:
            report.sections.append(("gradient report", "\n".join(map(str, pages))))
    return report


def _headline(call: pytest.CallInfo[None]) -> str:
    """The first line of a report that failed a test; empty if something else did."""
    errors = sys.modules.get("clinometer.errors")
    if errors is None or call.excinfo is None:
        return ""
    if not isinstance(call.excinfo.value, errors.GradientError):
        return ""
    return str(call.excinfo.value).partition("\n")[0]
