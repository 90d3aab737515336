"""Probes of state: a gradient depends on x and the incoming gradient, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import to_float64
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.probes.rule import Pulled
from clinometer.check.probes.trial import OTHER_ORDER, Trial, beside, gap_of
from clinometer.check.verdict import Verdict

__all__ = [
    "changed_inputs",
    "changed_outputs",
    "forward_values",
    "input_layouts",
    "interleaved",
    "second_backward",
]

Floats: TypeAlias = NDArray[np.float64]


def second_backward(trial: Trial) -> list[Diagnosis]:
    """Backward again on the same graph gives the same, and leaves all it read alone.

    Costs one backward pass, and one for -u.
    """
    raw = trial.scaled(1.0)
    first = trial.pull(raw)
    kept = trial.rule.flat(first)
    pairs = zip(raw, trial.u, strict=True)
    if not all(np.array_equal(to_float64(part), own) for part, own in pairs):
        said = "the backward pass writes into the incoming gradient, which others use"
        return [Diagnosis(Cause.STATE, "", "", Verdict.DIFFERS, said)]
    found = _differing(
        trial, kept, trial.base, when="in a second backward pass through the same graph"
    )
    if found:
        return [_repeats(trial, found)]
    if trial.rule.by_user:
        return []
    _ = trial.negated
    now = trial.rule.flat(first)
    return _differing(
        trial,
        now,
        kept,
        when="after another backward pass, its buffer reused,",
    )


def _repeats(trial: Trial, found: list[Diagnosis]) -> Diagnosis:
    """The finding, or that the gradient does not repeat even from the start."""
    one, two = (_fresh(trial) for _ in range(2))
    random = _differing(trial, one, two, when="in an equal call")
    if not random:
        return found[0]
    (first,) = random
    return Diagnosis(
        Cause.NOT_REPEATABLE, first.path, "", Verdict.DIFFERS, first.evidence
    )


def _fresh(trial: Trial) -> Pulled:
    """The base gradient, from a forward pass of its own."""
    _, pull = trial.rule.record(trial.rule.leaves())
    return trial.rule.flat(pull(trial.scaled(1.0)))


def interleaved(trial: Trial) -> list[Diagnosis]:
    """A forward at another point in between leaves the gradient at this one alone.

    Costs two forward passes and a backward one, shared with `changed_outputs`; where it
    differs, as many again and more, to tell it from a gradient that does not repeat.
    """
    if trial.steadfast:
        return []
    rule = trial.rule
    _, pull = rule.record(rule.leaves())
    try:
        rule.visit(beside(rule))
    except Exception:  # noqa: BLE001 - the other point lies outside f's domain
        raise NotImplementedError from None
    got = rule.flat(pull(trial.scaled(1.0)))
    found = _differing(
        trial, got, trial.base, when="with a forward pass at another point in between"
    )
    return [_repeats(trial, found)] if found else []


def forward_values(trial: Trial) -> list[Diagnosis]:
    """The value recorded for the backward pass is the one of a plain call.

    Costs nothing for torch and NumPy; for JAX a call compiled by jit, too.
    """
    rule = trial.rule
    ways = rule.engine.forwards(rule.listed)
    if not ways:
        raise NotImplementedError
    known = next(iter(ways))
    found: list[Diagnosis] = []
    for name, way in ways.items():
        if name == known:
            values = rule.values
        else:
            try:
                values = way(rule.leaves())
            except Exception:  # noqa: BLE001 - an f that cannot be compiled is no fault
                continue
        for recorded, value in zip(trial.values, values, strict=True):
            other = to_float64(value)
            gap = gap_of(recorded, other)
            largest = float(np.abs(other[np.isfinite(other)]).max(initial=0.0))
            factor = 1.0 if name == known else OTHER_ORDER
            if gap > factor * trial.share * largest:
                evidence = (
                    f"recorded for the backward pass and {name}, f(x) differs by up "
                    f"to {gap:.3g}, its largest entry being {largest:.3g}"
                )
                found.append(
                    Diagnosis(Cause.FORWARD, "f(x)", "", Verdict.DIFFERS, evidence)
                )
    return found[:1]


def input_layouts(trial: Trial) -> list[Diagnosis]:
    """Equal inputs that lie otherwise in memory give equal values and gradients.

    An f that raises for them says so itself, and is left alone. Costs a forward and a
    backward pass for each way to lie.
    """
    rule = trial.rule
    ways = [rule.engine.layouts(leaf) for leaf in rule.leaves()]
    names = [name for way in ways for name in way if name != "expanded"]
    if not names:
        raise NotImplementedError
    for name in dict.fromkeys(names):
        leaves = [way.get(name) for way in ways]
        if not all(name in way for way in ways):
            pairs = zip(ways, rule.leaves(), strict=True)
            leaves = [way.get(name, leaf) for way, leaf in pairs]
        try:
            raw, pull = rule.record(leaves)
        except Exception:  # noqa: BLE001 - f says that it wants another layout
            continue
        values = [to_float64(value) for value in raw]
        if _another(trial, values) and not trial.rounds_to(values):
            said = f"an equal x that is {name} gives another f(x)"
            return [Diagnosis(Cause.STRIDES, "f(x)", "", Verdict.DIFFERS, said)]
        try:
            got = rule.flat(pull(trial.scaled(1.0)))
        except Exception as error:  # noqa: BLE001 - a user's backward may raise
            said = str(error).strip().partition("\n")[0]
            evidence = (
                f"an equal x that is {name} makes the backward pass raise "
                f"{type(error).__name__}: {said}"
            )
            return [Diagnosis(Cause.STRIDES, "", "", Verdict.DIFFERS, evidence)]
        found = _differing(
            trial,
            got,
            trial.base,
            when=f"with an equal x that is {name}",
            cause=Cause.STRIDES,
        )
        if found:
            return found
    return []


def _another(trial: Trial, values: Sequence[Floats]) -> bool:
    """Whether values of f are others than those recorded, sums in another order."""
    for got, value in zip(values, trial.values, strict=True):
        largest = float(np.abs(value).max(initial=0.0))
        if gap_of(got, value) > OTHER_ORDER * trial.share * largest:
            return True
    return False


def changed_inputs(trial: Trial) -> list[Diagnosis]:
    """x changed in place after the forward: backward raises, or gives the old gradient.

    Costs a forward and a backward pass.
    """
    return _changed(trial, outputs=False)


def changed_outputs(trial: Trial) -> list[Diagnosis]:
    """f(x) changed in place after the forward: as for the inputs."""
    if trial.steadfast:
        return []
    return _changed(trial, outputs=True)


def _changed(trial: Trial, *, outputs: bool) -> list[Diagnosis]:
    """A diagnosis if a change in place reaches the gradient without an error."""
    rule = trial.rule
    if not trial.writable:
        raise NotImplementedError
    leaves = rule.leaves()
    values, pull = rule.record(leaves)
    done = [rule.engine.disturb(each) for each in (values if outputs else leaves)]
    if not any(done):
        raise NotImplementedError
    try:
        got = rule.flat(pull(trial.scaled(1.0)))
    except RuntimeError:  # the version counter of torch at work
        return []
    what = "f(x)" if outputs else "x"
    return _differing(
        trial,
        got,
        trial.base,
        when=f"with {what} changed in place after the forward pass",
    )


def _differing(
    trial: Trial,
    got: Pulled,
    expected: Pulled,
    *,
    when: str,
    cause: Cause = Cause.STATE,
) -> list[Diagnosis]:
    """A diagnosis on the leaf that differs most, if any does."""
    if cause is Cause.STRIDES:
        wrong = trial.apart(got, expected, factor=OTHER_ORDER)
        wrong = trial.beyond_rounding(wrong, got)
    else:
        wrong = trial.apart(got, expected)
    if not wrong:
        return []
    k = wrong[0]
    entry = trial.worst(got, expected, k)
    others = f" (and {len(wrong) - 1} other arrays of x)" if len(wrong) > 1 else ""
    evidence = (
        f"{when} the gradient at {trial.place(k, entry)} is {got[k][entry]:.6g}, "
        f"otherwise {expected[k][entry]:.6g}{others}"
    )
    return [Diagnosis(cause, trial.paths[k], "", Verdict.DIFFERS, evidence)]
