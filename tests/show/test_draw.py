"""The figure is written, for every kind of curve, and needs matplotlib only then."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from clinometer.show import draw_step_curve, step_curve

ONE = np.array([1.0])
FUNCTIONS = {
    "smooth": lambda x: np.exp(x[0]),
    "linear": lambda x: 3 * x[0],
    "constant": lambda x: 0.0 * x[0],
    "kinked": lambda x: abs(x[0] - 1),
    "one-sided": lambda x: np.sqrt(x[0] - 1) ** 3 if x[0] >= 1 else np.nan,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_kind_of_curve_can_be_drawn(name, tmp_path):
    curve = step_curve(FUNCTIONS[name], ONE, ONE)

    path = draw_step_curve(curve, tmp_path / "new folder" / "curve.png")

    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_same_curve_gives_the_same_svg_twice(tmp_path):
    curve = step_curve(FUNCTIONS["smooth"], ONE, ONE, truth=np.e)

    one, two = (draw_step_curve(curve, tmp_path / f"{i}.svg") for i in range(2))

    assert one.read_text() == two.read_text()
    assert ET.parse(one).getroot().tag.endswith("svg")


def test_without_matplotlib_the_error_names_the_extra():
    """In a process of its own, where the import of matplotlib fails."""
    script = """
import sys
sys.modules["matplotlib"] = None
import numpy as np
from clinometer.errors import MissingExtraError
from clinometer.show import draw_step_curve, step_curve
curve = step_curve(lambda x: x[0] ** 2, np.ones(1), np.ones(1))
try:
    draw_step_curve(curve, "never.png")
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert "clinometer[plot]" in done.stdout
