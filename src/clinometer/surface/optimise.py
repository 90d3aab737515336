"""The optimiser of a training: Adam, for networks and for the grid's table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor

from clinometer.surface.kernel.adam import TableAdam
from clinometer.surface.model import Model
from clinometer.surface.settings import Settings

__all__ = ["Optimiser"]

BETAS = 0.9, 0.99
"""Decay of the means of gradients and of their squares. Source, with TINY: Müller et
al. 2022, ACM Trans. Graph. 41(4), section 4."""

TINY = 1e-15
"""What keeps a root of zero from being divided by."""


@final
class Optimiser:
    """Adam over all parameters of a model, each at the rate that is its."""

    def __init__(self, model: Model, settings: Settings) -> None:
        """At its first step."""
        named = dict(model.named_parameters())
        del named["field.table"]
        sharpness = named.pop("log_sharpness")
        self._rates = [settings.network_rate, settings.sharpening]
        self._table_rate = settings.rate
        self._networks = torch.optim.Adam(
            [
                {"params": group, "lr": 0.0}
                for group in (list(named.values()), [sharpness])
            ],
            betas=BETAS,
            eps=TINY,
            fused=True,
        )
        mean_decay, square_decay = BETAS
        self._table = TableAdam(
            model.field, mean_decay=mean_decay, square_decay=square_decay, least=TINY
        )

    def clear(self) -> None:
        """Forget the networks' gradients; the table's are gone after each step."""
        self._networks.zero_grad(set_to_none=True)

    def step(self, factor: float) -> None:
        """Move all parameters against their gradients, rates multiplied by a factor."""
        for group, rate in zip(self._networks.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self._networks.step()
        self._table.step(self._table_rate * factor)

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on, by name."""
        found: dict[str, Tensor] = {
            "table.mean": self._table.mean,
            "table.square": self._table.square,
            "steps": torch.tensor(self._table.steps),
        }
        for number, state in self._networks.state_dict()["state"].items():
            for name, value in state.items():
                found[f"networks.{number}.{name}"] = value
        return found

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        self._table.mean.copy_(state["table.mean"])
        self._table.square.copy_(state["table.square"])
        self._table.steps = int(state["steps"])
        networks: dict[int, dict[str, Tensor]] = {}
        for key, value in state.items():
            kind, _, rest = key.partition(".")
            if kind == "networks":
                number, _, name = rest.partition(".")
                networks.setdefault(int(number), {})[name] = value.clone()
        whole = self._networks.state_dict()
        self._networks.load_state_dict({**whole, "state": networks})
