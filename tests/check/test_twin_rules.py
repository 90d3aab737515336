"""Divisions of an array, and the rules on errors made up by hand."""

import numpy as np
import pytest

from clinometer.check.twin.cells import Cells, Sample, groupings
from clinometer.check.twin.judge import blamed, judge
from clinometer.check.twin.rules import SLACK, norm, scale

ROUNDOFF = 2.0**-8


def sample(change=lambda kernel: kernel, *, shape=(4, 32, 16), draws=4, seed=0):
    """Exact values, and two runs with independent normal errors of one roundoff."""
    random = np.random.default_rng(seed)
    exact, one, two = random.standard_normal((3, draws, *shape))
    kernel = change(exact * (1 + ROUNDOFF * one))
    return Sample("x", exact, kernel, exact * (1 + ROUNDOFF * two), ROUNDOFF, 0.0)


def test_divisions_run_from_the_whole_over_slices_and_rows_to_entries():
    kept = [cells.kept for cells in groupings((4, 32, 16))]

    assert kept == [(), (0,), (1,), (2,), (0, 1), (0, 1, 2)]


@pytest.mark.parametrize(
    ("shape", "kept"),
    [
        ((), [()]),
        ((5,), [(), (0,)]),
        ((1, 5), [(), (0, 1)]),
        ((3, 5), [(), (0,), (1,), (0, 1)]),
    ],
)
def test_no_division_is_there_twice(shape, kept):
    assert [cells.kept for cells in groupings(shape)] == kept


def test_axes_of_matrices_are_cut_into_tiles_of_a_quarter_down_to_16():
    def tiles(shape):
        found = [cells for cells in groupings(shape) if cells.width > 1]
        return [(*cells.kept, cells.width) for cells in found]

    assert tiles((256, 64)) == [(0, 64), (0, 16), (1, 16)]
    assert tiles((4, 128, 60)) == [(1, 32)]
    assert tiles((256,)) == tiles((63, 15)) == []


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_tile_is_where_its_name_says(kept):
    shape = (64, 64, 64)
    cells = Cells((kept,), shape, 16)
    values = np.random.default_rng(kept).standard_normal(shape)

    numbers = np.asarray(cells.spread(np.arange(4)))
    sums = cells.sums(values[None])[0]

    for k in range(4):
        place = eval(f"np.s_{cells.name([k])}")
        assert (numbers[place] == k).all()
        assert np.count_nonzero(numbers == k) == cells.size
        assert sums[k] == pytest.approx(values[place].sum())
    assert not cells.rows
    assert not cells.entries


@pytest.mark.parametrize("place", [np.s_[:, :32], np.s_[:, 64:96], np.s_[:, 32:64]])
def test_a_percent_too_much_in_a_tile_of_rows_is_seen_and_placed(place):
    def tiled(kernel):
        kernel[place] *= 1.01
        return kernel

    found = sample(tiled, shape=(128, 256))
    judgement = judge(found, SLACK)

    assert not judgement.passed
    part = blamed(found, judgement, SLACK)
    rows = place[1]
    assert part.name == f"at [{rows.start or 0}:{rows.stop}, :]"


def test_sums_of_cells_add_up_to_the_sum_of_the_whole():
    values = np.random.default_rng(0).standard_normal((2, 3, 4, 5))

    sums = [cells.sums(values) for cells in groupings((3, 4, 5))]

    for found in sums:
        assert found.reshape(2, -1).sum(-1) == pytest.approx(values.sum((1, 2, 3)))


@pytest.mark.parametrize("seed", range(30))
def test_equal_errors_at_other_places_pass_every_rule(seed):
    assert judge(sample(seed=seed), SLACK).passed
    assert judge(sample(seed=seed, draws=1), SLACK).passed


@pytest.mark.parametrize("factor", [0.99, 0.997, 1.003, 1.01])
def test_the_scale_of_the_whole_is_measured_within_its_standard_error(factor):
    found = scale(sample(lambda k: k * factor), Cells((), (4, 32, 16)), SLACK)

    assert found.failed
    assert abs(1 + found.measured - factor) < 4 * found.error


def test_a_factor_far_below_a_roundoff_passes():
    assert judge(sample(lambda k: k * (1 + ROUNDOFF / 5)), SLACK).passed


def test_a_norm_three_times_the_eager_one_fails_and_the_report_knew():
    seen = norm(sample(), Cells((), (4, 32, 16)), SLACK)
    random = np.random.default_rng(9)

    def noisier(kernel):
        return kernel * (1 + 3 * ROUNDOFF * random.standard_normal(kernel.shape))

    wrong = norm(sample(noisier), Cells((), (4, 32, 16)), SLACK)

    assert not seen.failed
    assert wrong.failed
    assert seen.sees < 3 * ROUNDOFF


def test_an_error_as_large_as_the_report_says_is_seen_in_every_row():
    """The promise of `sees` for a typical row, tried on a hundred rows."""
    shape = (4, 32, 16)
    cells = Cells((0, 1), shape)
    sees = norm(sample(), cells, SLACK).sees
    caught = 0
    for row in range(100):
        place = (row % 4, row // 4 % 32)

        def more(kernel, place=place):
            kernel = kernel.copy()
            kernel[(slice(None), *place)] *= 1 + 1.5 * sees
            return kernel

        caught += bool(norm(sample(more, seed=row), cells, SLACK).failed[place])

    assert caught >= 95


def test_the_simplest_part_is_blamed():
    def two_rows(kernel):
        kernel = kernel.copy()
        kernel[:, 1, 3] *= 2
        kernel[:, 2, 7] *= 2
        return kernel

    wrong = sample(two_rows)

    part = blamed(wrong, judge(wrong, SLACK), SLACK)

    assert part.name == "at [1, 3, :], [2, 7, :]"
    assert not part.tail


def test_a_nan_fails():
    def nan(kernel):
        kernel = kernel.copy()
        kernel[0, 1, 3, 2] = np.nan
        return kernel

    assert not judge(sample(nan), SLACK).passed
