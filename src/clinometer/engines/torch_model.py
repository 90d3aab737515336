"""A torch model at real inputs, taken apart: the whole, its modules, its Functions.

All of it happens on a copy: the model itself is never called.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias, cast, final

import torch

from clinometer.engines.record import Rule
from clinometer.engines.record_torch import (
    Application,
    Call,
    Recording,
    is_torchs_own,
)
from clinometer.engines.torch_bodies import FunctionBody, ModuleBody
from clinometer.engines.torch_rules import TorchRule, said
from clinometer.engines.torch_state import (
    Randomness,
    State,
    duplicate,
    mapped,
    tensors_in,
)
from clinometer.errors import FunctionError, InputError

__all__ = ["Arguments", "TorchModel", "rule_of", "unchanged"]

Module: TypeAlias = torch.nn.Module


@final
class Arguments(NamedTuple):
    """What a model is called with."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@contextlib.contextmanager
def unchanged() -> Generator[None]:
    """The random generators go on afterwards as if nothing had been."""
    randomness = Randomness()
    try:
        yield
    finally:
        randomness.restore()


def rule_of(met: Application) -> Rule:
    """A recorded custom Function as a rule."""
    return TorchRule(met.path, met.kind, FunctionBody(met))


@final
class TorchModel:
    """A copy of a model, with its inputs, loss and the random state of a run.

    inputs : a tuple or list of arguments, a dict of keyword arguments, or the only one.
    loss : function of the output, one number; None for all outputs.
    everything : whether torch's own modules and Functions are rules, too.
    prefix : what the paths of its modules begin with.
    """

    def __init__(
        self,
        model: Module,
        inputs: Any,
        *,
        loss: Callable[[Any], Any] | None = None,
        everything: bool = False,
        prefix: str = "",
    ) -> None:
        """Copy the model.

        Raises InputError if it cannot be copied, or has nothing to differentiate by.
        """
        model = _unwrapped(model)
        try:
            self._mirror = duplicate(model)
        except Exception as error:
            raise InputError(
                "the model must be one that copy.deepcopy can copy, for it is checked "
                f"on copies; copying raised {said(error)}"
            ) from error
        self._parameters = [*model.parameters()]
        self._writes = False
        self._state = State(self._mirror)
        args, kwargs = _arguments(inputs)
        if not any(p.requires_grad for p in model.parameters()):
            args, kwargs = _requiring(args), _requiring(kwargs)
        moving = [*tensors_in((args, kwargs)), *model.parameters()]
        if not any(tensor.requires_grad for tensor in moving):
            raise InputError(
                "nothing to differentiate by: neither a parameter nor an input is "
                "floating-point and requires grad"
            )
        self.name = type(model).__name__
        self._loss = loss
        self._everything = everything
        self._prefix = prefix
        self._call = Call("", self._mirror, args, kwargs, Randomness())
        self.modules = dict(self._mirror.named_modules())

    def whole(self) -> Rule:
        """The model with its loss."""
        body = ModuleBody(self._call, self._loss, writes=self._writes)
        return TorchRule(self._prefix, type(self._mirror), body)

    def functions(self) -> tuple[list[Rule], int]:
        """The custom Functions met forward and backward, and how many were left out.

        Raises FunctionError if the model or its loss fails at the inputs.
        """
        recording = Recording(self._mirror, everything=self._everything)
        self._run(recording, backward=True)
        self._share()
        return [rule_of(met) for met in recording.applications], recording.cut

    def children(self, path: str) -> list[Rule]:
        """The modules right below one, at the inputs of their first call.

        Those that are torch's own throughout are left out, unless everything is wanted;
        containers that are never called, such as ModuleList, are looked through.
        """
        wanted = set(self._below(path.removeprefix(self._prefix).removeprefix(".")))
        seen: set[str] = set()

        def first(module: Module, name: str) -> bool:
            del module
            new = name in wanted and name not in seen
            seen.add(name)
            return new

        recording = Recording(self._mirror, wanted=first)
        self._run(recording, backward=False)
        return [
            TorchRule(
                self._named(call.path),
                type(call.module),
                ModuleBody(call, writes=self._writes),
            )
            for call in recording.calls
        ]

    def _share(self) -> None:
        """Use the model's own parameters from here on, if a run left the copies alone.

        Saves memory of the size of the model. One that writes into its parameters keeps
        its copies, which are put back after every run.
        """
        pairs = [*zip(self._mirror.parameters(), self._parameters, strict=True)]
        self._writes = not all(torch.equal(own, given) for own, given in pairs)
        if self._writes:
            self._put_back()
            return
        for own, given in pairs:
            own.data = given.detach()

    def _put_back(self) -> None:
        """Give the copies the values of the model's own parameters."""
        with torch.no_grad():
            for own, given in zip(
                self._mirror.parameters(), self._parameters, strict=True
            ):
                own.copy_(given)

    @staticmethod
    def unchanged() -> contextlib.AbstractContextManager[None]:
        """Within it, random generators may be used; afterwards they are as before."""
        return unchanged()

    def _named(self, path: str) -> str:
        return f"{self._prefix}.{path}" if self._prefix else path

    def _below(self, path: str) -> Iterator[str]:
        for name, child in self.modules[path].named_children():
            below = f"{path}.{name}" if path else name
            if isinstance(child, torch.nn.ModuleList | torch.nn.ModuleDict):
                yield from self._below(below)
            elif self._everything or _users_own(child):
                yield below

    def _run(self, recording: Recording, *, backward: bool) -> None:
        """One forward pass, recorded, and a backward pass, which may fail."""
        call = self._call
        call.randomness.restore()
        args, kwargs = mapped(
            (call.args, call.kwargs),
            lambda x: x.detach().clone().requires_grad_(x.requires_grad).clone(),
        )
        try:
            with torch.enable_grad(), recording:
                out = self._mirror(*args, **kwargs)
                out = out if self._loss is None else self._loss(out)
                if backward:
                    _backward(out)
        except Exception as error:
            raise FunctionError(
                f"the model raised {said(error)} at the inputs given"
            ) from error
        finally:
            self._state.restore()
            for parameter in self._mirror.parameters():
                parameter.grad = None
            if self._writes:
                self._put_back()


