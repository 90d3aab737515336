"""Base problems in NumPy: smaller functions, piecewise ones, likelihoods, solvers."""

import numpy as np

from tests.corpus.case import Base
from tests.corpus.losses import random

__all__ = ["FUNCTIONS"]


def ode():
    """Twenty midpoint steps of a damped pendulum: s (2), p (2) of its constants."""
    h = 0.05

    def slope(s, p):
        return np.array([s[1], -p[0] * np.sin(s[0]) - p[1] * s[1]])

    def slopes(s, p):
        by_s = np.array([[0.0, 1.0], [-p[0] * np.cos(s[0]), -p[1]]])
        return by_s, np.array([[0.0, 0.0], [-np.sin(s[0]), -s[1]]])

    def f(x):
        s = x["s"]
        for _ in range(20):
            s = s + h * slope(s + h / 2 * slope(s, x["p"]), x["p"])
        return float(np.sum(s**2))

    def gradient(x):
        s, S, P = x["s"], np.eye(2), np.zeros((2, 2))
        for _ in range(20):
            middle = s + h / 2 * slope(s, x["p"])
            A, B = slopes(s, x["p"])
            C, D = slopes(middle, x["p"])
            step = np.eye(2) + h * C @ (np.eye(2) + h / 2 * A)
            P = step @ P + h * (C @ (h / 2 * B) + D)
            S, s = step @ S, s + h * slope(middle, x["p"])
        return {"s": S.T @ (2 * s), "p": P.T @ (2 * s)}

    x = {"s": np.array([0.8, -0.3]), "p": np.array([2.0, 0.4])}
    return Base("pendulum", x, f, gradient)


def interpolation():
    """Squares of a table read between its points: y (7)."""
    place = np.array([0.3, 1.7, 1.9, 3.2, 4.4, 5.5])
    left = place.astype(int)
    share = place - left

    def read(y):
        return (1 - share) * y[left] + share * y[left + 1]

    def f(x):
        return np.sum(read(x["y"]) ** 2)

    def gradient(x):
        d, found = 2 * read(x["y"]), np.zeros(7)
        np.add.at(found, left, d * (1 - share))
        np.add.at(found, left + 1, d * share)
        return {"y": found}

    return Base("interpolation", {"y": random(40, 7)}, f, gradient)


def sorting():
    """Weighted sum of the sorted cubes: x (8)."""
    w = random(41, 8)

    def f(x):
        return float(w @ np.sort(x["x"] ** 3))

    def gradient(x):
        order = np.argsort(x["x"] ** 3)
        found = np.empty(8)
        found[order] = w
        return {"x": found * 3 * x["x"] ** 2}

    return Base("sorting", {"x": random(42, 8)}, f, gradient)


def masked():
    """Mean of the squares of what a mask leaves: x (4, 5)."""
    mask = random(43, 4, 5) > -0.5

    def f(x):
        return np.sum(np.where(mask, np.exp(x["x"]), 0.0)) / mask.sum()

    def gradient(x):
        return {"x": np.where(mask, np.exp(x["x"]), 0.0) / mask.sum()}

    return Base("masked", {"x": random(44, 4, 5)}, f, gradient)


def huber():
    """Huber loss with threshold 1 on both sides of it: r (10)."""

    def f(x):
        size = np.abs(x["r"])
        return np.sum(np.where(size < 1, 0.5 * size**2, size - 0.5))

    def gradient(x):
        return {"r": np.clip(x["r"], -1, 1)}

    return Base("huber", {"r": 2 * random(45, 10)}, f, gradient)


def hinge():
    """Mean hinge loss of 15 rows: w (4)."""
    A, y = random(46, 15, 4), np.sign(random(47, 15))

    def f(x):
        return np.mean(np.maximum(0, 1 - y * (A @ x["w"])))

    def gradient(x):
        active = y * (A @ x["w"]) < 1
        return {"w": -(A * (active * y)[:, None]).mean(0)}

    return Base("hinge", {"w": 0.5 * random(48, 4)}, f, gradient)


