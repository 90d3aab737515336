"""What this package knows of array libraries, all of it, on one page.

Supported are NumPy arrays and scalars, PyTorch tensors and JAX arrays with their
tracers. Python numbers are no arrays, but count as NumPy's where a function says so.

Nothing here imports torch or JAX: who passes a tensor has loaded its library. The
functions marked *traceable* keep the graph and run under `jax.jit`, `jax.grad`,
`torch.func.vmap` and `torch.compile(fullgraph=True)`; that is why no cached function of
array_api_compat is called for a tensor (compiling one warns), and why classes are given
to isinstance as tuples (their union cannot be compiled).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from clinometer.errors import InputError

__all__ = [
    "Array",
    "beside",
    "cast",
    "constant",
    "copied",
    "dtype_name",
    "each_from_float64",
    "from_float64",
    "is_array",
    "is_complex",
    "is_real_floating",
    "library",
    "namespace",
    "to_float64",
    "unit_roundoff",
]

Array: TypeAlias = Any
"""An array of any supported library; no type covers the three."""

ALIGNED = 16
"""Numbers to a multiple of which arrays are laid out: 32 bytes and more in any dtype,
as wide loads of user's kernels ask for."""

Library: TypeAlias = Literal["numpy", "torch", "jax"]

# Half the spacing of the numbers just above 1, the largest relative error of rounding
# to nearest: 2**-p. Source: precision p in IEEE 754-2019, table 3.1 (bfloat16: p = 8).
_ROUNDOFF = {
    np.dtype(np.longdouble).name: float(np.finfo(np.longdouble).eps) / 2,
    "float64": 2.0**-53,
    "float32": 2.0**-24,
    "float16": 2.0**-11,
    "bfloat16": 2.0**-8,
}
_ALSO_OF_NUMPY = frozenset({"float64", "float32", "float16"})  # dtypes of torch
_REAL_PART = {"complex64": "float32", "complex128": "float64"}
_NUMPY: tuple[type[Any], ...] = (np.ndarray, np.generic)
_NUMBERS = (int, float, complex)
_SCALAR: type[Any] = np.generic


def is_array(value: object) -> bool:
    """Whether a value is an array, tensor or NumPy scalar of a supported library."""
    return _library(value) is not None


def library(array: object) -> Library:
    """Name of the library an array belongs to. Traceable.

    Raises InputError for anything else, Python numbers and lists among it.
    """
    name = _library(array)
    if name is None:
        raise InputError(
            "an array of NumPy, PyTorch or JAX is needed, got "
            f"{type(array).__name__}; convert it, for example with numpy.asarray"
        )
    return name


def _library(value: object) -> Library | None:
    if isinstance(value, _NUMPY):
        return "numpy"
    if isinstance(value, _NUMBERS):
        return None
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return "torch"
    return "jax" if array_api_compat.is_jax_array(value) else None


def namespace(*arrays: Array) -> Any:
    """The Array API namespace of arrays of one library. Traceable.

    arrays : at least one array; NumPy arrays may stand beside JAX's, which takes them
        for constants.
    Returns `numpy`, `array_api_compat.torch` or `jax.numpy`. NumPy's own namespace
    follows the standard from version 2.1 on; its wrapper would double the time that
    `import numpy` takes.
    Raises InputError where libraries are mixed.
    """
    names = [library(array) for array in arrays]
    if "torch" in names:
        if any(name != "torch" for name in names):
            raise InputError(
                "arrays of one library are needed, got "
                f"{' and '.join(sorted(set(names)))}; convert them to one of these"
            )
        import array_api_compat.torch as torch_namespace  # noqa: PLC0415 (loads torch)

        return torch_namespace
    if "jax" in names:
        return array_api_compat.array_namespace(arrays[names.index("jax")])
    return np


def dtype_name(value: Any) -> str:
    """Name of a dtype, or of the dtype of an array or Python number. Traceable.

    Returns for example "float32", "bfloat16", "int64" or "object"; a type's name for
    what has no dtype.
    """
    if isinstance(value, _NUMPY):
        return _numpy_name(value.dtype)
    dtype = value
    if _library(value) is not None:
        dtype = value.dtype
    elif isinstance(value, _NUMBERS):
        dtype = type(value)
    name = str(dtype)
    if name.startswith("torch."):
        return name.removeprefix("torch.")
    if dtype is value and not isinstance(value, (np.dtype, type, str)):
        return type(value).__name__
    try:
        return str(np.dtype(dtype).name)
    except TypeError:  # JAX's extended dtypes, and text that names none
        return name


@lru_cache
def _numpy_name(dtype: np.dtype[Any]) -> str:
    return str(dtype.name)  # worked out anew by NumPy at each access, 5 us


