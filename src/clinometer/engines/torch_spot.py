"""One pass of a training run, kept until its gradient has been checked.

What a forward pass starts from (random generators, buffers, tensors that modules hold)
is kept before it, and put back before every repetition: dropout draws the same mask,
batch norm's running means do not move twice. Afterwards all is as the pass left it.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeAlias, cast, final

import torch

from clinometer.engines.torch_carried import Carried, padding_rows
from clinometer.engines.torch_directions import Moves, directions_of
from clinometer.engines.torch_state import widen
from clinometer.engines.torch_widened import Coarsest, Widened
from clinometer.errors import InputError

__all__ = ["Pass", "Repeat", "require_checkable"]

Tensor: TypeAlias = torch.Tensor
Module: TypeAlias = torch.nn.Module
Closure: TypeAlias = Callable[[], Any]

BACKWARD = 2
"""Forward passes that a backward pass is counted as."""

PIECE = 2**18
"""Entries worked on at once: 2 MiB of float64."""


def require_checkable(model: Module) -> None:
    """Raise InputError for a model or a process whose gradient two passes cannot tell.

    Either nothing requires grad, or gradients are means over several processes.
    """
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise InputError(
            "the model must have parameters that require grad, got none: there is no "
            "gradient to check"
        )
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        size = distributed.get_world_size()
        if size > 1:
            raise InputError(
                "a spot check needs a training in one process, got a process group of "
                f"{size}: gradients there are means over processes; check a short run "
                "in one process"
            )


@final
class Pass:
    """A forward pass to come, and the backward pass after it.

    loss : of the forward pass, once `watch` has seen it.
    roundoff : unit roundoff of the loss's dtype.
    factor : cotangent with which the backward pass began: what the loss was divided by
        for gradient accumulation, or scaled by against underflow; None before it.
    clean : whether no parameter had a gradient when the backward pass began, so that
        what is in .grad now belongs to this loss alone.
    """

    def __init__(self, model: Module) -> None:
        """Keep what the forward pass starts from."""
        self.model = model
        self.before = Carried(model)
        self.loss = math.nan
        self.roundoff = 0.0
        self.factor: float | None = None
        self.clean = True
        self._handle: Any = None

    def watch(self, loss: Any) -> None:
        """Learn the loss, and wait for its backward pass.

        Raises InputError if it is no real tensor of one entry that requires grad.
        """
        tensor = _scalar(loss)
        if not tensor.requires_grad:
            raise InputError(
                "the loss must require grad, so that its gradient can be checked; "
                "compute it without no_grad and detach"
            )
        self.loss = float(tensor.detach())
        self.roundoff = torch.finfo(tensor.dtype).eps / 2
        self._handle = tensor.register_hook(self._began)

    def forget(self) -> None:
        """Stop waiting for the backward pass."""
        if self._handle is not None:
            self._handle.remove()

    def _began(self, cotangent: Tensor) -> None:
        if self.factor is None:
            self.factor = 0.0
            self.clean = not any(
                parameter.grad is not None and bool(_dense(parameter.grad).any())
                for parameter in self.model.parameters()
            )
        self.factor += float(cotangent.detach().sum())


@final
class Repeat:
    """The forward pass again, with the parameters moved along a random direction.

    claimed : slope of the loss along the direction that the gradient claims, per unit
        of t; at t = 1 entries move by about their own size.
    magnitude : root-sum-square of its terms over the parameters.
    finite : whether the gradient is.
    coarsest : largest unit roundoff of what is computed on the way.
    forwards : passes made so far.
    device_draws : whether a pass draws random numbers on a GPU: those of float64 are
        others than those of a coarser dtype, from the same seed. On CPUs uniform ones,
        as of dropout, are the same.
    """

    def __init__(self, past: Pass, closure: Closure, *, seed: int) -> None:
        self._past, self._closure = past, closure
        self._after = Carried(past.model)
        named = [
            (name, parameter)
            for name, parameter in past.model.named_parameters()
            if parameter.requires_grad and parameter.is_floating_point()
        ]
        self.names = [name for name, _ in named]
        self._parameters = [parameter for _, parameter in named]
        self._own = [parameter.data for parameter in self._parameters]
        self._kept = [parameter.detach().clone() for parameter in self._parameters]
        factor = past.factor or 1.0
        self._slopes = [
            None if parameter.grad is None else _dense(parameter.grad.detach()) / factor
            for parameter in self._parameters
        ]
        self._fixed = padding_rows(past.model, self._parameters)
        for k, row in self._fixed:
            slope = self._slopes[k]
            if slope is not None:
                self._slopes[k] = slope.index_fill(0, row, 0.0)
        slopes = [slope for slope in self._slopes if slope is not None]
        self.finite = all(bool(slope.isfinite().all()) for slope in slopes)
        given = self._slopes if self.finite else [None] * len(named)
        (self._ways,) = directions_of(self._kept, given, seed=seed, each=False, count=1)
        self.claimed, self.magnitude = self._aim(range(len(named)))
        units = [torch.finfo(p.dtype).eps / 2 for p in self._parameters]
        self.coarsest = max(past.roundoff, *units)
        self.forwards = 0
        self._grad = False
        self._double = False
        self.device_draws = False

    def aim(self, leaves: Sequence[int]) -> None:
        """From here on move these parameters only."""
        self.claimed, self.magnitude = self._aim(leaves)

    def reproduce(self) -> float:
        """How far off the loss is when the pass is made again, unmoved, in its units.

        Under no_grad, or with grad enabled if only that gives the same loss. What is
        computed in a coarse dtype, as under autocast, is noted on the way.
        """
        seen = Coarsest()
        self._rest()
        try:
            with seen:
                off = abs(self._run() - self._past.loss)
        except RuntimeError:  # an f that differentiates inside
            off = math.inf
        if not off <= 4 * self._past.roundoff * abs(self._past.loss):
            self._grad = True
            with seen:
                again = abs(self._run() - self._past.loss)
            self._grad = again < off
            off = min(off, again)
        self.coarsest = max(self.coarsest, seen.unit)
        self.device_draws = not self._past.before.same_on_devices()
        return off

    @contextlib.contextmanager
    def double(self) -> Generator[None]:
        """Within it passes are made in float64, as far as the code allows."""
        self._double = True
        try:
            yield
        finally:
            self._double = False
            self._put_back()

    def at(self, t: float) -> tuple[float, float]:
        """Loss with the parameters moved by t, and what the gradient says of the move.

        The second is the claimed change of the loss over the distance really moved:
        parameters are rounded to their dtype.
        """
        moved = self._moved(t)
        if self._double:
            for parameter, there in zip(self._parameters, moved, strict=True):
                parameter.data = there
            return self._run(), t * self.claimed
        for parameter, there in zip(self._parameters, moved, strict=True):
            parameter.data.copy_(there)
        return self._run(), self._change()

    def again(self) -> float:
        """Slope along the direction by autograd, in a pass made again, unmoved.

        What happens to gradients after the backward pass is not in it.
        """
        self.forwards += BACKWARD
        if self._double:
            origin = self._moved(0.0)
            for parameter, there in zip(self._parameters, origin, strict=True):
                parameter.data = there
        else:
            self._rest()
        with self._passing(), torch.enable_grad():
            slopes = cast(  # the library's annotation forgets that there may be None
                "tuple[Tensor | None, ...]",
                torch.autograd.grad(
                    _scalar(self._closure()), self._parameters, allow_unused=True
                ),
            )
        dense = [None if slope is None else _dense(slope) for slope in slopes]
        for k, row in self._fixed:
            slope = dense[k]
            dense[k] = None if slope is None else slope.index_fill(0, row, 0.0)
        return float(self._moves.claimed(dense).sum())

    def end(self) -> None:
        """Leave parameters, buffers and random generators as they were."""
        self._put_back()
        self._rest()
        self._after.restore()

    def _aim(self, leaves: Sequence[int]) -> tuple[float, float]:
        """Slope along the direction in these parameters, and its terms' size."""
        ways = [{k: self._ways[k]} for k in leaves]
        terms = Moves(self._kept, ways).claimed(self._slopes)
        self._moves = Moves(self._kept, [{k: self._ways[k] for k in leaves}])
        return float(terms.sum()), float(terms.square().sum().sqrt())

    def _moved(self, t: float) -> list[Tensor]:
        """The parameters at t; padding stays: its gradient is left out by design."""
        moved = self._moves.at([t], double=self._double)
        for k, row in self._fixed:
            moved[k].index_copy_(0, row, self._kept[k][row].to(moved[k].dtype))
        return moved

    def _rest(self) -> None:
        """Move the parameters back to where they were."""
        for parameter, kept in zip(self._parameters, self._kept, strict=True):
            parameter.data.copy_(kept)

    def _put_back(self) -> None:
        """Give the parameters their own memory again."""
        for parameter, own in zip(self._parameters, self._own, strict=True):
            parameter.data = own

    def _run(self) -> float:
        with self._passing(), torch.set_grad_enabled(self._grad):
            return float(_scalar(self._closure()).detach())

    @contextlib.contextmanager
    def _passing(self) -> Generator[None]:
        """Within it one pass is made, from what the first one started from."""
        self.forwards += 1
        self._past.before.restore()
        if not self._double:
            yield
            return
        widen(self._past.model)
        try:
            with Widened():
                yield
        finally:
            self._past.before.restore()

    def _change(self) -> float:
        """Change of the loss that the gradient claims, from here to where it is now."""
        total = 0.0
        for parameter, kept, slope in zip(
            self._parameters, self._kept, self._slopes, strict=True
        ):
            if slope is None:
                continue
            flat = (part.detach().reshape(-1) for part in (parameter, kept, slope))
            pieces = zip(*(part.split(PIECE) for part in flat), strict=True)
            total += sum(
                float(((there.double() - here.double()) * s.double()).sum())
                for there, here, s in pieces
            )
        return total


def _scalar(loss: Any) -> Tensor:
    """The loss, or the entry "loss" of a dict.

    Raises InputError if it is no real tensor of one entry.
    """
    if isinstance(loss, dict):
        loss = cast("dict[str, Any]", loss).get("loss")
    if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
        raise InputError(
            "the closure must return the loss, a tensor of one entry, got "
            f"{loss!r:.80}; reduce it, as by .mean()"
        )
    if not loss.is_floating_point():
        raise InputError(
            f"the loss must be real floating-point, got dtype {loss.dtype}; return "
            "e.g. its real part"
        )
    return loss


def _dense(slope: Tensor) -> Tensor:
    """A strided tensor with the entries of slope, which may be sparse."""
    return slope if slope.layout == torch.strided else slope.to_dense()
