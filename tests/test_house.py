"""The rules of STYLE.md that no linter counts, counted."""

import ast
import itertools
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    itertools.chain.from_iterable(
        (ROOT / folder).rglob("*.py") for folder in ("src", "examples", "benchmarks")
    )
)
LONGEST_FILE = 500  # lines
LONGEST_FUNCTION = 60  # lines without the docstring


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the last statement, the docstring left out."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        lines -= docstring.end_lineno - docstring.lineno + 1
    return lines


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_short(path):
    source = path.read_text(encoding="utf-8")
    functions = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert source.count("\n") <= LONGEST_FILE
    assert {f.name for f in functions if lines_of_code(f) > LONGEST_FUNCTION} == set()


@pytest.mark.parametrize("name", ["utils.py", "helpers.py", "common.py", "misc.py"])
def test_no_file_is_a_drawer_for_everything(name):
    assert [path for path in SOURCES if path.name == name] == []
