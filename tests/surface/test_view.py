"""The live view: what its handles do, and the page in a real browser."""

import math
import threading
import time
from contextlib import closing

import numpy as np
import pytest

from clinometer import InputError
from clinometer.surface.train import Progress, train
from clinometer.surface.view import Viewer

DRAWING = (  # WebGL without a graphics card
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 60.0  # seconds; without other work on the machine it takes one


@pytest.fixture(scope="module")
def training(scene, small):
    return train(scene, small)


@pytest.fixture
def viewer(scene, small):
    viewer = Viewer(scene.views, levels=small.grid.levels, port=0)
    yield viewer
    viewer.stop()


def at(training, seconds):
    step = training.step()
    return Progress(training.iteration, 1000, seconds, step)


def surface(viewer):
    """Bytes of the mesh that the page has, None where it has none."""
    handles = viewer._server.scene._handle_from_node_name
    return handles["/surface"].glb_data if "/surface" in handles else None


def click(handle, value):
    """Set a handle as the page does: on another thread."""
    thread = threading.Thread(target=setattr, args=(handle, "value", value))
    thread.start()
    thread.join()


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def test_the_first_mesh_is_shown_after_three_seconds(viewer, training):
    viewer(training, at(training, 2.9))
    assert surface(viewer) is None
    viewer(training, at(training, 3.1))
    assert surface(viewer) is not None


def test_showing_takes_a_tenth_of_the_time_at_most(viewer, training):
    begun = time.perf_counter()
    viewer(training, at(training, 4.0))
    took = time.perf_counter() - begun
    assert viewer._due <= 4.0 + took / 0.1
    assert viewer._due > 4.0


@pytest.mark.parametrize(
    ("handle", "value"), [("_level", 1), ("_reach", 16.0), ("_paint", "normals")]
)
def test_a_click_changes_what_is_shown_but_only_between_two_steps(
    viewer, training, handle, value
):
    viewer.show(training.trained())
    before, levels = surface(viewer), training.model.field.active
    click(getattr(viewer, handle), value)
    until(viewer._asked.is_set)
    assert surface(viewer) == before
    viewer(training, at(training, 0.1))  # not due, but asked for
    assert surface(viewer) != before
    assert training.model.field.active == levels


def test_clicks_are_done_while_it_waits_and_many_are_one(viewer, training):
    viewer.show(training.trained())
    before = surface(viewer)
    for value in (2.0, 3.0, 16.0):
        click(viewer._reach, value)
    until(viewer._asked.is_set)
    viewer.wait(0.05)
    assert surface(viewer) != before
    assert not viewer._asked.is_set()


def test_a_field_without_a_surface_is_told_of(viewer, scene, small):
    training = train(scene, small)
    training.model.field.second_bias.data[0] += 10  # outside everywhere
    viewer.show(training.trained())
    assert viewer._fault.visible
    assert "no surface to show" in viewer._fault.content
    assert surface(viewer) is None


def test_every_camera_stands_where_its_photograph_was_taken(viewer, scene):
    handles = viewer._server.scene._handle_from_node_name
    for number, view in enumerate(scene.views):
        drawn = handles[f"/cameras/{number}"]
        np.testing.assert_allclose(drawn.position, view.camera.place, atol=1e-6)
        half = math.tan(drawn.fov / 2) * view.camera.focal[1]
        assert half == pytest.approx(view.camera.height / 2)


def test_a_port_that_is_taken_gives_way_to_the_next(viewer, scene, small):
    port = int(viewer.address.rpartition(":")[2])
    other = Viewer(scene.views, levels=small.grid.levels, port=port)
    try:
        assert other.address != viewer.address
    finally:
        other.stop()


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_does_not_exist_is_refused(scene, port):
    with pytest.raises(InputError, match="0 … 65535"):
        Viewer(scene.views, levels=4, port=port)


def test_the_page_takes_the_surface_and_its_sliders_change_it(
    viewer, training, chromium
):
    """In a browser, what comes over the wire; a processor is slow to draw it."""
    faults, came = [], []

    def listen(socket):
        socket.on("framereceived", lambda frame: came.append(len(frame)))

    with closing(chromium(args=DRAWING)) as browser:
        # a processor draws what is a graphics card's work: few pixels
        tab = browser.new_page(
            viewport={"width": 400, "height": 300}, device_scale_factor=0.3
        )
        tab.set_default_timeout(PATIENCE * 1000)
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("websocket", listen)
        tab.goto(viewer.address)
        tab.get_by_text("levels of the grid").wait_for()

        def taken(before):
            tab.wait_for_timeout(50)  # lets the browser's events in
            mesh = surface(viewer)
            # compressed on the way, by no more than four
            return mesh is not None and sum(came) - before > len(mesh) / 4

        before = sum(came)
        viewer.show(training.trained())
        until(lambda: taken(before))
        first = surface(viewer)
        tab.get_by_role("slider").first.press("Home")
        until(lambda: tab.wait_for_timeout(50) or viewer._asked.is_set())
        before = sum(came)
        viewer.wait(0.05)
        assert viewer._level.value == 1
        assert surface(viewer) != first
        until(lambda: taken(before))
        browser.close()
    assert faults == []
