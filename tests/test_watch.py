"""`clinometer watch`: a script runs as it would without, then is reported on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]

SCRIPT = """
import os, sys
sys.path.append({root!r})
os.environ["OMP_NUM_THREADS"] = "1"
import torch
from tests.check.models import Net

torch.manual_seed(1)
model = Net(3 if "wrong" in sys.argv else None)
rate = torch.optim.Adam(model.parameters())
for step in range(4):
    words = torch.randint(0, 20, (3, 5))
    loss = (model(words) ** 2).mean()
    rate.zero_grad()
    loss.backward()
    rate.step()
    print(step, loss.item())
torch.save(model.state_dict(), sys.argv[1])
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT.format(root=str(ROOT)), encoding="utf-8")
    return path


def run(*command, folder):
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )


def watched(*command, folder):
    code = "import sys; from clinometer.cli import main; main()"
    return run("-c", code, "watch", *command, folder=folder)


def test_a_watched_script_gives_bit_identical_results_and_a_report(script, tmp_path):
    plain = run("train.py", "weights.pt", "wrong", folder=tmp_path)
    expected = torch.load(tmp_path / "weights.pt")
    options = ["--steps", "2", "--json", "report.json", "--", "python"]

    found = watched(*options, "train.py", "weights.pt", "wrong", folder=tmp_path)

    assert found.returncode == 1, found.stderr
    assert found.stdout == plain.stdout
    weights = torch.load(tmp_path / "weights.pt")
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[key], expected[key]) for key in expected)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["verdict"] == "differs"
    assert {each["path"] for each in report["diagnoses"]} == {"blocks.3.gain"}
    assert "blocks.3.gain" in found.stderr


def test_errors_of_the_script_pass_through_as_python_shows_them(tmp_path):
    (tmp_path / "bad.py").write_text("def f():\n    raise ValueError('mine')\n\nf()\n")
    found = watched("bad.py", folder=tmp_path)
    plain = run("bad.py", folder=tmp_path)

    assert found.returncode == plain.returncode == 1
    assert "ValueError: mine" in found.stderr
    assert "runpy" not in found.stderr
    frames = [line for line in found.stderr.splitlines() if "File" in line]
    assert len(frames) == 2


def test_a_script_without_torch_is_bad_input_and_its_own_status_counts(tmp_path):
    (tmp_path / "plain.py").write_text(
        "import sys; print(sys.argv, __name__); sys.exit(int(sys.argv[1]))"
    )
    found = watched("plain.py", "0", "--steps", "9", folder=tmp_path)
    assert found.returncode == 3
    assert found.stdout == "['plain.py', '0', '--steps', '9'] __main__\n"
    assert watched("plain.py", "7", folder=tmp_path).returncode == 7
    assert watched("ls", folder=tmp_path).returncode == 3
