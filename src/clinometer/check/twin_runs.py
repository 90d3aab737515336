"""The runs of a twin check: kernel, exact and eager gradients for each cotangent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer import engines
from clinometer.arrays import (
    cast,
    dtype_name,
    from_float64,
    to_float64,
    unit_roundoff,
)
from clinometer.check.twin_arguments import Arguments
from clinometer.check.twin_cells import Sample
from clinometer.engines import double
from clinometer.errors import InputError
from clinometer.trees import Tree

__all__ = ["Recorded", "Runner", "record"]

Floats: TypeAlias = NDArray[np.float64]

SMALLEST = {"float16": 2.0**-24, "bfloat16": 2.0**-133, "float32": 2.0**-149}
"""Smallest positive number of a dtype. Source: IEEE 754-2019, subnormal numbers."""


@final
@dataclass(frozen=True, eq=False)
class Recorded:
    """All runs, array by array.

    samples : of the values (one draw) and the gradients that can be compared.
    missing : path and what is wrong with the form of a gradient.
    notes : how the yardstick was made, and what was left out.
    """

    samples: tuple[Sample, ...]
    missing: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@final
class Runner:
    """Kernel and reference at the same arguments, in both precisions."""

    def __init__(
        self,
        kernel: Callable[..., Any],
        reference: Callable[..., Any] | None,
        inputs: tuple[Tree, ...],
    ) -> None:
        """Run both once forward.

        Raises InputError where they do not return the same number of arrays of the
        same shapes.
        """
        self.arguments = Arguments.of(inputs, reference or kernel)
        self.arrays = self.arguments.arrays
        self.engine = engines.of(self.arrays)
        self.kernel = self.arguments.calling(kernel)
        self.reference = self.arguments.calling(reference or kernel)
        self.notes: list[str] = []
        self.outputs = self.kernel(self.arrays)
        self.exact_values = self.exactly(self.arrays)
        mine = [tuple(out.shape) for out in self.outputs]
        theirs = [value.shape for value in self.exact_values]
        if mine != theirs:
            raise InputError(
                "kernel and reference must return arrays of the same shapes, got "
                f"{mine} and {theirs}"
            )
        self.eager = reference is not None and self._runs_eagerly()

    def exactly(self, arrays: Sequence[Any]) -> list[Floats]:
        """Values of the reference in float64."""
        with double.float64():
            wide = [double.in_float64(array) for array in arrays]
            return [to_float64(out) for out in self.reference(wide)]

    def _runs_eagerly(self) -> bool:
        try:
            self.eager_outputs = self.reference(self.arrays)
        except (RuntimeError, TypeError, NotImplementedError) as reason:
            self.notes.append(
                "the reference does not run in the dtype of the inputs "
                f"({type(reason).__name__}: {reason})"
            )
            return False
        return True

    def pull(self, f: Any, arrays: Sequence[Any], cotangents: list[Any]) -> list[Any]:
        """Gradients by the arrays of <cotangents, f(arrays)>."""

        def paired(moved: list[Any]) -> Any:
            terms = [
                (out * cast(weight, out)).sum()
                for out, weight in zip(f(moved), cotangents, strict=True)
            ]
            return sum(terms[1:], terms[0])

        return self.engine.gradient(paired, arrays)

    def exact_gradients(
        self, arrays: Sequence[Any], cotangents: list[Any]
    ) -> list[Any]:
        """Those of the reference in float64, as float64 arrays; None stays."""
        with double.float64():
            wide = [double.in_float64(array) for array in arrays]
            weights = [double.in_float64(weight) for weight in cotangents]
            return _hosted(self.pull(self.reference, wide, weights))

    @property
    def value_paths(self) -> list[str]:
        """What the outputs are called."""
        count = len(self.outputs)
        return ["value"] if count == 1 else [f"value[{i}]" for i in range(count)]

    def kernel_in_double(
        self, path: str, cotangent: list[Floats]
    ) -> tuple[Floats | None, Floats | None]:
        """An array from the kernel in float64, and from the reference."""
        with double.float64():
            wide = [double.in_float64(array) for array in self.arrays]
            weights = [
                from_float64(values, double.in_float64(out))
                for values, out in zip(cotangent, self.outputs, strict=True)
            ]
            if path in self.value_paths:
                place = self.value_paths.index(path)
                return to_float64(self.kernel(wide)[place]), self.exact_values[place]
            place = self.arguments.paths.index(path)
            found = _hosted(self.pull(self.kernel, wide, weights))
            exact = _hosted(self.pull(self.reference, wide, weights))
            return found[place], exact[place]

    def nearby(self, arrays: Sequence[Any], random: np.random.Generator) -> list[Any]:
        """The arrays in float64, each entry moved by up to one roundoff."""
        with double.float64():
            moved: list[Any] = []
            for array in arrays:
                wide = double.in_float64(array)
                factor = random.uniform(-1, 1, tuple(array.shape))
                step = 1 + unit_roundoff(array) * factor
                moved.append(wide * from_float64(step, wide))
            return moved


def record(runner: Runner, cotangents: list[list[Floats]], seed: int) -> Recorded:
    """All runs of a twin check.

    cotangents : for each draw one array for each output, representable in the dtypes
        of the outputs.
    """
    random = np.random.default_rng(seed)
    exact: list[list[Any]] = []
    kernel: list[list[Any]] = []
    eager: list[list[Any]] = []
    for draw in cotangents:
        weights = [
            from_float64(values, out)
            for values, out in zip(draw, runner.outputs, strict=True)
        ]
        kernel.append(runner.pull(runner.kernel, runner.arrays, weights))
        exact.append(runner.exact_gradients(runner.arrays, weights))
        eager.append(_eager(runner, weights, random))
    notes = list(runner.notes)
    if not runner.eager:
        notes.append(
            "yardstick: the exact gradient of inputs moved by one roundoff, rounded"
        )
    samples = _values(runner, random)
    missing: list[tuple[str, str]] = []
    for place, path in enumerate(runner.arguments.paths):
        runs = [[draw[place] for draw in run] for run in (exact, kernel, eager)]
        fault = _fault(runner.arrays[place], runs[0], runs[1])
        if fault:
            missing.append((path, fault))
        elif runs[1][0] is not None:
            samples.append(_sample(path, runner.arrays[place], runs))
    return Recorded(tuple(samples), tuple(missing), tuple(notes))


def _eager(
    runner: Runner, weights: list[Any], random: np.random.Generator
) -> list[Any]:
    """One yardstick: the reference in low precision, or the exact one nearby."""
    if runner.eager:
        return _hosted(runner.pull(runner.reference, runner.arrays, weights))
    arrays = runner.nearby(runner.arrays, random)
    moved = runner.nearby(weights, random)
    found = runner.exact_gradients(arrays, moved)
    return [
        None if values is None else _rounded(values, array)
        for values, array in zip(found, runner.arrays, strict=True)
    ]


def _values(runner: Runner, random: np.random.Generator) -> list[Sample]:
    """The samples of the outputs: one draw each."""
    if runner.eager:
        healthy = [to_float64(out) for out in runner.eager_outputs]
    else:
        near = runner.exactly(runner.nearby(runner.arrays, random))
        healthy = [
            _rounded(v, out) for v, out in zip(near, runner.outputs, strict=True)
        ]
    samples: list[Sample] = []
    for place, (path, out) in enumerate(
        zip(runner.value_paths, runner.outputs, strict=True)
    ):
        runs = [[runner.exact_values[place]], [to_float64(out)], [healthy[place]]]
        samples.append(_sample(path, out, runs))
    return samples


def _sample(path: str, like: Any, runs: list[list[Any]]) -> Sample:
    """One array's sample; exact zeros stand for a None of the reference."""
    shape = tuple(like.shape)
    stacks = [
        np.stack([np.zeros(shape) if g is None else to_float64(g) for g in run])
        for run in runs
    ]
    smallest = SMALLEST.get(dtype_name(like), 0.0)
    return Sample(path, stacks[0], stacks[1], stacks[2], unit_roundoff(like), smallest)


def _fault(array: Any, exact: list[Any], kernel: list[Any]) -> str | None:
    """What is wrong with the form of a kernel's gradient; None if nothing is."""
    found, true = kernel[0], exact[0]
    if found is None:
        moves = true is not None and bool(np.any(true))
        return "None, where the reference has a gradient" if moves else None
    if tuple(found.shape) != tuple(array.shape):
        return f"shape {tuple(found.shape)}, the input has {tuple(array.shape)}"
    return None


def _hosted(gradients: list[Any]) -> list[Any]:
    return [None if g is None else to_float64(g) for g in gradients]


def _rounded(values: Floats, like: Any) -> Floats:
    """The values as the dtype of an array would hold them."""
    return to_float64(from_float64(values, like))
