"""Scenes by name need no files, and are what their names say."""

import numpy as np
import pytest

from clinometer import InputError
from clinometer.surface.synth.named import NAMES, SOLIDS, scene_named
from clinometer.surface.synth.studio import Studio

TINY = Studio(views=4, held_out=1, size=16, samples=1, highlight=0.0)


def test_there_are_textured_and_plain_ones_with_many_and_few_views():
    assert len(SOLIDS) >= 4
    assert len(NAMES) == 4 * len(SOLIDS)
    assert {"knot", "knot_plain", "knot_12", "knot_plain_12"} <= set(NAMES)


def test_names_say_how_many_views_and_of_what_colour():
    """A plain surface, lit, has colours in one proportion; a textured one has not."""
    textured, plain = (scene_named(n, TINY) for n in ("blocks", "blocks_plain_12"))

    assert (len(textured.views), len(plain.views)) == (4, 12)
    assert plain.name == "blocks_plain_12"
    for scene, one in ((textured, False), (plain, True)):
        view = scene.views[0]
        colours = view.image[view.mask == 255].astype(float)
        share = colours / colours.sum(axis=1, keepdims=True)
        assert np.all(np.ptp(share, axis=0) < 0.02) == one


@pytest.mark.parametrize("name", SOLIDS)
def test_forty_eight_views_see_nearly_all_of_a_solid(name):
    """All but deep corners."""
    studio = Studio(views=48, held_out=0, size=16, samples=1)

    assert scene_named(name, studio).truth.seen.mean() > 0.99


def test_unknown_names_are_refused_with_those_that_exist():
    with pytest.raises(InputError, match=r"no scene is named 'teapot'.*creature"):
        scene_named("teapot")
