"""Spot checks in plain torch loops: right and wrong gradients, and runs left alone."""

import logging

import pytest
import torch
from torch import nn
from torch.nn import functional

from clinometer import GradientError, InputError, SpotCheck, Verdict


class Halved(torch.autograd.Function):
    """The identity, with half of its derivative."""

    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, gradient):
        return gradient / 2


class Wrong(nn.Module):
    """A module that uses it."""

    def forward(self, x):
        return Halved.apply(x)


class Detached(nn.Module):
    """The identity, half of which autograd does not see."""

    def forward(self, x):
        return x / 2 + x.detach() / 2


def network(activation=nn.ReLU, middle=nn.Identity):
    """Dropout draws random numbers; batch norm writes into buffers."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Linear(6, 16),
        activation(),
        middle(),
        nn.Dropout(0.3),
        nn.BatchNorm1d(16),
        nn.Linear(16, 3),
    )


def plain(model, x, y):
    return functional.cross_entropy(model(x), y)


def autocast(model, x, y):
    with torch.autocast("cpu", torch.bfloat16):
        return plain(model, x, y)


def train(model, loss_of=plain, *, spot=None, steps=12, accumulate=1, scale=1.0):
    """The spot check after a few steps of Adam on random labels."""
    torch.manual_seed(0)
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for step in range(steps):
        x, y = torch.randn(32, 6), torch.randint(3, (32,))

        def closure(x=x, y=y):
            return loss_of(model, x, y)

        loss = closure() if spot is None else spot.loss(closure)
        (loss * scale / accumulate).backward()
        if spot is not None:
            spot.check()
        if (step + 1) % accumulate == 0:
            optimiser.step()
            optimiser.zero_grad()
    return spot


def verdicts(spot):
    return {found.verdict for found in spot.found}


@pytest.mark.parametrize(
    ("loss_of", "activation", "accumulate"),
    [(plain, nn.ReLU, 1), (plain, nn.Tanh, 3), (autocast, nn.ReLU, 1)],
)
def test_a_checked_training_is_bit_for_bit_the_training(
    loss_of, activation, accumulate
):
    watched, alone = network(activation), network(activation)

    spot = SpotCheck(watched, every=4)
    train(watched, loss_of, spot=spot, accumulate=accumulate)
    drawn = torch.rand(3)
    train(alone, loss_of, accumulate=accumulate)

    state, expected = watched.state_dict(), alone.state_dict()
    assert all(torch.equal(state[name], expected[name]) for name in expected)
    assert torch.equal(drawn, torch.rand(3))
    assert Verdict.DIFFERS not in verdicts(spot)
    assert loss_of is autocast or verdicts(spot) == {Verdict.AGREES}


def test_after_the_first_a_check_takes_two_forward_passes():
    model = network(nn.Tanh)
    calls = []
    model.register_forward_hook(lambda *given: calls.append(torch.is_grad_enabled()))

    spot = train(model, spot=SpotCheck(model, every=3))

    first, *later = [found.forwards for found in spot.found]
    assert later[:2] == [2, 2]
    assert first <= 50
    assert len(calls) == 12 + first + sum(later)
    assert calls.count(True) == 12


@pytest.mark.parametrize("loss_of", [plain, autocast])
@pytest.mark.parametrize("middle", [Wrong, Detached])
def test_a_wrong_gradient_differs_and_its_parameters_are_named(middle, loss_of):
    model = network(middle=middle)

    spot = train(model, loss_of, spot=SpotCheck(model, every=6))

    assert verdicts(spot) == {Verdict.DIFFERS}
    assert {"0.weight"} <= {*spot.found[0].parameters} <= {"0.weight", "0.bias"}


def test_a_gradient_that_goes_wrong_on_the_way_is_seen_at_the_next_check():
    model = network(nn.Tanh)
    gradients = []

    def late(gradient):
        gradients.append(gradient)
        return gradient * (1 if len(gradients) < 6 else -1)

    model[0].bias.register_hook(late)
    spot = train(model, spot=SpotCheck(model, every=4))

    assert [found.verdict for found in spot.found] == [
        Verdict.AGREES,
        Verdict.AGREES,
        Verdict.DIFFERS,
    ]
    assert spot.found[-1].parameters == ("0.bias",)


def test_a_wrong_gradient_raises_if_asked_to_and_is_logged_if_not(caplog):
    model = network(middle=Wrong)

    with pytest.raises(GradientError, match=r"differs in 0\.weight"):
        train(model, spot=SpotCheck(model, raises=True))
    model = network(middle=Wrong)
    with caplog.at_level(logging.INFO, logger="clinometer"):
        train(model, spot=SpotCheck(model, every=8), steps=9)
        right = network(nn.Tanh)
        train(right, spot=SpotCheck(right, every=8), steps=1)

    levels = [record.levelname for record in caplog.records]
    assert levels == ["WARNING", "WARNING", "INFO"]


def test_what_the_loss_is_multiplied_with_before_backward_is_taken_off():
    """As a GradScaler does, whose factor is 2**16 at first."""
    model = network()

    spot = train(model, spot=SpotCheck(model, every=4), scale=2.0**16)

    assert verdicts(spot) == {Verdict.AGREES}


def test_a_pass_that_adds_to_gradients_is_let_go_for_a_clean_one():
    model = network()

    spot = train(model, spot=SpotCheck(model, every=2), accumulate=3)

    assert [found.step for found in spot.found] == [1, 4, 7, 10]
    assert verdicts(spot) == {Verdict.AGREES}


def test_a_gradient_that_is_not_finite_cannot_be_told():
    model = network()

    spot = train(model, spot=SpotCheck(model), steps=1, scale=float("inf"))

    (found,) = spot.found
    assert found.verdict is Verdict.CANNOT_TELL
    assert "not finite" in str(found)


class Threshold(nn.Module):
    """relu(w - 1) + 1 in bfloat16: there w = 1.001 is 1, where relu has no slope."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(1.001))

    def forward(self):
        return functional.relu(self.w.bfloat16() - 1).float() + 1


