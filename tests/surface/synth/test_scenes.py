"""Scenes of meshes and solids: what was given, moved into the box, photographed."""

import numpy as np
import pytest
import trimesh
from PIL import Image

from clinometer import InputError
from clinometer.surface.synth.light import shade
from clinometer.surface.synth.scenes import mesh_scene, solid_scene
from clinometer.surface.synth.solids import Sphere, Torus
from clinometer.surface.synth.studio import Studio

SMALL = Studio(views=3, held_out=1, size=24, highlight=0.0, samples=2)


def ball():
    mesh = trimesh.creation.icosphere(subdivisions=3, radius=5.0)
    return np.asarray(mesh.vertices + np.array([10.0, 0.0, -3.0])), np.asarray(
        mesh.faces
    )


def test_a_mesh_fills_the_ball_of_radius_08_and_its_frame_leads_back():
    """Rounding of lengths near 10."""
    vertices, faces = ball()
    scene = mesh_scene((vertices, faces), SMALL)
    reach = np.linalg.norm(scene.truth.vertices, axis=1).max()
    back = scene.frame.to_world(scene.truth.vertices)

    assert reach == pytest.approx(0.8)
    np.testing.assert_allclose(
        back[scene.truth.faces], vertices[faces], rtol=0, atol=1e-13
    )
    assert (len(scene.views), len(scene.held_out)) == (3, 1)
    assert scene.background == "white"
    assert scene.truth.seen.shape == (len(faces),)


def test_a_mesh_and_a_solid_of_one_shape_look_alike():
    """A ball of 5120 triangles: its facets of 0.05 move outlines by 4e-4, a hundredth
    of a pixel, and the light by less than a grey level in the mean.
    """
    mesh = trimesh.creation.icosphere(subdivisions=4)
    made = mesh_scene((mesh.vertices, np.asarray(mesh.faces)), SMALL)
    traced = solid_scene(Sphere(0.8), SMALL)

    for a, b in zip(made.views, traced.views, strict=True):
        assert np.abs(a.image.astype(float) - b.image).mean() < 1.0
        assert np.array_equal(a.camera.pose, b.camera.pose)


@pytest.mark.parametrize("background", ["white", "learned"])
def test_the_same_call_makes_the_same_scene(background):
    studio = Studio(views=2, held_out=1, size=16, background=background)
    one, two = (solid_scene(Torus(0.5, 0.2), studio, cells=32) for _ in range(2))

    assert np.array_equal(one.truth.vertices, two.truth.vertices)
    assert np.array_equal(one.truth.faces, two.truth.faces)
    assert np.array_equal(one.truth.seen, two.truth.seen)
    for a, b in zip(one.views + one.held_out, two.views + two.held_out, strict=True):
        assert np.array_equal(a.image, b.image)
        assert np.array_equal(a.mask, b.mask)
        assert np.array_equal(a.camera.pose, b.camera.pose)


def test_views_have_names_masks_and_training_views_differ_from_held_out_ones():
    scene = solid_scene(Sphere(0.5), SMALL, name="ball", cells=32)

    assert [v.name for v in scene.views] == [f"ball/train_00{i}" for i in range(3)]
    assert scene.held_out[0].name == "ball/test_000"
    assert all(v.mask.max() == 255 and v.mask.min() == 0 for v in scene.views)


def red_and_green(folder, mesh):
    """A quad of two triangles, its texture red above and green below."""
    image = np.zeros((64, 64, 3), dtype=np.uint8)
    image[:32, :, 0], image[32:, :, 1] = 255, 255
    Image.fromarray(image).save(folder / "paint.png")
    (folder / "paint.mtl").write_text("newmtl paint\nmap_Kd paint.png\n")
    path = folder / "quad.obj"
    path.write_text(
        f"{mesh}v -1 -1 0\nv 1 -1 0\nv 1 1 0\nv -1 1 0\n"
        "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
        f"{'usemtl paint' if mesh else ''}\nf 1/1 2/2 3/3\nf 1/1 3/3 4/4\n"
    )
    return path


