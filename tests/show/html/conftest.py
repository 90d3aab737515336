"""A real browser, and a report with something on every part of its page."""

from contextlib import closing

import numpy as np
import pytest

from clinometer.check import check
from clinometer.problem import Problem
from clinometer.show.html import write

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser(chromium):
    """Headless Chromium, for all tests of a process."""
    with closing(chromium(args=QUIET)) as browser:
        yield browser


@pytest.fixture
def visit(browser):
    """Opens a file offline; the tab must stay free of errors and of requests."""
    contexts, faults = [], []

    def visit(path, **options):
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(30_000)  # a busy machine takes its time
        url = path.as_uri()
        tab.on("console", lambda message: faults.append(message.text))
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("request", lambda to: to.url == url or faults.append(to.url))
        tab.goto(url)
        return tab

    yield visit
    for context in contexts:
        context.close()
    assert faults == []


def example():
    """f, x, a wrong gradient: a column, a slice and a tail are wrong."""

    def loss(p):
        return float((p["w"] ** 2).sum() + (p["k"] ** 3).sum() + np.sin(p["b"]).sum())

    def gradient(p):
        wrong = {"w": 2 * p["w"], "k": 3 * p["k"] ** 2, "b": np.cos(p["b"])}
        wrong["w"][:, 3] *= -1
        wrong["k"][1, 2, :2] = 0
        wrong["b"][64:] *= 2
        return wrong

    random = np.random.default_rng(0)
    x = {
        "w": random.uniform(1, 2, (6, 5)),
        "k": random.uniform(1, 2, (2, 3, 4)),
        "b": random.uniform(-1, 1, 70),
    }
    return loss, x, gradient


@pytest.fixture(scope="session")
def report():
    """What a check finds of the example."""
    f, x, gradient = example()
    return check(f, x, gradient=gradient)


@pytest.fixture(scope="session")
def page(report, tmp_path_factory):
    """The example's page."""
    f, x, gradient = example()
    path = tmp_path_factory.mktemp("pages") / "page.html"
    return write(report, path, Problem(f, x, gradient), title="the example")
