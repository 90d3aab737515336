"""Spot checks in real fits of PyTorch Lightning."""

import logging
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

from clinometer import InputError, Verdict
from clinometer.spot import lightning_callback

with warnings.catch_warnings():  # what Lightning imports is its own affair
    warnings.simplefilter("ignore")
    import lightning.pytorch as lightning

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


class Network(lightning.LightningModule):
    """Logs its loss; wrong: half of what comes out of the first layer is detached."""

    def __init__(self, *, wrong=False, manual=False):
        super().__init__()
        self.first, self.norm = nn.Linear(8, 16), nn.BatchNorm1d(16)
        self.drop, self.last = nn.Dropout(0.2), nn.Linear(16, 3)
        self.wrong, self.automatic_optimization = wrong, not manual

    def training_step(self, batch):
        x, y = batch
        x = self.first(x).relu()
        x = x / 2 + x.detach() / 2 if self.wrong else x
        loss = functional.cross_entropy(self.last(self.drop(self.norm(x))), y)
        self.log("loss", loss, on_step=True, on_epoch=True)
        return {"loss": loss}

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 1e-2)


def fit(folder, callbacks, *, wrong=False, manual=False, **options):
    """The module and trainer after one epoch of ten batches."""
    torch.manual_seed(0)
    module = Network(wrong=wrong, manual=manual)
    data = torch.utils.data.TensorDataset(torch.randn(160, 8), torch.arange(160) % 3)
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
        **options,
    )
    trainer.fit(module, torch.utils.data.DataLoader(data, batch_size=16))
    return module, trainer


@pytest.mark.parametrize(
    "options",
    [{}, {"accumulate_grad_batches": 2}, {"precision": "bf16-mixed"}],
)
def test_a_checked_fit_is_bit_for_bit_the_fit(options, tmp_path):
    callback = lightning_callback(every=4)

    watched, trainer = fit(tmp_path, [callback], **options)
    alone, other = fit(tmp_path, [], **options)

    state, expected = watched.state_dict(), alone.state_dict()
    assert all(torch.equal(state[name], expected[name]) for name in expected)
    assert trainer.callback_metrics == other.callback_metrics
    verdicts = [found.verdict for found in callback.spot.found]
    assert len(verdicts) >= 2
    assert Verdict.DIFFERS not in verdicts
    assert "precision" in options or set(verdicts) == {Verdict.AGREES}


def test_a_wrong_gradient_is_logged_with_its_parameters(tmp_path, caplog):
    callback = lightning_callback(every=5)

    with caplog.at_level(logging.WARNING, logger="clinometer"):
        fit(tmp_path, [callback], wrong=True)

    assert {found.verdict for found in callback.spot.found} == {Verdict.DIFFERS}
    assert "differs in first.weight, first.bias" in caplog.text


def test_manual_optimisation_is_refused(tmp_path):
    with pytest.raises(InputError, match="automatic optimisation"):
        fit(tmp_path, [lightning_callback()], manual=True)
