"""The fused field against the plain one in float64."""

import platform

import pytest
import torch

from clinometer.errors import InputError
from clinometer.stencil import central
from clinometer.surface.field import FieldShape
from clinometer.surface.grid import Grid
from clinometer.surface.kernel import FusedField
from tests.surface.kernel.fields import SHAPES, STENCILS, inner, off, pair, points

TOLERANCE = 1e-5
"""Of the largest number: sums of some hundred float32 numbers, each rounded to 6e-8."""


def backward_of(field, x, stencil, h, pull):
    """Gradients by all parameters of outputs and taps, weighted by fixed numbers."""
    distance, features = field.outputs(x)
    taps = field.taps(x, stencil, h)
    pulls = [p.to(distance.dtype) for p in pull]
    total = sum(
        (v * p).sum() for v, p in zip((distance, features, taps), pulls, strict=True)
    )
    field.zero_grad()
    total.backward()
    return {name: p.grad.clone() for name, p in field.named_parameters()}


def pull_of(field, x, stencil, seed=3):
    """Weights for all values."""
    draw = torch.Generator().manual_seed(seed)
    shapes = (len(x),), (len(x), field.shape.features), (len(stencil.offsets), len(x))
    return [torch.randn(shape, generator=draw) for shape in shapes]


@pytest.mark.parametrize("stencil", STENCILS.values(), ids=STENCILS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("seed", [0, 1])
def test_values_and_gradients_are_those_of_the_plain_field(shape, stencil, seed):
    plain, fused = pair(shape, seed=seed)
    x, h = points(333, seed=seed), 0.03
    pull = pull_of(fused, x, stencil)

    for got, expected in zip(
        (*fused.outputs(x), fused.taps(x, stencil, h), fused.distances(x)),
        (
            *plain.outputs(x.double()),
            plain.taps(x.double(), stencil, h),
            plain.distances(x.double()),
        ),
        strict=True,
    ):
        assert got.shape == expected.shape
        assert off(got, expected) < TOLERANCE
    expected = backward_of(plain, x.double(), stencil, h, pull)
    for name, got in backward_of(fused, x, stencil, h, pull).items():
        assert off(got, expected[name]) < TOLERANCE, name


@pytest.mark.skipif(
    platform.machine() not in {"x86_64", "AMD64"}, reason="AVX2 is of x86"
)
@pytest.mark.parametrize("lanes", ["", "-DSIXTEEN_LANES"], ids=["eight", "sixteen"])
def test_the_widths_of_avx2_and_of_avx512_give_the_same(lanes, monkeypatch):
    """Both run on a processor with AVX2; sixteen lanes then take two registers."""
    monkeypatch.setenv("CLINOMETER_TARGET", "avx2")
    monkeypatch.setenv("CXX", f"c++ {lanes}")
    plain, fused = pair(SHAPES["default"])
    x, stencil = points(200), STENCILS["central"]
    pull = pull_of(fused, x, stencil)

    expected = backward_of(plain, x.double(), stencil, 0.1, pull)
    for name, got in backward_of(fused, x, stencil, 0.1, pull).items():
        assert off(got, expected[name]) < TOLERANCE, name
    x = inner(x, fused.shape)
    assert off(fused.slopes(x), plain.slopes(x.double())) < TOLERANCE


@pytest.mark.parametrize("active", range(1, 6))
def test_closed_levels_count_for_nothing(active):
    plain, fused = pair(SHAPES["small"], active=active)
    x, stencil = points(100), STENCILS["central"]
    pull = pull_of(fused, x, stencil)

    expected = backward_of(plain, x.double(), stencil, 0.1, pull)
    got = backward_of(fused, x, stencil, 0.1, pull)

    closed = fused.shape.grid.starts[active]
    assert not got["table"][closed:].any()
    assert not got["first"][:, 3 + active * fused.shape.grid.features :].any()
    for name in got:
        assert off(got[name], expected[name]) < TOLERANCE, name


def test_outputs_and_taps_in_one_go_are_the_same():
    _, fused = pair(SHAPES["default"])
    x, stencil = points(200), STENCILS["tetrahedral"]

    distance, features, taps = fused.outputs_and_taps(x, stencil, 0.01)

    assert torch.equal(distance, fused.outputs(x)[0])
    assert torch.equal(features, fused.outputs(x)[1])
    assert torch.equal(taps, fused.taps(x, stencil, 0.01))
    assert torch.equal(distance, fused.distances(x))


@pytest.mark.parametrize("n", [0, 1, 7, 47, 48, 49, 97])
def test_any_number_of_points_will_do(n):
    plain, fused = pair(SHAPES["small"])
    x, stencil = points(n), STENCILS["central"]
    pull = pull_of(fused, x, stencil)

    got = backward_of(fused, x, stencil, 0.1, pull)

    assert fused.distances(x).shape == (n,)
    assert fused.taps(x, stencil, 0.1).shape == (6, n)
    if n == 0:
        assert not any(gradient.any() for gradient in got.values())
        return
    expected = backward_of(plain, x.double(), stencil, 0.1, pull)
    for name in got:
        assert off(got[name], expected[name]) < TOLERANCE, name


def test_results_do_not_depend_on_threads_nor_on_chance():
    """Bit by bit: sums over points are formed in one order, whoever forms them."""
    _, fused = pair(SHAPES["default"], threads=1)
    x, stencil = points(2000), STENCILS["central"]
    pull = pull_of(fused, x, stencil)

    once = backward_of(fused, x, stencil, 0.02, pull)
    for threads in (1, 2, 3, 7):
        fused.use_threads(threads)
        again = backward_of(fused, x, stencil, 0.02, pull)
        for name in once:
            assert torch.equal(once[name], again[name]), (threads, name)


def test_parts_that_do_not_reach_the_loss_give_nothing():
    plain, fused = pair(SHAPES["small"])
    x = points(60)

    for part in (0, 1):
        plain.zero_grad()
        fused.zero_grad()
        plain.outputs(x.double())[part].sum().backward()
        fused.outputs(x)[part].sum().backward()
        for (name, p), q in zip(
            plain.named_parameters(), fused.parameters(), strict=True
        ):
            assert off(q.grad, p.grad) < TOLERANCE, name


def test_a_frozen_table_gets_no_gradient():
    plain, fused = pair(SHAPES["small"])
    x = points(60)
    for field in (plain, fused):
        field.table.requires_grad_(False)
    plain.outputs(x.double())[0].sum().backward()

    fused.outputs(x)[0].sum().backward()

    assert fused.table.grad is None
    assert off(fused.first.grad, plain.first.grad) < TOLERANCE


def test_the_way_back_can_be_gone_twice():
    _, fused = pair(SHAPES["small"])
    total = fused.outputs(points(60))[0].square().sum()

    once = torch.autograd.grad(total, fused.table, retain_graph=True)[0]
    for _ in range(3):  # leases memory, which must not be that of the first
        fused.taps(points(60, seed=5), STENCILS["central"], 0.1)
    twice = torch.autograd.grad(total, fused.table)[0]

    assert torch.equal(once, twice)


def test_points_may_have_any_strides():
    _, fused = pair(SHAPES["small"])
    x = points(50)

    assert torch.equal(fused.distances(x.T.contiguous().T), fused.distances(x))
    assert torch.equal(
        fused.distances(x.repeat_interleave(2, 0)[::2]), fused.distances(x)
    )


def test_a_point_that_is_no_number_gives_none():
    _, fused = pair(SHAPES["small"])
    x = points(20)
    x[3, 1] = torch.nan
    x[5, 0] = torch.inf

    value = fused.distances(x)

    assert value[3].isnan()
    assert not value[5].isfinite()
    rest = [i for i in range(20) if i not in {3, 5}]
    assert torch.equal(value[rest], fused.distances(x[rest]))


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (torch.zeros(3), r"\(N, 3\)"),
        (torch.zeros(2, 4), r"\(N, 3\)"),
        (torch.zeros(2, 3, dtype=torch.float64), "float32"),
        (torch.zeros(2, 3, requires_grad=True), "no gradient by points"),
    ],
)
def test_points_it_cannot_take_are_refused(x, says):
    fused = FusedField(SHAPES["small"])

    with pytest.raises(InputError, match=says):
        fused.outputs(x)


