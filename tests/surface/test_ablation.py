"""The ablation: it goes on where it was stopped, and its intervals are Student's."""

import dataclasses
import multiprocessing

import numpy as np
import pytest
from scipy import stats

from clinometer.errors import InputError
from clinometer.surface.ablation import WAYS, Case, Line, ablate, table
from clinometer.surface.settings import Settings


def line(seed, chamfer):
    return Line(Case("analytical", "knot", seed), chamfer, 5.0, 30.0, 1.0, 2.0)


def test_intervals_are_those_of_student():
    values = [0.002, 0.0025, 0.0031]
    text = table([line(seed, v) for seed, v in enumerate(values)], "chamfer")
    low, high = stats.t.interval(0.95, 2, loc=np.mean(values), scale=stats.sem(values))
    assert f"{1e3 * np.mean(values):.2f} ± {1e3 * (high - low) / 2:.2f}" in text
    assert "Chamfer, 1e-3" in text


def test_of_one_seed_no_interval_is_given():
    assert "2.00" in table([line(0, 0.002)], "chamfer")
    assert "±" not in table([line(0, 0.002)], "chamfer")


def test_cases_that_are_there_are_not_run_again(scene, small, tmp_path):
    """Real trainings of two steps; the second time nothing is trained."""
    settings = dataclasses.replace(small, iterations=60)
    ways = ["analytical", "numerical 4±, progressive"]
    first = ablate(
        tmp_path,
        scenes={"ring": scene},
        seeds=1,
        ways=ways,
        settings=settings,
        resolution=64,
    )
    told = []
    again = ablate(
        tmp_path,
        scenes={"ring": scene},
        seeds=1,
        ways=ways,
        settings=settings,
        resolution=64,
        watch=lambda *said: told.append(said),
    )
    assert again == first
    assert told == []
    with pytest.raises(InputError, match="with other settings"):
        ablate(tmp_path, seeds=1, settings=Settings(iterations=3))


def test_processes_side_by_side_come_to_the_same(scene, small, tmp_path):
    """Other processes train, on a thread each; lines come as they end."""
    told = []
    common = {
        "scenes": {"ring": scene},
        "seeds": 2,
        "ways": ["analytical"],
        "settings": dataclasses.replace(small, iterations=60),
        "resolution": 64,
    }
    alone = ablate(tmp_path / "alone", **common)
    both = ablate(
        tmp_path / "both",
        processes=2,
        watch=lambda *said: told.append(said[:2]),
        **common,
    )
    assert told == [(1, 2), (2, 2)]
    for one, other in zip(alone, both, strict=True):
        assert dataclasses.replace(one, seconds=0) == dataclasses.replace(
            other, seconds=0
        )


def test_an_error_in_another_process_reaches_the_caller(scene, small, tmp_path):
    """And no process is left behind."""
    with pytest.raises(InputError, match="multiple of 32"):
        ablate(
            tmp_path,
            processes=2,
            scenes={"ring": scene},
            seeds=2,
            ways=["analytical"],
            settings=dataclasses.replace(small, iterations=5),
            resolution=33,
        )
    assert not multiprocessing.active_children()


def test_a_scene_without_truth_is_refused(scene, tmp_path):
    with pytest.raises(InputError, match="'ring' must have a known surface"):
        ablate(tmp_path, scenes={"ring": dataclasses.replace(scene, truth=None)})


def test_no_process_is_too_few(tmp_path):
    with pytest.raises(InputError, match="processes must be at least 1, got 0"):
        ablate(tmp_path, processes=0)


def test_an_unknown_scene_is_refused(tmp_path):
    with pytest.raises(InputError, match="unknown scene 'moon'; there are torus"):
        ablate(tmp_path, scenes=["moon"])


def test_an_unknown_way_is_refused(tmp_path):
    with pytest.raises(InputError, match="unknown way 'best'; there are analytical"):
        ablate(tmp_path, ways=["best"])


def test_every_way_of_the_question_is_there():
    taps = {plan.taps for plan in WAYS.values()}
    assert taps == {"analytical", "central", "tetrahedral", "flipped"}
    kinds = {"fixed", "shrinking", "growing", "random"}
    assert {plan.reach for plan in WAYS.values()} == kinds
