"""Second order: Hessian times a random direction, by every composition of two modes.

The compositions are compared with each other, with differences of the gradient (which
the first-order check has judged before), and with the symmetry of second derivatives.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import to_float64
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.interruption import Progress
from clinometer.check.probes.modes import tangents
from clinometer.check.probes.road import Probed
from clinometer.check.probes.second_products import (
    Product,
    Second,
    claimed_product,
    composed_products,
)
from clinometer.check.question import Question
from clinometer.check.verdict import GROSS, Verdict
from clinometer.derivative import hessian_product as measured_product
from clinometer.errors import ClinometerError, InputError
from clinometer.evaluate import flatten_input
from clinometer.trees import Layout, Tree

__all__ = ["Second", "second_order"]

Floats: TypeAlias = NDArray[np.float64]

NOISE = 2.0**10
"""Unit roundoffs, relative to the gradient, that a product of second order may lose."""

RESOLVED = 1e-2
"""Widest bar with which second order can agree, relative to its largest entry."""


@final
@dataclass(frozen=True, eq=False)
class _Case:
    """One question of second order.

    layout : of x.
    gradient : function of x, a tree like x; None where only values are to be had.
    products : (n) Hessian times v by name; each raises where it has none.
    rtol : relative difference that is material.
    roundoff : unit roundoff of the coarsest dtype.
    """

    layout: Layout
    f: Callable[..., Any]
    gradient: Callable[[Tree], Tree] | None
    products: dict[str, Product]
    rtol: float
    roundoff: float


def second_order(
    question: Question,
    layout: Layout,
    claimed: Second,
    *,
    rtol: float,
    seed: int,
    progress: Progress | None = None,
) -> Probed:
    """What is wrong with second derivatives along random directions.

    rtol : relative difference that is material.
    seed : of the directions.
    progress : told before each call of f, or of the gradient that differences take.
    Raises InputError if there is nothing to check: a user's gradient without Hessian.
    """
    if progress is not None:
        question = _watched(question, progress)
    case = _case(question, layout, claimed, rtol=rtol)
    leaves = [to_float64(leaf) for leaf in layout.leaves]
    v, w = tangents(leaves, seed), tangents(leaves, seed + 1)
    found: dict[str, Floats] = {}
    refused: list[str] = []
    for name, product in case.products.items():
        try:
            found[name] = product(v)
        except NotImplementedError:
            continue
        except Exception as error:  # noqa: BLE001 - a user's rule may raise anything
            said = str(error).strip().partition("\n")[0]
            refused.append(f"{name} raised {type(error).__name__}: {said}")
    names = tuple(f"second order: {name}" for name in found)
    if not found:
        said = "; ".join(refused) or "the rules in f can be differentiated only once"
        return Probed((), (_unclear(said),))
    number, bar = _measured(case, v)
    wrong = _wrong(case, found, number, bar=bar)
    if not wrong:
        wrong = _asymmetric(case, found, v, w=w)
    if not wrong and not _resolves(case, found, bar):
        wrong = [_unclear("differences of the gradient are too noisy there")]
    return Probed(names, tuple(wrong))


def _watched(question: Question, progress: Progress) -> Question:
    """The question, with progress told before each call of f or of its gradient."""
    calls = itertools.count()

    def told(f: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            done = next(calls)
            progress(done, done + 1)
            return f(*arguments)

        return call

    source, gradient = question.source, question.source.gradient
    if callable(gradient):
        source = replace(source, gradient=told(gradient))
    return replace(question, f=told(question.f), source=source)


def _case(question: Question, layout: Layout, claimed: Second, *, rtol: float) -> _Case:
    """The compositions of autodiff, or the user's claim, beside a gradient."""
    source = question.source
    gradient = source.gradient if callable(source.gradient) else None
    roundoff = max(layout.roundoff)
    if claimed.given:
        product = claimed_product(claimed, layout)
        name = "hessian" if claimed.hessian is not None else "hessian_product"
        products: dict[str, Product] = {name: product}
        return _Case(layout, question.f, gradient, products, rtol, roundoff)
    if source.gradient is not None or question.rule is None:
        raise InputError(
            "order=2 needs a Hessian to check, and no autodiff makes one of a user's "
            "gradient; pass hessian= or hessian_product="
        )
    engine = question.rule.engine

    def number(leaves: list[Any]) -> Any:
        if source.batched:
            return question.f(layout.rebuild([leaf[None] for leaf in leaves]))[0]
        return question.f(layout.rebuild(leaves))

    def autodiff(x: Tree) -> Tree:
        leaves, _, _ = flatten_input(x)
        slopes = engine.gradient(number, leaves)
        pairs = zip(slopes, leaves, strict=True)
        return layout.rebuild([0 * b if a is None else a for a, b in pairs])

    products = composed_products(engine, number, layout)
    return _Case(layout, question.f, autodiff, products, rtol, roundoff)


