"""Functions that pass all their arguments on: the signature is stated once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

__all__ = ["method_with_arguments_of", "with_arguments_of"]

P = ParamSpec("P")
Outcome = TypeVar("Outcome")


def with_arguments_of(
    known: Callable[P, object],
) -> Callable[[Callable[..., Outcome]], Callable[P, Outcome]]:
    """Gives a function the arguments of another, for readers, editors and checkers.

    known : the function that the other passes its arguments on to.
    """

    def signed(forwarding: Callable[..., Outcome]) -> Callable[P, Outcome]:
        _sign(forwarding, list(inspect.signature(known).parameters.values()))
        return forwarding

    return signed


def method_with_arguments_of(
    known: Callable[P, object],
) -> Callable[[Callable[..., Outcome]], Callable[Concatenate[Any, P], Outcome]]:
    """The same for a method, which takes `self` before them."""

    def signed(
        forwarding: Callable[..., Outcome],
    ) -> Callable[Concatenate[Any, P], Outcome]:
        own = next(iter(inspect.signature(forwarding).parameters.values()))
        others = inspect.signature(known).parameters.values()
        _sign(forwarding, [own, *others])
        return forwarding

    return signed


def _sign(forwarding: Callable[..., object], takes: list[inspect.Parameter]) -> None:
    """Have it say that it takes these."""
    signature = inspect.signature(forwarding).replace(parameters=takes)
    vars(forwarding)["__signature__"] = signature