def _backward(out: Any) -> None:
    """Backward from all outputs; what a rule raises is for its own check to say."""
    outputs = [x for x in tensors_in(out) if x.requires_grad]
    with contextlib.suppress(Exception):
        torch.autograd.backward(outputs, [torch.ones_like(x) for x in outputs])


def _users_own(module: Module) -> bool:
    """Whether a module or any below it is not torch's own."""
    return any(not is_torchs_own(type(part)) for part in module.modules())


def _unwrapped(model: Module) -> Module:
    """The model below torch.compile's and data-parallel wrappers."""
    parallel = (
        torch.nn.DataParallel,
        torch.nn.parallel.DistributedDataParallel,
    )
    while True:
        if isinstance(model, parallel):
            model = model.module
        elif type(model).__name__ == "OptimizedModule":
            model = cast("Any", model)._orig_mod  # noqa: SLF001 - torch.compile's name
        else:
            return model


def _arguments(inputs: Any) -> Arguments:
    """The arguments that inputs stand for, copied."""

    def kept(x: torch.Tensor) -> torch.Tensor:
        return x.detach().clone().requires_grad_(x.requires_grad)

    if isinstance(inputs, Mapping):
        inputs = Arguments((), dict(cast("Mapping[str, Any]", inputs)))
    elif isinstance(inputs, tuple | list) and not isinstance(inputs, Arguments):
        inputs = Arguments(tuple(cast("list[Any]", inputs)), {})
    elif not isinstance(inputs, Arguments):
        inputs = Arguments((inputs,), {})
    return Arguments(*mapped(tuple(inputs), kept))


def _requiring(given: Any) -> Any:
    """The same arguments, whose floating tensors require grad."""
    return mapped(given, lambda x: x.requires_grad_() if x.is_floating_point() else x)
