"""Variables that can share a perturbation, because no term of f depends on two of them.

A function that returns its terms is differenced with respect to many variables at once:
what moves is then told apart by the terms that move.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clinometer.errors import InputError

__all__ = ["colours", "pattern"]

Ints = NDArray[np.intp]


def pattern(sparsity: Any, n: int) -> tuple[Ints, Ints]:
    """Terms and entries of x (both (K)) of the dependencies, in the order of entries.

    sparsity : (m, n) array, or SciPy sparse array, that is not zero where term i of f
        depends on entry j of x.
    n : entries of x.
    Raises InputError where it is no such matrix.
    """
    sparse = getattr(sparsity, "tocoo", None)
    found: Any = sparse() if sparse is not None else np.asarray(sparsity)
    if len(found.shape) != 2 or found.shape[1] != n:
        raise InputError(
            f"sparsity must have one row a term of f and one column an entry of x, "
            f"so (m, {n}), got {tuple(found.shape)}; columns follow the entries of x, "
            "leaf after leaf"
        )
    if sparse is None:
        columns, rows = np.nonzero(found.T)
        return rows, columns
    held = np.asarray(found.data) != 0
    terms: Ints = np.asarray(found.row, np.intp)[held]
    entries: Ints = np.asarray(found.col, np.intp)[held]
    order = np.lexsort((terms, entries))
    return terms[order], entries[order]


def colours(sparsity: Any, n: int) -> Ints:
    """(n) the colour of every entry of x, counted from 0; -1 where no term depends.

    sparsity, n : as for `pattern`.
    Entries of one colour share no term. Greedy, those of most terms first, each given
    the first colour that is free: never fewer colours than the fullest row has entries,
    and at most one more than the most neighbours of an entry.

    Source: Curtis, Powell & Reid 1974; order as in Welsh & Powell 1967, by terms.
    """
    terms, entries = pattern(sparsity, n)
    starts = np.searchsorted(entries, np.arange(n + 1))
    held = np.diff(starts)
    found = np.full(n, -1, np.intp)
    taken: dict[int, int] = {}  # term -> colours used in it, one bit each
    for entry in np.argsort(-held, kind="stable"):
        own = terms[starts[entry] : starts[entry + 1]].tolist()
        if not own:
            break  # all that follow have no terms either
        used = 0
        for term in own:
            used |= taken.get(term, 0)
        free = ~used & (used + 1)  # the lowest bit that is not set
        found[entry] = free.bit_length() - 1
        for term in own:
            taken[term] = taken.get(term, 0) | free
    return found
