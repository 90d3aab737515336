"""Spot checks of a training with PyTorch Lightning, as a callback."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

from clinometer.errors import InputError, MissingExtraError
from clinometer.spot.finding import Spot
from clinometer.spot.spotcheck import SpotCheck

__all__ = ["lightning_callback"]

PREFIX = "gradient_check/"
"""What the names of logged numbers begin with."""


def lightning_callback(
    *, every: int = 100, raises: bool = False, double: bool = True, seed: int = 0
) -> Any:
    """A Lightning callback that checks the gradient of every k-th batch.

        Trainer(callbacks=[lightning_callback(every=100)])

    every, raises, double, seed : as for `SpotCheck`; every counts batches.

    Verdicts go to the logger "clinometer"; the claimed slope, the measured one and its
    bar also to the trainer's loggers, as gradient_check/... The callback's `spot` is
    the SpotCheck of the latest fit, with all findings. `training_step` is called again
    for a check, with its log() silenced. The same whichever of the packages `lightning`
    and `pytorch_lightning` is in use.

    Raises MissingExtraError without either package. Within fit, raises InputError for
    manual optimisation and for more than one process.
    """
    base = _callback_class()
    kind = cast("Callable[..., Any]", type("SpotCallback", (_Hooks, base), {}))
    return kind(every=every, raises=raises, double=double, seed=seed)


def _callback_class() -> type:
    """Lightning's Callback, of the package that is loaded, else of one installed."""
    names = ("lightning.pytorch", "pytorch_lightning")
    loaded = [name for name in names if name in sys.modules]
    for name in [*loaded, *names]:
        try:
            return import_module(name).Callback
        except ImportError:
            continue
    raise MissingExtraError(
        "lightning_callback needs PyTorch Lightning, which is not installed; "
        "pip install lightning"
    )


class _Hooks:
    """What happens at which of Lightning's hooks."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._batch: tuple[Any, ...] = ()
        self.spot: SpotCheck | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """A new SpotCheck for this fit."""
        if trainer.world_size > 1:
            raise InputError(
                "a spot check needs a training in one process, got world_size "
                f"{trainer.world_size}: gradients there are means over processes; "
                "check a short run with devices=1"
            )
        if not pl_module.automatic_optimization:
            raise InputError(
                "the callback needs automatic optimisation, but the module has "
                "automatic_optimization = False; use SpotCheck in its training_step"
            )
        self.spot = SpotCheck(pl_module, **self._options)

    def on_train_batch_start(  # noqa: PLR0917 - Lightning calls it so
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keep what the forward pass starts from, where a check is due."""
        del trainer, pl_module
        if self.spot is not None and self.spot.begin():
            self._batch = (batch, batch_idx)

    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        """Learn the loss, which Lightning has divided for accumulation."""
        if self.spot is None or not self._batch:
            return
        share = trainer.accumulate_grad_batches
        step, batch = pl_module.training_step, self._batch
        given = batch[: _taken(step)]

        def closure() -> Any:
            with _silenced(pl_module), trainer.precision_plugin.train_step_context():
                found = step(*given)
            return loss_in(found) / share

        self.spot.watch(loss, closure)

    def on_after_backward(self, trainer: Any, pl_module: Any) -> None:
        """Check, and log what was found."""
        self._batch = ()
        found = None if self.spot is None else self.spot.check()
        if found is not None and trainer.loggers:
            numbers = {f"{PREFIX}{k}": v for k, v in numbers_of(found).items()}
            pl_module.log_dict(numbers, on_step=True, on_epoch=False)


def numbers_of(found: Spot) -> dict[str, float]:
    """A finding as numbers by name; `differs` is 1 where the gradient does, else 0."""
    return {
        "claimed": found.claimed,
        "measured": found.measured,
        "bar": found.bar,
        "differs": float(found.verdict.value == "differs"),
    }


def loss_in(value: Any) -> Any:
    """The loss in what a step returns: itself, "loss" of a dict, first of a tuple."""
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)["loss"]
    return cast("tuple[Any, ...]", value)[0] if isinstance(value, tuple) else value


def _taken(step: Callable[..., Any]) -> int:
    """How many of batch and batch_idx a training_step takes."""
    return min(2, len(inspect.signature(step).parameters))


@contextmanager
def _silenced(module: Any) -> Generator[None]:
    """Within it the module's log and log_dict do nothing."""

    def nothing(*args: Any, **kwargs: Any) -> None:
        del args, kwargs

    own = cast("dict[str, Any]", vars(module))
    names = ("log", "log_dict")
    kept = {name: own[name] for name in names if name in own}
    own.update(dict.fromkeys(names, nothing))
    try:
        yield
    finally:
        for name in names:
            del own[name]
        own.update(kept)
