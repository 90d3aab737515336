"""The table of triangles, judged by what a surface must do on each cell."""

import itertools

import numpy as np
import pytest

from clinometer.surface.mesh.cases import CORNERS, EDGES, cases

ENDS = [(corner, corner | 1 << axis) for corner, axis in EDGES]


def rows(case):
    return cases().edges[case][cases().used[case]].tolist()


@pytest.mark.parametrize("case", range(256))
def test_triangles_stand_on_the_edges_with_a_change_of_sign(case):
    changed = {k for k, (a, b) in enumerate(ENDS) if (case >> a ^ case >> b) & 1}

    assert set(itertools.chain.from_iterable(rows(case))) == changed


@pytest.mark.parametrize("case", range(256))
def test_the_border_of_a_cell_s_surface_lies_in_its_faces(case):
    """Sides used once are segments on a face; all others have one triangle a side."""
    sides = [pair for t in rows(case) for pair in zip(t, t[1:] + t[:1], strict=True)]
    border = {pair for pair in sides if pair[::-1] not in sides}
    places = np.array([CORNERS[a] for a, _ in ENDS]) + [
        np.eye(3)[axis] / 2 for _, axis in EDGES
    ]

    assert len(set(sides)) == len(sides)
    for a, b in border:
        together = (places[a] == places[b]) & np.isin(places[a], (0, 1))
        assert together.any()


@pytest.mark.parametrize("corner", range(8))
def test_one_corner_inside_is_cut_off_facing_away_from_it(corner):
    (triangle,) = rows(1 << corner)
    a, b, c = (
        np.array(CORNERS[ENDS[k][0]]) + np.eye(3)[EDGES[k][1]] / 2 for k in triangle
    )

    normal = np.cross(b - a, c - a)

    assert normal @ (a - np.array(CORNERS[corner])) > 0


def test_no_case_has_more_than_five_triangles():
    assert cases().counts.max() == 5
    assert cases().counts[[0, 255]].tolist() == [0, 0]
