"""The commands of surfaces: what they write, and what they say to bad input."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clinometer.cli.commands import run as run_here
from clinometer.cli.surface.progress import Ending
from clinometer.surface.folder import RunFolder
from clinometer.surface.synth.named import scene_named
from clinometer.surface.synth.save import save_scene
from clinometer.surface.synth.studio import Studio

SCRIPT = Path(sys.executable).with_name("clinometer")
TINY = ("--rays", "64", "--finest", "32", "--threads", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Photographs in files, and a run of forty steps on them."""
    path = tmp_path_factory.mktemp("surface")
    studio = Studio(views=6, held_out=1, size=24, samples=1)
    save_scene(scene_named("torus_and_ball", studio), path / "photos")
    train = ("train", str(path / "photos"), "--out", str(path / "run"))
    assert run_here(["surface", *train, *TINY, "--iterations", "40"]) == 0
    return path


@pytest.fixture
def says(folder, capsys):
    """Status, standard output and error of a command in that folder."""

    def says(line):
        words = [word.format(folder=folder) for word in line.split()]
        status = run_here(["surface", *words])
        return status, *capsys.readouterr()

    return says


def test_a_run_holds_a_checkpoint_its_settings_and_its_scene(folder):
    names = {path.name for path in (folder / "run").iterdir()}
    assert {"checkpoint.safetensors", "settings.json", "scene.json"} <= names
    assert RunFolder(folder / "run").checkpoint().iteration == 40


@pytest.mark.parametrize("suffix", ["ply", "obj", "glb"])
def test_a_mesh_is_written_in_the_format_of_its_name(says, folder, suffix):
    line = f"mesh {{folder}}/run --resolution 32 --out {{folder}}/a.{suffix} --json"
    status, out, _ = says(line)
    assert status == 0
    told = json.loads(out)
    assert told["faces"] > 0
    assert Path(told["path"]).stat().st_size > 0


def test_eval_gives_the_same_numbers_in_words_and_as_json(says):
    status, out, _ = says("eval {folder}/run --resolution 32 --json")
    _, words, _ = says("eval {folder}/run --resolution 32")
    assert status == 0
    assert f"{json.loads(out)['psnr']:.2f} dB" in words


def test_a_picture_and_a_film_are_written_without_a_page(says, folder):
    line = (
        "view {folder}/run --size 8 --still {folder}/a.png --turntable {folder}/a.gif"
    )
    status, out, _ = says(line)
    assert status == 0
    assert out.split() == [f"{folder}/a.png", f"{folder}/a.gif"]
    assert (folder / "a.gif").is_file()


def test_a_finished_run_resumes_to_the_same_with_nothing_more_to_do(says):
    status, out, _ = says("train {folder}/photos --out {folder}/run --resume --json")
    assert status == 0
    assert json.loads(out)["iterations"] == 40


BAD = {
    "train {folder}/photos --out {folder}/x --preset best": "preset must be one of",
    "train {folder}/photos --out {folder}/x --iterations 0": "iterations must lie in",
    "train {folder}/photos --out {folder}/x --kernel warp": "kernel must be one of",
    "train {folder}/photos --out {folder}/x --box 1": "--box must be four numbers",
    "train {folder}/photos --out {folder}/x --background red": "background",
    "train {folder}/nowhere --out {folder}/x": "nowhere",
    "train {folder}/lonely --out {folder}/x": "two views",
    "train synth:cat --out {folder}/x": "no scene is named 'cat'",
    "train synth:cup --out {folder}/x --hold-out 4": "takes no --hold-out",
    "train {folder}/photos --out {folder}/run": "holds a training",
    "train {folder}/photos --out {folder}/x --resume": "no checkpoint",
    "train {folder}/photos --out {folder}/run --resume --seed 1": "settings it was",
    "train {folder}/photos --out {folder}/run --resume --preset paper": "settings it",
    "train {folder}/fewer --out {folder}/run --resume": "with other photographs",
    "mesh {folder}/nowhere": "no checkpoint",
    "mesh {folder}/broken": "no whole safetensors file",
    "mesh {folder}/run --out {folder}/a.stl": "ends in .ply, .obj, .glb",
    "mesh {folder}/run --resolution 100": "resolution",
    "eval {folder}/broken": "no whole safetensors file",
    "view {folder}/nowhere": "no checkpoint",
    "view {folder}/run --still {folder}/a.txt": "ends in .png",
    "view {folder}/run --turntable {folder}/a.avi": "end in .gif",
    "view {folder}/run --still {folder}/b.png --up w": "a direction is",
    "view {folder}/run --port 70000": "0 … 65535",
    "synth cat --out {folder}/x": "no scene is named 'cat'",
    "synth {folder}/nowhere.ply --out {folder}/x": "nowhere.ply",
    "synth cup --out {folder}/x --views 1": "views must be at least 2",
    "poses {folder}/nowhere --out {folder}/x": "a folder with photographs",
    "demo --scene cat --out {folder}/x": "no scene is named 'cat'",
    "train {folder}/photos": "out",  # the parser's own words
}


@pytest.fixture(scope="module")
def spoilt(folder):
    """A run whose checkpoint is cut short, and scenes with one view and one less."""
    shutil.copytree(folder / "run", folder / "broken")
    file = folder / "broken" / "checkpoint.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    for name, count in (("lonely", 1), ("fewer", 5)):
        shutil.copytree(folder / "photos", folder / name)
        file = folder / name / "transforms.json"
        told = json.loads(file.read_text())
        told["frames"] = told["frames"][:count]
        for key in ("train_filenames", "val_filenames", "test_filenames"):
            told.pop(key, None)
        file.write_text(json.dumps(told))


@pytest.mark.parametrize("line", BAD)
def test_bad_input_ends_with_status_3_and_one_clear_line(says, spoilt, folder, line):
    status, out, err = says(line)
    assert status == 3
    assert out == ""
    assert BAD[line] in err
    assert "Traceback" not in err
    assert "--traceback" not in err  # all are errors made for reading
    if "--out {folder}/x" in line:
        assert not (folder / "x").exists()
    if err.startswith("error"):
        assert err.count("\n") == 1


def test_synth_writes_a_scene_that_can_be_trained_on(says, folder):
    line = "synth cup_12 --out {folder}/cup --size 8 --json"
    status, out, _ = says(line)
    assert status == 0
    assert json.loads(out)["views"] == 12
    assert (folder / "cup" / "transforms.json").is_file()


# --- Ctrl-C -------------------------------------------------------------------


def test_ctrl_c_waits_for_the_end_of_a_step_and_a_second_one_does_not():
    # tests in the background are begun deaf to Ctrl-C
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with Ending() as ending:
        ending.between_steps()
        signal.raise_signal(signal.SIGINT)  # in the middle of the next step
        with pytest.raises(KeyboardInterrupt):
            ending.between_steps()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_before_the_first_step_ends_at_once():
    with Ending(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_keeps_what_is_reached_and_says_how_to_go_on(folder):
    out = folder / "stopped"
    train = ("train", folder / "photos", "--out", out, *TINY, "--iterations", "90000")
    with subprocess.Popen(
        [SCRIPT, "surface", *train],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    ) as process:
        end = time.monotonic() + 120
        while not (out / "log.jsonl").exists() and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said, wrong = process.communicate(timeout=120)
    assert process.returncode == 2
    reached = RunFolder(out).checkpoint().iteration
    assert reached >= 50
    assert f"stopped after iteration {reached:,} of 90,000" in said
    assert f"surface train {folder / 'photos'} --out {out} --resume" in said
    assert "Traceback" not in wrong
