"""A module or custom Function of torch alone, at the inputs it met in a real run.

The claim is what autograd makes of it in its own dtype. The measuring side calls it
without autograd, in float64 where a copy can be cast and gives the same value.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
import torch
from numpy.typing import NDArray

from clinometer.arrays import unit_roundoff
from clinometer.engines.record import Alone, Screen
from clinometer.engines.record_torch import source_of
from clinometer.engines.torch_bodies import Body, Run
from clinometer.engines.torch_directions import Moves, directions_of
from clinometer.engines.torch_state import wide

__all__ = ["TorchRule", "said"]

Tensor: TypeAlias = torch.Tensor
Floats: TypeAlias = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Claimed:
    """What autograd claims at the leaves.

    slopes : by leaf; None where no gradient arrives.
    weights : the cotangent u, a tensor for each output that requires grad.
    places : which of all outputs these are.
    value : <u, outputs>.
    fault : what backward raised; empty if nothing.
    """

    slopes: list[Tensor | None]
    weights: list[Tensor]
    places: list[int]
    value: float
    fault: str

    def weighed(self, outputs: list[Tensor]) -> Tensor:
        """<u, outputs> of all outputs, as a float64 tensor of shape ()."""
        total = torch.zeros((), dtype=torch.float64)
        for k, weight in zip(self.places, self.weights, strict=True):
            total = total + (outputs[k].double() * weight.double()).sum().cpu()
        return total


@final
class TorchRule:
    """A body with its place in the model: see `clinometer.engines.record.Rule`."""

    def __init__(self, path: str, kind: type[Any], body: Body) -> None:
        self.path = path
        self.name = kind.__name__
        self.source = source_of(kind)
        self._body = body
        dtypes = {leaf.dtype for leaf in body.leaves}
        self.roundoff = max((unit_roundoff(d) for d in dtypes), default=0.0)

    def screen(self, seed: int, *, each: bool, count: int) -> Screen | None:
        """Claims along random directions, and the function to measure."""
        body, leaves = self._body, self._body.leaves
        if not leaves:
            return None
        native = body.runner(double=False)
        claimed = _claim(native, leaves, seed)
        if claimed is None:
            return None
        slopes = claimed.slopes
        ways = directions_of(leaves, slopes, seed=seed, each=each, count=count)
        moves = Moves(leaves, ways)
        claims = moves.claimed(slopes)
        missing = [body.labels[k] for k, slope in enumerate(slopes) if slope is None]
        labels = [body.labels[next(iter(way))] if each else "" for way in ways]
        slopes.clear()  # as large as the model; only the sums are needed from here on
        still = [0.0] * len(ways)
        run, note = self._measuring(
            native, claimed, lambda: moves.at(still, double=True)
        )

        def f(t: Floats) -> float:
            with torch.no_grad():
                there = moves.at(t.tolist(), double=not note)
                return float(claimed.weighed(run(there).outputs))

        return Screen(
            f=f,
            claims=claims.to(max((x.dtype for x in leaves), key=unit_roundoff)),
            labels=tuple(labels),
            unused=tuple(missing),
            note=note,
            fault=claimed.fault,
        )

    def alone(self, seed: int) -> Alone:
        """The question for a check: every leaf, in float64 where that is possible."""
        body = self._body
        native = body.runner(double=False)
        claimed = _claim(native, body.leaves, seed)
        assert claimed is not None  # only what a screen has seen is asked for
        run, note = self._measuring(
            native, claimed, lambda: [wide(leaf) for leaf in body.leaves]
        )
        leaves = body.leaves if note else [wide(leaf) for leaf in body.leaves]

        def f(x: dict[str, Tensor]) -> Tensor:
            with torch.no_grad():
                return claimed.weighed(run([x[name] for name in body.labels]).outputs)

        return Alone(
            f=f,
            x=dict(zip(body.labels, leaves, strict=True)),
            gradient=dict(zip(body.labels, claimed.slopes, strict=True)),
        )

    def plain(self) -> tuple[Callable[[dict[str, Any]], Any], dict[str, Any]] | None:
        """The body as a function of a dict, and its inputs."""
        plain, labels = self._body.plain(), self._body.labels
        if plain is None or self._body.random():
            return None
        x = dict(zip(labels, self._body.leaves, strict=True))
        return lambda x: plain([x[label] for label in labels]), x

    def _measuring(
        self, native: Run, claimed: Claimed, finer: Callable[[], list[Tensor]]
    ) -> tuple[Run, str]:
        """How values are measured: in float64, or natively with a note why.

        finer : gives the leaves in float64.
        """
        if self.roundoff <= unit_roundoff(torch.float64):
            return native, ""
        try:
            run = self._body.runner(double=True)
            with torch.no_grad():
                again = run(finer()).outputs
                there = float(claimed.weighed(again))
            squares = [float(w.double().square().sum()) for w in claimed.weights]
            largest = max(float(again[k].abs().max()) for k in claimed.places)
            allowed = math.sqrt(self.roundoff * sum(squares)) * largest
            if abs(there - claimed.value) <= allowed:
                return run, ""
            why = "a float64 copy gives another value"
        except Exception as error:  # noqa: BLE001 - a user's code may refuse float64
            why = f"a float64 copy raised {said(error)}"
        return native, f"measured in its own dtype: {why}"


def said(error: Exception) -> str:
    """What an exception says, on one short line."""
    first = str(error).strip().partition("\n")[0][:100]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _claim(run: Run, leaves: list[Tensor], seed: int) -> Claimed | None:
    """What autograd claims; None if no output requires grad.

    The cotangent is random with both signs: what is only right for positive or equal
    incoming gradients is wrong here.
    """
    fault = ""
    with torch.enable_grad():
        ran = run(leaves)
        places = [k for k, out in enumerate(ran.outputs) if out.requires_grad]
        if not places:
            return None
        outputs = [ran.outputs[k] for k in places]
        generator = torch.Generator().manual_seed(seed)
        weights = [_cotangent(out, generator) for out in outputs]
        slopes: list[Any] = [None] * len(leaves)
        try:
            slopes = list(
                torch.autograd.grad(outputs, ran.variables, weights, allow_unused=True)
            )
        except Exception as error:  # noqa: BLE001 - a user's backward may raise anything
            fault = f"backward raised {said(error)}"
    values = zip(outputs, weights, strict=True)
    value = sum(float((x.detach().double() * w.double()).sum()) for x, w in values)
    return Claimed(slopes, weights, places, value, fault)


def _cotangent(out: Tensor, generator: torch.Generator) -> Tensor:
    if out.numel() == 1:
        return torch.ones_like(out)
    return torch.randn(out.shape, generator=generator).to(out)
