"""Modules and custom Functions of torch, recorded while a model runs unchanged.

Two methods of torch's own base classes are replaced for as long as a recording lasts:
`Module.__call__`, and the `apply` below `Function.apply`, which also calls kept under
another name (`scale = Scale.apply`) go through. No hook is registered, no module is
wrapped; what the user's code computes is what it would compute without.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, cast, final

import torch
from torch.autograd import function as functions

from clinometer.engines.record import place_of
from clinometer.engines.torch_state import Randomness, mapped, tensors_in

__all__ = ["Application", "Call", "Recording", "is_torchs_own", "source_of"]

Module: TypeAlias = torch.nn.Module


@final
@dataclass(frozen=True, eq=False)
class Application:
    """One use of a custom Function: its class and what it was given.

    path : of the innermost module that was running, "" outside of all.
    args : as forward got them, tensors copied; those that required grad still do.
    """

    path: str
    kind: type[Any]
    args: tuple[Any, ...]
    randomness: Randomness


@final
@dataclass(frozen=True, eq=False)
class Call:
    """One call of a module and what it was given, tensors copied."""

    path: str
    module: Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    randomness: Randomness


@final
class Recording:
    """Records while it is entered; `applications` and `calls` hold what was met.

    wanted : whether a call of a module, known by itself and its path, is recorded.
    outermost : called with a module that no other calls, its args and kwargs.
    everything : whether torch's own Functions are, too.
    limit : applications recorded at most; `cut` counts those left out.
    """

    def __init__(
        self,
        root: Module | None = None,
        *,
        wanted: Callable[[Module, str], bool] | None = None,
        outermost: Callable[[Module, Any, Any], None] | None = None,
        everything: bool = False,
        limit: int = 10_000,
    ) -> None:
        self.applications: list[Application] = []
        self.calls: list[Call] = []
        self.cut = 0
        self._paths: dict[int, str] = {} if root is None else _paths(root)
        self._wanted = wanted
        self._outermost = outermost
        self._everything = everything
        self._limit = limit
        self._stack: list[Module] = []
        self._call: Any = None

    def __enter__(self) -> Recording:
        self._call = Module.__call__
        call, record = self._call, self

        def recorded(module: Module, *args: Any, **kwargs: Any) -> Any:
            record._enter(module, args, kwargs)
            try:
                return call(module, *args, **kwargs)
            finally:
                record._stack.pop()

        base = functions._SingleLevelFunction  # noqa: SLF001 - no public name

        def apply(kind: Any, *args: Any) -> Any:
            record._apply(kind, args)
            return cast("Any", super(base, kind)).apply(*args)

        Module.__call__ = recorded
        base.apply = classmethod(apply)  # pyright: ignore[reportAttributeAccessIssue]
        return self

    def __exit__(self, *_: object) -> None:
        Module.__call__ = self._call
        del cast("Any", functions)._SingleLevelFunction.apply  # noqa: SLF001

    def _enter(self, module: Module, args: Any, kwargs: Any) -> None:
        if not self._stack:
            if id(module) not in self._paths:
                self._paths.update(_paths(module, self._prefix(module)))
            if self._outermost is not None:
                self._outermost(module, args, kwargs)
        self._stack.append(module)
        path = self.path_of(module)
        if self._wanted is not None and self._wanted(module, path):
            kept, named = _kept(args), _kept(kwargs)
            self.calls.append(Call(path, module, kept, named, Randomness()))

    def path_of(self, module: Module) -> str:
        """Path of a module met; the class's name for one that was not."""
        return self._paths.get(id(module), type(module).__name__)

    def _prefix(self, root: Module) -> str:
        """What paths below a further root begin with; nothing for the first."""
        if not self._paths:
            return ""
        name = type(root).__name__
        taken = sum(path.partition("#")[0] == name for path in self._paths.values())
        return f"{name}#{taken + 1}" if taken else name

    def _apply(self, kind: type[Any], args: tuple[Any, ...]) -> None:
        if not torch.is_grad_enabled():
            return
        if is_torchs_own(kind) and not self._everything:
            return
        if not any(tensor.requires_grad for tensor in tensors_in(args)):
            return
        if len(self.applications) >= self._limit:
            self.cut += 1
            return
        path = self.path_of(self._stack[-1]) if self._stack else ""
        kept = _kept(args)
        self.applications.append(Application(path, kind, kept, Randomness()))


def _paths(root: Module, prefix: str = "") -> dict[int, str]:
    """Path of every module below a root, by its identity."""
    return {
        id(module): ".".join(part for part in (prefix, path) if part)
        for path, module in root.named_modules()
    }


def _kept(args: Any) -> Any:
    """Copies of all tensors; those that required grad do so again, without history."""

    def copied(tensor: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return tensor.detach().clone().requires_grad_(tensor.requires_grad)

    return mapped(args, copied)


def is_torchs_own(kind: type[Any]) -> bool:
    """Whether a class comes with torch."""
    return kind.__module__.partition(".")[0] == "torch"


def source_of(kind: type[Any]) -> str | None:
    """Where the backward pass of a Function, or the forward of a module, is written."""
    names = ("forward",) if issubclass(kind, Module) else ("backward", "vjp")
    for name in names:
        method: Any = inspect.unwrap(getattr(kind, name))
        code = getattr(method, "__code__", None)
        own = getattr(method, "__module__", "") != functions.__name__
        if code is not None and own:
            return place_of(code, f"{kind.__name__}.{name}")
    return None
