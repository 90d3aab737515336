"""The first training steps of a script that knows nothing of it, recorded.

Nothing is computed while the script runs but copies: of the tensors that its custom
Functions are given, and of each outermost module together with its inputs. Random
generators, gradients and parameters are read, never written.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, TypeAlias, final

import torch

from clinometer.engines.record import ModelParts, Rule
from clinometer.engines.record_torch import Recording
from clinometer.engines.torch_model import Arguments, TorchModel, rule_of, unchanged
from clinometer.errors import InputError

__all__ = ["Watch"]

Module: TypeAlias = torch.nn.Module

USES = 500
"""Uses of custom Functions recorded at most: each is a copy of its inputs."""


@final
class Watch:
    """Records until so many backward passes have ended, then leaves no trace.

    steps : backward passes recorded.
    notes : what could not be recorded, in words.
    """

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._done = 0
        self._running = False
        self._backward: Any = None
        self._grad: Any = None
        self._models: dict[int, tuple[int, TorchModel]] = {}
        self._recording = Recording(limit=USES, outermost=self._outermost)
        self.notes: list[str] = []

    @property
    def seen(self) -> bool:
        """Whether anything was recorded."""
        return bool(self._recording.applications or self._models)

    def start(self) -> None:
        """Begin."""
        self._running = True
        self._recording.__enter__()
        self._backward = torch.autograd.backward
        passed = self._backward

        def backward(*args: Any, **kwargs: Any) -> Any:
            try:
                return passed(*args, **kwargs)
            finally:
                self._done += 1
                if self._done >= self._steps:
                    self.stop()

        torch.autograd.backward = backward

    def stop(self) -> None:
        """Put torch back as it was."""
        if self._running:
            self._running = False
            torch.autograd.backward = self._backward
            self._recording.__exit__()

    def functions(self) -> tuple[list[Rule], int]:
        """The custom Functions at the inputs they met, and how many were left out."""
        found: list[Rule] = [rule_of(met) for met in self._recording.applications]
        return found, self._recording.cut

    def models(self) -> list[ModelParts]:
        """The outermost modules, as they were in their last recorded step."""
        return [model for _, model in self._models.values()]

    @staticmethod
    def unchanged() -> AbstractContextManager[None]:
        """Within it, random generators may be used; afterwards they are as before."""
        return unchanged()

    def _outermost(self, module: Module, args: Any, kwargs: Any) -> None:
        """Copy a module that no other calls, with its inputs, once a step."""
        if not torch.is_grad_enabled():
            return
        if not any(parameter.requires_grad for parameter in module.parameters()):
            return
        last = self._models.get(id(module))
        if last is not None and last[0] == self._done:
            return
        path = self._recording.path_of(module)
        try:
            model = TorchModel(module, Arguments(args, kwargs), prefix=path)
        except InputError as error:
            note = f"{type(module).__name__} was not checked as a whole: {error}"
            if note not in self.notes:
                self.notes.append(note)
            return
        self._models[id(module)] = (self._done, model)
