"""The optimiser of a training: Adam, for networks and for the grid's table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor, nn

from clinometer.surface.settings import Settings

__all__ = ["BETAS", "TINY", "Optimiser"]

BETAS = 0.9, 0.99
"""Decay of the means of gradients and of their squares. Source, with TINY: Müller et
al. 2022, ACM Trans. Graph. 41(4), section 4."""

TINY = 1e-15
"""What keeps a root of zero from being divided by."""


@final
class Optimiser:
    """Adam over all parameters of a model, each at the rate that is its.

    Numbers of the table whose gradient is exactly 0 stay, and so do their means: they
    were not interpolated from. For the others this is Adam (Kingma, Ba 2015, algorithm
    1), without weight decay.
    """

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        """At its first step."""
        named = dict(model.named_parameters())
        self._table = named.pop("field.table")
        self._table_rate = settings.rate
        sharpness = named.pop("log_sharpness")
        self._rates = [settings.network_rate, settings.sharpness_rate]
        groups = [list(named.values()), [sharpness]]
        self._networks = torch.optim.Adam(
            [{"params": group, "lr": 0.0} for group in groups],
            betas=BETAS,
            eps=TINY,
            fused=True,
        )
        self._steps = 0
        self._mean = torch.zeros_like(self._table)
        self._square = torch.zeros_like(self._table)

    def clear(self) -> None:
        """Forget all gradients."""
        self._networks.zero_grad(set_to_none=True)
        self._table.grad = None

    def step(self, factor: float) -> None:
        """Move all parameters against their gradients, rates multiplied by a factor."""
        for group, rate in zip(self._networks.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self._networks.step()
        self._steps += 1
        gradient = self._table.grad
        if gradient is not None:
            self._move_table(gradient, self._table_rate * factor)

    @torch.no_grad()
    def _move_table(self, gradient: Tensor, rate: float) -> None:
        first, second = BETAS
        met = gradient != 0
        mean = self._mean.lerp(gradient, 1 - first)
        square = torch.addcmul(
            self._square * second, gradient, gradient, value=1 - second
        )
        root = (square / (1 - second**self._steps)).sqrt() + TINY
        moved = self._table - rate / (1 - first**self._steps) * mean / root
        self._mean.copy_(torch.where(met, mean, self._mean))
        self._square.copy_(torch.where(met, square, self._square))
        self._table.copy_(torch.where(met, moved, self._table))

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on, by name."""
        found: dict[str, Tensor] = {
            "table.mean": self._mean,
            "table.square": self._square,
            "steps": torch.tensor(self._steps),
        }
        for number, state in self._networks.state_dict()["state"].items():
            for name, value in state.items():
                found[f"networks.{number}.{name}"] = value
        return found

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        self._mean.copy_(state["table.mean"])
        self._square.copy_(state["table.square"])
        self._steps = int(state["steps"])
        networks: dict[int, dict[str, Tensor]] = {}
        for key, value in state.items():
            kind, _, rest = key.partition(".")
            if kind == "networks":
                number, _, name = rest.partition(".")
                networks.setdefault(int(number), {})[name] = value.clone()
        whole = self._networks.state_dict()
        self._networks.load_state_dict({**whole, "state": networks})
