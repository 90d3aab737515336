"""The page of a report, opened, clicked and looked at in a real browser, offline."""

import json
import re
from dataclasses import replace

import matplotlib.image
import numpy as np
import pytest
from playwright.sync_api import expect

from clinometer.check import Verdict, check
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.show.html import write


def rows(tab):
    """Cells of the findings that are shown, row by row."""
    found = tab.locator("#findings tbody tr:visible").all()
    return [row.locator("td").all_inner_texts() for row in found]


def claimed(tab):
    return [float(cells[1]) for cells in rows(tab)]


def colour(tab, selector, what="color"):
    return tab.eval_on_selector(selector, f"one => getComputedStyle(one)['{what}']")


def test_verdict_and_cause_stand_at_the_top(visit, page, report):
    tab = visit(page, viewport={"width": 1000, "height": 800})

    assert tab.inner_text(".badge").split() == ["✗", "differs"]
    cause = tab.locator(".cause").first
    sentence = report.diagnoses[0].cause.sentence
    assert cause.locator("h3").inner_text().lower() == sentence.lower()
    assert report.diagnoses[0].evidence in cause.inner_text()
    box = cause.bounding_box()
    assert box["y"] + box["height"] < 800
    assert "the example" in tab.title()


def test_the_worst_ten_stand_first_and_all_on_demand(visit, page, report):
    tab = visit(page)

    wrong = sum(leaf.differ for leaf in report.leaves)
    assert wrong == 6 + 2 + 6
    assert [row[0] for row in rows(tab)] == [f.where for f in report.findings[:10]]
    tab.click("#all")
    assert len(rows(tab)) == wrong
    assert not tab.is_visible("#all")


def test_columns_sort_by_click_and_by_key(visit, page):
    tab = visit(page)
    tab.click("#all")
    head = tab.locator("#findings th", has_text="claimed")

    head.locator("button").click()
    assert claimed(tab) == sorted(claimed(tab))
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").press("Enter")
    assert claimed(tab) == sorted(claimed(tab), reverse=True)
    assert head.get_attribute("aria-sort") == "descending"


def test_the_filter_leaves_what_matches(visit, page):
    tab = visit(page)

    tab.fill("#filter", "X['K']")

    assert {row[0] for row in rows(tab)} == {"x['k'][1, 2, 0]", "x['k'][1, 2, 1]"}
    assert "2 of 2 found" in tab.inner_text("#count")
    tab.fill("#filter", "")
    assert len(rows(tab)) == 10


def test_a_map_shows_the_wrong_entries_where_they_are(visit, page):
    tab = visit(page)
    figure = tab.locator(".map", has_text="x['w']")
    cells = figure.locator(".cell").all()

    assert len(cells) == 6  # a column of six rows
    assert len({cell.get_attribute("x") for cell in cells}) == 1
    assert len({cell.get_attribute("y") for cell in cells}) == 6
    lowest = max(cells, key=lambda cell: float(cell.get_attribute("y")))
    lowest.hover()
    said = figure.locator(".tip").inner_text()
    assert said.startswith("x['w'][5, 3] differs")
    assert "claimed -" in said


def test_a_map_is_walked_by_keys(visit, page):
    tab = visit(page)
    figure = tab.locator(".map", has_text="x['k']")

    figure.locator("svg").focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")

    said = figure.locator(".tip").inner_text()
    assert re.match(r"x\['k'\]\[1, 2, [01]\] differs\nclaimed 0, measured", said)
    assert "[1, :, :]" in figure.locator(".slice").inner_text()


def test_a_map_is_coloured_by_ratio_by_bars_and_by_verdict(visit, page):
    tab = visit(page)
    figure = tab.locator(".map", has_text="x['w']")
    seen = set()
    for mode in ("ratio", "bars", "verdict"):
        figure.locator(".mode").select_option(mode)
        seen.add(figure.locator(".cell").first.get_attribute("fill"))
        assert figure.locator(".scale span").count() >= 3

    assert len(seen) == 3


