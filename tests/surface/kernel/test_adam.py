"""Adam for the table: the kernel's step against the plain one, and both to torch's."""

import gc
import weakref

import pytest
import torch

from clinometer.errors import InputError
from clinometer.surface.field import PlainField
from clinometer.surface.kernel import FusedField, TableAdam
from tests.surface.kernel.fields import SHAPES, STENCILS, inner, off, pair, points


def gradient_of(field, seed, share):
    """A gradient of which a share of the numbers is not 0."""
    draw = torch.Generator().manual_seed(seed)
    numbers = torch.randn(field.table.shape, generator=draw)
    chosen = torch.rand(field.table.shape, generator=draw) < share
    return torch.where(chosen, numbers, 0.0).to(field.table.dtype)


@pytest.mark.parametrize("active", [1, 3, 6])
@pytest.mark.parametrize("share", [0.01, 0.5, 1.0])
def test_the_kernels_step_is_the_plain_one(active, share):
    plain, fused = pair(SHAPES["small"], active=active)
    first, second = TableAdam(plain), TableAdam(fused)

    for seed in range(5):
        for field in (plain, fused):
            field.table.grad = gradient_of(field, seed, share)
        first.step(1e-2)
        second.step(1e-2)

    assert off(fused.table, plain.table) < 1e-6
    assert off(second.mean, first.mean) < 1e-6
    assert off(second.square, first.square) < 1e-6


@pytest.mark.parametrize("taps", [*STENCILS, "analytical"])
def test_what_backward_owes_is_added_up_when_the_step_is_taken(taps):
    """Outputs and slopes, as a step of training asks for them, twice before it."""
    plain, fused = pair(SHAPES["default"])
    adams = TableAdam(plain), TableAdam(fused)
    # one step from zero goes by the gradient's sign alone: two steps tell its size
    for seed in range(2):
        for field, adam in zip((plain, fused), adams, strict=True):
            x = inner(points(300, seed=seed, reach=0.9), field.shape).to(
                field.table.dtype
            )
            for part in (x, x[:100]):
                if taps == "analytical":
                    slope = field.slopes(part).T
                else:
                    slope = field.taps(part, STENCILS[taps], 0.01)
                (field.outputs(part)[0] + slope.sum(dim=0)).square().sum().backward()
            assert fused.table.grad is None
            adam.step(1e-2)

    assert not fused.owed
    assert off(adams[1].mean, adams[0].mean) < 1e-5
    assert off(adams[1].square, adams[0].square) < 1e-5


def test_what_was_owed_is_let_go_with_the_step():
    """At once, not when cycles are looked for: the next step wants its memory."""
    fused = FusedField(SHAPES["small"])
    adam = TableAdam(fused)
    fused.outputs(points(20))[0].sum().backward()
    debt = weakref.ref(fused.owed[0])
    gc.disable()
    try:
        adam.step(1e-2)
        assert debt() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", [PlainField, FusedField])
def test_where_no_gradient_is_zero_it_is_torchs_adam(kind):
    field = kind(SHAPES["small"])
    other = torch.nn.Parameter(field.table.detach().clone())
    adam = TableAdam(field)
    known = torch.optim.Adam([other], lr=1e-2, betas=(0.9, 0.99), eps=1e-15)

    for seed in range(5):
        field.table.grad = gradient_of(field, seed, 1.0)
        other.grad = field.table.grad.clone()
        adam.step(1e-2)
        known.step()

    assert off(field.table, other) < 1e-6


@pytest.mark.parametrize("kind", [PlainField, FusedField])
def test_numbers_without_a_gradient_stay_and_so_does_what_is_kept(kind):
    field = kind(SHAPES["small"])
    adam = TableAdam(field)
    field.table.grad = gradient_of(field, 0, 1.0)
    adam.step(1e-2)
    before = [t.detach().clone() for t in (field.table, adam.mean, adam.square)]

    field.table.grad = gradient_of(field, 1, 0.3)
    moves = field.table.grad != 0
    adam.step(1e-2)

    after = (field.table.detach(), adam.mean, adam.square)
    for was, now in zip(before, after, strict=True):
        assert torch.equal(was != now, moves)
    assert not field.table.grad.any()


@pytest.mark.parametrize("kind", [PlainField, FusedField])
def test_closed_levels_stay(kind):
    field = kind(SHAPES["small"])
    field.active = 2
    adam = TableAdam(field)
    field.table.grad = gradient_of(field, 0, 1.0)
    before = field.table.detach().clone()

    adam.step(1e-2)

    closed = field.shape.grid.starts[2]
    assert torch.equal(field.table[closed:], before[closed:])
    assert not torch.equal(field.table[:closed], before[:closed])


def test_a_descent_from_a_kept_state_goes_on_bit_by_bit():
    def steps(field, adam, count):
        for seed in range(count):
            field.outputs(points(40, seed=seed))[0].square().sum().backward()
            adam.step(1e-3)

    whole, half = (pair(SHAPES["small"])[1] for _ in range(2))
    adams = TableAdam(whole), TableAdam(half)
    for field, adam in zip((whole, half), adams, strict=True):
        steps(field, adam, 3)

    resumed = pair(SHAPES["small"])[1]
    resumed.load_state_dict(half.state_dict())
    adam = TableAdam(resumed)
    adam.load_state_dict(adams[1].state_dict())
    steps(whole, adams[0], 3)
    steps(resumed, adam, 3)

    assert torch.equal(whole.table, resumed.table)


def test_the_number_of_threads_changes_nothing():
    tables = []
    for threads in (1, 2, 3):
        fused = FusedField(SHAPES["default"], threads=threads)
        adam = TableAdam(fused)
        fused.outputs(points(2000))[0].square().sum().backward()
        adam.step(1e-2)
        tables.append(fused.table.detach())

    assert torch.equal(tables[0], tables[1])
    assert torch.equal(tables[0], tables[2])


def test_a_gradient_that_is_no_number_reaches_the_table():
    """So that a guard in the loop sees it."""
    fused = FusedField(SHAPES["small"])
    fused.table.grad = torch.zeros_like(fused.table)
    fused.table.grad[3, 1] = torch.nan

    TableAdam(fused).step(1e-2)

    assert fused.table[3, 1].isnan()
    assert int(fused.table.isnan().sum()) == 1


def test_a_step_without_a_gradient_moves_nothing():
    fused = FusedField(SHAPES["small"])
    before = fused.table.detach().clone()

    TableAdam(fused).step(1e-2)

    assert torch.equal(fused.table, before)


def test_the_way_back_after_a_step_is_refused():
    """The step changed what the way back needs: torch's own guard sees it."""
    fused = FusedField(SHAPES["small"])
    adam = TableAdam(fused)
    total = fused.outputs(points(20))[0].sum()
    total.backward(retain_graph=True)

    adam.step(1e-2)

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        total.backward()


def test_decays_outside_of_their_range_are_refused():
    with pytest.raises(InputError, match="mean_decay"):
        TableAdam(PlainField(SHAPES["small"]), mean_decay=1.0)
    with pytest.raises(InputError, match="square_decay"):
        TableAdam(PlainField(SHAPES["small"]), square_decay=-0.1)
