"""Arrays of every library, met through one set of functions."""

import subprocess
import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer import arrays
from clinometer.errors import InputError

ARRAYS = {
    "numpy": [np.ones(2), np.float32(1), np.array(1), np.ones(2, object)],
    "torch": [torch.ones(2), torch.tensor(1), torch.ones(1, requires_grad=True)],
    "jax": [jnp.ones(2), jnp.float32(1), jnp.arange(2)],
}
CASES = [(name, array) for name, some in ARRAYS.items() for array in some]
NOT_ARRAYS = [1.0, 1, 1j, True, None, "1", [1.0], (np.ones(2),), {"a": 1}, np.float64]


# --- which library ------------------------------------------------------------


@pytest.mark.parametrize(("name", "array"), CASES)
def test_every_array_is_known_by_the_name_of_its_library(name, array):
    assert arrays.is_array(array)
    assert arrays.library(array) == name


@pytest.mark.parametrize("value", NOT_ARRAYS)
def test_numbers_containers_and_types_are_no_arrays(value):
    assert not arrays.is_array(value)
    with pytest.raises(InputError, match="an array of NumPy, PyTorch or JAX is needed"):
        arrays.library(value)


def test_tracers_belong_to_jax():
    seen = []
    jax.jit(jax.vmap(jax.grad(lambda x: seen.append(arrays.library(x)) or x)))(
        jnp.ones(2)
    )
    assert seen == ["jax"]


def test_namespaces_hold_the_functions_of_their_library():
    assert arrays.namespace(np.ones(1), np.float64(1)) is np
    assert arrays.namespace(torch.ones(1)).__name__ == "array_api_compat.torch"
    assert arrays.namespace(jnp.ones(1)) is jnp
    assert arrays.namespace(np.ones(1), jnp.ones(1)) is jnp


@pytest.mark.parametrize("other", [np.ones(1), jnp.ones(1)])
def test_a_tensor_beside_another_library_has_no_namespace(other):
    with pytest.raises(InputError, match="arrays of one library are needed"):
        arrays.namespace(torch.ones(1), other)


def test_the_room_imports_neither_torch_nor_jax_nor_the_wrappers_of_numpy():
    """Importing it costs little beside NumPy: none of the heavy modules is loaded."""
    code = (
        "import sys, clinometer.arrays as a, numpy as np; a.namespace(np.ones(1));"
        "a.library(np.ones(1)); a.to_float64(np.ones(1));"
        "print([m for m in ('torch', 'jax', 'array_api_compat.numpy')"
        " if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


# --- dtypes -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (np.float32, "float32"),
        (np.dtype(">f8"), "float64"),
        ("float16", "float16"),
        (torch.bfloat16, "bfloat16"),
        (jnp.bfloat16, "bfloat16"),
        (jnp.ones(1, jnp.bfloat16), "bfloat16"),
        (torch.ones(1, dtype=torch.int64), "int64"),
        (np.ones(1, object), "object"),
        (1.0, "float64"),
        (1j, "complex128"),
        (True, "bool"),
        (None, "NoneType"),
        ([1.0], "list"),
        ("no dtype", "no dtype"),
        (jax.random.key(0), "key<fry>"),
    ],
)
def test_dtypes_have_one_name_in_all_libraries(value, name):
    assert arrays.dtype_name(value) == name


@pytest.mark.parametrize(
    "one",
    [np.ones((), dtype) for dtype in (np.float64, np.float32, np.float16)]
    + [jnp.ones((), dtype) for dtype in (jnp.float32, jnp.float16, jnp.bfloat16)]
    + [
        torch.ones((), dtype=dtype)
        for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16)
    ],
)
def test_unit_roundoff_is_half_the_spacing_above_one(one):
    """1 + 1.5 u rounds up to the next number, 1 + 0.75 u down to 1."""
    u = arrays.unit_roundoff(one)

    assert u == arrays.unit_roundoff(one.dtype)
    above, below = (
        arrays.from_float64(np.asarray(1 + k * u), one) - one for k in (1.5, 0.75)
    )
    assert float(above) == 2 * u
    assert float(below) == 0


def test_unit_roundoff_of_complex_numbers_is_that_of_their_parts():
    assert arrays.unit_roundoff(np.complex64) == 2.0**-24
    assert arrays.unit_roundoff(torch.complex128) == 2.0**-53
    assert arrays.unit_roundoff(1j) == arrays.unit_roundoff(1.0) == 2.0**-53


def test_unit_roundoff_of_long_doubles_is_what_numpy_measures():
    assert arrays.unit_roundoff(np.longdouble) == np.finfo(np.longdouble).eps / 2


