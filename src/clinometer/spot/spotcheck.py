"""Every k steps of a training, its gradient against two more forward passes."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, final

from clinometer import engines
from clinometer.check import Verdict
from clinometer.errors import GradientError, InputError
from clinometer.spot.finding import Measured, Spot, Terms, judged
from clinometer.spot.gauge import (
    Gauge,
    by_rounding,
    calibrated,
    measured,
    same_in_double,
)
from clinometer.spot.places import differing_parameters

if TYPE_CHECKING:
    from clinometer.engines.torch_spot import Pass, Repeat

__all__ = ["SpotCheck"]

Closure: TypeAlias = Callable[[], Any]

LOG = logging.getLogger("clinometer")


@final
class SpotCheck:
    """Checks the gradient of every k-th step of a torch training loop.

    found : what the checks so far have found.

        spot = SpotCheck(model, every=100)
        for x, y in batches:
            optimizer.zero_grad()
            loss = spot.loss(lambda: criterion(model(x), y))
            loss.backward()
            spot.check()
            optimizer.step()
    """

    def __init__(
        self,
        model: Any,
        *,
        every: int = 100,
        raises: bool = False,
        double: bool = True,
        seed: int = 0,
    ) -> None:
        """A check for a torch.nn.Module.

        every : forward passes from one check to the next; the first is checked, too.
        raises : whether a wrong gradient raises GradientError; else a warning is
            logged by the logger "clinometer", and the training goes on.
        double : whether the loss may be measured in float64; it is in the first check,
            and later where the training's own dtype gives too wide a bar. Slow on GPUs
            made for coarse dtypes; without it more gradients cannot be told.
        seed : of the random directions; another one at every check.

        Raises InputError for anything but a module with parameters that require grad,
        and within a process group of more than one process: there gradients are means
        over processes, but a loss is one process's own.
        """
        if not engines.is_model(model):
            raise InputError(
                f"a torch.nn.Module is needed, got {type(model).__name__}; for a "
                "function use check(f, x)"
            )
        if every < 1:
            raise InputError(f"every must be a whole number >= 1, got {every!r}")
        from clinometer.engines.torch_spot import require_checkable  # noqa: PLC0415

        require_checkable(model)
        self.found: list[Spot] = []
        self._model, self._every = model, int(every)
        self._raises, self._seed = raises, seed
        self._count = 0
        self._due = 1
        self._past: Pass | None = None
        self._closure: Closure | None = None
        self._gauge: Gauge | None = None
        self._coarsest = 0.0
        self._may_double, self._double = double, False
        self._blunt = False

    def loss(self, closure: Closure) -> Any:
        """The loss, as the closure returns it; kept for `check` where one is due.

        closure : takes nothing, returns the loss: a tensor of one entry, or a dict with
            one under "loss". It may be called again, so it must depend on parameters,
            buffers and random generators alone: draw the batch outside of it.
        """
        if not self.begin():
            return closure()
        value = closure()
        self.watch(value, closure)
        return value

    def begin(self) -> bool:
        """Count a forward pass that begins now; whether it is to be checked."""
        self._count += 1
        self._drop()
        if self._count < self._due:
            return False
        from clinometer.engines.torch_spot import Pass  # noqa: PLC0415 (torch)

        self._past = Pass(self._model)
        return True

    def watch(self, loss: Any, closure: Closure) -> None:
        """Wait for the backward pass of a loss; closure gives it again."""
        if self._past is not None:
            self._past.watch(loss)
            self._closure = closure

    def check(self) -> Spot | None:
        """What a check finds, if one is due; else None, at no cost.

        To be called after `backward`, before gradients are clipped, unscaled or used.
        A pass that adds to gradients of earlier ones is let go, and the next is taken.

        Raises InputError if no backward pass has begun, and GradientError if the
        gradient differs and `raises` was set.
        """
        past, closure = self._past, self._closure
        if past is None or closure is None:
            return None
        if past.factor is None:
            raise InputError(
                "check() belongs after the backward pass of the loss, but none has "
                "begun; call loss.backward() on what spot.loss(...) returned"
            )
        self._drop()
        if not past.clean:
            return None
        self._due = self._count + self._every
        spot = self._check(past, closure)
        self.found.append(spot)
        differs = spot.verdict is Verdict.DIFFERS
        if differs and self._raises:
            raise GradientError(str(spot))
        LOG.log(logging.WARNING if differs else logging.INFO, "%s", spot)
        return spot

    def summary(self) -> str:
        """Counts of verdicts, forward passes and seconds of all checks, in a line."""
        counts = Counter(spot.verdict.value for spot in self.found)
        said = ", ".join(f"{count} {name}" for name, count in counts.items())
        seconds = sum(spot.seconds for spot in self.found)
        return (
            f"{len(self.found)} checks in {self._count} steps: {said or 'none made'}; "
            f"{sum(spot.forwards for spot in self.found)} forward passes, "
            f"{seconds:.2f} s"
        )

    def _drop(self) -> None:
        if self._past is not None:
            self._past.forget()
        self._past = self._closure = None

    def _check(self, past: Pass, closure: Closure) -> Spot:
        """The finding for a pass; the model is left as it was."""
        from clinometer.engines.torch_spot import Repeat  # noqa: PLC0415 (torch)

        start = time.perf_counter()
        repeat = Repeat(past, closure, seed=self._seed + self._count)
        try:
            spot = self._judged(past, repeat)
            if spot.verdict is Verdict.DIFFERS and not self._seen_wrong():
                names = differing_parameters(repeat, double=self._double)
                spot = replace(spot, parameters=names, forwards=repeat.forwards)
        finally:
            repeat.end()
        return replace(spot, seconds=time.perf_counter() - start)

    def _seen_wrong(self) -> bool:
        return any(spot.parameters for spot in self.found)

    def _judged(self, past: Pass, repeat: Repeat) -> Spot:
        """By two passes where these suffice, else by a ladder of steps."""
        if not repeat.finite:
            nothing = Measured(math.nan, math.inf)
            return self._spot(past, repeat, nothing, note="the gradient is not finite")
        gauge = self._gauge
        if gauge is not None:
            claimed, found = gauge.pair(repeat)
            terms = Terms(repeat.magnitude, max(self._coarsest, repeat.coarsest))
            verdict = judged(claimed, found, terms)
            done = verdict is Verdict.AGREES
            if done or (verdict is Verdict.CANNOT_TELL and self._blunt):
                spot = self._spot(past, repeat, found, verdict=verdict)
                return replace(spot, claimed=claimed, double=gauge.double)
        return self._measured(past, repeat)

    def _measured(self, past: Pass, repeat: Repeat) -> Spot:
        """By a ladder of steps; what it takes to trust two passes is learned, too."""
        off = repeat.reproduce()
        self._coarsest = repeat.coarsest
        terms = Terms(repeat.magnitude, repeat.coarsest)
        self._double = self._may_double and same_in_double(repeat, past.loss)
        found = measured(repeat, double=self._double)
        gauge = calibrated(repeat, found, double=self._double, terms=terms)
        note = ""
        if off > REPRODUCED * past.roundoff * abs(past.loss):
            note = f"the loss is not the same when computed again, but off by {off:.1g}"
            found = replace(found, bar=math.inf)
            gauge = replace(gauge, bar=math.inf)
        verdict = judged(repeat.claimed, found, terms)
        if verdict is Verdict.DIFFERS and self._double and by_rounding(repeat, found):
            verdict = Verdict.CANNOT_TELL
            note = "rounding explains the difference: in float64 the gradient agrees"
        self._gauge, self._blunt = gauge, verdict is Verdict.CANNOT_TELL
        spot = self._spot(past, repeat, found, verdict=verdict, note=note)
        return replace(spot, double=self._double)

    def _spot(
        self,
        past: Pass,
        repeat: Repeat,
        found: Measured,
        *,
        verdict: Verdict = Verdict.CANNOT_TELL,
        note: str = "",
    ) -> Spot:
        """The finding; how long it took is not known yet."""
        return Spot(
            step=self._count,
            verdict=verdict,
            claimed=repeat.claimed,
            measured=found.value,
            bar=found.bar,
            loss=past.loss,
            forwards=repeat.forwards,
            double=False,
            seconds=0.0,
            note=note,
        )


REPRODUCED = 64.0
"""Unit roundoffs of its dtype that a loss may change when it is computed again: sums
in another order, as on a GPU, change it; another dropout mask or batch does more."""
