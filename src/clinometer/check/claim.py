"""The claimed gradient: asked for, matched with x leaf by leaf, its form examined.

What is wrong with a claim's form (None, another structure, a wrong shape or dtype, a
gradient function that raises or writes into x) is found here, and is a finding: a wrong
gradient is a result, not an exception.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeGuard, cast, final

import numpy as np
from numpy.typing import NDArray

from clinometer import engines
from clinometer.arrays import (
    copied,
    dtype_name,
    is_array,
    is_complex,
    is_real_floating,
    to_float64,
    unit_roundoff,
)
from clinometer.check.finding import Finding
from clinometer.check.verdict import Verdict
from clinometer.errors import InputError
from clinometer.trees import Layout, Tree, flatten

__all__ = ["Claim", "Claims", "Source", "fault_of_form", "read"]

Floats: TypeAlias = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Claim:
    """The claimed gradient of one leaf.

    values : (E) its entries in the order of the leaf's, in units of f / x; None where
        its form leaves nothing to compare.
    roundoff : unit roundoff of its dtype.
    missing : whether the library said None, which stands for zero: f does not use it.
    """

    values: Floats | None
    roundoff: float
    missing: bool = False


@final
@dataclass(frozen=True, eq=False)
class Claims:
    """The claimed gradient of all leaves of x, and what is wrong with its form."""

    leaves: tuple[Claim, ...]
    findings: tuple[Finding, ...]


@final
@dataclass(frozen=True, eq=False)
class Source:
    """Where the claimed gradient comes from.

    gradient : function of x, or a tree like x; None for the library's autodiff of f.
    f : the function that is differentiated.
    batched : whether f takes a leading axis of points.
    autodiff : gives the library's gradient, leaf by leaf, if somebody has a use for the
        pass in which it is computed.
    """

    gradient: Any
    f: Callable[..., Any]
    batched: bool
    autodiff: Callable[[], list[Any]] | None = None


NOTHING = Claim(None, 0.0)

ABSENT = object()
"""Stands where the gradient lacks a leaf of x; None would be a claim of zero."""


def read(source: Source, layout: Layout) -> Claims:
    """The claim at the point laid out, and the faults of its form.

    Raises InputError where there is no gradient to be had: no `gradient` and arrays of
    NumPy, or an f that autodiff cannot take.
    """
    copies = _copies(layout) if callable(source.gradient) else []
    try:
        with np.errstate(all="ignore"):
            if source.gradient is None:
                claim = _autodiff(source, layout)
            elif callable(source.gradient):
                claim = source.gradient(layout.rebuild(copies))
            else:
                claim = source.gradient
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - a user's gradient may raise anything
        return _hopeless(layout, [_fault("x", _raised(source, error))])
    findings = _written(layout, copies) if copies else []
    if source.gradient is None:
        return _claims(cast("list[Any]", claim), layout, findings)
    if claim is None:
        said = "gradient returned None; does it lack a return statement?"
        return _hopeless(layout, [*findings, _fault("x", said)])
    return _matched(claim, layout, findings)


def _copies(layout: Layout) -> list[Any]:
    """Copies of the leaves, for a function that may write into them."""
    return [copied(leaf) if is_array(leaf) else leaf for leaf in layout.leaves]


def _autodiff(source: Source, layout: Layout) -> list[Any]:
    """The gradient that the library of x computes for f, leaf by leaf."""
    if source.autodiff is not None:
        return source.autodiff()

    def at_one_point(leaves: list[Any]) -> Any:
        if source.batched:
            return source.f(layout.rebuild([leaf[None] for leaf in leaves]))[0]
        return source.f(layout.rebuild(leaves))

    return engines.of(layout.leaves).gradient(at_one_point, layout.leaves)


def _raised(source: Source, error: Exception) -> str:
    """What an exception says, on one line."""
    what = "autodiff" if source.gradient is None else "gradient"
    said = str(error).strip().partition("\n")[0]
    return f"{what} raised {type(error).__name__}" + (f": {said}" if said else "")


def _written(layout: Layout, copies: Sequence[Any]) -> list[Finding]:
    """A finding for each leaf that the gradient function changed."""
    vector = layout.vector()
    places = zip(layout.slices(), layout.paths, copies, strict=True)
    return [
        _fault(
            path,
            "the gradient function wrote into its argument (a copy; your x is as it "
            "was); let it work on a copy of its own",
        )
        for where, path, copy in places
        if not np.array_equal(to_float64(copy).reshape(-1), vector[where])
    ]


def _matched(claim: Tree, layout: Layout, findings: list[Finding]) -> Claims:
    """The claim taken apart like x, by the paths of its leaves."""
    if layout.paths == ("x",):
        if isinstance(claim, list | tuple):
            claim = _as_array(cast("Sequence[Any]", claim))
        return _claims([claim], layout, findings)
    found = _by_path(claim)
    strange = [path for path in found if path not in layout.paths]
    if strange and not any(path in found for path in layout.paths):
        said = (
            f"the gradient has another structure than x: it has {_listed(strange)}, "
            f"x has {_listed(layout.paths)}"
        )
        return _hopeless(layout, [*findings, _fault("x", said)])
    findings += [_fault(path, "not in x, but in the gradient") for path in strange]
    leaves = [found.get(path, ABSENT) for path in layout.paths]
    return _claims(leaves, layout, findings)


def _as_array(claim: Sequence[Any]) -> Any:
    """A nested list of plain numbers as a float64 array, anything else unchanged."""
    try:
        array = np.asarray(claim)
    except (ValueError, TypeError, RuntimeError):  # ragged, or tensors that need grad
        return claim
    return array.astype(np.float64) if _is_whole(array) else array


def _is_whole(leaf: Any) -> TypeGuard[NDArray[np.integer[Any]]]:
    """Whether a leaf is an array of NumPy's integers."""
    return isinstance(leaf, np.ndarray) and cast("Any", leaf).dtype.kind in "iu"


