"""What a torch model carries besides its parameters, kept and put back.

Random generators, buffers and plain attributes: a forward pass may change each of them,
and a function that is to be differentiated must not depend on how often it was called.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable, Mapping
from typing import Any, cast, final

import torch

__all__ = ["Randomness", "State", "duplicate", "mapped", "tensors_in", "widen"]


@final
class Randomness:
    """The state of every global random generator, as it is now."""

    def __init__(self) -> None:
        self._torch = torch.get_rng_state()
        self._cuda = (
            torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
        )
        self._python = random.getstate()
        numpy = sys.modules.get("numpy")
        self._numpy = None if numpy is None else numpy.random.get_state()

    def restore(self) -> None:
        """Put all of them back."""
        torch.set_rng_state(self._torch)
        if self._cuda is not None:
            torch.cuda.set_rng_state_all(self._cuda)
        random.setstate(self._python)
        if self._numpy is not None:
            sys.modules["numpy"].random.set_state(self._numpy)


@final
class State:
    """Buffers and plain attributes of a module and all below it, as they are now."""

    def __init__(self, module: torch.nn.Module) -> None:
        self._kept = [
            (
                part,
                dict(vars(part)),
                {
                    name: (buffer, buffer.detach().clone())
                    for name, buffer in part.named_buffers(recurse=False)
                },
            )
            for part in module.modules()
        ]

    def restore(self) -> None:
        """Put back what has changed."""
        for part, attributes, buffers in self._kept:
            now = vars(part)
            for name in [name for name in now if name not in attributes]:
                del now[name]
            now.update(attributes)
            for name, (buffer, kept) in buffers.items():
                now["_buffers"][name] = buffer
                with torch.no_grad():  # batch norm writes without torch counting it
                    buffer.copy_(kept)


def duplicate(module: torch.nn.Module, *, share: bool = False) -> torch.nn.Module:
    """A deep copy of a module; share: whether parameters use the same memory.

    Hooks of modules are copied with them, and those of parameters that change their
    gradients are registered anew. Hooks that run after gradients have been accumulated
    are not: they step optimisers, and no check accumulates.
    """
    memo: dict[int, Any] = {}
    for parameter in module.parameters():
        data = parameter.detach()
        fresh = torch.nn.Parameter(
            data if share else data.clone(), requires_grad=parameter.requires_grad
        )
        for hook in (parameter._backward_hooks or {}).values():  # noqa: SLF001 - no other way
            fresh.register_hook(hook)
        memo[id(parameter)] = fresh
    return copy.deepcopy(module, memo)


def widen(module: torch.nn.Module) -> None:
    """Make floating buffers and tensor attributes of a module float64, in place."""
    for part in module.modules():
        for name, buffer in part.named_buffers(recurse=False):
            vars(part)["_buffers"][name] = wide(buffer)
        for name, value in vars(part).items():
            if isinstance(value, torch.Tensor):
                vars(part)[name] = wide(value)


def wide(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor in double precision, if it is floating or complex."""
    if tensor.is_floating_point():
        return tensor.double()
    return tensor.to(torch.complex128) if tensor.is_complex() else tensor


def tensors_in(value: Any) -> list[torch.Tensor]:
    """All tensors in nested lists, tuples, mappings and dataclasses, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, Mapping):
        parts: list[Any] = list(cast("Mapping[Any, Any]", value).values())
    elif isinstance(value, list | tuple):
        parts = list(cast("list[Any]", value))
    elif hasattr(type(value), "__dataclass_fields__"):
        parts = list(vars(value).values())
    else:
        return []
    return [tensor for part in parts for tensor in tensors_in(part)]


def mapped(value: Any, replace: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """The same nesting with every tensor replaced."""
    if isinstance(value, torch.Tensor):
        return replace(value)
    kind = cast("Any", type(value))
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        fresh = {key: mapped(part, replace) for key, part in items}
        return fresh if kind is dict else kind(fresh)
    if isinstance(value, list | tuple):
        parts = [mapped(part, replace) for part in cast("list[Any]", value)]
        return kind(*parts) if hasattr(kind, "_fields") else kind(parts)
    if hasattr(kind, "__dataclass_fields__"):
        fresh = copy.copy(value)
        for key, part in vars(value).items():
            object.__setattr__(fresh, key, mapped(part, replace))
        return fresh
    return value
