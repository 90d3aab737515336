"""A report in a notebook's cell."""

from html.parser import HTMLParser

import numpy as np
import pytest

from clinometer.check import Verdict, check

HOSTILE = "<script>alert('x')</script>\"&"


class Seen(HTMLParser):
    """The tags of a text of HTML, and what it reads as."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words, self.open = set(), [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize(
    ("factor", "verdict"), [(2, Verdict.AGREES), (3, Verdict.DIFFERS)]
)
def test_a_cell_says_the_verdict_and_the_worst_entry(factor, verdict):
    report = check(
        lambda x: (x**2).sum(), np.array([1.0, 2.0]), gradient=lambda x: factor * x
    )
    assert report.verdict is verdict

    seen = Seen(report._repr_html_())

    text = " ".join(seen.words)
    assert verdict.value in text
    assert f"{report.evaluations} evaluations" in text
    assert report.findings[0].where in text
    assert seen.open == []


def test_names_of_the_users_are_no_markup():
    x = {HOSTILE: np.array([1.0, 2.0])}
    report = check(
        lambda x: (x[HOSTILE] ** 2).sum(), x, gradient={HOSTILE: np.array([1.0, 1.0])}
    )

    seen = Seen(report._repr_html_())

    assert "script" not in seen.tags
    assert f"x[{HOSTILE!r}][0]" in seen.words
