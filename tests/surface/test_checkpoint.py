"""Checkpoints: whole or not there, and foreign files refused with a reason."""

import dataclasses
import resource
import signal

import pytest
import torch
from safetensors.torch import save_file

from clinometer.errors import InputError, StorageError
from clinometer.surface.checkpoint import Checkpoint, load, save
from clinometer.surface.settings import Settings


def checkpoint(size=1000):
    return Checkpoint(
        settings=Settings(iterations=3),
        iteration=2,
        seconds=1.5,
        levels=4,
        scene={"name": "a scene", "fingerprint": "0", "background": "white"},
        tensors={"model.a": torch.arange(float(size)), "cache.values": torch.ones(2)},
    )


def test_it_comes_back_as_it_was(tmp_path):
    save(tmp_path / "c.safetensors", checkpoint())
    found = load(tmp_path / "c.safetensors")
    for field in dataclasses.fields(Checkpoint):
        if field.name != "tensors":
            assert getattr(found, field.name) == getattr(checkpoint(), field.name)
    assert torch.equal(found.part("model")["a"], torch.arange(1000.0))


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    path = tmp_path / "c.safetensors"
    save(path, checkpoint())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="no whole safetensors file"):
        load(path)


def test_a_file_of_another_program_is_refused(tmp_path):
    path = tmp_path / "c.safetensors"
    save_file({"weights": torch.ones(3)}, path)
    with pytest.raises(InputError, match="not a checkpoint of this program"):
        load(path)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(StorageError, match="there is no checkpoint at"):
        load(tmp_path / "c.safetensors")


def test_a_full_disk_leaves_the_file_before_as_it_was(tmp_path):
    """The limit on a file's size stands for the end of the disk: the same error."""
    path = tmp_path / "c.safetensors"
    save(path, checkpoint())
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageError, match="what was there before is as it was"):
            save(path, checkpoint(size=100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
