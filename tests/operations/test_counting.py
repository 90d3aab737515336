"""Counts against closed forms, worked out by hand beside each test."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer import engines
from clinometer.operations import Operations, count

WAYS = ("graph", "gradient_graph", "tangent_graph")
N, D, C = 50, 7, 4
"""Rows, features and classes of the regressions."""
ROWS = np.random.default_rng(0).normal(size=(N, D)).astype(np.float32)
SIGNS = np.sign(ROWS[:, 0])


def counted(f, leaves, way="graph"):
    found = count(getattr(engines.of(leaves), way)(f, leaves))
    assert found.complete, found.uncounted
    return found


def arithmetic(found):
    return (
        found.multiplications,
        found.additions,
        found.transcendentals,
        found.comparisons,
    )


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_logistic_regression_takes_what_its_formula_says(library):
    """mean log(1 + exp(-y (X w))), of N rows and D features.

    Forward: X w is N D products and N (D - 1) sums, y times it N products, exp N,
    log1p N, the sum N - 1, the mean one quotient. Back, from 1 / N, which is known
    before: for each row the quotient by 1 + e, times e and times y, 3 products and a
    sum; X' of it is N D products and (N - 1) D sums.
    """
    if library == "jax":
        x, y, w = jnp.asarray(ROWS), jnp.asarray(SIGNS), jnp.zeros(D)

        def f(leaves):
            return jnp.log1p(jnp.exp(-y * (x @ leaves[0]))).mean()
    else:
        x, y, w = torch.tensor(ROWS), torch.tensor(SIGNS), torch.zeros(D)

        def f(leaves):
            return torch.log1p(torch.exp(-y * (x @ leaves[0]))).mean()

    forward = N * D + N + 1, N * (D - 1) + N - 1, 2 * N, 0
    back = N * D + 3 * N, (N - 1) * D + N, 0, 0
    assert arithmetic(counted(f, [w])) == forward
    found = counted(f, [w], "gradient_graph")
    assert arithmetic(found) == tuple(np.add(forward, back))
    assert (found.matmuls, found.matmul_multiplications) == (2, 2 * N * D)


def test_softmax_regression_takes_what_its_formula_says():
    """-mean of log softmax(X W) at the labels, of C classes.

    Forward, after N D C products: N (C - 1) comparisons for the largest, N C sums to
    subtract it, N C exp, N (C - 1) sums, N log, N C sums to subtract that; one-hot
    labels: N C products and sums to one number; a quotient for the mean.
    """
    x = jnp.asarray(ROWS)
    hot = jnp.asarray(np.eye(C, dtype=np.float32)[np.arange(N) % C])

    def f(leaves):
        scores = x @ leaves[0]
        apart = scores - scores.max(1, keepdims=True)
        log = apart - jnp.log(jnp.exp(apart).sum(1, keepdims=True))
        return -(log * hot).sum() / N

    found = counted(f, [jnp.zeros((D, C))])
    sums = N * C * (D - 1) + N * C + N * (C - 1) + N * C + N * C - 1
    assert arithmetic(found) == (N * D * C + N * C + 1, sums, N * C + N, N * (C - 1))
    back = counted(f, [jnp.zeros((D, C))], "gradient_graph")
    assert back.matmul_multiplications == 2 * N * D * C


@pytest.mark.parametrize("library", ["jax", "torch"])
@pytest.mark.parametrize("sizes", [(5, 3), (4, 6, 2), (8, 8, 8, 8, 8, 1)])
def test_products_of_a_multilayer_perceptron_by_width_and_depth(library, sizes):
    """Forward, one for each weight and row; back, two, but none to the data.

    Forward mode takes each layer again for its weights' tangents, and all but the first
    for those of what enters it. torch multiplies zeros for the data, too.
    """
    rng = np.random.default_rng(0)
    pairs = list(itertools.pairwise(sizes))
    arrays = [rng.normal(size=pair).astype(np.float32) for pair in pairs]
    rows = rng.normal(size=(N, sizes[0])).astype(np.float32)
    make, tanh = (
        (jnp.asarray, jnp.tanh) if library == "jax" else (torch.tensor, torch.tanh)
    )
    data = make(rows)

    def f(leaves):
        h = data
        for weights in leaves:
            h = tanh(h @ weights)
        return h.sum()

    each = [N * a * b for a, b in pairs]
    found = [counted(f, [make(a) for a in arrays], way) for way in WAYS]
    forward, reverse, tangent = (one.matmul_multiplications for one in found)
    assert forward == sum(each)
    assert reverse == 3 * sum(each) - each[0]
    assert tangent == 3 * sum(each) - (each[0] if library == "jax" else 0)
    units = N * sum(sizes[1:])
    assert found[0].transcendentals == found[1].transcendentals == units
    assert found[0].additions == sum(each) - units + N * sizes[-1] - 1


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_a_convolutional_net_takes_its_windows(library):
    """Two layers of 3 by 3 windows without padding, a relu between them, a mean.

    Forward: 9 products a channel, result and row. Back: as many for the kernel and, but
    for the first layer, for what enters it.
    """
    rng = np.random.default_rng(0)
    image = rng.normal(size=(2, 3, 8, 9)).astype(np.float32)
    kernels = [
        rng.normal(size=(5, 3, 3, 3)).astype(np.float32),
        rng.normal(size=(4, 5, 3, 3)).astype(np.float32),
    ]
    if library == "jax":
        make = jnp.asarray

        def conv(x, k):
            return jax.lax.conv_general_dilated(x, k, (1, 1), "VALID")
    else:
        make, conv = torch.tensor, torch.nn.functional.conv2d

    def f(leaves):
        hidden = conv(make(image), leaves[0])
        return conv(hidden * (hidden > 0), leaves[1]).mean()

    first, second = 2 * 5 * 6 * 7 * 3 * 9, 2 * 4 * 4 * 5 * 5 * 9
    leaves = [make(k) for k in kernels]
    forward = counted(f, leaves)
    assert forward.matmul_multiplications == first + second
    assert forward.comparisons == 2 * 5 * 6 * 7
    back = counted(f, leaves, "gradient_graph")
    assert back.matmul_multiplications == 3 * (first + second) - first
    assert back.matmuls == 5


STEPS = 11


def unrolled(state, weights):
    for _ in range(STEPS):
        state = torch.tanh(state @ weights)
    return state.sum()


def test_a_scan_is_counted_once_a_step():
    """As torch counts the same steps of Python's loop: products, tanh, and back."""

    def scanned(leaves):
        def step(state, _):
            return jnp.tanh(state @ leaves[0]), None

        return jax.lax.scan(step, jnp.ones((3, D)), None, length=STEPS)[0].sum()

    w = np.eye(D, dtype=np.float32)
    forward = counted(scanned, [jnp.asarray(w)])
    assert forward.matmul_multiplications == STEPS * 3 * D * D
    assert forward.transcendentals == STEPS * 3 * D
    other = counted(
        lambda leaves: unrolled(torch.ones(3, D), leaves[0]), [torch.tensor(w)]
    )
    assert arithmetic(forward) == arithmetic(other)
    back = counted(scanned, [jnp.asarray(w)], "gradient_graph")
    # the first state is data, but a scan treats all of its steps alike
    assert back.matmul_multiplications == 3 * STEPS * 3 * D * D