@pytest.mark.parametrize("named", [True, False])
def test_a_texture_named_by_the_file_or_the_caller_is_laid_on(tmp_path, named):
    """From a ring, 20 degrees up, red is in the upper half of the pictures."""
    path = red_and_green(tmp_path, "mtllib paint.mtl\n" if named else "")
    given = {} if named else {"texture": tmp_path / "paint.png"}
    scene = mesh_scene(path, Studio(views=12, size=32, arrangement="ring"), **given)

    assert scene.name == "quad"
    for view in scene.views:
        upper, lower = view.image[:14], view.image[19:]
        red, green = upper[view.mask[:14] == 255], lower[view.mask[19:] == 255]
        assert np.all(red[:, 0] >= red[:, 1])
        assert np.all(green[:, 1] >= green[:, 0])


def test_colours_of_vertices_are_kept_unless_plain_is_asked_for(tmp_path):
    """All vertices blue: without red, which plain grey has as much of."""
    vertices, faces = ball()
    path = tmp_path / "blue.ply"
    blue = np.tile(np.uint8([0, 0, 255, 255]), (len(vertices), 1))
    trimesh.Trimesh(vertices, faces, vertex_colors=blue).export(path)
    kept = mesh_scene(path, SMALL).views[0]
    plain = mesh_scene(path, Studio(views=2, size=24, albedo="plain")).views[0]

    assert np.all(kept.image[kept.mask == 255][:, :2] == 0)
    assert np.all(plain.image[plain.mask == 255][:, 0] > 60)


def test_an_open_mesh_is_lit_from_behind_too(tmp_path):
    """A square has the same colour, by the light on the side that is looked at."""
    square = np.array([[-1.0, 0, -1], [-1, 0, 1], [1, 0, 1], [1, 0, -1]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    studio = Studio(views=2, size=24, albedo="plain", highlight=0.0)
    scene = mesh_scene((square, faces), studio)  # from above and from below

    for view, up in zip(scene.views, (1.0, -1.0), strict=True):
        normal = np.array([[0.0, up, 0.0]])
        expected = shade(np.array([[0.72, 0.68, 0.62]]), normal, -normal)
        inside = view.image[view.mask == 255]
        np.testing.assert_allclose(
            inside / 255, np.repeat(expected, len(inside), 0), atol=0.51 / 255
        )


TRIANGLE = np.eye(3)


@pytest.mark.parametrize(
    ("mesh", "says"),
    [
        ("nowhere.obj", "no such mesh file"),
        ((TRIANGLE, np.array([[0, 1, 3]])), "must name vertices 0 ... 2, got 0 ... 3"),
        ((TRIANGLE, np.zeros((0, 3), int)), "at least one"),
        ((TRIANGLE, np.array([[0.0, 1.0, 2.0]])), "whole numbers"),
        ((TRIANGLE * np.nan, np.array([[0, 1, 2]])), "finite numbers"),
        ((np.ones((3, 2)), np.array([[0, 1, 2]])), r"must be \(V, 3\)"),
        ((np.ones((3, 3)), np.array([[0, 1, 2]])), "are one point"),
    ],
)
def test_what_is_no_mesh_is_refused(mesh, says):
    with pytest.raises(InputError, match=says):
        mesh_scene(mesh, SMALL)


def test_files_without_triangles_and_foreign_files_are_refused(tmp_path):
    points = tmp_path / "points.ply"
    trimesh.PointCloud(TRIANGLE).export(points)
    foreign = tmp_path / "text.obj.txt"
    foreign.write_text("no mesh")

    with pytest.raises(InputError, match="points"):
        mesh_scene(points, SMALL)
    with pytest.raises(InputError, match="no mesh that trimesh can read"):
        mesh_scene(foreign, SMALL)


def test_a_texture_without_coordinates_or_picture_is_refused(tmp_path):
    path = red_and_green(tmp_path, "")
    bare = tmp_path / "bare.ply"
    trimesh.Trimesh(*ball()).export(bare)

    with pytest.raises(InputError, match="the mesh has none"):
        mesh_scene(bare, SMALL, texture=tmp_path / "paint.png")
    with pytest.raises(InputError, match="no image that can be read"):
        mesh_scene(path, SMALL, texture=path)
    with pytest.raises(InputError, match="got arrays"):
        mesh_scene(ball(), SMALL, texture=tmp_path / "paint.png")