@pytest.mark.parametrize("value", [np.int32, torch.bool, 1, "object", None])
def test_unit_roundoff_is_refused_where_nothing_is_rounded(value):
    with pytest.raises(InputError, match="rounding is known for the dtypes"):
        arrays.unit_roundoff(value)


@pytest.mark.parametrize(
    ("value", "real", "complex_"),
    [
        (np.ones(1), True, False),
        (np.ones(1, np.longdouble), True, False),
        (torch.ones(1, dtype=torch.bfloat16), True, False),
        (jnp.ones(1, jnp.bfloat16), True, False),
        (1.0, True, False),
        (np.ones(1, complex), False, True),
        (np.ones(1, np.clongdouble), False, True),
        (torch.ones(1, dtype=torch.complex64), False, True),
        (1j, False, True),
        (np.ones(1, int), False, False),
        (np.ones(1, object), False, False),
        (torch.ones(1, dtype=torch.bool), False, False),
        (1, False, False),
        (True, False, False),
        ("float", True, False),
        (None, False, False),
    ],
)
def test_real_and_complex_are_told_apart(value, real, complex_):
    assert arrays.is_real_floating(value) is real
    assert arrays.is_complex(value) is complex_


# --- values out ---------------------------------------------------------------


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.5, -2.0], np.float16),
        np.array([1.5, -2.0], ">f4"),
        np.array([1.5, -2.0], np.longdouble),
        np.array([1.5, -2.0], jnp.bfloat16),
        torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        torch.tensor([1.5, -2.0], dtype=torch.float64, requires_grad=True),
        torch.tensor([1.5, -2.0]).to_sparse(),
        torch.conj(torch.tensor([1 - 1.5j, 2j])).imag,
        jnp.array([1.5, -2.0], jnp.bfloat16),
        jnp.array([1.5, -2.0], jnp.float32),
    ],
)
def test_values_come_out_as_writable_float64_copies(array):
    values = arrays.to_float64(array)

    assert isinstance(values, np.ndarray)
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, [1.5, -2.0])
    values[0] = 7.0
    np.testing.assert_array_equal(arrays.to_float64(array), [1.5, -2.0])


@pytest.mark.parametrize("number", [2.5, np.float32(2.5), 2, True, np.int64(3)])
def test_numbers_come_out_as_arrays_of_no_dimension(number):
    values = arrays.to_float64(number)
    assert values.shape == ()
    assert values == number


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array([1.0, None], object), "got the dtype object"),
        (np.array(["1.0"]), "got the dtype <U3"),
        (np.array(["2020-01-01"], "M8[D]"), "got the dtype datetime64"),
        (np.ones(1, complex), "real values are needed, got complex128"),
        (torch.ones(1, dtype=torch.complex64), "got complex64"),
        (1j, "an array or a real number is needed, got complex"),
        ([1.0], "an array or a real number is needed, got list"),
        (None, "got NoneType"),
        ("1.0", "got str"),
    ],
)
def test_values_that_are_not_real_numbers_are_refused(value, message):
    with pytest.raises(InputError, match=message):
        arrays.to_float64(value)


@pytest.mark.parametrize(
    ("trace", "x"),
    [
        (jax.jit, jnp.ones(2)),
        (torch.func.vmap, torch.ones(2)),
    ],
)
def test_values_of_traced_arrays_are_refused(trace, x):
    with pytest.raises(InputError, match="values cannot be read"):
        trace(lambda a: a * float(arrays.to_float64(a).sum()))(x)


# --- values in ----------------------------------------------------------------


@pytest.mark.parametrize("change", [arrays.from_float64, arrays.constant])
@pytest.mark.parametrize(
    "like",
    [
        np.ones(1, np.float32),
        np.float16(1),
        1.0,
        torch.ones(1, dtype=torch.bfloat16, requires_grad=True),
        torch.ones(1, dtype=torch.complex64),
        jnp.ones(1, jnp.bfloat16),
    ],
)
def test_values_go_in_with_library_and_dtype_of_the_template(change, like):
    values = np.array([[1.5, -2.0]])
    values.flags.writeable = False

    array = change(values, like)

    assert arrays.library(array) == (
        "numpy" if isinstance(like, float) else arrays.library(like)
    )
    assert array.dtype == getattr(like, "dtype", np.float64)
    assert tuple(array.shape) == (1, 2)
    assert complex(array[0, 1]) == -2.0
    assert not getattr(array, "requires_grad", False)


