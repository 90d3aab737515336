"""Models of a million parameters whose products are known in closed form."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

WIDTHS = (784, 1024, 256, 10)
ROWS = 32
STATE, STEPS = 1000, 50
WIDTH, LAYERS, TOKENS = 128, 6, 24
CHANNELS, SIDE = (16, 64, 128, 256, 256), 24


@final
@dataclass(frozen=True, eq=False)
class Model:
    """A loss to count.

    f, leaves : the function of the list of its parameters.
    forward, gradient : products in matrix products and convolutions, by closed form.
    own : the library's own count of products, forward and gradient, in its own words.
    """

    name: str
    f: Callable[[list[Any]], Any]
    leaves: list[Any]
    forward: int
    gradient: int
    own: Callable[[], tuple[float, float]]


def perceptron_products() -> tuple[int, int]:
    """Forward one for each weight and row; back two, but none to the data."""
    each = [ROWS * a * b for a, b in itertools.pairwise(WIDTHS)]
    return sum(each), 3 * sum(each) - each[0]


def torch_perceptron() -> Model:
    import torch
    from torch import nn

    torch.manual_seed(0)
    parts: list[nn.Module] = []
    for a, b in itertools.pairwise(WIDTHS):
        parts += [nn.Linear(a, b), nn.ReLU()]
    model = nn.Sequential(*parts[:-1])
    data, labels = torch.randn(ROWS, WIDTHS[0]), torch.arange(ROWS) % WIDTHS[-1]
    f, leaves = _torch_loss(model, data, labels)
    return Model(
        "perceptron 784-1024-256-10, torch",
        f,
        leaves,
        *perceptron_products(),
        _torch_own(f, leaves),
    )


def torch_convolutions() -> Model:
    """Windows of 3 by 3 without padding, then a mean over space and a linear layer."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    parts: list[nn.Module] = []
    for a, b in itertools.pairwise(CHANNELS):
        parts += [nn.Conv2d(a, b, 3), nn.ReLU()]
    model = nn.Sequential(
        *parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CHANNELS[-1], 10)
    )
    data = torch.randn(4, CHANNELS[0], SIDE, SIDE)
    f, leaves = _torch_loss(model, data, torch.arange(4))
    sides = range(SIDE - 2, 0, -2)
    pairs = zip(itertools.pairwise(CHANNELS), sides, strict=False)
    each = [4 * a * b * 9 * side**2 for (a, b), side in pairs]
    each.append(4 * CHANNELS[-1] * 10)
    return Model(
        "four convolutions, torch",
        f,
        leaves,
        sum(each),
        3 * sum(each) - each[0],
        _torch_own(f, leaves),
    )


def torch_transformer() -> Model:
    """For each token 12 w^2 products a layer, and 2 w for each pair of tokens."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(
        WIDTH, 4, 4 * WIDTH, dropout=0.0, batch_first=True
    )
    model = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
    data = torch.randn(4, TOKENS, WIDTH)
    f, leaves = _torch_loss(model, data, None)
    tokens = 4 * TOKENS
    forward = LAYERS * tokens * (12 * WIDTH**2 + 2 * TOKENS * WIDTH)
    to_data = 3 * tokens * WIDTH**2
    return Model(
        f"transformer, {LAYERS} layers of {WIDTH}, torch",
        f,
        leaves,
        forward,
        3 * forward - to_data,
        _torch_own(f, leaves),
    )


def _torch_loss(
    model: Any, data: Any, labels: Any
) -> tuple[Callable[[list[Any]], Any], list[Any]]:
    import torch
    from torch.nn import functional

    names = [name for name, _ in model.named_parameters()]

    def f(leaves: list[Any]) -> Any:
        held = dict(zip(names, leaves, strict=True))
        out = torch.func.functional_call(model, held, (data,))
        if labels is None:
            return out.square().mean()
        return functional.cross_entropy(out, labels)

    return f, [p.detach() for p in model.parameters()]


def _torch_own(
    f: Callable[[list[Any]], Any], leaves: list[Any]
) -> Callable[[], tuple[float, float]]:
    """torch's FlopCounterMode, which gives two for a product and its sum."""

    def own() -> tuple[float, float]:
        from torch.utils.flop_counter import FlopCounterMode

        fresh = [leaf.clone().requires_grad_() for leaf in leaves]
        with FlopCounterMode(display=False) as forward:
            value = f(fresh)
        with FlopCounterMode(display=False) as back:
            value.backward()
        first = forward.get_total_flops() / 2
        return first, first + back.get_total_flops() / 2

    return own


def jax_perceptron() -> Model:
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    data = jnp.asarray(rng.normal(size=(ROWS, WIDTHS[0])), jnp.float32)
    labels = np.arange(ROWS) % WIDTHS[-1]
    leaves: list[Any] = []
    for a, b in itertools.pairwise(WIDTHS):
        weights = rng.normal(size=(a, b)) / a**0.5
        leaves += [jnp.asarray(weights, jnp.float32), jnp.zeros(b)]

    def f(leaves: list[Any]) -> Any:
        hidden = data
        for k in range(0, len(leaves), 2):
            hidden = hidden @ leaves[k] + leaves[k + 1]
            hidden = jax.nn.relu(hidden) if k + 2 < len(leaves) else hidden
        return -jax.nn.log_softmax(hidden)[jnp.arange(ROWS), labels].mean()

    return Model(
        "perceptron 784-1024-256-10, JAX",
        f,
        leaves,
        *perceptron_products(),
        _jax_own(f, leaves),
    )


def jax_scan() -> Model:
    """A recurrent state: forward one product a weight, row and step; back two."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    square = rng.normal(size=(STATE, STATE)) / STATE**0.5
    weights = jnp.asarray(square, jnp.float32)
    inputs = jnp.asarray(rng.normal(size=(STEPS, 4, STATE)), jnp.float32)

    def f(leaves: list[Any]) -> Any:
        def step(state: Any, row: Any) -> Any:
            return jnp.tanh(state @ leaves[0] + row), None

        return jax.lax.scan(step, jnp.zeros((4, STATE)), inputs)[0].mean()

    each = STEPS * 4 * STATE**2
    return Model(
        f"scan of {STEPS} steps, state {STATE}, JAX",
        f,
        [weights],
        each,
        3 * each,
        _jax_own(f, [weights]),
    )


def _jax_own(
    f: Callable[[list[Any]], Any], leaves: list[Any]
) -> Callable[[], tuple[float, float]]:
    """jax's cost_analysis of what is lowered; it has all operations, not products."""

    def own() -> tuple[float, float]:
        import jax

        found = [
            jax.jit(way).lower(leaves).cost_analysis()
            for way in (f, jax.value_and_grad(f))
        ]
        first, second = (each["flops"] / 2 for each in found)
        return first, second

    return own


MODELS = (
    torch_perceptron,
    torch_convolutions,
    torch_transformer,
    jax_perceptron,
    jax_scan,
)