def unit_roundoff(value: object) -> float:
    """Largest relative error of rounding to the nearest number of a dtype. Traceable.

    value : dtype, array or Python number; for a complex one, that of its parts counts.
    Returns 2**-53 for float64, 2**-24 for float32, 2**-11 for float16, 2**-8 for
    bfloat16: half the spacing just above 1.
    Raises InputError where the dtype is not floating-point.
    """
    name = dtype_name(value)
    name = _REAL_PART.get(name, name)
    if name not in _ROUNDOFF:
        raise InputError(
            f"rounding is known for the dtypes {', '.join(_ROUNDOFF)}, got {name}; "
            "convert to one of these"
        )
    return _ROUNDOFF[name]


def is_real_floating(value: object) -> bool:
    """Whether an array, Python number or dtype is real and floating. Traceable."""
    return dtype_name(value) in _ROUNDOFF


def is_complex(value: object) -> bool:
    """Whether an array, Python number or dtype is complex. Traceable."""
    return dtype_name(value).startswith(("complex", "clongdouble"))


def to_float64(array: Array) -> NDArray[np.float64]:
    """The values of a real array or Python number, as a NumPy copy on the host.

    array : any shape and any real dtype: floating (bfloat16 among them), integer or
        boolean. A tensor that requires grad is detached: what comes back are values,
        with no way back to the graph.
    Returns an array of the same shape; the caller may write to it.
    Raises InputError where the values are not real numbers (complex, object, text), or
    not yet known because the array is being traced.
    """
    if type(array) is np.ndarray and array.dtype == np.float64:  # the usual case
        return array.copy()
    name = _library(array)
    if name is None and not isinstance(array, (int, float)):
        raise InputError(
            "an array or a real number is needed, got "
            f"{type(array).__name__}; convert it, for example with numpy.asarray"
        )
    plain = name == "torch" and _is_plain(array)
    if not plain and is_complex(array):
        raise InputError(
            f"real values are needed, got {dtype_name(array)}; "
            "treat the real and the imaginary part as two arrays"
        )
    try:
        if plain:
            return np.array(_on_host(array), order="C")
        host = _on_host(array) if name == "torch" else np.asarray(array)
    except (TypeError, RuntimeError) as reason:
        raise InputError(
            f"this {name} array's values cannot be read ({type(reason).__name__}); "
            "call from outside jit, grad, vmap and compile"
        ) from reason
    if host.dtype.kind not in "biuf" and dtype_name(host) not in _ROUNDOFF:
        raise InputError(
            f"real numbers are needed, got the dtype {host.dtype}; convert to float64"
        )
    return np.array(host, dtype=np.float64, order="C")


def _is_plain(tensor: Any) -> bool:
    """Whether NumPy can read a torch tensor as it lies, in float64: most are so."""
    strided = str(tensor.layout) == "torch.strided"
    return strided and tensor.is_cpu and str(tensor.dtype) == "torch.float64"


def _on_host(tensor: Any) -> NDArray[Any]:
    """Values of a torch tensor; float64, for NumPy has no bfloat16."""
    if _is_plain(tensor):
        return tensor.numpy(force=True)
    tensor = tensor.detach()
    if str(tensor.layout) != "torch.strided":
        tensor = tensor.to_dense()
    return tensor.cpu().double().resolve_neg().numpy()


def from_float64(values: NDArray[np.float64], like: Array) -> Array:
    """An array holding values, of the library, dtype and device of another.

    values : (...) they are copied, and rounded to the dtype of `like`.
    like : concrete floating array; a Python float gives a NumPy float64 array.
    Returns (...) an array outside every graph: it requires no grad.
    Raises InputError where `like` is not floating.
    """
    name = _library(like)
    if name == "jax":
        devices = like.devices()
        if len(devices) == 1:
            (device,) = devices
            own = np.array(values, dtype=np.float64)
            dtype = _floating_dtype(like)
            return namespace(like).asarray(own, dtype=dtype, device=device)
    if name == "torch" and _is_plain(like):
        return sys.modules["torch"].from_numpy(np.array(values, dtype=np.float64))
    return constant(values, like)


def copied(array: Array) -> Array:
    """A copy of a real floating array, contiguous and outside every graph."""
    if _library(array) == "torch" and _is_plain(array):
        layout = sys.modules["torch"].contiguous_format
        return array.detach().clone(memory_format=layout).resolve_neg()
    return from_float64(to_float64(array), array)


