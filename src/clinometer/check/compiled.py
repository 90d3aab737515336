"""A slow f of JAX's, compiled once for the hundreds of values that are measured.

Called as it is, an f of JAX runs operation by operation, and a `lax.scan` over a lambda
is even compiled anew at every call. Under `jax.jit` it is traced once and is the same
function: the same operations, the same forward of its custom rules. The claim and the
probes go on with f as it was given.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from clinometer import engines
from clinometer.arrays import is_array
from clinometer.check.subject import Subject
from clinometer.evaluate import Function
from clinometer.point import flatten_input
from clinometer.trees import Tree

__all__ = ["compiled"]

SLOW = 0.02
"""Seconds a call beyond which f is compiled: a thousand of them take 20 seconds. Of the
processor, so that other programs do not count."""

ALIKE = 64.0
"""Grains of f by which its value may change when sums run in another order."""


def compiled(
    subject: Subject,
    f: Callable[..., Any],
    adapt: Callable[[Callable[..., Any]], Function],
) -> tuple[Subject, tuple[str, ...]]:
    """The question with f compiled, where that is due, and what to say of it.

    subject : f at x as it was given, evaluated there before.
    f : function of x that is measured.
    adapt : makes the function to evaluate of it, at the same x.

    f stays as it is where it is fast, no function of JAX arrays alone, or not
    repeatable (what it reads besides x would be frozen); where it cannot be traced,
    since it branches on values, say; and where its value is another under jax.jit.
    """
    function = subject.function
    layout = function.layout
    arrays = all(map(is_array, layout.leaves))
    on_jax = engines.of(layout.leaves).name == "jax"
    if not (function.one_by_one and arrays and on_jax):
        return subject, ()
    began = time.process_time()
    subject.ask_again()
    seconds = time.process_time() - began
    if seconds < SLOW or not subject.repeatable:
        return subject, ()
    said = f"f takes {seconds:.2g} s a call"
    try:
        faster = Subject(adapt(_jitted(f, function)), subject.place)
    except Exception as error:  # noqa: BLE001 - whatever f does with traced values
        why = type(error.__cause__ or error).__name__
        return subject, (f"{said}; jax.jit(f) cannot be called: {why}",)
    if not abs(faster.value - subject.value) <= ALIKE * subject.grain:
        return subject, (f"{said}; under jax.jit its value is another",)
    faster.function.evaluations += function.evaluations
    return faster, (f"{said}; what is measured is jax.jit(f), compiled once",)


def _jitted(f: Callable[..., Any], function: Function) -> Callable[[Tree], Any]:
    """f under jax.jit, as a function of the same x."""
    layout = function.layout

    def listed(leaves: list[Any]) -> list[Any]:
        return [f(layout.rebuild(leaves))]

    engine = engines.of(layout.leaves)
    call = engine.forwards(listed)["under jit"]

    def once(x: Tree) -> Any:
        leaves, _, _ = flatten_input(x)
        return call(leaves)[0]

    return once