def gaussian():
    """Negative log likelihood of 9 rows: mean m (3), log spread s (3)."""
    D = random(49, 9, 3)

    def f(x):
        z = (D - x["m"]) / np.exp(x["s"])
        return np.sum(0.5 * z**2 + x["s"])

    def gradient(x):
        z = (D - x["m"]) / np.exp(x["s"])
        return {"m": -(z / np.exp(x["s"])).sum(0), "s": (1 - z**2).sum(0)}

    x = {"m": random(50, 3), "s": 0.3 * random(51, 3)}
    return Base("gaussian", x, f, gradient)


def product():
    """Sum of a * exp(b): two arguments of equal shape (5)."""

    def f(x):
        return np.sum(x["a"] * np.exp(x["b"]))

    def gradient(x):
        return {"a": np.exp(x["b"]), "b": x["a"] * np.exp(x["b"])}

    return Base("product", {"a": random(52, 5), "b": random(53, 5)}, f, gradient)


def quadratic():
    """A quadratic form with a matrix that is not symmetric: x (6), Q (6, 6)."""

    def f(x):
        return float(x["x"] @ x["Q"] @ x["x"])

    def gradient(x):
        return {
            "x": (x["Q"] + x["Q"].T) @ x["x"],
            "Q": np.outer(x["x"], x["x"]),
        }

    return Base("quadratic", {"x": random(54, 6), "Q": random(55, 6, 6)}, f, gradient)


def square():
    """Weighted square of a matrix: A (4, 4)."""
    W = random(56, 4, 4)

    def f(x):
        return np.sum(W * (x["A"] @ x["A"]))

    def gradient(x):
        return {"A": W @ x["A"].T + x["A"].T @ W}

    return Base("square", {"A": random(57, 4, 4)}, f, gradient)


def poisson():
    """Mean Poisson loss of 11 rows with an offset: w (4)."""
    A, count = 0.5 * random(58, 11, 4), np.arange(11) % 4

    def f(x):
        return np.mean(np.exp(A @ x["w"]) - count * (A @ x["w"]))

    def gradient(x):
        return {"w": A.T @ (np.exp(A @ x["w"]) - count) / 11}

    return Base("poisson", {"w": random(59, 4)}, f, gradient)


def rosenbrock():
    """Rosenbrock's function: x (7)."""

    def f(x):
        a, b = x["x"][:-1], x["x"][1:]
        return np.sum(100 * (b - a**2) ** 2 + (1 - a) ** 2)

    def gradient(x):
        a, b = x["x"][:-1], x["x"][1:]
        found = np.zeros(7)
        found[:-1] = -400 * a * (b - a**2) - 2 * (1 - a)
        found[1:] += 200 * (b - a**2)
        return {"x": found}

    return Base("rosenbrock", {"x": random(60, 7)}, f, gradient)


def tiled():
    """Weighted sine of 133 numbers, as a kernel of tiles of 32 computes it."""
    w = random(61, 133)

    def f(x):
        return float(w @ np.sin(x["x"]))

    def gradient(x):
        return {"x": w * np.cos(x["x"])}

    return Base("tiled", {"x": random(62, 133)}, f, gradient)


def cosine():
    """Cosine similarity of two vectors: a (5), b (5)."""

    def f(x):
        a, b = x["a"], x["b"]
        return float(a @ b / np.sqrt(a @ a * (b @ b)))

    def gradient(x):
        a, b = x["a"], x["b"]
        length = np.sqrt(a @ a * (b @ b))
        cos = a @ b / length
        return {
            "a": b / length - cos * a / (a @ a),
            "b": a / length - cos * b / (b @ b),
        }

    return Base("cosine", {"a": random(63, 5), "b": random(64, 5)}, f, gradient)


FUNCTIONS = {
    base.name: base
    for base in (
        ode(),
        interpolation(),
        sorting(),
        masked(),
        huber(),
        hinge(),
        gaussian(),
        product(),
        quadratic(),
        square(),
        poisson(),
        rosenbrock(),
        tiled(),
        cosine(),
    )
}
