"""Base problems in NumPy: losses and layers, each with its gradient by hand."""

import numpy as np

from tests.corpus.case import Base

__all__ = ["LOSSES"]


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def logistic():
    """Logistic loss over 20 rows with a penalty: w (5), b ()."""
    A, y = random(1, 20, 5), np.sign(random(2, 20))

    def f(x):
        margin = y * (A @ x["w"] + x["b"])
        return np.mean(np.log1p(np.exp(-margin))) + 0.3 * np.sum(x["w"] ** 2)

    def gradient(x):
        margin = y * (A @ x["w"] + x["b"])
        d = -y / (1 + np.exp(margin)) / len(y)
        return {"w": A.T @ d + 0.6 * x["w"], "b": d.sum()}

    return Base("logistic", {"w": random(3, 5), "b": np.array(0.4)}, f, gradient)


def mlp():
    """Squared error of a two-layer tanh net, summed over 7 rows."""
    A, T = random(4, 7, 4), random(5, 7, 3)

    def f(x):
        H = np.tanh(A @ x["W1"] + x["b1"])
        return np.sum((H @ x["W2"] + x["b2"] - T) ** 2)

    def gradient(x):
        H = np.tanh(A @ x["W1"] + x["b1"])
        D = 2 * (H @ x["W2"] + x["b2"] - T)
        E = D @ x["W2"].T * (1 - H**2)
        return {"W1": A.T @ E, "b1": E.sum(0), "W2": H.T @ D, "b2": D.sum(0)}

    x = {"W1": random(6, 4, 6), "b1": random(7, 6)}
    return Base("mlp", x | {"W2": random(8, 6, 3), "b2": random(9, 3)}, f, gradient)


def conv():
    """Sum of squares of a correlation: kernel k (5), signal s (17)."""

    def f(x):
        return np.sum(np.correlate(x["s"], x["k"], "valid") ** 2)

    def gradient(x):
        d = 2 * np.correlate(x["s"], x["k"], "valid")
        return {"k": np.correlate(x["s"], d, "valid"), "s": np.convolve(d, x["k"])}

    return Base("conv", {"k": random(10, 5), "s": random(11, 17)}, f, gradient)


def layer_norm():
    """Weighted sum of a layer norm: x (4, 7), gain and bias (7)."""
    W = random(12, 4, 7)

    def normed(x):
        centred = x - x.mean(1, keepdims=True)
        spread = np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
        return centred / spread, spread

    def f(x):
        return np.sum(W * (normed(x["x"])[0] * x["g"] + x["b"]))

    def gradient(x):
        unit, spread = normed(x["x"])
        D = W * x["g"]
        inner = D - D.mean(1, keepdims=True)
        inner -= unit * (D * unit).mean(1, keepdims=True)
        return {"x": inner / spread, "g": (W * unit).sum(0), "b": W.sum(0)}

    x = {"x": random(13, 4, 7), "g": 1 + 0.3 * random(14, 7), "b": random(15, 7)}
    return Base("layer norm", x, f, gradient)


def cross_entropy():
    """Mean softmax cross-entropy of 6 rows and 5 classes."""
    label = np.array([0, 3, 1, 4, 2, 3])

    def softmax(z):
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def f(x):
        return -np.mean(np.log(softmax(x["z"])[np.arange(6), label]))

    def gradient(x):
        p = softmax(x["z"])
        p[np.arange(6), label] -= 1
        return {"z": p / 6}

    return Base("cross-entropy", {"z": random(16, 6, 5)}, f, gradient)


