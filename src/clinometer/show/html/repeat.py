"""Python that repeats a check, with the values of x in it, to be copied."""

from __future__ import annotations

import base64
import inspect
import math
import textwrap
import zlib
from collections.abc import Callable, Sequence
from typing import Any, cast, final

import numpy as np

from clinometer.arrays import dtype_name, is_array, to_float64
from clinometer.check import Finding, Report
from clinometer.check.twin.report import TwinReport
from clinometer.engines import is_model
from clinometer.problem import Problem

__all__ = ["reproducer", "twin_reproducer"]

SPELLED = 64
"""Entries of an array up to which its numbers are written out."""

PACKED = 2**15
"""Characters of a packed array up to which it stands in the page."""

LINE = 76
"""Characters of packed text in a line."""


def reproducer(report: Report, problem: Problem | None) -> str:
    """A script that repeats the check and prints its report.

    What it cannot hold (an f that no file defines, an x too large) is a line that says
    so, marked with "...".
    """
    script = _Script()
    if problem is None:
        script.body += ["f = ...  # your function", "x = ...  # where it was checked"]
        call = "f, x"
    else:
        call = script.arguments(problem)
    options = f"rtol={report.rtol!r}, seed={report.seed}"
    if problem is None or not is_model(problem.f):
        options += f", entries={sum(leaf.entries for leaf in report.leaves)}"
    script.body += [f"report = clinometer.check({call}, {options})", "print(report)"]
    script.body += _expected(report.findings)
    return script.text()


def twin_reproducer(report: TwinReport, problem: Problem | None) -> str:
    """The same for a twin check: the kernel is the problem's f, its inputs the x."""
    script = _Script()
    if problem is None:
        call = "kernel, reference, inputs"
        script.body += ["kernel = ...  # yours", "inputs = ...  # a tuple of arguments"]
    else:
        call = f"{script.function('kernel', problem.f)}, reference, inputs"
        script.body.append(f"inputs = {script.code(problem.x)}")
    options = f"draws={report.draws}, slack={report.slack!r}, seed={report.seed}"
    script.body += [
        "reference = ...  # the same in plain operations",
        f"report = clinometer.check_twin({call}, {options})",
        "print(report)",
    ]
    return script.text()


@final
class _Script:
    """Lines of Python as they come together: imports, definitions, the rest."""

    def __init__(self) -> None:
        self.imports = {"import numpy as np", "import clinometer"}
        self.definitions: list[str] = []
        self.packed: list[str] = []
        self.body: list[str] = []

    def text(self) -> str:
        """The script."""
        standard = sorted(line for line in self.imports if "base64" in line)
        known = sorted(line for line in self.imports if "numpy" in line)
        rest = sorted(self.imports.difference(standard, known))
        blocks = [[*standard, *known, *rest], self.definitions, self.packed, self.body]
        return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"

    def arguments(self, problem: Problem) -> str:
        """The arguments of the call that f, x and what belongs to them make."""
        call = self.function("f", problem.f)
        self.body.append(f"x = {self.code(problem.x)}")
        call += ", x"
        for name, given in problem.options.items():
            if callable(given):
                said = self.function(name, given)
            elif isinstance(given, bool | int):
                said = repr(given)
            else:
                self.body.append(f"{name} = {self.code(given)}")
                said = name
            call += f", {name}={said}"
        return call

    def function(self, name: str, f: Callable[..., Any]) -> str:
        """The name under which f can be called, once it is imported or defined."""
        module = getattr(f, "__module__", None)
        path = getattr(f, "__qualname__", "")
        if isinstance(module, str) and path.isidentifier() and module != "__main__":
            self.imports.add(f"from {module} import {path}")
            return path
        source = _source(f)
        if source is not None and source.startswith("def "):
            self.definitions += ["", *source.splitlines(), ""]
            return source.removeprefix("def ").partition("(")[0]
        said = f"a {type(f).__name__} whose source is not known"
        if source is not None:
            said = f"here it was: {' '.join(source.split())}"
        self.body.append(f"{name} = ...  # {said}")
        return name

    def code(self, tree: Any) -> str:
        """A tree of arrays as an expression."""
        if type(tree) is dict:
            named = cast("dict[Any, Any]", tree)
            parts = [f"{key!r}: {self.code(part)}" for key, part in named.items()]
            return f"{{{', '.join(parts)}}}"
        kind = cast("type[Any]", type(tree))
        if kind in {list, tuple}:
            parts = [self.code(part) for part in cast("Sequence[Any]", tree)]
            inside = ", ".join(parts)
            if kind is list:
                return f"[{inside}]"
            return f"({inside},)" if len(parts) == 1 else f"({inside})"
        if tree is None or isinstance(tree, int):
            return repr(tree)
        if isinstance(tree, float):
            return repr(tree) if math.isfinite(tree) else f'float("{tree}")'
        if is_array(tree):
            return self.array(tree)
        return f"...  # a {type(tree).__name__}, to be made as it was"

    def array(self, array: Any) -> str:
        """An array of its own library and dtype, every bit of it."""
        values, dtype = to_float64(array), dtype_name(array)
        if 0 < values.size <= SPELLED:
            made = f"np.array({_spelled(values)})"
        elif values.size == 0:
            made = f"np.zeros({values.shape})"
        else:
            packed = base64.b85encode(zlib.compress(values.tobytes(), 9)).decode()
            if len(packed) > PACKED:
                return f"...  # {dtype} of shape {values.shape}: too large for a page"
            made = self._unpacked(packed, values.shape)
        library = type(array).__module__.partition(".")[0]
        if library == "torch":
            self.imports.add("import torch")
            return f"torch.tensor({made}, dtype=torch.{dtype})"
        if library in {"jax", "jaxlib"}:
            self.imports.add("import jax.numpy as jnp")
            return f"jnp.asarray({made}, dtype=jnp.{dtype})"
        return made if dtype == "float64" else f"{made}.astype(np.{dtype})"

    def _unpacked(self, packed: str, shape: tuple[int, ...]) -> str:
        """An expression for values that stand in the script as text."""
        self.imports.add("import base64, zlib")
        name = f"packed_{sum(line.endswith('= (') for line in self.packed)}"
        starts = range(0, len(packed), LINE)
        pieces = [f"    {packed[at : at + LINE]!r}" for at in starts]
        self.packed += [f"{name} = (", *pieces, ")"]
        raw = f"zlib.decompress(base64.b85decode({name}))"
        return f"np.frombuffer({raw}).reshape({shape}).copy()"


def _source(f: Callable[..., Any]) -> str | None:
    try:
        return textwrap.dedent(inspect.getsource(f)).rstrip()
    except (OSError, TypeError):
        return None


def _spelled(values: np.ndarray[Any, Any]) -> str:
    """Numbers in full, nested as the array is."""
    if values.ndim == 0:
        number = float(values)
        return repr(number) if math.isfinite(number) else f'float("{number}")'
    return f"[{', '.join(_spelled(part) for part in values)}]"


def _expected(findings: Sequence[Finding]) -> list[str]:
    """What the script should find, as a remark."""
    worst = next((found for found in findings if found.analytic is not None), None)
    if worst is None:
        return []
    return [
        f"# {worst.where}: claimed {worst.analytic!r}, measured {worst.numerical!r} "
        f"± {worst.error:.1g}"
    ]
