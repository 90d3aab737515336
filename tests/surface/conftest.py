"""A scene and settings so small that a training takes a second."""

import pytest
import torch

from clinometer.surface.grid import Grid
from clinometer.surface.settings import PRESETS, Settings
from clinometer.surface.synth.named import scene_named
from clinometer.surface.synth.studio import Studio


@pytest.fixture(autouse=True)
def one_thread():
    """Tests share the processors; torch's threads would wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def scene():
    return scene_named(
        "torus_and_ball", Studio(views=8, held_out=1, size=32, samples=2)
    )


@pytest.fixture(scope="session")
def small():
    return Settings(
        iterations=60,
        rays=128,
        grid=Grid(levels=4, coarsest=8, finest=32, entries=2**12),
        hidden=16,
        features=7,
        plan=PRESETS["fast"],
        warm=10,
        threads=1,
    )
