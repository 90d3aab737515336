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
from clinometer.check.twin.arguments import Arguments
from clinometer.check.twin.cells import Sample
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
            self.reference(self.arrays)
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

    def neighbours(self, random: np.random.Generator) -> list[Any]:
        """Inputs in their own dtypes, each entry moved by one or two of its steps."""
        moved: list[Any] = []
        for array in self.arrays:
            sign = random.choice([-1.0, 1.0], tuple(array.shape))
            values = to_float64(array) * (1 + 2 * unit_roundoff(array) * sign)
            moved.append(from_float64(values, array))
        return moved

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
    exact: list[Run] = []
    kernel: list[Run] = []
    eager: list[Run] = []
    for number, draw in enumerate(cotangents):
        weights = [
            from_float64(values, out)
            for values, out in zip(draw, runner.outputs, strict=True)
        ]
        pulled = runner.pull(runner.kernel, runner.arrays, weights)
        kernel.append(Run([to_float64(out) for out in runner.outputs], pulled))
        here = Run(runner.exact_values, runner.exact_gradients(runner.arrays, weights))
        exact.append(here)
        own = runner.arrays if number == 0 else runner.neighbours(random)
        eager.append(
            _eager(runner, here, arrays=own, weights=weights)
            if runner.eager
            else _moved(runner, weights, random)
        )
    notes = list(runner.notes)
    if not runner.eager:
        notes.append(
            "yardstick: the exact gradient of inputs moved by one roundoff, rounded"
        )
    runs = (exact, kernel, eager)
    samples = [
        _sample(path, out, [[run.values[place] for run in kind] for kind in runs])
        for place, (path, out) in enumerate(
            zip(runner.value_paths, runner.outputs, strict=True)
        )
    ]
    missing: list[tuple[str, str]] = []
    for place, path in enumerate(runner.arguments.paths):
        three = [[run.gradients[place] for run in kind] for kind in runs]
        fault = _fault(runner.arrays[place], three[0], three[1])
        if fault:
            missing.append((path, fault))
        elif three[1][0] is not None:
            samples.append(_sample(path, runner.arrays[place], three))
    return Recorded(tuple(samples), tuple(missing), tuple(notes))


@final
@dataclass(frozen=True, eq=False)
class Run:
    """Values, float64, and gradients of one run; None where autodiff says so."""

    values: list[Floats]
    gradients: list[Any]


def _eager(
    runner: Runner, here: Run, *, arrays: Sequence[Any], weights: list[Any]
) -> Run:
    """What an eager run loses, added to the exact results here.

    arrays : the inputs, or neighbours of them. In a draw of its own each forward pass
        has roundings of its own, too; the eager run is set against the exact one there.
    """
    values = [to_float64(out) for out in runner.reference(arrays)]
    slopes = _hosted(runner.pull(runner.reference, arrays, weights))
    if arrays is runner.arrays:
        return Run(values, slopes)
    there = Run(runner.exactly(arrays), runner.exact_gradients(arrays, weights))
    with np.errstate(invalid="ignore"):
        return Run(
            [
                exact + (value - near)
                for exact, value, near in zip(
                    here.values, values, there.values, strict=True
                )
            ],
            [
                _shifted(exact, slope, near)
                for exact, slope, near in zip(
                    here.gradients, slopes, there.gradients, strict=True
                )
            ],
        )


def _shifted(exact: Any, run: Any, near: Any) -> Any:
    """What a run lost beside the exact one near it, added to the exact one here."""
    if exact is None or run is None or near is None:
        return run
    return exact + (run - near)


def _moved(runner: Runner, weights: list[Any], random: np.random.Generator) -> Run:
    """The exact results for inputs and cotangents moved by a roundoff, rounded."""
    arrays = runner.nearby(runner.arrays, random)
    slopes = runner.exact_gradients(arrays, runner.nearby(weights, random))
    return Run(
        [
            _rounded(value, out)
            for value, out in zip(runner.exactly(arrays), runner.outputs, strict=True)
        ],
        [
            None if slope is None else _rounded(slope, array)
            for slope, array in zip(slopes, runner.arrays, strict=True)
        ],
    )


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
