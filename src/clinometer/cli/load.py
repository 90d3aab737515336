"""Problems found in a user's file, and points read from the command line."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np

from clinometer.arrays import from_float64, is_array
from clinometer.errors import InputError
from clinometer.problem import Problem

__all__ = ["load", "point_like"]


def load(place: str) -> Problem:
    """The problem named by FILE.py:NAME.

    Raises InputError if the file, the name or the form is wrong, or if the file raises.
    """
    file, colon, name = place.rpartition(":")
    if not colon or not file.endswith(".py") or not name:
        raise InputError(
            f"a problem is named FILE.py:NAME, got {place!r}; for example "
            "loss.py:problem"
        )
    path = Path(file)
    if not path.is_file():
        raise InputError(f"no such file: {file}")
    module = _run(path)
    found = vars(module).get(name)
    if isinstance(found, Problem):
        return found
    problems = [
        key for key, value in vars(module).items() if isinstance(value, Problem)
    ]
    there = f"it has {', '.join(problems)}" if problems else "it has none"
    got = type(found).__name__ if name in vars(module) else "no such name"
    raise InputError(
        f"{name} must be a clinometer.Problem in {file}, got {got} ({there}); write "
        f"{name} = clinometer.Problem(f, x, gradient)"
    )


def _run(path: Path) -> ModuleType:
    """The module that a file makes; its folder is on the path, as for a script."""
    name = f"clinometer_problem_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} cannot be read as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the user's file may do anything
        raise InputError(f"{path} raised {type(error).__name__}: {error}") from error
    return module


def point_like(text: str, x: Any) -> Any:
    """The point that a text gives, in the structure, library and dtype of x.

    text : numbers with commas between, "1.0, 2.0", or JSON: lists for arrays and lists,
        objects for dicts. A single array may have another shape than x.
    Raises InputError if the text is neither, or of another structure.
    """
    try:
        given = json.loads(text)
    except json.JSONDecodeError:
        try:
            given = [float(part) for part in text.split(",")]
        except ValueError:
            raise InputError(
                f"--at takes numbers with commas between, or JSON, got {text!r}; for "
                'example "1.0, 2.0" or \'{"w": [[1, 2]], "b": [0]}\''
            ) from None
    return _like(given, x, "x")


def _like(given: Any, x: Any, path: str) -> Any:
    """Given values in the form of x, or of the part of it at path."""
    if is_array(x) or isinstance(x, float):
        try:
            values = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(
                f"--at must give numbers for {path}, got {json.dumps(given)}"
            ) from None
        return from_float64(values, x) if is_array(x) else float(values)
    kind = cast("type[Any]", type(x))
    if kind is dict and isinstance(given, dict):
        return _like_dict(cast("dict[str, Any]", given), x, path)
    if kind in {list, tuple} and isinstance(given, list):
        parts = _like_parts(cast("list[Any]", given), x, path)
        return tuple(parts) if kind is tuple else parts
    text = json.dumps(given)
    raise InputError(
        f"--at fills arrays, dicts, lists and tuples, but {path} is a "
        f"{kind.__name__} and got {text}; set x in the file instead"
    )


def _like_dict(given: Mapping[str, Any], x: Mapping[Any, Any], path: str) -> Any:
    if {str(key) for key in x} != set(given):
        raise InputError(
            f"--at must give {path} the keys {sorted(map(str, x))}, got {sorted(given)}"
        )
    return {
        key: _like(given[str(key)], part, f"{path}[{key!r}]") for key, part in x.items()
    }


def _like_parts(given: Sequence[Any], x: Sequence[Any], path: str) -> list[Any]:
    if len(x) != len(given):
        raise InputError(f"--at must give {path} {len(x)} parts, got {len(given)}")
    pairs = zip(given, x, strict=True)
    return [_like(value, part, f"{path}[{k}]") for k, (value, part) in enumerate(pairs)]
