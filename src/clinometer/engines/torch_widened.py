"""Code of torch run in float64, though it was written for a coarser dtype.

Where one tensor of an operation is float64, all floating ones are made so, and a call
that asks for a coarser dtype gets float64. Autocast leaves float64 alone. Code that
writes into coarser tensors of its own goes wrong that way: whoever uses this compares
a value with one in the code's own dtype first.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast, final

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from clinometer.engines.torch_state import mapped, tensors_in, wide

__all__ = ["Coarsest", "Widened"]

NARROWING = {torch.Tensor.float, torch.Tensor.half, torch.Tensor.bfloat16}
NARROW = {torch.float32, torch.float16, torch.bfloat16}


@final
class Widened(TorchFunctionMode):
    """Within it operations that meet a float64 tensor are computed in float64."""

    def __torch_function__(  # noqa: PLR0917 - torch calls it so
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        del types
        given: dict[str, Any] = dict(kwargs or {})
        found = tensors_in((args, given))
        if not any(tensor.dtype == torch.float64 for tensor in found):
            return func(*args, **given)
        if func in NARROWING:
            return args[0]
        if func is torch.Tensor.type_as:
            return wide(args[0])
        if len({t.dtype for t in found if t.is_floating_point()}) > 1:
            args, given = mapped((args, given), wide)
        return func(*_dtypes(args), **{k: _dtype(v) for k, v in given.items()})


@final
class Coarsest(TorchDispatchMode):
    """The coarsest floating dtype among the results of operations.

    unit : its unit roundoff.
    """

    def __init__(self) -> None:
        super().__init__()
        self.unit = 0.0

    def __torch_dispatch__(  # noqa: PLR0917 - torch calls it so
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        del types
        out = func(*args, **(kwargs or {}))
        for tensor in tensors_in(out):
            if tensor.is_floating_point():
                unit = torch.finfo(tensor.dtype).eps / 2
                self.unit = max(self.unit, unit)
        return out


def _dtypes(args: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(_dtype(argument) for argument in args)


def _dtype(value: Any) -> Any:
    """float64 for a coarser dtype; anything else as it is."""
    narrow = isinstance(value, torch.dtype) and value in NARROW
    return torch.float64 if narrow else cast("Any", value)
