"""*_par.txt of Middlebury."""

import pytest

from clinometer.errors import InputError
from clinometer.surface.scenes import load_scene
from tests.surface.scenes import folders


def test_rays_meet_the_points_that_were_seen(tmp_path):
    """The files' whole numbers are centres of pixels: half a pixel is added to K."""
    cameras, cloud = folders.ring(), folders.points()
    folders.write_middlebury(tmp_path, cameras)

    scene = load_scene(tmp_path, hold_out=0, box=(folders.MIDDLE, 0.8))

    assert folders.farthest_miss(scene, cameras, cloud) < 1e-6


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("6\n", "7\n", "promises 7 cameras, 6 follow"),
        ("6\n", "", "first line"),
        ("view02.png", "nowhere.png", "1 of 6 cameras have no image"),
        ("view02.png", "view02.png 1.0", "line 4: .* 21 numbers"),
        ("view02.png", "view02.png x", "line 4: .* 21 numbers"),
        ("view02.png 90", "view02.png nan", "line 4"),
        ("view02.png 90", "view02.png 0", "line 4: .*positive"),
    ],
)
def test_a_line_that_breaks_the_format_is_named(tmp_path, old, new, words):
    folders.write_middlebury(tmp_path, folders.ring())
    path = tmp_path / "object_par.txt"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))

    with pytest.raises(InputError, match=words):
        load_scene(tmp_path)


def test_poses_that_are_not_finite_are_refused_by_line(tmp_path):
    folders.write_middlebury(tmp_path, folders.ring())
    path = tmp_path / "object_par.txt"
    lines = path.read_text().splitlines()
    lines[3] = " ".join([*lines[3].split()[:-1], "inf"])
    path.write_text("\n".join(lines))

    with pytest.raises(InputError, match=r"line 4: .* finite"):
        load_scene(tmp_path)
