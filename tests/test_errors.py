"""The exception tree: kinds, and the way through a process boundary."""

import pickle

import pytest

from clinometer import errors
from clinometer.errors import (
    ClinometerError,
    FunctionError,
    GradientError,
    InputError,
    MissingExtraError,
    StorageError,
)

KINDS = {
    ClinometerError: Exception,
    InputError: ValueError,
    FunctionError: RuntimeError,
    MissingExtraError: ImportError,
    StorageError: OSError,
    GradientError: AssertionError,
}


def test_the_list_of_kinds_here_names_every_public_error():
    """A class added to the room must be added to these tests."""
    assert {kind.__name__ for kind in KINDS} == set(errors.__all__)


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_survives_a_pickle_round_trip(kind):
    """Type, arguments and text come back: errors cross process pools."""
    error = kind("step h must be positive, got -1.0", ("weights", 3))

    back = pickle.loads(pickle.dumps(error))

    assert type(back) is kind
    assert back.args == error.args
    assert str(back) == str(error)


@pytest.mark.parametrize(("kind", "built_in"), KINDS.items())
def test_every_error_is_ours_and_of_a_built_in_kind(kind, built_in):
    """Callers may catch the family or the built-in kind they know."""
    assert issubclass(kind, ClinometerError)
    assert issubclass(kind, built_in)


@pytest.mark.parametrize("kind", KINDS)
def test_the_room_draws_every_error_in_its_docstring(kind):
    """The tree in the module docstring is complete."""
    assert errors.__doc__ is not None
    assert kind.__name__ in errors.__doc__