@pytest.mark.parametrize(
    ("change", "verdict"),
    [(0.0, Verdict.CANNOT_TELL), (2.0, Verdict.DIFFERS)],
)
def test_rounding_of_a_coarse_gradient_is_no_fault_but_a_change_of_it_is(
    change, verdict
):
    model = Threshold()
    spot = SpotCheck(model)
    spot.loss(model).backward()
    with torch.no_grad():
        model.w.grad += change

    found = spot.check()

    assert found.verdict is verdict
    assert ("in float64 the gradient agrees" in found.note) == (change == 0)


def test_a_closure_that_draws_its_own_batch_cannot_be_told():
    model, batches = network(), iter(torch.randn(200, 32, 6))
    labels = torch.zeros(32, dtype=torch.int64)
    spot = SpotCheck(model)

    spot.loss(lambda: plain(model, next(batches), labels)).backward()
    found = spot.check()

    assert found.verdict is Verdict.CANNOT_TELL
    assert "not the same when computed again" in found.note


def test_a_loss_that_differentiates_inside_is_checked():
    """Of a differential equation: u' = u, by a network."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    t = torch.linspace(0, 1, 20)[:, None].requires_grad_()

    def closure():
        u = model(t)
        (slope,) = torch.autograd.grad(u.sum(), t, create_graph=True)
        return (slope - u).square().mean()

    spot = SpotCheck(model)
    spot.loss(closure).backward()

    assert spot.check().verdict is Verdict.AGREES


def test_in_float32_alone_a_check_gives_a_wider_bar():
    bars = []
    for double in (True, False):
        model = network(nn.Tanh)
        spot = SpotCheck(model, double=double)
        train(model, spot=spot, steps=1)
        bars.append(spot.found[0].bar)
        assert spot.found[0].double is double

    assert bars[0] < bars[1] / 100


def test_only_parameters_that_require_grad_are_moved():
    model = network()
    model[0].requires_grad_(False)

    spot = train(model, spot=SpotCheck(model, every=4))

    assert verdicts(spot) == {Verdict.AGREES}


def test_the_row_of_padding_gets_no_gradient_by_design():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(9, 4, padding_idx=0), nn.Linear(4, 3))
    words = torch.randint(9, (60,))
    spot = SpotCheck(model)

    spot.loss(lambda: functional.cross_entropy(model(words), words % 3)).backward()

    assert spot.check().verdict is Verdict.AGREES


class Corner(nn.Module):
    """|w - 1| / 2 + w at w = 1 + 2e-8: the slope is 1.5; one step further off, 1."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(1 + 2e-8, dtype=torch.float64))

    def forward(self):
        return (self.w - 1).abs() / 2 + self.w


def test_a_kink_close_by_does_not_make_a_gradient_wrong():
    model = Corner()
    spot = SpotCheck(model)

    spot.loss(model).backward()

    assert spot.check().verdict is not Verdict.DIFFERS


def test_the_summary_counts():
    model = network(nn.Tanh)

    spot = train(model, spot=SpotCheck(model, every=6))

    total = sum(found.forwards for found in spot.found)
    assert spot.summary().startswith(
        f"2 checks in 12 steps: 2 agrees; {total} forward passes, "
    )


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: SpotCheck(abs), r"torch\.nn\.Module is needed"),
        (lambda: SpotCheck(network(), every=0), "every must be"),
        (lambda: SpotCheck(nn.ReLU()), "parameters that require grad"),
    ],
)
def test_what_cannot_be_checked_is_said_at_once(make, match):
    with pytest.raises(InputError, match=match):
        make()


@pytest.mark.parametrize(
    ("closure", "match"),
    [
        (lambda model, x: model(x), "one entry"),
        (lambda model, x: model(x).sum().item(), "one entry"),
        (lambda model, x: model(x).sum().detach(), "require grad"),
    ],
)
def test_a_loss_that_cannot_be_checked_is_refused(closure, match):
    model = network()
    spot = SpotCheck(model)

    with pytest.raises(InputError, match=match):
        spot.loss(lambda: closure(model, torch.ones(4, 6)))


def test_a_check_before_the_backward_pass_is_refused():
    model = network()
    spot = SpotCheck(model)
    spot.loss(lambda: model(torch.ones(4, 6)).sum())

    with pytest.raises(InputError, match="after the backward pass"):
        spot.check()


def test_a_process_group_of_several_is_refused():
    """torch's own stand-in for a group of two, of which this process is one."""
    from torch.testing._internal.distributed.fake_pg import FakeStore

    torch.distributed.init_process_group(
        backend="fake", rank=0, world_size=2, store=FakeStore()
    )
    try:
        with pytest.raises(InputError, match="process group of 2"):
            SpotCheck(network())
    finally:
        torch.distributed.destroy_process_group()
