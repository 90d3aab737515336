"""What a model carries beside what moves along a direction.

All that a forward pass may change beside gradients is kept and put back.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, final

import torch

from clinometer.engines.torch_state import Randomness, State, tensors_in

__all__ = ["Carried", "padding_rows"]

Tensor: TypeAlias = torch.Tensor
Module: TypeAlias = torch.nn.Module


@final
class Carried:
    """Random generators, buffers, attributes and tensors in attributes, as now."""

    def __init__(self, model: Module) -> None:
        self._randomness = Randomness()
        self._devices = (
            torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
        )
        self._state = State(model)
        own = {id(p) for p in model.parameters()} | {id(b) for b in model.buffers()}
        self._lists = [
            (value, list(value)) for value in _attributes(model) if type(value) is list
        ]
        self._tensors = [
            (tensor, tensor.detach().clone())
            for tensor in _held(model)
            if id(tensor) not in own
        ]

    def same_on_devices(self) -> bool:
        """Whether the GPUs' random generators still are where they were."""
        now = [torch.cuda.get_rng_state(k) for k in range(len(self._devices))]
        return all(map(torch.equal, now, self._devices))

    def restore(self) -> None:
        """Put all of it back."""
        self._state.restore()
        for value, kept in self._lists:
            value[:] = kept
        with torch.no_grad():
            for tensor, kept in self._tensors:
                tensor.data.copy_(kept)
        self._randomness.restore()


def _attributes(model: Module) -> list[Any]:
    """Plain attributes of a module and all below it."""
    return [
        value
        for part in model.modules()
        for key, value in vars(part).items()
        if not key.startswith("_")
    ]


def _held(model: Module) -> list[Tensor]:
    """Plain tensors in attributes; those that belong to a graph are left out."""
    return [t for t in tensors_in(_attributes(model)) if t.grad_fn is None]


def padding_rows(
    model: Module, parameters: Sequence[Tensor]
) -> list[tuple[int, Tensor]]:
    """Rows of embeddings that get no gradient: number of the parameter, and the row."""
    numbers = {id(parameter): k for k, parameter in enumerate(parameters)}
    return [
        (
            numbers[id(part.weight)],
            torch.tensor([part.padding_idx]).to(part.weight.device),
        )
        for part in model.modules()
        if isinstance(part, torch.nn.Embedding | torch.nn.EmbeddingBag)
        and part.padding_idx is not None
        and id(part.weight) in numbers
    ]
