"""A trained surface: asked, looked at, meshed and judged."""

import dataclasses

import numpy as np
import pytest
import torch

from clinometer.surface.evaluate import evaluate, mesh_of
from clinometer.surface.folder import RunFolder
from clinometer.surface.train import train
from clinometer.surface.trained import Trained


@pytest.fixture(scope="module")
def run(scene, small, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "run"
    longer = dataclasses.replace(small, iterations=250, rays=256)
    return train(scene, longer, out=out), out


def test_a_checkpoint_gives_the_same_surface(run):
    training, out = run
    loaded = Trained.of(RunFolder(out).checkpoint())
    x = torch.rand(100, 3, generator=torch.Generator().manual_seed(0)) - 0.5
    assert torch.equal(training.trained().distances(x), loaded.distances(x))


def test_its_pictures_resemble_the_photographs_that_it_did_not_see(run, scene):
    """Better by far than the white sheet it begins with."""
    training, _ = run
    quality = evaluate(training.trained(), scene, resolution=64)
    white = np.mean([((v.image / 255.0 - 1) ** 2).mean() for v in scene.held_out])
    assert quality.psnr is not None
    assert quality.psnr > -10 * np.log10(white) + 5
    assert quality.measures is not None
    assert quality.measures.chamfer.value < 0.1


def test_a_picture_has_normals_and_depth_where_the_surface_is(run, scene):
    training, _ = run
    camera = scene.held_out[0].camera
    picture = training.trained().picture(camera)
    solid = picture.opacity > 0.9
    assert 0.05 < solid.mean() < 0.9
    lengths = np.linalg.norm(picture.normal, axis=-1)
    np.testing.assert_allclose(lengths[solid], 1, atol=1e-4)
    far = np.linalg.norm(camera.place)
    assert np.all(np.abs(picture.depth[solid] - far) < 1.2)
    # what is seen faces the camera, but for slivers at the outline
    facing = (picture.normal @ camera.axis)[solid] < 0.3
    assert facing.mean() > 0.9


def test_the_mesh_has_colours_and_normals(run):
    training, _ = run
    mesh = mesh_of(training.trained(), 64, faces=500)
    assert mesh.colours is not None
    assert mesh.normals is not None
    assert len(mesh.colours) == len(mesh.vertices)
    assert len(mesh.faces) <= 510
