"""Slips that a person makes who writes a gradient by hand, in NumPy."""

import numpy as np

from clinometer.check.diagnosis import Cause
from tests.corpus.case import Kind
from tests.corpus.losses import random
from tests.corpus.numpy_faults import BASES, from_base

__all__ = ["CASES"]


def slip(base, kind, causes):
    """Mark a claim (base's gradient, x) -> dict as a slip in that base."""

    def mark(write):
        problem = BASES[base] if isinstance(base, str) else base

        def claim(x):
            return write(problem.gradient(x), x)

        name = write.__name__.replace("_", " ")
        CASES.append(from_base(name, problem, kind=kind, causes=causes, claim=claim))
        return write

    return mark


CASES = []


@slip("product", Kind.FORM, {Cause.SWAPPED})
def arguments_swapped(g, x):
    return {"a": g["b"], "b": g["a"]}


@slip("cosine", Kind.FORM, {Cause.SWAPPED})
def vectors_swapped(g, x):
    return {"a": g["b"], "b": g["a"]}


@slip("gaussian", Kind.FORM, {Cause.SWAPPED})
def mean_and_spread_swapped(g, x):
    return {"m": g["s"], "s": g["m"]}


@slip("pendulum", Kind.FORM, {Cause.SWAPPED})
def state_and_constants_swapped(g, x):
    return {"s": g["p"], "p": g["s"]}


@slip("embedding", Kind.INDICES, {Cause.DUPLICATES})
def repeated_rows_overwritten(g, x):
    index, W = np.array([0, 2, 2, 5, 1, 2, 5]), random(26, 7, 3)
    found = np.zeros((6, 3))
    found[index] += W * np.cos(x["E"][index])
    return {"E": found}


@slip(
    "interpolation", Kind.INDICES, {Cause.DUPLICATES, Cause.ENTRIES, Cause.MISSING_TERM}
)
def repeated_places_overwritten(g, x):
    place = np.array([0.3, 1.7, 1.9, 3.2, 4.4, 5.5])
    left = place.astype(int)
    share = place - left
    d = 2 * ((1 - share) * x["y"][left] + share * x["y"][left + 1])
    found = np.zeros(7)
    found[left] += d * (1 - share)
    found[left + 1] += d * share
    return {"y": found}


@slip(
    "interpolation",
    Kind.MISSING,
    {Cause.MISSING_TERM, Cause.UNEXPLAINED, Cause.ENTRIES},
)
def right_neighbour_forgotten(g, x):
    place = np.array([0.3, 1.7, 1.9, 3.2, 4.4, 5.5])
    left = place.astype(int)
    share = place - left
    d = 2 * ((1 - share) * x["y"][left] + share * x["y"][left + 1])
    found = np.zeros(7)
    np.add.at(found, left, d * (1 - share))
    return {"y": found}


@slip("layer norm", Kind.MISSING, {Cause.MISSING_TERM, Cause.UNEXPLAINED})
def variance_taken_for_constant(g, x):
    W = random(12, 4, 7)
    centred = x["x"] - x["x"].mean(1, keepdims=True)
    spread = np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
    D = W * x["g"]
    return g | {"x": (D - D.mean(1, keepdims=True)) / spread}


@slip("layer norm", Kind.MISSING, {Cause.MISSING_TERM, Cause.UNEXPLAINED})
def gain_forgotten(g, x):
    W = random(12, 4, 7)
    centred = x["x"] - x["x"].mean(1, keepdims=True)
    spread = np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
    unit = centred / spread
    inner = W - W.mean(1, keepdims=True) - unit * (W * unit).mean(1, keepdims=True)
    return g | {"x": inner / spread}


@slip("attention", Kind.MISSING, {Cause.MISSING_TERM, Cause.UNEXPLAINED})
def softmax_taken_for_elementwise(g, x):
    s = x["q"] @ x["k"].T / np.sqrt(3)
    e = np.exp(s - s.max(1, keepdims=True))
    P = e / e.sum(1, keepdims=True)
    S = P * (1 - P) * (random(17, 4, 2) @ x["v"].T) / np.sqrt(3)
    return g | {"q": S @ x["k"]}


