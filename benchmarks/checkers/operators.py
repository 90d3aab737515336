"""PyTorch's operator database as questions: a scalar of every usable sample.

The database lists the operators that PyTorch tests, with samples of their input; its
gradients have been checked by PyTorch's own tests. Needs the package expecttest.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch

__all__ = ["LARGEST", "Question", "questions"]

LARGEST = 64
"""Most entries of all inputs together that a sample may have."""

GRADIENT_TESTS = {"TestGradients", "TestBwdGradients"}
GRADIENT_TEST_NAMES = {None, "test_fn_grad"}


@final
@dataclass(frozen=True, eq=False)
class Question:
    """A scalar function of a list of arrays, and a library's gradient of it.

    name : of an operator: name, variant and number of the sample.
    f : function of the list, returning a number or a tensor of shape ().
    x : the arrays or tensors, float64.
    gradient : the library's gradient, an array for each input.
    """

    name: str
    f: Callable[[list[Any]], Any]
    x: list[Any]
    gradient: list[np.ndarray]


def _outputs(found: Any) -> list[torch.Tensor]:
    """The differentiable tensors in what an operator returned."""
    if isinstance(found, torch.Tensor):
        smooth = found.is_floating_point() or found.is_complex()
        return [found] if smooth and found.requires_grad else []
    if isinstance(found, Sequence) and not isinstance(found, str):
        return [tensor for part in found for tensor in _outputs(part)]
    return []


def _weighted(outputs: list[torch.Tensor]) -> torch.Tensor:
    """Sum of outputs with fixed, generic weights, so that no entry is left out."""
    total = torch.zeros((), dtype=torch.float64)
    for k, output in enumerate(outputs):
        dense = output if output.layout == torch.strided else output.to_dense()
        place = torch.arange(dense.numel(), dtype=torch.float64) + 0.7 * k
        weights = (1.0 + 0.5 * torch.sin(2.3 * place + 0.4)).reshape(dense.shape)
        if dense.is_complex():
            real = (dense.real * weights).sum() + (dense.imag * weights.cos()).sum()
            total = total + real.to(torch.float64)
        else:
            total = total + (dense.to(torch.float64) * weights).sum()
    return total


def _leaves(sample: Any) -> list[torch.Tensor]:
    """The tensors of a sample that ask for a gradient, each once."""
    found: dict[int, torch.Tensor] = {}

    def visit(part: Any) -> None:
        if isinstance(part, torch.Tensor):
            if part.requires_grad:
                found[id(part)] = part
        elif isinstance(part, list | tuple):
            for inner in part:
                visit(inner)

    visit([sample.input, *sample.args, *sample.kwargs.values()])
    return list(found.values())


def _scalar(operator: Any, sample: Any, leaves: list[torch.Tensor]) -> Callable:
    """The sample's weighted output as a function of its leaves."""
    place = {id(leaf): k for k, leaf in enumerate(leaves)}
    function, wrapper = operator.get_op(), operator.gradcheck_wrapper

    def f(x: list[torch.Tensor]) -> torch.Tensor:
        def put(part: Any) -> Any:
            if isinstance(part, torch.Tensor):
                return x[place[id(part)]] if id(part) in place else part
            if isinstance(part, list | tuple):
                inner = [put(one) for one in part]
                named = hasattr(part, "_fields")
                return type(part)(*inner) if named else type(part)(inner)
            return part

        with torch.enable_grad():
            x = [t if t.requires_grad else t.detach().requires_grad_() for t in x]
            kwargs = {name: put(part) for name, part in sample.kwargs.items()}
            args = [put(sample.input), *map(put, sample.args)]
            found = wrapper(function, *args, **kwargs)
            return _weighted(_outputs(sample.output_process_fn_grad(found)))

    return f


def _excused(operator: Any) -> bool:
    """Whether PyTorch's own test of this gradient is skipped or expected to fail."""
    return any(
        getattr(rule, "cls_name", "") in GRADIENT_TESTS
        and getattr(rule, "test_name", "") in GRADIENT_TEST_NAMES
        and not getattr(rule, "device_type", None)
        for rule in operator.decorators
    )


def _question(name: str, operator: Any, sample: Any) -> Question | None:
    """The sample as a question; None if it cannot be asked."""
    leaves = _leaves(sample)
    if not 0 < sum(leaf.numel() for leaf in leaves) <= LARGEST:
        return None
    if any(leaf.dtype != torch.float64 for leaf in leaves):
        return None
    if any(leaf.layout != torch.strided for leaf in leaves):
        return None
    f = _scalar(operator, sample, leaves)
    x = [leaf.detach().clone() for leaf in leaves]
    points = [leaf.clone().requires_grad_() for leaf in x]
    value, again = f(points), f(points)
    if not value.requires_grad or not torch.equal(value, again):
        return None
    slopes = torch.autograd.grad(value, points, allow_unused=True)
    gradient = [
        (torch.zeros_like(leaf) if slope is None else slope.to_dense()).numpy()
        if slope is None or slope.layout != torch.strided
        else slope.numpy()
        for leaf, slope in zip(x, slopes, strict=True)
    ]
    return Question(name, f, x, gradient)


def _database() -> list[Any]:
    """Operators with a gradient in float64 that PyTorch itself tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal import common_methods_invocations as library

    return [
        operator
        for operator in library.op_db
        if torch.float64 in operator.dtypes
        and operator.supports_autograd
        and not _excused(operator)
    ]


def questions(*, every: int = 1, samples: int | None = None) -> Iterator[Question]:
    """Usable samples of the database, in its order.

    every : take every so many-th operator.
    samples : at most so many of each; None for all.
    """
    for operator in _database()[::every]:
        torch.manual_seed(0)
        name = operator.name + (
            f".{operator.variant_test_name}" if operator.variant_test_name else ""
        )
        taken = 0
        # all samples before the first question: asking must not change what is drawn
        for number, sample in enumerate(list(_samples(operator))):
            if samples is not None and taken >= samples:
                break
            asked = _asked(f"{name} {number}", operator, sample)
            if asked is not None:
                taken += 1
                yield asked


def _samples(operator: Any) -> Iterator[Any]:
    """The samples of an operator, without the warnings of making them."""
    made = iter(operator.sample_inputs("cpu", torch.float64, requires_grad=True))
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sample = next(made, None)
        if sample is None:
            return
        yield sample


def _asked(name: str, operator: Any, sample: Any) -> Question | None:
    """The sample as a question; None if torch itself refuses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _question(name, operator, sample)
        except (RuntimeError, TypeError, ValueError, NotImplementedError):
            return None
