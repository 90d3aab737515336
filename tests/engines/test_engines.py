"""Which engine is chosen, and what choosing one loads."""

import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer import engines
from clinometer.errors import InputError


@pytest.mark.parametrize(
    ("leaves", "name"),
    [
        ([np.ones(2), 1.0], "numpy"),
        ([torch.ones(2), torch.ones(())], "torch"),
        ([jnp.ones(2)], "jax"),
        ([], "numpy"),
    ],
)
def test_the_engine_is_that_of_the_leaves(leaves, name):
    assert engines.of(leaves).name == name


def test_leaves_of_two_libraries_are_refused_by_name():
    with pytest.raises(InputError, match="numpy and torch"):
        engines.of([np.ones(2), torch.ones(2)])


def test_choosing_the_numpy_engine_loads_neither_torch_nor_jax():
    program = (
        "import sys, numpy\n"
        "from clinometer import engines\n"
        "assert engines.of([numpy.ones(2)]).name == 'numpy'\n"
        "assert engines.flatten_registered({'w': numpy.ones(2)}) is None\n"
        "loaded = {'torch', 'jax'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_single_array_is_not_a_registered_container():
    assert engines.flatten_registered(jnp.ones(3)) is None


def test_numpy_has_no_map_and_the_message_names_the_way_out():
    with pytest.raises(InputError, match="batched=True"):
        engines.of([np.ones(2)]).vmap(sum)


def test_numpy_has_no_autodiff_and_the_message_names_the_way_out():
    with pytest.raises(InputError, match="pass gradient="):
        engines.of([np.ones(2)]).gradient(sum, [np.ones(2)])