def test_a_while_loop_counts_as_often_as_it_runs_and_its_condition_once_more():
    """x doubles until it is 100 or more: from 3 that takes 6 passes."""

    def f(leaves):
        return jax.lax.while_loop(lambda x: x < 100, lambda x: x * 2.0, leaves[0])

    assert arithmetic(counted(f, [jnp.float32(3)])) == (6, 0, 0, 7)


def test_the_branch_that_is_taken_is_counted():
    def f(leaves):
        x = leaves[0]
        return jax.lax.cond(x > 0, lambda x: jnp.exp(x * x), lambda x: x + 1, x)

    assert arithmetic(counted(f, [jnp.float32(2)])) == (1, 0, 1, 1)
    assert arithmetic(counted(f, [jnp.float32(-2)])) == (0, 1, 0, 1)


def test_what_x_does_not_enter_and_what_changes_nothing_is_not_counted():
    def f(leaves):
        return (leaves[0] * 1.0 + 0.0 + jnp.exp(jnp.arange(3.0)) / jnp.ones(3)).sum()

    assert arithmetic(counted(f, [jnp.ones(3)])) == (0, 5, 0, 0)


def test_an_operation_without_a_rule_is_named():
    found = count(
        engines.of([jnp.ones(4)]).graph(
            lambda leaves: jnp.abs(jnp.fft.fft(leaves[0])).sum(), [jnp.ones(4)]
        )
    )
    assert not found.complete
    assert dict(found.uncounted) == {"fft": 1}


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 7, 8, 15, -3])
def test_powers_are_counted_as_repeated_squares(exponent):
    """By squaring and multiplying on the way through the binary digits."""
    products, digits = 0, bin(abs(exponent))[3:]
    for digit in digits:
        products += 1 + (digit == "1")
    found = counted(lambda leaves: leaves[0] ** exponent, [torch.tensor(1.5)])
    assert found.multiplications == products + (exponent < 0)


def test_operations_add_and_multiply():
    one = Operations(multiplications=2, additions=1, uncounted={"fft": 1})
    assert (one + one) == 2 * one
    assert (3 * one).total == 9
    assert dict((3 * one).uncounted) == {"fft": 3}


def test_bytes_moved_leave_views_out():
    """A sum of the transpose of the exponential: 12 read, 12 written, 12 read, 1."""
    found = counted(lambda leaves: leaves[0].exp().T.sum(), [torch.ones(3, 4)])
    assert found.bytes_moved == 4 * (12 + 12 + 12 + 1)
