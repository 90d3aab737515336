"""Code of torch that is run at inputs of a check's choice: a Function, or a module."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, final

import torch

from clinometer.engines.record_torch import Application, Call
from clinometer.engines.torch_state import (
    State,
    duplicate,
    mapped,
    tensors_in,
    wide,
    widen,
)

__all__ = ["Body", "FunctionBody", "ModuleBody", "Ran", "Run"]

Tensor: TypeAlias = torch.Tensor
Run: TypeAlias = Callable[[Sequence[Tensor]], "Ran"]


@final
@dataclass(frozen=True, eq=False)
class Ran:
    """What came out of one run, and the tensors it can be differentiated by."""

    outputs: list[Tensor]
    variables: list[Tensor]


class Body(Protocol):
    """Code that is run at leaves of its own choice."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the leaves."""
        ...

    @property
    def leaves(self) -> list[Tensor]:
        """The leaves, detached, in their own dtype."""
        ...

    def runner(self, *, double: bool) -> Run:
        """Runs it at given leaves; double: in float64. Raises what copying raises."""
        ...

    def random(self) -> bool:
        """Whether it draws random numbers."""
        ...

    def plain(self) -> Callable[[Sequence[Tensor]], Any] | None:
        """It as a function of the leaves just as they are; None for a module."""
        ...


@final
class FunctionBody:
    """One application of a custom Function."""

    def __init__(self, met: Application) -> None:
        self._met = met
        found = tensors_in(met.args)
        self._moving = [k for k, tensor in enumerate(found) if _moves(tensor)]
        self.leaves = [found[k].detach() for k in self._moving]
        names = _labels(met.kind.forward, met.args, {})
        self.labels = tuple(names[k] for k in self._moving)

    def runner(self, *, double: bool) -> Run:
        """Runs apply on copies, so that it may write into its arguments."""
        fixed = tensors_in(self._met.args)
        fixed = [wide(tensor) if double else tensor for tensor in fixed]

        def run(leaves: Sequence[Tensor]) -> Ran:
            self._met.randomness.restore()
            fresh = _fresh(leaves)
            every = [tensor.detach().clone() for tensor in fixed]
            for k, tensor in zip(self._moving, fresh, strict=True):
                every[k] = tensor.clone()
            rest = iter(every)
            args = mapped(self._met.args, lambda _: next(rest))
            return Ran(_real(self._met.kind.apply(*args)), fresh)

        return run

    def random(self) -> bool:
        """Whether it draws random numbers, which follow the layout of its inputs."""
        before = torch.get_rng_state()
        self._met.randomness.restore()
        start = torch.get_rng_state()
        with torch.no_grad():
            self.runner(double=False)(self.leaves)
        drawn = not torch.equal(start, torch.get_rng_state())
        torch.set_rng_state(before)
        return drawn

    def plain(self) -> Callable[[Sequence[Tensor]], Any]:
        """Apply as a function of the leaves."""

        def plain(leaves: Sequence[Tensor]) -> Any:
            self._met.randomness.restore()
            every = tensors_in(self._met.args)
            for k, leaf in zip(self._moving, leaves, strict=True):
                every[k] = leaf
            rest = iter(every)
            args = mapped(self._met.args, lambda _: next(rest))
            return [x for x in tensors_in(self._met.kind.apply(*args)) if _carries(x)]

        return plain


@final
class ModuleBody:
    """One call of a module, with its parameters among the leaves.

    loss : function of the module's output, one number; None for all outputs.
    writes : whether the module writes into its parameters, and needs copies of them.
    """

    def __init__(
        self,
        call: Call,
        loss: Callable[[Any], Any] | None = None,
        *,
        writes: bool = False,
    ) -> None:
        self._call = call
        self._writes = writes
        self._loss = loss
        found = tensors_in((call.args, call.kwargs))
        self._moving = [k for k, tensor in enumerate(found) if _moves(tensor)]
        named = [
            (name, parameter.detach())
            for name, parameter in call.module.named_parameters()
            if _moves(parameter)
        ]
        names = _labels(call.module.forward, call.args, call.kwargs)
        inputs = [names[k] for k in self._moving]
        self.labels = (*inputs, *(name for name, _ in named))
        self.leaves = [found[k].detach() for k in self._moving]
        self.leaves += [tensor for _, tensor in named]

    def runner(self, *, double: bool) -> Run:
        """Runs a copy of the module, whose parameters are set to the leaves."""
        copy = duplicate(self._call.module, share=True)
        if double:
            widen(copy)
        moving = [tensor for tensor in copy.parameters() if _moves(tensor)]
        for tensor in copy.parameters():
            if double and not _moves(tensor):
                tensor.data = wide(tensor.data)
        state = State(copy)
        inputs = len(self._moving)
        given = (self._call.args, self._call.kwargs)
        fixed = [wide(x) if double else x for x in tensors_in(given)]

        def run(leaves: Sequence[Tensor]) -> Ran:
            self._call.randomness.restore()
            fresh = _fresh(leaves[:inputs])
            every = [tensor.detach().clone() for tensor in fixed]
            for k, tensor in zip(self._moving, fresh, strict=True):
                every[k] = tensor.clone()
            rest = iter(every)
            args, kwargs = mapped(given, lambda _: next(rest))
            for parameter, leaf in zip(moving, leaves[inputs:], strict=True):
                parameter.data = leaf.clone() if self._writes else leaf
            state.restore()  # before, not after: backward may yet need what is there
            out = copy(*args, **kwargs)
            out = out if self._loss is None else self._loss(out)
            return Ran(_real(out), [*fresh, *moving])

        return run

    def random(self) -> bool:
        """Whether it draws random numbers: nobody asks that of a module."""
        return False

    def plain(self) -> None:
        """Nothing: the rules are those inside."""


def _fresh(leaves: Sequence[Tensor]) -> list[Tensor]:
    """Copies, which require grad where that is recorded."""
    grad = torch.is_grad_enabled()
    return [leaf.detach().clone().requires_grad_(grad) for leaf in leaves]


def _moves(tensor: Tensor) -> bool:
    """Whether a tensor is one that is differentiated by."""
    return tensor.requires_grad and tensor.is_floating_point() and tensor.numel() > 0


def _carries(tensor: Tensor) -> bool:
    """Whether an output may carry a gradient."""
    return tensor.is_floating_point() or tensor.is_complex()


def _real(out: Any) -> list[Tensor]:
    """Floating outputs; complex ones as pairs of reals."""
    found = [torch.view_as_real(x) if x.is_complex() else x for x in tensors_in(out)]
    return [x for x in found if x.is_floating_point() and x.numel() > 0]


def _labels(forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """Names of all tensors by forward's parameters: "x", "states[1]"."""
    try:
        names = list(inspect.signature(forward).parameters)
    except (TypeError, ValueError):
        names = []
    names = names[1:] if names and names[0] == "ctx" else names
    names += [f"input {k}" for k in range(len(names), len(args))]
    found: list[str] = []
    for name, arg in [*zip(names, args, strict=False), *kwargs.items()]:
        plain = isinstance(arg, torch.Tensor)
        inside = range(len(tensors_in(arg)))
        found += [name] if plain else [f"{name}[{i}]" for i in inside]
    return found