@slip("recurrence", Kind.MISSING, {Cause.MISSING_TERM, Cause.UNEXPLAINED})
def truncated_after_one_step(g, x):
    U, c = random(21, 6, 2), random(22, 3)
    h = x["h"]
    for u in U:
        last, h = h, np.tanh(x["A"] @ h + x["B"] @ u)
    return g | {"A": np.outer(c * (1 - h**2), last)}


@slip("recurrence", Kind.MISSING, {Cause.MISSING_TERM, Cause.UNEXPLAINED})
def first_step_left_out(g, x):
    U, c = random(21, 6, 2), random(22, 3)
    seen = [x["h"]]
    for u in U:
        seen.append(np.tanh(x["A"] @ seen[-1] + x["B"] @ u))
    d, B = c, np.zeros((3, 2))
    for t in range(6, 1, -1):
        e = d * (1 - seen[t] ** 2)
        B += np.outer(e, U[t - 1])
        d = x["A"].T @ e
    return g | {"B": B}


@slip("quadratic", Kind.MISSING, {Cause.MISSING_TERM, Cause.UNEXPLAINED})
def matrix_taken_for_symmetric(g, x):
    return g | {"x": 2 * x["Q"] @ x["x"]}


@slip("square", Kind.MISSING, {Cause.MISSING_TERM, Cause.UNEXPLAINED})
def one_factor_of_two(g, x):
    return {"A": random(56, 4, 4) @ x["A"].T}


@slip(
    "rosenbrock", Kind.MISSING, {Cause.MISSING_TERM, Cause.UNEXPLAINED, Cause.ENTRIES}
)
def neighbour_forgotten(g, x):
    a, b = x["x"][:-1], x["x"][1:]
    found = np.zeros(7)
    found[:-1] = -400 * a * (b - a**2) - 2 * (1 - a)
    return {"x": found}


@slip("cosine", Kind.MISSING, {Cause.MISSING_TERM, Cause.UNEXPLAINED})
def length_taken_for_constant(g, x):
    a, b = x["a"], x["b"]
    return g | {"a": b / np.sqrt(a @ a * (b @ b))}


@slip("mlp", Kind.MISSING, {Cause.MISSING_TERM, Cause.UNEXPLAINED})
def activation_left_out(g, x):
    A, T = random(4, 7, 4), random(5, 7, 3)
    H = np.tanh(A @ x["W1"] + x["b1"])
    D = 2 * (H @ x["W2"] + x["b2"] - T)
    E = D @ x["W2"].T
    return g | {"W1": A.T @ E, "b1": E.sum(0)}


@slip("conv", Kind.BRANCH, {Cause.UNEXPLAINED, Cause.PERMUTED, Cause.MISSING_TERM})
def correlated_for_convolved(g, x):
    d = 2 * np.correlate(x["s"], x["k"], "valid")
    return g | {"s": np.convolve(d, x["k"][::-1])}


@slip("running sum", Kind.BRANCH, {Cause.UNEXPLAINED, Cause.MISSING_TERM})
def summed_the_wrong_way(g, x):
    return {"x": np.cumsum(2 * random(28, 9) * np.cumsum(x["x"]))}


@slip("sorting", Kind.INDICES, {Cause.PERMUTED, Cause.UNEXPLAINED})
def weights_in_sorted_order(g, x):
    return {"x": random(41, 8)[np.argsort(x["x"] ** 3)] * 3 * x["x"] ** 2}


@slip("rosenbrock", Kind.INDICES, {Cause.PERMUTED, Cause.ENTRIES})
def two_entries_exchanged(g, x):
    found = g["x"].copy()
    found[[2, 5]] = found[[5, 2]]
    return {"x": found}


@slip("masked", Kind.BRANCH, {Cause.NO_DEPENDENCE, Cause.ENTRIES})
def mask_forgotten(g, x):
    mask = random(43, 4, 5) > -0.5
    return {"x": np.exp(x["x"]) / mask.sum()}