def test_the_step_curve_tells_step_value_and_distance(visit, page):
    tab = visit(page)

    tab.locator("#curve circle").nth(30).hover()
    said = tab.inner_text("#curve-tip")
    assert re.match(
        r"forward difference, step [\d.e-]+\n-?[\d.e-]+, [\d.e-]+ from", said
    )
    tab.focus("#curve")
    tab.keyboard.press("ArrowLeft")
    assert tab.inner_text("#curve-tip") != said
    assert tab.locator("#curve line.bar").count() == 1
    assert tab.locator("#curve line.claim").count() == 1


def test_the_script_that_is_copied_repeats_the_check(visit, page, report):
    tab = visit(page, permissions=["clipboard-read", "clipboard-write"])

    tab.click("#copy")
    expect(tab.locator("#copy")).to_have_text("Copied")

    script = tab.evaluate("navigator.clipboard.readText()")
    assert script == tab.locator("#script").text_content()
    known = {}
    exec(script.replace("print(report)", ""), known)
    again = known["report"]
    assert again.verdict is Verdict.DIFFERS
    assert [f.where for f in again.findings] == [f.where for f in report.findings]
    assert again.evaluations == report.evaluations


def test_colours_follow_the_system_and_the_button(visit, page):
    light = visit(page, color_scheme="light")
    dark = visit(page, color_scheme="dark")
    paper = [colour(tab, "body", "background-color") for tab in (light, dark)]
    assert paper[0] != paper[1]

    dark.click("#theme")

    assert colour(dark, "body", "background-color") == paper[0]
    assert dark.get_attribute("#theme", "aria-label") == "Colours: light"
    dark.click("#theme")
    assert colour(dark, "body", "background-color") == paper[1]