def _by_path(claim: Tree) -> dict[str, Any]:
    """Leaves of the claim by path, None among them."""
    leaves, paths, _ = flatten(claim, none_is_leaf=True)
    if not all(leaf is None or is_array(leaf) or _is_number(leaf) for leaf in leaves):
        registered = engines.flatten_registered(claim, none_is_leaf=True)
        leaves, paths, _ = registered or (leaves, paths, None)
    return dict(zip(paths, leaves, strict=True))


def _is_number(leaf: object) -> bool:
    return isinstance(leaf, int | float | complex) and not isinstance(leaf, bool)


def _claims(leaves: Sequence[Any], layout: Layout, findings: list[Finding]) -> Claims:
    """The claims, leaf by leaf; faults of their form are added to the findings.

    leaves : one for each leaf of x: arrays, None, or ABSENT.
    """
    claims: list[Claim] = []
    for k, (leaf, shape) in enumerate(zip(leaves, layout.shapes, strict=True)):
        if leaf is None:
            zeros = np.zeros(math.prod(shape))
            claims.append(Claim(zeros, layout.roundoff[k], missing=True))
            continue
        fault = _fault_in(leaf, shape)
        if fault:
            findings.append(_fault(layout.paths[k], fault))
            claims.append(NOTHING)
            continue
        number = float(leaf) if isinstance(leaf, int) else leaf
        if _is_whole(leaf):  # of a linear f, as like as not
            number = np.asarray(leaf, np.float64)
        claims.append(Claim(to_float64(number).reshape(-1), unit_roundoff(number)))
    return Claims(tuple(claims), tuple(findings))


def _fault_in(leaf: Any, shape: tuple[int, ...]) -> str:
    """What is wrong with the dtype or shape of a claimed leaf; empty if nothing."""
    if leaf is ABSENT:
        return "missing from the gradient"
    if not (is_array(leaf) or _is_number(leaf)):
        return f"not an array of real numbers, but {type(leaf).__name__}"
    if is_complex(leaf):
        return f"complex ({dtype_name(leaf)}), where x is real: return the real part"
    if not (is_real_floating(leaf) or isinstance(leaf, int) or _is_whole(leaf)):
        return f"dtype {dtype_name(leaf)}, where a floating-point one is needed"
    got = tuple(np.shape(leaf))
    if got == shape:
        return ""
    said = f"shape {got}, where the leaf of x has {shape}"
    if got == shape[::-1]:
        return f"{said}: transposed"
    if math.prod(got) == math.prod(shape):
        return f"{said}: reshape it"
    return said


def fault_of_form(claim: Floats, layout: Layout, k: int) -> Finding | None:
    """A finding if leaf k cannot be compared as a whole: it holds NaN or infinities."""
    bad = np.flatnonzero(~np.isfinite(claim))
    if not bad.size:
        return None
    place = layout.place(layout.starts[k] + int(bad[0]))
    return _fault(
        layout.paths[k],
        f"{bad.size} of {claim.size} entries are NaN or infinite, the first at {place}",
    )


def _hopeless(layout: Layout, findings: list[Finding]) -> Claims:
    """Claims with nothing to compare."""
    return Claims((NOTHING,) * len(layout.leaves), tuple(findings))


def _fault(path: str, reason: str) -> Finding:
    """A finding on the form of the claim."""
    return Finding(
        path=path,
        index=None,
        direction=None,
        verdict=Verdict.DIFFERS,
        analytic=None,
        numerical=None,
        error=float("inf"),
        ratio=None,
        reason=reason,
    )


def _listed(paths: Sequence[str]) -> str:
    """The first few paths, in words."""
    shown = ", ".join(paths[:4])
    return f"{shown} and {len(paths) - 4} more" if len(paths) > 4 else shown
