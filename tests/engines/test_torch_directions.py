"""Leaves moved along random directions, of which a bit an entry is kept."""

import numpy as np
import pytest
import torch

from clinometer.engines import torch_directions
from clinometer.engines.torch_directions import Moves, directions_of

RANDOM = torch.Generator().manual_seed(2)


def leaves_of(dtype=torch.float32):
    """Of every kind: long, lying otherwise in memory, a single number, zeros."""
    return [
        torch.randn((37, 11), generator=RANDOM).to(dtype),
        torch.randn((5, 9), generator=RANDOM).to(dtype).t(),
        torch.tensor(0.7, dtype=dtype),
        torch.zeros(3, dtype=dtype),
        torch.rand(20, generator=RANDOM).to(dtype) + 0.5,
    ]


def moved_by(leaves, moves, t, k):
    """How far each leaf moves along direction k, in float64."""
    steps = [t if turn == k else 0.0 for turn in range(2)]
    there = [leaf.clone() for leaf in moves.at(steps, double=True)]
    return [new - leaf.double() for new, leaf in zip(there, leaves, strict=True)]


@pytest.mark.parametrize("piece", [16, 2**18])
def test_a_leaf_moves_by_its_sizes_with_random_signs(piece, monkeypatch):
    monkeypatch.setattr(torch_directions, "PIECE", piece)  # worked on in many pieces
    leaves = leaves_of()
    ways = directions_of(leaves, [None] * 5, seed=0, each=False, count=2)
    moves = Moves(leaves, ways)

    first, second = (moved_by(leaves, moves, 1.0, k) for k in range(2))

    for leaf, one, two in zip(leaves, first, second, strict=True):
        assert one.shape == leaf.shape
        torch.testing.assert_close(one.abs(), two.abs())  # sizes are the leaf's
        assert bool((one.abs() >= leaf.double().abs() - 1e-12).all())
        assert bool((one != 0).all())
    signs = torch.sign(first[0])
    assert 0 < int((signs > 0).sum()) < signs.numel()
    assert not torch.equal(signs, torch.sign(second[0]))
    positive = leaves[4].double() - first[4].abs()
    assert float(positive.abs().max()) < 1e-12  # no entry of one sign moves further


def test_claims_along_directions_are_the_sums_of_slopes_times_moves():
    leaves = leaves_of()
    slopes = [torch.randn(leaf.shape, generator=RANDOM) for leaf in leaves]
    moves = Moves(leaves, directions_of(leaves, slopes, seed=3, each=False, count=2))

    claimed = moves.claimed([*slopes[:4], None])

    for k in range(2):
        parts = zip(slopes[:4], moved_by(leaves, moves, 1.0, k)[:4], strict=True)
        total = sum(float((slope.double() * move).sum()) for slope, move in parts)
        np.testing.assert_allclose(float(claimed[k]), total, rtol=1e-12)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_moved_leaves_are_the_same_tensors_and_leave_the_leaves_alone(dtype):
    leaves = leaves_of(dtype)
    before = [leaf.clone() for leaf in leaves]
    slopes = [torch.ones_like(leaf) for leaf in leaves]
    moves = Moves(leaves, directions_of(leaves, slopes, seed=0, each=True, count=1))
    moves.claimed(slopes)

    first = moves.at([0.5, 0.0, 0.0, 0.0, 0.0], double=False)
    kept = [there.clone() for there in first]
    again = moves.at([0.0] * 5, double=False)

    assert all(a is b for a, b in zip(first, again, strict=True))
    assert all(a.dtype is dtype for a in again)
    assert all(torch.equal(a, b) for a, b in zip(again, before, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(leaves, before, strict=True))
    assert not torch.equal(kept[0], before[0])
    assert torch.equal(kept[1], before[1])  # moved by another direction


def test_directions_are_kept_in_a_bit_an_entry():
    (way,) = directions_of([torch.randn(1000)], [None], seed=0, each=False, count=1)

    assert way[0].bits.nbytes == 1000 // 8