@slip("masked", Kind.CONSTANT, {Cause.FACTOR, Cause.REDUCTION})
def mean_over_all_not_the_mask(g, x):
    mask = random(43, 4, 5) > -0.5
    return {"x": g["x"] * mask.sum() / 20}


@slip("huber", Kind.BRANCH, {Cause.BRANCH, Cause.ENTRIES, Cause.SPECIAL_POINTS})
def linear_part_not_clipped(g, x):
    return {"r": x["r"].copy()}


@slip("huber", Kind.BRANCH, {Cause.BRANCH, Cause.ENTRIES, Cause.SIGN})
def sign_lost_below_minus_one(g, x):
    return {"r": np.where(np.abs(x["r"]) < 1, x["r"], 1.0)}


@slip(
    "hinge",
    Kind.BRANCH,
    {Cause.UNEXPLAINED, Cause.MISSING_TERM, Cause.BRANCH, Cause.SIGN},
)
def condition_the_wrong_way_round(g, x):
    A, y = random(46, 15, 4), np.sign(random(47, 15))
    active = y * (A @ x["w"]) >= 1
    return {"w": -(A * (active * y)[:, None]).mean(0)}


@slip("poisson", Kind.BRANCH, {Cause.UNEXPLAINED, Cause.MISSING_TERM})
def rate_without_exponential(g, x):
    A, count = 0.5 * random(58, 11, 4), np.arange(11) % 4
    return {"w": A.T @ (A @ x["w"] - count) / 11}


@slip(
    "cross-entropy",
    Kind.MISSING,
    {Cause.MISSING_TERM, Cause.ENTRIES, Cause.UNEXPLAINED},
)
def label_not_subtracted(g, x):
    e = np.exp(x["z"] - x["z"].max(1, keepdims=True))
    return {"z": e / e.sum(1, keepdims=True) / 6}


@slip("pendulum", Kind.BRANCH, {Cause.UNEXPLAINED, Cause.MISSING_TERM, Cause.FACTOR})
def euler_for_midpoint(g, x):
    h, s, S, p = 0.05, x["s"], np.eye(2), x["p"]
    for _ in range(20):
        A = np.array([[0.0, 1.0], [-p[0] * np.cos(s[0]), -p[1]]])
        S = S + h * A @ S
        s = s + h * np.array([s[1], -p[0] * np.sin(s[0]) - p[1] * s[1]])
    return g | {"s": S.T @ (2 * s)}


@slip("outer sum", Kind.FORM, {Cause.UNEXPLAINED})
def numbers_at_random(g, x):
    return g | {"a": random(90, 4, 1)}


@slip("chain", Kind.BRANCH, {Cause.UNEXPLAINED, Cause.MISSING_TERM, Cause.FACTOR})
def sine_for_cosine(g, x):
    A, B, Q = x["A"], x["B"], x["C"]
    D = random(33, 4, 3) * np.sin(A @ B @ Q)
    return g | {"B": A.T @ D @ Q.T}


@slip("tiled", Kind.TAIL, {Cause.TAIL})
def tail_read_from_the_block_before(g, x):
    found = g["x"].copy()
    found[128:] = found[96:101]
    return {"x": found}


@slip("tiled", Kind.TAIL, {Cause.TAIL})
def tail_of_tiles_of_seven_and_more(g, x):
    found = g["x"].copy()
    found[132:] = 0
    return {"x": found}


@slip("rosenbrock", Kind.PRECISION, {Cause.FORM, Cause.PRECISION})
def computed_in_integers(g, x):
    return {"x": np.trunc(g["x"])}


@slip("logistic", Kind.MISSING, {Cause.MISSING_REGULARISER})
def intercept_penalised_as_well(g, x):
    return g | {"b": g["b"] + 0.6 * x["b"]}


@slip("embedding", Kind.BRANCH, {Cause.UNEXPLAINED, Cause.MISSING_TERM})
def wrong_derivative_of_what_was_looked_up(g, x):
    index, W = np.array([0, 2, 2, 5, 1, 2, 5]), random(26, 7, 3)
    np.add.at(found := np.zeros((6, 3)), index, W * (1 - np.sin(x["E"][index])))
    return {"E": found}
