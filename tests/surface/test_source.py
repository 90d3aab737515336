"""Where a scene comes from: said, written down, found again."""

import json

import pytest

from clinometer.errors import InputError, StorageError
from clinometer.surface.folder import RunFolder
from clinometer.surface.settings import Settings
from clinometer.surface.source import SceneSource


def test_it_comes_back_from_json_with_an_absolute_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = SceneSource("photographs", hold_out=4, box=(0.0, 1.0, 2.0, 3.0))
    again = SceneSource.from_dict(json.loads(json.dumps(source.as_dict())))
    assert again.place == str(tmp_path / "photographs")
    assert again.box == source.box
    assert again.hold_out == 4


def test_a_synthetic_scene_keeps_its_name():
    source = SceneSource("synth:knot")
    assert SceneSource.from_dict(source.as_dict()) == source


def test_a_scene_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="no scene is named 'pyramid'"):
        SceneSource("synth:pyramid").scene()
    with pytest.raises(InputError):
        SceneSource(str(tmp_path / "nowhere")).scene()


def test_a_run_remembers_its_scene(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.begin(Settings(), SceneSource("synth:cup"))
    assert folder.source() == SceneSource("synth:cup")
    with pytest.raises(StorageError, match=r"which scene .* is of is unknown"):
        RunFolder(tmp_path / "other").source()


def test_a_broken_file_is_refused(tmp_path):
    (tmp_path / "scene.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        RunFolder(tmp_path).source()


def test_a_folder_where_nothing_was_reached_can_be_begun_again(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.begin(Settings(), SceneSource("synth:cup"))
    folder.begin(Settings(iterations=5), SceneSource("synth:knot"))
    assert folder.source() == SceneSource("synth:knot")


def test_what_is_no_source_is_refused():
    with pytest.raises(InputError, match="no source of a scene"):
        SceneSource.from_dict({"where": "here"})
