"""What is recorded while a model runs, and that nothing of it stays."""

import torch

from clinometer.engines.record_torch import Recording, source_of
from clinometer.engines.torch_state import State, duplicate, mapped, tensors_in
from tests.check import models


def test_functions_are_met_in_order_with_copies_of_their_inputs():
    net = models.Net()
    words = torch.zeros((2, 3), dtype=torch.int64)
    call = torch.nn.Module.__call__

    with Recording(net) as recording:
        net(words).sum().backward()

    paths = [met.path for met in recording.applications]
    assert paths == [f"blocks.{k}.gain" for k in range(6)]
    x, gain, factor = recording.applications[0].args
    assert factor == 1.0
    assert x.requires_grad
    assert x.is_leaf
    assert gain is not net.blocks[0].gain.gain
    assert torch.nn.Module.__call__ is call
    assert "apply" not in vars(torch.autograd.function._SingleLevelFunction)


def test_nothing_is_recorded_where_nothing_is_differentiated():
    net = models.Net()
    with Recording(net) as recording, torch.no_grad():
        net(torch.zeros((2, 3), dtype=torch.int64))
    assert recording.applications == []


def test_no_more_than_the_limit_is_kept_and_the_rest_counted():
    net = models.Net()
    with Recording(net, limit=2) as recording:
        net(torch.zeros((2, 3), dtype=torch.int64))
    assert len(recording.applications) == 2
    assert recording.cut == 4


def test_the_line_of_a_backward_is_that_of_its_def():
    line = models.Scale.backward.__code__.co_firstlineno + 1  # below @staticmethod
    assert source_of(models.Scale).endswith(f"models.py:{line}, in Scale.backward")


def test_buffers_and_attributes_are_put_back():
    norm = torch.nn.BatchNorm1d(3)
    norm.seen = 1
    before = {key: value.clone() for key, value in norm.state_dict().items()}
    state = State(norm)

    norm(torch.randn(4, 3))
    norm.seen, norm.new = 2, 3
    norm.running_mean = torch.ones(3)
    state.restore()

    assert norm.seen == 1
    assert "new" not in vars(norm)
    after = norm.state_dict()
    assert all(torch.equal(after[key], before[key]) for key in before)


def test_copies_keep_shared_parameters_shared():
    first = torch.nn.Linear(2, 2, bias=False)
    second = torch.nn.Linear(2, 2, bias=False)
    second.weight = first.weight
    copy = duplicate(torch.nn.Sequential(first, second))
    assert copy[0].weight is copy[1].weight
    assert copy[0].weight is not first.weight
    assert torch.equal(copy[0].weight, first.weight)


def test_nests_are_taken_apart_in_the_order_in_which_they_are_rebuilt():
    one, two, three = torch.ones(1), torch.ones(2), torch.ones(3)
    nest = {"a": [one, 5, (two,)], "b": {"c": three}}
    assert [x.numel() for x in tensors_in(nest)] == [1, 2, 3]
    doubled = mapped(nest, lambda x: 2 * x)
    assert [float(x[0]) for x in tensors_in(doubled)] == [2.0, 2.0, 2.0]
    assert doubled["a"][1] == 5
    assert isinstance(doubled["a"][2], tuple)
