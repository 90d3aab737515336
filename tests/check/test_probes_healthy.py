"""Ordinary operations obey the laws that the probes test: no false alarm."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch.nn import functional

from clinometer.check.probes.road import probe
from clinometer.check.probes.rule import Rule
from clinometer.evaluate import flatten_input
from clinometer.trees import Layout

LABELS = torch.tensor([0, 2, 1, 2, 0, 1])
INDEX = torch.tensor([0, 2, 2, 5, 0])

TORCH = {
    "relu": functional.relu,
    "gelu": functional.gelu,
    "softplus": functional.softplus,
    "softmax": lambda x: functional.softmax(x, dim=-1),
    "logsumexp": lambda x: x.logsumexp(dim=-1),
    "layer norm": lambda x: functional.layer_norm(x, (8,)),
    "batch norm": lambda x: functional.batch_norm(x, None, None, training=True),
    "bias before a normalisation": lambda x: functional.batch_norm(
        x[:1] + LEVELS, None, None, training=True
    ),
    "group norm": lambda x: functional.group_norm(x[:, :, None], 4),
    "normalize": lambda x: functional.normalize(x, dim=-1),
    "cross entropy": lambda x: functional.cross_entropy(x, LABELS),
    "linear": lambda x: functional.linear(x, LEVELS),
    "matmul": lambda x: x @ x.T,
    "bilinear": lambda x: torch.einsum("ij,kj->ik", x, x.exp()),
    "conv1d": lambda x: functional.conv1d(x[:, None], LEVELS[:3, None, :3], padding=1),
    "conv2d": lambda x: functional.conv2d(
        x.reshape(1, 3, 4, 4), LEVELS[:, :3, None, None]
    ),
    "max pool": lambda x: functional.max_pool1d(x[:, None], 2),
    "avg pool": lambda x: functional.avg_pool1d(x[:, None], 3, stride=2),
    "interpolate": lambda x: functional.interpolate(x[None], size=11, mode="linear"),
    "cumsum": lambda x: x.cumsum(0),
    "cumprod": lambda x: x.cumprod(1),
    "sort": lambda x: x.sort(dim=0).values,
    "gather": lambda x: x.gather(0, torch.zeros((1, 8), dtype=torch.int64)),
    "index with repeats": lambda x: x[INDEX] ** 2,
    "scatter": lambda x: torch.zeros_like(x).index_add(0, INDEX, x[:5]),
    "where": lambda x: torch.where(x > 0, x.exp(), x),
    "clamp": lambda x: x.clamp(-0.5, 0.5),
    "transposed view": lambda x: x.t().reshape(4, 12),
    "identity": lambda x: x,
    "view": lambda x: x.view(-1)[3:],
    "in place on a copy": lambda x: x.clone().mul_(2).sigmoid_(),
    "norm": lambda x: x.norm(),
    "std": lambda x: x.std(dim=0),
    "solve": lambda x: torch.linalg.solve(EYE + 0.1 * x[:4, :4], x[:4]),
    "cholesky": lambda x: torch.linalg.cholesky(EYE + x[:4] @ x[:4].T),
    "eigenvalues": lambda x: torch.linalg.eigvalsh(x[:4, :4] + x[:4, :4].T),
    "fft": torch.fft.rfft,
    "attention": lambda x: functional.scaled_dot_product_attention(
        x[None], x[None], x[None]
    ),
    "unfold": lambda x: x.unfold(1, 3, 1),
    "embedding bag": lambda x: functional.embedding_bag(INDEX, x, torch.tensor([0, 3])),
    "several outputs": lambda x: {"values": x.sin(), "norm": x.norm(), "count": 3},
    "nothing that changes": lambda x: x.detach() * 2,
    "float32 inside": lambda x: (x.float() @ x.float().T).double(),
}

LEVELS = torch.linspace(-1, 1, 48, dtype=torch.float64).reshape(6, 8)
EYE = torch.eye(4, dtype=torch.float64)

JAX = {
    "tanh": jnp.tanh,
    "softmax": jax.nn.softmax,
    "logsumexp": lambda x: jax.nn.logsumexp(x, axis=-1),
    "matmul": lambda x: x @ x.T,
    "cumsum": lambda x: jnp.cumsum(x, axis=0),
    "sort": lambda x: jnp.sort(x, axis=0),
    "gather": lambda x: x[jnp.array([0, 2, 2, 5, 0])] ** 2,
    "scatter": lambda x: jnp.zeros(6).at[jnp.array([1, 1, 3])].add(x[:3, 0]),
    "solve": lambda x: jnp.linalg.solve(jnp.eye(4) + 0.1 * x[:4, :4], x[:4]),
    "fft": jnp.fft.rfft,
    "scan": lambda x: jax.lax.scan(lambda c, a: (c * 0.5 + a, c), x[0], x)[1],
    "while": lambda x: jax.lax.fori_loop(0, 3, lambda _, a: jnp.sin(a), x),
    "several outputs": lambda x: (x.sum(), {"rows": x.sum(0), "count": 3}),
    "rematerialised": jax.checkpoint(lambda x: jnp.sin(jnp.exp(x))),
    "a rule of its own": jax.nn.silu,
}


def _entries():
    return np.random.default_rng(3).normal(size=(6, 8))


def _probed(f, x):
    probed = probe(Rule(f, Layout.of(x, flatten_input)), rtol=None, seed=0)
    assert len(probed.names) >= 4
    return probed


@pytest.mark.parametrize("name", TORCH)
def test_an_operation_of_torch_passes(name):
    assert _probed(TORCH[name], torch.tensor(_entries())).diagnoses == ()


@pytest.mark.parametrize("name", ["softmax", "gelu", "matmul", "cumsum", "norm"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_an_operation_in_low_precision_passes(name, dtype):
    x = torch.tensor(_entries()).to(getattr(torch, dtype))
    assert _probed(TORCH[name], x).diagnoses == ()


@pytest.mark.parametrize("exponent", [-40, 40])
@pytest.mark.parametrize("name", ["softmax", "matmul", "norm", "conv1d", "std"])
def test_units_of_x_raise_no_alarm(name, exponent):
    x = torch.tensor(_entries() * 2.0**exponent)
    assert _probed(TORCH[name], x).diagnoses == ()


@pytest.mark.parametrize("name", JAX)
def test_an_operation_of_jax_passes(name):
    assert _probed(JAX[name], jnp.asarray(_entries())).diagnoses == ()


def test_a_module_in_training_mode_passes():
    """Batch statistics are state, but the value does not depend on them."""
    norm = torch.nn.BatchNorm1d(8).double()
    assert _probed(norm, torch.tensor(_entries())).diagnoses == ()


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_a_recurrent_module_passes(name):
    module = getattr(torch.nn, name)(8, 3, batch_first=True).double()
    x = torch.tensor(_entries())[None]
    assert _probed(lambda x: module(x)[0], x).diagnoses == ()


def test_a_transformer_layer_passes():
    module = torch.nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0).double()
    x = torch.tensor(_entries())[None]
    assert _probed(module, x).diagnoses == ()