def attention():
    """Weighted sum of one head: q (4, 3), k (5, 3), v (5, 2)."""
    W = random(17, 4, 2)

    def weights(x):
        s = x["q"] @ x["k"].T / np.sqrt(3)
        e = np.exp(s - s.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def f(x):
        return np.sum(W * (weights(x) @ x["v"]))

    def gradient(x):
        P = weights(x)
        D = W @ x["v"].T
        S = P * (D - (P * D).sum(1, keepdims=True)) / np.sqrt(3)
        return {"q": S @ x["k"], "k": S.T @ x["q"], "v": P.T @ W}

    x = {"q": random(18, 4, 3), "k": random(19, 5, 3), "v": random(20, 5, 2)}
    return Base("attention", x, f, gradient)


def recurrence():
    """Last state of six tanh steps: h (3), A (3, 3), B (3, 2)."""
    U, c = random(21, 6, 2), random(22, 3)

    def states(x):
        seen = [x["h"]]
        for u in U:
            seen.append(np.tanh(x["A"] @ seen[-1] + x["B"] @ u))
        return seen

    def f(x):
        return float(c @ states(x)[-1])

    def gradient(x):
        seen = states(x)
        d, A, B = c.copy(), np.zeros((3, 3)), np.zeros((3, 2))
        for t in range(6, 0, -1):
            e = d * (1 - seen[t] ** 2)
            A += np.outer(e, seen[t - 1])
            B += np.outer(e, U[t - 1])
            d = x["A"].T @ e
        return {"h": d, "A": A, "B": B}

    x = {"h": random(23, 3), "A": random(24, 3, 3), "B": 0.5 * random(25, 3, 2)}
    return Base("recurrence", x, f, gradient)


def embedding():
    """Rows of a table, some taken twice and three times: E (6, 3)."""
    index, W = np.array([0, 2, 2, 5, 1, 2, 5]), random(26, 7, 3)

    def f(x):
        return np.sum(W * np.sin(x["E"][index]))

    def gradient(x):
        found = np.zeros_like(x["E"])
        np.add.at(found, index, W * np.cos(x["E"][index]))
        return {"E": found}

    return Base("embedding", {"E": random(27, 6, 3)}, f, gradient)


def running_sum():
    """Squares of a running sum: x (9)."""
    w = random(28, 9)

    def f(x):
        return np.sum(w * np.cumsum(x["x"]) ** 2)

    def gradient(x):
        d = 2 * w * np.cumsum(x["x"])
        return {"x": np.cumsum(d[::-1])[::-1].copy()}

    return Base("running sum", {"x": random(29, 9)}, f, gradient)


def outer_sum():
    """Broadcast addition: a (4, 1) and b (1, 5)."""
    W = random(30, 4, 5)

    def f(x):
        return np.sum(W * np.tanh(x["a"] + x["b"]))

    def gradient(x):
        D = W * (1 - np.tanh(x["a"] + x["b"]) ** 2)
        return {"a": D.sum(1, keepdims=True), "b": D.sum(0, keepdims=True)}

    return Base(
        "outer sum", {"a": random(31, 4, 1), "b": random(32, 1, 5)}, f, gradient
    )


def chain():
    """Weighted sine of a chain of products: A (4, 4), B (4, 2), C (2, 3)."""
    W = random(33, 4, 3)

    def f(x):
        return np.sum(W * np.sin(x["A"] @ x["B"] @ x["C"]))

    def gradient(x):
        A, B, C = x["A"], x["B"], x["C"]
        D = W * np.cos(A @ B @ C)
        return {"A": D @ (B @ C).T, "B": A.T @ D @ C.T, "C": (A @ B).T @ D}

    x = {"A": random(34, 4, 4), "B": random(35, 4, 2), "C": random(36, 2, 3)}
    return Base("chain", x, f, gradient)


def ridge():
    """Least squares with a penalty, summed over 12 rows: w (6)."""
    A, y = random(37, 12, 6), random(38, 12)

    def f(x):
        return 0.5 * np.sum((A @ x["w"] - y) ** 2) + 0.7 * np.sum(x["w"] ** 2)

    def gradient(x):
        return {"w": A.T @ (A @ x["w"] - y) + 1.4 * x["w"]}

    return Base("ridge", {"w": random(39, 6)}, f, gradient)


LOSSES = {
    base.name: base
    for base in (
        logistic(),
        mlp(),
        conv(),
        layer_norm(),
        cross_entropy(),
        attention(),
        recurrence(),
        embedding(),
        running_sum(),
        outer_sum(),
        chain(),
        ridge(),
    )
}