def _measured(case: _Case, v: Sequence[Floats]) -> tuple[Floats, Floats]:
    """(n) Hessian times v by differences, and its bars; unknown where they fail."""
    layout = case.layout
    x = layout.rebuild(layout.leaves)
    direction = layout.rebuild(list(v))
    try:
        found = measured_product(case.f, x, direction, gradient=case.gradient)
    except ClinometerError:
        return np.full(layout.size, np.nan), np.full(layout.size, np.inf)
    return layout.like(found.value, "value"), layout.like(found.error, "error")


def _floor(case: _Case, found: dict[str, Floats]) -> Floats:
    """(n) what rounding may do to a product, in its units: leaf by leaf.

    v is as large as x, so a product of second order is of the gradient's units.
    """
    largest = np.zeros(case.layout.size)
    for where in case.layout.slices():
        for product in found.values():
            part = np.abs(product[where])
            top = float(np.max(part, initial=0.0, where=np.isfinite(part)))
            largest[where] = np.maximum(largest[where], top)
    return case.rtol * largest + _natural(case) * min(NOISE * case.roundoff, 1e-2)


def _natural(case: _Case) -> Floats:
    """(n) the gradient's largest entry, leaf by leaf; 0 where there is none to ask."""
    layout = case.layout
    size = np.zeros(layout.size)
    if case.gradient is None:
        return size
    gradient = layout.like(case.gradient(layout.rebuild(layout.leaves)), "gradient")
    for where in layout.slices():
        size[where] = np.max(np.abs(gradient[where]), initial=0.0)
    return size


def _wrong(
    case: _Case, found: dict[str, Floats], number: Floats, *, bar: Floats
) -> list[Diagnosis]:
    """A diagnosis for each composition that differs, in its worst leaf."""
    floor = _floor(case, found)
    known = np.isfinite(number) & np.isfinite(bar)
    diagnoses: list[Diagnosis] = []
    for name, product in found.items():
        with np.errstate(invalid="ignore"):
            gap = np.abs(product - number)
            beyond = known & ~(gap <= GROSS * bar + floor)
        if beyond.any():
            worst = int(np.argmax(np.where(beyond, gap / (floor + bar), -1.0)))
            said = f"differences of the gradient {number[worst]:.6g} ± {bar[worst]:.1g}"
            diagnoses.append(_difference(case, worst, name, product=product, said=said))
    if diagnoses:
        return diagnoses
    (first, reference), *others = found.items()
    for name, product in others:
        gap = np.abs(product - reference)
        if not np.all(gap <= floor):
            worst = int(np.argmax(gap - floor))
            said = f"{first} {reference[worst]:.6g}"
            return [_difference(case, worst, name, product=product, said=said)]
    return []


def _difference(
    case: _Case, entry: int, name: str, *, product: Floats, said: str
) -> Diagnosis:
    """A diagnosis of one composition at one entry."""
    layout = case.layout
    leaf = int(np.searchsorted(layout.starts, entry, side="right")) - 1
    evidence = (
        f"along a random direction v the product H v at {layout.place(entry)} is "
        f"{product[entry]:.6g} by {name}, by {said}"
    )
    return Diagnosis(
        Cause.SECOND_ORDER,
        layout.paths[leaf],
        f"in {name}",
        Verdict.DIFFERS,
        evidence,
    )


def _asymmetric(
    case: _Case, found: dict[str, Floats], v: Sequence[Floats], *, w: Sequence[Floats]
) -> list[Diagnosis]:
    """A diagnosis if <w, H v> is not <v, H w>."""
    name, product = next(iter(found.items()))
    one = np.concatenate([part.reshape(-1) for part in w]) * product
    other = np.concatenate([part.reshape(-1) for part in v]) * case.products[name](w)
    size = np.hypot(np.linalg.norm(one), np.linalg.norm(other))
    loose = _natural(case) * np.concatenate([np.abs(part).reshape(-1) for part in v])
    allowed = case.rtol * size + min(NOISE * case.roundoff, 1e-2) * np.sum(loose)
    gap = abs(float(one.sum() - other.sum()))
    if not np.isfinite(gap) or gap <= allowed:
        return []
    evidence = (
        f"<w, H v> is {one.sum():.6g}, <v, H w> is {other.sum():.6g} by {name}: "
        "second derivatives are symmetric"
    )
    return [Diagnosis(Cause.SECOND_ORDER, "", f"in {name}", Verdict.DIFFERS, evidence)]


def _resolves(case: _Case, found: dict[str, Floats], bar: Floats) -> bool:
    """Whether the bars are small beside second derivatives or the gradient."""
    sizes = [np.abs(product) for product in found.values()]
    largest = np.maximum(np.max(sizes, axis=0), _natural(case))
    for where in case.layout.slices():
        top = float(np.max(largest[where], initial=0.0))
        if bar[where].size and not np.median(bar[where]) <= RESOLVED * top:
            return False
    return True


def _unclear(why: str) -> Diagnosis:
    """A diagnosis that second order could not be judged."""
    return Diagnosis(Cause.SECOND_ORDER, "", "", Verdict.CANNOT_TELL, why)
