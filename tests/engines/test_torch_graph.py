"""PyTorch's computations as graphs: they compute what f computes, and say how."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from clinometer import engines
from clinometer.errors import InputError
from clinometer.graph import Kind
from tests.graphs import run

RANDOM = torch.Generator().manual_seed(0)
A = torch.randn(4, 3, generator=RANDOM)
IMAGE = torch.randn(2, 3, 5, 6, generator=RANDOM)
KERNEL = torch.randn(4, 3, 2, 3, generator=RANDOM)
LABELS = torch.tensor([0, 2, 1, 1])


def moved(x):
    """Entries taken, turned, padded, joined and cut."""
    parts = [x[::2, 1:], x[:2][:, [2, 0]], x.flip(0)[:2, :2]]
    high = functional.pad(torch.cat(parts), (1, 0, 0, 2), value=2.0)
    return (high.T.reshape(8, 3)[:4] * x.cumsum(0)[:, :1]).sum() + x[-1].sum()


def classified(x):
    """Two layers and a loss that takes one number of each row."""
    hidden = functional.gelu(functional.linear(x, A, A[:, 0])) - 3 * torch.relu(
        x[:, :1]
    )
    return functional.cross_entropy(torch.where(hidden > 0, hidden, hidden**3), LABELS)


def normed(x):
    scores = functional.layer_norm(x, (3,), weight=x[0]).clamp(-1, 1.5)
    return torch.sub(scores, x, alpha=0.5).square().mean() + x.amax(1).prod() + x.std()


def convolved(kernel):
    """Strides, padding, dilation, a bias, and three groups."""
    out = functional.conv2d(IMAGE, kernel, kernel[:, 0, 0, 0], (2, 1), 1, (1, 2))
    split = functional.conv2d(IMAGE, kernel[:3, :1], groups=3, padding="same")
    pooled = functional.max_pool2d(out, 2)
    return torch.tanh(pooled).sum() + split.mean() + out.sigmoid().sum()


def written(x):
    """Memory written to in place, through views too, and read again."""
    y = x.clone()
    y[1:].mul_(2).add_(x[:-1])
    y[0] = x[1] * x[2]
    y.t()[0].sub_(y[:, 1])
    return y.tanh_().sum()


class Shifted(torch.autograd.Function):
    """A custom rule: its backward is what the gradient holds."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin() + 1

    @staticmethod
    def backward(ctx, g):
        return 3 * g * ctx.saved_tensors[0].cos()


def attended(x):
    """Attention, a recurrent layer, a custom rule, a branch of Python's."""
    heads = functional.scaled_dot_product_attention(x[None], x[None], x[None])
    out = Shifted.apply(heads).squeeze(0)
    return (out.exp() if x.sum() > 100 else out).mv(x[0]).dot(x[:, 0])


EVERY = [
    (moved, A),
    (classified, A),
    (normed, A),
    (convolved, KERNEL),
    (written, A),
    (attended, A),
]
each_function = pytest.mark.parametrize(
    ("f", "x"), EVERY, ids=[f.__name__ for f, _ in EVERY]
)


def engine():
    return engines.of([A])


def close(found, wanted):
    """Equal to some units in the last place of float32."""
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


@each_function
def test_graphs_give_value_and_gradient_and_each_node_does_what_it_says(f, x):
    def of_leaves(leaves):
        return f(leaves[0])

    (first,) = run(engine().graph(of_leaves, [x]), [x], checked=True)
    value, slope = run(engine().gradient_graph(of_leaves, [x]), [x], checked=True)
    inside = x.clone().requires_grad_()
    wanted = f(inside)
    (exact,) = torch.autograd.grad(wanted, inside)
    close([first, value, slope], [wanted.detach(), wanted.detach(), exact])


@pytest.mark.parametrize("f", [moved, classified, written])
def test_a_tangent_graph_gives_value_and_slope(f):
    v = torch.ones_like(A)
    graph = engine().tangent_graph(lambda leaves: f(leaves[0]), [A])
    both = run(graph, [A, v], checked=True)
    close(both, list(torch.func.jvp(f, (A,), (v,))))


def test_forward_mode_without_a_rule_is_refused_with_a_way_out():
    with pytest.raises((InputError, RuntimeError), match="jvp"):
        engine().tangent_graph(lambda leaves: Shifted.apply(leaves[0]).sum(), [A])


def test_a_recurrent_layer_and_a_batch_norm_are_plain_operations():
    """Running means are written to while f runs; the value depends on none of them."""
    torch.manual_seed(0)
    layer, norm = nn.GRU(3, 2, batch_first=True), nn.BatchNorm1d(2)
    rows = torch.randn(2, 4, 3)

    def f(leaves):
        hidden, _ = torch.func.functional_call(
            layer,
            {**dict(layer.named_parameters()), "weight_ih_l0": leaves[0]},
            (rows,),
        )
        return (norm(hidden.reshape(-1, 2)) ** 3).mean()

    x = layer.weight_ih_l0.detach()
    graph = engine().graph(f, [x])
    known = {node.name for node in graph.nodes if node.kind is Kind.OTHER}
    assert not {name for name in known if "gru" in name or "rnn" in name}
    close(run(graph, [x], checked=True)[0], f([x]).detach())


def test_dropout_draws_are_operations_without_operands():
    graph = engine().graph(lambda leaves: functional.dropout(leaves[0]).sum(), [A])
    drawn = [node for node in graph.nodes if node.kind is Kind.CONSTANT]
    assert [node.operands for node in drawn] == [()]


def test_a_leaf_that_is_not_used_has_a_gradient_of_zeros():
    graph = engine().gradient_graph(lambda leaves: leaves[0].sum(), [A, A])
    close(run(graph, [A, A])[1:], [torch.ones_like(A), torch.zeros_like(A)])


def test_more_than_one_number_is_refused_with_a_way_out():
    with pytest.raises(InputError, match=r"shape \(4, 3\).*\.sum\(\)"):
        engine().graph(lambda leaves: leaves[0], [A])


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.norm().item(),
        lambda x: torch.tensor(x.numpy().copy()),
        lambda x: torch.tensor(x.tolist()),
    ],
)
def test_numbers_read_out_of_tensors_are_refused_where_parts_are_run_again(read):
    def f(leaves):
        return (leaves[0] * read(leaves[0])).sum()

    engine().graph(f, [A])  # to be counted, it is all there
    with pytest.raises(InputError, match="keep them tensors"):
        engine().graph(f, [A], unroll=True)


@pytest.mark.parametrize("f", [f for f, x in EVERY if x is A])
def test_what_is_traced_in_full_may_be_run_again(f):
    engine().graph(lambda leaves: f(leaves[0]), [A], unroll=True)
    engine().graph(lambda leaves: f(leaves[0]), [0 * A], unroll=True)


def test_a_random_f_is_not_judged_by_another_draw():
    engine().graph(lambda leaves: functional.dropout(leaves[0]).sum(), [A], unroll=True)
