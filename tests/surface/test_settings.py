"""Settings: what is refused at the door, and the way to a file and back."""

import json
import math

import pytest

from clinometer.errors import InputError
from clinometer.surface.grid import Grid
from clinometer.surface.settings import Plan, Settings, preset_named


def test_settings_come_back_from_json_as_they_were():
    settings = Settings(iterations=7, grid=Grid(levels=3), plan=Plan(first_levels=2))
    text = json.dumps(settings.as_dict())
    assert Settings.from_dict(json.loads(text)) == settings


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"iterations": 0}, "iterations must lie in 1 … 1e.08, got 0"),
        ({"rate": math.nan}, "rate must lie in"),
        ({"kernel": "cuda"}, "kernel must be one of auto, fused, plain, got 'cuda'"),
        ({"threads": 0}, "threads must lie in 1"),
        ({"grid": Grid(levels=3)}, "first_levels must be at most the grid's 3 levels"),
    ],
)
def test_numbers_out_of_range_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        Settings(**wrong)


def test_short_trainings_sharpen_faster():
    assert Settings(iterations=2000).sharpening == pytest.approx(4e-4)
    assert Settings(iterations=500).sharpening == pytest.approx(16e-4)
    assert Settings(iterations=10_000).sharpening == 4e-4
    assert Settings(iterations=500, sharpness_rate=2e-4).sharpening == 2e-4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"taps": "octahedral"}, "taps must be one of"),
        (
            {"reach": "jumping"},
            "reach must be one of fixed, shrinking, growing, random",
        ),
        ({"cells": 0}, "cells must lie in"),
        ({"opened": 1.5}, "opened must lie in 0 … 1, got 1.5"),
        ({"curvature_from": -0.1}, "curvature_from must lie in 0 … 1, got -0.1"),
        ({"curvature_until": 0}, "curvature_until must lie in 1 … 1e.08, got 0"),
        ({"curvature_hollows": 2.0}, "curvature_hollows must lie in 0 … 1, got 2"),
        ({"eikonal_slack": 1.5}, "eikonal_slack must lie in 0 … 1, got 1.5"),
        ({"curvature_bound": 0.0}, "curvature_bound must lie in 0.001 … inf, got 0"),
    ],
)
def test_plans_that_cannot_be_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        Plan(**wrong)


def test_an_unknown_preset_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="one of fast, paper, shipped, random"):
        preset_named("slow")


def test_a_name_that_is_no_setting_is_refused():
    with pytest.raises(InputError, match=r"these are no settings: .*'colour'"):
        Settings.from_dict({"colour": 3})
