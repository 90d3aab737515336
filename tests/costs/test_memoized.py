"""What memoized differences would take is what they take."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clinometer.costs import Missing, Way, cost
from clinometer.memo import memoized

DATA = np.random.default_rng(2)
A = DATA.normal(size=(12, 5))
METHODS = {Way.PER_NODE: "per-node", Way.SPARSE: "deltas", Way.NODES: "nodes"}


@pytest.fixture(scope="module", autouse=True)
def float64_in_jax():
    with jax.enable_x64(True):
        yield


def network(p):
    hidden = jnp.tanh(jnp.asarray(A) @ p["w"] + p["b"])
    return (hidden @ p["v"]).sum() ** 2


def looped(p):
    def step(carry, row):
        return jnp.tanh(p["w"] @ carry + row), carry.sum()

    last, _ = jax.lax.scan(step, p["b"], jnp.asarray(A[:4, :3]))
    return (last**2).sum()


POINTS = {
    network: {"w": (5, 4), "b": (4,), "v": (4,)},
    looped: {"w": (3, 3), "b": (3,)},
}


@pytest.fixture(scope="module", params=POINTS, ids=lambda f: f.__name__)
def asked(request):
    shapes = POINTS[request.param]
    point = {k: jnp.asarray(DATA.normal(size=shape)) for k, shape in shapes.items()}
    return request.param, point, cost(request.param, point, timing=0, entries=0)


@pytest.mark.parametrize("way", METHODS)
def test_the_operations_told_are_those_of_the_gradient_itself(asked, way):
    f, x, report = asked

    work = memoized(f, x, method=METHODS[way], difference="forward").work

    told = report.row(way).operations
    assert told.multiplications == work.multiplications
    assert told.additions == work.additions
    assert told.transcendentals == work.transcendentals
    assert told.comparisons == work.comparisons


def test_their_error_is_that_of_forward_differences():
    shapes = POINTS[network]
    x = {k: jnp.asarray(DATA.normal(size=shape)) for k, shape in shapes.items()}

    report = cost(network, x, timing=0, entries=3)

    # a step of the root of eps loses half of the digits, for derivatives of order 1
    for way in (Way.PER_NODE, Way.SPARSE):
        assert report.row(way).accuracy.error < 100 * 2.0**-26


def test_a_loop_too_long_to_lay_out_is_said_to_be():
    def long(x):
        return jax.lax.fori_loop(0, 30_000, lambda _, v: v * x[0], x[1])

    report = cost(long, jnp.array([1.0, 1.0]), timing=0, entries=0)

    closed = {each.way: each.reason for each in report.missing}
    assert "loops unrolled are 90,002 operations" in closed[Way.SPARSE]
    assert isinstance(report.missing[0], Missing)