def test_stencils_it_cannot_take_are_refused():
    fused = FusedField(SHAPES["small"])

    with pytest.raises(InputError, match="3 dimensions"):
        fused.taps(points(4), central(), 0.1)
    with pytest.raises(InputError, match="positive"):
        fused.taps(points(4), STENCILS["central"], 0.0)


def test_parameters_in_double_are_refused():
    fused = FusedField(SHAPES["small"]).double()

    with pytest.raises(InputError, match="must stay float32"):
        fused.distances(points(4))


def test_second_derivatives_are_refused():
    fused = FusedField(SHAPES["small"])
    distance = fused.outputs(points(4))[0]
    total = distance.square().sum()
    (once,) = torch.autograd.grad(total, fused.first, create_graph=True)

    with pytest.raises(RuntimeError, match="once_differentiable"):
        once.sum().backward()


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        (FieldShape(grid=Grid(features=3)), "features"),
        (FieldShape(grid=Grid(levels=20)), "levels"),
        (FieldShape(hidden=256), "hidden"),
    ],
)
def test_shapes_it_does_not_know_are_refused(shape, says):
    with pytest.raises(InputError, match=says):
        FusedField(shape)


def test_fewer_than_one_thread_is_refused():
    with pytest.raises(InputError, match="at least 1"):
        FusedField(SHAPES["small"], threads=0)