def luminance(tab, selector, what):
    """Relative luminance of a colour, 0 to 1. Source: WCAG 2.2."""
    rgb = [int(part) / 255 for part in re.findall(r"\d+", colour(tab, selector, what))]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return float(np.dot(linear[:3], [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(visit, page, scheme):
    """At least 4.5 to 1, the WCAG's bound for text."""
    tab = visit(page, color_scheme=scheme)
    ground = luminance(tab, "body", "background-color")
    for selector, what in (
        (".badge", "color"),
        (".cost", "color"),
        (".advice", "color"),
        ("th button", "color"),
        ("#findings tr.differs td:last-child", "color"),
        ("#curve text", "fill"),
        ("#curve .label.central", "fill"),
    ):
        low, high = sorted([luminance(tab, selector, what), ground])
        assert (high + 0.05) / (low + 0.05) >= 4.5, selector


def test_in_print_all_findings_stand_and_no_controls(visit, page, report):
    tab = visit(page, color_scheme="dark")
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")

    assert len(rows(tab)) == len(report.findings)
    assert not tab.is_visible("#copy")
    assert colour(tab, "body", "background-color") == "rgb(255, 255, 255)"


def test_without_scripts_all_findings_can_be_read(visit, page, report):
    tab = visit(page, java_script_enabled=False)

    assert len(rows(tab)) == len(report.findings)


@pytest.mark.parametrize("width", [360, 1000])
def test_nothing_is_cut_off_on_a_narrow_screen(visit, page, width):
    tab = visit(page, viewport={"width": width, "height": 800})

    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_a_screenshot_has_the_colours_of_the_verdict_and_of_the_curve(
    visit, page, tmp_path
):
    """That something is drawn, and where the page says it is."""
    tab = visit(page, color_scheme="light")
    tab.locator("#curve").screenshot(path=tmp_path / "curve.png")
    image = matplotlib.image.imread(tmp_path / "curve.png")[..., :3]
    for name in ("forward", "central", "extrapolated"):
        shade = re.findall(r"\d+", colour(tab, f"#curve .trial.{name}"))
        off = np.abs(image - np.array(shade, float) / 255).max(axis=-1)
        assert (off < 0.02).sum() > 100  # pixels of its line and dots


HOSTILE = (
    "</script><script>window.hacked = 1</script>",
    "\"onmouseover='window.hacked=1' x='",
    "<img src=x onerror=window.hacked=1>",
    "naïve 🙂 é",
    "שלום \u202egnp.exe",
    "&lt;b&gt; ]]> <!--",
    "\x00\x1b[31m\ud800",
)


def test_no_name_of_the_users_becomes_markup(visit, report, tmp_path):
    findings, leaves, causes = [], [], []
    for name in HOSTILE:
        path = f"x[{name}]"
        findings.append(
            replace(report.findings[0], path=path, reason=name, index=(1, 2))
        )
        leaves.append(replace(report.leaves[0], path=path, reason=name, shape=(3, 4)))
        source = f"{name}.py:3, in {name}"
        causes.append(Diagnosis(Cause.SIGN, path, name, Verdict.DIFFERS, name, source))
    hostile = replace(
        report,
        findings=tuple(findings),
        leaves=tuple(leaves),
        diagnoses=tuple(causes),
        notes=HOSTILE,
        probes=HOSTILE,
    )
    path = write(hostile, tmp_path / "page.html", title=" ".join(HOSTILE))

    tab = visit(path)

    assert tab.evaluate("window.hacked") is None
    assert tab.locator("script").count() == 2
    assert tab.locator("img").count() == 0
    content = tab.content()
    for turned in ("\u202e", "\x00", "\x1b"):
        assert turned not in content
    places = tab.locator(".where").all_inner_texts()
    for name, place in zip(HOSTILE, places, strict=True):
        assert re.split("[\u202e\x00]", name)[0].strip() in place
    assert tab.locator(".map .cell").count() == len(HOSTILE)
    for cell in tab.locator(".map .cell").all():
        cell.hover()
    assert tab.evaluate("window.hacked") is None


def test_three_wrong_entries_of_ten_million_are_seen(visit, report, tmp_path):
    places = ((17, 3), (2499, 3999), (1200, 2000))
    some = [replace(report.findings[0], path="x", index=place) for place in places]
    leaf = replace(report.leaves[0], path="x", shape=(2500, 4000), entries=0)
    large = replace(report, findings=tuple(some), leaves=(leaf,), diagnoses=())
    path = write(large, tmp_path / "page.html")
    assert path.stat().st_size < 2**16

    tab = visit(path)

    cells = tab.locator(".cell").all()
    assert len(cells) == 3
    assert all(cell.bounding_box()["width"] >= 2 for cell in cells)
    cells[2].hover()
    assert "x[1200, 2000]" in tab.locator(".map .tip").inner_text()
    assert "not compared one by one" in tab.inner_text(".scale")


@pytest.mark.parametrize(
    ("shape", "wrong", "drawn"),
    [
        ((60, 40), np.s_[20:30], 1),  # ten rows
        ((4, 30, 20), np.s_[2, 10:, :], 1),  # one slice of a stack
        ((3000,), np.s_[1500:], 13),  # lines of 128 in the map
    ],
)
def test_wrong_blocks_of_a_large_array_are_drawn(visit, tmp_path, shape, wrong, drawn):
    x = np.random.default_rng(1).uniform(1, 2, shape)
    claim = 2 * x
    claim[wrong] = 0
    report = check(lambda x: (x**2).sum(), x, gradient=claim, entries=0)
    tab = visit(write(report, tmp_path / "page.html"))

    (leaf,) = report.leaves
    assert leaf.blocks
    assert json.loads(json.dumps(report.as_dict()))["leaves"][0]["blocks"]
    marked = np.zeros(shape, bool)
    for block in leaf.blocks:
        marked[tuple(slice(start, stop) for start, stop in block)] = True
    assert np.array_equal(marked, claim == 0)
    assert tab.locator(".plane .block").count() == drawn
    assert "block that is wrong" in tab.locator(".scale").inner_text()
    assert "1 block of" in tab.locator(".map h3").inner_text()
