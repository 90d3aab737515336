"""Spot checks of a training with the Trainer of Hugging Face's transformers."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from clinometer.errors import MissingExtraError
from clinometer.spot.lightning import PREFIX, loss_in, numbers_of
from clinometer.spot.spotcheck import SpotCheck

__all__ = ["transformers_callback"]


def transformers_callback(
    trainer: Any,
    *,
    every: int = 100,
    raises: bool = False,
    double: bool = True,
    seed: int = 0,
) -> Any:
    """A callback for a transformers.Trainer that checks every k-th gradient.

        trainer.add_callback(transformers_callback(trainer, every=100))

    trainer : the Trainer that it is added to. While it trains, its `training_step` and
        `compute_loss` are wrapped: no callback of its own is told the batch.
    every, raises, double, seed : as for `SpotCheck`; every counts batches.

    Verdicts go to the logger "clinometer"; the claimed slope, the measured one and its
    bar also to trainer.log, as gradient_check/... The callback's `spot` is the
    SpotCheck of the latest training, with all findings.

    Raises MissingExtraError without the package transformers. Training in more than
    one process raises InputError.
    """
    try:
        base = import_module("transformers").TrainerCallback
    except ImportError as error:
        raise MissingExtraError(
            "transformers_callback needs transformers, which is not installed; "
            "pip install transformers accelerate"
        ) from error
    kind = cast("Callable[..., Any]", type("SpotCallback", (_Hooks, base), {}))
    return kind(trainer, every=every, raises=raises, double=double, seed=seed)


class _Hooks:
    """The callback: it wraps two methods of the trainer while that trains."""

    def __init__(self, trainer: Any, **options: Any) -> None:
        self._trainer, self._options = trainer, options
        self._inside = False
        self._wrapped: dict[str, Any] = {}
        self.spot: SpotCheck | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Wrap, and make a new SpotCheck."""
        del args, state, control
        self._unwrap()
        self.spot = SpotCheck(kwargs["model"], **self._options)
        own = cast("dict[str, Any]", vars(self._trainer))
        step, compute = self._trainer.training_step, self._trainer.compute_loss
        self._wrapped = {k: own.get(k) for k in ("training_step", "compute_loss")}
        own["training_step"] = self._stepping(step, self.spot)
        own["compute_loss"] = self._losing(compute, self.spot)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Unwrap."""
        del args, state, control, kwargs
        self._unwrap()

    def _unwrap(self) -> None:
        own = cast("dict[str, Any]", vars(self._trainer))
        for name, kept in self._wrapped.items():
            if kept is None:
                del own[name]
            else:
                own[name] = kept
        self._wrapped.clear()

    def _stepping(self, original: Any, spot: SpotCheck) -> Any:
        """training_step, which goes forward and backward, and a check after it."""

        def training_step(*args: Any, **kwargs: Any) -> Any:
            self._inside = True
            try:
                loss = original(*args, **kwargs)
            finally:
                self._inside = False
            found = spot.check()
            if found is not None:
                numbers = numbers_of(found)
                self._trainer.log({f"{PREFIX}{k}": v for k, v in numbers.items()})
            return loss

        return training_step

    def _losing(self, original: Any, spot: SpotCheck) -> Any:
        """compute_loss, kept for the check while in a training step."""

        def compute_loss(model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._inside:
                return original(model, inputs, *args, **kwargs)
            self._inside = False  # what it calls itself is its own
            if not spot.begin():
                return original(model, inputs, *args, **kwargs)
            given = dict(inputs)  # label smoothing takes the labels out of it

            def closure() -> Any:
                with self._trainer.compute_loss_context_manager():
                    return loss_in(original(model, dict(given), *args, **kwargs))

            found = original(model, inputs, *args, **kwargs)
            spot.watch(loss_in(found), closure)
            return found

        return compute_loss
