"""What f is given: dtype, numbers and place in memory of its arguments."""

import numpy as np
import pytest
import torch

from clinometer.arguments import Arguments, argument, batch
from clinometer.check import Verdict, check
from clinometer.point import flatten_input
from clinometer.trees import Layout


def layout_of(x):
    return Layout.of(x, flatten_input)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
def test_each_point_has_the_library_the_dtype_and_the_numbers_of_its_row(dtype):
    x = {"a": torch.zeros(3, 5, dtype=dtype), "b": torch.zeros((), dtype=dtype)}
    rows = np.arange(64.0).reshape(4, 16)
    for point, (a, b) in zip(rows, Arguments(layout_of(x), rows), strict=True):
        assert a.dtype == b.dtype == dtype
        assert b.shape == ()
        np.testing.assert_array_equal(a.numpy().ravel(), point[:15])
        assert float(b) == point[15]


@pytest.mark.parametrize("count", [1, 4, 7])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_arrays_are_contiguous_and_aligned_and_lie_apart(library, dtype, count):
    x = np.zeros((3, 5), dtype)
    x = torch.from_numpy(x) if library == "torch" else x
    given = [a for (a,) in Arguments(layout_of(x), np.ones((count + 2, 15)))]
    for a in given:
        as_numpy = np.asarray(a)
        assert as_numpy.flags.c_contiguous
        assert as_numpy.ctypes.data % 32 == 0
    given[1][:] = 2.0
    assert np.all(np.asarray(given[0]) == 1)
    assert np.all(np.asarray(given[2]) == 1)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_write_is_seen_with_its_point(library):
    x = {"w": np.zeros(3), "c": 1.0}
    x["w"] = torch.from_numpy(x["w"]) if library == "torch" else x["w"]
    arguments = Arguments(layout_of(x), np.arange(20.0).reshape(5, 4))
    given = list(arguments)
    assert arguments.written() is None
    given[3][1][2] += 1  # the dict's leaves are sorted: c, then w
    assert arguments.written() == 3


def test_a_batch_has_the_points_along_its_first_axis():
    x = {"w": np.zeros((2, 2)), "c": np.zeros(())}
    c, w = batch(layout_of(x), np.arange(15.0).reshape(3, 5))
    np.testing.assert_array_equal(c, [0, 5, 10])
    assert w.shape == (3, 2, 2)


def test_leaves_without_entries_pass():
    x = {"none": np.zeros((0, 2)), "some": np.zeros(3)}
    for none, some in Arguments(layout_of(x), np.ones((2, 3))):
        assert none.shape == (0, 2)
        assert some.shape == (3,)


def test_a_python_number_stays_one():
    layout = layout_of({"c": 2.0})
    assert list(Arguments(layout, np.array([[1.5], [2.5]]))) == [[1.5], [2.5]]
    assert argument(layout, 0, np.array([1.5])) == 1.5


def test_tensors_begin_their_storage_as_fresh_ones_do():
    """as_strided with an offset of 0 reads the tensor it is called on."""
    x = torch.arange(10.0, dtype=torch.float64)

    def f(x):
        return (x.as_strided((2, 2), (1, 2), 0) ** 2).sum()

    claim = torch.cat([2 * x[:4], torch.zeros(6, dtype=torch.float64)])
    report = check(f, x, gradient=claim)

    assert report.verdict is Verdict.AGREES, str(report)