@pytest.mark.parametrize("change", [arrays.from_float64, arrays.constant])
@pytest.mark.parametrize("like", [np.ones(1), torch.ones(1, dtype=torch.float64)])
def test_values_that_went_in_are_copies(change, like):
    values = np.array([1.5, -2.0])
    array = change(values, like)
    array[0] = 7.0
    assert values[0] == 1.5


def test_values_go_to_the_device_of_the_template():
    like = torch.ones(1, device="meta")
    assert arrays.from_float64(np.ones(2), like).device.type == "meta"
    like = jax.device_put(jnp.ones(1), jax.devices("cpu")[0])
    assert arrays.from_float64(np.ones(2), like).devices() == like.devices()


@pytest.mark.parametrize("change", [arrays.from_float64, arrays.constant])
@pytest.mark.parametrize("like", [np.ones(1, int), torch.ones(1, dtype=int), 1])
def test_values_are_never_cut_to_integers(change, like):
    with pytest.raises(InputError, match="a floating-point array is needed, got"):
        change(np.array([0.5]), like)


@pytest.mark.parametrize("values", [np.array([1.0, 2.0]), (1.0, 2.0)])
@pytest.mark.parametrize(
    ("trace", "x"),
    [
        (jax.jit, jnp.ones((3, 2))),
        (jax.vmap, jnp.ones((3, 2))),
        (torch.func.vmap, torch.ones(3, 2)),
        (partial(torch.compile, fullgraph=True, backend="eager"), torch.ones(3, 2)),
        (
            lambda f: torch.compile(
                torch.func.vmap(f), fullgraph=True, backend="eager"
            ),
            torch.ones(3, 2),
        ),
    ],
)
def test_constants_can_be_made_while_a_computation_is_traced(trace, x, values):
    out = trace(lambda a: a * arrays.constant(values, a))(x)
    np.testing.assert_array_equal(arrays.to_float64(out), [[1.0, 2.0]] * 3)


@pytest.mark.parametrize("like", [torch.ones(1), jnp.ones(1), np.ones(1, np.float32)])
def test_a_single_number_goes_in_with_the_dtype_of_the_template(like):
    """torch.asarray(copy=True) refuses to convert a NumPy array of no dimension."""
    array = arrays.constant(np.asarray(2.5), like)
    assert array.dtype == like.dtype
    assert float(array) == 2.5


# --- side by side -------------------------------------------------------------


@pytest.mark.parametrize("number", [2, 2.0, np.float32(2), np.int64(2)])
@pytest.mark.parametrize("like", [np.ones(1), torch.ones(1), jnp.ones(1)])
def test_a_number_fits_beside_every_array_as_a_python_float(number, like):
    fit = arrays.beside(number, like, "h")
    assert type(fit) is float
    assert fit == 2.0


@pytest.mark.parametrize(
    ("value", "like"),
    [
        (np.ones(1), np.ones(1, np.float32)),
        (np.ones(1, int), np.ones(1, np.float32)),
        (torch.ones(1, dtype=torch.float64), torch.ones(1)),
        (torch.ones(1), torch.ones(1, dtype=torch.bfloat16)),
        (jnp.ones(1), jnp.ones(1, jnp.bfloat16)),
        (np.ones(1), jnp.ones(1)),
    ],
)
def test_an_array_takes_the_dtype_of_its_neighbour(value, like):
    fit = arrays.beside(value, like, "h")
    assert arrays.library(fit) == arrays.library(like)
    assert fit.dtype == like.dtype


@pytest.mark.parametrize(
    ("like", "dtype"),
    [
        (np.ones(1, np.complex64), np.float32),
        (torch.ones(1, dtype=torch.complex128), torch.float64),
        (jnp.ones(1, jnp.complex64), np.float32),
    ],
)
def test_beside_a_complex_array_the_dtype_of_its_parts_counts(like, dtype):
    assert arrays.beside(like.real * 2, like, "h").dtype == dtype


def test_a_cast_keeps_the_graph():
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    arrays.cast(x, torch.ones(1)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("requires_grad", [True, False])
def test_numpy_meeting_torch_is_refused(requires_grad):
    x = torch.ones(2, requires_grad=requires_grad)
    with pytest.raises(InputError, match="h must be a number or an array of torch"):
        arrays.beside(np.ones(2), x, "h")
    with pytest.raises(InputError, match="h must be a number or an array of numpy"):
        arrays.beside(x, np.ones(2), "h")


@pytest.mark.parametrize("value", [1j, "1", None, True, np.ones(1, object), [1.0]])
def test_what_is_no_real_number_fits_beside_nothing(value):
    with pytest.raises(InputError, match="h must be a real number or an array of real"):
        arrays.beside(value, np.ones(1), "h")
