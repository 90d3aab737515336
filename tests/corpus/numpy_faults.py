"""Planted faults in NumPy gradients: transforms of right ones, and slips by hand."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from clinometer.check.diagnosis import Cause
from tests.corpus.case import Base, Case, Kind, wrong_entries
from tests.corpus.functions import FUNCTIONS
from tests.corpus.losses import LOSSES

__all__ = ["CASES", "from_base"]

BASES = LOSSES | FUNCTIONS
Gradient = Mapping[str, np.ndarray]

FACTOR = {Cause.FACTOR, Cause.REDUCTION}
MISSING = {Cause.MISSING_TERM}
ENTRIES = {Cause.ENTRIES}


def from_base(name, base, *, kind, causes, claim):
    """A case of a base problem whose claim is wrong."""
    fault, twin = partial(base.problem, claim), base.problem

    def where():
        return wrong_entries(fault(), twin())

    return Case(
        f"numpy {base.name}: {name}",
        "numpy",
        kind,
        frozenset(causes),
        fault,
        twin,
        where,
    )


def changed(base: str, leaf: str, change: Callable) -> tuple[Base, Callable]:
    """A base problem and its gradient with one leaf changed."""
    problem = BASES[base]

    def claim(x):
        found = problem.gradient(x)
        found[leaf] = change(found[leaf], x)
        return found

    return problem, claim


def put(value, *index):
    """A change that writes one entry."""

    def change(g, x):
        g = np.array(g)
        g[index] = value(g[index])
        return g

    return change


def rows(change, *which):
    """A change of some rows."""

    def changing(g, x):
        g = np.array(g)
        for row in which:
            g[row] = change(g[row])
        return g

    return changing


def after(start, change):
    """A change of all entries from one on."""

    def changing(g, x):
        g = np.array(g)
        g[start:] = change(g[start:])
        return g

    return changing


def _axis_mean(axis):
    return lambda g, x: np.broadcast_to(g.mean(axis, keepdims=True), g.shape).copy()


CONSTANT = [
    ("sign of all", "conv", "k", lambda g, x: -g, {Cause.SIGN}),
    ("sign of a leaf", "mlp", "W1", lambda g, x: -g, {Cause.SIGN}),
    ("sign of the bias", "layer norm", "b", lambda g, x: -g, {Cause.SIGN}),
    ("sign of the table", "embedding", "E", lambda g, x: -g, {Cause.SIGN}),
    ("sign of the mean", "gaussian", "m", lambda g, x: -g, {Cause.SIGN}),
    ("sign of two rows", "mlp", "W2", rows(np.negative, 1, 4), {Cause.SIGN}),
    ("twice", "ridge", "w", lambda g, x: 2 * g, {Cause.FACTOR}),
    ("half", "mlp", "b2", lambda g, x: g / 2, {Cause.FACTOR}),
    ("half of all", "conv", "s", lambda g, x: g / 2, {Cause.FACTOR}),
    ("a third", "running sum", "x", lambda g, x: g / 3, {Cause.FACTOR}),
    ("times the batch", "poisson", "w", lambda g, x: 11 * g, FACTOR),
    ("times the rows", "cross-entropy", "z", lambda g, x: 6 * g, FACTOR),
    (
        "scale of the head",
        "attention",
        "q",
        lambda g, x: g * np.sqrt(3),
        {Cause.FACTOR},
    ),
    ("one per mille", "rosenbrock", "x", lambda g, x: 1.001 * g, {Cause.FACTOR}),
    ("one per cent", "recurrence", "A", lambda g, x: 1.01 * g, {Cause.FACTOR}),
    ("minus twice", "square", "A", lambda g, x: -2 * g, {Cause.FACTOR, Cause.SIGN}),
    ("a thousand", "product", "a", lambda g, x: 1000 * g, {Cause.FACTOR}),
    ("step left out", "pendulum", "p", lambda g, x: g / 0.05, {Cause.FACTOR}),
]

AXES = [
    ("transposed", "square", "A", lambda g, x: g.T.copy(), {Cause.TRANSPOSED}),
    ("transposed", "chain", "A", lambda g, x: g.T.copy(), {Cause.TRANSPOSED}),
    ("transposed", "recurrence", "A", lambda g, x: g.T.copy(), {Cause.TRANSPOSED}),
    (
        "read by columns",
        "mlp",
        "W1",
        lambda g, x: g.T.reshape(g.shape),
        {Cause.TRANSPOSED, Cause.PERMUTED},
    ),
    (
        "read by columns",
        "chain",
        "B",
        lambda g, x: g.T.reshape(g.shape),
        {Cause.TRANSPOSED, Cause.PERMUTED},
    ),
    ("mean for sum", "mlp", "b1", lambda g, x: g / 7, FACTOR),
    ("mean for sum", "outer sum", "a", lambda g, x: g / 5, FACTOR),
    ("sum for mean", "hinge", "w", lambda g, x: 15 * g, FACTOR),
    (
        "mean along axis 1",
        "layer norm",
        "x",
        _axis_mean(0),
        {Cause.BROADCAST, Cause.REDUCTION},
    ),
    (
        "mean over rows",
        "embedding",
        "E",
        _axis_mean(0),
        {Cause.BROADCAST, Cause.REDUCTION},
    ),
    (
        "mean over columns",
        "mlp",
        "W2",
        _axis_mean(1),
        {Cause.BROADCAST, Cause.REDUCTION},
    ),
    (
        "sum over columns",
        "masked",
        "x",
        lambda g, x: np.broadcast_to(g.sum(1, keepdims=True), g.shape).copy(),
        {Cause.BROADCAST, Cause.REDUCTION},
    ),
    (
        "one number for all",
        "running sum",
        "x",
        lambda g, x: np.full_like(g, g.mean()),
        {Cause.BROADCAST, Cause.REDUCTION},
    ),
]

PLACES = [
    (
        "shifted by one",
        "running sum",
        "x",
        lambda g, x: np.roll(g, 1),
        {Cause.PERMUTED},
    ),
    ("shifted back", "conv", "s", lambda g, x: np.roll(g, -1), {Cause.PERMUTED}),
    ("shifted rows", "embedding", "E", lambda g, x: np.roll(g, 1, 0), {Cause.PERMUTED}),
    ("kernel reversed", "conv", "k", lambda g, x: g[::-1].copy(), {Cause.PERMUTED}),
    (
        "classes shifted",
        "cross-entropy",
        "z",
        lambda g, x: np.roll(g, 1, 1),
        {Cause.PERMUTED},
    ),
    ("order not undone", "sorting", "x", None, {Cause.PERMUTED, Cause.UNEXPLAINED}),
    ("two entries exchanged", "rosenbrock", "x", None, {Cause.PERMUTED, Cause.ENTRIES}),
]

SINGLE = [
    ("one entry zero", "mlp", "W1", put(lambda v: 0.0, 2, 3), ENTRIES | {Cause.ZERO}),
    ("one entry 1 % off", "layer norm", "x", put(lambda v: 1.01 * v, 1, 4), ENTRIES),
    ("one entry's sign", "conv", "s", put(np.negative, 9), ENTRIES | {Cause.SIGN}),
    (
        "one entry twice",
        "chain",
        "B",
        put(lambda v: 2 * v, 3, 1),
        ENTRIES | {Cause.FACTOR},
    ),
    ("one entry of 133", "tiled", "x", put(lambda v: v + 0.3, 70), ENTRIES),
    ("the first entry", "rosenbrock", "x", put(lambda v: v + 7, 0), ENTRIES),
    ("the last entry", "ridge", "w", put(lambda v: 0.9 * v, 5), ENTRIES | {Cause.TAIL}),
    (
        "one entry NaN",
        "attention",
        "v",
        put(lambda v: np.nan, 2, 1),
        {Cause.NOT_FINITE},
    ),
    (
        "one entry infinite",
        "poisson",
        "w",
        put(lambda v: np.inf, 0),
        {Cause.NOT_FINITE},
    ),
]

TAILS = [
    ("last block zero", "tiled", "x", after(128, np.zeros_like), {Cause.TAIL}),
    ("last block twice", "tiled", "x", after(128, lambda g: 2 * g), {Cause.TAIL}),
    (
        "last block shifted",
        "tiled",
        "x",
        after(128, lambda g: np.roll(g, 1)),
        {Cause.TAIL, Cause.PERMUTED},
    ),
    ("last of 17", "conv", "s", after(16, np.zeros_like), {Cause.TAIL, Cause.ENTRIES}),
    ("past tiles of 64", "tiled", "x", after(128, lambda g: 0.5 * g), {Cause.TAIL}),
]

ABSENT = [
    ("leaf None", "mlp", "b1", lambda g, x: None, {Cause.NONE}),
    ("leaf None", "recurrence", "h", lambda g, x: None, {Cause.NONE}),
    ("leaf None", "pendulum", "p", lambda g, x: None, {Cause.NONE}),
    ("leaf zero", "attention", "k", lambda g, x: 0 * g, {Cause.ZERO}),
    ("leaf zero", "layer norm", "g", lambda g, x: 0 * g, {Cause.ZERO}),
    ("leaf zero", "gaussian", "s", lambda g, x: 0 * g, {Cause.ZERO}),
    ("leaf zero", "logistic", "b", lambda g, x: 0 * g, {Cause.ZERO}),
    (
        "no penalty",
        "ridge",
        "w",
        lambda g, x: g - 1.4 * x["w"],
        {Cause.MISSING_REGULARISER},
    ),
    (
        "no penalty",
        "logistic",
        "w",
        lambda g, x: g - 0.6 * x["w"],
        {Cause.MISSING_REGULARISER},
    ),
    (
        "half of the penalty",
        "ridge",
        "w",
        lambda g, x: g - 0.7 * x["w"],
        {Cause.MISSING_REGULARISER, Cause.MISSING_TERM},
    ),
    ("count left out", "gaussian", "s", lambda g, x: g - 9, MISSING),
    ("a constant left out", "rosenbrock", "x", lambda g, x: g + 3, MISSING),
]

FORMS = [
    ("transposed shape", "mlp", "W1", lambda g, x: g.T, {Cause.FORM, Cause.TRANSPOSED}),
    ("flattened", "chain", "C", lambda g, x: g.reshape(-1), {Cause.FORM}),
    ("whole numbers", "poisson", "w", lambda g, x: g.astype(int), {Cause.ZERO}),
    ("complex", "product", "b", lambda g, x: g + 0j, {Cause.FORM}),
    ("not summed", "outer sum", "b", None, {Cause.FORM, Cause.BROADCAST}),
    ("a text", "hinge", "w", lambda g, x: "gradient", {Cause.FORM}),
]


def _table(kind, table):
    for name, base, leaf, change, causes in table:
        if change is not None:
            problem, claim = changed(base, leaf, change)
            where = f"{name} in {leaf}"
            yield kind, where, problem, claim, causes


def _tables():
    yield from _table(Kind.CONSTANT, CONSTANT)
    yield from _table(Kind.AXES, AXES)
    yield from _table(Kind.INDICES, PLACES)
    yield from _table(Kind.FORM, SINGLE)
    yield from _table(Kind.TAIL, TAILS)
    yield from _table(Kind.MISSING, ABSENT)


def _forms():
    for name, base, leaf, change, causes in FORMS:
        if change is None:
            continue
        problem, claim = changed(base, leaf, change)
        yield Case(
            f"numpy {base}: {name} in {leaf}",
            "numpy",
            Kind.FORM,
            frozenset(causes),
            partial(problem.problem, claim),
            problem.problem,
            partial(dict, {f"x['{leaf}']": frozenset()}),
        )


CASES = [
    from_base(name, problem, kind=kind, causes=causes, claim=claim)
    for kind, name, problem, claim, causes in _tables()
] + list(_forms())
