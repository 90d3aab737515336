"""Adam for the table of a field: what no point has touched stays as it is."""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Tensor

from clinometer.errors import InputError
from clinometer.surface.field import PlainField
from clinometer.surface.kernel.fused import FusedField
from clinometer.surface.kernel.library import Adam, Owed, address

__all__ = ["TableAdam", "plain_step"]


@final
class TableAdam:
    """Steps of Adam on `field.table`, over the active levels only.

    mean_decay, square_decay : β₁ and β₂, 0 <= β < 1, of the running means of a number's
        gradient and of its square.
    least : ε, what is added to the root of the square, in units of the gradient.

    A number whose gradient is exactly 0 stays, and so does what is kept of it: the
    points of a step touch few entries of the fine levels, and the others shall not
    drift on old gradients. The gradient is zeroed on the way, not set to None.
    With a `FusedField` the kernel does it. Backward then leaves `table.grad` as it is:
    what it owes to it (`owed`) is added up here, level by level, in memory that is
    small enough to be fast, and used at once.
    Source: Kingma, Ba 2015, arXiv 1412.6980, algorithm 1; the rule for zeros: Müller et
    al. 2022, ACM Trans. Graph. 41(4), section 4.
    """

    def __init__(
        self,
        field: FusedField | PlainField,
        *,
        mean_decay: float = 0.9,
        square_decay: float = 0.99,
        least: float = 1e-15,
    ) -> None:
        for name, decay in (("mean_decay", mean_decay), ("square_decay", square_decay)):
            if not 0.0 <= decay < 1.0:
                raise InputError(f"{name} must lie in 0 <= β < 1, got {decay}")
        self._field = field
        self.decays = mean_decay, square_decay
        self.least = least
        self.steps = 0
        self.mean = torch.zeros_like(field.table, requires_grad=False)
        self.square = torch.zeros_like(field.table, requires_grad=False)
        if isinstance(field, FusedField):
            field.owed = []

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step of that rate, in units of the table's numbers."""
        gradient = self._field.table.grad
        self.steps += 1
        if isinstance(self._field, FusedField):
            self._fused_step(self._field, gradient, rate)
        elif gradient is not None:
            used = slice(self._field.shape.grid.starts[self._field.active])
            plain_step(
                value=self._field.table[used],
                gradient=gradient[used],
                mean=self.mean[used],
                square=self.square[used],
                decays=self.decays,
                rate=rate,
                least=self.least,
                steps=self.steps,
            )

    def _fused_step(
        self, field: FusedField, gradient: Tensor | None, rate: float
    ) -> None:
        debts = list(field.owed or ())
        if gradient is None and not debts:
            return
        if gradient is not None and not (
            gradient.is_contiguous() and gradient.dtype == torch.float32
        ):
            raise InputError("the table's gradient must be contiguous float32")
        mean_decay, square_decay = self.decays
        parts = (field.table, gradient, self.mean, self.square)
        field.library.adam(
            field.levels,
            field.active,
            (Owed * len(debts))(*(debt.owed for debt in debts)),
            len(debts),
            Adam(
                *map(address, parts),
                mean_decay=mean_decay,
                mean_gain=1 - mean_decay,
                square_decay=square_decay,
                square_gain=1 - square_decay,
                rate=rate / (1 - mean_decay**self.steps),
                square_scale=1 / (1 - square_decay**self.steps),
                least=self.least,
            ),
        )
        if field.owed is not None:
            field.owed.clear()  # not a new list: what is owed knows this one
        for part in parts:
            if part is not None:
                torch.autograd.graph.increment_version(part)

    def state_dict(self) -> dict[str, Any]:
        """What a later TableAdam goes on from, bit by bit; tensors are not copied."""
        return {"steps": self.steps, "mean": self.mean, "square": self.square}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a state of a field of the same shape."""
        self.steps = int(state["steps"])
        self.mean.copy_(state["mean"])
        self.square.copy_(state["square"])


def plain_step(
    *,
    value: Tensor,
    gradient: Tensor,
    mean: Tensor,
    square: Tensor,
    decays: tuple[float, float],
    rate: float,
    least: float,
    steps: int,
) -> None:
    """One step in plain PyTorch, in place: the specification of the kernel's.

    value, gradient, mean, square : of one shape; gradient becomes 0.
    steps : how many there are with this one, >= 1.
    """
    mean_decay, square_decay = decays
    moves = gradient != 0
    new_mean = mean_decay * mean + (1 - mean_decay) * gradient
    new_square = square_decay * square + (1 - square_decay) * gradient**2
    root = (new_square / (1 - square_decay**steps)).sqrt() + least
    change = rate / (1 - mean_decay**steps) * new_mean / root
    mean.copy_(torch.where(moves, new_mean, mean))
    square.copy_(torch.where(moves, new_square, square))
    value.copy_(torch.where(moves, value - change, value))
    gradient.zero_()