def each_from_float64(
    values: NDArray[np.float64], like: Array
) -> tuple[Array | None, Sequence[Array]]:
    """As `from_float64` for each of P arrays, converted at once.

    values : (P, ...) one array after the other.
    like : concrete floating array.
    Returns what holds them all (None in JAX, whose arrays cannot be written to), and P
    arrays that lie in it apart from each other, contiguous, each at a multiple of 32
    bytes.
    """
    library = _library(like)
    if library == "jax":
        return None, [from_float64(one, like) for one in values]
    count, shape = len(values), values.shape[1:]
    flat = values.reshape(count, -1)
    size = flat.shape[1]
    width = -(-size // ALIGNED) * ALIGNED
    dtype = _dtype_in_numpy(like)
    if dtype is None:
        padded = np.zeros((count, width))
        padded[:, :size] = flat
        held = constant(padded, like)
        return held, held[:, :size].reshape((count, *shape)).unbind(0)
    held = _aligned_zeros((count, width), dtype)
    held[:, :size] = flat
    rows = [held[k, :size].reshape(shape) for k in range(count)]
    if library == "torch":
        # each in a storage of its own: as_strided counts from the storage's beginning
        from_numpy = sys.modules["torch"].from_numpy
        return held, [from_numpy(row) for row in rows]
    return held, rows


def _dtype_in_numpy(like: Array) -> np.dtype[Any] | None:
    """The dtype of arrays that NumPy can hold: its own, and torch's on the CPU."""
    if _library(like) == "numpy":
        return _floating_dtype(like)
    name = dtype_name(like)
    shared = like.is_cpu and name in _ALSO_OF_NUMPY
    return np.dtype(name) if shared else None


def _aligned_zeros(shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Zeros that begin at a multiple of 64 bytes; NumPy's own keep to 16 only."""
    line = 64
    size = shape[0] * shape[1] * dtype.itemsize
    raw = np.zeros(size + line, np.uint8)
    start = -raw.__array_interface__["data"][0] % line
    return raw[start : start + size].view(dtype).reshape(shape)


def constant(values: Any, like: Array) -> Array:
    """Numbers in the library, dtype and device of an array. Traceable.

    values : (...) known beforehand, in a NumPy array or nested tuples; copied.
    like : floating array, possibly traced; a Python float counts as NumPy float64.
    Returns (...) an array that may stand beside `like` in any expression. JAX chooses
    its device when it is used.
    Raises InputError where `like` is not floating: integers would cut the numbers.
    """
    dtype = _floating_dtype(like)
    if isinstance(like, _NUMBERS) or _library(like) == "numpy":
        return np.array(values, dtype=dtype)
    own = np.array(values, dtype=np.float64)
    device = {"device": like.device} if _library(like) == "torch" else {}
    return namespace(like).asarray(own, dtype=dtype, **device)


def cast(array: Array, like: Array) -> Array:
    """The array in the real floating dtype of another of its library. Traceable.

    array : (...) real.
    like : floating array; for a complex one the dtype of its parts counts.
    """
    name = dtype_name(like)
    part = _REAL_PART.get(name, name)
    if dtype_name(array) == part:
        return array
    dtype = like.dtype if part == name else getattr(namespace(array), part)
    return array.to(dtype) if _library(array) == "torch" else array.astype(dtype)


def beside(value: Array, like: Array, name: str) -> Array:
    """An argument made fit to stand beside an array in an expression. Traceable.

    value : real Python or NumPy number, or real array of the library of `like`; where
        one of the two is JAX's, the other may be NumPy's.
    like : floating array that sets dtype and device.
    name : what the argument is called, for the message.
    Returns a Python float for a number, else an array of the dtype of `like`.
    Raises InputError where the value is no real number or array, and where NumPy meets
    torch: the gradient of a tensor that requires grad could not flow through.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    mine, other = _library(value), library(like)
    scalar = isinstance(value, _SCALAR)
    if "torch" in {mine, other} and mine not in {other, None} and not scalar:
        raise InputError(
            f"{name} must be a number or an array of {other}, got an array of {mine}, "
            "through which no gradient could flow; convert it first"
        )
    dtype = dtype_name(value)
    if dtype not in _ROUNDOFF and not dtype.startswith(("int", "uint")):
        raise InputError(
            f"{name} must be a real number or an array of real numbers, got {dtype}"
        )
    if scalar:
        return float(value)
    if mine == other:
        return cast(value, like)
    return constant(value, like) if mine == "numpy" else value


def _floating_dtype(like: Array) -> Any:
    name = dtype_name(like)
    if name not in _ROUNDOFF and name not in _REAL_PART:
        raise InputError(
            f"a floating-point array is needed, got the dtype {name}; "
            "convert it to float64 (or float32)"
        )
    return np.dtype(name) if isinstance(like, _NUMBERS) else like.dtype
