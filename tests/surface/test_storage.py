"""Files that are whole or not there."""

import pytest

from clinometer.errors import StorageError
from clinometer.surface.storage import replacing, write_text


def test_a_file_takes_the_place_of_the_one_before(tmp_path):
    path = tmp_path / "new" / "a.txt"
    write_text(path, "one")
    write_text(path, "two")
    assert path.read_text() == "two"
    assert list(path.parent.iterdir()) == [path]


def test_what_fails_half_way_leaves_the_file_before(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "one")
    with pytest.raises(ZeroDivisionError):
        half(path)
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def half(path):
    with replacing(path) as beside:
        beside.write_text("tw")
        _ = 1 / 0


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="could not be written"):
        write_text(tmp_path / "file" / "a.txt", "text")
