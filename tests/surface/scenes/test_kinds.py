"""Which kind of scene lies in a folder."""

import pytest

from clinometer.errors import InputError
from clinometer.surface.scenes.kinds import read_shots
from tests.surface.scenes import folders

WRITERS = {
    "transforms.json": (folders.write_transforms, "transforms.json"),
    "COLMAP": (folders.write_colmap, "sparse/0"),
    "Middlebury": (folders.write_middlebury, "object_par.txt"),
    "NeuS": (folders.write_neus, "cameras_sphere.npz"),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_folder_and_its_file_are_the_same_scene(tmp_path, kind):
    write, name = WRITERS[kind]
    write(tmp_path, folders.ring(3))

    by_folder, by_file = read_shots(tmp_path), read_shots(tmp_path / name)

    assert by_folder.kind == by_file.kind == kind
    assert len(by_folder.shots) == len(by_file.shots) == 3


def test_of_two_scenes_in_a_folder_one_must_be_named(tmp_path):
    folders.write_transforms(tmp_path, folders.ring(3))
    folders.write_colmap(tmp_path, folders.ring(4))

    with pytest.raises(InputError, match=r"2 scenes: transforms\.json, sparse/0; name"):
        read_shots(tmp_path)
    assert len(read_shots(tmp_path / "sparse" / "0").shots) == 4


def test_what_is_no_scene_is_refused_with_what_is(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_shots(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"is empty.*transforms\.json"):
        read_shots(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InputError, match=r"no scene but notes\.txt"):
        read_shots(tmp_path)
    with pytest.raises(InputError, match="is no scene"):
        read_shots(tmp_path / "notes.txt")


def test_photographs_alone_are_sent_to_find_poses(tmp_path):
    for known in folders.ring(3):
        folders.picture(tmp_path / known.name)

    with pytest.raises(InputError, match=r"3 photographs and no cameras.*find_poses"):
        read_shots(tmp_path)
