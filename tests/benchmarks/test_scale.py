"""What a check of a model costs, on a copy of the benchmark's that is small."""

import torch

from benchmarks.scale_model import Sizes, Transformer, checked, checked_flat

SMALL = Sizes(width=48, depth=2, heads=2, words=1400, places=8)
"""123,000 parameters: too many to be gone through entry by entry."""

TOKENS = 8


def test_a_healthy_model_is_checked_in_64_forwards():
    found = checked(SMALL, TOKENS)

    assert found["said"] == "agrees"
    assert found["forwards"] <= 64  # the figure for the large model


def test_a_wrong_backward_in_one_block_is_named_in_200_forwards():
    found = checked(SMALL, TOKENS, wrong=1)

    assert found["said"].startswith("differs: blocks.1.act")
    assert found["forwards"] <= 200  # the figure for the large model


def test_a_dict_of_all_parameters_takes_no_thousands_of_calls():
    found = checked_flat(SMALL, TOKENS)

    assert found["said"].startswith("agrees")
    assert found["evaluations"] <= 64  # of f; thousands if biases went by entry


def test_the_large_model_has_the_parameters_of_gpt_2_small():
    with torch.device("meta"):
        model = Transformer(Sizes())

    assert sum(p.numel() for p in model.parameters()) == 124_439_808
