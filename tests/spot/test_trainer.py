"""Spot checks in real trainings of Hugging Face's Trainer."""

import warnings

import pytest
import torch

from clinometer import Verdict
from clinometer.spot import transformers_callback

with warnings.catch_warnings():  # what transformers imports is its own affair
    warnings.simplefilter("ignore")
    import transformers

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def train(folder, *, watched, wrong=False, **options):
    """Trainer and callback after twelve steps of a GPT-2 of 6,000 parameters."""
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=40,
        n_positions=8,
        n_embd=16,
        n_layer=2,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
    )
    model = transformers.GPT2LMHeadModel(config)
    if wrong:
        weight = model.transformer.h[1].mlp.c_fc.weight
        weight.register_hook(lambda gradient: gradient * 1.5)
    data = [{"input_ids": ids, "labels": ids} for ids in torch.randint(40, (64, 8))]
    arguments = transformers.TrainingArguments(
        output_dir=folder,
        max_steps=8,
        per_device_train_batch_size=8,
        use_cpu=True,
        report_to=[],
        disable_tqdm=True,
        save_strategy="no",
        **options,
    )
    trainer = transformers.Trainer(model=model, args=arguments, train_dataset=data)
    callback = transformers_callback(trainer, every=4)
    if watched:
        trainer.add_callback(callback)
    trainer.train()
    return trainer, callback


def test_a_checked_training_is_bit_for_bit_the_training(tmp_path):
    options = {"gradient_accumulation_steps": 2, "label_smoothing_factor": 0.1}
    trainer, callback = train(str(tmp_path), watched=True, **options)
    alone, _ = train(str(tmp_path), watched=False, **options)

    state, expected = trainer.model.state_dict(), alone.model.state_dict()
    assert all(torch.equal(state[name], expected[name]) for name in expected)
    assert {found.verdict for found in callback.spot.found} == {Verdict.AGREES}
    logged = [
        line for line in trainer.state.log_history if "gradient_check/bar" in line
    ]
    assert len(logged) == len(callback.spot.found) >= 2
    assert vars(trainer).keys() == vars(alone).keys()


def test_a_wrong_gradient_differs_and_its_parameter_is_named(tmp_path):
    _, callback = train(str(tmp_path), watched=True, wrong=True)

    first, *_ = callback.spot.found
    assert {found.verdict for found in callback.spot.found} == {Verdict.DIFFERS}
    assert first.parameters == ("transformer.h.1.mlp.c_fc.weight",)
