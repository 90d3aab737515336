"""Examples and code in the documents run, and print what they are there to show."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[-+]?\d[\d.,]*(e[-+]?\d+)?")

KEY_LINES = {
    "numpy_loss": ["AGREES  5 entries checked, all agree", "DIFFERS  5 entries"],
    "torch_function": ["DIFFERS  3 entries checked, 2 differ"],
    "jax_rule": ["AGREES  12 entries checked, all agree"],
    "nested_input": ["DIFFERS  23 entries checked, 3 differ", "x['hidden']['bias'][0]"],
    "jacobian": ["the truth lies in every bar: True"],
    "noisy_minimum": ["all within 1e-4 of the truth: True"],
    "noisy_function": ["noise-limited", "CANNOT TELL  1 entry checked"],
    "descent": ["with error bars, rtol 1e-06", "1,449", "out/descent.png"],
    "problem": [],
    "surface": ["Chamfer", "held-out views", "out/surface.ply"],
    "training": [
        "step 101: gradient agrees",
        "step 151: gradient DIFFERS",
        "differs in first.weight, first.bias, second.weight, second.bias",
    ],
    "digits": [
        "AGREES  640 entries checked, all agree",
        "DIFFERS  640 entries checked, 640 differ",
        "AGREES  640 entries and 8 directions checked, all agree",
        "out/digits-step-curve.png",
    ],
}


def run(*arguments, folder=ROOT, status=0):
    """Standard output of Python with these arguments, in a process of its own."""
    paths = (str(ROOT), os.environ.get("PYTHONPATH", ""))
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def blocks(document):
    """(language, text) of every fenced block, in order."""
    return BLOCK.findall(document.read_text(encoding="utf-8"))


def shape(text):
    """Text with its numbers and the width of its columns left out."""
    return [NUMBER.sub("#", line).split() for line in text.strip().splitlines()]


def test_every_example_is_run_here():
    assert {path.stem for path in (ROOT / "examples").glob("*.py")} == set(KEY_LINES)


@pytest.mark.parametrize("name", KEY_LINES)
def test_an_example_prints_its_key_lines(name, tmp_path):
    printed = run("-m", f"examples.{name}", folder=tmp_path)

    assert [line for line in KEY_LINES[name] if line not in printed] == []


@pytest.mark.parametrize(("name", "status"), [("right", 0), ("wrong", 1)])
def test_the_problem_file_answers_on_the_command_line(name, status):
    place = f"examples/problem.py:{name}"
    script = "from clinometer.cli import main; main()"

    printed = run("-c", script, "check", place, status=status)

    assert printed.startswith("DIFFERS" if status else "AGREES")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_code_in_a_document_runs_and_prints_what_the_page_says(document, tmp_path):
    """A text block is the output of the code before it, but for its numbers."""
    printed = ""
    for language, text in blocks(document):
        if language == "python":
            script = tmp_path / "script.py"
            tests = re.findall(r"^def (test_\w+)\(\)", text, re.MULTILINE)
            script.write_text(text + "".join(f"\n{name}()\n" for name in tests))
            printed = run(str(script), folder=tmp_path)
        elif language == "text":
            assert shape(printed) == shape(text)


def test_the_command_lines_in_the_problem_page_end_as_it_says(tmp_path):
    page = ROOT / "docs" / "problem-file.md"
    texts = blocks(page)
    (code,) = (text for language, text in texts if language == "python")
    (commands,) = (text for language, text in texts if language == "sh")
    (tmp_path / "bowl.py").write_text(code)
    script = "import sys; from clinometer.cli import main; main()"

    for line in commands.splitlines():
        command, _, remark = line.partition("#")
        arguments = re.findall(r'"[^"]*"|\S+', command)[1:]
        said = re.search(r"exit status (\d)", remark)
        status = int(said[1]) if said else int("wrong" in command)
        plain = [argument.strip('"') for argument in arguments]
        assert run("-c", script, *plain, folder=tmp_path, status=status)


@pytest.mark.parametrize("document", sorted(ROOT.glob("*.md")) + DOCUMENTS, ids=str)
def test_links_between_documents_lead_somewhere(document):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    inside = [link for link in links if "://" not in link]

    assert [link for link in inside if not (document.parent / link).exists()] == []
