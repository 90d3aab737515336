"""Which views are held out to judge by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from clinometer.errors import InputError
from clinometer.surface.scenes.shots import few

__all__ = ["held_out"]


def held_out(
    names: list[str], choice: int | Sequence[str], given: tuple[str, ...] | None
) -> set[str]:
    """Names of the views to hold out.

    names : of all views, in order.
    choice : k, for every k-th beginning with the first, as is usual (none where there
        are fewer than k); 0 for none; or the names themselves, in full, or without
        folders, or without ending.
    given : names that the files set apart; they take the place of every k-th.
    Raises InputError where a name is not there, or fewer than two views are left.
    """
    if isinstance(choice, int):
        if choice < 0 or isinstance(choice, bool):
            raise InputError(
                f"hold_out must be 0, a number of views or names, got {choice!r}"
            )
        if choice == 0:
            return set()
        if given is not None:
            return _leaving_two(names, set(given) & set(names))
        every = names[::choice] if len(names) >= choice else []
        return _leaving_two(names, set(every))
    if isinstance(choice, str):
        raise InputError(f"hold_out must be a list of names, got the text {choice!r}")
    called: dict[str, str] = {}
    for name in names:
        path = PurePosixPath(name)
        for call in (name, path.name, path.stem):
            called.setdefault(call, name)
    unknown = [str(call) for call in choice if call not in called]
    if unknown:
        raise InputError(
            f"hold_out names views that are not there: {few(unknown)}; there are "
            f"{few(names)}"
        )
    return _leaving_two(names, {called[call] for call in choice})


def _leaving_two(names: list[str], apart: set[str]) -> set[str]:
    if len(names) - len(apart) < 2:
        raise InputError(
            f"hold_out sets {len(apart)} of {len(names)} views apart, and at least two "
            "must be left to train on; hold out fewer, or none (hold_out=0)"
        )
    return apart
